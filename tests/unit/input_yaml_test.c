// SPDX-License-Identifier: GPL-2.0
/* YAML: what is read, and every sentence about what is not. */
#include "reads.h"
#include <sys/stat.h>
#include <unistd.h>

#define WEB "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n"
#define E(place, text) "t.yaml:" place ": error: " text "\n"
#define W(place, text) "t.yaml:" place ": warning: " text "\n"

static const struct reads_case values[] = {
	{ "port of 70000", WEB "spec:\n  ports:\n  - port: 70000\n",
	  E("7:11", "spec.ports[0].port: 70000 is not a port: expected 1 to 65535"), 0 },
	{ "port of 0", WEB "spec: {ports: [{port: 80}, {port: 0}]}\n",
	  E("5:35", "spec.ports[1].port: 0 is not a port: expected 1 to 65535"), 0 },
	{ "port below 0", WEB "spec: {ports: [{port: -1}]}\n",
	  E("5:23", "spec.ports[0].port: -1 is not a port: expected 1 to 65535"), 0 },
	{ "port in words", WEB "spec: {ports: [{port: eighty}]}\n",
	  E("5:23", "spec.ports[0].port: \"eighty\" is not a port: expected 1 to 65535"), 0 },
	{ "port in quotes", WEB "spec: {ports: [{port: \"80\"}]}\n",
	  E("5:23", "spec.ports[0].port: \"80\" is not a port: expected 1 to 65535, without quotes"), 0 },
	{ "port with a fraction", WEB "spec: {ports: [{port: 80.5}]}\n",
	  E("5:23", "spec.ports[0].port: 80.5 is not a port: expected 1 to 65535"), 0 },
	{ "port in octal or not", WEB "spec: {ports: [{port: 010}]}\n",
	  E("5:23", "spec.ports[0].port: 010 is not a port: expected 1 to 65535"), 0 },
	{ "port too long for any number", WEB "spec: {ports: [{port: 99999999999999999999999999}]}\n",
	  E("5:23", "spec.ports[0].port: 99999999999999999999999999 is not a port: "
	    "expected 1 to 65535"), 0 },
	{ "port in hex", WEB "spec: {ports: [{port: 0x50}]}\n", "", 1 },
	{ "nodePort of 0 means none", WEB "spec: {ports: [{port: 80, nodePort: 0}]}\n", "", 1 },
	{ "nodePort too high", WEB "spec: {ports: [{port: 80, nodePort: 65536}]}\n",
	  E("5:37", "spec.ports[0].nodePort: 65536 is not a port: expected 1 to 65535"), 0 },
	{ "targetPort too high", WEB "spec: {ports: [{port: 80, targetPort: 65536}]}\n",
	  E("5:39", "spec.ports[0].targetPort: 65536 is not a port: expected 1 to 65535 or the name "
	    "of a container's port"), 0 },
	{ "targetPort a number in quotes", WEB "spec: {ports: [{port: 80, targetPort: \"8080\"}]}\n",
	  E("5:39", "spec.ports[0].targetPort: \"8080\" is not a port: expected 1 to 65535 or the "
	    "name of a container's port"), 0 },
	{ "targetPort a name", WEB "spec: {ports: [{port: 80, targetPort: http}]}\n", "", 1 },
	{ "protocol in small letters", WEB "spec: {ports: [{port: 80, protocol: tcp}]}\n",
	  E("5:37", "spec.ports[0].protocol: \"tcp\" is not known here: expected TCP, UDP or SCTP; "
	    "did you mean TCP?"), 0 },
	{ "type misspelt", WEB "spec: {type: ClusterIp}\n",
	  E("5:14", "spec.type: \"ClusterIp\" is not known here: expected ClusterIP, NodePort, "
	    "LoadBalancer or ExternalName; did you mean ClusterIP?"), 0 },
	{ "type a number", WEB "spec: {type: 1}\n",
	  E("5:14", "spec.type: 1 is not text: expected ClusterIP, NodePort, LoadBalancer or "
	    "ExternalName"), 0 },
	{ "policies", WEB "spec: {externalTrafficPolicy: local, internalTrafficPolicy: Node}\n",
	  E("5:31", "spec.externalTrafficPolicy: \"local\" is not known here: expected Cluster or "
	    "Local; did you mean Local?")
	  E("5:61", "spec.internalTrafficPolicy: \"Node\" is not known here: expected Cluster or Local"),
	  0 },
	{ "affinity timeout", WEB
	  "spec: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}}\n",
	  E("5:59", "spec.sessionAffinityConfig.clientIP.timeoutSeconds: 86401 is not a time in "
	    "seconds: expected 1 to 86400"), 0 },
	{ "ipMode", WEB "status: {loadBalancer: {ingress: [{ip: 192.0.2.1, ipMode: vip}]}}\n",
	  E("5:59", "status.loadBalancer.ingress[0].ipMode: \"vip\" is not known here: expected VIP or "
	    "Proxy; did you mean VIP?"), 0 },
	{ "a family", WEB "spec: {ipFamilies: [IPv4, ipv6]}\n",
	  E("5:27", "spec.ipFamilies[1]: \"ipv6\" is not known here: expected IPv4 or IPv6; "
	    "did you mean IPv6?"), 0 },
	{ "addressType", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\n"
	  "addressType: IPv5\n",
	  E("4:14", "addressType: \"IPv5\" is not known here: expected IPv4, IPv6 or FQDN; "
	    "did you mean IPv4?"), 0 },
	{ "container port", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	  "spec: {containers: [{name: c, ports: [{containerPort: 0}]}]}\n",
	  E("4:55", "spec.containers[0].ports[0].containerPort: 0 is not a port: "
	    "expected 1 to 65535"), 0 },
	{ "a boolean of YAML 1.1", WEB "spec: {publishNotReadyAddresses: yes}\n",
	  E("5:34", "spec.publishNotReadyAddresses: \"yes\" is not a boolean: "
	    "expected true or false"), 0 },
	{ "a boolean", WEB "spec: {publishNotReadyAddresses: False}\n", "", 1 },
	{ "labels that are no strings", WEB
	  "spec:\n  selector:\n    a: 1\n    b: true\n    c: 1_000\n    d: .inf\n    e/f: 0x1f\n",
	  E("7:8", "spec.selector.a: 1 is a number: expected a string, write \"1\"")
	  E("8:8", "spec.selector.b: true is a boolean: expected a string, write \"true\"")
	  E("9:8", "spec.selector.c: 1_000 is a number: expected a string, write \"1_000\"")
	  E("10:8", "spec.selector.d: .inf is a number: expected a string, write \".inf\"")
	  E("11:10", "spec.selector[e/f]: 0x1f is a number: expected a string, write \"0x1f\""), 0 },
	{ "labels that are strings", WEB
	  "spec: {selector: {a: '1', b: \"true\", c: on, d: 1.2.3, e: v1, f: !!str 1, g: , 1: x}}\n",
	  "", 1 },
};

static const struct reads_case shapes[] = {
	{ "a selector that is a list", WEB "spec:\n  selector:\n  - app\n",
	  E("7:3", "spec.selector: a list is not a map: expected names and values, as in {app: web}"), 0 },
	{ "a selector that is text", WEB "spec: {selector: web}\n",
	  E("5:18", "spec.selector: \"web\" is not a map: expected names and values, as in "
	    "{app: web}"), 0 },
	{ "ports that are a map", WEB "spec:\n  ports:\n    port: 80\n",
	  E("7:5", "spec.ports: a map is not a list: expected one, each element after \"- \" or all "
	    "in [ ]"), 0 },
	{ "ports that are numbers", WEB "spec: {ports: [80, 81]}\n",
	  E("5:16", "spec.ports[0]: 80 is not a map: expected fields and their values")
	  E("5:20", "spec.ports[1]: 81 is not a map: expected fields and their values"), 0 },
	{ "an address where addresses are wanted", WEB "spec: {clusterIPs: 10.96.0.1}\n",
	  E("5:20", "spec.clusterIPs: \"10.96.0.1\" is not a list: expected one, each element after "
	    "\"- \" or all in [ ]"), 0 },
	{ "an address that is a map", WEB "spec: {externalIPs: [{ip: 192.0.2.1}, 192.0.2.2]}\n",
	  E("5:22", "spec.externalIPs[0]: a map is not text: expected a string"), 0 },
	{ "a spec that is a list", WEB "spec: []\n",
	  E("5:7", "spec: a list is not a map: expected fields and their values"), 0 },
	{ "null is nothing", WEB "spec: {ports: null, selector: ~, type: }\nstatus:\n", "", 1 },
	{ "a key twice", WEB "spec:\n  selector: {a: b, c: d, a: e}\n",
	  E("6:26", "spec.selector.a: is there twice: leave one"), 0 },
	{ "a field twice", WEB "spec: {}\nspec: {}\n",
	  E("6:1", "spec: is there twice: which of the two counts? Leave one"), 0 },
	{ "an unknown field, close to a known one", WEB "spec: {ports: [{port: 80, targetport: 81}]}\n",
	  W("5:27", "spec.ports[0].targetport: unknown field, not looked at: did you mean "
	    "targetPort?"), 1 },
	{ "an unknown field, with all that is in it", WEB "spec:\n  flavour: {ports: [[]], a: 5}\n",
	  W("6:3", "spec.flavour: unknown field, not looked at"), 1 },
	{ "several errors", WEB "spec: {type: 5, ports: [{port: 0}]}\nmetadat: {}\n",
	  E("5:14", "spec.type: 5 is not text: expected ClusterIP, NodePort, LoadBalancer or "
	    "ExternalName")
	  E("5:32", "spec.ports[0].port: 0 is not a port: expected 1 to 65535")
	  W("6:1", "metadat: unknown field, not looked at: did you mean metadata?"), 0 },
};

static const struct reads_case objects[] = {
	{ "nothing", "", "", 0 },
	{ "comments", "# nothing\n---\n---\n# here\n", "", 0 },
	{ "several documents", WEB "---\n" "{apiVersion: v1, kind: Pod, metadata: {name: p}}\n...\n---\n"
	  "kind: Node\napiVersion: v1\nmetadata:\n  name: n\n", "", 3 },
	{ "not an object", "- a\n---\nfoo\n",
	  E("1:1", "a list is not an object: expected a map with apiVersion, kind and metadata; "
	    "several objects are separate documents, or a v1 List")
	  E("3:1", "not an object: expected a map with apiVersion, kind and metadata"), 0 },
	{ "no kind", "apiVersion: v1\nmetadata: {name: a}\n",
	  E("1:1", "kind: missing: expected what this object is, for instance Service"), 0 },
	{ "no apiVersion", "kind: EndpointSlice\nmetadata: {name: a}\n",
	  E("1:1", "apiVersion: missing: expected \"discovery.k8s.io/v1\""), 0 },
	{ "no name", "apiVersion: v1\nkind: Service\nmetadata: {namespace: a}\n",
	  E("1:1", "metadata.name: missing: expected the Service's name"), 0 },
	{ "an apiVersion gone by", "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\n"
	  "metadata: {name: a}\n",
	  E("1:13", "apiVersion: \"discovery.k8s.io/v1beta1\" was removed in Kubernetes 1.25: expected "
	    "\"discovery.k8s.io/v1\" for kind EndpointSlice"), 0 },
	{ "an apiVersion of others", "apiVersion: apps/v1\nkind: Service\nmetadata: {name: a}\n",
	  E("1:13", "apiVersion: \"apps/v1\" has no kind Service: expected \"v1\""), 0 },
	{ "kinds that are not ours", "apiVersion: apps/v1\nkind: Deployment\nspec: {a: [b]}\n---\n" WEB
	  "---\napiVersion: apps/v1\nkind: Deployment\n---\napiVersion: serving.knative.dev/v1\n"
	  "kind: Service\nspec: {ports: eighty}\n---\napiVersion: v1\nkind: Servce\n",
	  W("1:1", "skipped 2 Deployment objects: not a kind that svcctl reads")
	  W("13:1", "skipped 1 Service (serving.knative.dev/v1) object: not a kind that svcctl reads")
	  W("17:1", "skipped 1 Servce object: did you mean Service?"), 1 },
	{ "a list as kubectl prints it", "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Service\n"
	  "  metadata: {name: a}\n  spec: {typ: ClusterIP}\nkind: List\nmetadata: {}\n",
	  W("6:10", "spec.typ: unknown field, not looked at: did you mean type?"), 1 },
};

static const struct reads_case broken[] = {
	{ "a bracket open", WEB "spec: {ports: [\n",
	  E("6:1", "broken YAML: did not find expected node content, while parsing a flow node that "
	    "began in line 6"), 0 },
	{ "a tab", WEB "spec:\n\ttype: a\n",
	  E("6:1", "broken YAML: a tab at the start of the line: indent with spaces"), 0 },
	{ "a quote open", WEB "spec: \"a\n",
	  E("6:1", "broken YAML: found unexpected end of stream, while scanning a quoted scalar that "
	    "began in line 5"), 0 },
	{ "indented wrongly", WEB " spec: {}\n",
	  E("5:2", "broken YAML: did not find expected key, while parsing a block mapping that began "
	    "in line 1"), 0 },
	{ "an alias", WEB "spec: &s {selector: *s}\n",
	  E("5:21", "an alias (*): anchors and aliases are not read, write the value out"), 0 },
	{ "a tag", WEB "spec: !secret {}\n",
	  E("5:7", "a tag (!) that Kubernetes has no use for: leave it out"), 0 },
	{ "a map as a key", WEB "? {a: b}\n: c\n",
	  E("5:3", "a map or list as a key: expected a name"), 0 },
	{ "not UTF-8", WEB "# gr\xfc\xdf" "e\n",
	  E("5:5", "byte 0xfc is not UTF-8: save the file as UTF-8 text"), 0 },
	{ "a control character", WEB "# \x01\n", E("5:3", "broken YAML: control characters are not allowed"),
	  0 },
	{ "a NUL escaped", WEB "spec: {externalName: \"a\\0b\"}\n",
	  E("5:22", "spec.externalName: holds a NUL character: expected text without it"), 0 },
};

static void bad_values(void **state)
{
	reads_check(input_yaml, "t.yaml", values, COUNT(values));
}

static void bad_shapes(void **state)
{
	reads_check(input_yaml, "t.yaml", shapes, COUNT(shapes));
}

static void whole_objects(void **state)
{
	reads_check(input_yaml, "t.yaml", objects, COUNT(objects));
}

static void broken_text(void **state)
{
	reads_check(input_yaml, "t.yaml", broken, COUNT(broken));
}

static void nul_byte(void **state)
{
	struct reads r = reads_text(input_yaml, "t.yaml", "kind: \0\n", 8);

	assert_false(r.ok);
	assert_string_equal(r.said, E("1:7", "a NUL byte: this is not a text file"));
	reads_free(&r);
}

/* All a user may write into a Pod is known. */
static void pod_manifest(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n  labels: {app: web}\n"
		"spec:\n  initContainers:\n  - name: side\n    image: a\n    restartPolicy: Always\n"
		"    ports: [{name: metrics, containerPort: 9090}]\n"
		"  containers:\n  - name: web\n    image: nginx:1\n    command: [a]\n    args: [b]\n"
		"    env: [{name: A, value: b}]\n    envFrom: []\n"
		"    resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 100m}}\n"
		"    readinessProbe: {httpGet: {path: /, port: 80}}\n    livenessProbe: {}\n"
		"    startupProbe: {}\n    lifecycle: {}\n    securityContext: {runAsUser: 1}\n"
		"    volumeMounts: [{name: v, mountPath: /v}]\n    tty: true\n    stdin: true\n"
		"    imagePullPolicy: Always\n    workingDir: /\n"
		"    ports:\n    - {name: http, containerPort: 80, hostPort: 0, hostIP: \"\"}\n"
		"  volumes: [{name: v, emptyDir: {}}]\n  nodeSelector: {a: b}\n  tolerations: []\n"
		"  affinity: {}\n  hostNetwork: true\n  dnsPolicy: ClusterFirst\n"
		"  restartPolicy: Always\n  serviceAccountName: a\n  imagePullSecrets: []\n"
		"  terminationGracePeriodSeconds: 30\n  topologySpreadConstraints: []\n"
		"status:\n  phase: Running\n  podIP: 10.244.1.5\n  podIPs: [{ip: 10.244.1.5}]\n"
		"  conditions: [{type: Ready, status: \"True\"}]\n  containerStatuses: []\n";
	struct reads r = reads_text(input_yaml, "t.yaml", text, sizeof(text) - 1);
	const struct pod *p = OBJ(pod, r.out.v[0]);

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, 1);
	assert_string_equal(p->containers[0].ports[0].name, "http");
	assert_int_equal(p->containers[0].ports[0].host_port, -1);
	assert_int_equal(p->init_containers[0].ports[0].port, 9090);
	assert_string_equal(p->init_containers[0].restart_policy, "Always");
	assert_int_equal(p->host_network, TRI_TRUE);
	assert_string_equal(p->pod_ips[0].ip, "10.244.1.5");
	assert_string_equal(p->conditions[0].status, "True");
	reads_free(&r);
}

/* Twenty errors are named, then no more. */
static void many_errors(void **state)
{
	struct arena *a = arena_new();
	char *text = arena_strdup(a, WEB "spec:\n  ports:\n"), *last;
	struct reads r;

	for (int i = 0; i < 1000; i++)
		text = arena_printf(a, "%s  - port: 0\n", text);
	r = reads_text(input_yaml, "t.yaml", text, strlen(text));
	assert_int_equal(r.errors, 21);
	last = strstr(r.said, "t.yaml: ");
	assert_non_null(last);
	assert_string_equal(last, "t.yaml: error: 20 errors: the rest is not looked at\n");
	reads_free(&r);
	arena_free(a);
}

static void deep(void **state)
{
	char text[200] = "";

	strcpy(text, "{apiVersion: v1, kind: Service, metadata: {managedFields: ");
	memset(text + strlen(text), '[', 100);
	struct reads r = reads_text(input_yaml, "t.yaml", text, strlen(text));

	assert_string_equal(r.said,
		E("1:121", "nested deeper than 64 levels: no Kubernetes object is"));
	reads_free(&r);
}

static void places(void **state)
{
	static const char text[] = "# comment\n---\n" WEB
		"spec:\n  ports:\n  - name: a\n    port: 80\n  - {name: b, port: 81}\n---\n\n" WEB;
	struct reads r = reads_text(input_yaml, "t.yaml", text, sizeof(text) - 1);
	const struct service *s = OBJ(service, r.out.v[0]);

	assert_int_equal(r.out.n, 2);
	assert_string_equal(s->meta.loc.file, "t.yaml");
	assert_int_equal(s->meta.loc.line, 3);
	assert_int_equal(s->meta.loc.col, 1);
	assert_int_equal(s->ports[0].loc.line, 9);
	assert_int_equal(s->ports[0].loc.col, 5);
	assert_int_equal(s->ports[1].loc.line, 11);
	assert_int_equal(s->ports[1].loc.col, 5);
	assert_int_equal(r.out.v[1]->loc.line, 14);
	reads_free(&r);
}

static void file_write(const char *dir, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

#define NAMED(name) "{apiVersion: v1, kind: Namespace, metadata: {name: " name "}}\n"

static void directories(void **state)
{
	char dir[] = "/tmp/svcctl-input-XXXXXX", sub[64], expect[300], cmd[64];
	struct reads r;

	assert_non_null(mkdtemp(dir));
	r = reads_path(dir, true);
	snprintf(expect, sizeof(expect),
		 "%s: error: no .json, .yaml or .yml file in this directory or below it\n", dir);
	assert_string_equal(r.said, expect);
	reads_free(&r);

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	file_write(dir, "b.yaml", NAMED("b"));
	file_write(dir, "a.yml", NAMED("a"));
	file_write(dir, "c.json", "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"c\"}}");
	file_write(dir, "notes.txt", "{{{");
	file_write(dir, ".hidden.yaml", "{{{");
	file_write(sub, "d.yaml", NAMED("d"));
	r = reads_path(dir, false);
	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, 3);
	assert_string_equal(r.out.v[0]->name, "a");
	assert_string_equal(r.out.v[1]->name, "b");
	assert_string_equal(r.out.v[2]->name, "c");
	reads_free(&r);
	r = reads_path(dir, true);
	assert_int_equal(r.out.n, 4);
	reads_free(&r);

	snprintf(sub, sizeof(sub), "%s/none.yaml", dir);
	r = reads_path(sub, true);
	assert_false(r.ok);
	snprintf(expect, sizeof(expect), "%s: error: cannot be read: No such file or directory\n", sub);
	assert_string_equal(r.said, expect);
	reads_free(&r);

	/* Without a telling name the first character decides. */
	file_write(dir, "x", " \n{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"\\u0078\"}}");
	snprintf(sub, sizeof(sub), "%s/x", dir);
	r = reads_path(sub, false);
	assert_string_equal(r.said, "");
	assert_string_equal(r.out.v[0]->name, "x");
	reads_free(&r);
	snprintf(cmd, sizeof(cmd), "rm -r %s", dir);
	assert_int_equal(system(cmd), 0);
}

static void standard_input(void **state)
{
	int fds[2], was = dup(0);
	struct reads r;

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], WEB "spec: 5\n", sizeof(WEB "spec: 5\n") - 1),
			 sizeof(WEB "spec: 5\n") - 1);
	close(fds[1]);
	dup2(fds[0], 0);
	r = reads_path("-", false);
	dup2(was, 0);
	close(was);
	close(fds[0]);
	assert_string_equal(r.said, "standard input:5:7: error: spec: 5 is not a map: "
			    "expected fields and their values\n");
	reads_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_values),
		cmocka_unit_test(bad_shapes),
		cmocka_unit_test(whole_objects),
		cmocka_unit_test(broken_text),
		cmocka_unit_test(nul_byte),
		cmocka_unit_test(pod_manifest),
		cmocka_unit_test(many_errors),
		cmocka_unit_test(deep),
		cmocka_unit_test(places),
		cmocka_unit_test(directories),
		cmocka_unit_test(standard_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
