// SPDX-License-Identifier: GPL-2.0
/*
 * State of a network namespace; see netns.h.
 *
 * A namespace that never had a service has no hooks and tracks no connection:
 * they come with the first service. They stay when the last one goes, because
 * nf_nat, should nobody else use it, would end with them, and with it every
 * connection that is still translated. Teardown unhooks in pre_exit, the core
 * waits for a grace period, and exit frees.
 */

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/slab.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_nat.h>
#include <net/netns/generic.h>

#include "flow.h"
#include "hook.h"
#include "netns.h"
#include "service.h"
#include "txn.h"
#include "vip.h"

static unsigned int svcnat_net_id __read_mostly;

/* Ahead of nftables' and iptables' own NAT chains, which then leave a bound flow alone. */
#define HOOK(family, num, function, prio)				\
	{								\
		.hook = function, .pf = family, .hooknum = num,		\
		.priority = (prio) - 1,					\
	}

static const struct nf_hook_ops nat_ops[SVCNAT_NAT_HOOKS] = {
	HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, svcnat_hook_in, NF_IP_PRI_NAT_DST),
	HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, svcnat_hook_in, NF_IP_PRI_NAT_DST),
	HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, svcnat_hook_out, NF_IP_PRI_NAT_SRC),
	HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, svcnat_hook_keep, NF_IP_PRI_LAST),
	HOOK(NFPROTO_IPV6, NF_INET_PRE_ROUTING, svcnat_hook_in, NF_IP6_PRI_NAT_DST),
	HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, svcnat_hook_in, NF_IP6_PRI_NAT_DST),
	HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, svcnat_hook_out, NF_IP6_PRI_NAT_SRC),
	HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, svcnat_hook_keep, NF_IP6_PRI_LAST),
};

/* After conntrack and ahead of NAT; and last of all but conntrack's own confirmation. */
static const struct nf_hook_ops plain_ops[SVCNAT_PLAIN_HOOKS] = {
	HOOK(NFPROTO_IPV4, NF_INET_PRE_ROUTING, svcnat_hook_follow, NF_IP_PRI_NAT_DST),
	HOOK(NFPROTO_IPV4, NF_INET_LOCAL_OUT, svcnat_hook_follow, NF_IP_PRI_NAT_DST),
	HOOK(NFPROTO_IPV4, NF_INET_LOCAL_IN, svcnat_hook_confirm, NF_IP_PRI_CONNTRACK_CONFIRM),
	HOOK(NFPROTO_IPV4, NF_INET_POST_ROUTING, svcnat_hook_confirm, NF_IP_PRI_CONNTRACK_CONFIRM),
	HOOK(NFPROTO_IPV6, NF_INET_PRE_ROUTING, svcnat_hook_follow, NF_IP6_PRI_NAT_DST),
	HOOK(NFPROTO_IPV6, NF_INET_LOCAL_OUT, svcnat_hook_follow, NF_IP6_PRI_NAT_DST),
	HOOK(NFPROTO_IPV6, NF_INET_LOCAL_IN, svcnat_hook_confirm, NF_IP6_PRI_LAST),
	HOOK(NFPROTO_IPV6, NF_INET_POST_ROUTING, svcnat_hook_confirm, NF_IP6_PRI_LAST),
};

/**
 * svcnat_net_of - our state of a namespace
 * @net: namespace
 *
 * Return: it; good as long as the namespace.
 */
struct svcnat_net *svcnat_net_of(const struct net *net)
{
	return net_generic(net, svcnat_net_id);
}

static int nat_fn_register(struct net *net, const struct nf_hook_ops *ops)
{
	return ops->pf == NFPROTO_IPV4 ? nf_nat_ipv4_register_fn(net, ops) :
					 nf_nat_ipv6_register_fn(net, ops);
}

static void nat_fns_unregister(struct svcnat_net *sn, unsigned int n)
{
	while (n--) {
		const struct nf_hook_ops *ops = &sn->ops[n];

		if (ops->pf == NFPROTO_IPV4)
			nf_nat_ipv4_unregister_fn(sn->net, ops);
		else
			nf_nat_ipv6_unregister_fn(sn->net, ops);
	}
}

/**
 * svcnat_net_hook - begin to see packets; nothing if we do already
 * @sn: namespace, mutex held
 *
 * Return: 0 or a negative errno, and nothing is hooked.
 */
int svcnat_net_hook(struct svcnat_net *sn)
{
	unsigned int i;
	int err;

	lockdep_assert_held(&sn->lock);
	if (sn->hooked)
		return 0;
	err = nf_ct_netns_get(sn->net, NFPROTO_INET);
	if (err)
		return err;
	for (i = 0; i < SVCNAT_NAT_HOOKS; i++) {
		err = nat_fn_register(sn->net, &sn->ops[i]);
		if (err)
			goto unregister;
	}
	err = nf_register_net_hooks(sn->net, sn->plain, SVCNAT_PLAIN_HOOKS);
	if (err)
		goto unregister;
	sn->followed = true;
	WRITE_ONCE(sn->hooked, true);
	return 0;

unregister:
	nat_fns_unregister(sn, i);
	nf_ct_netns_put(sn->net, NFPROTO_INET);
	return err;
}

/* See no new packets; those on their way take a grace period. */
static void net_unhook(struct svcnat_net *sn)
{
	lockdep_assert_held(&sn->lock);
	if (!sn->hooked)
		return;
	nf_unregister_net_hooks(sn->net, sn->plain, SVCNAT_PLAIN_HOOKS);
	nat_fns_unregister(sn, SVCNAT_NAT_HOOKS);
	nf_ct_netns_put(sn->net, NFPROTO_INET);
	WRITE_ONCE(sn->hooked, false);
}

static int __net_init net_init(struct net *net)
{
	struct svcnat_net *sn = svcnat_net_of(net);
	struct svcnat_config *config;
	unsigned int i;
	int cpu;

	config = kzalloc(sizeof(*config), GFP_KERNEL_ACCOUNT);
	if (!config)
		return -ENOMEM;
	sn->stats = alloc_percpu(struct svcnat_stats);
	if (!sn->stats) {
		kfree(config);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu)
		u64_stats_init(&per_cpu_ptr(sn->stats, cpu)->sync);
	RCU_INIT_POINTER(sn->config, config);
	sn->net = net;
	mutex_init(&sn->lock);
	svcnat_htable_init(&sn->vips, &sn->lock, svcnat_vip_hash, SVCNAT_HTABLE_SPARSE);
	svcnat_htable_init(&sn->addresses, &sn->lock, svcnat_address_hash, SVCNAT_HTABLE_SHARED);
	svcnat_htable_init(&sn->services, &sn->lock, svcnat_service_hash, SVCNAT_HTABLE_PRIVATE);
	spin_lock_init(&sn->txn_lock);
	INIT_LIST_HEAD(&sn->txns);
	for (i = 0; i < SVCNAT_NAT_HOOKS; i++) {
		sn->ops[i] = nat_ops[i];
		sn->ops[i].priv = sn;
	}
	for (i = 0; i < SVCNAT_PLAIN_HOOKS; i++) {
		sn->plain[i] = plain_ops[i];
		sn->plain[i].priv = sn;
	}
	svcnat_pins_init(&sn->pins);
	svcnat_cache_init(&sn->cache);
	svcnat_rules_init(&sn->rules);
	svcnat_devices_init(sn);
	svcnat_sweep_init(sn);
	return 0;
}

static void __net_exit net_pre_exit(struct net *net)
{
	struct svcnat_net *sn = svcnat_net_of(net);

	mutex_lock(&sn->lock);
	net_unhook(sn);
	mutex_unlock(&sn->lock);
	svcnat_devices_leave(sn);
}

static void __net_exit net_exit(struct net *net)
{
	struct svcnat_net *sn = svcnat_net_of(net);

	svcnat_sweep_exit(sn);
	svcnat_flow_net_exit(sn);
	svcnat_devices_exit(sn);
	svcnat_cache_destroy(&sn->cache);
	svcnat_hook_forget(sn);
	svcnat_pins_destroy(&sn->pins);
	svcnat_txn_net_exit(sn);
	svcnat_htable_destroy(&sn->services);
	svcnat_htable_destroy(&sn->addresses);
	svcnat_htable_destroy(&sn->vips);
	free_percpu(sn->stats);
	kfree(rcu_dereference_protected(sn->config, true));
	mutex_destroy(&sn->lock);
}

static struct pernet_operations net_ops = {
	.init = net_init,
	.pre_exit = net_pre_exit,
	.exit = net_exit,
	.id = &svcnat_net_id,
	.size = sizeof(struct svcnat_net),
};

/**
 * svcnat_net_register - give every namespace its state
 *
 * Return: 0 or a negative errno.
 */
int svcnat_net_register(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * svcnat_net_unregister - take it away again
 */
void svcnat_net_unregister(void)
{
	unregister_pernet_subsys(&net_ops);
}
