// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "services.h"
#include "svcnat.h"

#define HASH_INIT 2166136261u

/* FNV-1a, gone on with. */
static uint32_t hash(uint32_t h, const struct nlattr *a)
{
	const unsigned char *p = a ? nla_data(a) : NULL;

	for (int i = 0; a && i < nla_len(a); i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}

static struct nlattr *inside(const struct nlattr *nest, int type)
{
	return nla_find(nla_data(nest), nla_len(nest), type);
}

/* Over NAME, FAMILY and PROTO. */
static uint32_t identity(const struct nlattr *nest)
{
	uint32_t h = HASH_INIT;

	for (int type = SVCNAT_SERVICE_A_NAME; type <= SVCNAT_SERVICE_A_PROTO; type++)
		h = hash(h, inside(nest, type));
	return h;
}

bool continues(const struct nlattr *svc)
{
	struct nlattr *a = inside(svc, SVCNAT_SERVICE_A_FLAGS);

	return a && (nla_get_u32(a) & SVCNAT_SERVICE_F_CONTINUE);
}

uint32_t count(const struct nlattr *svc, int type)
{
	struct nlattr *a;
	uint32_t n = 0;
	int rem;

	nla_for_each_nested(a, svc, rem)
		n += nla_type(a) == type;
	return n;
}

/* The kernel knows how many it has; so do we, without counting anew. */
static void tally(struct list *l, const struct nlattr *svc, int sign)
{
	l->services += (uint32_t)(sign * !continues(svc));
	l->backends += (uint32_t)sign * count(svc, SVCNAT_SERVICE_A_BACKEND);
}

struct nlattr *attr_copy(const struct nlattr *a)
{
	return memcpy(malloc(NLA_ALIGN(a->nla_len)), a, a->nla_len);
}

void list_add(struct list *l, const struct nlattr *a)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = (struct record) {
		hash(HASH_INIT, inside(a, SVCNAT_SERVICE_A_NAME)), identity(a), attr_copy(a),
	};
	tally(l, a, 1);
}

void list_clear(struct list *l)
{
	while (l->n)
		free(l->v[--l->n].attr);
	l->services = l->backends = 0;
}

void list_drop(struct list *l, struct nlattr *a)
{
	uint32_t id = identity(a);
	size_t kept = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (l->v[i].identity != id) {
			l->v[kept++] = l->v[i];
			continue;
		}
		tally(l, l->v[i].attr, -1);
		free(l->v[i].attr);
	}
	l->n = kept;
}

size_t list_next(const struct list *l, const struct nlattr *name, size_t i)
{
	uint32_t h = hash(HASH_INIT, name);

	for (; i < l->n; i++) {
		const struct nlattr *own;

		if (l->v[i].name != h)
			continue;
		own = inside(l->v[i].attr, SVCNAT_SERVICE_A_NAME);
		if (own->nla_len == name->nla_len &&
		    !memcmp(nla_data(own), nla_data(name), (size_t)nla_len(name)))
			break;
	}
	return i;
}

/* A service with its continuations, which follow it. */
struct run {
	struct record *first, *end;
};

static struct run run_at(const struct list *l, size_t i)
{
	struct run r = { l->v + i, l->v + i + 1 };

	while (r.end < l->v + l->n && continues(r.end->attr))
		r.end++;
	return r;
}

static struct run run_find(const struct list *l, uint32_t id)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].identity == id)
			return run_at(l, i);
	return (struct run) { NULL, NULL };
}

static uint32_t run_count(struct run r, int type)
{
	uint32_t n = 0;

	for (; r.first < r.end; r.first++)
		n += count(r.first->attr, type);
	return n;
}

static bool has(struct run r, const struct nlattr *what)
{
	struct nlattr *a;
	int rem;

	for (; r.first < r.end; r.first++)
		nla_for_each_nested(a, r.first->attr, rem)
			if (a->nla_len == what->nla_len && !memcmp(a, what, what->nla_len))
				return true;
	return false;
}

/* How many of @r's attributes of that type @other has as well. */
static uint32_t shared(struct run r, struct run other, int type)
{
	struct nlattr *a;
	uint32_t n = 0;
	int rem;

	for (; r.first < r.end; r.first++)
		nla_for_each_nested(a, r.first->attr, rem)
			n += nla_type(a) == type && has(other, a);
	return n;
}

/* False: the same as before. */
static bool compare(struct run was, struct run new, struct change *c)
{
	const int backend = SVCNAT_SERVICE_A_BACKEND, frontend = SVCNAT_SERVICE_A_FRONTEND;
	uint32_t kept = shared(new, was, backend), same = shared(new, was, frontend);

	*c = (struct change) {
		.what = was.first ? SVCNAT_EVENT_CHANGED : SVCNAT_EVENT_ADDED,
		.svc = new.first->attr,
		.added = run_count(new, backend) - kept,
		.removed = run_count(was, backend) - kept,
	};
	return !was.first || c->added || c->removed || same != run_count(new, frontend) ||
	       same != run_count(was, frontend) ||
	       shared(new, was, SVCNAT_SERVICE_A_SCHED) != run_count(was, SVCNAT_SERVICE_A_SCHED);
}

struct change *changes_find(const struct list *now, const struct list *staged, bool replace,
			    size_t *n)
{
	struct change *v = malloc((now->n + staged->n + 1) * sizeof(*v));
	size_t i;

	*n = 0;
	for (i = 0; i < staged->n; i++) {
		struct record *r = &staged->v[i];
		struct run was = run_find(now, r->identity);

		if (nla_type(r->attr) == SVCNAT_A_REMOVE)
			v[(*n)++] = (struct change) { SVCNAT_EVENT_REMOVED, r->attr, 0,
						      run_count(was, SVCNAT_SERVICE_A_BACKEND) };
		else if (!continues(r->attr))
			*n += compare(was, run_at(staged, i), &v[*n]);
	}
	for (i = 0; replace && i < now->n; i++) {
		struct record *r = &now->v[i];

		if (!continues(r->attr) && !run_find(staged, r->identity).first)
			v[(*n)++] = (struct change) { SVCNAT_EVENT_REMOVED, r->attr, 0,
				run_count(run_at(now, i), SVCNAT_SERVICE_A_BACKEND) };
	}
	return v;
}
