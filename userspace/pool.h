/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers and addresses given out one by one: the next free one from a hash on. */
#ifndef SVCCTL_POOL_H
#define SVCCTL_POOL_H

#include "addrmap.h"

/*
 * Offsets [first, end). Those below @band are left to people who choose by
 * hand, until the rest is used.
 */
struct pool {
	uint64_t first, band, end;
	uint64_t used;		/* of these, so that a full one is known at once */
};

/* @taken answers for one offset. False: none is free. Marks nothing. */
bool pool_pick(const struct pool *p, uint64_t hash, bool (*taken)(void *arg, uint64_t off),
	       void *arg, uint64_t *off);
/* features.md §1.3: min(max(low, size / part), high) offsets from first on. */
void pool_band(struct pool *p, uint64_t low, uint64_t part, uint64_t high);

struct ip_pool {
	struct prefix prefix;
	struct pool pool;
};

/* Without the addresses that mean the network itself and its broadcast. */
struct ip_pool ip_pool_make(const struct prefix *prefix);
bool ip_pool_pick(const struct ip_pool *p, const struct addrmap *taken, uint64_t hash,
		  struct ip *ip);
/* Counts @ip as used if it is one of the pool's own. */
void ip_pool_use(struct ip_pool *p, const struct ip *ip);

#endif
