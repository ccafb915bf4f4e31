// SPDX-License-Identifier: GPL-2.0
/* VIP table: keys from flows, lookup, growth and shrinking, replacement. */

#include <kunit/test.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "../../kmod/htable.c"
#include "../../kmod/vip.c"

struct fixture {
	struct mutex lock;
	struct svcnat_htable table;
};

/* 6.12 runs a case's init and exit in other threads, so the lock is taken here. */
#define LOCKED_TEST(name, mutex)					\
	static void name##_locked(struct kunit *test);			\
	static void name(struct kunit *test)				\
	{								\
		struct fixture *f = test->priv;				\
									\
		mutex_lock(&f->mutex);					\
		name##_locked(test);					\
		mutex_unlock(&f->mutex);				\
	}								\
	static void name##_locked(struct kunit *test)

static struct svcnat_key key_of(u32 i)
{
	return (struct svcnat_key) {
		.addr.ip = htonl(0x0a600000 + i / 7),
		.port = htons(1 + i % 7),
		.proto = IPPROTO_TCP,
		.family = AF_INET,
	};
}

static struct svcnat_vip *vip_of(struct kunit *test, u32 i)
{
	struct svcnat_key key = key_of(i);
	struct svcnat_vip *vip = svcnat_vip_alloc(&key, 0, 0);

	KUNIT_ASSERT_NOT_NULL(test, vip);
	return vip;
}

static struct svcnat_vip *find(struct fixture *f, u32 i)
{
	struct svcnat_key key = key_of(i);

	return svcnat_vip_find(&f->table, &key);
}

static void vip_keys_of_flows(struct kunit *test)
{
	struct nf_conntrack_tuple flow = {
		.src.l3num = AF_INET,
		.src.u3.ip = htonl(0x01020304),
		.src.u.all = htons(40000),
		.dst.u3.ip = htonl(0x0a600001),
		.dst.u.all = htons(80),
		.dst.protonum = IPPROTO_UDP,
	};
	struct svcnat_key key = svcnat_key_of(&flow), other;
	u32 i;

	KUNIT_EXPECT_EQ(test, key.addr.ip, htonl(0x0a600001));
	KUNIT_EXPECT_EQ(test, key.port, htons(80));
	KUNIT_EXPECT_EQ(test, key.proto, IPPROTO_UDP);
	KUNIT_EXPECT_EQ(test, key.family, AF_INET);

	other = svcnat_key_nodeport(&key);
	KUNIT_EXPECT_FALSE(test, svcnat_key_equal(&key, &other));
	KUNIT_EXPECT_EQ(test, other.addr.ip, 0);

	/* Families, protocols and each word of an address tell keys apart. */
	other = key;
	other.family = AF_INET6;
	KUNIT_EXPECT_FALSE(test, svcnat_key_equal(&key, &other));
	other = key;
	other.proto = IPPROTO_TCP;
	KUNIT_EXPECT_FALSE(test, svcnat_key_equal(&key, &other));
	key.family = AF_INET6;
	for (i = 0; i < ARRAY_SIZE(key.addr.all); i++) {
		other = key;
		KUNIT_EXPECT_TRUE(test, svcnat_key_equal(&key, &other));
		other.addr.all[i] ^= 1;
		KUNIT_EXPECT_FALSE(test, svcnat_key_equal(&key, &other));
	}
}

/* Entries have memory for the address of their family only; sanitizers see to that. */
LOCKED_TEST(vip_families, lock)
{
	static const u8 family[] = { AF_INET, AF_INET6 };
	struct fixture *f = test->priv;
	struct svcnat_vip *vip[2];
	struct svcnat_key key;
	u32 i;

	KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, 2), 0);
	for (i = 0; i < ARRAY_SIZE(family); i++) {
		key = key_of(0);
		key.family = family[i];
		vip[i] = svcnat_vip_alloc(&key, 0, 0);
		KUNIT_ASSERT_NOT_NULL(test, vip[i]);
		svcnat_htable_add(&f->table, &vip[i]->node);
	}
	for (i = 0; i < ARRAY_SIZE(family); i++)
		KUNIT_EXPECT_PTR_EQ(test, svcnat_vip_find(&f->table, &vip[i]->key), vip[i]);
	for (i = 0; i < ARRAY_SIZE(family); i++) {
		svcnat_htable_del(&f->table, &vip[i]->node);
		KUNIT_EXPECT_NULL(test, svcnat_vip_find(&f->table, &vip[i]->key));
	}
	synchronize_rcu();
	svcnat_vip_free(vip[0]);
	svcnat_vip_free(vip[1]);
}

LOCKED_TEST(vip_grow_and_shrink, lock)
{
	struct fixture *f = test->priv;
	const u32 n = 3000;
	u32 i, j;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, i + 1), 0);
		svcnat_htable_add(&f->table, &vip_of(test, i)->node);
		if (i % 500)
			continue;
		for (j = 0; j <= i; j++)
			KUNIT_ASSERT_NOT_NULL(test, find(f, j));
	}
	KUNIT_EXPECT_NULL(test, find(f, n));
	KUNIT_EXPECT_EQ(test, f->table.count, n);
	KUNIT_EXPECT_EQ(test, rcu_dereference_protected(f->table.buckets, true)->mask, 8191);
	for (i = 0; i < n; i++) {
		struct svcnat_vip *vip = find(f, i);

		KUNIT_ASSERT_NOT_NULL(test, vip);
		svcnat_htable_del(&f->table, &vip->node);
		svcnat_vip_free(vip);
		if (i % 500 == 0)
			KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, n - i), 0);
	}
	KUNIT_EXPECT_EQ(test, f->table.count, 0);
	KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, 0), 0);
	KUNIT_EXPECT_EQ(test, rcu_dereference_protected(f->table.buckets, true)->mask, 63);
}

LOCKED_TEST(vip_replace, lock)
{
	struct fixture *f = test->priv;
	struct svcnat_vip *old = vip_of(test, 1), *new = vip_of(test, 1);

	KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, 1), 0);
	svcnat_htable_add(&f->table, &old->node);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 1), old);
	svcnat_htable_replace(&f->table, &old->node, &new->node);
	KUNIT_EXPECT_PTR_EQ(test, find(f, 1), new);
	KUNIT_EXPECT_EQ(test, f->table.count, 1);
	svcnat_htable_del(&f->table, &new->node);
	KUNIT_EXPECT_NULL(test, find(f, 1));
	svcnat_vip_free(old);
	svcnat_vip_free(new);
}

#define STAY 100	/* entries that are always there */

struct reader {
	struct fixture *f;
	unsigned long missed;
	unsigned long rounds;
};

static int read_on(void *arg)
{
	struct reader *r = arg;
	u32 i;

	while (!kthread_should_stop()) {
		for (i = 0; i < STAY; i++) {
			rcu_read_lock();
			r->missed += !find(r->f, i);
			rcu_read_unlock();
		}
		WRITE_ONCE(r->rounds, r->rounds + 1);
		cond_resched();
	}
	return 0;
}

static void add(struct kunit *test, struct fixture *f, u32 i)
{
	svcnat_htable_add(&f->table, &vip_of(test, i)->node);
}

static void del(struct fixture *f, u32 i)
{
	struct svcnat_vip *vip = find(f, i);

	svcnat_htable_del(&f->table, &vip->node);
	synchronize_rcu();
	svcnat_vip_free(vip);
}

static void replace(struct kunit *test, struct fixture *f, u32 i)
{
	struct svcnat_vip *old = find(f, i), *new = vip_of(test, i);

	svcnat_htable_replace(&f->table, &old->node, &new->node);
	synchronize_rcu();
	svcnat_vip_free(old);
}

/* Readers find what stays, however the table is resized and changed around it. */
LOCKED_TEST(vip_readers, lock)
{
	struct fixture *f = test->priv;
	struct reader reader = { .f = f };
	struct task_struct *task;
	u32 i, round;

	KUNIT_ASSERT_EQ(test, svcnat_htable_reserve(&f->table, STAY), 0);
	for (i = 0; i < STAY; i++)
		add(test, f, i);
	task = kthread_run(read_on, &reader, "svcnat_reader");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (round = 0; round < 40; round++) {
		KUNIT_EXPECT_EQ(test, svcnat_htable_reserve(&f->table, round & 1 ? 64 : 4000), 0);
		add(test, f, 1000 + round);
		replace(test, f, round % STAY);
		if (round & 1) {
			del(f, 1000 + round);
			del(f, 1000 + round - 1);
		}
	}
	while (!READ_ONCE(reader.rounds))
		cond_resched();
	kthread_stop(task);
	KUNIT_EXPECT_EQ(test, reader.missed, 0);
	for (i = 0; i < STAY; i++)
		del(f, i);
}

LOCKED_TEST(vip_empty, lock)
{
	KUNIT_EXPECT_NULL(test, find(test->priv, 1));
}

static int case_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	mutex_init(&f->lock);
	svcnat_htable_init(&f->table, &f->lock, svcnat_vip_hash, SVCNAT_HTABLE_SPARSE);
	test->priv = f;
	return 0;
}

static void case_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	svcnat_htable_destroy(&f->table);
}

static int suite_init(struct kunit_suite *suite)
{
	return svcnat_vip_module_init();
}

static void suite_exit(struct kunit_suite *suite)
{
	rcu_barrier();
	svcnat_vip_module_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(vip_keys_of_flows),
	KUNIT_CASE(vip_families),
	KUNIT_CASE(vip_grow_and_shrink),
	KUNIT_CASE(vip_replace),
	KUNIT_CASE(vip_readers),
	KUNIT_CASE(vip_empty),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_vip",
	.init = case_init,
	.exit = case_exit,
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
