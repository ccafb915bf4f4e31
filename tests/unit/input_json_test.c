// SPDX-License-Identifier: GPL-2.0
/* JSON: keys in every order an API server, kubectl or jq may write them, and what is refused. */
#include "reads.h"

#define E(place, text) "t.json:" place ": error: " text "\n"
#define W(place, text) "t.json:" place ": warning: " text "\n"
#define ODD(place, kind) W(place, "skipped " kind ": not a kind that svcctl reads")

#define META(n) "\"metadata\":{\"name\":\"" n "\"}"
#define V1 "\"apiVersion\":\"v1\""
#define DISCOVERY "\"apiVersion\":\"discovery.k8s.io/v1\""
#define KIND(k) "\"kind\":\"" k "\""

static const struct reads_case lists[] = {
	{ "as kubectl sorts them",
	  "{" V1 ",\"items\":[{" V1 "," KIND("Service") "," META("a") "},"
	  "{\"addressType\":\"IPv4\"," DISCOVERY ",\"endpoints\":[]," KIND("EndpointSlice") ","
	  META("b") ",\"ports\":[]}]," KIND("List") ",\"metadata\":{\"resourceVersion\":\"\"}}", "", 2 },
	{ "as an API server gives them",
	  "{" KIND("ServiceList") "," V1 ",\"metadata\":{\"resourceVersion\":\"442\",\"continue\":\"x\","
	  "\"remainingItemCount\":22},\"items\":[{" META("a") "},{" META("b") "}]}", "", 2 },
	{ "typed, all sorted: the kind comes last",
	  "{" V1 ",\"items\":[{" META("a") ",\"spec\":{\"type\":\"NodePort\"}},{" META("b") "}],"
	  KIND("ServiceList") ",\"metadata\":{}}", "", 2 },
	{ "typed, slices, the kind last",
	  "{" DISCOVERY ",\"items\":[{" META("a") ",\"addressType\":\"IPv4\"}],"
	  KIND("EndpointSliceList") "}", "", 1 },
	{ "items before all",
	  "{\"items\":[{" META("a") "},{" META("b") "}]," KIND("NodeList") "," V1 "}", "", 2 },
	{ "items with a kind of their own in a typed list",
	  "{" V1 "," KIND("PodList") ",\"items\":[{" KIND("Pod") "," V1 "," META("a") "}]}", "", 1 },
	{ "an item of another kind in a typed list",
	  "{" V1 "," KIND("PodList") ",\"items\":[{" KIND("Node") "," V1 "," META("a") "}]}",
	  E("1:54", "kind: \"Node\" does not fit: expected Pod here"), 0 },
	{ "no items", "{" V1 "," KIND("List") ",\"items\":[]}{" V1 "," KIND("List") ",\"items\":null}",
	  "", 0 },
	{ "a list in a list",
	  "{\"items\":[{\"items\":[{" KIND("Node") "," META("n") "," V1 "}]," KIND("List") "," V1 "},"
	  "{\"items\":[{" META("p") "}]," KIND("PodList") "," V1 "}]," KIND("List") "," V1 "}", "", 2 },
	{ "an item without kind, known at the end",
	  "{" V1 ",\"items\":[{" V1 "," META("a") "}]," KIND("List") "}",
	  E("1:29", "kind: missing: expected what this object is, for instance Service"), 0 },
	{ "an item without apiVersion",
	  "{" V1 "," KIND("List") ",\"items\":[{" KIND("Pod") "," META("a") "}]}",
	  E("1:43", "apiVersion: missing: expected \"v1\""), 0 },
	{ "messages of items wait for the List's kind and are said",
	  "{" V1 ",\"items\":[{" V1 "," KIND("Service") "," META("a") ",\"spec\":{\"typ\":1}}],"
	  KIND("List") "}",
	  W("1:97", "spec.typ: unknown field, not looked at: did you mean type?"), 1 },
	{ "it is no List: what looked like objects is none",
	  "{" V1 ",\"items\":[{" V1 "," KIND("Service") "," META("a") ",\"spec\":5},"
	  "{" V1 "," KIND("Node") "," META("n") "}]," KIND("Odd") "}" "{" V1 "," KIND("Pod") "," META("a") "}",
	  ODD("1:1", "1 Odd object"), 1 },
	{ "a list of other kinds, either way",
	  "{\"apiVersion\":\"apps/v1\"," KIND("DeploymentList") ",\"items\":[{" META("a") "},{}]}"
	  "{\"apiVersion\":\"apps/v1\",\"items\":[{" META("a") "}]," KIND("DeploymentList") "}",
	  ODD("1:58", "3 Deployment objects"), 0 },
	{ "a kind that is only called like a list",
	  "{\"apiVersion\":\"x.example.com/v1\"," KIND("AllowList") ",\"spec\":{}}",
	  ODD("1:1", "1 AllowList object"), 0 },
	{ "a List of the wrong group", "{\"apiVersion\":\"apps/v1\"," KIND("List") ",\"items\":[]}",
	  E("1:15", "apiVersion: \"apps/v1\" has no kind List: expected \"v1\""), 0 },
	{ "items that are none", "{" V1 ",\"items\":[5,[],null]," KIND("List") "}",
	  E("1:29", "items[0]: not an object: expected a map with apiVersion, kind and metadata")
	  E("1:31", "items[1]: a list is not an object: expected a map with apiVersion, kind and "
	    "metadata; several objects are separate documents, or a v1 List")
	  E("1:34", "items[2]: not an object: expected a map with apiVersion, kind and metadata"), 0 },
};

static const struct reads_case orders[] = {
	{ "kind last",
	  "{" META("a") ",\"spec\":{\"ports\":[{\"port\":80}],\"selector\":{\"a\":\"b\"}},"
	  V1 "," KIND("Service") "}", "", 1 },
	{ "errors have their place all the same",
	  "{" META("a") ",\n\"spec\":{\"ports\":[{\"port\":0}]},\n" V1 "," KIND("Service") "}",
	  E("2:26", "spec.ports[0].port: 0 is not a port: expected 1 to 65535"), 0 },
	{ "and again when the log is replayed behind what came later",
	  "{\"items\":[\n{" META("a") ",\n\"spec\":{\"typ\":1}},\n{" V1 "," KIND("Service") "," META("b")
	  ",\"spec\":{\"prots\":1}}],\n" KIND("ServiceList") "," V1 ",\n\"x\":1}",
	  W("4:69", "spec.prots: unknown field, not looked at: did you mean ports?")
	  W("3:9", "spec.typ: unknown field, not looked at: did you mean type?")
	  W("6:1", "x: unknown field, not looked at"), 2 },
	{ "a field twice, around the kind",
	  "{\"spec\":{}," V1 "," KIND("Service") "," META("a") ",\n\"spec\":{}}",
	  E("2:1", "spec: is there twice: which of the two counts? Leave one"), 0 },
	{ "kind twice", "{" V1 "," KIND("Service") "," KIND("Pod") "," META("a") "}",
	  E("1:37", "kind: is there twice: which of the two counts? Leave one"), 0 },
	{ "a kind that is a number", "{\"kind\":5," V1 "," META("a") "}",
	  E("1:1", "kind: missing: expected what this object is, for instance Service"), 0 },
	{ "the group tells a slice, the kind says otherwise",
	  "{" DISCOVERY ",\"endpoints\":[]," KIND("Pod") "," META("a") "}",
	  E("1:59", "kind: \"Pod\" does not fit: expected EndpointSlice here"), 0 },
};

static const struct reads_case broken[] = {
	{ "nothing", "", "", 0 },
	{ "blank", " \n\t", "", 0 },
	{ "two values", "{" V1 "," KIND("Node") "," META("a") "}\n{" V1 "," KIND("Node") "," META("b") "}",
	  "", 2 },
	{ "cut off", "{" V1 ",\n" KIND("Node"),
	  E("2:14", "broken JSON: the text ends in the middle of an object: is it cut off?"), 0 },
	{ "cut off in a string", "{" V1 ",\n\"kind\":\"No",
	  E("2:11", "broken JSON: the text ends in the middle of an object: is it cut off?"), 0 },
	{ "a comma too many", "{" V1 ",}",
	  E("1:20", "broken JSON: invalid object key (must be a string)"), 0 },
	{ "something behind", "{" V1 "," KIND("Node") "," META("a") "}\nx",
	  E("2:1", "broken JSON: invalid char in json text"), 1 },
	{ "a comment", "{ # here\n}", E("1:3", "broken JSON: invalid char in json text"), 0 },
	{ "no colon", "{" V1 ", \"kind\" 5}",
	  E("1:28", "broken JSON: object key and value must be separated by a colon (':')"), 0 },
	{ "no comma in a list", "{" V1 ",\"items\":[{} {}]}",
	  E("1:32", "broken JSON: after array element, I expect ',' or ']'"), 0 },
	{ "a value where none can be", "{" V1 ",\"items\":,}",
	  E("1:28", "broken JSON: unallowed token at this point in JSON text"), 0 },
	{ "a bracket closed that is not open", "{" V1 "]",
	  E("1:19", "broken JSON: after key and value, inside map, I expect ',' or '}'"), 0 },
	{ "a string", "\"a\"",
	  E("1:1", "not an object: expected a map with apiVersion, kind and metadata"), 0 },
	{ "not UTF-8", "{\"kind\":\"\xc3\x28\"}",
	  E("1:10", "byte 0xc3 is not UTF-8: save the file as UTF-8 text"), 0 },
	{ "too long a form of a character", "\"\xc0\xaf\"",
	  E("1:2", "byte 0xc0 is not UTF-8: save the file as UTF-8 text"), 0 },
	{ "half a surrogate pair", "{" V1 "," KIND("Node") ",\"metadata\":{\"name\":\"a\","
	  "\"labels\":{\"a\":\"\\udc00\"}}}",
	  E("1:71", "half a character: a \\uD800 to \\uDFFF escape needs its other half"), 0 },
	{ "NUL in a name", "{" V1 "," KIND("Node") ",\"metadata\":{\"name\":\"a\\u0000b\"}}",
	  E("1:53", "metadata.name: holds a NUL character: expected text without it"), 0 },
	{ "NUL behind a known word", "{" V1 "," KIND("Service") "," META("a")
	  ",\"spec\":{\"type\":\"NodePort\\u0000and more than the word\"}}",
	  E("1:76", "spec.type: \"NodePort?and more than the word\" is not known here: expected "
	    "ClusterIP, NodePort, LoadBalancer or ExternalName"), 0 },
	{ "NUL where nobody looks", "{" V1 "," KIND("Node") ",\"metadata\":{\"name\":\"a\","
	  "\"finalizers\":[\"\\u0000\"]}}", "", 1 },
	{ "the character above all", "{" V1 "," KIND("Node") ",\"metadata\":{\"name\":\"a\","
	  "\"labels\":{\"a\":\"\\ud834\\udd1e\"}}}", "", 1 },
	{ "a byte order mark", "\xef\xbb\xbf{" V1 "," KIND("Node") "," META("a") "}", "", 1 },
};

static void list_orders(void **state)
{
	reads_check(input_json, "t.json", lists, COUNT(lists));
}

static void key_orders(void **state)
{
	reads_check(input_json, "t.json", orders, COUNT(orders));
}

static void broken_text(void **state)
{
	reads_check(input_json, "t.json", broken, COUNT(broken));
}

static void fixture(void **state)
{
	static const unsigned int want[KIND_MAX] = {
		[KIND_NODE] = 3, [KIND_POD] = 19, [KIND_SERVICE] = 34, [KIND_SLICE] = 36,
	};
	struct reads r = reads_path(FIXTURE, false);
	unsigned int n[KIND_MAX] = { 0 };

	assert_true(r.ok);
	assert_string_equal(r.said, "");
	for (size_t i = 0; i < r.out.n; i++)
		n[r.out.v[i]->kind]++;
	assert_memory_equal(n, want, sizeof(n));
	reads_free(&r);
}

/* Every field of a slice, in the order of an API server and with what it adds. */
static void slice(void **state)
{
	static const char text[] =
		"{" KIND("EndpointSliceList") "," DISCOVERY ",\"metadata\":{\"resourceVersion\":\"1\"},"
		"\"items\":[{\"metadata\":{\"name\":\"web-1\",\"generateName\":\"web-\",\"namespace\":\"shop\","
		"\"uid\":\"u\",\"resourceVersion\":\"7\",\"generation\":3,\"creationTimestamp\":\"2026-11-23T22:34:22Z\","
		"\"deletionTimestamp\":\"2026-11-23T22:34:23Z\",\"labels\":{\"kubernetes.io/service-name\":\"web\"},"
		"\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"Service\"}],\"managedFields\":[{\"fieldsV1\":"
		"{\"f:ports\":{\"k:{\\\"port\\\":80}\":{}}}}]},\"addressType\":\"IPv6\",\"endpoints\":["
		"{\"addresses\":[\"fd00::1\",\"fd00::2\"],\"conditions\":{\"ready\":false,\"serving\":true,"
		"\"terminating\":null},\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"shop\",\"name\":\"web-a\","
		"\"uid\":\"v\"},\"nodeName\":\"node-a\",\"zone\":\"z\",\"hints\":{\"forZones\":[{\"name\":\"z\"},"
		"{\"name\":\"y\"}],\"forNodes\":[{\"name\":\"node-a\"}]}},null],"
		"\"ports\":[{\"name\":\"\",\"protocol\":\"TCP\",\"port\":null}]}]}";
	struct reads r = reads_text(input_json, "t.json", text, sizeof(text) - 1);
	const struct slice *s = OBJ(slice, r.out.v[0]);
	const struct slice_endpoint *e = s->endpoints;

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, 1);
	assert_string_equal(s->meta.api_version, "discovery.k8s.io/v1");
	assert_string_equal(s->meta.ns, "shop");
	assert_string_equal(s->meta.deleted, "2026-11-23T22:34:23Z");
	assert_string_equal(map_get(&s->meta.labels, "kubernetes.io/service-name"), "web");
	assert_string_equal(s->address_type, "IPv6");
	assert_int_equal(s->n_endpoints, 2);
	assert_int_equal(e->addresses.n, 2);
	assert_string_equal(e->addresses.v[1], "fd00::2");
	assert_int_equal(e->ready, TRI_FALSE);
	assert_int_equal(e->serving, TRI_TRUE);
	assert_int_equal(e->terminating, TRI_UNSET);
	assert_string_equal(e->target.name, "web-a");
	assert_int_equal(e->hint_zones.n, 2);
	assert_string_equal(e->hint_zones.v[1], "y");
	assert_string_equal(e->hint_nodes.v[0], "node-a");
	assert_int_equal(e[1].addresses.n, 0);
	assert_null(e[1].node_name);
	assert_string_equal(s->ports[0].name, "");
	assert_int_equal(s->ports[0].port, -1);
	reads_free(&r);
}

/* However the keys are shuffled, the objects are the same. */
static void any_order(void **state)
{
	static const char *const parts[] = {
		KIND("EndpointSlice"), DISCOVERY, META("a"), "\"addressType\":\"IPv4\"",
		"\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]}]", "\"ports\":[{\"port\":80}]",
	};
	static const char *const outer[] = { V1, KIND("List"), "\"metadata\":{}" };
	static const char want[] = "{\"addressType\":\"IPv4\"," DISCOVERY ",\"endpoints\":[{\"addresses\":"
		"[\"10.0.0.1\"]}]," KIND("EndpointSlice") ",\"metadata\":{\"name\":\"a\"},"
		"\"ports\":[{\"port\":80}]}\n";
	unsigned int at[6];

	for (unsigned int code = 0; code < 720 * 4; code++) {
		char text[1024] = "{";
		unsigned int c = code / 4, left = 0x3f;
		struct reads r;

		for (unsigned int i = 0; i < 3; i++)
			if (i < code % 4)
				strcat(strcat(text, outer[i]), ",");
		strcat(text, "\"items\":[{");
		for (unsigned int i = 0; i < 6; i++) {
			unsigned int skip = c % (6 - i);

			c /= 6 - i;
			for (at[i] = 0; !(left & 1u << at[i]) || skip--; at[i]++)
				;
			left &= ~(1u << at[i]);
			strcat(strcat(text, i ? "," : ""), parts[at[i]]);
		}
		strcat(text, "}]");
		for (unsigned int i = code % 4; i < 3; i++)
			strcat(strcat(text, ","), outer[i]);
		strcat(text, "}");
		r = reads_text(input_json, "t.json", text, strlen(text));
		if (*r.said || strcmp(reads_canonical(r.a, &r.out), want))
			fail_msg("%s\n%s", text, r.said);
		reads_free(&r);
	}
}

static void places(void **state)
{
	static const char text[] =
		"{" V1 "," KIND("List") ",\"items\":[\n"
		"  {" META("\xc3\xbc") ",\"spec\":{\"ports\":[{\"port\":1},\n {\"port\":2}]}," V1 "," KIND("Service") "},\n"
		"  {" V1 "," KIND("Service") "," META("b") ",\"spec\":{\"ports\":[{\"port\":1}]}}]}";
	struct reads r = reads_text(input_json, "t.json", text, sizeof(text) - 1);
	const struct service *s = OBJ(service, r.out.v[0]);

	assert_string_equal(r.said, "");
	assert_string_equal(s->meta.loc.file, "t.json");
	assert_int_equal(s->meta.loc.line, 2);
	assert_int_equal(s->meta.loc.col, 3);
	assert_int_equal(s->ports[0].loc.line, 2);
	assert_int_equal(s->ports[0].loc.col, 46);
	assert_int_equal(s->ports[1].loc.line, 3);
	assert_int_equal(s->ports[1].loc.col, 2);
	s = OBJ(service, r.out.v[1]);
	assert_int_equal(s->meta.loc.line, 4);
	assert_int_equal(s->ports[0].loc.line, 4);
	reads_free(&r);
}

/* What is logged while the log is replayed: longer than the log had room for. */
static void logged_again(void **state)
{
	for (int n = 1; n < 200; n++) {
		char *text;
		size_t len;
		FILE *f = open_memstream(&text, &len);
		struct reads r;

		fprintf(f, "{" V1 ",\"items\":[{\"items\":[");
		for (int i = 0; i < n; i++)
			fprintf(f, "{\"metadata\":{\"name\":\"%0*d\"}},", i % 50 + 1, i);
		fprintf(f, "{}]}]," KIND("List") "}");
		fclose(f);
		r = reads_text(input_json, "t.json", text, len);
		assert_string_equal(r.said, E("1:29", "kind: missing: expected what this object is, "
					      "for instance Service"));
		reads_free(&r);
		free(text);
	}
}

static void bodies(void **state)
{
	static const char *const bad[] = {
		"", "null", "{}", "[]", "{" V1 "," KIND("Node") "}", "{" V1 "," KIND("Odd") "}", "\xff",
		"{" V1 "," KIND("Node") "," META("a") "}{" V1 "," KIND("Node") "," META("b") "}",
		"{" V1 "," KIND("Service") "," META("a") ",\"spec\":{\"type\":\"x\"}}",
		"{" V1 "," KIND("Node") "," META("a"),
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_null(input_body(a, bad[i], strlen(bad[i])));
	arena_free(a);
}

/* A map of many keys is checked for doubles in reasonable time, and so is a long odd list. */
static void many(void **state)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct reads r;

	fprintf(f, "{" V1 ",\"items\":[{" V1 "," KIND("Node") ",\"metadata\":{\"name\":\"a\",\"labels\":{");
	for (int i = 0; i < 100000; i++)
		fprintf(f, "\"k%d\":\"v\",", i);
	fprintf(f, "\"k5\":\"v\"}}}");
	for (int i = 0; i < 100000; i++)
		fprintf(f, ",{" V1 ",\"kind\":\"K%d\"}", i);
	for (int i = 0; i < 100000; i++)
		fprintf(f, ",{" META("n%d") "}", i);
	fprintf(f, "]," KIND("NodeList") "}");
	fclose(f);
	r = reads_text(input_json, "t.json", text, len);
	assert_int_equal(r.errors, 1);
	assert_non_null(strstr(r.said, "metadata.labels.k5: is there twice: leave one\n"));
	assert_int_equal(r.out.n, 100000);
	reads_free(&r);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(list_orders),
		cmocka_unit_test(key_orders),
		cmocka_unit_test(broken_text),
		cmocka_unit_test(fixture),
		cmocka_unit_test(slice),
		cmocka_unit_test(any_order),
		cmocka_unit_test(places),
		cmocka_unit_test(logged_again),
		cmocka_unit_test(bodies),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
