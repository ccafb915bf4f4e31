/* SPDX-License-Identifier: GPL-2.0 */
/* Backends that left a service's sets. */
#ifndef _SVCNAT_GONE_H
#define _SVCNAT_GONE_H

#include "backend.h"

/**
 * struct svcnat_gone - backends that left, and what is remembered of earlier ones
 * @past: traffic of those that are forgotten
 * @n: of @backend
 * @backend: those that were active when somebody looked last, in no order; no two have
 *	the same address and port, and none is in the service's set
 *
 * By the namespace's mutex.
 */
struct svcnat_gone {
	struct svcnat_totals	past;
	u32			n;
	struct svcnat_backend	*backend[];
};

struct svcnat_gone *svcnat_gone_alloc(u32 n);
void svcnat_gone_free(struct svcnat_gone *gone);
void svcnat_gone_prune(struct svcnat_gone **gone, unsigned long grace);
void svcnat_gone_totals(const struct svcnat_gone *gone, struct svcnat_totals *t);

#endif /* _SVCNAT_GONE_H */
