// SPDX-License-Identifier: GPL-2.0
/* Backend sets: order, runs, lookup, carrying over. */

#include "fixture.h"

#define C SVCNAT_BACKEND_F_CLUSTER
#define L SVCNAT_BACKEND_F_LOCAL

static union nf_inet_addr addr_of(u32 i)
{
	return (union nf_inet_addr) { .ip = htonl(0x0a000000 + i) };
}

static int append(struct svcnat_set **set, u32 i, u8 flags)
{
	const struct svcnat_backend like = {
		.addr = addr_of(i), .port = htons(8080), .weight = 1, .flags = flags,
	};

	return svcnat_set_append(set, &like);
}

static struct svcnat_backend *find(const struct svcnat_set *set, u32 i)
{
	union nf_inet_addr addr = addr_of(i);

	return svcnat_set_find(set, &addr, htons(8080), NULL);
}

static struct svcnat_set *set_of(struct kunit *test, const u8 *flags, u32 from, u32 n)
{
	const struct svcnat_settings settings = { };
	struct svcnat_set *set = svcnat_set_alloc(NULL, &settings, 1);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, set);
	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, append(&set, from + i, flags ? flags[i] : C), 0);
	KUNIT_ASSERT_EQ(test, svcnat_set_arrange(set), 0);
	return set;
}

static void backend_order(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, NULL, 5, 3);
	struct svcnat_backend like = { .addr = addr_of(7), .port = htons(8079) };

	KUNIT_EXPECT_EQ(test, append(&set, 7, C), -EINVAL);
	KUNIT_EXPECT_EQ(test, append(&set, 6, C), -EINVAL);
	KUNIT_EXPECT_EQ(test, svcnat_set_append(&set, &like), -EINVAL);
	like.port = htons(8081);
	KUNIT_EXPECT_EQ(test, svcnat_set_append(&set, &like), 0);
	KUNIT_EXPECT_EQ(test, set->n, 4);
	svcnat_set_free(set);
}

static void backend_runs(struct kunit *test)
{
	static const u8 flags[] = { L, C, 0, C | L, C, L, C | L, 0 };
	struct svcnat_set *set = set_of(test, flags, 0, ARRAY_SIZE(flags));
	u32 i, index;

	KUNIT_EXPECT_EQ(test, set->local_start, 2);
	KUNIT_EXPECT_EQ(test, set->cluster_end, 4);
	KUNIT_EXPECT_EQ(test, set->local_end, 6);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		union nf_inet_addr addr = addr_of(i);

		KUNIT_ASSERT_NOT_NULL(test,
				      svcnat_set_find(set, &addr, htons(8080), &index));
		KUNIT_EXPECT_EQ(test, svcnat_set_flags(set, index), flags[i]);
	}
	KUNIT_EXPECT_NULL(test, find(set, 8));
	svcnat_set_free(set);
}

static void backend_large(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, NULL, 1, 5000);
	u32 i;

	for (i = 1; i <= 5000; i++)
		KUNIT_ASSERT_PTR_EQ(test, find(set, i), set->backend[i - 1]);
	KUNIT_EXPECT_NULL(test, find(set, 0));
	svcnat_set_free(set);
}

static struct svcnat_service *new_service(struct kunit *test)
{
	struct svcnat_service *svc = svcnat_service_alloc("a/b:", AF_INET, IPPROTO_TCP);

	KUNIT_ASSERT_NOT_NULL(test, svc);
	return svc;
}

/* As a commit does: @new takes the place of @old, which packets cannot see any more. */
static unsigned long grace;

static struct svcnat_carry exchange(struct kunit *test, struct svcnat_set *new,
				    struct svcnat_set *old, struct svcnat_service *svc)
{
	struct svcnat_carry c = { };

	KUNIT_ASSERT_EQ(test, svcnat_carry_prepare(&c, new, old, svc->gone), 0);
	svcnat_carry_over(&c, new, old, &svc->gone);
	KUNIT_EXPECT_NULL(test, c.room);
	grace = get_state_synchronize_rcu();
	synchronize_rcu();
	return c;
}

static void retire(struct svcnat_set *old)
{
	old->n = 0;
	svcnat_set_free(old);
}

static void backend_carry(struct kunit *test)
{
	struct svcnat_set *a = set_of(test, NULL, 0, 4), *b = set_of(test, NULL, 2, 4), *c;
	struct svcnat_service *svc = new_service(test);
	struct svcnat_backend *two = find(a, 2);
	struct svcnat_totals t;

	atomic64_set(&find(a, 0)->connections, 3);
	atomic64_set(&two->connections, 5);
	KUNIT_EXPECT_EQ(test, exchange(test, b, a, svc).carried, 2);
	KUNIT_EXPECT_PTR_EQ(test, find(b, 2), two);
	svcnat_service_totals(svc, b, &t);
	KUNIT_EXPECT_EQ(test, t.connections, 8);
	KUNIT_EXPECT_EQ(test, t.active, 0);

	/* The first set may be freed after the second was replaced too. */
	c = set_of(test, NULL, 5, 1);
	KUNIT_EXPECT_EQ(test, exchange(test, c, b, svc).carried, 1);
	svcnat_gone_prune(&svc->gone, grace);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 0);
	KUNIT_EXPECT_EQ(test, svc->gone->past.connections, 8);
	retire(b);
	retire(a);
	svc->set = c;
	svcnat_service_free(svc);
}

/* One with connections stays with the service until they end, and may come back. */
static void backend_gone_and_back(struct kunit *test)
{
	struct svcnat_set *a = set_of(test, NULL, 0, 2), *b = set_of(test, NULL, 1, 1);
	struct svcnat_set *c = set_of(test, NULL, 0, 2);
	struct svcnat_service *svc = new_service(test);
	struct svcnat_backend *zero = find(a, 0);

	refcount_inc(&zero->refs);
	atomic64_set(&zero->connections, 7);
	exchange(test, b, a, svc);
	svcnat_gone_prune(&svc->gone, grace);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 1);
	KUNIT_EXPECT_EQ(test, zero->flags, 0);
	exchange(test, c, b, svc);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 0);
	KUNIT_EXPECT_PTR_EQ(test, find(c, 0), zero);
	KUNIT_EXPECT_EQ(test, zero->flags, C);
	svcnat_backend_put(zero);
	retire(a);
	retire(b);
	svc->set = c;
	svcnat_service_free(svc);
}

/* Many leave, out of every run and in several commits, and come back into others. */
static void backend_many_gone(struct kunit *test)
{
	static const u8 before[] = { C, L, C | L, 0, C, L, C | L, 0, L, C, 0, C | L };
	static const u8 after[] = { L, C, 0, C | L, C | L, C, 0, L, C, L, C | L, 0 };
	struct svcnat_set *a = set_of(test, before, 0, 12), *b = set_of(test, before + 3, 3, 6);
	struct svcnat_set *c = set_of(test, before, 5, 1), *d = set_of(test, after, 0, 12);
	struct svcnat_service *svc = new_service(test);
	struct svcnat_backend *was[12];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(was); i++) {
		was[i] = find(a, i);
		refcount_inc(&was[i]->refs);
	}
	exchange(test, b, a, svc);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 6);
	exchange(test, c, b, svc);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 11);
	svcnat_backend_put(was[2]);
	svcnat_gone_prune(&svc->gone, grace);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 10);
	KUNIT_EXPECT_EQ(test, exchange(test, d, c, svc).carried, 1);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 0);
	for (i = 0; i < ARRAY_SIZE(was); i++) {
		if (i == 2)
			continue;
		KUNIT_EXPECT_PTR_EQ(test, find(d, i), was[i]);
		svcnat_backend_put(was[i]);
	}
	retire(a);
	retire(b);
	retire(c);
	svc->set = d;
	svcnat_service_free(svc);
}

/* However many left: once they are forgotten, what they counted is all there is. */
static void backend_forgotten(struct kunit *test)
{
	struct svcnat_set *a = set_of(test, NULL, 0, 2000), *b = set_of(test, NULL, 5000, 1);
	struct svcnat_service *svc = new_service(test);
	struct svcnat_totals t;
	u32 i;

	for (i = 0; i < 2000; i++)
		atomic64_set(&find(a, i)->bytes[1], i);
	exchange(test, b, a, svc);
	KUNIT_EXPECT_EQ(test, svc->gone->n, 2000);
	/* So many are waited for. */
	svcnat_gone_prune(&svc->gone, get_state_synchronize_rcu());
	KUNIT_EXPECT_EQ(test, svc->gone->n, 0);
	KUNIT_EXPECT_LE(test, ksize(svc->gone), 64);
	svcnat_service_totals(svc, b, &t);
	KUNIT_EXPECT_EQ(test, t.bytes[1], 1999 * 2000 / 2);
	KUNIT_EXPECT_EQ(test, t.active, 0);
	retire(a);
	svc->set = b;
	svcnat_service_free(svc);
}

/* When connections are cut, by policy and by how far a backend has left. */
static void backend_cut(struct kunit *test)
{
	static const u8 picked[] = { C, C }, going[] = { 0, C };
	static const struct {
		u8 removal;
		u32 seconds;
		bool going;	/* is something cut once it only serves */
		bool gone;	/* and once it left */
	} table[] = {
		{ SVCNAT_REMOVAL_KEEP, 0, false, false },
		{ SVCNAT_REMOVAL_DRAIN, 10, true, true },
		{ SVCNAT_REMOVAL_RESET, 0, false, true },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct svcnat_set *a = set_of(test, picked, 0, 2), *b = set_of(test, going, 0, 2);
		struct svcnat_set *c = set_of(test, NULL, 1, 1), *d = set_of(test, picked, 0, 2);
		struct svcnat_set *sets[] = { a, b, c, d };
		struct svcnat_service *svc = new_service(test);
		struct svcnat_backend *zero = find(a, 0);
		u32 at, j;

		for (j = 0; j < ARRAY_SIZE(sets); j++) {
			sets[j]->settings.removal = table[i].removal;
			sets[j]->settings.drain_seconds = table[i].seconds;
		}
		refcount_inc(&zero->refs);
		exchange(test, b, a, svc);
		at = zero->cut_at;
		KUNIT_EXPECT_EQ(test, !!at, table[i].going);
		KUNIT_EXPECT_EQ(test, exchange(test, c, b, svc).cutting, table[i].gone);
		KUNIT_EXPECT_EQ(test, !!zero->cut_at, table[i].gone);
		/* The clock of a drain goes on where it was. */
		if (at)
			KUNIT_EXPECT_EQ(test, zero->cut_at, at);
		exchange(test, d, c, svc);
		KUNIT_EXPECT_EQ(test, zero->cut_at, 0);
		svcnat_backend_put(zero);
		retire(a);
		retire(b);
		retire(c);
		svc->set = d;
		svcnat_service_free(svc);
	}
}

/* What changed places between the runs is found all the same. */
static void backend_carry_across_runs(struct kunit *test)
{
	static const u8 before[] = { C, L, C | L, 0, C, L, C | L, 0 };
	static const u8 after[] = { L, C, 0, C | L, C | L, C, 0, L };
	struct svcnat_set *a = set_of(test, before, 0, 8), *b = set_of(test, after, 1, 8);
	struct svcnat_service *svc = new_service(test);
	struct svcnat_backend *was[9];
	u32 i;

	for (i = 0; i < 8; i++)
		was[i] = find(a, i);
	KUNIT_EXPECT_EQ(test, exchange(test, b, a, svc).carried, 7);
	for (i = 1; i < 8; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(b, i), was[i]);
	KUNIT_EXPECT_FALSE(test, svcnat_set_same(b, a));
	retire(a);
	svc->set = b;
	svcnat_service_free(svc);
}

/* The same bounds, other members of the runs; another weight. */
static void backend_same(struct kunit *test)
{
	static const u8 one[] = { C, C | L }, other[] = { C | L, C };
	struct svcnat_set *a = set_of(test, one, 0, 2), *b = set_of(test, one, 0, 2);
	struct svcnat_set *c = set_of(test, other, 0, 2), *d = set_of(test, other, 0, 2);
	struct svcnat_service *svc = new_service(test);

	exchange(test, b, a, svc);
	KUNIT_EXPECT_TRUE(test, svcnat_set_same(b, a));
	exchange(test, c, b, svc);
	KUNIT_EXPECT_FALSE(test, svcnat_set_same(c, b));
	d->backend[0]->weight = 2;
	KUNIT_EXPECT_TRUE(test, exchange(test, d, c, svc).changed);
	retire(a);
	retire(b);
	retire(c);
	svc->set = d;
	svcnat_service_free(svc);
}

/* There may be a million backends, and a service with ten takes less than 1.2 kB. */
static void backend_memory(struct kunit *test)
{
	const struct svcnat_set *set = NULL;

	KUNIT_EXPECT_LE(test, offsetofend(struct svcnat_backend, addr.ip), 72);
	KUNIT_EXPECT_LE(test, sizeof(struct svcnat_backend), 88);
	KUNIT_EXPECT_LE(test, struct_size(set, backend, 10), 128);
	KUNIT_EXPECT_LE(test, sizeof(struct svcnat_service), 128);
	KUNIT_EXPECT_LE(test, offsetofend(struct svcnat_vip, key.addr.ip), 48);
	KUNIT_EXPECT_LE(test, sizeof(struct svcnat_vip), 56);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(backend_memory),
	KUNIT_CASE(backend_order),
	KUNIT_CASE(backend_runs),
	KUNIT_CASE(backend_large),
	KUNIT_CASE(backend_carry),
	KUNIT_CASE(backend_carry_across_runs),
	KUNIT_CASE(backend_gone_and_back),
	KUNIT_CASE(backend_many_gone),
	KUNIT_CASE(backend_forgotten),
	KUNIT_CASE(backend_cut),
	KUNIT_CASE(backend_same),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_backend",
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
