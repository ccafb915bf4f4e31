/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Session affinity: which source was sent to which backend of a service. A pin
 * names the backend by address and port and so holds nothing alive; one whose
 * backend cannot be picked any more is as good as none.
 *
 * A pin is good for at least the seconds of the service's settings since its last
 * use and less than a second more, and is forgotten some seconds later.
 */
#ifndef _SVCNAT_AFFINITY_H
#define _SVCNAT_AFFINITY_H

#include <linux/atomic.h>
#include <linux/netfilter.h>
#include <linux/rhashtable-types.h>
#include <linux/workqueue.h>

#include "set.h"

struct svcnat_service;

/**
 * struct svcnat_pin_owner - whose pins they are: what they need of a service
 * @n: of its pins, and one more as long as it is alive; freed with the last
 * @seconds: its pins are good for, as far as forgetting them goes
 * @term: of affinity; pins of one that ended are good for nothing
 * @gone: the service went, its pins are good for nothing
 */
struct svcnat_pin_owner {
	atomic_t		n;
	u32			seconds;
	u16			term;
	bool			gone;
};

/**
 * struct svcnat_pins - pinned sources of a namespace; embedded in struct svcnat_net
 * @ready: @table is there, since a service first asked for affinity; by the mutex
 * @n: pins, those that are over but not yet freed included
 * @table: of them
 * @sweep: forgets them; pending as long as there are any
 */
struct svcnat_pins {
	bool			ready;
	atomic_t		n;
	struct rhashtable	table;
	struct delayed_work	sweep;
};

void svcnat_pins_init(struct svcnat_pins *pins);
void svcnat_pins_destroy(struct svcnat_pins *pins);
int svcnat_pins_prepare(struct svcnat_pins *pins, struct svcnat_service *svc);
void svcnat_pins_leave(struct svcnat_service *svc);
u32 svcnat_pins_count(const struct svcnat_pins *pins);

struct svcnat_backend *svcnat_pin_find(struct svcnat_pins *pins, const struct svcnat_service *svc,
				       const struct svcnat_set *set, bool local,
				       const union nf_inet_addr *src);
bool svcnat_pin_set(struct svcnat_pins *pins, struct svcnat_service *svc,
		    const union nf_inet_addr *src, const struct svcnat_backend *b, u32 seconds);

#endif /* _SVCNAT_AFFINITY_H */
