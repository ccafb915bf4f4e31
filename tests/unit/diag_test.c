// SPDX-License-Identifier: GPL-2.0
#include "reads.h"

static void sentences(void **state)
{
	struct loc all = { "a.yaml", 7, 11 }, line = { "a.yaml", 7, 0 }, file = { "a.yaml", 0, 0 };
	char *said;
	size_t len;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f);

	diag_error(d, &all, "spec.ports[0].port", "%d is not a port", 70000);
	diag_error(d, &line, NULL, "broken");
	diag_error(d, &file, NULL, "cannot be read");
	diag_error(d, NULL, NULL, "no module");
	diag_error(d, NULL, NULL, "no module");
	diag_warn(d, NULL, "spec.foo", "unknown");
	assert_int_equal(diag_errors(d), 5);
	assert_int_equal(diag_warnings(d), 1);
	diag_finish(d);
	diag_free(d);
	fclose(f);
	assert_string_equal(said,
		"a.yaml:7:11: error: spec.ports[0].port: 70000 is not a port\n"
		"a.yaml:7: error: broken\n"
		"a.yaml: error: cannot be read\n"
		"error: no module\n"
		"error: no module\n"
		"warning: spec.foo: unknown\n");
	free(said);
}

/* The same warning from a thousand places is one line and a count. */
static void repeated(void **state)
{
	char *said;
	size_t len;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f);

	for (uint32_t i = 1; i <= 1000; i++) {
		struct loc loc = { "a.yaml", i, 1 };

		diag_warn(d, &loc, "spec.foo", "unknown field");
	}
	diag_warn(d, &(struct loc){ "a.yaml", 9, 1 }, "spec.bar", "unknown field");
	assert_int_equal(diag_warnings(d), 1001);
	diag_finish(d);
	diag_free(d);
	fclose(f);
	assert_string_equal(said,
		"a.yaml:1:1: warning: spec.foo: unknown field\n"
		"a.yaml:9:1: warning: spec.bar: unknown field\n"
		"warning: 999 more like one above: the same text at other places\n");
	free(said);
}

/* What is looked at twice is said once; what was not looked at again stays counted. */
static void again(void **state)
{
	char *said;
	size_t len;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f);

	for (int i = 0; i < 3; i++)
		diag_warn(d, NULL, NULL, "read once");
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			diag_warn(d, NULL, NULL, "looked at");
		assert_int_equal(diag_warnings(d), 7);
		diag_again(d);
	}
	diag_finish(d);
	diag_free(d);
	fclose(f);
	assert_string_equal(said, "warning: read once\nwarning: looked at\n"
			    "warning: 5 more like some above: the same text at other places\n");
	free(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sentences),
		cmocka_unit_test(repeated),
		cmocka_unit_test(again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
