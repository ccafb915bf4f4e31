// SPDX-License-Identifier: GPL-2.0
/* Resizable RCU hash table whose changes cannot fail; see htable.h. */

#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "htable.h"

#define BUCKETS_MIN 64
#define NODES_MAX (1U << 26)	/* kvmalloc() gives no more than INT_MAX bytes */

static struct svcnat_buckets *buckets_locked(const struct svcnat_htable *t)
{
	return rcu_dereference_protected(t->buckets, lockdep_is_held(t->lock));
}

/**
 * svcnat_htable_init - an empty table that has no memory yet
 * @t: table
 * @lock: held by whoever changes it
 * @hash: of a node's key, always the same
 * @kind: who reads it
 */
void svcnat_htable_init(struct svcnat_htable *t, struct mutex *lock,
			u32 (*hash)(const struct svcnat_hnode *n), enum svcnat_htable_kind kind)
{
	RCU_INIT_POINTER(t->buckets, NULL);
	t->count = 0;
	t->resized = get_state_synchronize_rcu();
	t->lock = lock;
	t->hash = hash;
	t->kind = kind;
}

/**
 * svcnat_htable_destroy - free the table, not the nodes
 * @t: table no reader can see any more
 */
void svcnat_htable_destroy(struct svcnat_htable *t)
{
	kvfree(rcu_dereference_protected(t->buckets, true));
	RCU_INIT_POINTER(t->buckets, NULL);
}

/* The place of @n, or of the chain's end. */
static struct svcnat_hnode __rcu **link_of(struct svcnat_htable *t, const struct svcnat_hnode *n)
{
	struct svcnat_buckets *b = buckets_locked(t);
	struct svcnat_hnode __rcu **at = &b->head[t->hash(n) & b->mask];
	struct svcnat_hnode *found;

	while ((found = rcu_dereference_protected(*at, lockdep_is_held(t->lock))) && found != n)
		at = &found->next[b->slot];
	return at;
}

static void push(struct svcnat_buckets *b, struct svcnat_hnode *n, u32 hash)
{
	struct svcnat_hnode __rcu **head = &b->head[hash & b->mask];

	RCU_INIT_POINTER(n->next[b->slot], rcu_access_pointer(*head));
	rcu_assign_pointer(*head, n);
}

static void relink(struct svcnat_buckets *to, const struct svcnat_buckets *from,
		   u32 (*hash)(const struct svcnat_hnode *n))
{
	struct svcnat_hnode *n;
	u32 i;

	for (i = 0; from && i <= from->mask; i++) {
		svcnat_htable_for_each(n, from, i)
			push(to, n, hash(n));
		if (i % 4096 == 0)
			cond_resched();
	}
}

/* Does anybody read it who does not hold the lock? */
static bool is_shared(const struct svcnat_htable *t)
{
	return t->kind >= SVCNAT_HTABLE_SHARED;
}

static u32 buckets_for(const struct svcnat_htable *t, u32 count)
{
	switch (t->kind) {
	case SVCNAT_HTABLE_PRIVATE:
	case SVCNAT_HTABLE_SHARED:
		count /= 2;
		break;
	case SVCNAT_HTABLE_STAGED:
		break;
	case SVCNAT_HTABLE_SPARSE:
		count *= 2;
		break;
	}
	return roundup_pow_of_two(max_t(u32, count, BUCKETS_MIN));
}

/**
 * svcnat_htable_reserve - make room, so that adding does not fail
 * @t: table
 * @count: nodes it is going to hold
 *
 * Also gives memory back when the table became much too large. Process
 * context, lock held; may wait for a grace period.
 *
 * Return: 0 or -ENOMEM, and the table stays as it was.
 */
int svcnat_htable_reserve(struct svcnat_htable *t, u32 count)
{
	u32 size = buckets_for(t, count);
	struct svcnat_buckets *old = buckets_locked(t), *new;

	lockdep_assert_held(t->lock);
	if (count > NODES_MAX)
		return -ENOMEM;
	if (old && size <= old->mask + 1 && size > (old->mask + 1) / 8)
		return 0;
	if (old && t->kind == SVCNAT_HTABLE_STAGED)
		size *= 2;
	new = kvzalloc(struct_size(new, head, size), GFP_KERNEL_ACCOUNT);
	/* Giving memory back may fail: there is room. */
	if (!new)
		return old && size <= old->mask ? 0 : -ENOMEM;
	new->mask = size - 1;
	new->slot = old ? !old->slot : 0;

	if (is_shared(t) && old)
		cond_synchronize_rcu(t->resized);
	relink(new, old, t->hash);
	rcu_assign_pointer(t->buckets, new);
	if (!is_shared(t)) {
		kvfree(old);
		return 0;
	}
	t->resized = get_state_synchronize_rcu();
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

/**
 * svcnat_htable_add - add a node
 * @t: table with room reserved
 * @n: node, on no table
 */
void svcnat_htable_add(struct svcnat_htable *t, struct svcnat_hnode *n)
{
	lockdep_assert_held(t->lock);
	push(buckets_locked(t), n, t->hash(n));
	t->count++;
}

/**
 * svcnat_htable_del - take a node off; readers may see it for a grace period
 * @t: table
 * @n: node on it
 */
void svcnat_htable_del(struct svcnat_htable *t, struct svcnat_hnode *n)
{
	struct svcnat_hnode __rcu **at = link_of(t, n);

	lockdep_assert_held(t->lock);
	if (WARN_ON_ONCE(!rcu_access_pointer(*at)))
		return;
	rcu_assign_pointer(*at, rcu_access_pointer(n->next[buckets_locked(t)->slot]));
	t->count--;
}

/**
 * svcnat_htable_take - take any node off
 * @t: table no reader can see any more
 * @bucket: 0 at first, where it got to out
 *
 * Return: the node, or NULL if there is none left.
 */
struct svcnat_hnode *svcnat_htable_take(struct svcnat_htable *t, u32 *bucket)
{
	struct svcnat_buckets *b = buckets_locked(t);
	struct svcnat_hnode *n;

	for (; b && *bucket <= b->mask; ++*bucket) {
		n = rcu_dereference_protected(b->head[*bucket], lockdep_is_held(t->lock));
		if (n) {
			RCU_INIT_POINTER(b->head[*bucket], rcu_access_pointer(n->next[b->slot]));
			t->count--;
			return n;
		}
	}
	return NULL;
}

/**
 * svcnat_htable_replace - put a node in another's place
 * @t: table
 * @old: node on it
 * @new: node of the same key, on no table
 *
 * A reader finds one or the other, never neither.
 */
void svcnat_htable_replace(struct svcnat_htable *t, struct svcnat_hnode *old,
			   struct svcnat_hnode *new)
{
	struct svcnat_hnode __rcu **at = link_of(t, old);
	u8 slot = buckets_locked(t)->slot;

	lockdep_assert_held(t->lock);
	if (WARN_ON_ONCE(!rcu_access_pointer(*at)))
		return;
	RCU_INIT_POINTER(new->next[slot], rcu_access_pointer(old->next[slot]));
	rcu_assign_pointer(*at, new);
}
