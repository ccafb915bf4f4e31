/* SPDX-License-Identifier: GPL-2.0 */
/* A service: one port of one Service in one family, and the table of them by name. */
#ifndef _SVCNAT_SERVICE_H
#define _SVCNAT_SERVICE_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/refcount.h>

#include "backend.h"
#include "htable.h"

/**
 * struct svcnat_service - a service
 * @set: what it picks from; never NULL once packets can see the service. The
 *	counters packets write lie on other cache lines
 * @refused: new flows rejected, no endpoint
 * @dropped: new flows dropped, no local endpoint
 * @past: connections of backends that are gone
 * @node: in the table by name
 * @refs: one for the table or the transaction it is on, and one for each staged
 *	service that has it as @live
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @name: "namespace/name:port"; with @family and @proto the identity
 * @vips: frontends; by the mutex
 * @n_vips: of them; by the mutex
 * @touched: &svcnat_net.attempts of the last commit that touched it; by the mutex
 * @lost: likewise, that gave one of its frontends to another service
 * @txn_link: on a transaction's list
 * @live: of a staged service that packets know already, the one they know. After
 *	the commit @set is what that one had before
 * @event: enum svcnat_event, or -1 for none
 * @n_added: backends the commit added
 * @n_removed: backends it removed
 */
struct svcnat_service {
	struct svcnat_set __rcu	*set;
	struct svcnat_hnode	node;
	refcount_t		refs;
	u8			family;
	u8			proto;
	u16			n_vips;
	atomic64_t		refused ____cacheline_aligned_in_smp;
	atomic64_t		dropped;
	atomic64_t		past;
	struct list_head	vips;
	u64			touched;
	u64			lost;
	struct list_head	txn_link;
	struct svcnat_service	*live;
	s8			event;
	u32			n_added;
	u32			n_removed;
	char			name[];
};

void svcnat_service_module_init(void);

struct svcnat_service *svcnat_service_alloc(const char *name, u8 family, u8 proto);
void svcnat_service_free(struct svcnat_service *svc);

struct svcnat_service *svcnat_service_find(const struct svcnat_htable *t, const char *name,
					   u8 family, u8 proto);
void svcnat_service_add(struct svcnat_htable *t, struct svcnat_service *svc);

u64 svcnat_service_connections(const struct svcnat_service *svc, const struct svcnat_set *set);

#endif /* _SVCNAT_SERVICE_H */
