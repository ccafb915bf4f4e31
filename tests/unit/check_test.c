// SPDX-License-Identifier: GPL-2.0
/* Every refusal: what is said, of which field, at which place; and what is let through. */
#include "lab.h"

struct wrong {
	const char *name;
	const char *yaml;
	const char *said;	/* exactly; "" if it is accepted in silence */
};

#define SVC(spec) "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: " spec "\n"
#define SAVED(spec) "apiVersion: v1\nkind: Service\nmetadata: {name: web, uid: x}\nspec: " spec "\n"
#define PORT "ports: [{port: 80}]"
#define E(field, text) "t.yaml:1:1: error: " field ": " text "\n"
#define E_AT(at, field, text) "t.yaml:" at ": error: " field ": " text "\n"
#define E_PORT(at, field, text) "t.yaml:4:" at ": error: spec.ports" field ": " text "\n"
#define W(field, text) "t.yaml:1:1: warning: " field ": " text "\n"

static const struct wrong wrongs[] = {
	{ "the least there can be", SVC("{" PORT "}"), "" },
	{ "no ports", SVC("{selector: {a: b}}"), E("spec.ports", "missing: a Service needs a port, "
	  "unless it is headless (clusterIP: None) or an ExternalName") },
	{ "no ports, headless", SVC("{clusterIP: None}"), "" },
	{ "no ports, ExternalName", SVC("{type: ExternalName, externalName: db.example.com.}"), "" },
	{ "ExternalName without a name", SVC("{type: ExternalName}"),
	  E("spec.externalName", "missing: type ExternalName needs the name it stands for") },
	{ "ExternalName with an address", SVC("{type: ExternalName, externalName: a, clusterIP: 10.0.0.1}"),
	  E_AT("4:56", "spec.clusterIP", "given for type ExternalName, which has no address: remove it") },
	{ "ExternalName with a selector", SVC("{type: ExternalName, externalName: a, selector: {a: b}}"),
	  W("spec.selector", "ignored: an ExternalName stands for a name, not for Pods") },
	{ "a port without a number", SVC("{ports: [{name: x}]}"),
	  E_PORT("16", "[0].port", "missing: expected 1 to 65535") },
	{ "several ports without names", SVC("{ports: [{port: 80, name: a}, {port: 81}]}"),
	  E_PORT("37", "[1].name", "missing: with several ports each needs a name") },
	{ "two ports of one name", SVC("{ports: [{port: 80, name: a}, {port: 81, name: a}]}"),
	  E_PORT("37", "[1].name", "a is the name of spec.ports[0] too: give each port its own") },
	{ "one port twice", SVC("{ports: [{port: 80, name: a}, {port: 80, name: b}]}"),
	  E_PORT("37", "[1].port", "TCP port 80 is spec.ports[0] too: expected each port once a protocol") },
	{ "one port in two protocols",
	  SVC("{ports: [{port: 80, name: a}, {port: 80, name: b, protocol: UDP}]}"), "" },
	{ "a bad port name", SVC("{ports: [{port: 80, name: A_b}]}"),
	  E_PORT("16", "[0].name", "A_b is not a DNS label: expected up to 63 of a-z, 0-9 and '-', "
	  "the ends not '-'") },
	{ "a bad target port", SVC("{ports: [{port: 80, targetPort: Web_1}]}"),
	  E_PORT("16", "[0].targetPort", "Web_1 is not a port name: expected up to 15 of a-z, 0-9 and "
	  "'-', at least one letter") },
	{ "an address that is none", SVC("{clusterIP: 10.0.0.300, " PORT "}"),
	  E_AT("4:19", "spec.clusterIP", "10.0.0.300 is not an IP address: expected one such as 10.0.0.1 or "
	  "fd00::1") },
	{ "an address outside its family", SVC("{clusterIP: 10.96.0.3, ipFamilies: [IPv6], " PORT "}"),
	  E_AT("4:19", "spec.clusterIP", "10.96.0.3 is not an IPv6 address: expected one, as "
	  "ipFamilies[0] says") },
	{ "more addresses than families",
	  SVC("{clusterIPs: [10.96.0.3, 'fd00:10:96::3'], ipFamilyPolicy: SingleStack, " PORT "}"),
	  E("spec.ipFamilyPolicy", "SingleStack with two families: expected PreferDualStack or "
	  "RequireDualStack, or one family") },
	{ "two addresses of one family", SVC("{clusterIPs: [10.96.0.3, 10.96.0.4], " PORT "}"),
	  E("spec.ipFamilies", "IPv4 twice: expected one of each family") },
	{ "clusterIP is not clusterIPs[0]", SVC("{clusterIP: 10.96.0.3, clusterIPs: [10.96.0.4], " PORT "}"),
	  E_AT("4:19", "spec.clusterIP", "10.96.0.3 differs from clusterIPs[0], 10.96.0.4: expected the same") },
	{ "None beside an address", SVC("{clusterIPs: [10.96.0.3, None], " PORT "}"),
	  E_AT("4:32", "spec.clusterIPs[1]", "None beside addresses: expected None alone (headless) or addresses "
	  "only") },
	{ "headless of type NodePort", SVC("{clusterIP: None, type: NodePort, " PORT "}"),
	  E_AT("4:19", "spec.clusterIP", "None with type NodePort: a headless Service has no address to balance, "
	  "use type ClusterIP") },
	{ "a loopback external IP", SVC("{externalIPs: [127.0.0.1], " PORT "}"),
	  E_AT("4:22", "spec.externalIPs[0]", "127.0.0.1 is a loopback address: expected one other machines can "
	  "reach") },
	{ "a link-local external IP", SVC("{externalIPs: ['fe80::1'], " PORT "}"),
	  E_AT("4:22", "spec.externalIPs[0]", "fe80::1 is a link-local address: expected one that is "
	  "valid beyond a link") },
	{ "a multicast external IP", SVC("{externalIPs: [224.0.0.1], " PORT "}"),
	  E_AT("4:22", "spec.externalIPs[0]", "224.0.0.1 is a multicast or reserved address: "
	  "expected a unicast one") },
	{ "a mapped external IP", SVC("{externalIPs: ['::ffff:10.0.0.1'], " PORT "}"),
	  E_AT("4:22", "spec.externalIPs[0]", "::ffff:10.0.0.1 is an IPv4 address in the clothes of "
	  "IPv6: write it as IPv4") },
	{ "a bad load balancer address",
	  SVC("{type: LoadBalancer, " PORT "}\nstatus: {loadBalancer: {ingress: [{ip: '::'}]}}"),
	  E("status.loadBalancer.ingress[0]", ":: is the unspecified address: expected one to connect to") },
	{ "a bad source range", SVC("{type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/33], " PORT "}"),
	  E_AT("4:55", "spec.loadBalancerSourceRanges[0]", "10.0.0.0/33 is not a CIDR: expected one such as "
	  "192.0.2.0/24") },
	{ "an API server tolerates spaces and host bits",
	  SVC("{type: LoadBalancer, loadBalancerSourceRanges: [' 10.0.0.1/8 '], " PORT "}"), "" },
	{ "nodePort of type ClusterIP", SVC("{ports: [{port: 80, nodePort: 30000}]}"),
	  E_PORT("16", "[0].nodePort", "30000 given for type ClusterIP: node ports need type NodePort or "
	  "LoadBalancer") },
	{ "nodePort out of range", SVC("{type: NodePort, ports: [{port: 80, nodePort: 80}]}"),
	  E_PORT("32", "[0].nodePort", "80 is outside the node port range 30000-32767: expected a port in "
	  "it, or another --nodeport-range") },
	{ "an API server decided the nodePort", SAVED("{type: NodePort, ports: [{port: 80, nodePort: 80}]}"),
	  "" },
	{ "one nodePort twice in a Service",
	  SVC("{type: NodePort, ports: [{port: 80, name: a, nodePort: 30001}, "
	      "{port: 81, name: b, nodePort: 30001}]}"),
	  E_PORT("70", "[1].nodePort", "TCP node port 30001 is that of spec.ports[0] too: expected "
	  "another one") },
	{ "an unknown traffic distribution", SVC("{trafficDistribution: Near, " PORT "}"),
	  E("spec.trafficDistribution", "Near is not known: expected PreferSameZone (or PreferClose, its "
	  "old name) or PreferSameNode") },
	{ "one that an API server knows", SAVED("{trafficDistribution: Near, " PORT "}"), "" },
	{ "source ranges of a ClusterIP", SVC("{loadBalancerSourceRanges: [10.0.0.0/8], " PORT "}"),
	  E_AT("4:35", "spec.loadBalancerSourceRanges", "given for type ClusterIP: source ranges need type "
	  "LoadBalancer") },
	{ "externalTrafficPolicy of a ClusterIP", SVC("{externalTrafficPolicy: Local, " PORT "}"),
	  E("spec.externalTrafficPolicy", "given for type ClusterIP without externalIPs, which nobody "
	  "reaches from outside: remove it") },
	{ "which has external IPs",
	  SVC("{externalTrafficPolicy: Local, externalIPs: [192.0.2.1], " PORT "}"), "" },
	{ "an affinity timeout without affinity",
	  SVC("{sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}, " PORT "}"),
	  E("spec.sessionAffinityConfig", "given without affinity: expected sessionAffinity ClientIP "
	  "beside it") },
	{ "an unknown scheduler",
	  "{apiVersion: v1, kind: Service, metadata: {name: web, annotations: {svcnat.io/scheduler: lc}}, "
	  "spec: {" PORT "}}\n",
	  E_AT("1:69", "metadata.annotations", "svcnat.io/scheduler: \"lc\" is not understood: expected "
	  "random, round-robin, weighted-round-robin, least-connection, source-hash or maglev") },
	{ "a drain of more than a day",
	  "{apiVersion: v1, kind: Service, metadata: {name: web, annotations: {svcnat.io/removal: "
	  "drain=90000}}, spec: {" PORT "}}\n",
	  E_AT("1:69", "metadata.annotations", "svcnat.io/removal: \"drain=90000\" is not understood: "
	  "expected keep, reset, or drain=SECONDS of 1 to 86400 seconds, such as drain=30") },
	{ "an unknown annotation of ours",
	  "{apiVersion: v1, kind: Service, metadata: {name: web, annotations: {svcnat.io/x: y}}, "
	  "spec: {" PORT "}}\n",
	  "t.yaml:1:69: warning: metadata.annotations: svcnat.io/x is unknown here and ignored: of svcnat.io "
	  "a Service may have svcnat.io/scheduler, svcnat.io/refuse, svcnat.io/max-connections, "
	  "svcnat.io/removal, svcnat.io/eject, svcnat.io/fast-path, svcnat.io/weights\n" },
	{ "an annotation of ours on the wrong kind",
	  "{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {svcnat.io/weights: 1.2.3.4=5}}, "
	  "status: {podIP: 10.0.0.1}}\n",
	  "t.yaml:1:63: warning: metadata.annotations: svcnat.io/weights is unknown here and ignored: of "
	  "svcnat.io a Pod may have svcnat.io/weight\n" },
	{ "an annotation of ours where none is",
	  "{apiVersion: v1, kind: Node, metadata: {name: n, annotations: {svcnat.io/weight: '1'}}}\n",
	  "t.yaml:1:64: warning: metadata.annotations: svcnat.io/weight is unknown here and ignored: of "
	  "svcnat.io a Node may have none\n" },
	{ "the weight of a Pod",
	  "{apiVersion: v1, kind: Pod, metadata: {name: p, annotations: {svcnat.io/weight: '1001'}}, "
	  "status: {podIP: 10.0.0.1}}\n",
	  E_AT("1:63", "metadata.annotations", "svcnat.io/weight: \"1001\" is not understood: expected a "
	  "number from 0 to 1000") },
	{ "a ServiceCIDR with host bits",
	  "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: k}, "
	  "spec: {cidrs: [10.96.0.0/16, 10.0.0.1/8]}}\n",
	  E_AT("1:105", "spec.cidrs", "10.0.0.1/8 is not a CIDR: expected one such as 10.244.1.0/24, no bits "
	  "set behind its length") },
	{ "a ServiceCIDR without any",
	  "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: k.x}}\n",
	  E("spec.cidrs", "missing: expected a CIDR of each family there are ClusterIPs of, one or two") },
	{ "a cluster IP in a ServiceCIDR",
	  "{apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: k}, "
	  "spec: {cidrs: [10.200.0.0/16]}}\n---\n" SVC("{clusterIP: 10.200.0.7, " PORT "}"), "" },
	{ "a bad name", "{apiVersion: v1, kind: Service, metadata: {name: a.b}, spec: {" PORT "}}\n",
	  E_AT("1:50", "metadata.name", "a.b is not a DNS label: expected up to 63 of a-z, 0-9 and '-', the ends "
	  "not '-'") },
	{ "Pods may have dots", "{apiVersion: v1, kind: Pod, metadata: {name: a.b}, status: {podIP: 10.0.0.1}}\n",
	  "" },
	{ "a Pod without an address", "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
	  W("status.podIP", "missing: a Pod without an address answers for no Service") },
	{ "a Pod of an API server may have to wait for its address",
	  "{apiVersion: v1, kind: Pod, metadata: {name: a, resourceVersion: '7'}}\n", "" },
	{ "a slice's address outside its family",
	  "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv6, metadata: "
	  "{name: s, labels: {kubernetes.io/service-name: web}}, endpoints: [{addresses: [10.0.0.1]}]}\n",
	  E_AT("1:151", "endpoints[0].addresses[0]", "10.0.0.1 is not an IPv6 address, as addressType says") },
	{ "a slice of names", "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: FQDN, "
	  "metadata: {name: s, labels: {kubernetes.io/service-name: web}}, "
	  "endpoints: [{addresses: [example.com]}]}\n", "" },
	{ "a slice of nobody", "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, "
	  "metadata: {name: s}}\n", W("metadata.labels", "no kubernetes.io/service-name: this "
	  "EndpointSlice belongs to no Service") },
	{ "a slice port of 0", "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, "
	  "metadata: {name: s, labels: {kubernetes.io/service-name: web}}, ports: [{port: 0}]}\n",
	  W("ports[0].port", "missing or 0: this port is ignored") },
	{ "bad Endpoints", "{apiVersion: v1, kind: Endpoints, metadata: {name: web}, subsets: "
	  "[{notReadyAddresses: [{ip: x}]}]}\n", E_AT("1:89", "subsets[0].notReadyAddresses[0].ip",
	  "x is not an IP address: expected one such as 10.0.0.1 or fd00::1") },
	{ "a bad podCIDR", "{apiVersion: v1, kind: Node, metadata: {name: n}, spec: {podCIDR: 10.0.0.1/8}}\n",
	  E("spec.podCIDR", "10.0.0.1/8 is not a CIDR: expected one such as 10.244.1.0/24, no bits set "
	  "behind its length") },
	{ "an object twice", SVC("{" PORT "}") "---\n" SVC("{" PORT "}"),
	  "t.yaml:6:1: error: metadata.name: Service default/web is already at t.yaml:1: give each "
	  "object once, remove one of the two\n" },
	{ "one nodePort twice for one protocol",
	  SVC("{type: NodePort, ports: [{port: 80, nodePort: 30001}]}") "---\n"
	  "{apiVersion: v1, kind: Service, metadata: {name: api}, "
	  "spec: {type: NodePort, ports: [{port: 80, nodePort: 30001}]}}\n",
	  E_AT("4:32", "spec.ports[0].nodePort", "Service default/web: TCP node port 30001 is that of Service "
	  "default/api (t.yaml:6): expected another port, or none to have one allocated") },
	{ "one nodePort for two protocols",
	  SVC("{type: NodePort, ports: [{port: 80, nodePort: 30001}]}") "---\n"
	  "{apiVersion: v1, kind: Service, metadata: {name: api}, "
	  "spec: {type: NodePort, ports: [{port: 80, nodePort: 30001, protocol: UDP}]}}\n", "" },
	{ "one cluster IP twice",
	  SVC("{clusterIP: 10.96.0.9, " PORT "}") "---\n"
	  "{apiVersion: v1, kind: Service, metadata: {name: api, namespace: shop}, "
	  "spec: {clusterIP: 10.96.0.9, " PORT "}}\n",
	  "t.yaml:6:91: error: spec.clusterIP: Service shop/api: cluster IP 10.96.0.9 is that of Service "
	  "default/web (t.yaml:1): expected another address, or none to have one allocated\n" },
};

static void test_wrongs(void **state)
{
	unsigned int failed = 0;

	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		struct lab *l = lab_new();
		struct model *m = lab_build(l, w->yaml);

		if (strcmp(lab_said(l), w->said) || !m != !!strstr(w->said, "error: ")) {
			print_error("%s: %s\nsaid:     %sexpected: %s\n", w->name,
				    m ? "accepted" : "refused", lab_said(l), w->said);
			failed++;
		}
		lab_free(l);
	}
	assert_int_equal(failed, 0);
}

/* More of one family than the kernel takes are refused at the one too many. */
static void test_many_ranges(void **state)
{
	for (int n = SVCNAT_RANGES_MAX; n <= SVCNAT_RANGES_MAX + 1; n++) {
		struct lab *l = lab_new();
		const char *list = "'2001:db8::/32'";

		for (int i = 0; i < n; i++)
			list = arena_printf(l->a, "%s, 10.%d.%d.0/24", list, i % 256, i / 256);
		lab_build(l, arena_printf(l->a, "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
					  "spec: {type: LoadBalancer, " PORT ",\n"
					  "loadBalancerSourceRanges: [%s]}\n", list));
		if (n == SVCNAT_RANGES_MAX)
			assert_string_equal(lab_said(l), "");
		else
			assert_non_null(strstr(lab_said(l), "error: spec.loadBalancerSourceRanges[257]: "
					       "10.0.1.0/24 is one more IPv4 range than the 256 a Service may "
					       "have: expected fewer and wider ones\n"));
		lab_free(l);
	}
}

/* The new object is at fault, wherever its name comes in the order. */
static void test_clash_with_known(void **state)
{
	struct lab *l = lab_new();

	lab_apply(l, SVC("{type: NodePort, ports: [{port: 80, nodePort: 30001}]}"));
	assert_null(lab_build(l, "{apiVersion: v1, kind: Service, metadata: {name: api}, "
			      "spec: {type: NodePort, ports: [{port: 80, nodePort: 30001}]}}\n"));
	assert_string_equal(lab_said(l),
		"t.yaml:1:87: error: spec.ports[0].nodePort: Service default/api: TCP node port 30001 is "
		"that of Service default/web (t.yaml:1): expected another port, or none to have one "
		"allocated\n");
	lab_free(l);
}

/* A mistake made a hundred times is said twenty times. */
static void test_many(void **state)
{
	struct lab *l = lab_new();
	const char *yaml = "", *said;
	unsigned int lines = 0;

	for (int i = 0; i < 100; i++)
		yaml = arena_printf(l->a, "%s---\n{apiVersion: v1, kind: Service, metadata: "
				    "{name: s%d}, spec: {clusterIP: 10.96.0.1, " PORT "}}\n", yaml, i);
	assert_null(lab_build(l, yaml));
	for (said = lab_said(l); (said = strchr(said, '\n')); said++)
		lines++;
	assert_int_equal(lines, 22);
	assert_non_null(strstr(lab_said(l), "error: more than 20 errors: the rest was not looked at\n"));
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrongs),
		cmocka_unit_test(test_many_ranges),
		cmocka_unit_test(test_clash_with_known),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
