/* SPDX-License-Identifier: GPL-2.0 */
/* What was accepted, in whatever form, is written and reads back as the same. */
#ifndef TESTS_FUZZ_REREAD_H
#define TESTS_FUZZ_REREAD_H

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "emit.h"
#include "input.h"

static inline void must(bool ok)
{
	if (!ok)
		abort();
}

static inline void reread_bodies(struct arena *a, const struct objects *v)
{
	for (size_t i = 0; i < v->n; i++) {
		size_t len, again;
		const char *text = emit_json(a, v->v[i], &len);
		struct object *o = input_body(a, text, len);

		must(o && !strcmp(emit_json(a, o, &again), text));
	}
}

static inline void reread_yaml(struct arena *a, const struct objects *v, struct diag *d)
{
	struct objects out = { 0 };
	char *text;
	size_t len, n, m;
	FILE *f = open_memstream(&text, &len);

	emit_yaml(f, v->v, v->n);
	fclose(f);
	must(input_yaml(a, "again", text, len, &out, d) && out.n == v->n);
	for (size_t i = 0; i < v->n; i++)
		must(!strcmp(emit_json(a, v->v[i], &n), emit_json(a, out.v[i], &m)));
	free(text);
}

/* @read: input_json or input_yaml */
static inline void reread(bool (*read)(struct arena *a, const char *name, const char *text,
				       size_t len, struct objects *out, struct diag *d),
			  const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct objects out = { 0 };
	char *said;
	size_t len;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f);
	bool ok = read(a, "fuzz", (const char *)data, size, &out, d);

	must(ok == !diag_errors(d));
	reread_bodies(a, &out);
	if (out.n)
		reread_yaml(a, &out, d);
	diag_finish(d);
	diag_free(d);
	fclose(f);
	free(said);
	arena_free(a);
}

#endif
