/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Transactions: the only way state changes.
 *
 * A transaction collects services, checked and allocated, where nobody sees
 * them. Its commit first does all that can fail (prepare), then swaps what is
 * staged with what is live (publish), which cannot. From then on it holds what
 * was replaced, and is freed with it after a grace period.
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
 * struct svcnat_txn - a transaction; by the namespace's mutex
 * @link: on &svcnat_net.txns, until it ends
 * @sn: namespace, until it ends
 * @sk: socket it belongs to; ends with it at the latest, so it needs no reference
 * @portid: of @sk; once that is being closed, another socket may have it
 * @flags: SVCNAT_TXN_F_*
 * @generation: of the state it was computed from
 * @n_puts: PUTs that came
 * @spoiled: one of them failed
 * @n_services: put or removed
 * @n_vips: staged frontends
 * @n_backends: staged
 * @n_changes: services the commit added, changed or removed
 * @names: staged services by identity
 * @vips: staged frontends by key
 * @services: staged services; those without a set are to be removed
 * @removed: live services the commit took off the table
 * @last: service put last, for continuations
 * @config: to set, or NULL; after the commit the one it replaced
 * @spare: entries for ClusterIPs as such, one for each staged frontend that
 *	might need one
 * @dead: entries the commit took off the table, but for those of @removed
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
	struct list_head	services;
	struct list_head	removed;
	struct svcnat_service	*last;
	struct svcnat_config	*config;
	struct list_head	spare;
	struct list_head	dead;
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
void svcnat_txn_abort(struct svcnat_txn *txn);
void svcnat_txn_socket_closed(struct svcnat_net *sn, u32 portid);

int svcnat_commit(struct svcnat_txn *txn, const u8 *apply_id, struct netlink_ext_ack *extack);
void svcnat_txn_retire(struct svcnat_txn *txn);

#endif /* _SVCNAT_TXN_H */
