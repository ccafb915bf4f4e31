/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A hash table read under RCU and written under the owner's mutex.
 *
 * Not rhashtable, for one property: once svcnat_htable_reserve() has succeeded,
 * adding, replacing and deleting cannot fail, so a commit that has begun to
 * show itself to packets never has to be taken back.
 *
 * A node can be on two bucket arrays at once (@next[2]), which is how the table
 * is resized under readers: the new array chains the nodes by the other pointer,
 * is published, and the old one goes after a grace period. The next resize has
 * to wait for that grace period, as it takes the old pointers into use again.
 *
 * There may be millions of nodes, so they hold no more than that: the hash is asked
 * for again and a chain walked when a node goes, both rare.
 */
#ifndef _SVCNAT_HTABLE_H
#define _SVCNAT_HTABLE_H

#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

/**
 * struct svcnat_hnode - what an entry embeds
 * @next: in its chains, by the @slot of the bucket array
 */
struct svcnat_hnode {
	struct svcnat_hnode __rcu *next[2];
};

struct svcnat_buckets {
	struct rcu_head		rcu;
	u32			mask;
	u8			slot;	/* of the pointer this array chains by */
	struct svcnat_hnode __rcu *head[];
};

/**
 * enum svcnat_htable_kind - who reads a table, and how much memory that is worth
 * @SVCNAT_HTABLE_PRIVATE: who writes it; nothing waits for a grace period. A bucket for
 *	two nodes
 * @SVCNAT_HTABLE_STAGED: likewise, for as long as a transaction. A bucket for one node, as
 *	a full load looks for every one of them, and fourfold growth, as it comes node by node
 * @SVCNAT_HTABLE_SHARED: others too, under RCU. A bucket for two nodes
 * @SVCNAT_HTABLE_SPARSE: likewise, and every new flow. Two buckets for one node
 */
enum svcnat_htable_kind {
	SVCNAT_HTABLE_PRIVATE,
	SVCNAT_HTABLE_STAGED,
	SVCNAT_HTABLE_SHARED,
	SVCNAT_HTABLE_SPARSE,
};

/**
 * struct svcnat_htable - the table
 * @buckets: current array; NULL in a table that never reserved anything
 * @count: nodes; by @lock
 * @resized: grace period to wait for before the next resize
 * @lock: the owner's mutex, which writers hold
 * @hash: of a node's key
 * @kind: who reads it
 */
struct svcnat_htable {
	struct svcnat_buckets __rcu *buckets;
	u32			count;
	unsigned long		resized;
	struct mutex		*lock;
	u32			(*hash)(const struct svcnat_hnode *n);
	enum svcnat_htable_kind	kind;
};

void svcnat_htable_init(struct svcnat_htable *t, struct mutex *lock,
			u32 (*hash)(const struct svcnat_hnode *n), enum svcnat_htable_kind kind);
void svcnat_htable_destroy(struct svcnat_htable *t);
int svcnat_htable_reserve(struct svcnat_htable *t, u32 count);
void svcnat_htable_add(struct svcnat_htable *t, struct svcnat_hnode *n);
void svcnat_htable_del(struct svcnat_htable *t, struct svcnat_hnode *n);
struct svcnat_hnode *svcnat_htable_take(struct svcnat_htable *t, u32 *bucket);
void svcnat_htable_replace(struct svcnat_htable *t, struct svcnat_hnode *old,
			   struct svcnat_hnode *new);

/* A chain, of a bucket array that comes from rcu_dereference(t->buckets). */
#define svcnat_htable_for_each(n, b, hash) \
	for ((n) = rcu_dereference_raw((b)->head[(hash) & (b)->mask]); (n); \
	     (n) = rcu_dereference_raw((n)->next[(b)->slot]))

/* All nodes, by the writer. */
#define svcnat_htable_for_each_all(i, n, b) \
	for ((i) = 0; (b) && (i) <= (b)->mask; (i)++) \
		svcnat_htable_for_each(n, b, i)

#endif /* _SVCNAT_HTABLE_H */
