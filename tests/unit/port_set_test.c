// SPDX-License-Identifier: GPL-2.0
/* Sets of ports as text, and what becomes of those that are reserved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "reserved_ports.h"

#define COUNT(v) (sizeof(v) / sizeof(*(v)))

static struct port_set set(const char *text)
{
	struct port_set s;

	assert_true(port_set_parse(text, &s));
	return s;
}

static void assert_prints(const struct port_set *s, const char *text)
{
	struct arena *a = arena_new();

	assert_string_equal(port_set_print(a, s), text);
	arena_free(a);
}

static void text(void **state)
{
	static const struct {
		const char *in, *out;	/* NULL: it is none */
	} v[] = {
		{ "", "" }, { "0", "0" }, { "80", "80" }, { "65535", "65535" },
		{ "80,81", "80-81" }, { "80-90,91", "80-91" }, { "90,80", "80,90" },
		{ "1,1,1", "1" }, { "63-64", "63-64" }, { "0-65535", "0-65535" },
		{ "127,129", "127,129" }, { "30000-30007,30443,65535", "30000-30007,30443,65535" },
		{ "5-5", "5" }, { "80,", "80" },
		{ "65536", NULL }, { "90-80", NULL }, { "a", NULL }, { "80 81", NULL },
		{ "-80", NULL }, { "80-", NULL }, { ",", NULL }, { "1--2", NULL }, { "1-2-3", NULL },
		{ "4294967376", NULL }, { "99999999999999999999", NULL },
	};
	struct port_set s;

	for (size_t i = 0; i < COUNT(v); i++) {
		if (port_set_parse(v[i].in, &s) != (v[i].out != NULL))
			fail_msg("%s", v[i].in);
		if (v[i].out)
			assert_prints(&s, v[i].out);
	}
}

/* The longest text there is. */
static void every_other(void **state)
{
	struct arena *a = arena_new();
	struct port_set s = { 0 }, back;

	for (int port = 1; port < 65536; port += 2)
		port_set_add(&s, (uint16_t)port);
	assert_true(port_set_parse(port_set_print(a, &s), &back));
	assert_true(port_set_equal(&s, &back));
	arena_free(a);
}

static void merge(void **state)
{
	static const struct {
		const char *now, *ours, *want;
		const char *then, *then_ours;
	} v[] = {
		/* nothing, and nothing to do */
		{ "", "", "", "", "" },
		{ "8080", "", "", "8080", "" },
		/* the first node port, the second, one less, none */
		{ "8080", "", "30080", "8080,30080", "30080" },
		{ "8080,30080", "30080", "30080-30081", "8080,30080-30081", "30080-30081" },
		{ "8080,30080-30081", "30080-30081", "30081", "8080,30081", "30081" },
		{ "8080,30081", "30081", "", "8080", "" },
		/* somebody else's before ours: it is not ours to take out */
		{ "30000-32767", "", "30080", "30000-32767", "" },
		{ "30000-32767", "", "", "30000-32767", "" },
		{ "30000-30080", "", "30080-30081", "30000-30081", "30081" },
		{ "30000-30081", "30081", "", "30000-30080", "" },
		/* somebody took ours out: put in again, or forgotten */
		{ "8080", "30080", "30080", "8080,30080", "30080" },
		{ "8080", "30080", "", "8080", "" },
		/* somebody added while we held some */
		{ "8080,9090,30080", "30080", "30090", "8080,9090,30090", "30090" },
	};

	for (size_t i = 0; i < COUNT(v); i++) {
		struct port_set now = set(v[i].now), ours = set(v[i].ours), want = set(v[i].want);

		reserved_ports_merge(&now, &ours, &want);
		assert_prints(&now, v[i].then);
		assert_prints(&ours, v[i].then_ours);
		/* Nothing else is wanted: nothing changes. */
		reserved_ports_merge(&now, &ours, &want);
		assert_prints(&now, v[i].then);
		assert_prints(&ours, v[i].then_ours);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(every_other),
		cmocka_unit_test(merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
