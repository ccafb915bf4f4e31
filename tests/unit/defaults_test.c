// SPDX-License-Identifier: GPL-2.0
/* What an API server fills in, and what a manifest applied again keeps. */
#include "lab.h"

#define SVC(spec) "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: " spec "\n"

struct filled {
	const char *name;
	const char *yaml;
	const char *want;	/* of lab_show() after model_build(), before allocation */
};

static const struct filled filleds[] = {
	{ "everything", SVC("{ports: [{port: 80}]}"),
	  "web ClusterIP ips= families=IPv4 policy=SingleStack TCP/80>80" },
	{ "targetPort is kept", SVC("{ports: [{port: 80, targetPort: http, protocol: UDP}]}"),
	  "web ClusterIP ips= families=IPv4 policy=SingleStack UDP/80>http" },
	{ "targetPort 0 is none", SVC("{ports: [{port: 80, targetPort: 0}]}"),
	  "web ClusterIP ips= families=IPv4 policy=SingleStack TCP/80>80" },
	{ "clusterIP makes clusterIPs and the family", SVC("{clusterIP: 'fd00::1', ports: [{port: 80}]}"),
	  "web ClusterIP ips=fd00::1 families=IPv6 policy=SingleStack TCP/80>80" },
	{ "clusterIPs make clusterIP", SVC("{clusterIPs: [None], selector: {a: b}}"),
	  "web ClusterIP ips=None families=IPv4 policy=SingleStack" },
	{ "two addresses require two families",
	  SVC("{clusterIPs: ['fd00::1', 10.0.0.1], ports: [{port: 80}]}"),
	  "web ClusterIP ips=fd00::1,10.0.0.1 families=IPv6,IPv4 policy=RequireDualStack TCP/80>80" },
	{ "two families require two families", SVC("{ipFamilies: [IPv6, IPv4], ports: [{port: 80}]}"),
	  "web ClusterIP ips= families=IPv6,IPv4 policy=RequireDualStack TCP/80>80" },
	{ "PreferDualStack takes what there is",
	  SVC("{ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]}"),
	  "web ClusterIP ips= families=IPv4,IPv6 policy=PreferDualStack TCP/80>80" },
	{ "a saved PreferDualStack of one family stays so", SVC("{ipFamilyPolicy: PreferDualStack, "
	  "clusterIPs: [10.0.0.1], ipFamilies: [IPv4], ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.0.0.1 families=IPv4 policy=PreferDualStack TCP/80>80" },
	{ "headless without selector is of both families", SVC("{clusterIP: None}"),
	  "web ClusterIP ips=None families=IPv4,IPv6 policy=RequireDualStack" },
	{ "ExternalName has no addresses", SVC("{type: ExternalName, externalName: a}"),
	  "web ExternalName ips= families= policy=-" },
};

static void test_filled(void **state)
{
	for (size_t i = 0; i < sizeof(filleds) / sizeof(*filleds); i++) {
		struct lab *l = lab_new();
		struct model *m = lab_build(l, filleds[i].yaml);
		const char *got = m ? lab_show(l, lab_service(m, "web")) : lab_said(l);

		if (strcmp(got, filleds[i].want))
			fail_msg("%s: %s\nexpected: %s", filleds[i].name, got, filleds[i].want);
		/* Applied to what it made itself, it makes nothing more. */
		m = model_build(l->a, &(struct objects){ &(struct object *){
				&lab_service(m, "web")->meta }, 1 }, NULL, &l->opt, l->d);
		assert_string_equal(lab_show(l, lab_service(m, "web")), filleds[i].want);
		lab_free(l);
	}
}

static void test_prefer_dual_with_one_range(void **state)
{
	struct lab *l = lab_new();
	struct model *m;

	l->opt.service_cidrs.n = 1;
	m = lab_build(l, SVC("{ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]}"));
	assert_string_equal(lab_show(l, lab_service(m, "web")),
			    "web ClusterIP ips= families=IPv4 policy=PreferDualStack TCP/80>80");
	lab_free(l);
}

static void test_policies(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_build(l, SVC("{type: LoadBalancer, sessionAffinity: ClientIP, "
		"ports: [{port: 80}]}") "---\n{apiVersion: v1, kind: Service, metadata: {name: in}, "
		"spec: {ports: [{port: 80}]}}\n");
	struct service *svc = lab_service(m, "web");

	assert_string_equal(svc->external_traffic_policy, "Cluster");
	assert_string_equal(svc->internal_traffic_policy, "Cluster");
	assert_int_equal(svc->affinity_timeout, 10800);
	assert_int_equal(svc->allocate_node_ports, TRI_TRUE);
	svc = lab_service(m, "in");
	assert_null(svc->external_traffic_policy);
	assert_string_equal(svc->session_affinity, "None");
	assert_int_equal(svc->affinity_timeout, -1);
	lab_free(l);
}

struct again {
	const char *name;
	const char *first, *second;
	const char *want;	/* after the second apply */
};

#define TWO_PORTS "ports: [{name: a, port: 80, nodePort: 30500}, {name: b, port: 81, nodePort: 30600}]"

static const struct again agains[] = {
	{ "what was allocated stays",
	  SVC("{type: NodePort, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}"),
	  SVC("{type: NodePort, ports: [{port: 80, targetPort: 8080}]}"),
	  "web NodePort ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>8080@30500" },
	{ "what is written wins",
	  SVC("{type: NodePort, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}"),
	  SVC("{type: NodePort, clusterIP: 10.96.4.4, ports: [{port: 80, nodePort: 30600}]}"),
	  "web NodePort ips=10.96.4.4 families=IPv4 policy=SingleStack TCP/80>80@30600" },
	{ "node ports go with their port",
	  SVC("{type: NodePort, clusterIP: 10.96.3.3, " TWO_PORTS "}"),
	  SVC("{type: NodePort, ports: [{name: b, port: 81}, {name: a, port: 80}]}"),
	  "web NodePort ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/81>81@30600 TCP/80>80@30500" },
	{ "a node port claimed by another port moves",
	  SVC("{type: NodePort, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}"),
	  SVC("{type: NodePort, ports: [{name: b, port: 81, nodePort: 30500}, "
	      "{name: a, port: 80}]}"),
	  "web NodePort ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/81>81@30500 TCP/80>80@31748" },
	{ "node ports end with the type",
	  SVC("{type: NodePort, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}"),
	  SVC("{ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>80" },
	{ "headless was written, not allocated",
	  SVC("{clusterIP: None, selector: {a: b}, ports: [{port: 80}]}"),
	  SVC("{selector: {a: b}, clusterIP: 10.96.5.5, ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.5.5 families=IPv4 policy=SingleStack TCP/80>80" },
	{ "from one family to two",
	  SVC("{clusterIP: 10.96.3.3, ports: [{port: 80}]}"),
	  SVC("{ipFamilyPolicy: RequireDualStack, clusterIPs: [10.96.3.3, 'fd00:10:96::9'], "
	      "ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.3.3,fd00:10:96::9 families=IPv4,IPv6 policy=RequireDualStack TCP/80>80" },
	{ "from two families to one",
	  SVC("{clusterIPs: [10.96.3.3, 'fd00:10:96::9'], ports: [{port: 80}]}"),
	  SVC("{ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>80" },
	{ "both addresses stay",
	  SVC("{clusterIPs: [10.96.3.3, 'fd00:10:96::9'], ports: [{port: 80}]}"),
	  SVC("{ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.3.3,fd00:10:96::9 families=IPv4,IPv6 policy=PreferDualStack TCP/80>80" },
	{ "another first address, another pair",
	  SVC("{clusterIPs: [10.96.3.3, 'fd00:10:96::9'], ports: [{port: 80}]}"),
	  SVC("{clusterIP: 10.96.4.4, ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]}"),
	  "web ClusterIP ips=10.96.4.4,fd00:10:96::8140 families=IPv4,IPv6 policy=RequireDualStack TCP/80>80" },
	{ "load balancer addresses and health port stay",
	  SVC("{type: LoadBalancer, clusterIP: 10.96.3.3, externalTrafficPolicy: Local, "
	      "healthCheckNodePort: 30700, ports: [{port: 80, nodePort: 30500}]}")
	  "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n",
	  SVC("{type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80}]}"),
	  "web LoadBalancer ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>80@30500 health=30700 "
	  "lb=192.0.2.1" },
	{ "and go with the type",
	  SVC("{type: LoadBalancer, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}")
	  "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n",
	  SVC("{type: NodePort, ports: [{port: 80}]}"),
	  "web NodePort ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>80@30500" },
	{ "another wished load balancer address",
	  SVC("{type: LoadBalancer, clusterIP: 10.96.3.3, ports: [{port: 80, nodePort: 30500}]}")
	  "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}\n",
	  SVC("{type: LoadBalancer, loadBalancerIP: 192.0.2.2, ports: [{port: 80}]}"),
	  "web LoadBalancer ips=10.96.3.3 families=IPv4 policy=SingleStack TCP/80>80@30500" },
};

static void test_again(void **state)
{
	for (size_t i = 0; i < sizeof(agains) / sizeof(*agains); i++) {
		struct lab *l = lab_new();
		struct model *m;
		const char *got;

		lab_apply(l, agains[i].first);
		m = lab_apply(l, agains[i].second);
		got = lab_show(l, lab_service(m, "web"));
		if (strcmp(got, agains[i].want))
			fail_msg("%s: %s\nexpected: %s", agains[i].name, got, agains[i].want);
		lab_free(l);
	}
}

static void test_remove(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_build(l, "{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {podIP: 10.0.0.1}}\n"
		"---\n{apiVersion: v1, kind: Pod, metadata: {name: b}, status: {podIP: 10.0.0.2}}\n"
		"---\n{apiVersion: v1, kind: Pod, metadata: {name: c}, status: {podIP: 10.0.0.3}}\n");
	struct objects pods;

	model_remove(m, KIND_POD, "default", "b");
	model_remove(m, KIND_POD, "default", "b");
	model_remove(m, KIND_POD, "default", "x");
	assert_null(model_find(m, KIND_POD, "default", "b"));
	assert_non_null(model_find(m, KIND_POD, "default", "c"));
	pods = model_kind(m, KIND_POD);
	assert_int_equal(pods.n, 2);
	assert_string_equal(pods.v[0]->name, "a");
	assert_string_equal(pods.v[1]->name, "c");
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filled),
		cmocka_unit_test(test_prefer_dual_with_one_range),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
