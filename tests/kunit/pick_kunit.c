// SPDX-License-Identifier: GPL-2.0
/* Picking: evenness, weights, ranges of both policies, who is available. */

#include "sets.h"

#define N 8

static struct nf_conntrack_tuple flow_of(u32 src, u16 sport)
{
	struct nf_conntrack_tuple flow = { .src.l3num = AF_INET, .dst.protonum = IPPROTO_TCP };

	flow.src.u3.ip = htonl(0xc0a80000 + src);
	flow.src.u.all = htons(sport);
	flow.dst.u3.ip = htonl(0x0a600001);
	flow.dst.u.all = htons(80);
	return flow;
}

static struct svcnat_backend *pick_flow(const struct svcnat_set *set, u32 src, u16 sport)
{
	struct nf_conntrack_tuple flow = flow_of(src, sport);

	return svcnat_pick(set, false, &flow, NULL);
}

static struct svcnat_backend *pick_any(const struct svcnat_set *set, bool local,
				       const struct svcnat_backend *avoid)
{
	struct nf_conntrack_tuple flow = flow_of(get_random_u32() % 65536, get_random_u32());

	return svcnat_pick(set, local, &flow, avoid);
}

/* How often each backend is picked for @draws flows of other sources and ports. */
static void count(const struct svcnat_set *set, bool local, u32 *hits, u32 n, u32 draws)
{
	memset(hits, 0, n * sizeof(*hits));
	/* Round-robin's turns are this CPU's. */
	migrate_disable();
	while (draws--)
		hits[number_of(pick_any(set, local, NULL))]++;
	migrate_enable();
}

/*
 * Expects @draws independent draws to have fallen by weight, within 6 standard
 * deviations: that errs once in 10^8 comparisons.
 */
static void expect_shares(struct kunit *test, const u32 *hits, const u32 *weight, u32 n,
			  u32 draws)
{
	u32 sum = 0, i;

	for (i = 0; i < n; i++)
		sum += weight[i];
	for (i = 0; i < n; i++) {
		u32 mean = (u64)draws * weight[i] / sum;

		KUNIT_EXPECT_LE_MSG(test, abs((s32)(hits[i] - mean)), 1 + 6 * int_sqrt(mean + 1),
				    "backend %u: %u times, %u expected", i, hits[i], mean);
	}
}

/* All but round-robin draw independently, of flows that differ. */
static void pick_shares(struct kunit *test)
{
	static const struct spec specs[N] = {
		{ C, 1 }, { C, 2 }, { C, 3 }, { C, 4 }, { C, 1 }, { C, 10 }, { C, 1 }, { C, 5 },
	};
	static const u32 equal[N] = { 1, 1, 1, 1, 1, 1, 1, 1 };
	u32 weight[N], hits[N], i;
	u8 sched;

	for (i = 0; i < N; i++)
		weight[i] = specs[i].weight;
	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), NULL, N);

		count(set, false, hits, N, 16000);
		expect_shares(test, hits, equal, N, 16000);
		set_done(set);
		set = set_of(test, settings_of(sched), specs, N);
		count(set, false, hits, N, 16000);
		expect_shares(test, hits, weight, N, 16000);
		set_done(set);
	}
}

static void pick_round_robin_exact(struct kunit *test)
{
	static const struct spec specs[4] = { { C, 3 }, { C, 1 }, { C, 6 }, { C, 2 } };
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_RR), NULL, N);
	u32 hits[N], i, round;

	for (round = 1; round < 4; round++) {
		count(set, false, hits, N, round * N);
		for (i = 0; i < N; i++)
			KUNIT_EXPECT_EQ(test, hits[i], round);
	}
	set_done(set);
	set = set_of(test, settings_of(SVCNAT_SCHED_RR), specs, 4);
	for (round = 1; round < 4; round++) {
		count(set, false, hits, 4, round * 12);
		for (i = 0; i < 4; i++)
			KUNIT_EXPECT_EQ(test, hits[i], round * specs[i].weight);
	}
	set_done(set);
}

/* One policy's turns do not disturb the other's. */
static void pick_round_robin_policies(struct kunit *test)
{
	static const struct spec specs[N] = {
		{ C }, { C }, { C }, { C }, { C | L }, { C | L }, { L }, { NEITHER },
	};
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_RR), specs, N);
	u32 cluster[N] = { 0 }, local[N] = { 0 }, i;

	migrate_disable();
	for (i = 0; i < 60; i++) {
		cluster[number_of(pick_any(set, false, NULL))]++;
		local[number_of(pick_any(set, true, NULL))]++;
	}
	migrate_enable();
	for (i = 0; i < N; i++) {
		KUNIT_EXPECT_EQ(test, cluster[i], i < 6 ? 10 : 0);
		KUNIT_EXPECT_EQ(test, local[i], i >= 4 && i < 7 ? 20 : 0);
	}
	set_done(set);
}

/* When some are not available the turns of the others stay the same. */
static void pick_round_robin_without(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_RR), NULL, 100);
	u32 *hits = kunit_kcalloc(test, 100, sizeof(*hits), GFP_KERNEL), i;

	KUNIT_ASSERT_NOT_NULL(test, hits);
	for (i = 20; i < 60; i++)
		sit_out(find(set, i), 100);
	count(set, false, hits, 100, 600);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, hits[i], i >= 20 && i < 60 ? 0 : 10);
	set_done(set);
}

/* Backends: local only, both, neither, cluster only, twice. */
static void pick_policies(struct kunit *test)
{
	static const struct spec specs[N] = {
		{ L, 2 }, { C | L }, { NEITHER, 5 }, { C }, { L }, { C | L }, { NEITHER }, { C },
	};
	u8 sched;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), specs, N);
		u32 hits[N], i;

		KUNIT_EXPECT_EQ(test, svcnat_set_count(set, false), 4);
		KUNIT_EXPECT_EQ(test, svcnat_set_count(set, true), 4);
		count(set, false, hits, N, 400);
		for (i = 0; i < N; i++)
			KUNIT_EXPECT_EQ(test, !!hits[i], !!(specs[i].flags & C));
		count(set, true, hits, N, 400);
		for (i = 0; i < N; i++)
			KUNIT_EXPECT_EQ(test, !!hits[i], !!(specs[i].flags & L));
		set_done(set);
	}
}

static void pick_nothing(struct kunit *test)
{
	static const struct spec neither[2] = { { NEITHER }, { NEITHER } }, local[1] = { { L } };
	u8 sched;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), NULL, 0);

		KUNIT_EXPECT_NULL(test, pick_any(set, false, NULL));
		set_done(set);
		set = set_of(test, settings_of(sched), neither, 2);
		KUNIT_EXPECT_NULL(test, pick_any(set, false, NULL));
		KUNIT_EXPECT_NULL(test, pick_any(set, true, NULL));
		set_done(set);
		set = set_of(test, settings_of(sched), local, 1);
		KUNIT_EXPECT_NULL(test, pick_any(set, false, NULL));
		KUNIT_EXPECT_NOT_NULL(test, pick_any(set, true, NULL));
		set_done(set);
	}
}

/* A source goes to one backend whatever its port, in an equal set too. */
static void pick_source_hash(struct kunit *test)
{
	struct svcnat_set *a = set_of(test, settings_of(SVCNAT_SCHED_SH), NULL, N);
	struct svcnat_set *b = set_of(test, settings_of(SVCNAT_SCHED_SH), NULL, N);
	struct svcnat_set *m = set_of(test, settings_of(SVCNAT_SCHED_MAGLEV), NULL, N);
	u32 src, port, changes = 0;

	for (src = 0; src < 200; src++) {
		u32 where = number_of(pick_flow(a, src, 1));

		for (port = 2; port < 12; port++) {
			KUNIT_EXPECT_EQ(test, number_of(pick_flow(a, src, port)), where);
			KUNIT_EXPECT_EQ(test, number_of(pick_flow(b, src, port)), where);
			changes += pick_flow(m, src, port) != pick_flow(m, src, 1);
			KUNIT_EXPECT_PTR_EQ(test, pick_flow(m, src, port),
					    pick_flow(m, src, port));
		}
	}
	/* Maglev looks at the port: of 2,000, seven eighths should differ. */
	KUNIT_EXPECT_GT(test, changes, 1600);
	set_done(m);
	set_done(b);
	set_done(a);
}

/*
 * When one is not available only its flows go elsewhere, to all others and each to one;
 * and they come back.
 */
static void pick_hash_without(struct kunit *test)
{
	static const u8 scheds[] = { SVCNAT_SCHED_SH, SVCNAT_SCHED_MAGLEV };
	u32 s, src, i;

	for (s = 0; s < ARRAY_SIZE(scheds); s++) {
		struct svcnat_set *set = set_of(test, settings_of(scheds[s]), NULL, N);
		u32 hits[N] = { 0 }, moved = 0;

		for (src = 0; src < 8000; src++) {
			struct svcnat_backend *before, *after;

			sit_out(find(set, 3), 0);
			before = pick_flow(set, src, 7);
			sit_out(find(set, 3), 100);
			after = pick_flow(set, src, 7);
			KUNIT_EXPECT_PTR_EQ(test, pick_flow(set, src, 7), after);
			if (number_of(before) != 3) {
				KUNIT_EXPECT_PTR_EQ(test, before, after);
				continue;
			}
			hits[number_of(after)]++;
			moved++;
		}
		for (i = 0; i < N; i++) {
			u32 mean = i == 3 ? 0 : moved / (N - 1);

			KUNIT_EXPECT_LE(test, abs((s32)(hits[i] - mean)), 6 * int_sqrt(mean));
		}
		set_done(set);
	}
}

/* Flows are as even and move as little as the table's slots. */
static void pick_maglev_consistent(struct kunit *test)
{
	static const u32 sizes[] = { 3, 10, 100 };
	u32 s, src, flows = 50000;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct svcnat_settings settings = settings_of(SVCNAT_SCHED_MAGLEV);
		u32 n = sizes[s], gone = n / 3, moved = 0, of_gone = 0;
		struct svcnat_set *all = set_of(test, settings, NULL, n);
		struct svcnat_set *rest = set_without(test, settings, NULL, n, 0, gone);

		for (src = 0; src < flows; src++) {
			u32 before = number_of(pick_flow(all, src, src));

			moved += before != number_of(pick_flow(rest, src, src));
			of_gone += before == gone;
		}
		KUNIT_EXPECT_LE(test, abs((s32)(of_gone - flows / n)), 6 * int_sqrt(flows / n));
		KUNIT_EXPECT_LE(test, moved, of_gone + flows / 50);
		set_done(rest);
		set_done(all);
	}
}

static void pick_least_connections(struct kunit *test)
{
	static const struct spec specs[2] = { { C, 10 }, { C, 1 } };
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_LC), NULL, 2);
	u32 i;

	be_active(find(set, 0), 6);
	be_active(find(set, 1), 5);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, number_of(pick_any(set, false, NULL)), 1);
	set_done(set);
	/* Ten times the weight: ten times the connections. */
	set = set_of(test, settings_of(SVCNAT_SCHED_LC), specs, 2);
	be_active(find(set, 0), 29);
	be_active(find(set, 1), 3);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, number_of(pick_any(set, false, NULL)), 0);
	be_active(find(set, 0), 31);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, number_of(pick_any(set, false, NULL)), 1);
	set_done(set);
}

/* Connections that stay add up to the weights, far closer than chance would bring them. */
static void pick_least_connections_fill(struct kunit *test)
{
	static const struct spec specs[N] = {
		{ C, 1 }, { C, 2 }, { C, 3 }, { C, 4 }, { C, 1 }, { C, 10 }, { C, 1 }, { C, 5 },
	};
	struct svcnat_set *set = set_of(test, settings_of(SVCNAT_SCHED_LC), specs, N);
	u32 i;

	for (i = 0; i < 27 * 200; i++)
		refcount_inc(&pick_any(set, false, NULL)->refs);
	for (i = 0; i < N; i++) {
		u32 active = svcnat_backend_active(find(set, i)), share = 200 * specs[i].weight;

		KUNIT_EXPECT_LE_MSG(test, abs((s32)(active - share)), 3 + share / 30,
				    "backend %u: %u of %u", i, active, share);
	}
	set_done(set);
}

static void pick_limits(struct kunit *test)
{
	static const struct spec specs[3] = { { C, 1, 4 }, { C, 1, 0 }, { C, 1, 4 } };
	u8 sched;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), specs, 3);
		u32 hits[3];

		be_active(find(set, 0), 3);
		be_active(find(set, 1), 1000);
		be_active(find(set, 2), 4);
		KUNIT_EXPECT_TRUE(test, svcnat_pick_may(find(set, 0)));
		KUNIT_EXPECT_TRUE(test, svcnat_pick_may(find(set, 1)));
		KUNIT_EXPECT_FALSE(test, svcnat_pick_may(find(set, 2)));
		KUNIT_EXPECT_EQ(test, svcnat_pick_unavailable(set, false), 1);
		count(set, false, hits, 3, 200);
		KUNIT_EXPECT_GT(test, hits[0], 0);
		KUNIT_EXPECT_EQ(test, hits[2], 0);
		set_done(set);
		set = set_of(test, settings_of(sched), specs, 1);
		be_active(find(set, 0), 5);
		KUNIT_EXPECT_NULL(test, pick_any(set, false, NULL));
		set_done(set);
	}
}

/*
 * Who may be picked, told plainly: the best there is of available, sitting out, to be
 * avoided; at its limit never.
 */
static u32 rank(const struct svcnat_backend *b, const struct svcnat_backend *avoid,
		const bool *out)
{
	if (b->limit && svcnat_backend_active(b) >= b->limit)
		return 0;
	if (b == avoid)
		return 1;
	return out[number_of(b)] ? 2 : 3;
}

static void pick_model_round(struct kunit *test, u8 sched)
{
	static const u8 flags[] = { C, L, C | L, NEITHER };
	u32 n = 1 + get_random_u32() % 6, i;
	const struct svcnat_backend *avoid;
	struct spec specs[6] = { };
	struct svcnat_set *set;
	unsigned int local;
	bool out[6];

	for (i = 0; i < n; i++)
		specs[i] = (struct spec) { flags[get_random_u32() % 4], get_random_u32() % 4,
					   get_random_u32() % 3 };
	set = set_of(test, settings_of(sched), specs, n);
	for (i = 0; i < n; i++) {
		be_active(find(set, i), get_random_u32() % 4);
		out[i] = get_random_u32() % 2;
		sit_out(find(set, i), out[i] ? 100 : 0);
	}
	avoid = get_random_u32() % 2 ? set->backend[get_random_u32() % n] : NULL;
	for (local = false; local <= true; local++) {
		const struct svcnat_backend *b = pick_any(set, local, avoid);
		u32 best = 0, unavailable = 0, among = 0;

		for (i = 0; i < n; i++) {
			if (!(specs[i].flags & (local ? L : C)))
				continue;
			among++;
			best = max(best, rank(find(set, i), avoid, out));
			unavailable += rank(find(set, i), NULL, out) != 3;
		}
		KUNIT_EXPECT_EQ(test, svcnat_set_count(set, local), among);
		KUNIT_EXPECT_EQ(test, svcnat_pick_unavailable(set, local), unavailable);
		KUNIT_EXPECT_EQ(test, b ? rank(b, avoid, out) : 0, best);
		if (b)
			KUNIT_EXPECT_TRUE(test, specs[number_of(b)].flags & (local ? L : C));
	}
	set_done(set);
}

static void pick_model(struct kunit *test)
{
	u32 round;

	for (round = 0; round < 3000; round++)
		pick_model_round(test, round % (SVCNAT_SCHED_MAX + 1));
}

/* A pick ends, and finds the one of a thousand that is left. */
static void pick_one_left(struct kunit *test)
{
	u8 sched;
	u32 i;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), NULL, 1000);

		for (i = 0; i < 1000; i++)
			sit_out(find(set, i), i == 700 ? 0 : 100);
		for (i = 0; i < 20; i++)
			KUNIT_EXPECT_EQ(test, number_of(pick_any(set, false, NULL)), 700);
		set_done(set);
	}
}

/* Even when nobody of many is available it ends soon, with one of them. */
static void pick_none_left_of_many(struct kunit *test)
{
	u8 sched;
	u32 i;

	for (sched = 0; sched <= SVCNAT_SCHED_MAX; sched++) {
		struct svcnat_set *set = set_of(test, settings_of(sched), NULL, 20000);

		for (i = 0; i < 20000; i++)
			sit_out(set->backend[i], 100);
		KUNIT_EXPECT_NOT_NULL(test, pick_any(set, false, set->backend[9]));
		set_done(set);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(pick_shares),
	KUNIT_CASE(pick_round_robin_exact),
	KUNIT_CASE(pick_round_robin_policies),
	KUNIT_CASE(pick_round_robin_without),
	KUNIT_CASE(pick_policies),
	KUNIT_CASE(pick_nothing),
	KUNIT_CASE(pick_source_hash),
	KUNIT_CASE(pick_hash_without),
	KUNIT_CASE(pick_maglev_consistent),
	KUNIT_CASE(pick_least_connections),
	KUNIT_CASE(pick_least_connections_fill),
	KUNIT_CASE(pick_limits),
	KUNIT_CASE(pick_model),
	KUNIT_CASE(pick_one_left),
	KUNIT_CASE(pick_none_left_of_many),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_pick",
	.suite_init = sets_init,
	.suite_exit = sets_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
