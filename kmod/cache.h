/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The flow cache: what it takes to send a packet of an established connection on its
 * way right at ingress, without conntrack's slow road, routing and rules.
 *
 *   learn.c     makes entries, of packets that took the slow road to its end
 *   cache.c     keeps them
 *   ingress.c   sends packets by them
 *   devices.c   has ingress.c called for every device
 *
 * An entry is one direction of one connection. It is good for SVCNAT_CACHE_TERM: then
 * one packet takes the slow road, past conntrack and every rule, and renews it. So
 * conntrack's timeouts, and rules that came meanwhile, are at most that old. Until then
 * it is left alone as soon as anything changed that it was made from: a commit, nftables'
 * rules, the route, the neighbour, the end of the connection.
 */
#ifndef _SVCNAT_CACHE_H
#define _SVCNAT_CACHE_H

#include <linux/atomic.h>
#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/workqueue.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_acct.h>

#include "deadline.h"
#include "uapi/svcnat.h"

struct svcnat_net;
struct svcnat_vip;

/* How long an entry is good for at most, and how long after that it goes without a packet. */
#define SVCNAT_CACHE_TERM	(4 * HZ)
#define SVCNAT_CACHE_IDLE	(2 * HZ)

/* Packets of a direction before it is worth an entry: short connections are not. */
#define SVCNAT_CACHE_PACKETS	8

/**
 * struct svcnat_cache_key - a packet as it arrives
 * @src: IPv4 in the first word, the rest zero
 * @dst: likewise
 * @sport: network byte order
 * @dport: network byte order
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 * @proto: IPPROTO_TCP or IPPROTO_UDP
 * @zero: 0
 */
struct svcnat_cache_key {
	union nf_inet_addr	src;
	union nf_inet_addr	dst;
	__be16			sport;
	__be16			dport;
	u8			family;
	u8			proto;
	u16			zero;
};

/**
 * struct svcnat_cached - a direction of a connection
 * @key: its packets as they arrive
 * @iif: index of the device they arrive through
 * @gen: svcnat_cached_gen() it was made or renewed at
 * @until: it is good (jiffies)
 * @cookie: of @dst
 * @dst: route they leave by, with a reference
 * @neigh: next hop, with a reference
 * @acct: @ct's counter of this direction
 * @addr_diff: what their new addresses add to a checksum, folded
 * @diff: what new addresses and ports add
 * @mark: of the packet, as rules left it
 * @src: addresses they leave with
 * @dst_addr: see @src
 * @sport: ports they leave with, network byte order
 * @dport: see @sport
 * @mtu: of the way on, at most 65535
 * @dir: enum ip_conntrack_dir
 * @dscp: the packet that renewed it last left with, without ECN. Others take the slow
 *	road: whoever marks packets there may mark them, too
 * @ct: connection, with a reference
 * @since: it was made (jiffies)
 * @ack: of TCP: last acknowledgement number that came, host byte order
 * @rcu: frees it
 *
 * Immutable once packets can see it, but for @gen, @until, @dscp and @ack. A packet of UDP
 * touches the first two cache lines, one of TCP writes to the third.
 */
struct svcnat_cached {
	struct svcnat_cache_key	key;
	u32			iif;
	u32			gen;
	u32			until;
	u32			cookie;
	struct dst_entry	*dst;

	struct neighbour	*neigh;
	struct nf_conn_counter	*acct;
	u16			addr_diff;
	u16			diff;
	u32			mark;
	union nf_inet_addr	src;
	union nf_inet_addr	dst_addr;
	__be16			sport;
	__be16			dport;
	u16			mtu;
	u8			dir;
	u8			dscp;

	struct nf_conn		*ct;
	u32			since;
	u32			ack;
	struct rcu_head		rcu;
};

#define SVCNAT_CACHE_WAYS	12

/* Entries a bucket has on average when the table is to grow: hardly any then has more than fit. */
#define SVCNAT_CACHE_LOAD	7

/**
 * struct svcnat_cache_bucket - where an entry may be; two cache lines
 * @lock: guards writing
 * @tag: part of the hash, to tell most others apart without a look at them; 0 if there is none
 * @way: entries, or NULL
 */
struct svcnat_cache_bucket {
	spinlock_t			lock;
	u16				tag[SVCNAT_CACHE_WAYS];
	struct svcnat_cached __rcu	*way[SVCNAT_CACHE_WAYS];
} ____cacheline_aligned;

/**
 * struct svcnat_cache_table - all of them
 * @bucket: a power of two of them
 * @seed: of the hash, as the kernel's own flow table has it. Who did aim at a bucket would
 *	only send the others in it by the slow road
 * @mask: buckets, less one
 * @full: more entries than that, and it is to grow
 * @asked: @age was queued for that, once
 */
struct svcnat_cache_table {
	struct svcnat_cache_bucket	*bucket;
	u32				seed;
	u32				mask;
	int				full;
	bool				asked;
};

/**
 * struct svcnat_cache - of a namespace
 * @table: NULL until the first connection worth an entry. One that is too small gives way
 *	to a larger, empty one; by @walk
 * @used: a hint: there are entries, or were two seconds ago. Every packet reads it, and
 *	@n changes too often for that
 * @closed: no more entries, no more devices; by the RTNL
 * @asked: @begin was queued, once
 * @begin: allocates @table and hooks into devices
 * @age: takes out entries without packets, has the table grow
 * @walk: held by who walks over the table in process context, and who replaces it
 * @devices: we are hooked into; by the RTNL
 * @n: entries
 */
struct svcnat_cache {
	struct svcnat_cache_table __rcu	*table;
	bool				used;
	bool				closed;
	bool				asked;
	struct work_struct		begin;
	struct delayed_work		age;
	struct mutex			walk;
	struct list_head		devices;
	atomic_t			n ____cacheline_aligned;
};

typedef bool (*svcnat_cached_test)(const struct svcnat_cached *c, const void *data);

int svcnat_cache_module_init(void);
void svcnat_cache_module_exit(void);

void svcnat_cache_init(struct svcnat_cache *cache);
int svcnat_cache_open(struct svcnat_cache *cache);
void svcnat_cache_destroy(struct svcnat_cache *cache);

struct svcnat_cached *svcnat_cached_alloc(void);
void svcnat_cached_free(struct svcnat_cached *c);
bool svcnat_cache_add(struct svcnat_cache *cache, struct svcnat_cached *c);
void svcnat_cache_del(struct svcnat_cache *cache, struct svcnat_cached *c);
void svcnat_cache_del_all(struct svcnat_cache *cache, svcnat_cached_test test, const void *data);
void svcnat_cache_forget(struct svcnat_cache *cache, const struct nf_conn *ct);

/* Are packets sent on by it, as far as time, commits and rules go? @gen: svcnat_cached_gen(). */
static inline bool svcnat_cached_current(const struct svcnat_cached *c, u32 gen)
{
	return !svcnat_jiffies_passed(READ_ONCE(c->until)) && READ_ONCE(c->gen) == gen;
}

/* The bits of a hash that a bucket goes by are not those of the tag. */
static inline u16 svcnat_cache_tag(u32 hash)
{
	return hash >> 16 | 1;
}

static inline u32 svcnat_cache_hash(const struct svcnat_cache_table *t,
				    const struct svcnat_cache_key *key)
{
	if (key->family == NFPROTO_IPV4)
		return jhash_3words((__force u32)key->src.ip, (__force u32)key->dst.ip,
				    (__force u32)key->sport << 16 | (__force u32)key->dport,
				    t->seed ^ key->proto);
	return jhash2((const u32 *)key, sizeof(*key) / sizeof(u32), t->seed);
}

static inline bool svcnat_cache_key_equal(const struct svcnat_cache_key *a,
					  const struct svcnat_cache_key *b)
{
	if (a->src.ip != b->src.ip || a->dst.ip != b->dst.ip || a->sport != b->sport ||
	    a->dport != b->dport || a->family != b->family || a->proto != b->proto)
		return false;
	return a->family == NFPROTO_IPV4 || (nf_inet_addr_cmp(&a->src, &b->src) &&
					     nf_inet_addr_cmp(&a->dst, &b->dst));
}

/* Under RCU. */
static inline struct svcnat_cached *svcnat_cache_find(const struct svcnat_cache_table *t,
						      const struct svcnat_cache_key *key)
{
	u32 hash = svcnat_cache_hash(t, key);
	const struct svcnat_cache_bucket *b = &t->bucket[hash & t->mask];
	u16 tag = svcnat_cache_tag(hash);
	struct svcnat_cached *c;
	int i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++) {
		if (READ_ONCE(b->tag[i]) != tag)
			continue;
		c = rcu_dereference(b->way[i]);
		if (c && svcnat_cache_key_equal(&c->key, key))
			return c;
	}
	return NULL;
}

/* A packet of a connection as it arrives. */
static inline struct svcnat_cache_key svcnat_cache_key_of(const struct nf_conntrack_tuple *t)
{
	return (struct svcnat_cache_key) {
		.src = t->src.u3,
		.dst = t->dst.u3,
		.sport = t->src.u.all,
		.dport = t->dst.u.all,
		.family = t->src.l3num,
		.proto = t->dst.protonum,
	};
}

/* learn.c */
enum svcnat_shortcut svcnat_shortcut_why(const struct svcnat_net *sn, const struct svcnat_vip *vip,
					 const struct nf_conntrack_tuple *flow,
					 const struct net_device *in,
					 const union nf_inet_addr *to);
void svcnat_learn(struct svcnat_net *sn, struct sk_buff *skb, struct nf_conn *ct,
		  enum ip_conntrack_info ctinfo);

/* ingress.c */
unsigned int svcnat_hook_ingress(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);

/* devices.c */
int svcnat_devices_module_init(void);
void svcnat_devices_module_exit(void);
void svcnat_devices_ask(struct svcnat_net *sn);
void svcnat_devices_init(struct svcnat_net *sn);
void svcnat_devices_leave(struct svcnat_net *sn);
void svcnat_devices_exit(struct svcnat_net *sn);

#endif /* _SVCNAT_CACHE_H */
