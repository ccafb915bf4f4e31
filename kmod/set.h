/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets of backends, which a service picks from.
 *
 * A set never changes once packets can see it; a change makes a new one and
 * swaps it in whole. A backend outlives the swap when its address and port are
 * in the new set too, and so do its counters.
 */
#ifndef _SVCNAT_SET_H
#define _SVCNAT_SET_H

#include <linux/types.h>

#include "backend.h"

struct svcnat_ranges;
struct svcnat_service;
struct svcnat_table;

/**
 * struct svcnat_settings - what a service asks for, as put; compared byte by byte
 * @sched: enum svcnat_sched
 * @removal: enum svcnat_removal
 * @eject_fails: handshakes failed in a row that eject, 0 for never
 * @flags: SVCNAT_SERVICE_F_*
 * @drain_seconds: with SVCNAT_REMOVAL_DRAIN
 * @eject_seconds: for how long a backend sits out
 * @affinity_seconds: 0 for none
 */
struct svcnat_settings {
	u8			sched;
	u8			removal;
	u8			eject_fails;
	u8			flags;
	u32			drain_seconds;
	u32			eject_seconds;
	u32			affinity_seconds;
};

/**
 * struct svcnat_extras - what most sets do not have
 * @ranges: sources served on frontends with SVCNAT_FRONTEND_F_RANGES, or NULL
 * @table: what the scheduler draws from under policy Cluster and Local, see sched.h;
 *	NULL if all weights are the same and any index is as good
 * @turn: round-robin's position on each CPU, for both policies, or NULL
 */
struct svcnat_extras {
	struct svcnat_ranges	*ranges;
	struct svcnat_table	*table[2];
	u32 __percpu		*turn;
};

/**
 * struct svcnat_set - backends of a service, and what it asks for
 * @settings: what it asks for
 * @n: backends
 * @cluster_end: policy Cluster picks from [0, cluster_end)
 * @capacity: of @backend, while it is being filled
 * @local_start: policy Local picks from [local_start, local_end)
 * @local_end: see @local_start; from here on nobody picks
 * @svc: the service
 * @extras: NULL if it has none
 * @backend: in four runs: cluster only, both, local only, neither; ascending by
 *	address and port in each
 *
 * There are as many as services: one of ten backends takes 128 bytes.
 */
struct svcnat_set {
	struct svcnat_settings	settings;
	u32			n;
	union {
		u32		cluster_end;
		u32		capacity;
	};
	u32			local_start;
	u32			local_end;
	struct svcnat_service	*svc;
	struct svcnat_extras	*extras;
	struct svcnat_backend	*backend[];
};

#define SVCNAT_SET_RUNS 4

/* Where the backends of a policy begin, and how many they are. */
static inline u32 svcnat_set_start(const struct svcnat_set *set, bool local)
{
	return local ? set->local_start : 0;
}

static inline u32 svcnat_set_count(const struct svcnat_set *set, bool local)
{
	return local ? set->local_end - set->local_start : set->cluster_end;
}

/* Where each run of a set begins, and at the end where the last one ends. */
static inline void svcnat_set_bounds(const struct svcnat_set *set, u32 bound[SVCNAT_SET_RUNS + 1])
{
	bound[0] = 0;
	bound[1] = set->local_start;
	bound[2] = set->cluster_end;
	bound[3] = set->local_end;
	bound[4] = set->n;
}

static inline const struct svcnat_ranges *svcnat_set_ranges(const struct svcnat_set *set)
{
	return set->extras ? set->extras->ranges : NULL;
}

struct svcnat_set *svcnat_set_alloc(struct svcnat_service *svc,
				    const struct svcnat_settings *settings, u32 capacity);
struct svcnat_extras *svcnat_set_extras(struct svcnat_set *set);
void svcnat_set_free(struct svcnat_set *set);
int svcnat_set_append(struct svcnat_set **set, const struct svcnat_backend *like);
int svcnat_set_arrange(struct svcnat_set *set);
u8 svcnat_set_flags(const struct svcnat_set *set, u32 i);
struct svcnat_backend *svcnat_set_find(const struct svcnat_set *set,
				       const union nf_inet_addr *addr, __be16 port, u32 *index);
bool svcnat_set_same(const struct svcnat_set *new, const struct svcnat_set *old);

#endif /* _SVCNAT_SET_H */
