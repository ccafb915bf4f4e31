// SPDX-License-Identifier: GPL-2.0
/* Picking: evenness, turns, ranges of both policies. */

#include <kunit/test.h>
#include <linux/module.h>

#include "../../kmod/backend.c"
#include "../../kmod/pick.c"

#define N 8

static struct svcnat_set *set_of(struct kunit *test, u8 sched, const u8 *flags, u32 n)
{
	struct svcnat_set *set = svcnat_set_alloc(sched, 0, n);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, set);
	for (i = 0; i < n; i++) {
		union nf_inet_addr addr = { .ip = htonl(i + 1) };

		KUNIT_ASSERT_EQ(test, svcnat_set_append(&set, &addr, htons(80), flags[i]), 0);
	}
	KUNIT_ASSERT_EQ(test, svcnat_set_arrange(set), 0);
	return set;
}

static void count(const struct svcnat_set *set, bool local, u32 *hits, u32 draws)
{
	memset(hits, 0, N * sizeof(*hits));
	preempt_disable();
	while (draws--)
		hits[ntohl(svcnat_pick(set, local)->addr.ip) - 1]++;
	preempt_enable();
}

static const u8 all_cluster[N] = { 1, 1, 1, 1, 1, 1, 1, 1 };

/* 16,000 draws of 8: a standard deviation is 42, so this errs once in 10^8 runs. */
static void pick_random_even(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, SVCNAT_SCHED_RANDOM, all_cluster, N);
	u32 hits[N], i;

	count(set, false, hits, 16000);
	for (i = 0; i < N; i++) {
		KUNIT_EXPECT_GT(test, hits[i], 2000 - 250);
		KUNIT_EXPECT_LT(test, hits[i], 2000 + 250);
	}
	svcnat_set_free(set);
}

static void pick_round_robin_exact(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, SVCNAT_SCHED_RR, all_cluster, N);
	u32 hits[N], i;

	count(set, false, hits, 3 * N);
	for (i = 0; i < N; i++)
		KUNIT_EXPECT_EQ(test, hits[i], 3);
	svcnat_set_free(set);
}

/* Backends 1..8: local only, both, neither, cluster only, twice. */
static void pick_policies(struct kunit *test)
{
	static const u8 flags[N] = { 2, 3, 0, 1, 2, 3, 0, 1 };
	u8 sched;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, sched, flags, N);
		u32 hits[N], i;

		KUNIT_EXPECT_EQ(test, svcnat_pick_count(set, false), 4);
		KUNIT_EXPECT_EQ(test, svcnat_pick_count(set, true), 4);
		count(set, false, hits, 400);
		for (i = 0; i < N; i++)
			KUNIT_EXPECT_EQ(test, !!hits[i], flags[i] & 1);
		count(set, true, hits, 400);
		for (i = 0; i < N; i++)
			KUNIT_EXPECT_EQ(test, !!hits[i], flags[i] >> 1);
		svcnat_set_free(set);
	}
}

static void pick_nothing(struct kunit *test)
{
	static const u8 none[N] = {}, local[N] = { 2 };
	struct svcnat_set *set = set_of(test, SVCNAT_SCHED_RANDOM, none, 0);

	KUNIT_EXPECT_NULL(test, svcnat_pick(set, false));
	svcnat_set_free(set);
	set = set_of(test, SVCNAT_SCHED_RR, none, N);
	KUNIT_EXPECT_NULL(test, svcnat_pick(set, false));
	KUNIT_EXPECT_NULL(test, svcnat_pick(set, true));
	svcnat_set_free(set);
	set = set_of(test, SVCNAT_SCHED_RANDOM, local, 1);
	KUNIT_EXPECT_NULL(test, svcnat_pick(set, false));
	KUNIT_EXPECT_NOT_NULL(test, svcnat_pick(set, true));
	svcnat_set_free(set);
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
	KUNIT_CASE(pick_random_even),
	KUNIT_CASE(pick_round_robin_exact),
	KUNIT_CASE(pick_policies),
	KUNIT_CASE(pick_nothing),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_pick",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
