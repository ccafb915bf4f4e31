/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Session affinity: which source was sent to which backend of a service. A pin
 * names the backend by address and port and so holds nothing alive; one whose
 * backend cannot be picked any more is as good as none.
 */
#ifndef _SVCNAT_AFFINITY_H
#define _SVCNAT_AFFINITY_H

#include <linux/netfilter.h>

#include "backend.h"

struct svcnat_service;

/**
 * struct svcnat_pins - pinned sources of a namespace; embedded in struct svcnat_net
 *
 * (filled in by affinity.c's author: buckets under RCU, a lock a group of buckets,
 * a bounded count, a delayed work that forgets what is over)
 */
struct svcnat_pins {
	int dummy;
};

int svcnat_pins_init(struct svcnat_pins *pins);
void svcnat_pins_destroy(struct svcnat_pins *pins);
u32 svcnat_pins_count(const struct svcnat_pins *pins);

struct svcnat_backend *svcnat_pin_find(struct svcnat_pins *pins, const struct svcnat_service *svc,
				       const struct svcnat_set *set, bool local,
				       const union nf_inet_addr *src);
bool svcnat_pin_set(struct svcnat_pins *pins, struct svcnat_service *svc,
		    const union nf_inet_addr *src, const struct svcnat_backend *b, u32 seconds);

#endif /* _SVCNAT_AFFINITY_H */
