/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Supported: 6.1 (Debian 12), 6.12
 * (Debian 13) and the newest in Debian sid.
 */
#ifndef _SVCNAT_COMPAT_H
#define _SVCNAT_COMPAT_H

#include <linux/version.h>
#include <net/genetlink.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/udp.h>

/* 6.5 moved skb_gso_validate_network_len() out of skbuff.h. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#include <net/gso.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "svcnat needs Linux 6.1 or newer"
#endif

/*
 * Kernels that clear whatever is on the stack do not where a packet would pay for it and
 * all of it is written before it is read. 6.1 has no name for it.
 */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized __attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

/* A dump's request, parsed: 6.7 moved it. */
static inline struct nlattr **svcnat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/*
 * Differs from what it was if nftables' rules or sets were changed since: a bit says which
 * of two generations of rules is in use. Kernels with a count of transactions in reach (Kbuild
 * asks the header) tell an even number of them, too; it changes before they are in use.
 */
static inline u32 svcnat_nft_gen(const struct net *net)
{
#if !IS_ENABLED(CONFIG_NF_TABLES)
	return 0;
#elif defined(SVCNAT_NFT_BASE_SEQ)
	return READ_ONCE(net->nft.base_seq) << 1 | READ_ONCE(net->nft.gencursor);
#else
	return READ_ONCE(net->nft.gencursor);
#endif
}

/* Joining a multicast group needs CAP_NET_ADMIN: 6.8 gave the flag a name of its own. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SVCNAT_GROUP_FLAGS GENL_MCAST_CAP_NET_ADMIN
#else
#define SVCNAT_GROUP_FLAGS GENL_UNS_ADMIN_PERM
#endif

/*
 * Entries hold their helper, where they do (Kbuild asks the header: it went to stable
 * kernels too). Ours is never freed, and a count that every new flow writes would be
 * shared by all CPUs: it begins with more references than there are entries, and they
 * are handed out as they are. Should a kernel drop one that we left on an entry, as it may
 * where userspace changes an entry's helper, there are more.
 */
#ifdef SVCNAT_HELPER_REFS
#define SVCNAT_HELPER_REFS_INIT .ct_refcnt = REFCOUNT_INIT(1 << 30),
static inline void svcnat_helper_hold(struct nf_conntrack_helper *helper)
{
	if (unlikely(refcount_read(&helper->ct_refcnt) < 1 << 29))
		refcount_set(&helper->ct_refcnt, 1 << 30);
}
#else
#define SVCNAT_HELPER_REFS_INIT
static inline void svcnat_helper_hold(struct nf_conntrack_helper *helper) { }
#endif

/* A tracepoint's string: 6.10 knows its source from the declaration. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define svcnat_assign_str(dst, ...) __assign_str(dst)
#else
#define svcnat_assign_str(dst, src) __assign_str(dst, src)
#endif

/*
 * "conntrack -I expect" takes any entry with a helper; where the policy is a pointer it
 * is followed.
 */
#ifdef SVCNAT_HELPER_POLICY_POINTER
static const struct nf_conntrack_expect_policy svcnat_expect_policy __maybe_unused = {
	.max_expected = 1,
	.timeout = 1,
};
#define SVCNAT_HELPER_POLICY_INIT .expect_policy = &svcnat_expect_policy,
#else
#define SVCNAT_HELPER_POLICY_INIT
#endif

/*
 * A TCP connection of the node, by its packets. The table is no longer an argument in
 * 7.x. Under RCU; with a reference.
 */
static inline struct sock *svcnat_tcp_find(struct net *net, const struct nf_conntrack_tuple *flow)
{
	const union nf_inet_addr *src = &flow->src.u3, *dst = &flow->dst.u3;
	__be16 sport = flow->src.u.tcp.port;
	u16 dport = ntohs(flow->dst.u.tcp.port);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	if (flow->src.l3num == AF_INET)
		return __inet_lookup_established(net, src->ip, sport, dst->ip, dport, 0, 0);
	return __inet6_lookup_established(net, &src->in6, sport, &dst->in6, dport, 0, 0);
#else
	struct inet_hashinfo *table = net->ipv4.tcp_death_row.hashinfo;

	if (flow->src.l3num == AF_INET)
		return __inet_lookup_established(net, table, src->ip, sport, dst->ip, dport, 0, 0);
	return __inet6_lookup_established(net, table, &src->in6, sport, &dst->in6, dport, 0, 0);
#endif
}

/*
 * The UDP socket of the node that would get a packet. The table is one a namespace since
 * 6.2, and no longer an argument in 7.x. Under RCU; without a reference.
 */
static inline struct sock *svcnat_udp_find(struct net *net, const struct nf_conntrack_tuple *flow)
{
	const union nf_inet_addr *src = &flow->src.u3, *dst = &flow->dst.u3;
	__be16 sport = flow->src.u.udp.port, dport = flow->dst.u.udp.port;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
	if (flow->src.l3num == AF_INET)
		return __udp4_lib_lookup(net, src->ip, sport, dst->ip, dport, 0, 0, NULL);
	return __udp6_lib_lookup(net, &src->in6, sport, &dst->in6, dport, 0, 0, NULL);
#else
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	struct udp_table *table = net->ipv4.udp_table;
#else
	struct udp_table *table = &udp_table;
#endif

	if (flow->src.l3num == AF_INET)
		return __udp4_lib_lookup(net, src->ip, sport, dst->ip, dport, 0, 0, table, NULL);
	return __udp6_lib_lookup(net, &src->in6, sport, &dst->in6, dport, 0, 0, table, NULL);
#endif
}

#endif /* _SVCNAT_COMPAT_H */
