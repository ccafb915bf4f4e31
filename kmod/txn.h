/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transactions: the only way state changes.
 *
 * A transaction collects services, checked and allocated, where nobody sees
 * them. Its commit first does all that can fail (prepare), then swaps what is
 * staged with what is live (publish), which cannot. From then on it holds what
 * was replaced, and is freed with it a grace period after it was dropped.
 */
#ifndef _SVCNAT_TXN_H
#define _SVCNAT_TXN_H

#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/workqueue.h>

#include "netns.h"
#include "service.h"
#include "vip.h"

/**
 * struct svcnat_change - what becomes of one service
 * @link: on &svcnat_txn.changes
 * @staged: the service as put; owned, until it is added. NULL if there was none put
 * @live: the service packets know; NULL before one is added
 * @removes: it is to go
 * @carry: what becomes of its backends
 * @replaced: the set @live had before
 * @event: enum svcnat_event, or -1 for none
 * @n_added: backends the commit added
 * @n_removed: backends it removed
 *
 * By the namespace's mutex. @live may only be followed until the commit has been
 * reported, but for one that was removed: that is owned.
 */
struct svcnat_change {
	struct list_head	link;
	struct svcnat_service	*staged;
	struct svcnat_service	*live;
	bool			removes;
	struct svcnat_carry	carry;
	struct svcnat_set	*replaced;
	s8			event;
	u32			n_added;
	u32			n_removed;
};

/**
 * struct svcnat_txn - a transaction; by the namespace's mutex
 * @link: on &svcnat_net.txns, until it ends
 * @sn: namespace, until it ends
 * @sk: socket it belongs to; ends with it at the latest, so it needs no reference
 * @portid: of @sk; once that is being closed, another socket may have it
 * @flags: SVCNAT_TXN_F_*
 * @generation: of the state it was computed from
 * @n_puts: PUTs that came
 * @spoiled: one of them failed
 * @n_services: put, or removed by name
 * @n_vips: staged frontends
 * @n_backends: staged
 * @n_changes: services the commit added, changed or removed
 * @names: staged services by identity
 * @vips: staged frontends by key
 * @changes: services put, or to be removed
 * @last: service put last, for continuations
 * @config: to set, or NULL; after the commit the one it replaced
 * @spare: ClusterIPs as such, one for each staged frontend that might need one; of
 *	IPv4 and IPv6
 * @unused: those the commit took off the table
 * @dead: entries the commit took off the table, but for those of services removed,
 *	and staged ones that were there already
 * @free_work: frees it all after a grace period
 */
struct svcnat_txn {
	struct list_head	link;
	struct svcnat_net	*sn;
	const struct sock	*sk;
	u32			portid;
	u32			flags;
	u64			generation;
	u32			n_puts;
	bool			spoiled;
	u32			n_services;
	u32			n_vips;
	u64			n_backends;
	u32			n_changes;
	struct svcnat_htable	names;
	struct svcnat_htable	vips;
	struct list_head	changes;
	struct svcnat_service	*last;
	struct svcnat_config	*config;
	struct svcnat_address	*spare[2];
	struct svcnat_address	*unused;
	struct svcnat_vip	*dead;
	struct rcu_work		free_work;
};

int svcnat_txn_module_init(void);
void svcnat_txn_module_exit(void);
void svcnat_txn_net_exit(struct svcnat_net *sn);

struct svcnat_txn *svcnat_txn_find(struct svcnat_net *sn, const struct sock *sk);
int svcnat_txn_begin(struct svcnat_net *sn, const struct sock *sk, u32 portid, u32 flags,
		     u64 generation, struct netlink_ext_ack *extack);
int svcnat_txn_service_add(struct svcnat_txn *txn, struct svcnat_service *svc,
			   struct netlink_ext_ack *extack);
int svcnat_txn_vip_add(struct svcnat_txn *txn, struct svcnat_service *svc,
		       const struct svcnat_key *key, u8 kind, u8 flags,
		       struct netlink_ext_ack *extack);
struct svcnat_change *svcnat_txn_change_add(struct svcnat_txn *txn);
void svcnat_txn_drop(struct svcnat_txn *txn);
void svcnat_txn_socket_closed(struct svcnat_net *sn, u32 portid);

int svcnat_commit(struct svcnat_txn *txn, const u8 *apply_id, struct netlink_ext_ack *extack);

#endif /* _SVCNAT_TXN_H */
