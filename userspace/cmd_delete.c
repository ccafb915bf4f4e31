// SPDX-License-Identifier: GPL-2.0
/* delete: objects by files or by name; those that are not there are named afterwards. */
#include <stdio.h>
#include <string.h>

#include "changes.h"

/* "KIND NAME" as operands; several names may follow one kind. */
static bool named_objects(struct cli *c, struct changes *r, int argc, char **argv)
{
	int kind;

	if (optind >= argc)
		return true;
	kind = kind_from_word(argv[optind]);
	if (kind == KIND_MAX) {
		diag_error(c->d, NULL, NULL, "delete: \"%s\" is no kind of object: expected "
			   "service, pod, endpoints, endpointslice, node, namespace or servicecidr",
			   argv[optind]);
		return false;
	}
	if (optind + 1 >= argc) {
		diag_error(c->d, NULL, NULL, "delete %s: which one? Name it", argv[optind]);
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

static void not_found(struct diag *d, const struct object *o)
{
	static const char *const words[KIND_MAX] = {
		[KIND_SERVICE] = "services", [KIND_POD] = "pods", [KIND_ENDPOINTS] = "endpoints",
		[KIND_SLICE] = "endpointslices", [KIND_NODE] = "nodes",
		[KIND_NAMESPACE] = "namespaces", [KIND_SERVICE_CIDR] = "servicecidrs",
	};

	diag_error(d, &o->loc, NULL, "%s \"%s\" not found%s%s", words[o->kind], o->name,
		   o->ns ? " in namespace " : "", o->ns ? o->ns : "");
}

/* The others are left in @missing. False after an error. */
static bool remove_found(struct session *s, struct changes *r, struct objects *missing)
{
	const struct objects none = { 0 };
	struct objects all = r->objects;

	if (!session_build(s, &none))
		return false;
	r->objects = none;
	for (size_t i = 0; i < all.n; i++) {
		struct object *o = all.v[i];

		if (!objects_find(&s->known, o->kind, o->ns, o->name)) {
			*(struct object **)arena_push(s->cli->a, &missing->v, &missing->n,
						      sizeof(*missing->v)) = o;
			continue;
		}
		/* Named twice, it is gone already. */
		if (!model_find(s->model, o->kind, o->ns, o->name))
			continue;
		model_remove(s->model, o->kind, o->ns, o->name);
		changes_remove(s->cli, r, o, DELETED);
	}
	return true;
}

static bool carry_out(struct session *s, struct changes *r)
{
	struct plan *p;

	if (!r->n)
		return true;
	p = session_plan(s);
	if (!p || diag_errors(s->cli->d))
		return false;
	changes_collect(s, r);
	if (r->dry_run && !plan_empty(p))
		plan_print(stdout, p);
	return r->dry_run || session_commit(s, p, r->v, r->n);
}

int cmd_delete(struct cli *c, int argc, char **argv)
{
	struct changes r = { 0 };
	struct session s = { 0 };
	struct objects missing = { 0 };
	bool ok;

	if (!changes_parse(c, &r, argc, argv, delete_options) ||
	    !named_objects(c, &r, argc, argv))
		return EXIT_USAGE;
	if (!changes_read(c, &r))
		return EXIT_ERROR;
	if (!r.objects.n) {
		diag_error(c->d, NULL, NULL, "delete what? Name files with -f, or KIND NAME");
		return EXIT_USAGE;
	}
	ok = session_open(&s, c, r.dry_run ? STATE_READ : STATE_WRITE) &&
	     remove_found(&s, &r, &missing) && carry_out(&s, &r);
	session_close(&s);
	if (!ok)
		return EXIT_ERROR;
	changes_say(&r);
	for (size_t i = 0; !r.ignore_missing && i < missing.n; i++)
		not_found(c->d, missing.v[i]);
	return diag_errors(c->d) ? EXIT_ERROR : EXIT_OK;
}
