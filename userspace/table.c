// SPDX-License-Identifier: GPL-2.0
/* Columns; see table.h. */
#include <string.h>

#include "table.h"

void table_add(struct table *t, const char *cell)
{
	*(const char **)arena_push(t->a, &t->cells, &t->n, sizeof(*t->cells)) = cell ? cell : "";
}

void table_print(FILE *f, struct table *t)
{
	for (size_t i = 0; i < t->n; i++) {
		int len = (int)strlen(t->cells[i]), *width = &t->width[i % t->columns];

		if (len > *width)
			*width = len;
	}
	for (size_t i = 0; i < t->n; i++) {
		if ((i + 1) % t->columns == 0)
			fprintf(f, "%s\n", t->cells[i]);
		else
			fprintf(f, "%-*s   ", t->width[i % t->columns], t->cells[i]);
	}
	t->cells = NULL;
	t->n = 0;
}
