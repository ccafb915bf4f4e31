// SPDX-License-Identifier: GPL-2.0
/* The types of objects: which there are, what their columns say. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "get.h"
#include "labels.h"
#include "pods.h"
#include "show.h"

static const char *age(struct arena *a, const struct object *o)
{
	struct tm tm = { 0 };
	double s;

	if (!o->created || !strptime(o->created, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "<unknown>";
	s = difftime(time(NULL), timegm(&tm));
	if (s < 120)
		return arena_printf(a, "%.0fs", s < 0 ? 0 : s);
	if (s < 7200)
		return arena_printf(a, "%.0fm", s / 60);
	return s < 172800 ? arena_printf(a, "%.0fh", s / 3600) : arena_printf(a, "%.0fd", s / 86400);
}

static const char *external_of(struct arena *a, const struct service *s)
{
	const char *list = s->external_name;
	size_t i;

	for (i = 0; i < s->n_ingress; i++)
		list = join(a, list, s->ingress[i].ip ? s->ingress[i].ip : s->ingress[i].hostname);
	for (i = 0; i < s->external_ips.n; i++)
		list = join(a, list, s->external_ips.v[i]);
	if (!list && service_is_lb(s))
		return "<pending>";
	return or_none(list);
}

static const char *ports_of(struct arena *a, const struct service *s)
{
	const char *list = NULL;

	for (size_t i = 0; i < s->n_ports; i++) {
		const struct service_port *p = &s->ports[i];

		list = join(a, list, p->node_port > 0 ?
			    arena_printf(a, "%lld:%lld/%s", (long long)p->port,
					 (long long)p->node_port, p->protocol) :
			    arena_printf(a, "%lld/%s", (long long)p->port, p->protocol));
	}
	return or_none(list);
}

static void service_row(const struct request *r, struct table *t, const void *thing)
{
	const struct service *s = thing;

	table_add(t, s->type);
	table_add(t, or_none(s->cluster_ip));
	table_add(t, external_of(t->a, s));
	table_add(t, ports_of(t->a, s));
	table_add(t, age(t->a, &s->meta));
	if (r->out == OUT_WIDE)
		table_add(t, or_none(join_pairs(t->a, &s->selector)));
}

/* Addresses that are ready with their ports, at most @max of them. */
static const char *ready_of(struct arena *a, const struct endpoints *ep, size_t max)
{
	struct strings list = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ep->n_subsets; i++) {
		const struct ep_subset *s = &ep->subsets[i];

		for (size_t p = 0; p < s->n_ports; p++) {
			for (size_t k = 0; k < s->n_addresses; k++) {
				struct ip ip;

				if (ip_parse(s->addresses[k].ip, &ip) && n++ < max)
					strings_add(a, &list, addr_port(a, &ip,
							(uint16_t)s->ports[p].port));
			}
		}
	}
	if (n > max)
		return arena_printf(a, "%s + %zu more...", join_all(a, &list), n - max);
	return or_none(join_all(a, &list));
}

static void endpoints_row(const struct request *r, struct table *t, const void *thing)
{
	const struct endpoints *ep = thing;

	table_add(t, ready_of(t->a, ep, r->out == OUT_WIDE ? SIZE_MAX : 3));
	table_add(t, age(t->a, &ep->meta));
}

static void pod_row(const struct request *r, struct table *t, const void *thing)
{
	const struct pod *p = thing;

	table_add(t, pod_is_ready(p) ? "yes" : "no");
	table_add(t, p->meta.deleted ? "Terminating" : p->phase ? p->phase : "Running");
	table_add(t, or_none(p->pod_ip ? p->pod_ip : p->n_pod_ips ? p->pod_ips[0].ip : NULL));
	table_add(t, or_none(p->node_name));
	if (r->out == OUT_WIDE)
		table_add(t, or_none(join_pairs(t->a, &p->meta.labels)));
}

static void slice_row(const struct request *r, struct table *t, const void *thing)
{
	const struct slice *s = thing;

	table_add(t, or_none(s->address_type));
	table_add(t, arena_printf(t->a, "%zu", s->n_endpoints));
	table_add(t, or_none(map_get(&s->meta.labels, LABEL_SERVICE_NAME)));
}

static void node_row(const struct request *r, struct table *t, const void *thing)
{
	const struct node *n = thing;
	const char *list = NULL;

	for (size_t i = 0; i < n->n_addresses; i++)
		if (str_is(n->addresses[i].type, "InternalIP"))
			list = join(t->a, list, n->addresses[i].address);
	table_add(t, or_none(list));
	table_add(t, or_none(map_get(&n->meta.labels, LABEL_ZONE)));
}

static void cidr_row(const struct request *r, struct table *t, const void *thing)
{
	const struct service_cidr *c = thing;

	table_add(t, or_none(join_all(t->a, &c->cidrs)));
	table_add(t, age(t->a, &c->meta));
}

static void no_row(const struct request *r, struct table *t, const void *thing)
{
}

static void put(struct sink *s, const void *thing)
{
	emit_object(s, thing);
}

static bool wanted(const struct request *r, const struct object *o, const char *name)
{
	return (!r->ns || !o->ns || !strcmp(o->ns, r->ns)) && (!name || !strcmp(o->name, name));
}

struct item *item_add(const struct request *r, struct items *list, const char *key,
		      const void *thing)
{
	struct item *item = arena_push(r->a, &list->v, &list->n, sizeof(*item));

	*item = (struct item){ .key = key, .thing = thing };
	return item;
}

static void object_add(const struct request *r, struct items *out, const struct object *o)
{
	item_add(r, out, arena_printf(r->a, "%s/%s", o->ns ? o->ns : "", o->name), o);
}

static bool object_match(const struct request *r, const struct view *v, const char *name,
			 struct items *out)
{
	struct objects all = model_kind(r->model, v->kind);
	size_t n = out->n;

	for (size_t i = 0; i < all.n; i++)
		if (wanted(r, all.v[i], name))
			object_add(r, out, all.v[i]);
	return out->n > n;
}

static int name_cmp(const struct object *a, const struct object *b)
{
	int c = strcmp(a->ns, b->ns);

	return c ? c : strcmp(a->name, b->name);
}

static const struct object *endpoints_of(const struct request *r, const struct object *svc)
{
	const struct endpoints *ep = model_endpoints_object(r->model, OBJ(service, svc));

	return ep ? &ep->meta : NULL;
}

/* Two lists, each sorted, as one: what there is of Services, and what belongs to none. */
static bool endpoints_match(const struct request *r, const struct view *v, const char *name,
			    struct items *out)
{
	struct objects svc = model_kind(r->model, KIND_SERVICE);
	struct objects own = model_kind(r->model, KIND_ENDPOINTS);
	size_t n = out->n, i = 0, k = 0;

	while (i < svc.n || k < own.n) {
		const struct object *a = i < svc.n ? svc.v[i] : NULL;
		const struct object *b = k < own.n ? own.v[k] : NULL;
		int c = a && b ? name_cmp(a, b) : a ? -1 : 1;
		const struct object *o = c <= 0 ? a : b;

		if (wanted(r, o, name)) {
			if (c <= 0)
				o = endpoints_of(r, a);
			if (o)
				object_add(r, out, o);
		}
		i += c <= 0;
		k += c >= 0;
	}
	return out->n > n;
}

static const struct view views[] = {
	{ "services", KIND_SERVICE, "TYPE CLUSTER-IP EXTERNAL-IP PORT(S) ~AGE |SELECTOR",
	  service_row, put, object_match },
	{ "endpoints", KIND_ENDPOINTS, "ENDPOINTS ~AGE", endpoints_row, put, endpoints_match },
	{ "pods", KIND_POD, "READY STATUS IP NODE |LABELS", pod_row, put, object_match },
	{ "endpointslices", KIND_SLICE, "ADDRESSTYPE ENDPOINTS SERVICE", slice_row, put, object_match },
	{ "nodes", KIND_NODE, "INTERNAL-IP ZONE", node_row, put, object_match },
	{ "namespaces", KIND_NAMESPACE, "", no_row, put, object_match },
	{ "servicecidrs", KIND_SERVICE_CIDR, "CIDRS ~AGE", cidr_row, put, object_match },
};

const struct view *view_of(const char *word)
{
	int kind = kind_from_word(word);

	if (!strcasecmp(word, "backends") || !strcasecmp(word, "backend"))
		return &backends_view;
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if ((int)views[i].kind == kind)
			return &views[i];
	return NULL;
}

bool view_has_namespace(const struct view *v)
{
	return v != &backends_view && kind_has_namespace(v->kind);
}
