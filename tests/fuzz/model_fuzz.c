// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that parse, however odd, through all of the model: what comes out is
 * what the kernel's contract asks for, and doing it again changes nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include "input.h"
#include "model.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct prefix prefix(const char *text)
{
	struct prefix p;

	if (!prefix_parse(text, &p))
		abort();
	return p;
}

static void check_settings(const struct dp_service *s)
{
	assert(s->sched <= SVCNAT_SCHED_MAX && !(s->flags & ~SVCNAT_SERVICE_F_MASK));
	assert(s->affinity_seconds <= SVCNAT_AFFINITY_SECONDS_MAX);
	assert(s->removal <= SVCNAT_REMOVAL_MAX && s->drain_seconds <= SVCNAT_SECONDS_MAX);
	assert((s->removal == SVCNAT_REMOVAL_DRAIN) == !!s->drain_seconds);
	assert(s->eject_fails <= 255 && !s->eject_fails == !s->eject_seconds);
	assert(s->eject_seconds <= SVCNAT_SECONDS_MAX && s->n_ranges <= SVCNAT_RANGES_MAX);
	for (size_t i = 0; i < s->n_ranges; i++)
		assert(s->ranges[i].ip.family == s->family && s->ranges[i].len);
}

static void check_service(const struct dp_service *s)
{
	check_settings(s);
	assert(s->n_frontends <= SVCNAT_FRONTENDS_MAX);
	for (size_t i = 0; i < s->n_frontends; i++) {
		const struct dp_frontend *fe = &s->frontends[i];

		assert(fe->port && !(fe->flags & ~SVCNAT_FRONTEND_F_MASK));
		assert(fe->ip.family == (fe->kind == SVCNAT_FRONTEND_NODE_PORT ? 0 : s->family));
		assert(!i || dp_frontend_cmp(fe - 1, fe) < 0);
	}
	for (size_t i = 0; i < s->n_backends; i++) {
		const struct dp_backend *b = &s->backends[i];

		assert(b->port && b->ip.family == s->family);
		assert(!(b->flags & ~SVCNAT_BACKEND_F_MASK));
		assert(b->weight >= 1 && b->weight <= SVCNAT_WEIGHT_MAX);
		assert(!i || dp_backend_cmp(b - 1, b) < 0);
	}
}

static void check(const struct dp *dp)
{
	for (size_t i = 0; i < dp->n_services; i++) {
		check_service(&dp->services[i]);
		assert(!i || dp_service_cmp(&dp->services[i - 1], &dp->services[i]) < 0);
	}
	assert(dp->config.n_cluster_cidrs <= SVCNAT_PREFIXES_MAX);
	assert(dp->config.n_service_cidrs <= SVCNAT_PREFIXES_MAX);
	assert(dp->config.n_node_cidrs <= SVCNAT_PREFIXES_MAX);
}

static struct objects everything(struct arena *a, struct model *m)
{
	struct objects out = { 0 };

	for (int k = 0; k < KIND_MAX; k++) {
		struct objects all = model_kind(m, k);

		for (size_t i = 0; i < all.n; i++)
			*(struct object **)arena_push(a, &out.v, &out.n, sizeof(*out.v)) = all.v[i];
	}
	return out;
}

static void run(struct arena *a, const struct objects *in, const struct options *opt,
		struct diag *d)
{
	struct model *m = model_build(a, NULL, in, opt, d);
	struct objects touched = { 0 }, known;
	struct dp *first, *second;

	if (!m || !model_allocate(m, &touched, d))
		return;
	first = model_resolve(m, NULL, d);
	check(first);
	known = everything(a, m);
	m = model_build(a, &known, NULL, opt, d);
	assert(m);
	touched.n = 0;
	assert(model_allocate(m, &touched, d) && !touched.n);
	second = model_resolve(m, NULL, d);
	assert(plan_empty(plan_make(a, first, second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prefix ranges[] = { prefix("10.96.0.0/12"), prefix("fd00:10:96::/112") };
	struct prefix pools[] = { prefix("192.0.2.0/30"), prefix("2001:db8::/120") };
	struct prefix all = prefix("0.0.0.0/0");
	struct options opt = {
		.node = "node-a", .service_cidrs = { ranges, 2 }, .lb_pools = { pools, 2 },
		.external_ips = { &all, 1 }, .nodeport_min = 30000, .nodeport_max = 32767,
		.strict_ranges = size % 2, .detect = size % 3 ? DETECT_CLUSTER_CIDR : DETECT_NODE_CIDR,
	};
	static FILE *null;
	struct arena *a = arena_new();
	struct objects in = { 0 };
	struct diag *d;

	if (!null)
		null = fopen("/dev/null", "w");
	d = diag_new(null);
	if (input_yaml(a, "fuzz", (const char *)data, size, &in, d))
		run(a, &in, &opt, d);
	diag_free(d);
	arena_free(a);
	return 0;
}
