// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "changes.h"
#include "emit.h"
#include "input.h"

#define ERRORS_MAX 20	/* alike; a few tell it */

#define FILENAME { "filename", required_argument, NULL, 'f' }
#define RECURSIVE { "recursive", no_argument, NULL, 'R' }
#define NAMESPACE { "namespace", required_argument, NULL, 'n' }
#define PRUNE { "prune", no_argument, NULL, 'p' }
#define DRY_RUN { "dry-run", optional_argument, NULL, 'd' }
#define IGNORE_NOT_FOUND { "ignore-not-found", no_argument, NULL, 'i' }
#define END { NULL, 0, NULL, 0 }

const struct option apply_options[] = { FILENAME, RECURSIVE, NAMESPACE, PRUNE, DRY_RUN, END };
const struct option diff_options[] = { FILENAME, RECURSIVE, NAMESPACE, PRUNE, END };
const struct option delete_options[] = {
	FILENAME, RECURSIVE, NAMESPACE, DRY_RUN, IGNORE_NOT_FOUND, END
};

static bool dry_run_take(struct cli *c, struct changes *r, const char *value)
{
	r->dry_run = !value || strcmp(value, "none");
	if (!value || !strcmp(value, "none") || !strcmp(value, "client") ||
	    !strcmp(value, "server"))
		return true;
	diag_error(c->d, NULL, NULL, "--dry-run=\"%s\": expected none, client or server", value);
	return false;
}

static bool take(struct cli *c, struct changes *r, int opt)
{
	switch (opt) {
	case 'f':
		*(const char **)arena_push(c->a, &r->paths, &r->n_paths, sizeof(*r->paths)) = optarg;
		return true;
	case 'R':
		r->recurse = true;
		return true;
	case 'n':
		r->ns = optarg;
		return true;
	case 'p':
		r->prune = true;
		return true;
	case 'd':
		return dry_run_take(c, r, optarg);
	case 'i':
		r->ignore_missing = true;
		return true;
	}
	return false;
}

bool changes_parse(struct cli *c, struct changes *r, int argc, char **argv,
		   const struct option *options)
{
	int opt;

	while ((opt = options_next(c, argc, argv, "f:Rn:", options)) != -1)
		if (!take(c, r, opt))
			return false;
	if (r->n_paths || (!r->recurse && !r->prune))
		return true;
	diag_error(c->d, NULL, NULL, "%s without -f FILE, -f DIR or -f - means nothing",
		   r->prune ? "--prune" : "-R");
	return false;
}

/* Who names no namespace lives in that of -n; who names another one was not meant. */
static void place(struct cli *c, const struct changes *r)
{
	unsigned int errors = 0;

	for (size_t i = 0; i < r->objects.n && errors < ERRORS_MAX; i++) {
		struct object *o = r->objects.v[i];

		if (!kind_has_namespace(o->kind))
			continue;
		if (!o->ns)
			o->ns = r->ns ? r->ns : "default";
		if (!r->ns || !strcmp(o->ns, r->ns))
			continue;
		diag_error(c->d, place_of(o, &o->at.ns, 0), "metadata.namespace", "%s, but -n "
			   "says %s: leave out one of the two, or make them the same", o->ns, r->ns);
		errors++;
	}
}

bool changes_read(struct cli *c, struct changes *r)
{
	bool ok = true;

	for (size_t i = 0; i < r->n_paths; i++)
		ok &= input_path(c->a, r->paths[i], r->recurse, &r->objects, c->d);
	place(c, r);
	return ok && !diag_errors(c->d);
}

void changes_remember(struct session *s, struct changes *r)
{
	struct arena *a = s->cli->a;
	size_t len;

	r->was = arena_alloc(a, (r->objects.n + 1) * sizeof(*r->was));
	for (size_t i = 0; s->known.n && i < r->objects.n; i++) {
		const struct object *o = r->objects.v[i], *k;

		k = objects_find(&s->known, o->kind, o->ns, o->name);
		if (k)
			r->was[i] = emit_json(a, k, &len);
	}
}

static void say(struct cli *c, struct changes *r, const struct object *o, enum effect effect)
{
	arena_push(c->a, &r->said, &r->n_said, sizeof(*r->said));
	r->said[r->n_said - 1].kind = kind_name(o->kind);
	r->said[r->n_said - 1].name = o->name;
	r->said[r->n_said - 1].effect = effect;
}

static struct state_change *add(struct cli *c, struct changes *r)
{
	return arena_push(c->a, &r->v, &r->n, sizeof(*r->v));
}

void changes_remove(struct cli *c, struct changes *r, const struct object *o, enum effect effect)
{
	struct state_change *change = add(c, r);

	change->kind = o->kind;
	change->ns = o->ns;
	change->name = o->name;
	say(c, r, o, effect);
}

void changes_prune(struct session *s, struct changes *r)
{
	struct objects given = { .n = r->objects.n };
	size_t kept = 0;

	given.v = arena_alloc(s->cli->a, (given.n + 1) * sizeof(*given.v));
	if (given.n)
		memcpy(given.v, r->objects.v, given.n * sizeof(*given.v));
	objects_sort(&given);
	for (size_t i = 0; i < s->known.n; i++) {
		struct object *k = s->known.v[i];

		if (objects_find(&given, k->kind, k->ns, k->name) ||
		    (r->ns && strcmp(k->ns ? k->ns : "", r->ns)))
			s->known.v[kept++] = k;
		else
			changes_remove(s->cli, r, k, PRUNED);
	}
	s->known.n = kept;
}

static void collect_given(struct cli *c, struct changes *r)
{
	for (size_t i = 0; i < r->objects.n; i++) {
		const struct object *o = r->objects.v[i];
		struct arena *scratch = arena_new();
		size_t len;
		bool same = r->was[i] && !strcmp(r->was[i], emit_json(scratch, o, &len));

		arena_free(scratch);
		say(c, r, o, same ? UNCHANGED : r->was[i] ? CONFIGURED : CREATED);
		if (!same)
			add(c, r)->put = o;
	}
}

static int object_ptr_cmp(const void *x, const void *y)
{
	const struct object *a = *(void *const *)x, *b = *(void *const *)y;

	return a < b ? -1 : a > b;
}

/* Known objects that were given an address or port by us on the way. */
static void collect_touched(struct session *s, struct changes *r)
{
	struct object **given = arena_alloc(s->cli->a, (r->objects.n + 1) * sizeof(*given));
	size_t i;

	if (r->objects.n)
		memcpy(given, r->objects.v, r->objects.n * sizeof(*given));
	qsort(given, r->objects.n, sizeof(*given), object_ptr_cmp);
	for (i = 0; i < s->touched.n; i++) {
		const struct object *o = s->touched.v[i];

		if (bsearch(&o, given, r->objects.n, sizeof(*given), object_ptr_cmp))
			continue;
		add(s->cli, r)->put = o;
		say(s->cli, r, o, CONFIGURED);
	}
}

void changes_collect(struct session *s, struct changes *r)
{
	collect_given(s->cli, r);
	collect_touched(s, r);
}

static void name_print(const struct changes *r, size_t i)
{
	for (const char *p = r->said[i].kind; *p; p++)
		putchar(tolower((unsigned char)*p));
	printf("/%s", r->said[i].name);
}

void changes_say(const struct changes *r)
{
	static const char *const words[] = {
		[CREATED] = "created", [CONFIGURED] = "configured", [UNCHANGED] = "unchanged",
		[DELETED] = "deleted", [PRUNED] = "pruned",
	};

	for (size_t i = 0; i < r->n_said; i++) {
		name_print(r, i);
		printf(" %s%s\n", words[r->said[i].effect], r->dry_run ? " (dry run)" : "");
	}
}

void changes_show(const struct changes *r)
{
	static const char signs[] = {
		[CREATED] = '+', [CONFIGURED] = '~', [DELETED] = '-', [PRUNED] = '-',
	};

	for (size_t i = 0; i < r->n_said; i++) {
		if (r->said[i].effect == UNCHANGED)
			continue;
		printf("%c ", signs[r->said[i].effect]);
		name_print(r, i);
		putchar('\n');
	}
}
