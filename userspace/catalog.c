// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "catalog.h"

#define TWICE_MAX 20	/* a file given twice needs no longer list */

static int text_cmp(const char *a, const char *b)
{
	if (a == b)
		return 0;
	return strcmp(a ? a : "", b ? b : "");
}

static int object_cmp(const struct object *a, const struct object *b)
{
	int c = text_cmp(a->ns, b->ns);

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return c ? c : text_cmp(a->name, b->name);
}

static int object_cmp_p(const void *a, const void *b)
{
	return object_cmp(*(struct object *const *)a, *(struct object *const *)b);
}

/*
 * A sorted copy. Lists come a kind at a time and sorted inside, from an API
 * server and from the state: after dealing them out by kind little is left.
 */
static struct object **sorted(struct arena *a, const struct objects *in)
{
	struct object **v = arena_alloc(a, in->n * sizeof(*v));
	size_t at[KIND_MAX + 1] = { 0 };

	for (size_t i = 0; i < in->n; i++)
		at[in->v[i]->kind + 1]++;
	for (size_t k = 1; k < KIND_MAX; k++)
		at[k] += at[k - 1];
	for (size_t i = 0; i < in->n; i++)
		v[at[in->v[i]->kind]++] = in->v[i];
	for (size_t i = 1; i < in->n; i++) {
		if (object_cmp(v[i - 1], v[i]) > 0) {
			qsort(v, in->n, sizeof(*v), object_cmp_p);
			break;
		}
	}
	return v;
}

static void twice(struct diag *d, const struct object *a, const struct object *b)
{
	const struct object *one = a, *two = b;

	/* qsort() does not keep the order of equals: name the later one. */
	if (a->loc.line > b->loc.line && a->loc.file == b->loc.file) {
		one = b;
		two = a;
	}
	diag_error(d, &two->loc, "metadata.name",
		   "%s %s%s%s is already at %s:%u: give each object once, remove one of the two",
		   kind_name(two->kind), two->ns ? two->ns : "", two->ns ? "/" : "",
		   two->name ? two->name : "without a name",
		   one->loc.file ? one->loc.file : "the input", one->loc.line);
}

static void add(struct catalog *c, struct object *obj, struct object *was, bool changed)
{
	c->v[c->n] = (struct catalog_entry){ .obj = obj, .was = was, .changed = changed };
	c->objects[c->n++] = obj;
}

/* Two sorted lists into one; of equals the change stays and remembers the other. */
static void merge(struct catalog *c, struct object **k, size_t n_known, struct object **v,
		  size_t n_changes, struct diag *d)
{
	unsigned int most = diag_errors(d) + TWICE_MAX;
	size_t i = 0, j = 0;

	while (i < n_known || j < n_changes) {
		int cmp = i == n_known ? 1 : j == n_changes ? -1 : object_cmp(k[i], v[j]);

		if (cmp < 0) {
			add(c, k[i++], NULL, false);
			continue;
		}
		if (!j || object_cmp(v[j - 1], v[j]))
			add(c, v[j], cmp ? NULL : k[i], true);
		else if (diag_errors(d) < most)
			twice(d, v[j - 1], v[j]);
		i += !cmp;
		j++;
	}
}

static void kinds_find(struct catalog *c)
{
	size_t i = 0;

	for (int k = 0; k <= KIND_MAX; k++) {
		while (i < c->n && c->objects[i]->kind < (enum kind)k)
			i++;
		c->first[k] = i;
	}
}

struct catalog *catalog_new(struct arena *a, const struct objects *known,
			    const struct objects *changes, struct diag *d)
{
	static const struct objects none;
	struct catalog *c = arena_alloc(a, sizeof(*c));
	size_t most;

	if (!known)
		known = &none;
	if (!changes)
		changes = &none;
	most = known->n + changes->n;
	c->v = arena_alloc(a, most * sizeof(*c->v));
	c->objects = arena_alloc(a, most * sizeof(*c->objects));
	c->gone = arena_alloc(a, most * sizeof(*c->gone));
	merge(c, sorted(a, known), known->n, sorted(a, changes), changes->n, d);
	kinds_find(c);
	return c;
}

/* First at or after @key in the range of its kind. */
static size_t lower_bound(const struct catalog *c, const struct object *key)
{
	size_t lo = c->first[key->kind], hi = c->first[key->kind + 1];

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (object_cmp(c->objects[mid], key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Its place, or c->n. */
static size_t place(const struct catalog *c, enum kind k, const char *ns, const char *name)
{
	struct object key = { .kind = k, .ns = ns, .name = name };
	size_t i = lower_bound(c, &key);

	if (i == c->first[k + 1] || object_cmp(c->objects[i], &key) || c->gone[i])
		return c->n;
	return i;
}

struct object *catalog_find(const struct catalog *c, enum kind k, const char *ns,
			    const char *name)
{
	size_t i = place(c, k, ns, name);

	return i < c->n ? c->objects[i] : NULL;
}

void catalog_remove(struct catalog *c, enum kind k, const char *ns, const char *name)
{
	size_t i = place(c, k, ns, name);

	if (i == c->n)
		return;
	c->gone[i] = true;
	c->holes = true;
}

/* Removing many costs one pass, not one each. */
static void close_holes(struct catalog *c)
{
	size_t n = 0;

	if (!c->holes)
		return;
	for (size_t i = 0; i < c->n; i++) {
		if (c->gone[i])
			continue;
		c->v[n] = c->v[i];
		c->objects[n++] = c->objects[i];
	}
	memset(c->gone, 0, c->n * sizeof(*c->gone));
	c->n = n;
	c->holes = false;
	kinds_find(c);
}

struct objects catalog_kind(struct catalog *c, enum kind k)
{
	close_holes(c);
	return (struct objects){ c->objects + c->first[k], c->first[k + 1] - c->first[k] };
}

struct objects catalog_namespace(struct catalog *c, enum kind k, const char *ns)
{
	struct object key = { .kind = k, .ns = ns };
	size_t first, end, hi;

	close_holes(c);
	first = lower_bound(c, &key);
	for (end = first, hi = c->first[k + 1]; end < hi;) {
		size_t mid = end + (hi - end) / 2;

		if (text_cmp(c->objects[mid]->ns, ns) <= 0)
			end = mid + 1;
		else
			hi = mid;
	}
	return (struct objects){ c->objects + first, end - first };
}
