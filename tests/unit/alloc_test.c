// SPDX-License-Identifier: GPL-2.0
/* Allocation: kept, spread, the same every time, and honest when nothing is left. */
#include "lab.h"

/* @n Services called s0, s1, …, each with @spec. */
static char *services(struct lab *l, int n, const char *spec)
{
	char *text, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < n; i++)
		fprintf(f, "---\n{apiVersion: v1, kind: Service, metadata: {name: s%d}, spec: {%s}}\n",
			i, spec);
	fclose(f);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

static const char *show_all(struct lab *l, struct model *m)
{
	struct objects all = model_kind(m, KIND_SERVICE);
	const char *text = "";

	for (size_t i = 0; i < all.n; i++)
		text = arena_printf(l->a, "%s%s\n", text, lab_show(l, OBJ(service, all.v[i])));
	return text;
}

#define KINDS \
	"{apiVersion: v1, kind: Service, metadata: {name: cluster}, spec: {ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: alias}, " \
	"spec: {type: ExternalName, externalName: a.b}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: headless}, spec: {clusterIP: None}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: node}, " \
	"spec: {type: NodePort, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: dns}, spec: {type: NodePort, " \
	"ports: [{name: a, port: 53}, {name: b, port: 53, protocol: UDP}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: two}, " \
	"spec: {ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: six}, " \
	"spec: {ipFamilies: [IPv6], ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb}, " \
	"spec: {type: LoadBalancer, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb-local}, spec: {type: LoadBalancer, " \
	"externalTrafficPolicy: Local, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb-wish}, spec: {type: LoadBalancer, " \
	"loadBalancerIP: 192.0.2.77, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb-class}, spec: {type: LoadBalancer, " \
	"loadBalancerClass: example.com/x, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb-two}, spec: {type: LoadBalancer, " \
	"ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]}}\n" \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: lb-written}, spec: {type: LoadBalancer, " \
	"ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 198.51.100.9}]}}}\n"

static void test_kinds(void **state)
{
	struct lab *l = lab_new();
	const char *first;

	lab_prefix(l, &l->opt.lb_pools, "192.0.2.0/24");
	lab_prefix(l, &l->opt.lb_pools, "2001:db8::/120");
	first = show_all(l, lab_apply(l, KINDS));
	assert_string_equal(lab_said(l), "");
	lab_golden("alloc.txt", first);
	assert_int_equal(l->touched.n, 11);	/* all but alias and headless */
	/* Applied again: the same, and nothing to be stored. */
	assert_string_equal(show_all(l, lab_apply(l, KINDS)), first);
	assert_int_equal(l->touched.n, 0);
	lab_free(l);
}

static void test_without_pools(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_apply(l, services(l, 1, "type: LoadBalancer, ports: [{port: 80}]"));

	assert_int_equal(lab_service(m, "s0")->n_ingress, 0);
	assert_true(lab_service(m, "s0")->ports[0].node_port >= 30000);
	lab_free(l);
}

/* What an API server's own load balancer gave is all there is. */
static void test_decided_elsewhere(void **state)
{
	struct lab *l = lab_new();
	struct model *m;

	lab_prefix(l, &l->opt.lb_pools, "2001:db8::/120");
	m = lab_apply(l, "{apiVersion: v1, kind: Service, metadata: {name: s0, uid: x}, spec: {type: "
		      "LoadBalancer, clusterIPs: [10.96.0.1, 'fd00::1'], ports: [{port: 80}]}, "
		      "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}}\n");
	assert_int_equal(lab_service(m, "s0")->n_ingress, 1);
	lab_free(l);
}

static void test_wish_outside_pools(void **state)
{
	struct lab *l = lab_new();
	struct model *m;

	lab_prefix(l, &l->opt.lb_pools, "192.0.2.0/24");
	m = lab_apply(l, services(l, 1, "type: LoadBalancer, loadBalancerIP: 10.0.0.1, ports: [{port: 80}]"));
	assert_int_equal(lab_service(m, "s0")->n_ingress, 0);
	assert_string_equal(lab_said(l), "t.yaml:2:98: warning: spec.loadBalancerIP: 10.0.0.1 is in no "
			    "--lb-pool: Service default/s0 gets no load balancer address\n");
	lab_free(l);
}

/* 16 of 100 are the band: 84 stay clear of it, the rest takes it. */
static void test_node_port_band(void **state)
{
	struct lab *l = lab_new();
	bool seen[100] = { 0 };
	struct objects all;
	struct model *m;

	l->opt.nodeport_min = 31000;
	l->opt.nodeport_max = 31099;
	m = lab_apply(l, services(l, 84, "type: NodePort, ports: [{port: 80}]"));
	all = model_kind(m, KIND_SERVICE);
	for (size_t i = 0; i < all.n; i++) {
		int64_t port = OBJ(service, all.v[i])->ports[0].node_port;

		assert_in_range(port, 31016, 31099);
		assert_false(seen[port - 31000]);
		seen[port - 31000] = true;
	}
	m = lab_apply(l, services(l, 100, "type: NodePort, ports: [{port: 80}]"));
	all = model_kind(m, KIND_SERVICE);
	for (size_t i = 0; i < all.n; i++)
		seen[OBJ(service, all.v[i])->ports[0].node_port - 31000] = true;
	for (int i = 0; i < 100; i++)
		assert_true(seen[i]);
	m = lab_build(l, services(l, 101, "type: NodePort, ports: [{port: 80}]"));
	assert_false(model_allocate(m, &l->touched, l->d));
	assert_string_equal(lab_said(l), "t.yaml:202:1: error: spec.ports: Service default/s100: every "
			    "node port of 31000-31099 is in use: delete a Service or widen "
			    "--nodeport-range\n");
	lab_free(l);
}

static void test_cluster_range(void **state)
{
	struct lab *l = lab_new();
	bool seen[32] = { 0 };
	struct objects all;
	struct model *m;

	l->opt.service_cidrs.n = 0;
	lab_prefix(l, &l->opt.service_cidrs, "10.9.0.32/27");
	m = lab_apply(l, services(l, 14, "ports: [{port: 80}]"));
	all = model_kind(m, KIND_SERVICE);
	for (size_t i = 0; i < all.n; i++) {
		struct ip ip;

		assert_true(ip_parse(OBJ(service, all.v[i])->cluster_ip, &ip));
		assert_in_range(ip.b[3], 32 + 17, 32 + 30);	/* a band of 16 from .33 on */
		assert_false(seen[ip.b[3] - 32]);
		seen[ip.b[3] - 32] = true;
	}
	m = lab_apply(l, services(l, 30, "ports: [{port: 80}]"));
	assert_int_equal(diag_errors(l->d), 0);
	m = lab_build(l, services(l, 31, "ports: [{port: 80}]"));
	assert_false(model_allocate(m, &l->touched, l->d));
	assert_string_equal(lab_said(l), "t.yaml:62:1: error: spec.clusterIPs: Service default/s30: every "
			    "address of 10.9.0.32/27 is in use: delete a Service or give --service-cidr "
			    "more room\n");
	lab_free(l);
}

/* What does not fit into --service-cidr goes where a ServiceCIDR has room. */
static void test_service_cidr_object(void **state)
{
	struct prefixes more = { 0 };
	struct lab *l = lab_new();
	struct objects all;
	size_t there = 0;

	lab_prefix(l, &more, "10.9.1.0/27");
	l->opt.service_cidrs.n = 0;
	lab_prefix(l, &l->opt.service_cidrs, "10.9.0.32/27");
	all = model_kind(lab_apply(l, arena_printf(l->a, "%s---\n{apiVersion: networking.k8s.io/v1, "
			"kind: ServiceCIDR, metadata: {name: more}, spec: {cidrs: [10.9.1.0/27]}}\n",
			services(l, 35, "ports: [{port: 80}]"))), KIND_SERVICE);
	for (size_t i = 0; i < all.n; i++) {
		struct ip ip;

		assert_true(ip_parse(OBJ(service, all.v[i])->cluster_ip, &ip));
		there += prefixes_cover(&more, &ip);
	}
	assert_int_equal(there, 5);
	lab_free(l);
}

static void test_no_range_of_family(void **state)
{
	struct lab *l = lab_new();
	struct model *m;

	l->opt.service_cidrs.n = 1;
	m = lab_build(l, services(l, 1, "ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]"));
	assert_false(model_allocate(m, &l->touched, l->d));
	assert_string_equal(lab_said(l), "t.yaml:2:1: error: spec.clusterIPs: Service default/s0 needs an "
			    "IPv6 address and --service-cidr has no range of that family: add one, or "
			    "write the address\n");
	lab_free(l);
}

struct pool_case {
	const char *pool;
	const char *first, *last;	/* what n Services get, in order of address */
	int n;				/* and one more gets an error */
};

static int by_ip(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

static void test_lb_pools(void **state)
{
	static const struct pool_case cases[] = {
		{ "192.0.2.8/29", "192.0.2.9", "192.0.2.14", 6 },
		{ "192.0.2.8/31", "192.0.2.8", "192.0.2.9", 2 },
		{ "192.0.2.8/32", "192.0.2.8", "192.0.2.8", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct pool_case *c = &cases[i];
		const char *spec = "type: LoadBalancer, ports: [{port: 80}]";
		struct lab *l = lab_new();
		struct objects all;
		struct ip got[8], want;

		lab_prefix(l, &l->opt.lb_pools, c->pool);
		all = model_kind(lab_apply(l, services(l, c->n, spec)), KIND_SERVICE);
		for (size_t j = 0; j < all.n; j++)
			assert_true(ip_parse(OBJ(service, all.v[j])->ingress[0].ip, &got[j]));
		qsort(got, all.n, sizeof(*got), by_ip);
		assert_true(ip_parse(c->first, &want) && !ip_cmp(&want, &got[0]));
		assert_true(ip_parse(c->last, &want) && !ip_cmp(&want, &got[all.n - 1]));
		assert_false(model_allocate(lab_build(l, services(l, c->n + 1, spec)), &l->touched,
					    l->d));
		assert_non_null(strstr(lab_said(l), "error: status.loadBalancer.ingress: Service default/s"));
		assert_non_null(strstr(lab_said(l), c->pool));
		lab_free(l);
	}
}

/* A twin's number is not taken where another Service has it in that protocol. */
static void test_twin_taken(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_apply(l,
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {type: NodePort, ports: "
		"[{name: t, port: 53, nodePort: 30053}, {name: u, port: 53, protocol: UDP}]}}\n---\n"
		"{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {type: NodePort, ports: "
		"[{port: 53, nodePort: 30053, protocol: UDP}]}}\n");

	assert_int_not_equal(lab_service(m, "a")->ports[1].node_port, 30053);
	assert_true(lab_service(m, "a")->ports[1].node_port > 0);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_without_pools),
		cmocka_unit_test(test_decided_elsewhere),
		cmocka_unit_test(test_wish_outside_pools),
		cmocka_unit_test(test_node_port_band),
		cmocka_unit_test(test_cluster_range),
		cmocka_unit_test(test_service_cidr_object),
		cmocka_unit_test(test_no_range_of_family),
		cmocka_unit_test(test_lb_pools),
		cmocka_unit_test(test_twin_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
