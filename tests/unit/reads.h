/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of input and output share: text in, objects and what was said out. */
#ifndef TESTS_UNIT_READS_H
#define TESTS_UNIT_READS_H

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "emit.h"
#include "input.h"

#define FIXTURE "tests/fixtures/a/objects.json"

typedef bool reader(struct arena *a, const char *name, const char *text, size_t len,
		    struct objects *out, struct diag *d);

struct reads {
	struct arena *a;
	struct objects out;
	bool ok;
	unsigned int errors, warnings;
	char *said;
	size_t said_len;
};

static inline struct reads reads_text(reader *read, const char *name, const char *text, size_t len)
{
	struct reads r = { .a = arena_new() };
	FILE *f = open_memstream(&r.said, &r.said_len);
	struct diag *d = diag_new(f);

	/* A copy of its very size: the sanitizer sees the first byte too many. */
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	r.ok = read(r.a, name, copy, len, &r.out, d);
	free(copy);
	r.errors = diag_errors(d);
	r.warnings = diag_warnings(d);
	diag_finish(d);
	diag_free(d);
	fclose(f);
	return r;
}

static inline struct reads reads_path(const char *path, bool recurse)
{
	struct reads r = { .a = arena_new() };
	FILE *f = open_memstream(&r.said, &r.said_len);
	struct diag *d = diag_new(f);

	r.ok = input_path(r.a, path, recurse, &r.out, d);
	r.errors = diag_errors(d);
	r.warnings = diag_warnings(d);
	diag_free(d);
	fclose(f);
	return r;
}

static inline void reads_free(struct reads *r)
{
	arena_free(r->a);
	free(r->said);
}

/* The objects read, each in canonical JSON on a line. */
static inline char *reads_canonical(struct arena *a, const struct objects *v)
{
	char *all = arena_strdup(a, "");
	size_t len;

	for (size_t i = 0; i < v->n; i++)
		all = arena_printf(a, "%s%s\n", all, emit_json(a, v->v[i], &len));
	return all;
}

/* One text that is read, what is said about it, and how many objects come out. */
struct reads_case {
	const char *name;
	const char *text;
	const char *said;
	size_t objects;
};

static inline void reads_check(reader *read, const char *file, const struct reads_case *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct reads r = reads_text(read, file, v[i].text, strlen(v[i].text));
		bool error = strstr(v[i].said, "error: ");

		if (strcmp(r.said, v[i].said) || r.out.n != v[i].objects || r.ok == error)
			fail_msg("%s: %s, %zu objects, said:\n%sexpected %zu objects and:\n%s",
				 v[i].name, r.ok ? "read" : "refused", r.out.n, r.said,
				 v[i].objects, v[i].said);
		reads_free(&r);
	}
}

#define COUNT(v) (sizeof(v) / sizeof(*(v)))

#endif
