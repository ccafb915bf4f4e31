// SPDX-License-Identifier: GPL-2.0
#include "model_impl.h"

struct model *model_build(struct arena *a, const struct objects *known,
			  const struct objects *changes, const struct options *opt,
			  struct diag *d)
{
	unsigned int errors = diag_errors(d), most = errors + MODEL_ERRORS_MAX;
	struct model *m = arena_alloc(a, sizeof(*m));

	m->a = a;
	m->opt = opt;
	/* Names first: they are what the catalog sorts by. */
	for (size_t i = 0; changes && i < changes->n; i++)
		object_home(changes->v[i]);
	m->catalog = catalog_new(a, known, changes, d);
	for (size_t i = 0; i < m->catalog->n; i++) {
		struct catalog_entry *e = &m->catalog->v[i];

		if (e->was && e->obj->kind == KIND_SERVICE)
			overlay_service(a, OBJ(service, e->was), OBJ(service, e->obj));
		defaults_apply(a, opt, e->obj);
		if (e->changed && diag_errors(d) < most)
			check_object(m, e->obj, d);
	}
	conflict_check(m, most, d);
	if (diag_errors(d) >= most)
		diag_error(d, NULL, NULL, "more than %d errors: the rest was not looked at",
			   MODEL_ERRORS_MAX - 1);
	return diag_errors(d) == errors ? m : NULL;
}

void model_remember_node(struct model *m, struct object *node)
{
	m->node_was = node;
}

const struct node *model_node(const struct model *m, const char *name)
{
	struct object *o = name ? model_find(m, KIND_NODE, NULL, name) : NULL;

	if (!o && name && m->node_was && !strcmp(m->node_was->name, name))
		o = m->node_was;
	return OBJ(node, o);
}

static void cidrs_add(struct model *m, const struct prefix *p)
{
	*(struct prefix *)arena_push(m->a, &m->cidrs.v, &m->cidrs.n, sizeof(*p)) = *p;
}

struct prefixes model_service_cidrs(struct model *m)
{
	struct objects all = model_kind(m, KIND_SERVICE_CIDR);
	struct prefix p;

	if (m->has_cidrs)
		return m->cidrs;
	for (size_t i = 0; i < m->opt->service_cidrs.n; i++)
		cidrs_add(m, &m->opt->service_cidrs.v[i]);
	for (size_t i = 0; i < all.n; i++) {
		const struct service_cidr *c = OBJ(service_cidr, all.v[i]);

		for (size_t j = 0; j < c->cidrs.n; j++)
			if (prefix_parse(c->cidrs.v[j], &p))
				cidrs_add(m, &p);
	}
	m->has_cidrs = true;
	return m->cidrs;
}

void model_remove(struct model *m, enum kind k, const char *ns, const char *name)
{
	catalog_remove(m->catalog, k, ns, name);
	m->sources = NULL;
	m->cidrs = (struct prefixes){ 0 };
	m->has_cidrs = false;
}

struct object *model_find(const struct model *m, enum kind k, const char *ns, const char *name)
{
	return catalog_find(m->catalog, k, ns, name);
}

struct objects model_kind(const struct model *m, enum kind k)
{
	return catalog_kind(m->catalog, k);
}
