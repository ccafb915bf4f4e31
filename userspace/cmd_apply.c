// SPDX-License-Identifier: GPL-2.0
/* apply, diff, delete: from files to both stores. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "emit.h"
#include "input.h"
#include "session.h"

#define ERRORS_MAX 20	/* alike; a few tell it */

enum effect { CREATED, CONFIGURED, UNCHANGED, DELETED, PRUNED };

struct request {
	const char **paths;
	size_t n_paths;
	bool recurse, prune, dry_run;
	const char *ns;		/* -n, or NULL */

	struct objects objects;
	const char **was;	/* canonical body of each before, or NULL */
	struct state_change *changes;
	size_t n_changes;
	struct { const char *kind, *name; enum effect effect; } *said;
	size_t n_said;
};

static const struct option apply_options[] = {
	{ "filename", required_argument, NULL, 'f' },
	{ "recursive", no_argument, NULL, 'R' },
	{ "prune", no_argument, NULL, 'p' },
	{ "dry-run", optional_argument, NULL, 'd' },
	{ "namespace", required_argument, NULL, 'n' },
	{ NULL, 0, NULL, 0 },
};

static bool parse(struct cli *c, struct request *r, int argc, char **argv)
{
	int opt;

	while ((opt = options_next(c, argc, argv, "f:Rn:", apply_options)) != -1) {
		switch (opt) {
		case 'f':
			*(const char **)arena_push(c->a, &r->paths, &r->n_paths,
						   sizeof(*r->paths)) = optarg;
			break;
		case 'R':
			r->recurse = true;
			break;
		case 'p':
			r->prune = true;
			break;
		case 'd':
			r->dry_run = true;
			break;
		case 'n':
			r->ns = optarg;
			break;
		default:
			return false;
		}
	}
	return true;
}

/* Who names no namespace lives in that of -n; who names another one was not meant. */
static void place(struct cli *c, const struct request *r)
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

static bool read_input(struct cli *c, struct request *r)
{
	bool ok = true;

	for (size_t i = 0; i < r->n_paths; i++)
		ok &= input_path(c->a, r->paths[i], r->recurse, &r->objects, c->d);
	place(c, r);
	return ok && !diag_errors(c->d);
}

static void say(struct cli *c, struct request *r, const struct object *o, enum effect effect)
{
	void *entry = arena_push(c->a, &r->said, &r->n_said, sizeof(*r->said));

	(void)entry;
	r->said[r->n_said - 1].kind = kind_name(o->kind);
	r->said[r->n_said - 1].name = o->name;
	r->said[r->n_said - 1].effect = effect;
}

static void print_said(const struct request *r)
{
	static const char *const words[] = {
		[CREATED] = "created", [CONFIGURED] = "configured", [UNCHANGED] = "unchanged",
		[DELETED] = "deleted", [PRUNED] = "pruned",
	};

	for (size_t i = 0; i < r->n_said; i++) {
		for (const char *p = r->said[i].kind; *p; p++)
			putchar(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
		printf("/%s %s\n", r->said[i].name, words[r->said[i].effect]);
	}
}

/* The model changes objects in place, so what they were is written down first. */
static void remember(struct session *s, struct request *r)
{
	struct arena *a = s->cli->a;
	size_t len;

	r->was = arena_alloc(a, (r->objects.n + 1) * sizeof(*r->was));
	for (size_t i = 0; i < r->objects.n; i++) {
		const struct object *o = r->objects.v[i], *k;

		k = objects_find(&s->known, o->kind, o->ns, o->name);
		if (k)
			r->was[i] = emit_json(a, k, &len);
	}
}

static struct state_change *change_add(struct cli *c, struct request *r)
{
	return arena_push(c->a, &r->changes, &r->n_changes, sizeof(*r->changes));
}

static void remove_add(struct cli *c, struct request *r, const struct object *o,
		       enum effect effect)
{
	struct state_change *change = change_add(c, r);

	change->kind = o->kind;
	change->ns = o->ns;
	change->name = o->name;
	say(c, r, o, effect);
}

/* Which of the objects given differ from what was known. */
static void collect_changes(struct session *s, struct request *r)
{
	struct cli *c = s->cli;

	for (size_t i = 0; i < r->objects.n; i++) {
		const struct object *o = r->objects.v[i];
		struct arena *scratch = arena_new();
		size_t len;
		bool same = r->was[i] && !strcmp(r->was[i], emit_json(scratch, o, &len));

		arena_free(scratch);
		say(c, r, o, same ? UNCHANGED : r->was[i] ? CONFIGURED : CREATED);
		if (!same)
			change_add(c, r)->put = o;
	}
}

static int object_ptr_cmp(const void *x, const void *y)
{
	const struct object *a = *(void *const *)x, *b = *(void *const *)y;

	return a < b ? -1 : a > b;
}

/* Known objects that were given an address or port by us on the way. */
static void collect_touched(struct session *s, struct request *r)
{
	struct object **given = arena_alloc(s->cli->a, (r->objects.n + 1) * sizeof(*given));
	size_t i;

	if (r->objects.n)
		memcpy(given, r->objects.v, r->objects.n * sizeof(*given));
	qsort(given, r->objects.n, sizeof(*given), object_ptr_cmp);
	for (i = 0; i < s->touched.n; i++)
		if (!bsearch(&s->touched.v[i], given, r->objects.n, sizeof(*given), object_ptr_cmp))
			change_add(s->cli, r)->put = s->touched.v[i];
}

/* --prune: what is known and not in this input goes, before anything is compared with it. */
static void prune(struct session *s, struct request *r)
{
	struct objects given = { .n = r->objects.n };
	size_t kept = 0;

	given.v = arena_alloc(s->cli->a, (given.n + 1) * sizeof(*given.v));
	if (given.n)
		memcpy(given.v, r->objects.v, given.n * sizeof(*given.v));
	objects_sort(&given);
	for (size_t i = 0; i < s->known.n; i++) {
		struct object *k = s->known.v[i];

		if (objects_find(&given, k->kind, k->ns, k->name))
			s->known.v[kept++] = k;
		else
			remove_add(s->cli, r, k, PRUNED);
	}
	s->known.n = kept;
}

static int finish(struct session *s, struct request *r)
{
	struct plan *p = session_plan(s);

	if (!p || diag_errors(s->cli->d))
		return EXIT_ERROR;
	collect_changes(s, r);
	collect_touched(s, r);
	if (r->dry_run) {
		plan_print(stdout, p);
		return EXIT_OK;
	}
	if ((r->n_changes || !plan_empty(p) || session_options_differ(s)) &&
	    !session_commit(s, p, r->changes, r->n_changes))
		return EXIT_ERROR;
	print_said(r);
	return EXIT_OK;
}

int cmd_apply(struct cli *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct session s = { 0 };
	int code = EXIT_ERROR;

	if (!parse(c, &r, argc, argv))
		return EXIT_USAGE;
	if (!r.n_paths || optind < argc) {
		diag_error(c->d, NULL, NULL, "apply what? Name files with -f FILE, -f DIR or -f -");
		return EXIT_USAGE;
	}
	if (!read_input(c, &r))
		return EXIT_ERROR;
	if (!r.objects.n) {
		diag_error(c->d, NULL, NULL, "there is no object in %s%s: nothing to apply, nothing pruned",
			   strcmp(r.paths[0], "-") ? r.paths[0] : "standard input", r.n_paths > 1 ? " and the others" : "");
		return EXIT_ERROR;
	}
	if (session_open(&s, c, r.dry_run ? STATE_READ : STATE_WRITE)) {
		remember(&s, &r);
		if (r.prune)
			prune(&s, &r);
		if (session_build(&s, &r.objects))
			code = finish(&s, &r);
	}
	session_close(&s);
	return code;
}

int cmd_diff(struct cli *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct session s = { 0 };
	struct plan *p = NULL;
	bool differs = false;

	if (!parse(c, &r, argc, argv) || !read_input(c, &r))
		return EXIT_USAGE;
	if (session_open(&s, c, STATE_READ) && session_build(&s, &r.objects)) {
		p = session_plan(&s);
		differs = p && !plan_empty(p);
		if (differs)
			plan_print(stdout, p);
	}
	session_close(&s);
	if (!p || diag_errors(c->d))
		return EXIT_USAGE;
	return differs ? EXIT_DIFFERS : EXIT_OK;
}

/* "KIND NAME" as operands; several names may follow one kind. */
static bool named_objects(struct cli *c, struct request *r, int argc, char **argv)
{
	int kind;

	if (optind >= argc)
		return true;
	kind = kind_from_word(argv[optind]);
	if (kind == KIND_MAX || optind + 1 >= argc) {
		diag_error(c->d, NULL, NULL, kind == KIND_MAX ? "delete: \"%s\" is no kind of object: expected service, pod, endpoints, endpointslice, node or namespace" :
			   "delete %s: which one? Name it", argv[optind]);
		return false;
	}
	while (++optind < argc) {
		struct object *o = arena_alloc(c->a, sizeof(struct object));

		o->kind = (enum kind)kind;
		o->name = argv[optind];
		*(struct object **)arena_push(c->a, &r->objects.v, &r->objects.n,
					      sizeof(*r->objects.v)) = o;
	}
	return true;
}

static bool remove_named(struct session *s, struct request *r)
{
	const struct objects none = { 0 };
	struct objects gone = r->objects;
	bool ok = true;

	if (!session_build(s, &none))
		return false;
	r->objects = none;
	r->was = NULL;
	for (size_t i = 0; i < gone.n; i++) {
		const struct object *o = gone.v[i];

		if (!objects_find(&s->known, o->kind, o->ns, o->name)) {
			diag_error(s->cli->d, &o->loc, NULL, "%s \"%s\" not found in namespace %s",
				   kind_name(o->kind), o->name, o->ns ? o->ns : "-");
			ok = false;
			continue;
		}
		model_remove(s->model, o->kind, o->ns, o->name);
		remove_add(s->cli, r, o, DELETED);
	}
	return ok;
}

int cmd_delete(struct cli *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct session s = { 0 };
	int code = EXIT_ERROR;

	if (!parse(c, &r, argc, argv) || !named_objects(c, &r, argc, argv))
		return EXIT_USAGE;
	if (!read_input(c, &r))
		return EXIT_ERROR;
	if (!r.objects.n) {
		diag_error(c->d, NULL, NULL, "delete what? Name files with -f, or KIND NAME");
		return EXIT_USAGE;
	}
	if (session_open(&s, c, r.dry_run ? STATE_READ : STATE_WRITE) && remove_named(&s, &r))
		code = finish(&s, &r);
	session_close(&s);
	return code;
}
