// SPDX-License-Identifier: GPL-2.0
/* Session affinity: pins, their time, their bounds, and backends and services that go. */

#include <linux/completion.h>
#include <linux/kthread.h>

#include "sets.h"
#include "../../kmod/affinity.c"

#define SECONDS 100
#define SERVICES 3

struct pinned {
	struct svcnat_pins pins;
	struct svcnat_service *svc[SERVICES];
	struct svcnat_set *set;
};

static struct svcnat_settings sticky(void)
{
	return (struct svcnat_settings) { .affinity_seconds = SECONDS };
}

/* Backends 0 to 3: Cluster, both, Local, neither. */
static const struct spec four[] = { { C }, { C | L, 1, 9 }, { L }, { NEITHER } };

static int pinned_init(struct kunit *test)
{
	struct pinned *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, p);
	test->priv = p;
	svcnat_pins_init(&p->pins);
	for (i = 0; i < SERVICES; i++) {
		p->svc[i] = kunit_kzalloc(test, sizeof(*p->svc[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, p->svc[i]);
		KUNIT_ASSERT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[i]), 0);
	}
	p->set = set_of(test, sticky(), four, ARRAY_SIZE(four));
	return 0;
}

static void pinned_exit(struct kunit *test)
{
	struct pinned *p = test->priv;
	u32 i;

	set_done(p->set);
	/* Either order is fine. */
	svcnat_pins_leave(p->svc[0]);
	svcnat_pins_destroy(&p->pins);
	for (i = 0; i < SERVICES; i++)
		svcnat_pins_leave(p->svc[i]);
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 0);
}

/* The backend a source is pinned to, or NULL. */
static struct svcnat_backend *where(struct pinned *p, u32 svc, const struct svcnat_set *set,
				    bool local, u32 src)
{
	union nf_inet_addr addr = addr_of(src);
	struct svcnat_backend *b;

	rcu_read_lock();
	b = svcnat_pin_find(&p->pins, p->svc[svc], set, local, &addr);
	rcu_read_unlock();
	return b;
}

static bool put(struct pinned *p, u32 svc, u32 src, const struct svcnat_backend *b)
{
	union nf_inet_addr addr = addr_of(src);
	bool room;

	rcu_read_lock();
	room = svcnat_pin_set(&p->pins, p->svc[svc], &addr, b, SECONDS);
	rcu_read_unlock();
	return room;
}

/* Makes all pins older. */
static void wait_for(struct pinned *p, u32 seconds)
{
	struct rhashtable_iter iter;
	struct pin *pin;

	rhashtable_walk_enter(&p->pins.table, &iter);
	rhashtable_walk_start(&iter);
	while ((pin = rhashtable_walk_next(&iter)))
		if (!IS_ERR(pin))
			pin->last -= seconds;
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/* Twice, as one may miss some. */
static void sweep_now(struct pinned *p)
{
	u32 i;

	for (i = 0; i < 2; i++) {
		cancel_delayed_work_sync(&p->pins.sweep);
		schedule_delayed_work(&p->pins.sweep, 0);
		flush_delayed_work(&p->pins.sweep);
	}
}

static void affinity_pin(struct kunit *test)
{
	struct pinned *p = test->priv;

	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 0)));
	KUNIT_EXPECT_TRUE(test, put(p, 0, 2, find(p->set, 1)));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 0));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 2), find(p->set, 1));
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 3));
	KUNIT_EXPECT_NULL(test, where(p, 1, p->set, false, 1));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 2);
	/* To another one, without a second pin. */
	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 1)));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 1));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 2);
}

static void affinity_time(struct kunit *test)
{
	struct pinned *p = test->priv;

	put(p, 0, 1, find(p->set, 0));
	wait_for(p, SECONDS - 1);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 0));
	/* Looking does not renew, a connection does. */
	put(p, 0, 1, find(p->set, 0));
	wait_for(p, SECONDS - 1);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 0));
	wait_for(p, 2);
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	/* What is over and not yet swept is used again. */
	put(p, 0, 1, find(p->set, 1));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 1));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 1);
}

static void affinity_policies(struct kunit *test)
{
	struct pinned *p = test->priv;
	static const struct { u32 backend; bool cluster, local; } table[] = {
		{ 0, true, false }, { 1, true, true }, { 2, false, true }, { 3, false, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct svcnat_backend *b = find(p->set, table[i].backend);

		put(p, 0, 1, b);
		KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1),
				    table[i].cluster ? b : NULL);
		KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, true, 1),
				    table[i].local ? b : NULL);
	}
}

/* Pins follow a backend into another set, and mean nothing when it is not in it. */
static void affinity_sets(struct kunit *test)
{
	struct pinned *p = test->priv;
	struct svcnat_set *without = set_without(test, sticky(), four, 4, 0, 1);
	struct svcnat_set *again = set_of(test, sticky(), NULL, 10);

	put(p, 0, 1, find(p->set, 1));
	KUNIT_EXPECT_NULL(test, where(p, 0, without, false, 1));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, again, false, 1), find(again, 1));
	set_done(again);
	set_done(without);
}

static void affinity_unavailable(struct kunit *test)
{
	struct pinned *p = test->priv;
	struct svcnat_backend *b = find(p->set, 1);

	put(p, 0, 1, b);
	sit_out(b, 100);
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	sit_out(b, 0);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), b);
	be_active(b, 9);
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
}

static void affinity_ipv6(struct kunit *test)
{
	struct svcnat_backend like = { .port = htons(80), .weight = 1,
				       .flags = C | SVCNAT_BACKEND_V6 };
	struct svcnat_settings settings = sticky();
	struct svcnat_set *set = svcnat_set_alloc(NULL, &settings, 0);
	struct pinned *p = test->priv;
	union nf_inet_addr src, other;

	get_random_bytes(&src, sizeof(src));
	other = src;
	other.ip6[3] = ~other.ip6[3];
	get_random_bytes(&like.addr, sizeof(like.addr));
	KUNIT_ASSERT_EQ(test, svcnat_set_append(&set, &like), 0);
	KUNIT_ASSERT_EQ(test, svcnat_set_arrange(set), 0);
	rcu_read_lock();
	KUNIT_EXPECT_TRUE(test, svcnat_pin_set(&p->pins, p->svc[0], &src, set->backend[0],
					       SECONDS));
	KUNIT_EXPECT_PTR_EQ(test, svcnat_pin_find(&p->pins, p->svc[0], set, false, &src),
			    set->backend[0]);
	KUNIT_EXPECT_NULL(test, svcnat_pin_find(&p->pins, p->svc[0], set, false, &other));
	rcu_read_unlock();
	set_done(set);
}

/* Pins that are over go, others stay, and with the last one so does the timer. */
static void affinity_sweep(struct kunit *test)
{
	struct pinned *p = test->priv;
	u32 i;

	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&p->pins.sweep));
	for (i = 0; i < 10000; i++)
		KUNIT_ASSERT_TRUE(test, put(p, 0, i, find(p->set, 0)));
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&p->pins.sweep));
	wait_for(p, SECONDS + 2);
	for (i = 0; i < 10; i++)
		put(p, 0, i, find(p->set, 0));
	sweep_now(p);
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 10);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 9), find(p->set, 0));
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 10));
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&p->pins.sweep));
	wait_for(p, SECONDS + 2);
	sweep_now(p);
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 0);
	KUNIT_EXPECT_FALSE(test, delayed_work_pending(&p->pins.sweep));
	/* And it comes back. */
	put(p, 0, 1, find(p->set, 0));
	KUNIT_EXPECT_TRUE(test, delayed_work_pending(&p->pins.sweep));
}

static void affinity_full_service(struct kunit *test)
{
	struct pinned *p = test->priv;
	u32 i;

	for (i = 0; i < SVCNAT_PINS_SERVICE_MAX; i++)
		KUNIT_ASSERT_TRUE(test, put(p, 0, i, find(p->set, 0)));
	KUNIT_EXPECT_FALSE(test, put(p, 0, i, find(p->set, 0)));
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, i));
	/* Those who have one keep and renew it, and another service has room. */
	KUNIT_EXPECT_TRUE(test, put(p, 0, i - 1, find(p->set, 1)));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, i - 1), find(p->set, 1));
	KUNIT_EXPECT_TRUE(test, put(p, 1, i, find(p->set, 0)));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), SVCNAT_PINS_SERVICE_MAX + 1);
	wait_for(p, SECONDS + 2);
	sweep_now(p);
	KUNIT_EXPECT_TRUE(test, put(p, 0, i, find(p->set, 0)));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 1);
}

static void affinity_full_namespace(struct kunit *test)
{
	struct pinned *p = test->priv;

	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 0)));
	atomic_add(SVCNAT_PINS_MAX - 1, &p->pins.n);
	KUNIT_EXPECT_FALSE(test, put(p, 1, 1, find(p->set, 0)));
	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 1)));
	atomic_sub(1, &p->pins.n);
	KUNIT_EXPECT_TRUE(test, put(p, 1, 1, find(p->set, 0)));
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), SVCNAT_PINS_MAX);
	atomic_sub(SVCNAT_PINS_MAX - 2, &p->pins.n);
}

/* A service that never asked has no pins and no room for any. */
static void affinity_unprepared(struct kunit *test)
{
	struct pinned *p = test->priv;
	struct svcnat_pin_owner *owner = p->svc[0]->pin_owner;

	p->svc[0]->pin_owner = NULL;
	KUNIT_EXPECT_FALSE(test, put(p, 0, 1, find(p->set, 0)));
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	p->svc[0]->pin_owner = owner;
	KUNIT_EXPECT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, p->svc[0]->pin_owner, owner);
}

/* A service that gives affinity up and asks again begins anew; one that goes on does not. */
static void affinity_given_up(struct kunit *test)
{
	struct pinned *p = test->priv;
	struct svcnat_set *without = set_of(test, settings_of(0), four, ARRAY_SIZE(four));

	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 0)));
	p->svc[0]->set = p->set;
	KUNIT_EXPECT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[0]), 0);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 0));
	p->svc[0]->set = without;
	KUNIT_EXPECT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[0]), 0);
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	KUNIT_EXPECT_TRUE(test, put(p, 0, 1, find(p->set, 1)));
	KUNIT_EXPECT_PTR_EQ(test, where(p, 0, p->set, false, 1), find(p->set, 1));
	put(p, 0, 2, find(p->set, 0));
	KUNIT_EXPECT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[0]), 0);
	sweep_now(p);
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 0);
	set_done(without);
}

/* Its pins go with the next sweep, however young they are. */
static void affinity_service_gone(struct kunit *test)
{
	struct pinned *p = test->priv;
	u32 i;

	for (i = 0; i < 5000; i++) {
		put(p, 0, i, find(p->set, 0));
		put(p, 1, i, find(p->set, 0));
	}
	svcnat_pins_leave(p->svc[0]);
	/* One of the same name is another service. */
	KUNIT_ASSERT_EQ(test, svcnat_pins_prepare(&p->pins, p->svc[0]), 0);
	KUNIT_EXPECT_NULL(test, where(p, 0, p->set, false, 1));
	sweep_now(p);
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 5000);
	KUNIT_EXPECT_PTR_EQ(test, where(p, 1, p->set, false, 1), find(p->set, 0));
}

#define SOURCES 12

/* Random connections, waits, sweeps and failing backends, against an array of pins. */
static void affinity_model(struct kunit *test)
{
	struct { int backend; u32 age; } told[SERVICES][SOURCES];
	struct pinned *p = test->priv;
	bool out[4] = { false };
	u32 step, s, i;

	for (s = 0; s < SERVICES; s++)
		for (i = 0; i < SOURCES; i++)
			told[s][i].backend = -1;
	for (step = 0; step < 8000; step++) {
		u32 svc = get_random_u32() % SERVICES, src = get_random_u32() % SOURCES;
		u32 b = get_random_u32() % 4, seconds = get_random_u32() % 40;
		bool local = get_random_u32() % 2;
		int at = told[svc][src].backend;

		switch (get_random_u32() % 16) {
		case 0:
			out[b] = !out[b];
			sit_out(find(p->set, b), out[b] ? 1000 : 0);
			break;
		case 1:
			wait_for(p, seconds);
			for (s = 0; s < SERVICES; s++)
				for (i = 0; i < SOURCES; i++)
					told[s][i].age += seconds;
			break;
		case 2:
			sweep_now(p);
			break;
		case 3 ... 8:
			KUNIT_ASSERT_TRUE(test, put(p, svc, src, find(p->set, b)));
			told[svc][src].backend = b;
			told[svc][src].age = 0;
			break;
		default:
			/* The clock of the kernel goes on meanwhile. */
			if (told[svc][src].age > SECONDS - 5 && told[svc][src].age <= SECONDS)
				break;
			if (at >= 0 && (told[svc][src].age > SECONDS || out[at] ||
					!(four[at].flags & (local ? L : C))))
				at = -1;
			KUNIT_ASSERT_PTR_EQ(test, where(p, svc, p->set, local, src),
					    at < 0 ? NULL : find(p->set, at));
		}
	}
	for (i = 0; i < 4; i++)
		sit_out(find(p->set, i), 0);
}

struct rider {
	struct kunit *test;
	struct svcnat_set *set;
	struct completion done;
	bool strange;
};

/* Points the one source to one backend or the other, and looks where it leads. */
static int ride(void *data)
{
	struct rider *r = data;
	struct pinned *p = r->test->priv;
	union nf_inet_addr src = addr_of(7), addr;
	struct pin *pin;
	__be16 port;
	u32 i;

	for (i = 0; i < 20000; i++) {
		struct svcnat_backend *b = r->set->backend[get_random_u32() % 2];

		rcu_read_lock();
		svcnat_pin_set(&p->pins, p->svc[0], &src, b, SECONDS);
		pin = pin_lookup(&p->pins, p->svc[0]->pin_owner, &src);
		if (pin && pin_read(pin, &addr, &port) && !svcnat_set_find(r->set, &addr, port, NULL))
			r->strange = true;
		rcu_read_unlock();
		if (i % 512 == 0)
			cond_resched();
	}
	kthread_complete_and_exit(&r->done, 0);
}

/* Nobody ever sees half of one address and half of the other. */
static void affinity_races(struct kunit *test)
{
	struct svcnat_backend like = { .weight = 1, .flags = C | SVCNAT_BACKEND_V6 };
	struct svcnat_settings settings = sticky();
	struct svcnat_set *set = svcnat_set_alloc(NULL, &settings, 2);
	struct pinned *p = test->priv;
	struct rider riders[4];
	u32 i;

	for (i = 0; i < 2; i++) {
		memset(&like.addr, 0x11 * (i + 1), sizeof(like.addr));
		like.port = htons(i + 1);
		KUNIT_ASSERT_EQ(test, svcnat_set_append(&set, &like), 0);
	}
	KUNIT_ASSERT_EQ(test, svcnat_set_arrange(set), 0);
	for (i = 0; i < ARRAY_SIZE(riders); i++) {
		riders[i] = (struct rider) { .test = test, .set = set };
		init_completion(&riders[i].done);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(ride, &riders[i], "ride%u", i)));
	}
	for (i = 0; i < ARRAY_SIZE(riders); i++) {
		wait_for_completion(&riders[i].done);
		KUNIT_EXPECT_FALSE(test, riders[i].strange);
	}
	KUNIT_EXPECT_EQ(test, svcnat_pins_count(&p->pins), 1);
	set_done(set);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(affinity_pin),
	KUNIT_CASE(affinity_time),
	KUNIT_CASE(affinity_policies),
	KUNIT_CASE(affinity_sets),
	KUNIT_CASE(affinity_unavailable),
	KUNIT_CASE(affinity_ipv6),
	KUNIT_CASE(affinity_sweep),
	KUNIT_CASE(affinity_full_service),
	KUNIT_CASE(affinity_full_namespace),
	KUNIT_CASE(affinity_unprepared),
	KUNIT_CASE(affinity_given_up),
	KUNIT_CASE(affinity_service_gone),
	KUNIT_CASE(affinity_model),
	KUNIT_CASE(affinity_races),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_affinity",
	.init = pinned_init,
	.exit = pinned_exit,
	.suite_init = sets_init,
	.suite_exit = sets_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
