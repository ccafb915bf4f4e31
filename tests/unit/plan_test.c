// SPDX-License-Identifier: GPL-2.0
/* The plan: doing what it says leads from one state to the other, in fewest steps. */
#include "lab.h"
#include <netinet/in.h>

static struct ip ip4(uint32_t last)
{
	return (struct ip){ .family = AF_INET, .b = { 10, 0, (uint8_t)(last >> 8), (uint8_t)last } };
}

static struct prefix *random_prefixes(struct arena *a, uint64_t *seed, size_t *n)
{
	struct prefix *v = arena_alloc(a, 2 * sizeof(*v));

	for (uint32_t i = 0; i < 2; i++)
		if (lab_random(seed) % 4 == 0)
			v[(*n)++] = (struct prefix){ ip4(i), 32 };
	return v;
}

/* One setting or another, mostly none. */
static void random_settings(struct arena *a, uint64_t *seed, struct dp_service *s)
{
	s->sched = lab_random(seed) % 8 ? SVCNAT_SCHED_RANDOM : SVCNAT_SCHED_RR;
	s->flags = lab_random(seed) % 8 ? 0 : SVCNAT_SERVICE_F_REJECT_ICMP;
	s->affinity_seconds = lab_random(seed) % 8 ? 0 : 10800;
	s->removal = lab_random(seed) % 8 ? SVCNAT_REMOVAL_KEEP : SVCNAT_REMOVAL_DRAIN;
	s->drain_seconds = s->removal ? 1 + lab_random(seed) % 2 : 0;
	s->eject_fails = lab_random(seed) % 8 ? 5 : 0;
	s->eject_seconds = s->eject_fails ? 30 + lab_random(seed) % 8 / 7 : 0;
	s->ranges = random_prefixes(a, seed, &s->n_ranges);
}

/* Services over few names and values, so that pairs of states have much in common. */
static void random_service(struct arena *a, uint64_t *seed, uint32_t number, struct dp_service *s)
{
	size_t most = lab_random(seed) % 4;

	s->name = arena_printf(a, "ns/s%u:", number / 2);
	s->family = AF_INET;
	s->proto = number % 2 ? IPPROTO_UDP : IPPROTO_TCP;
	random_settings(a, seed, s);
	s->frontends = arena_alloc(a, sizeof(*s->frontends));
	s->frontends[0] = (struct dp_frontend){ .ip = ip4(number), .port = 80 };
	s->n_frontends = lab_random(seed) % 8 != 0;
	s->backends = arena_alloc(a, most * sizeof(*s->backends));
	for (uint32_t i = 0; i < most; i++) {
		if (lab_random(seed) % 4)
			s->backends[s->n_backends++] = (struct dp_backend){
				.ip = ip4(256 + i), .port = 8080, .flags = lab_random(seed) % 8 ? 1 : 3,
				.weight = lab_random(seed) % 8 ? 1 : 2,
				.conn_limit = lab_random(seed) % 8 ? 0 : 100,
				.connections = lab_random(seed),
			};
	}
}

static struct dp *random_state(struct arena *a, uint64_t *seed)
{
	struct dp *dp = arena_alloc(a, sizeof(*dp));
	uint32_t keep = lab_random(seed) % 5;

	dp->generation = lab_random(seed) % 3;
	dp->services = arena_alloc(a, 16 * sizeof(*dp->services));
	for (uint32_t i = 0; i < 16; i++)
		if (lab_random(seed) % 4 < keep)
			random_service(a, seed, i, &dp->services[dp->n_services++]);
	dp->config.cluster_cidrs = random_prefixes(a, seed, &dp->config.n_cluster_cidrs);
	dp->config.service_cidrs = random_prefixes(a, seed, &dp->config.n_service_cidrs);
	dp->config.node_cidrs = random_prefixes(a, seed, &dp->config.n_node_cidrs);
	dp->config.pod_interface = lab_random(seed) % 2 ? NULL : "cni0";
	dp->config.flags = lab_random(seed) % 2;
	dp_sort(dp);
	return dp;
}

/* What the kernel does with the steps, the slow way. */
static struct dp *carry_out(struct arena *a, const struct dp *have, const struct plan *p)
{
	struct dp *dp = arena_alloc(a, sizeof(*dp));

	dp->config = p->config ? *p->config : have->config;
	dp->services = arena_alloc(a, (have->n_services + p->n) * sizeof(*dp->services));
	for (size_t i = 0; i < have->n_services; i++) {
		bool named = false;

		for (size_t j = 0; j < p->n; j++)
			named |= p->steps[j].was == &have->services[i];
		if (!named)
			dp->services[dp->n_services++] = have->services[i];
	}
	for (size_t j = 0; j < p->n; j++)
		if (p->steps[j].want)
			dp->services[dp->n_services++] = *p->steps[j].want;
	dp_sort(dp);
	return dp;
}

static void assert_same(const struct dp *x, const struct dp *y)
{
	assert_int_equal(x->n_services, y->n_services);
	for (size_t i = 0; i < x->n_services; i++)
		assert_true(dp_service_equal(&x->services[i], &y->services[i]));
	assert_true(dp_config_equal(&x->config, &y->config));
}

static void check_steps(const struct plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct plan_step *s = &p->steps[i];

		assert_true(s->op == PLAN_ADD ? !s->was && s->want :
			    s->op == PLAN_REMOVE ? s->was && !s->want :
			    s->was && s->want && !dp_service_cmp(s->was, s->want) &&
			    !dp_service_equal(s->was, s->want));
		if (i)
			assert_true(dp_service_cmp(s[-1].want ? s[-1].want : s[-1].was,
						   s->want ? s->want : s->was) < 0);
	}
}

static void test_random_states(void **state)
{
	uint64_t seed = 7;

	for (int round = 0; round < 20000; round++) {
		struct arena *a = arena_new();
		struct dp *have = random_state(a, &seed), *want = random_state(a, &seed);
		struct plan *p = plan_make(a, have, want);

		check_steps(p);
		assert_int_equal(p->generation, have->generation);
		assert_ptr_equal(p->want, want);
		assert_same(carry_out(a, have, p), want);
		assert_true(plan_empty(plan_make(a, want, want)));
		assert_int_equal(p->replace, !have->generation || p->n > (have->n_services >
				 want->n_services ? have->n_services : want->n_services) / 2);
		arena_free(a);
	}
}

/* Each difference is one; what is only read is none. */
static void test_equal(void **state)
{
	struct dp_frontend fe = { .ip = ip4(1), .port = 80 }, fe2;
	struct dp_backend be = { .ip = ip4(2), .port = 80, .flags = 1 }, be2;
	struct prefix range = { ip4(0), 24 }, range2;
	const struct dp_service s = { .name = "a/b:", .family = AF_INET, .proto = IPPROTO_TCP,
		.frontends = &fe, .n_frontends = 1, .backends = &be, .n_backends = 1,
		.ranges = &range, .n_ranges = 1 };
	struct dp_service t = s;

	t.frontends = &fe2;
	t.backends = &be2;
	t.ranges = &range2;
#define DIFFERS(change, want) do { \
	struct dp_service u = t; \
	fe2 = fe; \
	be2 = be; \
	range2 = range; \
	change; \
	assert_int_equal(!dp_service_equal(&s, &u), want); \
} while (0)
	DIFFERS((void)u, false);
	DIFFERS(be2.connections = u.refused = u.dropped = u.connections = 9, false);
	DIFFERS(be2.active = be2.repicks = be2.ejections = be2.ejected_seconds = 9, false);
	DIFFERS(be2.packets_in = be2.bytes_in = be2.packets_out = be2.bytes_out = 9, false);
	DIFFERS(u.active = u.repicks = u.ejections = u.not_allowed = u.overloaded = 9, false);
	DIFFERS(u.packets_in = u.bytes_in = u.packets_out = u.bytes_out = 9, false);
	/* Who left and is still busy is nobody's wish. */
	DIFFERS(u.gone = &be; u.n_gone = 1, false);
	DIFFERS(u.affinity_seconds = 1, true);
	DIFFERS(u.removal = SVCNAT_REMOVAL_RESET, true);
	DIFFERS(u.drain_seconds = 1, true);
	DIFFERS(u.eject_fails = 1, true);
	DIFFERS(u.eject_seconds = 1, true);
	DIFFERS(u.n_ranges = 0, true);
	DIFFERS(range2.len = 25, true);
	DIFFERS(be2.weight = 2, true);
	DIFFERS(be2.conn_limit = 2, true);
	DIFFERS(fe2.flags = SVCNAT_FRONTEND_F_RANGES, true);
	DIFFERS(u.name = "a/c:", true);
	DIFFERS(u.family = AF_INET6, true);
	DIFFERS(u.proto = IPPROTO_UDP, true);
	DIFFERS(u.sched = SVCNAT_SCHED_RR, true);
	DIFFERS(u.flags = SVCNAT_SERVICE_F_REJECT_ICMP, true);
	DIFFERS(u.flags = SVCNAT_SERVICE_F_NO_SHORTCUT, true);
	DIFFERS(u.n_frontends = 0, true);
	DIFFERS(u.n_backends = 0, true);
	DIFFERS(fe2.kind = SVCNAT_FRONTEND_EXTERNAL_IP, true);
	DIFFERS(fe2.ip = ip4(3), true);
	DIFFERS(fe2.port = 81, true);
	DIFFERS(fe2.flags = SVCNAT_FRONTEND_F_LOCAL, true);
	DIFFERS(be2.ip = ip4(3), true);
	DIFFERS(be2.port = 81, true);
	DIFFERS(be2.flags = 3, true);
#undef DIFFERS
}

static void test_config_equal(void **state)
{
	struct prefix v[] = { { ip4(1), 32 }, { ip4(2), 32 } };
	struct dp_config none = { 0 }, c = { .pod_interface = "cni0" };

	assert_true(dp_config_equal(&none, &none));
	assert_false(dp_config_equal(&none, &c));
	c.pod_interface = "";
	assert_true(dp_config_equal(&none, &c));
	c.flags = SVCNAT_CONFIG_F_MASQUERADE_ALL;
	assert_false(dp_config_equal(&none, &c));
	c.flags = SVCNAT_CONFIG_F_NO_SHORTCUT;
	assert_false(dp_config_equal(&none, &c));
	assert_false(dp_config_equal(&none, &(struct dp_config){ .node_cidrs = v, .n_node_cidrs = 2 }));
	assert_false(dp_config_equal(&none, &(struct dp_config){ .service_cidrs = v, .n_service_cidrs = 1 }));
	assert_false(dp_config_equal(&(struct dp_config){ .service_cidrs = v, .n_service_cidrs = 1 },
				     &(struct dp_config){ .service_cidrs = v + 1, .n_service_cidrs = 1 }));
}

#define WEB "apiVersion: v1\nkind: Service\nmetadata: {name: web"
#define SLICE \
	"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, " \
	"metadata: {name: w, labels: {kubernetes.io/service-name: web}}, " \
	"ports: [{name: http, port: 8080}], endpoints: "

static struct dp *resolve(struct lab *l, const char *yaml)
{
	struct model *m;

	l->known = (struct objects){ 0 };
	m = lab_apply(l, yaml);
	return model_resolve(m, NULL, l->d);
}

static void test_print(void **state)
{
	struct lab *l = lab_new();
	struct dp *have, *want;
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	have = resolve(l, WEB "}\nspec: {type: NodePort, clusterIP: 10.96.0.10, "
		"ports: [{name: http, port: 80, nodePort: 30080}, {name: old, port: 81, nodePort: 30081}]}\n"
		SLICE "[{addresses: [10.1.0.1]}, {addresses: [10.1.0.2], conditions: {ready: false}}]}\n");
	l->opt.masquerade_all = l->opt.service_cidrs_given = l->opt.strict_ranges = true;
	l->opt.no_fast_path = true;
	want = resolve(l, WEB ", uid: u, annotations: {svcnat.io/scheduler: round-robin, "
		"svcnat.io/refuse: icmp, svcnat.io/removal: drain=30, svcnat.io/eject: 'off', svcnat.io/fast-path: 'off', "
		"svcnat.io/max-connections: '100', svcnat.io/weights: 10.1.0.2=7}}\nspec: {type: NodePort, clusterIP: 10.96.0.10, "
		"ports: [{name: http, port: 80, nodePort: 30090}, {name: new, port: 82, protocol: UDP, "
		"nodePort: 30082}], externalTrafficPolicy: Local, sessionAffinity: ClientIP, "
		"loadBalancerSourceRanges: [192.0.2.128/25, 192.0.2.0/25, 203.0.113.0/24]}\n"
		SLICE "[{addresses: [10.1.0.1], nodeName: node-a}, {addresses: [10.1.0.2]}, "
		"{addresses: [10.1.0.3], conditions: {ready: false}}]}\n---\n"
		"{apiVersion: v1, kind: Node, metadata: {name: node-a}, spec: {podCIDR: 10.1.0.0/24}, "
		"status: {addresses: [{type: InternalIP, address: 192.0.2.1}]}}\n");
	plan_print(f, plan_make(l->a, have, want));
	fputs("\nand back:\n", f);
	plan_print(f, plan_make(l->a, want, have));
	fputs("\nnothing to do:\n", f);
	plan_print(f, plan_make(l->a, want, want));
	fclose(f);
	lab_golden("plan.txt", text);
	free(text);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_config_equal),
		cmocka_unit_test(test_random_states),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
