// SPDX-License-Identifier: GPL-2.0
/*
 * From objects to what the kernel should hold. golden/dp-node-a.txt was compared
 * with the rules kube-proxy made of the same objects, fixtures/a/kube-proxy.nft:
 * every map there has the endpoints it has here.
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

/* One of both families, with a node port and an address of either from a load balancer. */
#define LB(spec) SVC("web", "type: LoadBalancer, clusterIPs: [10.96.0.1, 'fd00:10:96::1'], " spec ", " \
	"ports: [{port: 80, nodePort: 30001}]}, status: " \
	"{loadBalancer: {ingress: [{ip: 203.0.113.1}, {ip: '2001:db8::1'}]}")
#define RANGED_4(ranges, node_port, load_balancer, external) \
	"+ default/web: TCP 10.96.0.1:80\n" ranges "    + cluster IP 10.96.0.1:80\n" \
	"    + node port 30001" node_port "\n    + load balancer 203.0.113.1:80" load_balancer "\n" \
	"    + external IP 198.51.100.1:80" external "\n"
#define OPEN_6 \
	"+ default/web: TCP [fd00:10:96::1]:80\n    + cluster IP [fd00:10:96::1]:80\n" \
	"    + node port 30001\n    + load balancer [2001:db8::1]:80\n"
#define OUR_NODE(ip) "---\n{apiVersion: v1, kind: Node, metadata: {name: node-a}, status: {addresses: " \
	"[{type: Hostname, address: node-a}, {type: InternalIP, address: " ip "}]}}\n"

#define OUTSIDE(at, i, ip) "t.yaml:" at ": warning: spec.externalIPs[" i "]: " ip " is outside " \
	"--external-ips, so Service default/web does not answer on it: add its CIDR there if the " \
	"Service may take it\n"

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
	  OUTSIDE("2:113", "1", "203.0.113.1") OUTSIDE("2:126", "2", "203.0.113.2")
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + external IP 198.51.100.1:80\n" },
	{ "a load balancer somebody else answers for", SVC("web", "type: LoadBalancer, "
	  "clusterIP: 10.96.0.1, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]}, status: "
	  "{loadBalancer: {ingress: [{ip: 203.0.113.1, ipMode: Proxy}, {hostname: lb.example.com}, "
	  "{ip: 203.0.113.2}]}"),
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + load balancer 203.0.113.2:80\n" },
	{ "source ranges hold for load balancer addresses of their family", LB("externalIPs: [198.51.100.1], "
	  "loadBalancerSourceRanges: [' 10.0.0.1/8 ', 11.0.0.0/8, 10.1.0.0/16]"),
	  RANGED_4("    + source range 10.0.0.0/7\n", "", " restricted", "")
	  OPEN_6 },
	{ "a node inside lets the load balancer's own address in", OUR_NODE("10.1.2.3") LB("externalIPs: "
	  "[198.51.100.1], loadBalancerSourceRanges: [10.0.0.0/8]"),
	  RANGED_4("    + source range 10.0.0.0/8\n    + source range 203.0.113.1/32\n", "", " restricted", "")
	  OPEN_6 },
	{ "which is once enough", OUR_NODE("10.1.2.3") LB("externalIPs: [198.51.100.1], "
	  "loadBalancerSourceRanges: [10.0.0.0/8, 203.0.113.0/24]"),
	  RANGED_4("    + source range 10.0.0.0/8\n    + source range 203.0.113.0/24\n", "", " restricted", "")
	  OPEN_6 },
	{ "ranges of nothing", SVC("web", "type: LoadBalancer, clusterIP: 10.96.0.1, "
	  "allocateLoadBalancerNodePorts: false, loadBalancerSourceRanges: [10.0.0.0/8], ports: [{port: 80}]"),
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n" },
	{ "session affinity", SVC("web", "clusterIP: 10.96.0.1, sessionAffinity: ClientIP, ports: [{port: 80}]")
	  SVC("xen", "clusterIP: 10.96.0.2, sessionAffinity: ClientIP, sessionAffinityConfig: "
	      "{clientIP: {timeoutSeconds: 7}}, ports: [{port: 80, protocol: UDP}]")
	  SVC("yen", "clusterIP: 10.96.0.3, sessionAffinity: None, "
	      "ports: [{port: 80}]"),
	  "+ default/web: TCP 10.96.0.1:80\n    + session affinity 10800s\n    + cluster IP 10.96.0.1:80\n"
	  "+ default/xen: UDP 10.96.0.2:80\n    + session affinity 7s\n    + cluster IP 10.96.0.2:80\n"
	  "+ default/yen: TCP 10.96.0.3:80\n    + cluster IP 10.96.0.3:80\n" },
	{ "SCTP, beside TCP on the same port", SVC("web", "clusterIP: 10.96.0.1, ports: [{port: 80, name: a}, "
	  "{port: 80, name: b, protocol: SCTP}]"),
	  "+ default/web:a TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n"
	  "+ default/web:b SCTP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n" },
	{ "every endpoint that serves is told of, with weight and limit", "---\n{apiVersion: v1, kind: Service, "
	  "metadata: {name: web, annotations: {svcnat.io/weights: '10.0.0.1=3,10.0.0.2=0,10.0.0.3=5', "
	  "svcnat.io/max-connections: '9'}}, spec: {type: NodePort, externalTrafficPolicy: Local, "
	  "clusterIP: 10.96.0.1, ports: [{port: 80, nodePort: 30001}]}}\n"
	  "---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: {name: s, "
	  "labels: {kubernetes.io/service-name: web}}, ports: [{port: 80}], endpoints: ["
	  "{addresses: [10.0.0.1], nodeName: node-a}, {addresses: [10.0.0.2]}, "
	  "{addresses: [10.0.0.3], conditions: {ready: false, serving: true}}, "
	  "{addresses: [10.0.0.4], conditions: {ready: false, serving: true, terminating: true}}, "
	  "{addresses: [10.0.0.5], conditions: {ready: true, serving: false}}, "
	  "{addresses: [10.0.0.6], conditions: {ready: false, serving: false}}]}\n",
	  "+ default/web: TCP 10.96.0.1:80\n    + cluster IP 10.96.0.1:80\n    + node port 30001 local\n"
	  "    + backend 10.0.0.1:80 (cluster, local; weight 3; at most 9)\n"
	  "    + backend 10.0.0.2:80 (not picked; at most 9)\n"
	  "    + backend 10.0.0.3:80 (not picked; at most 9)\n"
	  "    + backend 10.0.0.4:80 (not picked; at most 9)\n"
	  "    + backend 10.0.0.5:80 (cluster; at most 9)\n" },
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

/* With --source-ranges strict. */
static const struct resolve_case strict_cases[] = {
	{ "strict source ranges", LB("externalIPs: [198.51.100.1], loadBalancerSourceRanges: [10.0.0.0/8]"),
	  RANGED_4("    + source range 10.0.0.0/8\n", " restricted", " restricted", " restricted")
	  "+ default/web: TCP [fd00:10:96::1]:80\n    + cluster IP [fd00:10:96::1]:80\n"
	  "    + node port 30001 restricted\n    + load balancer [2001:db8::1]:80 restricted\n" },
	{ "strict, and everybody of a family", LB("externalIPs: [198.51.100.1], loadBalancerSourceRanges: "
	  "['0.0.0.0/0', 10.0.0.0/8, '::/0']"),
	  RANGED_4("", "", "", "") OPEN_6 },
	{ "strict, and no range at all", LB("externalIPs: [198.51.100.1]"),
	  RANGED_4("", "", "", "") OPEN_6 },
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

static void check_case(const struct resolve_case *c, bool strict)
{
	struct lab *l = lab_new();
	const char *got;
	struct dp *dp;

	l->opt.nodeport_mode = NODEPORT_ALL;
	l->opt.strict_ranges = strict;
	lab_prefix(l, &l->opt.external_ips, "198.51.100.0/24");
	dp = model_resolve(lab_apply(l, c->yaml), NULL, l->d);
	dp->config = (struct dp_config){ 0 };
	got = show(l, dp);
	if (strcmp(got, c->want))
		fail_msg("%s:\n%sexpected:\n%s", c->name, got, c->want);
	lab_free(l);
}

static void test_services(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_case(&cases[i], false);
	for (size_t i = 0; i < sizeof(strict_cases) / sizeof(*strict_cases); i++)
		check_case(&strict_cases[i], true);
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
	{ "primary without a Node object: the kernel knows", NODEPORT_PRIMARY, NULL, NULL,
	  "192.0.2.99/32", NODE_PORT,
	  "~ node\n    cluster CIDRs: none\n    node port addresses: what this node sends from\n" },
	{ "primary without a Node object, and no address yet", NODEPORT_PRIMARY, NULL, NULL, NULL,
	  NODE_PORT,
	  "warning: node ports answer on no IPv4 address: this node has none; name some by "
	  "--nodeport-addresses\n"
	  "~ node\n    cluster CIDRs: none\n    node port addresses: what this node sends from\n" },
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
	{ "podCIDRs of all Nodes, joined where they are neighbours", NODEPORT_CIDRS, NULL, NULL, NULL,
	  NODE("node-a", "podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, 'fd00:1::/64']", "")
	  NODE("b", "podCIDR: 10.244.2.0/24", "") NODE("c", "podCIDR: 10.244.3.0/24", "")
	  NODE("d", "podCIDR: 10.244.0.0/24", "") NODE("e", "podCIDR: 10.244.3.128/25", "")
	  NODE("f", "podCIDR: 10.244.5.0/24", ""),
	  "~ node\n    cluster CIDRs: 10.244.0.0/22 10.244.5.0/24 fd00:1::/64\n"
	  "    node port addresses: none\n    node CIDRs: 10.244.1.0/24 fd00:1::/64\n" },
	{ "a given cluster CIDR instead", NODEPORT_CIDRS, NULL, "10.0.0.0/8", NULL,
	  NODE("node-a", "podCIDRs: [10.244.1.0/24, 'fd00:1::/64']", ""),
	  "~ node\n    cluster CIDRs: 10.0.0.0/8\n    node port addresses: none\n"
	  "    node CIDRs: 10.244.1.0/24 fd00:1::/64\n" },
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

struct option_case {
	const char *name;
	struct options opt;	/* beside the defaults */
	const char *yaml, *want;
};

#define CIDRS(name, list) \
	"---\n{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: " name "}, " \
	"spec: {cidrs: [" list "]}}\n"

static const struct option_case option_cases[] = {
	{ "the node's CIDRs are the cluster's, the first of a family", { .detect = DETECT_NODE_CIDR },
	  NODE("node-a", "podCIDRs: [10.244.1.0/24, 'fd00:1::/64', 10.244.0.0/24]", "")
	  NODE("b", "podCIDR: 10.244.2.0/24", ""),
	  "~ node\n    cluster CIDRs: 10.244.1.0/24 fd00:1::/64\n    node port addresses: none\n"
	  "    node CIDRs: 10.244.0.0/23 fd00:1::/64\n" },
	{ "which it has to have", { .detect = DETECT_NODE_CIDR },
	  NODE("node-a", "", "") NODE("b", "podCIDR: 10.244.2.0/24", ""),
	  "warning: --detect-local node-cidr: the Node node-a has no podCIDRs, so no source counts as off "
	  "the cluster\n" },
	{ "Pods by the device they come through", { .detect = DETECT_INTERFACE, .pod_interface = "cali*" },
	  NODE("node-a", "podCIDR: 10.244.1.0/24", ""),
	  "~ node\n    cluster CIDRs: none\n    node port addresses: none\n"
	  "    Pods come through: cali*\n" },
	{ "masquerade all", { .masquerade_all = true }, "",
	  "~ node\n    cluster CIDRs: none\n    node port addresses: none\n    masquerade all: yes\n" },
	{ "no fast path", { .no_fast_path = true }, "",
	  "~ node\n    cluster CIDRs: none\n    node port addresses: none\n    fast path: no\n" },
	{ "service CIDRs of objects", { .masquerade_all = false },
	  CIDRS("b", "10.100.0.0/16, 'fd00:100::/112'") CIDRS("a", "10.101.0.0/16"),
	  "~ node\n    cluster CIDRs: none\n    node port addresses: none\n"
	  "    service CIDRs: 10.100.0.0/15 fd00:100::/112\n" },
	{ "beside those given", { .service_cidrs_given = true }, CIDRS("a", "10.112.0.0/16, 10.96.0.0/13"),
	  "~ node\n    cluster CIDRs: none\n    node port addresses: none\n"
	  "    service CIDRs: 10.96.0.0/12 10.112.0.0/16 fd00:10:96::/112\n" },
};

static void test_options(void **state)
{
	for (size_t i = 0; i < sizeof(option_cases) / sizeof(*option_cases); i++) {
		const struct option_case *c = &option_cases[i];
		struct lab *l = lab_new();
		const char *got;

		l->opt.nodeport_mode = NODEPORT_CIDRS;
		l->opt.detect = c->opt.detect;
		l->opt.pod_interface = c->opt.pod_interface;
		l->opt.masquerade_all = c->opt.masquerade_all;
		l->opt.no_fast_path = c->opt.no_fast_path;
		l->opt.service_cidrs_given = c->opt.service_cidrs_given;
		got = show(l, model_resolve(lab_apply(l, c->yaml), NULL, l->d));
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

/* Who is gone is as it was: addresses, podCIDRs, zone, and the Pods on its network. */
static void test_node_gone(void **state)
{
	static const char objects[] =
		NODE("node-a", "podCIDR: 10.244.1.0/24", INTERNAL("192.0.2.1")) NODE_PORT
		"---\n{apiVersion: v1, kind: Pod, metadata: {name: p, labels: {a: b}}, "
		"spec: {hostNetwork: true, nodeName: node-a}}\n"
		SVC("host", "clusterIP: 10.96.0.2, selector: {a: b}, ports: [{port: 80}]");
	struct lab *l = lab_new();
	struct model *m = lab_apply(l, objects);
	struct dp *before = model_resolve(m, NULL, l->d), *after;

	model_remember_node(m, model_find(m, KIND_NODE, NULL, "node-a"));
	assert_int_equal(before->services[0].n_backends, 1);
	assert_true(plan_empty(plan_make(l->a, before, model_resolve(m, NULL, l->d))));
	assert_string_equal(lab_said(l), "");
	model_remove(m, KIND_NODE, NULL, "node-a");
	after = model_resolve(m, NULL, l->d);
	assert_true(plan_empty(plan_make(l->a, before, after)));
	assert_string_equal(lab_said(l), "warning: the Node node-a is gone: this node goes on with the "
			    "addresses, podCIDRs and zone it had; apply it again, or name this node anew by "
			    "--node\n");
	lab_free(l);
}

/* Distinct addresses over all ports; those of another node, or not ready, are none. */
static void test_local_ready(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_apply(l, SVC("web", "clusterIPs: [10.96.0.1, 'fd00:10:96::1'], "
					   "ports: [{name: a, port: 80}, {name: b, port: 81}]")
		"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: "
		"{name: s, labels: {kubernetes.io/service-name: web}}, ports: [{name: a, port: 80}, "
		"{name: b, port: 81}], endpoints: [{addresses: [10.0.0.1], nodeName: node-a}, "
		"{addresses: [10.0.0.2], nodeName: node-a, conditions: {ready: false, serving: true, "
		"terminating: true}}, {addresses: [10.0.0.3], nodeName: node-b}, {addresses: [10.0.0.4]}]}\n"
		"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: "
		"{name: t, labels: {kubernetes.io/service-name: web}}, ports: [{name: b, port: 82}], "
		"endpoints: [{addresses: [10.0.0.5], nodeName: node-a}]}\n"
		"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv6, metadata: "
		"{name: u, labels: {kubernetes.io/service-name: web}}, ports: [{name: a, port: 80}], "
		"endpoints: [{addresses: ['fd00::1'], nodeName: node-a}]}\n");

	assert_int_equal(model_local_ready(m, lab_service(m, "web"), AF_INET), 2);
	assert_int_equal(model_local_ready(m, lab_service(m, "web"), AF_INET6), 1);
	lab_free(l);
}

static void test_many_service_cidrs(void **state)
{
	struct lab *l = lab_new();
	const char *yaml = "";
	struct dp *dp;

	for (int i = 0; i < 65; i++)
		yaml = arena_printf(l->a, "%s" CIDRS("c%d", "10.%d.0.0/24"), yaml, i, i);
	dp = model_resolve(lab_apply(l, yaml), NULL, l->d);
	assert_int_equal(dp->config.n_service_cidrs, 0);
	assert_string_equal(lab_said(l), "warning: the service CIDRs are 65 prefixes and the kernel takes "
			    "64: what is sent to addresses in them that no Service holds goes on as if "
			    "they were any other\n");
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
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_many_pod_cidrs),
		cmocka_unit_test(test_own_address),
		cmocka_unit_test(test_node_name),
		cmocka_unit_test(test_node_gone),
		cmocka_unit_test(test_many_service_cidrs),
		cmocka_unit_test(test_local_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
