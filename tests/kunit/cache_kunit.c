// SPDX-License-Identifier: GPL-2.0
/* The table of the flow cache: what is found, what gives way to what, how it grows. */

#include "cached.h"

/* A table of @n buckets that stays as it is, without what ages it. */
static struct svcnat_cache *cache_of(struct kunit *test, u32 n)
{
	struct svcnat_cache *cache = kunit_kzalloc(test, sizeof(*cache), GFP_KERNEL);
	struct svcnat_cache_table *t = table_alloc(n);

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->full = INT_MAX;
	RCU_INIT_POINTER(cache->table, t);
	svcnat_cache_init(cache);
	return cache;
}

static struct svcnat_cache_key key_of(u32 i)
{
	return (struct svcnat_cache_key) {
		.src.ip = htonl(0x0a000000 + i), .dst.ip = htonl(0x0a600001),
		.sport = htons(i), .dport = htons(80),
		.family = NFPROTO_IPV4, .proto = i & 1 ? IPPROTO_TCP : IPPROTO_UDP,
	};
}

/* An entry that is good for @term more. */
static struct svcnat_cached *entry(struct kunit *test, u32 i, s32 term)
{
	struct svcnat_cached *c = svcnat_cached_alloc();

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->key = key_of(i);
	c->until = (u32)jiffies + term;
	return c;
}

static struct svcnat_cached *find(struct svcnat_cache *cache, u32 i)
{
	const struct svcnat_cache_key key = key_of(i);
	struct svcnat_cached *c;

	rcu_read_lock();
	c = svcnat_cache_find(rcu_dereference(cache->table), &key);
	rcu_read_unlock();
	return c;
}

static bool add(struct svcnat_cache *cache, struct svcnat_cached *c)
{
	bool added;

	rcu_read_lock();
	added = svcnat_cache_add(cache, c);
	rcu_read_unlock();
	if (!added)
		svcnat_cached_free(c);
	return added;
}

static void cache_cold_goes_first(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1);
	u32 i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		KUNIT_EXPECT_TRUE(test, add(cache, entry(test, i, 100 * HZ)));
	/* All of them are in use: the new one has to wait. */
	KUNIT_EXPECT_FALSE(test, add(cache, entry(test, 100, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 100));
	WRITE_ONCE(find(cache, 1)->until, (u32)jiffies - 2 * HZ);
	WRITE_ONCE(find(cache, 3)->until, (u32)jiffies - 3 * HZ);
	KUNIT_EXPECT_TRUE(test, add(cache, entry(test, 100, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 3));
	KUNIT_EXPECT_TRUE(test, add(cache, entry(test, 101, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 1));
	KUNIT_EXPECT_FALSE(test, add(cache, entry(test, 102, 100 * HZ)));
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), SVCNAT_CACHE_WAYS);
	svcnat_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 0);
}

/* Packets look there first, and the first ways share a cache line with the tags. */
static void cache_first_ways_fill_first(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1);
	const struct svcnat_cache_bucket *b = rcu_access_pointer(cache->table)->bucket;
	u32 i;

	for (i = 0; i < 3; i++)
		add(cache, entry(test, i, 100 * HZ));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(b->way[i]), find(cache, i));
	rcu_read_lock();
	svcnat_cache_del(cache, find(cache, 1));
	rcu_read_unlock();
	add(cache, entry(test, 100, 100 * HZ));
	KUNIT_EXPECT_PTR_EQ(test, rcu_access_pointer(b->way[1]), find(cache, 100));
	svcnat_cache_destroy(cache);
}

static void cache_one_for_a_key(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1);
	struct svcnat_cached *later;
	u32 i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		add(cache, entry(test, i, 100 * HZ));
	later = entry(test, 2, 100 * HZ);
	KUNIT_EXPECT_TRUE(test, add(cache, later));
	KUNIT_EXPECT_PTR_EQ(test, find(cache, 2), later);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), SVCNAT_CACHE_WAYS);
	svcnat_cache_destroy(cache);
}

static void cache_forgets_a_connection(struct kunit *test)
{
	struct nf_conn *ct = kunit_kzalloc(test, 2 * sizeof(*ct), GFP_KERNEL);
	struct svcnat_cache *cache = cache_of(test, 4);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, ct);
	for (i = 0; i < 2; i++) {
		struct svcnat_cached *c = entry(test, i, HZ);
		struct nf_conntrack_tuple *t = &ct[0].tuplehash[i].tuple;

		refcount_set(&ct[i].ct_general.use, 1000);
		spin_lock_init(&ct[i].lock);
		t->src.u3 = c->key.src;
		t->dst.u3 = c->key.dst;
		t->src.u.all = c->key.sport;
		t->dst.u.all = c->key.dport;
		t->src.l3num = c->key.family;
		t->dst.protonum = c->key.proto;
		ct[1].tuplehash[i] = ct[0].tuplehash[i];
		c->ct = &ct[0];
		c->dir = i;
		c->ack = 4711;
		add(cache, c);
	}
	add(cache, entry(test, 2, HZ));
	rcu_read_lock();
	/* The same tuples, another connection: an entry of before. */
	svcnat_cache_forget(cache, &ct[1]);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 3);
	svcnat_cache_forget(cache, &ct[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 1);
	svcnat_cache_forget(cache, &ct[0]);
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(test, find(cache, 2));
	svcnat_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, refcount_read(&ct[0].ct_general.use), 998);
	/* What it did not see of TCP it was told. */
	KUNIT_EXPECT_EQ(test, ct[0].proto.tcp.seen[1].td_maxack, 4711);
	KUNIT_EXPECT_FALSE(test, ct[0].proto.tcp.seen[0].flags & IP_CT_TCP_FLAG_MAXACK_SET);
}

#define MODEL 2000

/* Against an array of what was added last. */
static void cache_model(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1024);
	struct svcnat_cached **model = kunit_kcalloc(test, MODEL, sizeof(*model), GFP_KERNEL);
	u32 i, step, there = 0;

	KUNIT_ASSERT_NOT_NULL(test, model);
	for (step = 0; step < 20000; step++) {
		i = prandom_u32_state(&rnd) % MODEL;
		if (prandom_u32_state(&rnd) % 3) {
			struct svcnat_cached *c = entry(test, i, 100 * HZ);

			if (add(cache, c))
				model[i] = c;
		} else if (model[i]) {
			rcu_read_lock();
			svcnat_cache_del(cache, model[i]);
			rcu_read_unlock();
			model[i] = NULL;
		}
	}
	for (i = 0; i < MODEL; i++) {
		KUNIT_EXPECT_PTR_EQ(test, find(cache, i), model[i]);
		there += !!model[i];
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), there);
	svcnat_cache_destroy(cache);
}

static bool is_odd(const struct svcnat_cached *c, const void *data)
{
	return ntohs(c->key.sport) & 1;
}

static void cache_idle_and_chosen_ones_go(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 64);
	u32 i;

	for (i = 0; i < 40; i++)
		add(cache, entry(test, i, i < 20 ? 100 * HZ : -SVCNAT_CACHE_IDLE - HZ));
	svcnat_cache_del_all(cache, is_idle, NULL);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, !!find(cache, i), i < 20);
	svcnat_cache_del_all(cache, is_odd, NULL);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, !!find(cache, i), !(i & 1));
	svcnat_cache_destroy(cache);
}

/* One that is too full gives way to an empty one twice as large, as long as it may grow. */
static void cache_grows(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, BUCKETS_MIN);
	struct svcnat_cache_table *t = rcu_dereference_raw(cache->table);
	const int enough = 2 * BUCKETS_MIN;
	int i;

	for (i = 0; i < enough; i++)
		KUNIT_ASSERT_TRUE(test, add(cache, entry(test, i, 100 * HZ)));
	t->full = enough;
	grow(cache);
	KUNIT_EXPECT_PTR_EQ(test, t, rcu_dereference_raw(cache->table));
	t->full = INT_MAX;

	KUNIT_ASSERT_TRUE(test, add(cache, entry(test, enough, 100 * HZ)));
	grow(cache);
	KUNIT_EXPECT_PTR_EQ(test, t, rcu_dereference_raw(cache->table));
	t->full = enough;
	grow(cache);
	t = rcu_dereference_raw(cache->table);
	KUNIT_EXPECT_EQ(test, t->mask, 2 * BUCKETS_MIN - 1);
	KUNIT_EXPECT_EQ(test, t->full, 2 * BUCKETS_MIN * SVCNAT_CACHE_LOAD);
	t->full = INT_MAX;

	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 0);
	for (i = 0; i <= enough; i++)
		KUNIT_EXPECT_NULL(test, find(cache, i));
	KUNIT_EXPECT_TRUE(test, add(cache, entry(test, 1, 100 * HZ)));
	KUNIT_EXPECT_NOT_NULL(test, find(cache, 1));
	svcnat_cache_destroy(cache);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cache_cold_goes_first),
	KUNIT_CASE(cache_first_ways_fill_first),
	KUNIT_CASE(cache_one_for_a_key),
	KUNIT_CASE(cache_forgets_a_connection),
	KUNIT_CASE(cache_model),
	KUNIT_CASE(cache_grows),
	KUNIT_CASE(cache_idle_and_chosen_ones_go),
	{}
};

static struct kunit_suite suite = {
	.name = "cache",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit: the table of the flow cache");
MODULE_LICENSE("GPL");
