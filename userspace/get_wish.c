// SPDX-License-Identifier: GPL-2.0
/* What is asked for: TYPE[,TYPE] [NAME...] or TYPE/NAME... */
#define _GNU_SOURCE
#include <string.h>

#include "get.h"
#include "show.h"

static bool usage(struct request *r, const char *word, const char *why)
{
	diag_error(r->cli->d, NULL, NULL, "%s: \"%s\" %s", r->cli->verb, word, why);
	return false;
}

/* The wish for things of that type, a new one if there is none yet. */
static struct wish *wish_of(struct request *r, const char *type)
{
	const struct view *v = view_of(type);
	struct wish *w;

	if (!v) {
		usage(r, type, "is no kind of object: expected " VIEW_WORDS);
		return NULL;
	}
	for (size_t i = 0; i < r->n_wishes; i++)
		if (r->wishes[i].view == v)
			return &r->wishes[i];
	w = arena_push(r->cli->a, &r->wishes, &r->n_wishes, sizeof(*w));
	w->view = v;
	return w;
}

static void add_name(struct request *r, struct wish *w, const char *name)
{
	*(const char **)arena_push(r->cli->a, &w->names, &w->n_names, sizeof(*w->names)) = name;
}

/* TYPE/NAME */
static bool read_pairs(struct request *r, int n, char **v)
{
	for (int i = 0; i < n; i++) {
		char *type = arena_strdup(r->cli->a, v[i]), *slash = strchr(type, '/');
		struct wish *w;

		if (!slash || slash == type || !slash[1] || strchr(slash + 1, '/'))
			return usage(r, v[i], "is no TYPE/NAME, as the others are");
		*slash = '\0';
		w = wish_of(r, type);
		if (!w)
			return false;
		add_name(r, w, slash + 1);
	}
	return true;
}

static bool read_types(struct request *r, char *list)
{
	char *types = arena_strdup(r->cli->a, list), *save, *type;

	for (type = strtok_r(types, ",", &save); type; type = strtok_r(NULL, ",", &save))
		if (!wish_of(r, type))
			return false;
	return r->n_wishes || usage(r, list, "names no kind of object: expected " VIEW_WORDS);
}

static bool read_names(struct request *r, int n, char **v)
{
	for (int i = 0; i < n; i++) {
		if (strchr(v[i], '/'))
			return usage(r, v[i], "is no NAME: expected TYPE NAME... or TYPE/NAME...");
		for (size_t k = 0; k < r->n_wishes; k++)
			add_name(r, &r->wishes[k], v[i]);
	}
	return true;
}

bool wishes_read(struct request *r, int argc, char **argv)
{
	if (argc < 1) {
		diag_error(r->cli->d, NULL, NULL, "%s what? " VIEW_WORDS, r->cli->verb);
		return false;
	}
	if (strchr(argv[0], '/') ? !read_pairs(r, argc, argv) :
	    !read_types(r, argv[0]) || !read_names(r, argc - 1, argv + 1))
		return false;
	for (size_t i = 0; i < r->n_wishes; i++)
		if (r->n_wishes > 1 && r->wishes[i].view == &backends_view)
			return usage(r, "backends", "are the kernel's: ask for them alone");
	return true;
}

bool wishes_one(const struct request *r)
{
	return r->n_wishes == 1 && r->wishes[0].n_names == 1;
}

static void not_found(const struct request *r, const struct view *v, const char *name)
{
	if (v == &backends_view)
		not_in_kernel(r->cli->d, r->ns, name);
	else if (view_has_namespace(v))
		diag_error(r->cli->d, NULL, NULL, "%s \"%s\" not found in %s%s", v->word, name,
			   r->ns ? "namespace " : "any namespace", r->ns ? r->ns : "");
	else
		diag_error(r->cli->d, NULL, NULL, "%s \"%s\" not found", v->word, name);
}

bool wish_items(const struct request *r, const struct wish *w, bool say, struct items *out)
{
	bool all = true;

	if (!w->n_names)
		w->view->match(r, w->view, NULL, out);
	for (size_t i = 0; i < w->n_names; i++) {
		if (w->view->match(r, w->view, w->names[i], out))
			continue;
		if (say)
			not_found(r, w->view, w->names[i]);
		all = false;
	}
	return all;
}
