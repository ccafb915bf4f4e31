/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel counted, as a table or a document. */
#ifndef SVCCTL_STATS_H
#define SVCCTL_STATS_H

#include <stdio.h>

#include "arena.h"
#include "dp.h"
#include "sink.h"

struct stats {
	struct arena *a;
	const struct dp *dp;
	const char *ns;		/* NULL: all */
	const char *name;	/* of a Service; NULL: all */
};

/*
 * A row a service port, one a backend, then totals of all namespaces. Not @wide: what
 * fits on a screen, sizes rounded, totals that are not 0.
 */
void stats_print(FILE *f, const struct stats *st, bool wide);
void stats_put(struct sink *s, const void *stats);

#endif
