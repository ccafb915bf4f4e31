// SPDX-License-Identifier: GPL-2.0
#include "plan.h"

static void step_add(struct plan *p, enum plan_op op, const struct dp_service *was,
		     const struct dp_service *want)
{
	p->steps[p->n++] = (struct plan_step){ .op = op, .was = was, .want = want };
}

/* Both sides are sorted by identity and unique: one walk. */
static void steps_make(struct plan *p, const struct dp *have, const struct dp *want)
{
	const struct dp_service *h = have->services, *h_end = h + have->n_services;
	const struct dp_service *w = want->services, *w_end = w + want->n_services;

	while (h < h_end || w < w_end) {
		int c = h == h_end ? 1 : w == w_end ? -1 : dp_service_cmp(h, w);

		if (c < 0) {
			step_add(p, PLAN_REMOVE, h++, NULL);
		} else if (c > 0) {
			step_add(p, PLAN_ADD, NULL, w++);
		} else {
			if (!dp_service_equal(h, w))
				step_add(p, PLAN_CHANGE, h, w);
			h++;
			w++;
		}
	}
}

/* A kernel that never saw a commit holds nothing: the whole is the change. */
static bool worth_replacing(const struct plan *p, const struct dp *have)
{
	size_t most = have->n_services;

	if (p->want->n_services > most)
		most = p->want->n_services;
	return !p->want->some && (!have->generation || p->n > most / 2);
}

struct plan *plan_make(struct arena *a, const struct dp *have, const struct dp *want)
{
	struct plan *p = arena_alloc(a, sizeof(*p));

	p->generation = have->generation;
	p->want = want;
	p->config_was = &have->config;
	p->steps = arena_alloc(a, (have->n_services + want->n_services) * sizeof(*p->steps));
	if (!dp_config_equal(&have->config, &want->config))
		p->config = &want->config;
	steps_make(p, have, want);
	p->replace = worth_replacing(p, have);
	return p;
}

bool plan_empty(const struct plan *p)
{
	return !p->n && !p->config;
}
