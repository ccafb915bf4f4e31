/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash table read under RCU and written under the owner's mutex.
 *
 * Not rhashtable, for one property: once svcnat_htable_reserve() has succeeded,
 * adding, replacing and deleting cannot fail, so a commit that has begun to
 * show itself to packets never has to be taken back.
 *
 * A node can be on two bucket arrays at once (@link[2]), which is how the table
 * is resized under readers: the new array chains the nodes by the other link,
 * is published, and the old one goes after a grace period. The next resize has
 * to wait for that grace period, as it takes the old links into use again.
 */
#ifndef _SVCNAT_HTABLE_H
#define _SVCNAT_HTABLE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

/**
 * struct svcnat_hnode - what an entry embeds
 * @link: chains, by the @slot of the bucket array
 * @hash: as given to svcnat_htable_add()
 */
struct svcnat_hnode {
	struct hlist_node	link[2];
	u32			hash;
};

struct svcnat_buckets {
	struct rcu_head		rcu;
	u32			mask;
	u8			slot;	/* the link this array chains by */
	struct hlist_head	head[];
};

/**
 * struct svcnat_htable - the table
 * @buckets: current array; NULL in a table that never reserved anything
 * @count: nodes; by @lock
 * @resized: grace period to wait for before the next resize
 * @lock: the owner's mutex, which writers hold
 * @shared: there are RCU readers; without, nothing waits for a grace period
 */
struct svcnat_htable {
	struct svcnat_buckets __rcu *buckets;
	u32			count;
	unsigned long		resized;
	struct mutex		*lock;
	bool			shared;
};

void svcnat_htable_init(struct svcnat_htable *t, struct mutex *lock, bool shared);
void svcnat_htable_destroy(struct svcnat_htable *t);
int svcnat_htable_reserve(struct svcnat_htable *t, u32 count);
void svcnat_htable_add(struct svcnat_htable *t, struct svcnat_hnode *n, u32 hash);
void svcnat_htable_del(struct svcnat_htable *t, struct svcnat_hnode *n);
void svcnat_htable_replace(struct svcnat_htable *t, struct svcnat_hnode *old,
			   struct svcnat_hnode *new);

/* First of a chain, and the next one. @b comes from rcu_dereference(t->buckets). */
static inline struct svcnat_hnode *svcnat_hnode_of(const struct hlist_node *l, u8 slot)
{
	return l ? container_of(l - slot, struct svcnat_hnode, link[0]) : NULL;
}

static inline struct svcnat_hnode *svcnat_hnode_first(const struct svcnat_buckets *b, u32 hash)
{
	const struct hlist_head *h = &b->head[hash & b->mask];

	return svcnat_hnode_of(rcu_dereference_raw(hlist_first_rcu(h)), b->slot);
}

static inline struct svcnat_hnode *svcnat_hnode_next(const struct svcnat_buckets *b,
						     const struct svcnat_hnode *n)
{
	return svcnat_hnode_of(rcu_dereference_raw(hlist_next_rcu(&n->link[b->slot])), b->slot);
}

#define svcnat_htable_for_each(n, b, hash) \
	for ((n) = svcnat_hnode_first(b, hash); (n); (n) = svcnat_hnode_next(b, n))

/* All nodes, by the writer. */
#define svcnat_htable_for_each_all(i, n, b) \
	for ((i) = 0; (b) && (i) <= (b)->mask; (i)++) \
		svcnat_htable_for_each(n, b, i)

#endif /* _SVCNAT_HTABLE_H */
