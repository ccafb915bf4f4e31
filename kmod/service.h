/* SPDX-License-Identifier: GPL-2.0 */
/* A service: one port of one Service in one family, and the table of them by name. */
#ifndef _SVCNAT_SERVICE_H
#define _SVCNAT_SERVICE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/refcount.h>

#include "htable.h"
#include "set.h"

struct svcnat_pin_owner;

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
 * struct svcnat_totals - traffic of a backend or a service
 * @connections: since it came
 * @active: of these, known to conntrack
 * @packets: by direction (enum ip_conntrack_dir)
 * @bytes: likewise
 */
struct svcnat_totals {
	u64			connections;
	u64			active;
	u64			packets[2];
	u64			bytes[2];
};

/**
 * struct svcnat_service - a service
 * @set: what it picks from; never NULL once packets can see the service. The
 *	counters packets write lie on other cache lines
 * @pin_owner: what its pins go by, see svcnat_pins_prepare(); NULL if it never had any
 * @node: in the table by name
 * @refs: one for the table or the transaction it is on, and one for each staged
 *	service that has it as @live
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP
 * @n_vips: of @vips; by the mutex
 * @stats: enum svcnat_service_stat
 * @past: traffic of backends that are gone; by the mutex
 * @gone: first of the backends that left the set while connections of them were
 *	active, in the order of address and port; by the mutex
 * @cutting: the commit at hand leaves connections to be cut; by the mutex
 * @vips: frontends; by the mutex
 * @touched: &svcnat_net.attempts of the last commit that touched it; by the mutex
 * @lost: likewise, that gave one of its frontends to another service
 * @txn_link: on a transaction's list
 * @live: of a staged service that packets know already, the one they know. After
 *	the commit @set is what that one had before
 * @event: enum svcnat_event, or -1 for none
 * @n_added: backends the commit added
 * @n_removed: backends it removed
 * @name: "namespace/name:port"; with @family and @proto the identity
 */
struct svcnat_service {
	struct svcnat_set __rcu	*set;
	struct svcnat_pin_owner	*pin_owner;
	struct svcnat_hnode	node;
	refcount_t		refs;
	u8			family;
	u8			proto;
	u16			n_vips;
	atomic64_t		stats[SVCNAT_SERVICE_STAT_MAX] ____cacheline_aligned_in_smp;
	struct svcnat_totals	past;
	struct svcnat_backend	*gone;
	bool			cutting;
	struct list_head	vips;
	u64			touched;
	u64			lost;
	struct list_head	txn_link;
	struct svcnat_service	*live;
	s8			event;
	u32			n_added;
	u32			n_removed;
	const char		*name;
};

int svcnat_service_module_init(void);
void svcnat_service_module_exit(void);

struct svcnat_service *svcnat_service_alloc(const char *name, u8 family, u8 proto);
void svcnat_service_free(struct svcnat_service *svc);

struct svcnat_service *svcnat_service_find(const struct svcnat_htable *t, const char *name,
					   u8 family, u8 proto);
void svcnat_service_add(struct svcnat_htable *t, struct svcnat_service *svc);

void svcnat_backend_totals(const struct svcnat_backend *b, struct svcnat_totals *t);
void svcnat_service_totals(const struct svcnat_service *svc, const struct svcnat_set *set,
			   struct svcnat_totals *t);
void svcnat_service_prune(struct svcnat_service *svc, unsigned long grace);

#endif /* _SVCNAT_SERVICE_H */
