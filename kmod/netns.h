/* SPDX-License-Identifier: GPL-2.0 */
/* State of a network namespace. */
#ifndef _SVCNAT_NETNS_H
#define _SVCNAT_NETNS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "address.h"
#include "affinity.h"
#include "cache.h"
#include "config.h"
#include "htable.h"
#include "rules.h"
#include "stats.h"
#include "uapi/svcnat.h"

#define SVCNAT_NAT_HOOKS 8
#define SVCNAT_PLAIN_HOOKS 8

/**
 * struct svcnat_net - everything of one namespace
 * @vips: VIP table; packets read it
 * @config: what holds for the whole namespace; packets read it; never NULL
 * @stats: counters of packets
 * @n_nodeports: frontends that are node ports; packets read it as a hint
 * @flow_gen: commits, as packets of connections that exist see them
 * @rules: changes of netfilter's; packets read it, and write it when there was one
 * @net: the namespace
 * @addresses: ClusterIPs in use; packets to no frontend read it
 * @cache: shortcuts of established connections; packets read and write it
 * @pins: sources pinned by affinity; packets read and write it
 * @lock: guards everything below and all writing above
 * @services: services by name
 * @generation: of the state; counts commits
 * @apply_id: given with the last commit, if @has_apply_id
 * @has_apply_id: see @apply_id
 * @attempts: commits tried; marks what the one at hand touches
 * @published: grace period since the last commit
 * @cutting: the commit at hand leaves connections to be cut
 * @sweep: walks over all connections, see sweep.c
 * @n_vips: frontends
 * @n_backends: summed over services
 * @followed: they were once
 * @hooked: hooks and NAT functions are registered
 * @txn_lock: guards @txns and @n_txns; taken inside @lock or without it
 * @txns: open transactions
 * @n_txns: of them
 * @ops: registrations of NAT functions, copies that carry this structure
 * @plain: likewise of the other hooks
 *
 * What every packet reads comes first, on cache lines that no packet writes.
 */
struct svcnat_net {
	struct svcnat_htable	vips;
	struct svcnat_config __rcu *config;
	struct svcnat_stats __percpu *stats;
	u32			n_nodeports;
	u32			flow_gen;
	struct svcnat_rules	rules;
	struct net		*net;
	struct svcnat_htable	addresses;
	struct svcnat_cache	cache;
	struct svcnat_pins	pins;

	struct mutex		lock;
	struct svcnat_htable	services;
	u64			generation;
	u64			attempts;
	u8			apply_id[SVCNAT_APPLY_ID_LEN];
	bool			has_apply_id;
	bool			hooked;
	bool			followed;
	bool			cutting;
	unsigned long		published;
	struct delayed_work	sweep;
	u32			n_vips;
	u32			n_backends;
	spinlock_t		txn_lock;
	u32			n_txns;
	struct list_head	txns;
	struct nf_hook_ops	ops[SVCNAT_NAT_HOOKS];
	struct nf_hook_ops	plain[SVCNAT_PLAIN_HOOKS];
};

/* Frees and sweeps; drained before the module goes. */
extern struct workqueue_struct *svcnat_wq;

struct svcnat_net *svcnat_net_of(const struct net *net);
int svcnat_net_register(void);
void svcnat_net_unregister(void);

int svcnat_net_hook(struct svcnat_net *sn);

/* To be read before anything is looked at that a commit changes. */
static inline u32 svcnat_flow_gen(const struct svcnat_net *sn)
{
	return smp_load_acquire(&sn->flow_gen);	/* pairs with svcnat_flow_changed() */
}

/* Entries of the flow cache are good at: counts commits and changes of rules. */
static inline u32 svcnat_cached_gen(const struct svcnat_net *sn)
{
	/* Pairs with svcnat_rules_changed(). */
	return svcnat_flow_gen(sn) + smp_load_acquire(&sn->rules.gen);
}

#endif /* _SVCNAT_NETNS_H */
