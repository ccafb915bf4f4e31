// SPDX-License-Identifier: GPL-2.0
/* Counters as a table of a screen's width, a wide one, and a document. */
#include "lab.h"
#include <netinet/in.h>
#include "backend_state.h"
#include "stats.h"

static struct dp_backend backend(const char *ip, uint16_t port, uint64_t connections)
{
	struct dp_backend b = {
		.port = port, .flags = SVCNAT_BACKEND_F_CLUSTER, .weight = 1,
		.connections = connections, .active = (uint32_t)(connections / 10),
		.packets_in = connections * 8, .bytes_in = connections * 1000,
		.packets_out = connections * 9, .bytes_out = connections * connections * 700,
	};

	assert_true(ip_parse(ip, &b.ip));
	return b;
}

static void sum(struct dp_service *s, const struct dp_backend *b)
{
	s->connections += b->connections;
	s->active += b->active;
	s->packets_in += b->packets_in;
	s->bytes_in += b->bytes_in;
	s->packets_out += b->packets_out;
	s->bytes_out += b->bytes_out;
}

/* One of each state, and a Service nothing serves. */
static struct dp_backend web[4], gone[1], dns[1];
static struct dp_service services[3];

static const struct dp *counted(void)
{
	static struct dp dp = {
		.services = services, .n_services = 3,
		.info = { .connections = 123456, .refused = 7, .dropped = 1, .unused_port = 4,
			  .unallocated = 2, .overloaded = 12, .repicks = 5, .ejections = 1,
			  .resets = 3, .pins = 17, .shortcuts = 987654, .cached = 40 },
	};

	web[0] = backend("10.244.1.11", 8080, 1203);
	web[1] = backend("10.244.1.12", 8080, 44);
	web[1].ejected_seconds = 12;
	web[1].repicks = 5;
	web[1].ejections = 1;
	web[2] = backend("10.244.2.13", 8080, 0);
	web[2].flags = SVCNAT_BACKEND_F_LOCAL;
	web[3] = backend("10.244.2.14", 8080, 9);
	web[3].flags = 0;
	gone[0] = backend("10.244.2.15", 8080, 120000);
	gone[0].flags = SVCNAT_BACKEND_F_GONE;
	dns[0] = backend("fd00:10:244:1::6", 53, 3);
	services[0] = (struct dp_service){
		.name = "default/web:http", .family = AF_INET, .proto = IPPROTO_TCP,
		.backends = web, .n_backends = 4, .gone = gone, .n_gone = 1,
		.dropped = 1, .overloaded = 12, .not_allowed = 0, .repicks = 5, .ejections = 1,
	};
	for (int i = 0; i < 4; i++)
		sum(&services[0], &web[i]);
	sum(&services[0], gone);
	services[1] = (struct dp_service){
		.name = "kube-system/kube-dns:dns", .family = AF_INET6, .proto = IPPROTO_UDP,
		.backends = dns, .n_backends = 1,
	};
	sum(&services[1], dns);
	services[2] = (struct dp_service){
		.name = "other/nobody:", .family = AF_INET, .proto = IPPROTO_SCTP, .refused = 7,
	};
	return &dp;
}

static const char *table(struct lab *l, const char *ns, const char *name, bool wide)
{
	struct stats st = { .a = l->a, .dp = counted(), .ns = ns, .name = name };
	char *text, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	stats_print(f, &st, wide);
	fclose(f);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

static void narrow(void **state)
{
	struct lab *l = lab_new();
	const char *text = table(l, NULL, NULL, false);

	lab_golden("stats.txt", text);
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	lab_free(l);
}

static void wide(void **state)
{
	struct lab *l = lab_new();

	lab_golden("stats-wide.txt", table(l, NULL, NULL, true));
	lab_free(l);
}

static void selected(void **state)
{
	struct lab *l = lab_new();

	assert_non_null(strstr(table(l, "default", "web", false), "default/web:http"));
	assert_null(strstr(table(l, "default", NULL, false), "nobody"));
	assert_null(strstr(table(l, NULL, "web", false), "nobody"));
	assert_null(strstr(table(l, "other", "web", false), "default/web"));
	lab_free(l);
}

static void document(void **state)
{
	struct lab *l = lab_new();
	struct stats st = { .a = l->a, .dp = counted() };
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	sink_json(f, stats_put, &st);
	fclose(f);
	lab_golden("stats.json", text);
	free(text);
	lab_free(l);
}

static void states(void **state)
{
	static const struct {
		uint32_t flags, ejected;
		const char *word, *now;
	} v[] = {
		{ SVCNAT_BACKEND_F_CLUSTER, 0, "ready", "ready" },
		{ SVCNAT_BACKEND_F_LOCAL, 0, "ready", "ready" },
		{ SVCNAT_BACKEND_F_MASK, 7, "ejected", "ejected 7s" },
		{ 0, 0, "serving", "serving" },
		{ SVCNAT_BACKEND_F_GONE, 0, "leaving", "leaving" },
		{ SVCNAT_BACKEND_F_GONE, 7, "leaving", "leaving" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct dp_backend b = { .flags = v[i].flags, .ejected_seconds = v[i].ejected };

		assert_string_equal(backend_state(&b), v[i].word);
		assert_string_equal(backend_state_now(a, &b), v[i].now);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(narrow),
		cmocka_unit_test(wide),
		cmocka_unit_test(selected),
		cmocka_unit_test(document),
		cmocka_unit_test(states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
