// SPDX-License-Identifier: GPL-2.0
/*
 * From objects to what the kernel should hold. golden/dp-node-a.txt was compared
 * with the rules kube-proxy made of the same objects, fixtures/a/kube-proxy.nft:
 * every map there has the endpoints it has here, but for SCTP and the load
 * balancer address with source ranges, which are left out so far.
 */
#include "lab.h"

static char *file_read(const char *path, size_t *len)
{
	FILE *f = fopen(path, "r");
	char *text;

	if (!f)
		fail_msg("%s: not there; tests run in the root of the repository", path);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	text = malloc(*len);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, *len, f), *len);
	fclose(f);
	return text;
}

static void test_saved_list(void **state)
{
	struct lab *l = lab_new();
	struct objects in = { 0 };
	struct model *m;
	size_t len;
	char *text = file_read("tests/fixtures/a/objects.json", &len);

	lab_prefix(l, &l->opt.cluster_cidrs, "10.244.0.0/16");
	lab_prefix(l, &l->opt.cluster_cidrs, "fd00:10:244::/48");
	lab_prefix(l, &l->opt.external_ips, "198.51.100.0/24");
	lab_prefix(l, &l->opt.lb_pools, "192.0.2.0/24");
	assert_true(input_json(l->a, "objects.json", text, len, &in, l->d));
	m = model_build(l->a, NULL, &in, &l->opt, l->d);
	assert_non_null(m);
	assert_true(model_allocate(m, &l->touched, l->d));
	/* An API server left nothing to do. */
	assert_int_equal(l->touched.n, 0);
	lab_golden("dp-node-a.txt", arena_printf(l->a, "%s\n%s",
						 lab_dp(l, model_resolve(m, NULL, l->d)),
						 lab_said(l)));
	free(text);
	lab_free(l);
}

struct resolve_case {
	const char *name;
	const char *yaml;
	const char *want;
};

#define META(name) "apiVersion: v1, kind: Service, metadata: {name: " name "}"
#define SVC(name, spec) "---\n{" META(name) ", spec: {" spec "}}\n"

static const struct resolve_case cases[] = {
	{ "policies mark frontends", SVC("web", "type: NodePort, clusterIP: 10.96.0.1, "
	  "internalTrafficPolicy: Local, ports: [{port: 80, nodePort: 30001}]")
	  SVC("xen", "type: NodePort, clusterIP: 10.96.0.2, "
	  "externalTrafficPolicy: Local, ports: [{port: 80, nodePort: 30002}]"),
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80 local\n    + node port 30001\n"
	  "+ default/xen: TCP 10.96.0.2:80\n    + cluster IP 10.96.0.2:80\n    + node port 30002 local\n" },
	{ "annotations", "---\n{apiVersion: v1, kind: Service, metadata: {name: web, annotations: "
	  "{svcnat.io/scheduler: round-robin, svcnat.io/refuse: icmp}}, spec: {clusterIP: 10.96.0.1, "
	  "ports: [{port: 80}]}}\n",
	  "+ default/web: TCP 10.96.0.1:80\n    + scheduler round-robin\n    + refuse by icmp\n"
	  "    + cluster IP 10.96.0.1:80\n" },
	{ "left to others", "---\n{apiVersion: v1, kind: Service, metadata: {name: web, labels: "
	  "{service.kubernetes.io/service-proxy-name: x}}, spec: {clusterIP: 10.96.0.1, "
	  "ports: [{port: 80}]}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: wib, labels: "
	  "{service.kubernetes.io/headless: ''}}, spec: {clusterIP: 10.96.0.2, "
	  "ports: [{port: 80}]}}\n" SVC("none", "clusterIP: None, ports: [{port: 80}]")
	  SVC("alias", "type: ExternalName, externalName: a.b"), "" },
	{ "external IPs outside the list", SVC("web", "clusterIP: 10.96.0.1, "
	  "externalIPs: [198.51.100.1, 203.0.113.1, 203.0.113.2], ports: [{port: 80}]"),
	  "t.yaml:2:1: warning: spec.externalIPs: an address outside --external-ips is ignored: name its "
	  "CIDR there if this Service may take it\n"
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + external IP 198.51.100.1:80\n" },
	{ "a load balancer somebody else answers for", SVC("web", "type: LoadBalancer, "
	  "clusterIP: 10.96.0.1, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}, status: "
	  "{loadBalancer: {ingress: [{ip: 203.0.113.1, ipMode: Proxy}, {hostname: lb.example.com}, "
	  "{ip: 203.0.113.2}]}"),
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + load balancer 203.0.113.2:80\n" },
	{ "source ranges of a family close its addresses, for others too", SVC("web", "type: LoadBalancer, "
	  "clusterIPs: [10.96.0.1, 'fd00:10:96::1'], allocateLoadBalancerNodePorts: false, externalIPs: "
	  "[198.51.100.1], loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]}, status: "
	  "{loadBalancer: {ingress: [{ip: 198.51.100.1}, {ip: '2001:db8::1'}]}")
	  SVC("xen", "clusterIP: 10.96.0.2, externalIPs: [198.51.100.1], ports: [{port: 80}]"),
	  "t.yaml:2:1: warning: spec.loadBalancerSourceRanges: source ranges are not enforced yet, so the "
	  "load balancer addresses stay closed to everybody: remove the ranges to open them\n"
	  "t.yaml:4:1: warning: 198.51.100.1 port 80 of Service default/xen is held by Service default/web, "
	  "which comes first: not programmed here\n"
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n"
	  "+ default/web: TCP [fd00:10:96::1]:80\n    + cluster IP [fd00:10:96::1]:80\n"
	  "    + load balancer [2001:db8::1]:80\n"
	  "+ default/xen: TCP 10.96.0.2:80\n    + cluster IP 10.96.0.2:80\n" },
	{ "a range of everybody closes nothing", SVC("web", "type: LoadBalancer, clusterIP: 10.96.0.1, "
	  "allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: [10.0.0.0/8, 0.0.0.0/0], "
	  "ports: [{port: 80}]}, status: {loadBalancer: {ingress: [{ip: 203.0.113.1}]}"),
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + load balancer 203.0.113.1:80\n" },
	{ "equal frontends: the kind, the age, the name",
	  SVC("a", "clusterIP: 10.96.0.1, externalIPs: [198.51.100.1], ports: [{port: 80}]")
	  "---\n{apiVersion: v1, kind: Service, metadata: {name: b, creationTimestamp: "
	  "'2026-01-02T00:00:00Z'}, spec: {type: LoadBalancer, clusterIP: 10.96.0.2, "
	  "allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}, "
	  "status: {loadBalancer: {ingress: [{ip: 198.51.100.1}]}}}\n"
	  "---\n{apiVersion: v1, kind: Service, metadata: {name: c, creationTimestamp: "
	  "'2026-01-01T00:00:00Z'}, spec: {type: LoadBalancer, clusterIP: 10.96.0.3, "
	  "allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}, "
	  "status: {loadBalancer: {ingress: [{ip: 198.51.100.1}]}}}\n"
	  SVC("d", "clusterIP: 10.96.0.4, externalIPs: [198.51.100.2], ports: [{port: 80}]")
	  SVC("e", "clusterIP: 10.96.0.5, externalIPs: [198.51.100.2], ports: [{port: 80, name: x}, "
	      "{port: 81, name: y}]"),
	  "t.yaml:2:1: warning: 198.51.100.1 port 80 of Service default/a is held by Service default/b, "
	  "which comes first: not programmed here\n"
	  "t.yaml:4:1: warning: 198.51.100.1 port 80 of Service default/b is held by Service default/c, "
	  "which comes first: not programmed here\n"
	  "t.yaml:10:1: warning: 198.51.100.2 port 80 of Service default/e is held by Service default/d, "
	  "which comes first: not programmed here\n"
	  "+ default/a: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n"
	  "+ default/b: TCP 10.96.0.2:80\n    + cluster IP 10.96.0.2:80\n"
	  "+ default/c: TCP 10.96.0.3:80\n    + cluster IP 10.96.0.3:80\n    + load balancer 198.51.100.1:80\n"
	  "+ default/d: TCP 10.96.0.4:80\n    + cluster IP 10.96.0.4:80\n    + external IP 198.51.100.2:80\n"
	  "+ default/e:x TCP 10.96.0.5:80\n    + cluster IP 10.96.0.5:80\n"
	  "+ default/e:y TCP 10.96.0.5:81\n    + cluster IP 10.96.0.5:81\n    + external IP 198.51.100.2:81\n" },
	{ "names in the order of the kernel's identity", SVC("web", "clusterIP: 10.96.0.1, "
	  "ports: [{port: 80}]") SVC("web-front", "clusterIP: 10.96.0.2, ports: [{port: 80}]"),
	  "+ default/web-front: TCP 10.96.0.2:80\n    + cluster IP 10.96.0.2:80\n"
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n" },
};

/* What was said, then the plan without its sum. */
static const char *show(struct lab *l, const struct dp *dp)
{
	const char *text = lab_dp(l, dp);
	size_t len = strlen(text) - 1;

	while (len && text[len - 1] != '\n')
		len--;
	return arena_printf(l->a, "%s%.*s", lab_said(l), (int)len, text);
}

static void test_services(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lab *l = lab_new();
		const char *got;
		struct dp *dp;

		l->opt.nodeport_mode = NODEPORT_ALL;
		lab_prefix(l, &l->opt.external_ips, "198.51.100.0/24");
		dp = model_resolve(lab_apply(l, cases[i].yaml), NULL, l->d);
		dp->config = (struct dp_config){ 0 };
		got = show(l, dp);
		if (strcmp(got, cases[i].want))
			fail_msg("%s:\n%sexpected:\n%s", cases[i].name, got, cases[i].want);
		lab_free(l);
	}
}

struct node_case {
	const char *name;
	enum nodeport_mode mode;
	const char *node_port_cidr, *cluster_cidr, *machine;	/* or NULL */
	const char *yaml;
	const char *want;
};

#define NODE(name, spec, addresses) \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " name "}, spec: {" spec "}, " \
	"status: {addresses: [" addresses "]}}\n"
#define INTERNAL(ip) "{type: InternalIP, address: '" ip "'}"
#define EXTERNAL(ip) "{type: ExternalIP, address: '" ip "'}"
#define NODE_PORT SVC("web", "type: NodePort, clusterIP: 10.96.0.1, ports: [{port: 80, nodePort: 30001}]")
#define NODE_PORT_6 SVC("web", "type: NodePort, clusterIP: 'fd00:10:96::5', ports: [{port: 80, nodePort: 30001}]")

static const struct node_case node_cases[] = {
	{ "primary: the first InternalIP, else ExternalIP, a family", NODEPORT_PRIMARY, NULL, NULL,
	  "192.0.2.99/32",
	  NODE("node-a", "", EXTERNAL("192.0.2.9") ", " INTERNAL("192.0.2.1") ", " INTERNAL("192.0.2.2")
	       ", " EXTERNAL("2001:db8::1")) NODE_PORT,
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 192.0.2.1/32 2001:db8::1/128\n" },
	{ "primary without a Node object: the machine's first", NODEPORT_PRIMARY, NULL, NULL,
	  "192.0.2.99/32", NODE_PORT,
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 192.0.2.99/32\n" },
	{ "primary: a Node without address of the family", NODEPORT_PRIMARY, NULL, NULL, NULL,
	  NODE("node-a", "", INTERNAL("192.0.2.1")) NODE_PORT_6,
	  "warning: node ports answer on no IPv6 address: this node has none; name some by "
	  "--nodeport-addresses\n"
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 192.0.2.1/32\n" },
	{ "all", NODEPORT_ALL, NULL, NULL, NULL, NODE_PORT,
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 0.0.0.0/0 ::/0\n" },
	{ "CIDRs", NODEPORT_CIDRS, "192.0.2.0/24", NULL, "192.0.2.99/32", NODE_PORT,
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 192.0.2.0/24\n" },
	{ "CIDRs of the other family only", NODEPORT_CIDRS, "192.0.2.0/24", NULL, NULL, NODE_PORT_6,
	  "warning: node ports answer on no IPv6 address: --nodeport-addresses names none of that family\n"
	  "~ node\n    cluster CIDRs: none\n    node port addresses: 192.0.2.0/24\n" },
	{ "localhost", NODEPORT_LOCALHOST, NULL, NULL, "192.0.2.99/32", NODE_PORT,
	  "warning: --nodeport-addresses localhost is not supported yet: no node port answers; use primary, "
	  "all or CIDRs\n" },
	{ "podCIDRs of all Nodes, joined where they are neighbours", NODEPORT_CIDRS, NULL, NULL, NULL,
	  NODE("node-a", "podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, 'fd00:1::/64']", "")
	  NODE("b", "podCIDR: 10.244.2.0/24", "") NODE("c", "podCIDR: 10.244.3.0/24", "")
	  NODE("d", "podCIDR: 10.244.0.0/24", "") NODE("e", "podCIDR: 10.244.3.128/25", "")
	  NODE("f", "podCIDR: 10.244.5.0/24", ""),
	  "~ node\n    cluster CIDRs: 10.244.0.0/22 10.244.5.0/24 fd00:1::/64\n"
	  "    node port addresses: none\n" },
	{ "a given cluster CIDR instead", NODEPORT_CIDRS, NULL, "10.0.0.0/8", NULL,
	  NODE("node-a", "podCIDRs: [10.244.1.0/24, 'fd00:1::/64']", ""),
	  "~ node\n    cluster CIDRs: 10.0.0.0/8\n    node port addresses: none\n" },
};

static void test_node(void **state)
{
	for (size_t i = 0; i < sizeof(node_cases) / sizeof(*node_cases); i++) {
		const struct node_case *c = &node_cases[i];
		struct lab *l = lab_new();
		struct prefixes machine = { 0 };
		const char *got;
		struct dp *dp;

		l->opt.nodeport_mode = c->mode;
		if (c->node_port_cidr)
			lab_prefix(l, &l->opt.nodeport_cidrs, c->node_port_cidr);
		if (c->cluster_cidr) {
			lab_prefix(l, &l->opt.cluster_cidrs, c->cluster_cidr);
			/* The second of a family does not count. */
			lab_prefix(l, &l->opt.cluster_cidrs, "172.16.0.0/12");
		}
		if (c->machine)
			lab_prefix(l, &machine, c->machine);
		dp = model_resolve(lab_apply(l, c->yaml), &machine, l->d);
		dp->n_services = 0;
		got = show(l, dp);
		if (strcmp(got, c->want))
			fail_msg("%s:\n%sexpected:\n%s", c->name, got, c->want);
		lab_free(l);
	}
}

/* More podCIDRs than the kernel takes: none, and it is said. */
static void test_many_pod_cidrs(void **state)
{
	struct lab *l = lab_new();
	const char *yaml = "";
	struct dp *dp;

	l->opt.node = "n0";
	for (int i = 0; i < 65; i++)
		yaml = arena_printf(l->a, "%s---\n{apiVersion: v1, kind: Node, metadata: {name: n%d}, "
				    "spec: {podCIDR: 10.%d.0.0/24}}\n", yaml, i, i);
	dp = model_resolve(lab_apply(l, yaml), NULL, l->d);
	assert_int_equal(dp->config.n_cluster_cidrs, 0);
	assert_string_equal(lab_said(l), "warning: the Nodes' podCIDRs are 65 prefixes and the kernel "
			    "takes 64: no source counts as off the cluster until --cluster-cidr names "
			    "them in one\n");
	lab_free(l);
}

/* On an address of the machine every other port would be refused. */
static void test_own_address(void **state)
{
	struct lab *l = lab_new();
	struct prefixes machine = { 0 };

	lab_prefix(l, &machine, "192.0.2.7/32");
	lab_prefix(l, &machine, "10.96.0.7/32");	/* another proxy's */
	model_resolve(lab_apply(l, SVC("in", "clusterIP: 10.96.0.7, ports: [{port: 22}]")), &machine,
		      l->d);
	assert_int_equal(diag_errors(l->d), 0);
	model_resolve(lab_apply(l, SVC("own", "clusterIP: 192.0.2.7, ports: [{port: 22}]")), &machine,
		      l->d);
	assert_int_equal(diag_errors(l->d), 1);
	assert_non_null(strstr(lab_said(l), "t.yaml:2:"));
	assert_non_null(strstr(lab_said(l), "spec.clusterIP: 192.0.2.7 is an address of this machine"));
	lab_free(l);
}

static void test_node_name(void **state)
{
	static const char node[] = "{apiVersion: v1, kind: Node, metadata: {name: node-b}}\n";
	struct lab *l = lab_new();

	model_resolve(lab_apply(l, "{apiVersion: v1, kind: Namespace, metadata: {name: x}}\n"), NULL,
		      l->d);
	assert_string_equal(lab_said(l), "");
	model_resolve(lab_apply(l, node), NULL, l->d);
	assert_string_equal(lab_said(l), "warning: no Node object is called node-a, so no endpoint "
			    "counts as local: name this node by --node, like node-b\n");
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_saved_list),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_many_pod_cidrs),
		cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_node_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
