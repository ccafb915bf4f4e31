// SPDX-License-Identifier: GPL-2.0
/* Columns; see table.h. */
#include <string.h>

#include "table.h"

void table_add(struct table *t, const char *cell)
{
	*(const char **)arena_push(t->a, &t->cells, &t->n, sizeof(*t->cells)) = cell ? cell : "";
}

void table_print(FILE *f, const struct table *t)
{
	size_t *width = arena_alloc(t->a, (t->columns + 1) * sizeof(*width));

	for (size_t i = 0; i < t->n; i++)
		if (strlen(t->cells[i]) > width[i % t->columns])
			width[i % t->columns] = strlen(t->cells[i]);
	for (size_t i = 0; i < t->n; i++) {
		if ((i + 1) % t->columns == 0)
			fprintf(f, "%s\n", t->cells[i]);
		else
			fprintf(f, "%-*s   ", (int)width[i % t->columns], t->cells[i]);
	}
}
