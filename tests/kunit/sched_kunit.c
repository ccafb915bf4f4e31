// SPDX-License-Identifier: GPL-2.0
/* What schedulers draw from: when there is a table, weights, Maglev. */

#include "sets.h"

#define MAGLEV_SLOTS 65521	/* of up to 2,048 backends */

static struct svcnat_set *weighted(struct kunit *test, u8 sched, const u16 *weight, u32 n)
{
	struct spec *specs = kunit_kcalloc(test, n, sizeof(*specs), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, specs);
	for (i = 0; i < n; i++)
		specs[i].weight = weight[i];
	return set_of(test, settings_of(sched), specs, n);
}

/* Slots of each backend; of a set without a table, one each. */
static u32 *shares(struct kunit *test, const struct svcnat_set *set, bool local)
{
	const struct svcnat_table *table = svcnat_sched_table(set, local);
	u32 n = svcnat_set_count(set, local), i;
	u32 *hits = kunit_kcalloc(test, n, sizeof(*hits), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, hits);
	for (i = 0; i < svcnat_sched_slots(set, local); i++) {
		u32 at = table ? svcnat_table_at(table, i) : i;

		KUNIT_ASSERT_LT(test, at, n);
		hits[at]++;
	}
	return hits;
}

static void sched_tables_where_needed(struct kunit *test)
{
	static const struct spec one[1], heavy[] = { { .weight = 2 }, { .weight = 1 } };
	u8 sched;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		bool maglev = sched == SVCNAT_SCHED_MAGLEV;
		struct svcnat_set *set = set_of(test, settings_of(sched), NULL, 5);

		KUNIT_EXPECT_EQ(test, !!svcnat_sched_table(set, false), maglev);
		KUNIT_EXPECT_NULL(test, svcnat_sched_table(set, true));
		KUNIT_EXPECT_EQ(test, set->extras && set->extras->turn, sched == SVCNAT_SCHED_RR);
		set_done(set);
		set = set_of(test, settings_of(sched), one, 1);
		KUNIT_EXPECT_NULL(test, svcnat_sched_table(set, false));
		set_done(set);
		set = set_of(test, settings_of(sched), NULL, 0);
		KUNIT_EXPECT_NULL(test, svcnat_sched_table(set, false));
		set_done(set);
		set = set_of(test, settings_of(sched), heavy, 2);
		KUNIT_EXPECT_NOT_NULL(test, svcnat_sched_table(set, false));
		set_done(set);
	}
}

/* Weights matter to the policy that picks the backends, and to no other. */
static void sched_tables_by_policy(struct kunit *test)
{
	static const struct spec specs[] = {
		{ C, 1 }, { C, 1 }, { C | L, 1 }, { L, 7 }, { NEITHER, 3 },
	};
	static const struct spec both[] = { { C | L, 1 }, { C | L, 2 }, { NEITHER, 1 } };
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_RANDOM), specs, 5);
	u32 *hits = shares(test, set, true);

	KUNIT_EXPECT_NULL(test, svcnat_sched_table(set, false));
	KUNIT_EXPECT_EQ(test, svcnat_sched_slots(set, false), 3);
	KUNIT_EXPECT_EQ(test, svcnat_sched_slots(set, true), 8);
	KUNIT_EXPECT_EQ(test, hits[0], 1);
	KUNIT_EXPECT_EQ(test, hits[1], 7);
	set_done(set);
	/* One table for both, freed once. */
	set = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), both, 3);
	KUNIT_EXPECT_NOT_NULL(test, svcnat_sched_table(set, true));
	KUNIT_EXPECT_PTR_EQ(test, svcnat_sched_table(set, true), svcnat_sched_table(set, false));
	set_done(set);
}

/* As long as they fit, slots are the weights themselves, in their lowest terms. */
static void sched_weights_exact(struct kunit *test)
{
	u16 weight[40];
	u32 round, i;

	for (round = 0; round < 100; round++) {
		u32 n = 2 + get_random_u32() % 39, scale = 1 + get_random_u32() % 20, common = 0;
		struct svcnat_set *set;
		u32 *hits;

		for (i = 0; i < n; i++) {
			weight[i] = (1 + get_random_u32() % 50) * scale;
			common = gcd(common, weight[i]);
		}
		set = weighted(test, round % SVCNAT_SCHED_MAGLEV, weight, n);
		hits = shares(test, set, false);
		for (i = 0; svcnat_sched_table(set, false) && i < n; i++)
			KUNIT_EXPECT_EQ(test, hits[i], weight[i] / common);
		set_done(set);
	}
}

/* Too many turns: shares are rounded to one turn of those there may be, nobody has none. */
static void sched_weights_scaled(struct kunit *test)
{
	u32 round, i;

	for (round = 0; round < 30; round++) {
		u32 n = 2 + get_random_u32() % 199, bound = 64 * n + 1024, sum = 0;
		u16 *weight = kunit_kcalloc(test, n, sizeof(*weight), GFP_KERNEL);
		struct svcnat_set *set;
		u32 *hits, slots;

		KUNIT_ASSERT_NOT_NULL(test, weight);
		for (i = 0; i < n; i++)
			sum += weight[i] = i % 7 ? 990 + get_random_u32() % 11 : 1 + i % 3;
		set = weighted(test, SVCNAT_SCHED_RR, weight, n);
		hits = shares(test, set, false);
		slots = svcnat_sched_slots(set, false);
		KUNIT_EXPECT_LE(test, slots, bound);
		for (i = 0; i < n; i++) {
			/* Both over the same number: hits / slots and weight / sum. */
			s64 off = (s64)hits[i] * sum - (s64)weight[i] * slots;

			KUNIT_EXPECT_GE(test, hits[i], 1);
			KUNIT_EXPECT_LE(test, abs(off), 3 * (s64)sum / 2);
		}
		set_done(set);
	}
}

/* However far one has gone through the slots, everybody had his share, nearly. */
static void sched_weights_smooth(struct kunit *test)
{
	static const u16 weight[] = { 10, 1, 1, 1, 5, 5, 3, 1, 10, 1, 2, 5 };
	u32 hits[ARRAY_SIZE(weight)] = { 0 }, sum = 0, i, slot;
	struct svcnat_set *set = weighted(test, SVCNAT_SCHED_RR, weight, ARRAY_SIZE(weight));

	for (i = 0; i < ARRAY_SIZE(weight); i++)
		sum += weight[i];
	KUNIT_ASSERT_EQ(test, svcnat_sched_table(set, false)->n, sum);
	for (slot = 0; slot < sum; slot++) {
		hits[svcnat_table_at(svcnat_sched_table(set, false), slot)]++;
		for (i = 0; i < ARRAY_SIZE(weight); i++) {
			s64 off = (s64)hits[i] * sum - (s64)weight[i] * (slot + 1);

			KUNIT_EXPECT_LE(test, abs(off), 2 * sum);
		}
	}
	set_done(set);
}

/* A thousand of weight 1 do not stand in a row amid the one of weight 1000. */
static void sched_weights_no_bursts(struct kunit *test)
{
	u16 *weight = kunit_kcalloc(test, 1001, sizeof(*weight), GFP_KERNEL);
	struct svcnat_set *set;
	u32 i, same = 0;

	KUNIT_ASSERT_NOT_NULL(test, weight);
	for (i = 0; i < 1001; i++)
		weight[i] = i == 500 ? 1000 : 1;
	set = weighted(test, SVCNAT_SCHED_RR, weight, 1001);
	KUNIT_ASSERT_EQ(test, svcnat_sched_table(set, false)->n, 2000);
	for (i = 1; i < 2000; i++) {
		bool heavy = svcnat_table_at(svcnat_sched_table(set, false), i) == 500;
		bool before = svcnat_table_at(svcnat_sched_table(set, false), i - 1) == 500;

		same = heavy == before ? same + 1 : 0;
		KUNIT_EXPECT_LE(test, same, 1);
	}
	set_done(set);
}

/* Where a slot leads, as a number that is the same in every set. */
static u32 leads_to(const struct svcnat_set *set, bool local, u32 slot)
{
	return number_of(set->backend[svcnat_set_start(set, local) +
				      svcnat_table_at(svcnat_sched_table(set, local), slot)]);
}

static void sched_maglev_even(struct kunit *test)
{
	static const u32 sizes[] = { 2, 3, 10, 100, 257, 1000, 2048 };
	u32 s, i;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		u32 n = sizes[s];
		struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), NULL, n);
		u32 *hits = shares(test, set, false);

		KUNIT_EXPECT_EQ(test, svcnat_sched_table(set, false)->n, MAGLEV_SLOTS);
		for (i = 0; i < n; i++) {
			KUNIT_EXPECT_GE(test, hits[i], MAGLEV_SLOTS / n);
			KUNIT_EXPECT_LE(test, hits[i], MAGLEV_SLOTS / n + 1);
		}
		set_done(set);
	}
}

static void sched_maglev_weights(struct kunit *test)
{
	static const u16 weight[] = { 1, 2, 1, 100, 50, 7, 7, 333, 1000, 2 };
	struct svcnat_set *set = weighted(test, SVCNAT_SCHED_MAGLEV, weight, ARRAY_SIZE(weight));
	u32 *hits = shares(test, set, false), sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(weight); i++)
		sum += weight[i];
	for (i = 0; i < ARRAY_SIZE(weight); i++) {
		u32 share = MAGLEV_SLOTS * weight[i] / sum;

		/* Two slots, and what scaling the turns to 1,664 rounds: half a turn. */
		KUNIT_EXPECT_LE(test, abs((s32)(hits[i] - share)), 2 + share / 100 +
				MAGLEV_SLOTS / 1664 / 2 + 1);
		KUNIT_EXPECT_GE(test, hits[i], 2);
	}
	set_done(set);
}

static void moves(struct kunit *test, const struct spec *specs, u32 n, u32 gone, u32 share)
{
	struct svcnat_settings settings = settings_of(SVCNAT_SCHED_MAGLEV);
	struct svcnat_set *all = set_of(test, settings, specs, n);
	struct svcnat_set *rest = set_without(test, settings, specs, n, 0, gone);
	u32 slot, moved = 0;

	for (slot = 0; slot < MAGLEV_SLOTS; slot++)
		moved += leads_to(all, false, slot) != leads_to(rest, false, slot);
	KUNIT_EXPECT_GE(test, moved, share - 1);
	KUNIT_EXPECT_LE_MSG(test, moved, share + MAGLEV_SLOTS / 50, "%u without %u", n, gone);
	set_done(rest);
	set_done(all);
}

/* Removing one of N moves at most 1/N + 2 % of the slots. */
static void sched_maglev_consistent(struct kunit *test)
{
	static const u32 sizes[] = { 3, 4, 5, 10, 30, 100, 300, 1000, 2048 };
	u32 s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		u32 n = sizes[s];

		moves(test, NULL, n, 0, MAGLEV_SLOTS / n);
		moves(test, NULL, n, n / 2, MAGLEV_SLOTS / n);
		moves(test, NULL, n, n - 1, MAGLEV_SLOTS / n);
	}
}

/* And its share + 2 %, when it has a weight. */
static void sched_maglev_consistent_weights(struct kunit *test)
{
	struct spec specs[20] = { };
	u32 sum = 0, i;

	for (i = 0; i < ARRAY_SIZE(specs); i++)
		sum += specs[i].weight = 1 + i % 4;
	for (i = 0; i < ARRAY_SIZE(specs); i++)
		moves(test, specs, ARRAY_SIZE(specs), i, MAGLEV_SLOTS * specs[i].weight / sum);
}

/* Another node has other backends local to it, in other runs, and the same table. */
static void sched_maglev_same_everywhere(struct kunit *test)
{
	struct spec here[12], there[12];
	struct svcnat_set *a, *b;
	u32 i, slot;

	for (i = 0; i < 12; i++) {
		u16 weight = 1 + i % 3;

		here[i] = (struct spec) { i % 2 ? C : C | L, weight };
		there[i] = (struct spec) { i % 5 ? C | L : C, weight };
	}
	a = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), here, 12);
	b = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), there, 12);
	for (slot = 0; slot < MAGLEV_SLOTS; slot++)
		KUNIT_ASSERT_EQ(test, leads_to(a, false, slot), leads_to(b, false, slot));
	set_done(b);
	set_done(a);
}

/*
 * The algorithm as it was published (Eisenbud and others, 2016), with all permutations
 * written out; only where each begins and how far it steps is asked of the code.
 */
static void sched_maglev_model(struct kunit *test)
{
	enum { N = 5 };
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), NULL, N);
	u32 *permutation = kvcalloc(N, MAGLEV_SLOTS * sizeof(u32), GFP_KERNEL);
	s8 *entry = kvmalloc(MAGLEV_SLOTS, GFP_KERNEL);
	u32 next[N] = { 0 }, i, j, filled = 0;

	KUNIT_ASSERT_NOT_NULL(test, permutation);
	KUNIT_ASSERT_NOT_NULL(test, entry);
	memset(entry, -1, MAGLEV_SLOTS);
	for (i = 0; i < N; i++) {
		struct walk w = walk_of(set->backend[i], MAGLEV_SLOTS);

		for (j = 0; j < MAGLEV_SLOTS; j++)
			permutation[i * MAGLEV_SLOTS + j] =
				(w.at + (u64)j * w.skip) % MAGLEV_SLOTS;
	}
	while (filled < MAGLEV_SLOTS) {
		for (i = 0; i < N && filled < MAGLEV_SLOTS; i++) {
			u32 c = permutation[i * MAGLEV_SLOTS + next[i]];

			while (entry[c] >= 0)
				c = permutation[i * MAGLEV_SLOTS + ++next[i]];
			entry[c] = i;
			next[i]++;
			filled++;
		}
	}
	for (j = 0; j < MAGLEV_SLOTS; j++)
		KUNIT_ASSERT_EQ(test, leads_to(set, false, j), entry[j]);
	kvfree(entry);
	kvfree(permutation);
	set_done(set);
}

/*
 * Nodes that run different versions have to agree, so this must never change. The
 * numbers come from a program in another language, with a SipHash of its own.
 */
static void sched_maglev_forever(struct kunit *test)
{
	static const u8 first[] = {
		5, 2, 2, 2, 3, 2, 2, 6, 1, 2, 5, 4, 2, 2, 1, 3,
		2, 2, 2, 2, 4, 5, 4, 0, 2, 2, 3, 2, 2, 2, 1, 5,
	};
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), NULL, 7);
	u32 i;

	for (i = 0; i < ARRAY_SIZE(first); i++)
		KUNIT_EXPECT_EQ(test, leads_to(set, false, i * 1000), first[i]);
	set_done(set);
}

/* A million backends, with and without weights; made by hand, as that many take long. */
static void sched_million(struct kunit *test)
{
	static const u8 scheds[] = { SVCNAT_SCHED_RR, SVCNAT_SCHED_MAGLEV };
	const u32 n = SVCNAT_BACKENDS_MAX;
	struct svcnat_backend *all = kvcalloc(n, sizeof(*all), GFP_KERNEL);
	struct svcnat_set *set = kvzalloc(struct_size(set, backend, n), GFP_KERNEL);
	u32 *hits = kvmalloc_array(n, sizeof(*hits), GFP_KERNEL), i, s;

	KUNIT_ASSERT_TRUE(test, all && set && hits);
	for (i = 0; i < n; i++) {
		all[i].addr = addr_of(i);
		all[i].weight = i % 10 ? 1 : 10;
		set->backend[i] = &all[i];
	}
	set->n = set->cluster_end = set->local_start = set->local_end = n;
	for (s = 0; s < ARRAY_SIZE(scheds); s++) {
		const struct svcnat_table *table;
		u32 least = U32_MAX, most = 0;

		set->settings.sched = scheds[s];
		KUNIT_ASSERT_EQ(test, svcnat_sched_prepare(set), 0);
		table = svcnat_sched_table(set, false);
		KUNIT_ASSERT_NOT_NULL(test, table);
		memset(hits, 0, array_size(n, sizeof(*hits)));
		for (i = 0; i < table->n; i++)
			hits[svcnat_table_at(table, i)]++;
		for (i = 0; i < n; i++) {
			if (i % 10) {
				least = min(least, hits[i]);
				most = max(most, hits[i]);
			} else {
				KUNIT_ASSERT_GE(test, hits[i], table->n / 1900000 * 9);
			}
		}
		KUNIT_EXPECT_GE(test, least, 1);
		KUNIT_EXPECT_LE(test, most - least, 1);
		svcnat_sched_free(set->extras);
		kfree(set->extras);
		set->extras = NULL;
		cond_resched();
	}
	kvfree(hits);
	kvfree(set);
	kvfree(all);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(sched_tables_where_needed),
	KUNIT_CASE(sched_tables_by_policy),
	KUNIT_CASE(sched_weights_exact),
	KUNIT_CASE(sched_weights_scaled),
	KUNIT_CASE(sched_weights_smooth),
	KUNIT_CASE(sched_weights_no_bursts),
	KUNIT_CASE(sched_maglev_even),
	KUNIT_CASE(sched_maglev_weights),
	KUNIT_CASE(sched_maglev_consistent),
	KUNIT_CASE(sched_maglev_consistent_weights),
	KUNIT_CASE(sched_maglev_same_everywhere),
	KUNIT_CASE(sched_maglev_model),
	KUNIT_CASE(sched_maglev_forever),
	KUNIT_CASE_SLOW(sched_million),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_sched",
	.suite_init = sets_init,
	.suite_exit = sets_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
