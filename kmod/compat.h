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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "svcnat needs Linux 6.1 or newer"
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

/* Joining a multicast group needs CAP_NET_ADMIN: 6.8 gave the flag a name of its own. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SVCNAT_GROUP_FLAGS GENL_MCAST_CAP_NET_ADMIN
#else
#define SVCNAT_GROUP_FLAGS GENL_UNS_ADMIN_PERM
#endif

/*
 * Entries hold their helper, where they do (Kbuild asks the header: it went to stable
 * kernels too). Ours is never freed, so its first reference is never dropped.
 */
#ifdef SVCNAT_HELPER_REFS
#define SVCNAT_HELPER_REFS_INIT .ct_refcnt = REFCOUNT_INIT(1),
static inline void svcnat_helper_get(struct nf_conntrack_helper *helper)
{
	refcount_inc(&helper->ct_refcnt);
}

static inline void svcnat_helper_put(struct nf_conntrack_helper *helper)
{
	refcount_dec(&helper->ct_refcnt);
}
#else
#define SVCNAT_HELPER_REFS_INIT
static inline void svcnat_helper_get(struct nf_conntrack_helper *helper) { }
static inline void svcnat_helper_put(struct nf_conntrack_helper *helper) { }
#endif

/* Socket tables: one a namespace since 6.2, no longer an argument in 7.x. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define SVCNAT_TCP_TABLE(net)
#define SVCNAT_UDP_TABLE(net)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define SVCNAT_TCP_TABLE(net) (net)->ipv4.tcp_death_row.hashinfo,
#define SVCNAT_UDP_TABLE(net) (net)->ipv4.udp_table,
#else
#define SVCNAT_TCP_TABLE(net) (net)->ipv4.tcp_death_row.hashinfo,
#define SVCNAT_UDP_TABLE(net) &udp_table,
#endif

/* A tracepoint's string: 6.10 knows its source from the declaration. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define svcnat_assign_str(dst, src) __assign_str(dst)
#else
#define svcnat_assign_str(dst, src) __assign_str(dst, src)
#endif

static inline struct sock *svcnat_tcp_find(struct net *net, const struct nf_conntrack_tuple *flow)
{
	if (flow->src.l3num == AF_INET)
		return __inet_lookup_established(net, SVCNAT_TCP_TABLE(net) flow->src.u3.ip,
						 flow->src.u.tcp.port, flow->dst.u3.ip,
						 ntohs(flow->dst.u.tcp.port), 0, 0);
	return __inet6_lookup_established(net, SVCNAT_TCP_TABLE(net) &flow->src.u3.in6,
					  flow->src.u.tcp.port, &flow->dst.u3.in6,
					  ntohs(flow->dst.u.tcp.port), 0, 0);
}

/* Takes no reference. */
static inline struct sock *svcnat_udp_find(struct net *net, const struct nf_conntrack_tuple *flow)
{
	if (flow->src.l3num == AF_INET)
		return __udp4_lib_lookup(net, flow->src.u3.ip, flow->src.u.udp.port,
					 flow->dst.u3.ip, flow->dst.u.udp.port, 0, 0,
					 SVCNAT_UDP_TABLE(net) NULL);
	return __udp6_lib_lookup(net, &flow->src.u3.in6, flow->src.u.udp.port,
				 &flow->dst.u3.in6, flow->dst.u.udp.port, 0, 0,
				 SVCNAT_UDP_TABLE(net) NULL);
}

#endif /* _SVCNAT_COMPAT_H */
