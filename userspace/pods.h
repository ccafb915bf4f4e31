/* SPDX-License-Identifier: GPL-2.0 */
/* Pods as possible endpoints, found by label. */
#ifndef SVCCTL_PODS_H
#define SVCCTL_PODS_H

#include "model_impl.h"

/* The node of a Pod, with the hints to it: one each, shared by its Pods. */
struct host {
	const char *name;
	const char *zone;		/* or NULL */
	struct strings name_hint, zone_hint;
	bool local;
};

struct pod_info {
	const struct pod *pod;
	struct ip ip[2];		/* IPv4, IPv6; family 0: none */
	const struct host *host;	/* or NULL: not placed on a node */
	bool ready;			/* by its conditions */
	bool gone;			/* Succeeded or Failed */
};

struct pods;

struct pods *pods_new(struct model *m);

/*
 * Pods of @ns that carry the rarest label of @selector, ascending by name: those
 * that match are among them. *n: out, how many; the numbers go to pods_get().
 */
const uint32_t *pods_candidates(const struct pods *p, const char *ns,
				const struct map *selector, size_t *n);
const struct pod_info *pods_get(const struct pods *p, uint32_t number);
/* A Pod from a file, about whose state nobody said anything, counts as ready. */
bool pod_is_ready(const struct pod *pod);
bool pod_matches(const struct pod *pod, const char *ns, const struct map *selector);
/* Number of the container port @name of @protocol, 0: none. */
uint16_t pod_port(const struct pod *pod, const char *name, const char *protocol);

#endif
