// SPDX-License-Identifier: GPL-2.0
/* Backend sets: order, runs, lookup, carrying over. */

#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/module.h>

#include "../../kmod/backend.c"

#define C SVCNAT_BACKEND_F_CLUSTER
#define L SVCNAT_BACKEND_F_LOCAL

static union nf_inet_addr addr_of(u32 i)
{
	return (union nf_inet_addr) { .ip = htonl(0x0a000000 + i) };
}

static int append(struct svcnat_set **set, u32 i, u8 flags)
{
	union nf_inet_addr addr = addr_of(i);

	return svcnat_set_append(set, &addr, htons(8080), flags);
}

static struct svcnat_backend *find(const struct svcnat_set *set, u32 i)
{
	union nf_inet_addr addr = addr_of(i);

	return svcnat_set_find(set, &addr, htons(8080), NULL);
}

static struct svcnat_set *set_of(struct kunit *test, const u8 *flags, u32 from, u32 n)
{
	struct svcnat_set *set = svcnat_set_alloc(SVCNAT_SCHED_RANDOM, 0, 1);
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
	union nf_inet_addr addr = addr_of(7);

	KUNIT_EXPECT_EQ(test, append(&set, 7, C), -EINVAL);
	KUNIT_EXPECT_EQ(test, append(&set, 6, C), -EINVAL);
	KUNIT_EXPECT_EQ(test, svcnat_set_append(&set, &addr, htons(8079), C), -EINVAL);
	KUNIT_EXPECT_EQ(test, svcnat_set_append(&set, &addr, htons(8081), C), 0);
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

static void backend_carry(struct kunit *test)
{
	struct svcnat_set *a = set_of(test, NULL, 0, 4), *b = set_of(test, NULL, 2, 4), *c;
	struct svcnat_backend *two = find(a, 2);

	atomic64_set(&find(a, 0)->connections, 3);
	atomic64_set(&two->connections, 5);
	KUNIT_EXPECT_EQ(test, svcnat_set_carry(b, a), 2);
	KUNIT_EXPECT_PTR_EQ(test, find(b, 2), two);
	KUNIT_EXPECT_EQ(test, atomic64_read(&find(b, 2)->connections), 5);
	KUNIT_EXPECT_EQ(test, svcnat_set_drain(a), 3);

	/* The first set may be freed after the second was replaced too. */
	c = set_of(test, NULL, 5, 1);
	KUNIT_EXPECT_EQ(test, svcnat_set_carry(c, b), 1);
	KUNIT_EXPECT_EQ(test, svcnat_set_drain(b), 5);
	KUNIT_EXPECT_EQ(test, svcnat_set_drain(a), 0);
	svcnat_set_free_retired(b);
	svcnat_set_free_retired(a);
	svcnat_set_free(c);
}

/* What changed places between the runs is found all the same. */
static void backend_carry_across_runs(struct kunit *test)
{
	static const u8 before[] = { C, L, C | L, 0, C, L, C | L, 0 };
	static const u8 after[] = { L, C, 0, C | L, C | L, C, 0, L };
	struct svcnat_set *a = set_of(test, before, 0, 8), *b = set_of(test, after, 1, 8);
	struct svcnat_backend *was[9];
	u32 i;

	for (i = 0; i < 8; i++)
		was[i] = find(a, i);
	KUNIT_EXPECT_EQ(test, svcnat_set_carry(b, a), 7);
	for (i = 1; i < 8; i++)
		KUNIT_EXPECT_PTR_EQ(test, find(b, i), was[i]);
	KUNIT_EXPECT_FALSE(test, svcnat_set_same(b, a));
	svcnat_set_free_retired(a);
	svcnat_set_free(b);
}

/* The same bounds, other members of the runs. */
static void backend_same(struct kunit *test)
{
	static const u8 one[] = { C, C | L }, other[] = { C | L, C };
	struct svcnat_set *a = set_of(test, one, 0, 2), *b = set_of(test, one, 0, 2);
	struct svcnat_set *c = set_of(test, other, 0, 2);

	svcnat_set_carry(b, a);
	KUNIT_EXPECT_TRUE(test, svcnat_set_same(b, a));
	svcnat_set_carry(c, b);
	KUNIT_EXPECT_FALSE(test, svcnat_set_same(c, b));
	svcnat_set_free_retired(a);
	svcnat_set_free_retired(b);
	svcnat_set_free(c);
}

static int suite_init(struct kunit_suite *suite)
{
	return svcnat_backend_module_init();
}

static void suite_exit(struct kunit_suite *suite)
{
	svcnat_backend_module_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(backend_order),
	KUNIT_CASE(backend_runs),
	KUNIT_CASE(backend_large),
	KUNIT_CASE(backend_carry),
	KUNIT_CASE(backend_carry_across_runs),
	KUNIT_CASE(backend_same),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_backend",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
