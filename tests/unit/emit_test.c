// SPDX-License-Identifier: GPL-2.0
/* What is written reads back as the same object: by case, the fixture, and at random. */
#include "reads.h"

static char *yaml_of(struct object *const *v, size_t n)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	emit_yaml(f, v, n);
	fclose(f);
	return text;
}

static char *pretty_of(struct object *const *v, size_t n)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	emit_json_pretty(f, v, n);
	fclose(f);
	return text;
}

/* Through every form and back. */
static void check_round(const struct objects *v)
{
	struct arena *a = arena_new();
	char *want = reads_canonical(a, v);
	char *yaml = yaml_of(v->v, v->n), *pretty = pretty_of(v->v, v->n);
	struct reads y = reads_text(input_yaml, "y", yaml, strlen(yaml));
	struct reads p = reads_text(input_json, "p", pretty, strlen(pretty));

	assert_string_equal(y.said, "");
	assert_string_equal(reads_canonical(a, &y.out), want);
	assert_string_equal(p.said, "");
	assert_string_equal(reads_canonical(a, &p.out), want);
	for (size_t i = 0; i < v->n; i++) {
		size_t len, again;
		const char *text = emit_json(a, v->v[i], &len);
		struct object *o = input_body(a, text, len);

		assert_non_null(o);
		assert_int_equal(strlen(text), len);
		assert_string_equal(emit_json(a, o, &again), text);
	}
	reads_free(&y);
	reads_free(&p);
	free(yaml);
	free(pretty);
	arena_free(a);
}

static void fixture(void **state)
{
	struct reads r = reads_path(FIXTURE, false);

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, 92);
	check_round(&r.out);
	reads_free(&r);
}

#define SERVICE \
	"apiVersion: v1\n" \
	"kind: Service\n" \
	"metadata:\n" \
	"  annotations:\n" \
	"    empty: \"\"\n" \
	"    flag: \"true\"\n" \
	"    lines: |\n" \
	"      one\n" \
	"      two\n" \
	"    number: \"8080\"\n" \
	"    odd: \"\\a\\ttab\"\n" \
	"    old: \"yes\"\n" \
	"    separator: \"a\\Lb\\Pc\"\n" \
	"    star: '*x'\n" \
	"    umlaut: grüße\n" \
	"    when: \"2024-01-31\"\n" \
	"  labels:\n" \
	"    app: web\n" \
	"  name: web\n" \
	"  namespace: default\n" \
	"spec:\n" \
	"  clusterIP: None\n" \
	"  ports:\n" \
	"  - name: http\n" \
	"    port: 80\n" \
	"    protocol: TCP\n" \
	"    targetPort: web\n" \
	"  - name: dns\n" \
	"    port: 53\n" \
	"    protocol: UDP\n" \
	"    targetPort: 5353\n" \
	"  publishNotReadyAddresses: false\n" \
	"  selector:\n" \
	"    app: web\n"

/* One object as it is, as kubectl prints it, to the letter. */
static void yaml_text(void **state)
{
	struct reads r = reads_text(input_yaml, "f", SERVICE, strlen(SERVICE));
	char *yaml = yaml_of(r.out.v, r.out.n);

	assert_string_equal(r.said, "");
	assert_string_equal(yaml, SERVICE);
	check_round(&r.out);
	free(yaml);
	reads_free(&r);
}

/* A port of 0 is not the same as none. */
static void zero_port(void **state)
{
	static const char text[] = "{\"addressType\":\"IPv4\",\"apiVersion\":\"discovery.k8s.io/v1\","
		"\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},"
		"\"ports\":[{\"port\":0},{}]}";
	struct reads r = reads_text(input_json, "f", text, strlen(text));
	size_t len;

	assert_int_equal(r.out.n, 1);
	assert_string_equal(emit_json(r.a, r.out.v[0], &len), text);
	reads_free(&r);
}

static void canonical_text(void **state)
{
	static const char text[] =
		"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"a\",\"generation\":3},"
		"\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":0,\"targetPort\":\"\"}],\"type\":\"\","
		"\"clusterIP\":\"\",\"externalIPs\":null,\"selector\":{\"a\":\"\\\"\\\\\\u0001\\n\"}},"
		"\"status\":{\"loadBalancer\":{}}}";
	struct reads r = reads_text(input_json, "f", text, strlen(text));

	assert_string_equal(r.said, "");
	assert_string_equal(reads_canonical(r.a, &r.out),
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},"
		"\"spec\":{\"clusterIP\":\"\",\"ports\":[{\"port\":80}],"
		"\"selector\":{\"a\":\"\\\"\\\\\\u0001\\n\"}}}\n");
	reads_free(&r);
}

static void pretty_text(void **state)
{
	static const char text[] = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n"
		"{apiVersion: v1, kind: Node, metadata: {name: b}, spec: {podCIDRs: [10.0.0.0/24]}}\n";
	struct reads r = reads_text(input_yaml, "f", text, strlen(text));
	char *pretty = pretty_of(r.out.v, r.out.n);

	assert_string_equal(pretty,
		"{\n"
		"    \"apiVersion\": \"v1\",\n"
		"    \"items\": [\n"
		"        {\n"
		"            \"apiVersion\": \"v1\",\n"
		"            \"kind\": \"Namespace\",\n"
		"            \"metadata\": {\n"
		"                \"name\": \"a\"\n"
		"            }\n"
		"        },\n"
		"        {\n"
		"            \"apiVersion\": \"v1\",\n"
		"            \"kind\": \"Node\",\n"
		"            \"metadata\": {\n"
		"                \"name\": \"b\"\n"
		"            },\n"
		"            \"spec\": {\n"
		"                \"podCIDRs\": [\n"
		"                    \"10.0.0.0/24\"\n"
		"                ]\n"
		"            }\n"
		"        }\n"
		"    ],\n"
		"    \"kind\": \"List\",\n"
		"    \"metadata\": {\n"
		"        \"resourceVersion\": \"\"\n"
		"    }\n"
		"}\n");
	free(pretty);
	reads_free(&r);
}

static void nothing(void **state)
{
	char *yaml = yaml_of(NULL, 0);
	struct reads r = reads_text(input_yaml, "f", yaml, strlen(yaml));

	assert_string_equal(yaml, "apiVersion: v1\nitems: []\nkind: List\nmetadata:\n"
			    "  resourceVersion: \"\"\n");
	assert_true(r.ok);
	assert_int_equal(r.out.n, 0);
	free(yaml);
	reads_free(&r);
}

static uint32_t seed;

static uint32_t roll(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* Text of the pieces that are hard to write down right. */
static const char *text(struct arena *a)
{
	static const char *const pieces[] = {
		"a", "b c", " ", "  ", "\n", "\n\n", "\t", "\r", "\"", "'", "\\", ":", ": ", " #", "#",
		"-", "- ", "---", "...", "?", "? ", "*", "&", "!", "|", ">", "%", "@", "`", "{", "}",
		"[", "]", ",", "~", "null", "true", "no", "0", "1.5", "0x1f", "1_0", ".inf", "1:20",
		"2024-01-31", "<<", "=", "\x01", "\x1b", "\x7f", "ü", "€", "𝄞", "\xc2\x85",
		"\xe2\x80\xa8", "\xef\xbb\xbf", "\xc2\xa0", "e5", "+", ".",
	};
	char *s = arena_strdup(a, "");

	for (uint32_t n = roll(5); n; n--)
		s = arena_printf(a, "%s%s", s, pieces[roll(COUNT(pieces))]);
	return s;
}

static const char *maybe(struct arena *a)
{
	return roll(3) ? text(a) : NULL;
}

/* Absent half the time. */
static int64_t number(uint32_t from, uint32_t to)
{
	return roll(2) ? (int64_t)(from + roll(to - from + 1)) : -1;
}

static void map_fill(struct arena *a, struct map *m)
{
	for (uint32_t i = 0, n = roll(20); i < n; i++) {
		struct pair *p = arena_push(a, &m->v, &m->n, sizeof(*p));

		p->key = arena_printf(a, "%s%u", text(a), i);
		p->value = text(a);
	}
}

static void strings_fill(struct arena *a, struct strings *v)
{
	for (uint32_t n = roll(4); n; n--)
		*(const char **)arena_push(a, &v->v, &v->n, sizeof(*v->v)) = text(a);
}

static void meta_fill(struct arena *a, struct object *o, enum kind k)
{
	o->kind = k;
	o->api_version = k == KIND_SLICE ? "discovery.k8s.io/v1" : "v1";
	o->ns = arena_printf(a, "%sx", text(a));
	o->name = arena_printf(a, "%sx", text(a));
	o->uid = maybe(a);
	map_fill(a, &o->labels);
	map_fill(a, &o->annotations);
}

static struct object *some_service(struct arena *a)
{
	struct service *s = arena_alloc(a, sizeof(*s));

	meta_fill(a, &s->meta, KIND_SERVICE);
	s->type = roll(2) ? "NodePort" : NULL;
	s->cluster_ip = maybe(a);
	strings_fill(a, &s->cluster_ips);
	map_fill(a, &s->selector);
	s->external_name = maybe(a);
	s->affinity_timeout = number(1, 86400);
	s->health_check_node_port = number(1, 65535);
	s->allocate_node_ports = roll(3);
	s->publish_not_ready = roll(3);
	for (uint32_t n = roll(4); n; n--) {
		struct service_port *p = arena_push(a, &s->ports, &s->n_ports, sizeof(*p));

		p->name = maybe(a);
		p->protocol = roll(2) ? "SCTP" : NULL;
		p->port = number(1, 65535);
		p->node_port = number(1, 65535);
		p->target_port.num = number(1, 65535);
		if (p->target_port.num < 0 && roll(2))
			p->target_port.str = arena_printf(a, "a%s", text(a));
	}
	return &s->meta;
}

static struct object *some_slice(struct arena *a)
{
	struct slice *s = arena_alloc(a, sizeof(*s));

	meta_fill(a, &s->meta, KIND_SLICE);
	s->address_type = roll(2) ? "IPv6" : NULL;
	for (uint32_t n = roll(5); n; n--) {
		struct slice_endpoint *e = arena_push(a, &s->endpoints, &s->n_endpoints, sizeof(*e));

		strings_fill(a, &e->addresses);
		strings_fill(a, &e->hint_zones);
		strings_fill(a, &e->hint_nodes);
		e->ready = roll(3);
		e->serving = roll(3);
		e->terminating = roll(3);
		e->zone = maybe(a);
		e->target.name = maybe(a);
	}
	for (uint32_t n = roll(3); n; n--) {
		struct ep_port *p = arena_push(a, &s->ports, &s->n_ports, sizeof(*p));

		p->port = number(0, 65535);
		p->name = maybe(a);
	}
	return &s->meta;
}

static void random_objects(void **state)
{
	for (seed = 1; seed <= 300 * 7919; seed += 7919) {
		uint32_t this = seed;
		struct arena *a = arena_new();
		struct objects v = { 0 };

		for (uint32_t n = 1 + roll(3); n; n--)
			*(struct object **)arena_push(a, &v.v, &v.n, sizeof(*v.v)) =
				roll(2) ? some_service(a) : some_slice(a);
		check_round(&v);
		arena_free(a);
		seed = this;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixture),
		cmocka_unit_test(yaml_text),
		cmocka_unit_test(zero_port),
		cmocka_unit_test(canonical_text),
		cmocka_unit_test(pretty_text),
		cmocka_unit_test(nothing),
		cmocka_unit_test(random_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
