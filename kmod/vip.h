/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VIP table: what a packet's destination is looked up in.
 *
 * One hash table holds three kinds of entries, told apart by their keys:
 *   address, protocol, port	a frontend
 *   no address, protocol, port	a node port, on any address allowed for them
 *   address, no protocol	a ClusterIP that is in use, whatever the port
 */
#ifndef _SVCNAT_VIP_H
#define _SVCNAT_VIP_H

#include <linux/netfilter.h>
#include <linux/socket.h>
#include <net/netfilter/nf_conntrack_tuple.h>

#include "htable.h"

struct svcnat_service;

/**
 * struct svcnat_key - what an entry answers to
 * @addr: IPv4 in the first word, the rest zero
 * @port: network byte order
 * @proto: IPPROTO_*, 0 with @port 0 for the ClusterIP as such
 * @family: AF_INET or AF_INET6
 */
struct svcnat_key {
	union nf_inet_addr	addr;
	__be16			port;
	u8			proto;
	u8			family;
};

/**
 * struct svcnat_vip - an entry; immutable but for its links, @stale and @users
 * @node: in the table
 * @kind: enum svcnat_frontend_kind
 * @flags: SVCNAT_FRONTEND_F_*
 * @keep: scratch of a commit: the entry stays
 * @stale: another took its place ahead of a new set, see commit.c
 * @key: what it answers to
 * @service: where it leads; NULL for a ClusterIP as such
 * @sibling: other frontends of @service; by the mutex
 * @users: frontends of a ClusterIP as such; by the mutex
 *
 * What a lookup compares lies in the first 64 bytes.
 */
struct svcnat_vip {
	struct svcnat_hnode	node;
	u8			kind;
	u8			flags;
	bool			keep;
	bool			stale;
	struct svcnat_key	key;
	struct svcnat_service	*service;
	struct list_head	sibling;
	u32			users;
};

int svcnat_vip_module_init(void);
void svcnat_vip_module_exit(void);

struct svcnat_vip *svcnat_vip_alloc(const struct svcnat_key *key, u8 kind, u8 flags);
void svcnat_vip_free(struct svcnat_vip *vip);

u32 svcnat_key_hash(const struct svcnat_key *key);
bool svcnat_key_equal(const struct svcnat_key *a, const struct svcnat_key *b);
struct svcnat_vip *svcnat_vip_find(const struct svcnat_htable *t, const struct svcnat_key *key);
void svcnat_vip_add(struct svcnat_htable *t, struct svcnat_vip *vip);

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

/* The ClusterIP as such. */
static inline struct svcnat_key svcnat_key_address(const struct svcnat_key *key)
{
	return (struct svcnat_key) { .addr = key->addr, .family = key->family };
}

static inline bool svcnat_key_has_address(const struct svcnat_key *key)
{
	return key->addr.all[0] | key->addr.all[1] | key->addr.all[2] | key->addr.all[3];
}

#endif /* _SVCNAT_VIP_H */
