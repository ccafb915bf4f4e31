// SPDX-License-Identifier: GPL-2.0
/* The flow cache's entries: two of them to a connection, sorted, as a table and a document. */
#include "lab.h"
#include <netinet/in.h>
#include "flows.h"
#include "show.h"

struct entry {
	const char *service;
	uint8_t proto;		/* 0: TCP */
	const char *client;
	uint16_t sport;
	const char *frontend;
	uint16_t dport;
	const char *backend;
	bool reply, idle;
	uint32_t age;		/* seconds */
	uint64_t packets, bytes;
};

/* In no order, as they come; the directions of one connection far from each other. */
static const struct entry entries[] = {
	{ "default/web:http", .client = "10.244.2.9", 41000, "10.96.0.10", 80, "10.244.1.11", true,
	  .age = 3, .packets = 20, .bytes = 9999 },
	{ "kube-system/kube-dns:dns", IPPROTO_UDP, "10.244.2.9", 5353, "10.96.0.2", 53, "10.244.1.5",
	  .idle = true, .age = 119, .packets = 7, .bytes = 420 },
	{ "default/web:http", .client = "10.244.2.10", 41000, "192.0.2.1", 30080, "10.244.1.12",
	  .age = 90000, .packets = 1, .bytes = 5ull << 40 },
	{ NULL, .client = "10.244.2.8", 1, "10.96.9.9", 80, "10.244.1.11", .age = 1, .packets = 2 },
	{ "default/web-six:", .client = "fd00::9", 41000, "fd00:10:96::6", 80, "fd00:1::6", true, true,
	  .age = 700, .packets = 3, .bytes = 180 },
	{ "default/web:http", .client = "10.244.2.9", 41000, "10.96.0.10", 80, "10.244.1.11",
	  .idle = true, .age = 4, .packets = 10, .bytes = 10000 },
	{ "default/web:http", .client = "10.244.2.9", 40999, "10.96.0.10", 80, "10.244.1.12",
	  .age = 192, .packets = 5, .bytes = 300 },
	{ "other/echo:", IPPROTO_UDP, "10.244.2.9", 41000, "10.96.0.10", 80, "10.244.1.11",
	  .age = 0 },
};

#define N_ENTRIES (sizeof(entries) / sizeof(entries[0]))

static void take(struct flows *f, const struct entry *e)
{
	/* On the heap for as long as it lasts: the sanitizer sees who keeps it. */
	char *service = e->service ? strdup(e->service) : NULL;
	struct knl_cached c = {
		.service = service, .reply = e->reply, .idle = e->idle, .age_ms = e->age * 1000 + 999,
		.packets = e->packets, .bytes = e->bytes, .backend.port = 8080,
		.flow = { .proto = e->proto ? e->proto : IPPROTO_TCP, .sport = e->sport,
			  .dport = e->dport, .iif = e->reply ? 3 : 2 },
	};

	assert_true(ip_parse(e->client, &c.flow.src));
	assert_true(ip_parse(e->frontend, &c.flow.dst));
	assert_true(ip_parse(e->backend, &c.backend.ip));
	flows_take(&c, f);
	free(service);
}

static struct flows taken(struct lab *l, const char *ns, const char *name)
{
	struct flows f = { .ns = ns, .name = name };

	flows_init(&f, l->a);
	for (size_t i = 0; i < N_ENTRIES; i++)
		take(&f, &entries[i]);
	flows_join(&f);
	return f;
}

static const char *table(struct lab *l, const char *ns, bool wide)
{
	struct flows f = taken(l, ns, NULL);
	char *text, *copy;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	flows_print(out, &f, wide);
	fclose(out);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

static void tables(void **state)
{
	struct lab *l = lab_new();

	lab_golden("flows.txt", table(l, "default", false));
	lab_golden("flows-all.txt", table(l, NULL, false));
	lab_golden("flows-wide.txt", table(l, NULL, true));
	lab_free(l);
}

static void document(void **state)
{
	struct lab *l = lab_new();
	struct flows f = taken(l, NULL, NULL);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	sink_json(out, flows_put, &f);
	fclose(out);
	lab_golden("flows.json", text);
	free(text);
	lab_free(l);
}

static const struct {
	const char *ns, *name;
	size_t n;
} selections[] = {
	{ NULL, NULL, 7 }, { "default", NULL, 4 }, { "default", "web", 3 }, { NULL, "web", 3 },
	{ NULL, "echo", 1 }, { "default", "echo", 0 }, { "default", "we", 0 }, { "def", NULL, 0 },
	{ "default", "web:http", 0 },
};

static void selected(void **state)
{
	struct lab *l = lab_new();

	for (size_t i = 0; i < sizeof(selections) / sizeof(selections[0]); i++)
		assert_int_equal(taken(l, selections[i].ns, selections[i].name).n, selections[i].n);
	lab_free(l);
}

/* The frontend goes to another service, or to none, between the two entries of a flow. */
static void changing_hands(void **state)
{
	struct entry e = entries[0];
	struct lab *l = lab_new();
	struct flows f = { 0 };

	flows_init(&f, l->a);
	e.service = NULL;
	take(&f, &e);
	e.service = "default/new:";
	e.reply = false;
	take(&f, &e);
	flows_join(&f);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.v[0].service, "default/new:");
	assert_true(f.v[0].way[FLOW_IN].cached && f.v[0].way[FLOW_OUT].cached);

	/* One that was made anew comes twice. */
	e.packets = 77;
	take(&f, &e);
	flows_join(&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.v[0].way[FLOW_IN].packets, 77);
	lab_free(l);
}

#define MANY 100000	/* a power of ten, coprime to STEP */
#define STEP 7919

static void many(void **state)
{
	struct lab *l = lab_new();
	struct flows f = { 0 };

	flows_init(&f, l->a);
	for (uint32_t i = 0; i < 2 * MANY; i++) {
		uint32_t number = (uint32_t)((uint64_t)i * STEP % MANY);
		struct knl_cached c = {
			.service = number % 2 ? "a/odd:" : "a/even:", .reply = i >= MANY,
			.flow = { .proto = IPPROTO_TCP, .dport = 80, .sport = (uint16_t)(number % 50000),
				  .src = { AF_INET, { 10, 0, 0, (uint8_t)(number / 50000) } },
				  .dst = { AF_INET, { 10, 96, 0, (uint8_t)(number % 2) } } },
		};

		flows_take(&c, &f);
	}
	flows_join(&f);
	assert_int_equal(f.n, MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t number = i < MANY / 2 ? 2 * i : 2 * (i - MANY / 2) + 1;

		assert_true(f.v[i].way[FLOW_IN].cached && f.v[i].way[FLOW_OUT].cached);
		assert_int_equal(f.v[i].key.src.b[3], number / 50000);
		assert_int_equal(f.v[i].key.sport, number % 50000);
	}
	lab_free(l);
}

static const struct {
	uint64_t seconds;
	const char *text;
} ages[] = {
	{ 0, "0s" }, { 5, "5s" }, { 119, "119s" }, { 120, "2m" }, { 192, "3m12s" },
	{ 599, "9m59s" }, { 600, "10m" }, { 659, "10m" }, { 3 * 3600 - 1, "179m" }, { 3 * 3600, "3h" },
	{ 5 * 3600 + 1800, "5h30m" }, { 8 * 3600, "8h" }, { 9 * 3600 + 1800, "9h" },
	{ 48 * 3600 - 1, "47h" }, { 48 * 3600, "2d" }, { 51 * 3600, "2d3h" }, { 195 * 3600, "8d" },
	{ UINT32_MAX / 1000, "49d" },
};

static void texts(void **state)
{
	struct arena *a = arena_new();

	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++)
		assert_string_equal(age_text(a, ages[i].seconds), ages[i].text);
	assert_string_equal(size_text(a, 9999), "9999");
	assert_string_equal(size_text(a, 10000), "9.8Ki");
	assert_string_equal(size_text(a, UINT64_MAX), "16Ei");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables),
		cmocka_unit_test(document),
		cmocka_unit_test(selected),
		cmocka_unit_test(changing_hands),
		cmocka_unit_test(many),
		cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
