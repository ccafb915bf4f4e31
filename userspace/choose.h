/* SPDX-License-Identifier: GPL-2.0 */
/* Which endpoints get new connections: features.md §1.1 items 1 to 5. Pure. */
#ifndef SVCCTL_CHOOSE_H
#define SVCCTL_CHOOSE_H

#include "model.h"

struct viewpoint {
	const char *node;	/* ours */
	const char *zone;	/* of our node, or NULL */
};

/*
 * @flags: out, SVCNAT_BACKEND_F_CLUSTER and F_LOCAL of each endpoint. None is
 * F_CLUSTER only if no endpoint is usable anywhere.
 */
void choose(const struct endpoint_list *l, const struct viewpoint *from, uint32_t *flags);

/* Serving, if maybe not chosen: what the data plane is told of. */
static inline bool endpoint_serves(const struct endpoint *e)
{
	return e->ready || e->serving;
}

#endif
