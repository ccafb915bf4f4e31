// SPDX-License-Identifier: GPL-2.0
/* Where endpoints come from, and which of several sources is believed. */
#include "lab.h"

struct source_case {
	const char *name;
	const char *spec;	/* of Service default/web, without its ports */
	const char *rest;	/* other objects */
	const char *want;	/* a line an endpoint */
};

#define POD_AT(name, labels, spec, status) \
	"---\n{apiVersion: v1, kind: Pod, metadata: {name: " name ", labels: {" labels "}}, " \
	"spec: {" spec "}, status: {" status "}}\n"
#define POD(name, ip) POD_AT(name, "app: web", "", "podIP: " ip)
#define POD_WEIGHT(name, ip, weight) \
	"---\n{apiVersion: v1, kind: Pod, metadata: {name: " name ", labels: {app: web}, " \
	"annotations: {svcnat.io/weight: " weight "}}, status: {podIP: " ip "}}\n"
#define SLICE(name, type, ports, endpoints) \
	"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: " type ", " \
	"metadata: {name: " name ", labels: {kubernetes.io/service-name: web}}, " \
	"ports: [" ports "], endpoints: [" endpoints "]}\n"
#define NODE(name, zone) \
	"---\n{apiVersion: v1, kind: Node, metadata: {name: " name ", " \
	"labels: {topology.kubernetes.io/zone: " zone "}}, status: {addresses: " \
	"[{type: Hostname, address: " name "}, {type: InternalIP, address: 192.168.0.1}, " \
	"{type: InternalIP, address: 'fd00::1'}]}}\n"
#define HTTP(n) "containers: [{name: c, ports: [{name: http, containerPort: " n "}]}]"
#define SELECT "selector: {app: web}"

static const struct source_case cases[] = {
	{ "Pods by label and namespace", SELECT,
	  POD("b", "10.0.0.2") POD("a", "10.0.0.1") POD_AT("c", "app: api", "", "podIP: 10.0.0.3")
	  "---\n{apiVersion: v1, kind: Pod, metadata: {name: d, namespace: shop, labels: {app: web}}, "
	  "status: {podIP: 10.0.0.4}}\n",
	  "10.0.0.1:80 ready serving pod=a\n10.0.0.2:80 ready serving pod=b\n" },
	{ "every label counts", "selector: {app: web, tier: front}",
	  POD_AT("a", "app: web, tier: front", "", "podIP: 10.0.0.1")
	  POD_AT("b", "app: web, tier: back", "", "podIP: 10.0.0.2") POD("c", "10.0.0.3"),
	  "10.0.0.1:80 ready serving pod=a\n" },
	{ "readiness", SELECT,
	  POD_AT("a", "app: web", "", "podIP: 10.0.0.1, conditions: [{type: Ready, status: 'True'}]")
	  POD_AT("b", "app: web", "", "podIP: 10.0.0.2, conditions: [{type: Ready, status: 'False'}]")
	  POD_AT("c", "app: web", "", "podIP: 10.0.0.3, conditions: [{type: PodScheduled, status: 'True'}]"),
	  "10.0.0.1:80 ready serving pod=a\n10.0.0.2:80 pod=b\n10.0.0.3:80 pod=c\n" },
	{ "termination",  SELECT,
	  "---\n{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: web}, "
	  "deletionTimestamp: '2026-01-01T00:00:00Z'}, status: {podIP: 10.0.0.1}}\n",
	  "10.0.0.1:80 serving terminating pod=a\n" },
	{ "publishNotReadyAddresses", SELECT ", publishNotReadyAddresses: true",
	  POD_AT("a", "app: web", "", "podIP: 10.0.0.1, conditions: [{type: Ready, status: 'False'}]")
	  "---\n{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: web}, "
	  "deletionTimestamp: '2026-01-01T00:00:00Z'}, status: {podIP: 10.0.0.2}}\n",
	  "10.0.0.1:80 ready pod=a\n10.0.0.2:80 ready serving terminating pod=b\n" },
	{ "Pods that are done", SELECT,
	  POD_AT("a", "app: web", "", "podIP: 10.0.0.1, phase: Succeeded")
	  POD_AT("b", "app: web", "", "podIP: 10.0.0.2, phase: Failed")
	  POD_AT("c", "app: web", "", "podIP: 10.0.0.3, phase: Running"),
	  "10.0.0.3:80 ready serving pod=c\n" },
	{ "named target ports differ from Pod to Pod", SELECT ", ports: [{port: 80, targetPort: http}]",
	  POD_AT("a", "app: web", HTTP("8080"), "podIP: 10.0.0.1")
	  POD_AT("b", "app: web", HTTP("9090"), "podIP: 10.0.0.2")
	  POD_AT("c", "app: web", "containers: [{name: c, ports: [{name: http, containerPort: 1, "
		 "protocol: UDP}]}]", "podIP: 10.0.0.3")
	  POD_AT("d", "app: web", "initContainers: [{name: c, restartPolicy: Always, "
		 "ports: [{name: http, containerPort: 7070}]}]", "podIP: 10.0.0.4")
	  POD_AT("e", "app: web", "initContainers: [{name: c, "
		 "ports: [{name: http, containerPort: 7070}]}]", "podIP: 10.0.0.5"),
	  "10.0.0.1:8080 ready serving pod=a\n10.0.0.2:9090 ready serving pod=b\n"
	  "10.0.0.4:7070 ready serving pod=d\n" },
	{ "a target port nobody has", SELECT ", ports: [{port: 80, targetPort: http}]",
	  POD("a", "10.0.0.1"), "t.yaml:2:93: warning: spec.ports: Service default/web: no selected Pod "
	  "has a TCP port named http: check targetPort against the names of the containers' ports\n" },
	{ "hostNetwork Pods have the node's address", SELECT,
	  NODE("node-a", "z1")
	  POD_AT("a", "app: web", "hostNetwork: true, nodeName: node-a", "podIP: 10.0.0.1")
	  POD_AT("b", "app: web", "hostNetwork: true, nodeName: node-b", "hostIP: 10.0.0.2")
	  POD_AT("c", "app: web", "hostNetwork: true, nodeName: node-a", "phase: Running"),
	  "10.0.0.1:80 ready serving local zone=z1 pod=a\n10.0.0.2:80 ready serving pod=b\n"
	  "192.168.0.1:80 ready serving local zone=z1 pod=c\n" },
	{ "the address of the family", SELECT ", ipFamilies: [IPv6]",
	  POD_AT("a", "app: web", "", "podIP: 10.0.0.1, podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]")
	  POD("b", "10.0.0.2"), "[fd00::1]:80 ready serving pod=a\n" },
	{ "zones as hints", SELECT ", trafficDistribution: PreferClose",
	  NODE("node-a", "z1") POD_AT("a", "app: web", "nodeName: node-a", "podIP: 10.0.0.1")
	  POD_AT("b", "app: web", "nodeName: node-b", "podIP: 10.0.0.2"),
	  "10.0.0.1:80 ready serving local zone=z1 to-zone=z1 pod=a\n10.0.0.2:80 ready serving pod=b\n" },
	{ "nodes as hints", SELECT ", trafficDistribution: PreferSameNode",
	  NODE("node-a", "z1") POD_AT("a", "app: web", "nodeName: Node-A", "podIP: 10.0.0.1")
	  POD_AT("b", "app: web", "nodeName: node-a", "podIP: 10.0.0.2, "
		 "conditions: [{type: Ready, status: 'False'}]"),
	  "10.0.0.1:80 ready serving local to-node=Node-A pod=a\n10.0.0.2:80 local zone=z1 pod=b\n" },
	{ "slices by port name and protocol, with nil conditions", "ports: [{name: http, port: 80}]",
	  SLICE("s1", "IPv4", "{name: http, port: 8080}, {name: other, port: 1}",
		"{addresses: [10.0.0.1, 10.9.9.9], nodeName: node-a, zone: z1, hints: {forZones: [{name: z2}], "
		"forNodes: [{name: n2}]}, targetRef: {kind: Pod, name: p}}, "
		"{addresses: [10.0.0.2], conditions: {ready: false}}")
	  SLICE("s2", "IPv4", "{name: http, port: 9090, protocol: UDP}", "{addresses: [10.0.0.3]}")
	  SLICE("s3", "IPv4", "{port: 9090}", "{addresses: [10.0.0.4]}")
	  SLICE("s4", "IPv6", "{name: http, port: 8080}", "{addresses: ['fd00::1']}"),
	  "10.0.0.1:8080 ready serving local zone=z1 to-zone=z2 to-node=n2 pod=p\n10.0.0.2:8080 serving\n" },
	{ "a Service with slices is not selected for", SELECT,
	  POD("a", "10.0.0.1") SLICE("s1", "IPv4", "{port: 8080}", "{addresses: [10.0.0.2]}"),
	  "10.0.0.2:8080 ready serving\n" },
	{ "nor with one that has no endpoint", SELECT,
	  POD("a", "10.0.0.1") SLICE("s1", "IPv4", "", ""), "" },
	{ "one endpoint in two slices", "type: ClusterIP",
	  SLICE("s2", "IPv4", "{port: 8080}", "{addresses: [10.0.0.1], nodeName: node-b}, "
		"{addresses: [10.0.0.2], conditions: {ready: false, serving: true, terminating: true}}, "
		"{addresses: [10.0.0.3], nodeName: second}")
	  SLICE("s1", "IPv4", "{port: 8080}", "{addresses: [10.0.0.1], conditions: {ready: false}}, "
		"{addresses: [10.0.0.2], conditions: {ready: false, serving: false}}, "
		"{addresses: [10.0.0.3], nodeName: node-a}"),
	  "10.0.0.1:8080 ready serving\n10.0.0.2:8080\n10.0.0.3:8080 ready serving local\n" },
	{ "Endpoints, without a selector", "type: ClusterIP",
	  "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: web}, subsets: [{ports: [{port: 8080}], "
	  "addresses: [{ip: 10.0.0.1, nodeName: node-a}, {ip: 'fd00::1'}], notReadyAddresses: [{ip: 10.0.0.2}]}, "
	  "{ports: [{port: 9090, name: x}], addresses: [{ip: 10.0.0.3}]}]}\n",
	  "10.0.0.1:8080 ready serving local\n10.0.0.2:8080 serving\n" },
	{ "Endpoints, with a selector", SELECT,
	  "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: web}, subsets: [{ports: [{port: 8080}], "
	  "addresses: [{ip: 10.0.0.1}]}]}\n", "" },
	{ "Endpoints beside slices", "type: ClusterIP",
	  "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: web}, subsets: [{ports: [{port: 8080}], "
	  "addresses: [{ip: 10.0.0.1}]}]}\n" SLICE("s1", "IPv4", "{port: 8080}", "{addresses: [10.0.0.2]}"),
	  "10.0.0.2:8080 ready serving\n" },
	{ "weights of Pods", SELECT,
	  POD_WEIGHT("a", "10.0.0.1", "'5'") POD_WEIGHT("b", "10.0.0.2", "'0'") POD("c", "10.0.0.3"),
	  "10.0.0.1:80 ready serving pod=a weight=5\n10.0.0.2:80 ready serving pod=b weight=0\n"
	  "10.0.0.3:80 ready serving pod=c\n" },
	{ "weights of Endpoints", "type: ClusterIP",
	  "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: web, annotations: {svcnat.io/weights: "
	  "10.0.0.2=0}}, subsets: [{ports: [{port: 80}], addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}]}]}\n",
	  "10.0.0.1:80 ready serving\n10.0.0.2:80 ready serving weight=0\n" },
	{ "Endpoints that are not to be mirrored", "type: ClusterIP",
	  "---\n{apiVersion: v1, kind: Endpoints, metadata: {name: web, "
	  "labels: {endpointslice.kubernetes.io/skip-mirror: 'true'}}, subsets: [{ports: [{port: 8080}], "
	  "addresses: [{ip: 10.0.0.1}]}]}\n", "" },
};

static void print_endpoint(FILE *f, const struct endpoint *e)
{
	char buf[IP_STRLEN];

	fprintf(f, e->ip.family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_str(&e->ip, buf), e->port);
	fprintf(f, "%s%s%s%s", e->ready ? " ready" : "", e->serving ? " serving" : "",
		e->terminating ? " terminating" : "", e->local ? " local" : "");
	if (e->zone)
		fprintf(f, " zone=%s", e->zone);
	if (e->hint_zones && e->hint_zones->n)
		fprintf(f, " to-zone=%s", e->hint_zones->v[0]);
	if (e->hint_nodes && e->hint_nodes->n)
		fprintf(f, " to-node=%s", e->hint_nodes->v[0]);
	if (e->pod)
		fprintf(f, " pod=%s", e->pod);
	if (e->weight != 1)
		fprintf(f, " weight=%u", e->weight);
	fputc('\n', f);
}

static const char *show(struct lab *l, struct model *m)
{
	struct service *svc = lab_service(m, "web");
	int family = !strcmp(svc->ip_families.v[0], "IPv6") ? AF_INET6 : AF_INET;
	struct endpoint_list list = model_endpoints(m, svc, &svc->ports[0], family, l->d);
	char *text, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < list.n; i++)
		print_endpoint(f, &list.v[i]);
	fclose(f);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

static const char *yaml_of(struct lab *l, const struct source_case *c)
{
	bool ports = strstr(c->spec, "ports:");

	return arena_printf(l->a, "---\n{apiVersion: v1, kind: Service, metadata: {name: web}, "
			    "spec: {%s%s}}\n%s", c->spec, ports ? "" : ", ports: [{port: 80}]", c->rest);
}

static void test_sources(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lab *l = lab_new();
		struct model *m = lab_build(l, yaml_of(l, &cases[i]));
		const char *got;

		if (!m)
			fail_msg("%s: refused: %s", cases[i].name, lab_said(l));
		got = show(l, m);
		got = arena_printf(l->a, "%s%s", lab_said(l), got);
		if (strcmp(got, cases[i].want))
			fail_msg("%s:\n%sexpected:\n%s", cases[i].name, got, cases[i].want);
		lab_free(l);
	}
}

/* The Pod's own counts, else the Service's, else that of whoever lists the endpoint. */
static void test_weights(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_build(l,
		"---\n{apiVersion: v1, kind: Service, metadata: {name: web, annotations: "
		"{svcnat.io/weights: '10.0.0.1=20, 10.0.0.2=20'}}, spec: {ports: [{port: 80}]}}\n"
		POD_WEIGHT("a", "10.0.0.1", "'10'") POD("b", "10.0.0.2")
		"---\n{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, metadata: "
		"{name: s, labels: {kubernetes.io/service-name: web}, annotations: {svcnat.io/weights: "
		"'10.0.0.1=30,10.0.0.2=30,10.0.0.3=30,10.9.9.9=9'}}, ports: [{port: 80}], endpoints: ["
		"{addresses: [10.0.0.1], targetRef: {kind: Pod, name: a}}, "
		"{addresses: [10.0.0.2], targetRef: {kind: Pod, name: b}}, "
		"{addresses: [10.0.0.3], targetRef: {kind: Pod, name: unknown}}, "
		"{addresses: [10.0.0.4]}]}\n");

	assert_string_equal(show(l, m), "10.0.0.1:80 ready serving pod=a weight=10\n"
			    "10.0.0.2:80 ready serving pod=b weight=20\n"
			    "10.0.0.3:80 ready serving pod=unknown weight=30\n10.0.0.4:80 ready serving\n");
	lab_free(l);
}

/* What was found once is looked for again when something is gone. */
static void test_after_removal(void **state)
{
	struct lab *l = lab_new();
	struct model *m = lab_build(l, "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: "
		"{" SELECT ", ports: [{port: 80}]}}\n" POD("a", "10.0.0.1") POD("b", "10.0.0.2")
		SLICE("s1", "IPv4", "{port: 8080}", "{addresses: [10.0.0.9]}"));

	assert_string_equal(show(l, m), "10.0.0.9:8080 ready serving\n");
	model_remove(m, KIND_SLICE, "default", "s1");
	model_remove(m, KIND_POD, "default", "a");
	assert_string_equal(show(l, m), "10.0.0.2:80 ready serving pod=b\n");
	lab_free(l);
}

static bool family_of(const struct service *svc, bool six)
{
	for (size_t i = 0; i < svc->ip_families.n; i++)
		if (!strcmp(svc->ip_families.v[i], six ? "IPv6" : "IPv4"))
			return true;
	return false;
}

/* Addresses that are ready, a line each. */
static const char *ready(struct lab *l, struct model *m)
{
	struct service *svc = lab_service(m, "web");
	const char *text = "";
	char ip[IP_STRLEN];

	for (size_t i = 0; i < 2 * svc->n_ports; i++) {
		struct endpoint_list list = model_endpoints(m, svc, &svc->ports[i / 2],
							    i % 2 ? AF_INET6 : AF_INET, NULL);

		for (size_t k = 0; family_of(svc, i % 2) && k < list.n; k++)
			if (list.v[k].ready)
				text = arena_printf(l->a, "%s%zu: %s %u\n", text, i / 2,
						    ip_str(&list.v[k].ip, ip), list.v[k].port);
	}
	return text;
}

/* Whatever they came from: as an Endpoints object of a Service without selector they are the same. */
static void test_as_object(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lab *l = lab_new();
		struct model *m = lab_build(l, yaml_of(l, &cases[i]));
		struct service *svc = lab_service(m, "web");
		const struct endpoints *ep = model_endpoints_object(m, svc);
		struct object *both[] = { &svc->meta, (struct object *)ep };
		const char *want = ready(l, m), *got;

		svc->selector.n = 0;
		m = model_build(l->a, NULL, &(struct objects){ both, ep ? 2 : 1 }, &l->opt, l->d);
		got = m ? ready(l, m) : lab_said(l);
		if (strcmp(got, want))
			fail_msg("%s:\n%sexpected:\n%s", cases[i].name, got, want);
		lab_free(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_after_removal),
		cmocka_unit_test(test_as_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
