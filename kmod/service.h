/* SPDX-License-Identifier: GPL-2.0 */
/* A service: one port of one Service in one family, and the table of them by name. */
#ifndef _SVCNAT_SERVICE_H
#define _SVCNAT_SERVICE_H

#include <linux/atomic.h>
#include <linux/cache.h>

#include "carry.h"
#include "htable.h"

struct svcnat_pin_owner;
struct svcnat_vip;

/* Rare events of a service, counted in the service itself. */
enum svcnat_service_stat {
	SVCNAT_SERVICE_REFUSED,		/* no endpoint */
	SVCNAT_SERVICE_DROPPED,		/* no local endpoint */
	SVCNAT_SERVICE_NOT_ALLOWED,	/* source outside the ranges */
	SVCNAT_SERVICE_OVERLOADED,	/* every backend at its limit */
	SVCNAT_SERVICE_REPICKS,
	SVCNAT_SERVICE_EJECTIONS,
	SVCNAT_SERVICE_STRAYS,		/* connections no backend could count */
	SVCNAT_SERVICE_STAT_MAX
};

/**
 * struct svcnat_service - a service
 * @set: what it picks from, see also &svcnat_vip.set; NULL of one that is to be
 *	removed; by the mutex
 * @pin_owner: what its pins go by, see svcnat_pins_prepare(); NULL if it never had any
 * @node: in the table by name
 * @name: "namespace/name:port"; with @family and @proto the identity
 * @vips: first of its frontends; by the mutex
 * @gone: backends that left its sets, NULL if none ever did; by the mutex
 * @n_vips: of @vips; by the mutex
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @lost: scratch of a commit: it gave one of its frontends to another service
 * @stats: enum svcnat_service_stat; on a cache line of their own as packets write them
 * @touched: &svcnat_net.attempts of the last commit that touched it; by the mutex
 *
 * 128 bytes.
 */
struct svcnat_service {
	struct svcnat_set	*set;
	struct svcnat_pin_owner	*pin_owner;
	struct svcnat_hnode	node;
	const char		*name;
	struct svcnat_vip	*vips;
	struct svcnat_gone	*gone;
	u16			n_vips;
	u8			family;
	u8			proto;
	bool			lost;
	atomic64_t		stats[SVCNAT_SERVICE_STAT_MAX] ____cacheline_aligned;
	u64			touched;
};

int svcnat_service_module_init(void);
void svcnat_service_module_exit(void);

struct svcnat_service *svcnat_service_alloc(const char *name, u8 family, u8 proto);
void svcnat_service_free(struct svcnat_service *svc);
u32 svcnat_service_hash(const struct svcnat_hnode *n);

struct svcnat_service *svcnat_service_find(const struct svcnat_htable *t, const char *name,
					   u8 family, u8 proto);

void svcnat_service_totals(const struct svcnat_service *svc, const struct svcnat_set *set,
			   struct svcnat_totals *t);

#endif /* _SVCNAT_SERVICE_H */
