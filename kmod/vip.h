/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VIP table: what a packet's destination is looked up in.
 *
 * One hash table holds two kinds of entries, told apart by their keys:
 *   address, protocol, port	a frontend
 *   no address, protocol, port	a node port, on any address allowed for them
 */
#ifndef _SVCNAT_VIP_H
#define _SVCNAT_VIP_H

#include <linux/netfilter.h>
#include <linux/socket.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack_tuple.h>

#include "htable.h"
#include "set.h"

/**
 * struct svcnat_key - what an entry answers to
 * @port: network byte order
 * @proto: IPPROTO_*
 * @family: AF_INET or AF_INET6
 * @addr: of IPv4 only the first word counts, and may be looked at: there is no memory
 *	for the rest in an entry
 */
struct svcnat_key {
	__be16			port;
	u8			proto;
	u8			family;
	union nf_inet_addr	addr;
};

/**
 * struct svcnat_vip - an entry; immutable but for its links, @set and @keep
 * @node: in the table
 * @sibling: next frontend of the service, or on a transaction's list; by the mutex
 * @set: where it leads; a commit gives its service another one. Never NULL once
 *	packets can find it
 * @kind: enum svcnat_frontend_kind
 * @flags: SVCNAT_FRONTEND_F_*
 * @keep: scratch of a commit: the entry stays
 * @key: what it answers to
 *
 * 48 bytes for IPv4, 56 for IPv6. What is looked at of the one that is found begins at
 * @set.
 */
struct svcnat_vip {
	struct svcnat_hnode	node;
	struct svcnat_vip	*sibling;
	struct svcnat_set __rcu	*set;
	u8			kind;
	u8			flags;
	bool			keep;
	struct svcnat_key	key;
};

int svcnat_vip_module_init(void);
void svcnat_vip_module_exit(void);

struct svcnat_vip *svcnat_vip_alloc(const struct svcnat_key *key, u8 kind, u8 flags);
void svcnat_vip_free(struct svcnat_vip *vip);
u32 svcnat_vip_hash(const struct svcnat_hnode *n);
bool svcnat_key_equal(const struct svcnat_key *a, const struct svcnat_key *b);
struct svcnat_vip *svcnat_vip_find(const struct svcnat_htable *t, const struct svcnat_key *key);

/* Under RCU, and good as long as the read side section. */
static inline struct svcnat_service *svcnat_vip_service(const struct svcnat_vip *vip)
{
	return rcu_dereference(vip->set)->svc;
}

/* On lists by @sibling. Mutex held. */
static inline void svcnat_vip_push(struct svcnat_vip **list, struct svcnat_vip *vip)
{
	vip->sibling = *list;
	*list = vip;
}

static inline struct svcnat_vip *svcnat_vip_pop(struct svcnat_vip **list)
{
	struct svcnat_vip *vip = *list;

	if (vip)
		*list = vip->sibling;
	return vip;
}

static inline bool svcnat_has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP;
}

/* The frontend a flow is sent to. */
static inline struct svcnat_key svcnat_key_of(const struct nf_conntrack_tuple *flow)
{
	return (struct svcnat_key) {
		.addr = flow->dst.u3,
		.port = flow->dst.u.all,
		.proto = flow->dst.protonum,
		.family = flow->src.l3num,
	};
}

/* The node port it would be, if its address is one for node ports. */
static inline struct svcnat_key svcnat_key_nodeport(const struct svcnat_key *key)
{
	return (struct svcnat_key) {
		.port = key->port,
		.proto = key->proto,
		.family = key->family,
	};
}

static inline bool svcnat_key_has_address(const struct svcnat_key *key)
{
	if (key->family == AF_INET)
		return key->addr.ip;
	return !ipv6_addr_any(&key->addr.in6);
}

#endif /* _SVCNAT_VIP_H */
