// SPDX-License-Identifier: GPL-2.0
/*
 * The table of the flow cache; see cache.h.
 *
 * Readers run under RCU. Writers take the lock of one bucket, softirqs off, and inside it
 * only a conntrack entry's. A full bucket gives up the entry that had no packet for longest,
 * and takes none as long as all of them are in use. References an entry holds are dropped
 * a grace period after it left, so readers may use what it points to.
 *
 * The table is as large as it has to be: what few cache lines there are stay in the
 * processor's caches. One that is too full is replaced by an empty one twice as large: what
 * was in it is worth a packet each on the slow road, and moving it would take more than that.
 */

#include <linux/slab.h>
#include <net/dst.h>
#include <net/neighbour.h>

#include "cache.h"
#include "netns.h"

#define BUCKETS_MIN	128
#define BUCKETS_MAX	65536

static struct kmem_cache *cached_cache __read_mostly;

/**
 * svcnat_cache_module_init - make the slab of entries
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_cache_module_init(void)
{
	BUILD_BUG_ON(offsetof(struct svcnat_cached, dst) >= 64);
	BUILD_BUG_ON(offsetof(struct svcnat_cached, dscp) >= 128);
	cached_cache = KMEM_CACHE(svcnat_cached, SLAB_HWCACHE_ALIGN);
	return cached_cache ? 0 : -ENOMEM;
}

/**
 * svcnat_cache_module_exit - undo svcnat_cache_module_init()
 */
void svcnat_cache_module_exit(void)
{
	rcu_barrier();	/* free_rcu() */
	kmem_cache_destroy(cached_cache);
}

/**
 * svcnat_cached_alloc - an empty entry
 *
 * Return: it, or NULL. Any context.
 */
struct svcnat_cached *svcnat_cached_alloc(void)
{
	return kmem_cache_zalloc(cached_cache, GFP_ATOMIC | __GFP_NOWARN);
}

/**
 * svcnat_cached_free - drop an entry no packet can see, and its references
 * @c: entry, whole or in the making
 *
 * Any context.
 */
void svcnat_cached_free(struct svcnat_cached *c)
{
	if (c->neigh)
		neigh_release(c->neigh);
	dst_release(c->dst);
	if (c->ct)
		nf_ct_put(c->ct);
	kmem_cache_free(cached_cache, c);
}

static void free_rcu(struct rcu_head *rcu)
{
	svcnat_cached_free(container_of(rcu, struct svcnat_cached, rcu));
}

static struct svcnat_cached *at(const struct svcnat_cache_bucket *b, int way)
{
	return rcu_dereference_protected(b->way[way], lockdep_is_held(&b->lock));
}

/*
 * Tells conntrack what it did not see of a TCP connection: it goes by the last
 * acknowledgement to tell a reset from a forged one.
 */
static void tell(const struct svcnat_cached *c)
{
	struct ip_ct_tcp_state *seen = &c->ct->proto.tcp.seen[c->dir];
	u32 ack = READ_ONCE(c->ack);

	spin_lock_bh(&c->ct->lock);
	if (!(seen->flags & IP_CT_TCP_FLAG_MAXACK_SET) || (s32)(ack - seen->td_maxack) > 0) {
		seen->td_maxack = ack;
		seen->flags |= IP_CT_TCP_FLAG_MAXACK_SET;
	}
	spin_unlock_bh(&c->ct->lock);
}

static void take_out(struct svcnat_cache *cache, struct svcnat_cache_bucket *b, int way)
{
	struct svcnat_cached *c = at(b, way);

	lockdep_assert_held(&b->lock);
	RCU_INIT_POINTER(b->way[way], NULL);
	WRITE_ONCE(b->tag[way], 0);
	atomic_dec(&cache->n);
	if (c->key.proto == IPPROTO_TCP && c->ct)
		tell(c);
	call_rcu(&c->rcu, free_rcu);
}

/* The entry that had no packet for longest and is not good any more, -1 if all are. */
static int coldest(const struct svcnat_cache_bucket *b)
{
	int i, way = -1;
	s32 longest = 0;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++) {
		s32 idle = (u32)jiffies - READ_ONCE(at(b, i)->until);

		if (idle > longest) {
			longest = idle;
			way = i;
		}
	}
	return way;
}

/*
 * Where @c is to go: in place of an older one of the same key, to the first way that is free,
 * as packets look there first, to a cold one.
 */
static int choose(const struct svcnat_cache_bucket *b, const struct svcnat_cached *c, u16 tag)
{
	int i, vacant = -1;

	for (i = SVCNAT_CACHE_WAYS - 1; i >= 0; i--) {
		if (!b->tag[i])
			vacant = i;
		else if (b->tag[i] == tag && svcnat_cache_key_equal(&at(b, i)->key, &c->key))
			return i;
	}
	return vacant >= 0 ? vacant : coldest(b);
}

static struct svcnat_cache_bucket *bucket_of(struct svcnat_cache_table *t,
					     const struct svcnat_cache_key *key, u16 *tag)
{
	u32 hash = svcnat_cache_hash(t, key);

	*tag = svcnat_cache_tag(hash);
	return &t->bucket[hash & t->mask];
}

/**
 * svcnat_cache_add - let packets see an entry
 * @cache: cache with a table
 * @c: entry, given away
 *
 * Under RCU.
 *
 * Return: false if there is no room: then @c is still the caller's.
 */
bool svcnat_cache_add(struct svcnat_cache *cache, struct svcnat_cached *c)
{
	struct svcnat_cache_table *t = rcu_dereference(cache->table);
	struct svcnat_cache_bucket *b;
	int way, n = 0;
	u16 tag;

	b = bucket_of(t, &c->key, &tag);
	spin_lock_bh(&b->lock);
	way = choose(b, c, tag);
	if (way >= 0) {
		if (at(b, way))
			take_out(cache, b, way);
		n = atomic_inc_return(&cache->n);
		rcu_assign_pointer(b->way[way], c);
		WRITE_ONCE(b->tag[way], tag);
		if (!READ_ONCE(cache->used))
			WRITE_ONCE(cache->used, true);
	}
	spin_unlock_bh(&b->lock);
	/* Once as it comes about; after that there is another time each two seconds. */
	if (unlikely(n > t->full) && !READ_ONCE(t->asked)) {
		WRITE_ONCE(t->asked, true);
		mod_delayed_work(svcnat_wq, &cache->age, 0);
	}
	return way >= 0;
}

/* Takes out what has the key of a packet and is of @ct. */
static void del_key(struct svcnat_cache *cache, struct svcnat_cache_table *t,
		    const struct svcnat_cache_key *key, const struct nf_conn *ct)
{
	struct svcnat_cache_bucket *b;
	u16 tag;
	int i;

	b = bucket_of(t, key, &tag);
	spin_lock_bh(&b->lock);
	for (i = 0; i < SVCNAT_CACHE_WAYS; i++) {
		const struct svcnat_cached *c = b->tag[i] == tag ? at(b, i) : NULL;

		if (c && c->ct == ct && svcnat_cache_key_equal(&c->key, key))
			take_out(cache, b, i);
	}
	spin_unlock_bh(&b->lock);
}

/**
 * svcnat_cache_del - take out an entry
 * @cache: cache
 * @c: entry, which may have left by itself
 *
 * Under RCU, with @c found in the same read side section or otherwise kept from going.
 */
void svcnat_cache_del(struct svcnat_cache *cache, struct svcnat_cached *c)
{
	del_key(cache, rcu_dereference(cache->table), &c->key, c->ct);
}

/**
 * svcnat_cache_forget - take out both directions of a connection
 * @cache: cache
 * @ct: connection
 *
 * Conntrack is told what it did not see of it. Any context, under RCU, without its lock.
 */
void svcnat_cache_forget(struct svcnat_cache *cache, const struct nf_conn *ct)
{
	struct svcnat_cache_table *t = rcu_dereference(cache->table);
	int dir;

	for (dir = 0; t && dir < IP_CT_DIR_MAX; dir++) {
		const struct svcnat_cache_key key =
			svcnat_cache_key_of(&ct->tuplehash[dir].tuple);

		del_key(cache, t, &key, ct);
	}
}

static void del_in_bucket(struct svcnat_cache *cache, struct svcnat_cache_bucket *b,
			  svcnat_cached_test test, const void *data)
{
	int i;

	spin_lock_bh(&b->lock);
	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		if (at(b, i) && (!test || test(at(b, i), data)))
			take_out(cache, b, i);
	spin_unlock_bh(&b->lock);
}

static bool is_empty(const struct svcnat_cache_bucket *b)
{
	int i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		if (rcu_access_pointer(b->way[i]))
			return false;
	return true;
}

static void del_all_of(struct svcnat_cache *cache, struct svcnat_cache_table *t,
		       svcnat_cached_test test, const void *data)
{
	u32 i;

	for (i = 0; i <= t->mask && atomic_read(&cache->n); i++) {
		if (!is_empty(&t->bucket[i]))
			del_in_bucket(cache, &t->bucket[i], test, data);
		cond_resched();
	}
}

static struct svcnat_cache_table *table_of(const struct svcnat_cache *cache)
{
	return rcu_dereference_protected(cache->table, lockdep_is_held(&cache->walk));
}

/**
 * svcnat_cache_del_all - take out every entry that passes a test
 * @cache: cache with a table
 * @test: called with the bucket's lock held; NULL: every entry
 * @data: for @test
 *
 * Process context; may sleep.
 */
void svcnat_cache_del_all(struct svcnat_cache *cache, svcnat_cached_test test, const void *data)
{
	mutex_lock(&cache->walk);
	del_all_of(cache, table_of(cache), test, data);
	mutex_unlock(&cache->walk);
}

static bool is_idle(const struct svcnat_cached *c, const void *data)
{
	return (s32)((u32)jiffies - READ_ONCE(c->until)) > SVCNAT_CACHE_IDLE;
}

/* With an entry for each direction of as many connections as conntrack may have. */
static u32 buckets_max(void)
{
	return clamp_t(u32, nf_conntrack_max / 4, BUCKETS_MIN, BUCKETS_MAX);
}

static void table_free(struct svcnat_cache_table *t)
{
	kvfree(t->bucket);
	kfree(t);
}

static struct svcnat_cache_table *table_alloc(u32 buckets)
{
	struct svcnat_cache_table *t = kzalloc(sizeof(*t), GFP_KERNEL);
	u32 i;

	if (!t)
		return NULL;
	t->bucket = kvcalloc(buckets, sizeof(*t->bucket), GFP_KERNEL | __GFP_NOWARN);
	if (!t->bucket) {
		kfree(t);
		return NULL;
	}
	t->seed = get_random_u32();
	t->mask = buckets - 1;
	t->full = buckets * SVCNAT_CACHE_LOAD;
	for (i = 0; i < buckets; i++)
		spin_lock_init(&t->bucket[i].lock);
	return t;
}

/*
 * Who looks for an entry to take it out does not see the old ones any more: they go at once.
 * What packets on their way add to them goes a grace period later.
 */
static void replace(struct svcnat_cache *cache, struct svcnat_cache_table *new)
{
	struct svcnat_cache_table *old;

	mutex_lock(&cache->walk);
	old = table_of(cache);
	rcu_assign_pointer(cache->table, new);
	del_all_of(cache, old, NULL, NULL);
	synchronize_net();
	del_all_of(cache, old, NULL, NULL);
	mutex_unlock(&cache->walk);
	table_free(old);
}

/* Memory may take long to come, and device events wait for @walk with the RTNL held. */
static void grow(struct svcnat_cache *cache)
{
	/* Nobody else replaces it. */
	const struct svcnat_cache_table *t = rcu_dereference_raw(cache->table);
	struct svcnat_cache_table *new;

	if (atomic_read(&cache->n) <= t->full || t->mask + 1 >= buckets_max())
		return;
	new = table_alloc(2 * (t->mask + 1));
	if (new)
		replace(cache, new);
}

static void age_work(struct work_struct *work)
{
	struct svcnat_cache *cache = container_of(to_delayed_work(work), struct svcnat_cache, age);

	svcnat_cache_del_all(cache, is_idle, NULL);
	grow(cache);
	if (!atomic_read(&cache->n)) {
		WRITE_ONCE(cache->used, false);
		smp_mb();	/* pairs with atomic_inc_return() in svcnat_cache_add() */
		if (atomic_read(&cache->n))
			WRITE_ONCE(cache->used, true);
	}
	queue_delayed_work(svcnat_wq, &cache->age, SVCNAT_CACHE_IDLE);
}

/**
 * svcnat_cache_init - a cache without a table
 * @cache: cache
 */
void svcnat_cache_init(struct svcnat_cache *cache)
{
	mutex_init(&cache->walk);
	INIT_DELAYED_WORK(&cache->age, age_work);
}

/**
 * svcnat_cache_open - give it its table
 * @cache: cache without one
 *
 * Process context; may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_cache_open(struct svcnat_cache *cache)
{
	struct svcnat_cache_table *t = table_alloc(BUCKETS_MIN);

	if (!t)
		return -ENOMEM;
	rcu_assign_pointer(cache->table, t);
	queue_delayed_work(svcnat_wq, &cache->age, SVCNAT_CACHE_IDLE);
	return 0;
}

/**
 * svcnat_cache_destroy - free it and what is in it
 * @cache: cache no packet uses any more, since a grace period
 *
 * The references entries held are dropped on return. May sleep.
 */
void svcnat_cache_destroy(struct svcnat_cache *cache)
{
	struct svcnat_cache_table *t;

	cancel_delayed_work_sync(&cache->age);
	t = rcu_dereference_raw(cache->table);
	if (t) {
		svcnat_cache_del_all(cache, NULL, NULL);
		rcu_barrier();
		RCU_INIT_POINTER(cache->table, NULL);
		table_free(t);
	}
	mutex_destroy(&cache->walk);
}
