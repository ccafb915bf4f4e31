// SPDX-License-Identifier: GPL-2.0
/* Passive ejection: how many failures, for how long, and never the last one. */

#include <linux/completion.h>
#include <linux/kthread.h>

#include "sets.h"

#define SECONDS 100

static struct svcnat_settings eject_after(u8 fails)
{
	return (struct svcnat_settings) { .eject_fails = fails, .eject_seconds = SECONDS };
}

/* As if the time was over now. */
static void serve_time(struct svcnat_backend *b)
{
	b->ejected_until = ktime_get_seconds();
}

static void eject_in_a_row(struct kunit *test)
{
	static const u8 enough[] = { 1, 2, 3, 255 };
	u32 e, i;

	for (e = 0; e < ARRAY_SIZE(enough); e++) {
		struct svcnat_set *set = set_of(test, eject_after(enough[e]), NULL, 3);
		struct svcnat_backend *b = find(set, 1);

		for (i = 1; i < enough[e]; i++)
			KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, b));
		/* One answer, and it begins anew. */
		if (enough[e] > 1) {
			svcnat_eject_answered(b);
			for (i = 1; i < enough[e]; i++)
				KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, b));
		}
		KUNIT_EXPECT_FALSE(test, svcnat_ejected(b));
		KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, b));
		KUNIT_EXPECT_TRUE(test, svcnat_ejected(b));
		KUNIT_EXPECT_GE(test, svcnat_ejected_seconds(b), SECONDS);
		KUNIT_EXPECT_LE(test, svcnat_ejected_seconds(b), SECONDS + 1);
		KUNIT_EXPECT_FALSE(test, svcnat_pick_may(b));
		KUNIT_EXPECT_TRUE(test, svcnat_pick_may(find(set, 0)));
		set_done(set);
	}
}

static void eject_never(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, eject_after(0), NULL, 3);
	u32 i;

	for (i = 0; i < 1000; i++)
		KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 1)));
	KUNIT_EXPECT_FALSE(test, svcnat_ejected(find(set, 1)));
	set_done(set);
}

/* What fails meanwhile prolongs nothing; afterwards one failure is enough, or an answer. */
static void eject_probation(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, eject_after(3), NULL, 3);
	struct svcnat_backend *b = find(set, 1);
	u32 until, i;

	for (i = 0; i < 3; i++)
		svcnat_eject_failed(set, b);
	b->ejected_until -= SECONDS / 2;
	until = b->ejected_until;
	for (i = 0; i < 10; i++)
		KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, b));
	KUNIT_EXPECT_EQ(test, b->ejected_until, until);
	serve_time(b);
	KUNIT_EXPECT_FALSE(test, svcnat_ejected(b));
	KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, b));
	svcnat_eject_answered(b);
	KUNIT_EXPECT_TRUE(test, svcnat_ejected(b));
	serve_time(b);
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, b));
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, b));
	KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, b));
	set_done(set);
}

static void eject_not_the_last(struct kunit *test)
{
	static const struct spec cluster[] = { { C }, { L }, { NEITHER } };
	static const struct spec local[] = { { C }, { C | L }, { C } };
	static const struct spec full[] = { { C }, { C, 1, 5 } };
	struct svcnat_set *set = set_of(test, eject_after(1), cluster, 3);

	/* Each is the only one of its policy. */
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 0)));
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 1)));
	/* Nobody picks this one anyway. */
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 2)));
	set_done(set);
	/* Policy Cluster could do without, policy Local could not. */
	set = set_of(test, eject_after(1), local, 3);
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 1)));
	KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, find(set, 0)));
	KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, find(set, 2)));
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 1)));
	set_done(set);
	/* One that is at its limit is no other; once it has room, it is. */
	set = set_of(test, eject_after(1), full, 2);
	be_active(find(set, 1), 5);
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 0)));
	be_active(find(set, 1), 4);
	KUNIT_EXPECT_TRUE(test, svcnat_eject_failed(set, find(set, 0)));
	/* Now that is the last one. */
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, find(set, 1)));
	set_done(set);
}

static void eject_stranger(struct kunit *test)
{
	struct svcnat_set *set = set_of(test, eject_after(1), NULL, 3);
	struct svcnat_backend gone = { .addr = addr_of(9), .port = htons(8080) };
	struct svcnat_backend twin = { .addr = addr_of(1), .port = htons(8080) };

	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, &gone));
	KUNIT_EXPECT_FALSE(test, svcnat_eject_failed(set, &twin));
	KUNIT_EXPECT_FALSE(test, svcnat_ejected(&gone) || svcnat_ejected(&twin));
	set_done(set);
}

/* A backend as a model sees it. */
struct told {
	u32 fails;
	bool out;
	bool full;
};

static bool others(const struct spec *specs, const struct told *told, u32 n, u32 i, u8 policy)
{
	u32 j;

	if (!(specs[i].flags & policy))
		return true;
	for (j = 0; j < n; j++)
		if (j != i && specs[j].flags & policy && !told[j].out && !told[j].full)
			return true;
	return false;
}

/* Random failures, answers and times that are over, against rules told plainly. */
static void eject_model(struct kunit *test)
{
	static const u8 flags[] = { C, L, C | L, NEITHER };
	u32 round, step, i;

	for (round = 0; round < 200; round++) {
		u32 n = 1 + get_random_u32() % 5, enough = 1 + get_random_u32() % 4;
		struct told told[5] = { };
		struct spec specs[5] = { };
		struct svcnat_set *set;

		for (i = 0; i < n; i++)
			specs[i] = (struct spec) { flags[get_random_u32() % 4], 1, 2 };
		set = set_of(test, eject_after(enough), specs, n);
		for (step = 0; step < 100; step++) {
			struct told *t = &told[i = get_random_u32() % n];
			struct svcnat_backend *b = find(set, i);
			bool expect = false;

			switch (get_random_u32() % 8) {
			case 0:
				svcnat_eject_answered(b);
				t->fails = 0;
				break;
			case 1:
				serve_time(b);
				t->out = false;
				break;
			case 2:
				t->full = !t->full;
				be_active(b, t->full ? 2 : 1);
				break;
			default:
				if (!t->out && ++t->fails >= enough) {
					expect = specs[i].flags & (C | L) &&
						 others(specs, told, n, i, C) &&
						 others(specs, told, n, i, L);
					t->out = expect;
					t->fails = enough - 1;
				}
				KUNIT_EXPECT_EQ(test, svcnat_eject_failed(set, b), expect);
			}
			KUNIT_EXPECT_EQ(test, svcnat_ejected(b), t->out);
		}
		set_done(set);
	}
}

/* On one CPU every meeting takes a time slice, and nothing happens at the same moment. */
#define ROUNDS (num_online_cpus() > 1 ? 2000 : 10)

/* The test and one thread more, that fail each their backend at the same moment. */
struct race {
	struct svcnat_set *set;
	struct svcnat_backend *b[2];
	atomic_t met;
	struct completion done;
};

/* Until the other one is here too. */
static void meet(struct race *r)
{
	int target = round_up(atomic_inc_return(&r->met), 2);

	while (atomic_read(&r->met) < target)
		cond_resched();
}

static void race_step(struct race *r, u32 who)
{
	bool ejected;

	meet(r);
	rcu_read_lock();
	ejected = svcnat_eject_failed(r->set, r->b[who]);
	rcu_read_unlock();
	if (ejected)
		r->b[who]->ejections++;
	meet(r);
}

static int race_thread(void *data)
{
	struct race *r = data;
	u32 i;

	for (i = 0; i < ROUNDS; i++)
		race_step(r, 1);
	kthread_complete_and_exit(&r->done, 0);
}

/* Of the last two one stays; and one that fails twice is ejected once. */
static void race(struct kunit *test, bool same)
{
	struct race r = { .set = set_of(test, eject_after(1), NULL, same ? 3 : 2) };
	u32 i, expect = 0;

	r.b[0] = find(r.set, 0);
	r.b[1] = find(r.set, same ? 0 : 1);
	init_completion(&r.done);
	KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(race_thread, &r, "race")));
	for (i = 0; i < ROUNDS; i++) {
		race_step(&r, 0);
		KUNIT_EXPECT_FALSE(test, svcnat_ejected(find(r.set, 0)) &&
				   svcnat_ejected(find(r.set, 1)));
		expect += svcnat_ejected(r.b[0]) || svcnat_ejected(r.b[1]);
		KUNIT_EXPECT_EQ(test, find(r.set, 0)->ejections +
				find(r.set, 1)->ejections, expect);
		sit_out(r.b[0], 0);
		sit_out(r.b[1], 0);
	}
	wait_for_completion(&r.done);
	if (same)
		KUNIT_EXPECT_EQ(test, expect, ROUNDS);
	set_done(r.set);
}

static void eject_races(struct kunit *test)
{
	race(test, false);
	race(test, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(eject_in_a_row),
	KUNIT_CASE(eject_never),
	KUNIT_CASE(eject_probation),
	KUNIT_CASE(eject_not_the_last),
	KUNIT_CASE(eject_stranger),
	KUNIT_CASE(eject_model),
	KUNIT_CASE(eject_races),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_eject",
	.suite_init = sets_init,
	.suite_exit = sets_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
