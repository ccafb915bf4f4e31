// SPDX-License-Identifier: GPL-2.0
/* Long YAML, read by two at once: the same comes out as where one reads all. */
#include "reads.h"
#include <unistd.h>
#include "yaml_ahead.h"

#define HEAD "apiVersion: v1\nkind: List\nitems:\n"
#define ITEM "- apiVersion: v1\n  kind: Namespace\n  metadata:\n    labels: {a: \"é\"}\n    name: n%d\n"
#define ITEM_LINES 5
#define N 20000			/* more than a megabyte */

struct text {
	char *s;
	size_t len;
};

/* @head, then items up to @n; the @odd-th is another text. */
static struct text list_of(const char *head, int n, int odd, const char *other)
{
	struct text t = { 0 };
	FILE *f = open_memstream(&t.s, &t.len);

	fputs(head, f);
	for (int i = 0; i < n; i++) {
		if (i == odd)
			fputs(other, f);
		else
			fprintf(f, ITEM, i);
	}
	fclose(f);
	return t;
}

static struct reads read_list(const char *head, int odd, const char *other)
{
	struct text t = list_of(head, N, odd, other);
	struct reads r = reads_text(input_yaml, "t.yaml", t.s, t.len);

	free(t.s);
	return r;
}

/* What begins at the cut, in a text whose outermost map has a list. */
static bool is_reached(const char *s, size_t len)
{
	struct yaml_ahead *h = yaml_ahead_new(s, len);
	bool reached = false, end = false;
	yaml_parser_t p;
	yaml_event_t e;

	if (!h)
		return false;
	yaml_parser_initialize(&p);
	yaml_parser_set_encoding(&p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&p, (const unsigned char *)s, len);
	while (!reached && !end && yaml_parser_parse(&p, &e)) {
		reached = yaml_ahead_reached(h, &e);
		end = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	yaml_ahead_free(h);
	return reached;
}

static bool two_processors(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static void reached(void **state)
{
	struct text t = list_of(HEAD, N, -1, NULL);

	assert_true(is_reached(t.s, t.len) == two_processors());
	free(t.s);
}

static void not_reached(void **state)
{
	static const struct { const char *head; int odd; const char *other; } cases[] = {
		{ "%YAML 1.1\n---\n" HEAD, -1, NULL },
		{ HEAD, N - 1, "- !!map {}\n" },
		{ HEAD, N - 1, "- [\n" },
		{ HEAD "- \"\n", N - 1, "\"\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct text t = list_of(cases[i].head, N, cases[i].odd, cases[i].other);

		assert_false(is_reached(t.s, t.len));
		free(t.s);
	}
}

static void in_order(void **state)
{
	struct reads r = read_list(HEAD, -1, NULL);
	char name[16];

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, N);
	for (int i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_string_equal(r.out.v[i]->name, name);
		assert_int_equal(r.out.v[i]->loc.line, 4 + i * ITEM_LINES);
		assert_int_equal(r.out.v[i]->loc.col, 3);
	}
	reads_free(&r);
}

/* Line of the item that is another. */
#define ODD (N - 3)
#define ODD_LINE (4 + ODD * ITEM_LINES)

static void complaints(void **state)
{
	static const struct { const char *other; int line; const char *said; } cases[] = {
		{ "- apiVersion: v1\n  kind: Namespace\n  metadata: 5\n", 2,
		  ":13: error: metadata: 5 is not a map: expected fields and their values\n" },
		{ "- apiVersion: v1\n  kind: [\n", 2,
		  ":1: error: broken YAML: did not find expected node content" },
		{ "- *a\n", 0, ":3: error: an alias (*)" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reads r = read_list(HEAD, ODD, cases[i].other);
		char said[256];

		snprintf(said, sizeof(said), "t.yaml:%d%s", ODD_LINE + cases[i].line, cases[i].said);
		if (strncmp(r.said, said, strlen(said)))
			fail_msg("said:\n%sexpected:\n%s", r.said, said);
		reads_free(&r);
	}
}

/* What looks like items is one string, from before the cut to the end. */
static void string_of_items(void **state)
{
	struct reads r = read_list(HEAD "- apiVersion: v1\n  kind: Namespace\n  metadata:\n"
				   "    name: one\n    annotations:\n      a: '\n", N - 1, "'\n");

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, 1);
	reads_free(&r);
}

/* The kind of the List stands behind its items, and another document behind that. */
static void kind_last(void **state)
{
	struct reads r = read_list("apiVersion: v1\nitems:\n", N - 1,
				   "kind: List\n---\napiVersion: v1\nkind: Namespace\n"
				   "metadata: {name: last}\n");

	assert_string_equal(r.said, "");
	assert_int_equal(r.out.n, N);
	assert_string_equal(r.out.v[N - 1]->name, "last");
	assert_int_equal(r.out.v[N - 1]->loc.line, 3 + (N - 1) * ITEM_LINES + 2);
	reads_free(&r);
}

/* Items of what is no List are no objects. */
static void no_list(void **state)
{
	struct reads r = read_list("apiVersion: v1\nitems:\n", N - 1, "kind: Thing\n");

	assert_int_equal(r.out.n, 0);
	reads_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reached),
		cmocka_unit_test(not_reached),
		cmocka_unit_test(in_order),
		cmocka_unit_test(complaints),
		cmocka_unit_test(string_of_items),
		cmocka_unit_test(kind_last),
		cmocka_unit_test(no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
