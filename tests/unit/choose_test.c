// SPDX-License-Identifier: GPL-2.0
/* Endpoint choice: cases by name, then at random against a second, naive telling. */
#include "lab.h"
#include "choose.h"

#define C SVCNAT_BACKEND_F_CLUSTER
#define L SVCNAT_BACKEND_F_LOCAL

enum { R = 1, S = 2, T = 4, HERE = 8, NIL = 16 };	/* ready, serving, terminating, local, weight 0 */

static const char *const a_name[] = { "a" }, *const b_name[] = { "b" };
static const struct strings none, a = { (const char **)a_name, 1 }, b = { (const char **)b_name, 1 };

struct one {
	unsigned int state;
	const struct strings *nodes, *zones;
	uint32_t want;
};

struct choice {
	const char *name;
	struct one v[4];
};

/* Our node is called a, and so is our zone. The list ends with state 0 and no hints. */
static const struct choice choices[] = {
	{ "ready ones are picked, unready ones not",
	  { { R | S, NULL, NULL, C }, { S, NULL, NULL, 0 }, { R | S | HERE, NULL, NULL, C | L } } },
	{ "terminating ones step in when none is ready anywhere",
	  { { S | T, NULL, NULL, C }, { S | T | HERE, NULL, NULL, C | L }, { T, NULL, NULL, 0 } } },
	{ "serving but neither ready nor terminating is no reserve",
	  { { S, NULL, NULL, 0 }, { S | HERE, NULL, NULL, 0 } } },
	{ "policy Local falls back alone",
	  { { R | S, NULL, NULL, C }, { S | T | HERE, NULL, NULL, L } } },
	{ "policy Local does not fall back while a local one is ready",
	  { { S | T | HERE, NULL, NULL, 0 }, { R | S | HERE, NULL, NULL, C | L } } },
	{ "hints to our node",
	  { { R | S, &a, &a, C }, { R | S, &b, &a, 0 }, { R | S, &b, &b, 0 } } },
	{ "no endpoint for our node: hints to our zone",
	  { { R | S, &b, &a, C }, { R | S, &b, &b, 0 } } },
	{ "no endpoint for our zone: everybody",
	  { { R | S, NULL, &b, C }, { R | S, NULL, &b, C } } },
	{ "one ready endpoint without a hint switches that kind off",
	  { { R | S, &a, &a, C }, { R | S, &none, &b, 0 }, { R | S, &b, &a, C } } },
	{ "an unready endpoint without a hint does not",
	  { { R | S, NULL, &a, C }, { S, NULL, NULL, 0 }, { R | S, NULL, &b, 0 } } },
	{ "topology does not apply to policy Local",
	  { { R | S | HERE, NULL, &b, L }, { R | S, NULL, &a, C } } },
	{ "weight 0 is not picked, and others step in",
	  { { R | S | NIL | HERE, NULL, NULL, 0 }, { R | S, NULL, NULL, C },
	    { S | T | HERE, NULL, NULL, L } } },
	{ "weight 0 everywhere: nobody is",
	  { { R | S | NIL | HERE, NULL, NULL, 0 }, { S | T | NIL, NULL, NULL, 0 } } },
	{ "weight 0 has no say about hints",
	  { { R | S | NIL, NULL, NULL, 0 }, { R | S, NULL, &a, C }, { R | S, NULL, &b, 0 } } },
	{ "nor to endpoints in termination",
	  { { S | T, NULL, &b, C }, { S | T, NULL, &a, C } } },
};

static struct endpoint endpoint_of(const struct one *o)
{
	return (struct endpoint){
		.ready = o->state & R, .serving = o->state & S, .terminating = o->state & T,
		.local = o->state & HERE, .hint_nodes = o->nodes, .hint_zones = o->zones,
		.weight = !(o->state & NIL),
	};
}

static void test_choices(void **state)
{
	struct viewpoint here = { "a", "a" };

	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		const struct choice *c = &choices[i];
		struct endpoint v[4];
		uint32_t flags[4];
		struct endpoint_list l = { v, 0 };

		for (; l.n < 4 && (c->v[l.n].state || c->v[l.n].zones); l.n++)
			v[l.n] = endpoint_of(&c->v[l.n]);
		choose(&l, &here, flags);
		for (size_t j = 0; j < l.n; j++)
			if (flags[j] != c->v[j].want)
				fail_msg("%s: endpoint %zu has flags %u, expected %u", c->name, j,
					 flags[j], c->v[j].want);
	}
}

/* §1.1.1 to 5 once more, sentence by sentence and set by set. */

#define N 6

struct naive {
	const struct endpoint *v;
	size_t n;
	bool in[N];
};

static size_t size(const struct naive *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->in[i];
	return n;
}

static bool has(const struct strings *s, const char *what)
{
	return s && s->n && what && !strcmp(s->v[0], what);
}

static struct naive where(const struct endpoint_list *l, bool (*is)(const struct endpoint *e))
{
	struct naive s = { l->v, l->n, { 0 } };

	for (size_t i = 0; i < l->n; i++)
		s.in[i] = is(&l->v[i]);
	return s;
}

static bool ready(const struct endpoint *e) { return e->ready && e->weight; }
static bool going(const struct endpoint *e) { return e->serving && e->terminating && e->weight; }
static bool ready_here(const struct endpoint *e) { return ready(e) && e->local; }
static bool going_here(const struct endpoint *e) { return going(e) && e->local; }

/* Those of @all with a hint to @us, or all, if the hint does not hold. */
static struct naive hinted(const struct naive *all, bool nodes, const char *us)
{
	struct naive fit = *all;

	for (size_t i = 0; i < all->n; i++) {
		const struct strings *s = nodes ? all->v[i].hint_nodes : all->v[i].hint_zones;

		if (all->in[i] && (!s || !s->n))
			return *all;
		fit.in[i] = all->in[i] && has(s, us);
	}
	return size(&fit) ? fit : *all;
}

static struct naive naive_cluster(const struct endpoint_list *l, const struct viewpoint *from)
{
	struct naive set = where(l, ready), near;

	if (!size(&set))
		return where(l, going);
	near = hinted(&set, true, from->node);
	/* All of them may have named us: that is no reason to look at zones. */
	if (size(&near) < size(&set))
		return near;
	for (size_t i = 0; i < l->n; i++)
		if (set.in[i] && !has(l->v[i].hint_nodes, from->node))
			return hinted(&set, false, from->zone);
	return near;
}

static struct naive naive_local(const struct endpoint_list *l)
{
	struct naive set = where(l, ready_here);

	return size(&set) ? set : where(l, going_here);
}

static const struct strings *random_hint(uint64_t *seed)
{
	const struct strings *const hints[] = { NULL, &none, &a, &a, &a, &b, &b, &b };

	return hints[lab_random(seed) % 8];
}

static void test_against_naive(void **state)
{
	static const char *const names[] = { "a", "b", "c", NULL };
	uint64_t seed = 1;

	for (int round = 0; round < 200000; round++) {
		struct viewpoint from = { names[lab_random(&seed) % 3], names[lab_random(&seed) % 4] };
		struct endpoint v[N];
		struct endpoint_list l = { v, lab_random(&seed) % (N + 1) };
		struct naive cluster, local;
		uint32_t flags[N], usable = 0, any = 0;

		for (size_t i = 0; i < l.n; i++) {
			struct one o = { lab_random(&seed) % 16 | (lab_random(&seed) % 8 ? 0 : NIL), random_hint(&seed),
					 random_hint(&seed), 0 };

			v[i] = endpoint_of(&o);
		}
		choose(&l, &from, flags);
		cluster = naive_cluster(&l, &from);
		local = naive_local(&l);
		for (size_t i = 0; i < l.n; i++) {
			uint32_t want = (cluster.in[i] ? C : 0) | (local.in[i] ? L : 0);

			if (flags[i] != want)
				fail_msg("round %d: endpoint %zu of %zu has flags %u, expected %u",
					 round, i, l.n, flags[i], want);
			usable |= ready(&v[i]) || going(&v[i]);
			any |= flags[i] & C;
		}
		/* The kernel tells DROP from REJECT by this. */
		assert_true(!usable == !any);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_choices),
		cmocka_unit_test(test_against_naive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
