/* SPDX-License-Identifier: GPL-2.0 */
/* Columns as kubectl prints them: as wide as their widest cell, three spaces between. */
#ifndef SVCCTL_TABLE_H
#define SVCCTL_TABLE_H

#include <stdio.h>
#include "arena.h"

#define TABLE_COLUMNS_MAX 16

struct table {
	struct arena *a;
	const char **cells;
	size_t n;
	size_t columns;
	int width[TABLE_COLUMNS_MAX];
};

/* @cell: NULL prints as nothing, which ends no column early. */
void table_add(struct table *t, const char *cell);
/* Prints the cells and forgets them; columns stay as wide as they became. */
void table_print(FILE *f, struct table *t);

#endif
