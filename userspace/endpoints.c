// SPDX-License-Identifier: GPL-2.0
/*
 * Where endpoints come from, in this order: the Service's own slices; for one
 * without selector its Endpoints; else the Pods its selector matches.
 */
#include <stdlib.h>
#include <strings.h>
#include "annotation.h"
#include "endpoints.h"
#include "labels.h"
#include "sources.h"
#include "weights.h"

/* What is being collected. */
struct query {
	struct model *m;
	const struct service *svc;
	const struct service_port *port;
	int family;
	struct endpoint_buf *out;
	const struct sources *sources;
	struct weights weights;		/* by the Service's own annotation */
};

static struct endpoint *endpoint_add(struct query *q, const struct ip *ip, int64_t port)
{
	struct endpoint_buf *b = q->out;

	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 16;
		struct endpoint *v = arena_alloc(q->m->a, cap * sizeof(*v));

		if (b->n)
			memcpy(v, b->v, b->n * sizeof(*v));
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n] = (struct endpoint){ .ip = *ip, .port = (uint16_t)port };
	return &b->v[b->n++];
}

static bool is_local(const struct query *q, const char *node)
{
	return node && q->m->opt->node && !strcasecmp(node, q->m->opt->node);
}

static const char *target_pod(const struct target_ref *t)
{
	return str_is(t->kind, "Pod") ? t->name : NULL;
}

static struct weights weights_of(struct model *m, const struct object *o)
{
	const char *text = map_get(&o->annotations, ANNOTATION_WEIGHTS);
	struct weights w = { 0 };

	if (text && !weights_parse(m->a, text, &w))
		w.n = 0;
	return w;
}

/* What the Pod says, else the Service, else whoever lists the endpoint. */
static void weigh(const struct query *q, struct endpoint *e, const struct object *pod,
		  const struct weights *listed)
{
	int w = pod && q->sources->pods_weigh ? annotations_of(pod).weight : -1;

	if (w < 0)
		w = weights_find(&q->weights, &e->ip);
	if (w < 0 && listed)
		w = weights_find(listed, &e->ip);
	e->weight = w < 0 ? 1 : (uint32_t)w;
}

/* The same, of an endpoint that says by @t which Pod it is, in @ns if that does not. */
static void weigh_target(const struct query *q, struct endpoint *e, const struct target_ref *t,
			 const char *ns, const struct weights *listed)
{
	const char *name = q->sources->pods_weigh ? target_pod(t) : NULL;

	weigh(q, e, name ? model_find(q->m, KIND_POD, t->ns ? t->ns : ns, name) : NULL, listed);
}

static void from_slice(struct query *q, const struct slice *s)
{
	int64_t port = sources_port(q->port, s->ports, s->n_ports);
	struct weights listed;

	if (!port || family_parse(s->address_type) != q->family)
		return;
	listed = weights_of(q->m, &s->meta);
	for (size_t i = 0; i < s->n_endpoints; i++) {
		const struct slice_endpoint *se = &s->endpoints[i];
		struct endpoint *e;
		struct ip ip;

		if (!se->addresses.n || !ip_parse(se->addresses.v[0], &ip) ||
		    ip.family != q->family)
			continue;
		e = endpoint_add(q, &ip, port);
		e->ready = se->ready != TRI_FALSE;
		e->serving = se->serving != TRI_FALSE;
		e->terminating = se->terminating == TRI_TRUE;
		e->node = se->node_name;
		e->local = is_local(q, se->node_name);
		e->zone = se->zone;
		e->hostname = se->hostname;
		e->hint_zones = &se->hint_zones;
		e->hint_nodes = &se->hint_nodes;
		e->pod = target_pod(&se->target);
		weigh_target(q, e, &se->target, s->meta.ns, &listed);
	}
}

/* As the mirroring controller makes slices of them: nothing said about serving. */
static void from_addresses(struct query *q, const struct ep_address *v, size_t n, int64_t port,
			   bool ready, const struct weights *listed)
{
	for (size_t i = 0; i < n; i++) {
		struct endpoint *e;
		struct ip ip;

		if (!ip_parse(v[i].ip, &ip) || ip.family != q->family)
			continue;
		e = endpoint_add(q, &ip, port);
		e->ready = ready;
		e->serving = true;
		e->node = v[i].node_name;
		e->local = is_local(q, v[i].node_name);
		e->hostname = v[i].hostname;
		e->pod = target_pod(&v[i].target);
		weigh_target(q, e, &v[i].target, q->svc->meta.ns, listed);
	}
}

static void from_endpoints(struct query *q)
{
	const struct endpoints *ep = sources_endpoints(q->m, q->svc);
	struct weights listed;

	if (!ep)
		return;
	listed = weights_of(q->m, &ep->meta);
	for (size_t i = 0; i < ep->n_subsets; i++) {
		const struct ep_subset *s = &ep->subsets[i];
		int64_t port = sources_port(q->port, s->ports, s->n_ports);

		if (!port)
			continue;
		from_addresses(q, s->addresses, s->n_addresses, port, true, &listed);
		from_addresses(q, s->not_ready, s->n_not_ready, port, false, &listed);
	}
}

static int64_t target_port(const struct query *q, const struct pod *pod)
{
	const struct int_or_str *t = &q->port->target_port;

	return t->str ? pod_port(pod, t->str, q->port->protocol) : t->num;
}

static void hint(const struct service *svc, struct endpoint *e, const struct host *h)
{
	const char *wish = svc->traffic_distribution;
	bool node = str_is(wish, "PreferSameNode");

	if (!h || !e->ready)
		return;
	if (node)
		e->hint_nodes = &h->name_hint;
	if (node || str_is(wish, "PreferSameZone") || str_is(wish, "PreferClose"))
		e->hint_zones = &h->zone_hint;
}

static void from_pod(struct query *q, const struct pod_info *info, int64_t port)
{
	const struct pod *pod = info->pod;
	struct endpoint *e = endpoint_add(q, &info->ip[q->family == AF_INET6], port);

	e->serving = info->ready;
	e->terminating = pod->meta.deleted;
	e->ready = (e->serving && !e->terminating) || q->svc->publish_not_ready == TRI_TRUE;
	e->node = pod->node_name;
	e->local = info->host && info->host->local;
	e->zone = info->host ? info->host->zone : NULL;
	e->hostname = str_is(pod->subdomain, q->svc->meta.name) ? pod->hostname : NULL;
	e->pod = pod->meta.name;
	weigh(q, e, &pod->meta, NULL);
	hint(q->svc, e, info->host);
}

static void from_pods(struct query *q, struct diag *d)
{
	const struct pods *pods = sources_pods(q->m);
	const struct service *svc = q->svc;
	const uint32_t *found;
	bool matched = false, named = false;
	size_t n;

	found = pods_candidates(pods, svc->meta.ns, &svc->selector, &n);
	for (size_t i = 0; i < n; i++) {
		const struct pod_info *info = pods_get(pods, found[i]);
		int64_t port;

		if (info->gone || !pod_matches(info->pod, svc->meta.ns, &svc->selector))
			continue;
		port = target_port(q, info->pod);
		matched = true;
		named |= port > 0;
		if (port > 0 && info->ip[q->family == AF_INET6].family)
			from_pod(q, info, port);
	}
	if (d && matched && !named && q->port->loc.file)
		diag_warn(d, &q->port->loc, "spec.ports",
			  "Service %s/%s: no selected Pod has a %s port named %s: check targetPort "
			  "against the names of the containers' ports", svc->meta.ns,
			  svc->meta.name, q->port->protocol, q->port->target_port.str);
}

/* Of two that are one (§1.1.7): not terminating, ready, serving, then the first met. */
static bool better(const struct endpoint *a, const struct endpoint *b)
{
	if (a->terminating != b->terminating)
		return !a->terminating;
	if (a->ready != b->ready)
		return a->ready;
	return a->serving && !b->serving;
}

static int endpoint_cmp(const struct endpoint *a, const struct endpoint *b)
{
	int c = ip_cmp(&a->ip, &b->ip);

	return c ? c : (a->port > b->port) - (a->port < b->port);
}

static int by_address(const void *a, const void *b)
{
	const struct endpoint *x = a, *y = b;
	int c = endpoint_cmp(x, y);

	if (c)
		return c;
	if (better(x, y) != better(y, x))
		return better(x, y) ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static void merge(struct endpoint_buf *b)
{
	bool sorted = true;
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		b->v[i].order = (uint32_t)i;
		sorted = sorted && (!i || endpoint_cmp(&b->v[i - 1], &b->v[i]) < 0);
	}
	if (sorted)
		return;
	qsort(b->v, b->n, sizeof(*b->v), by_address);
	for (size_t i = 0; i < b->n; i++)
		if (!n || endpoint_cmp(&b->v[n - 1], &b->v[i]))
			b->v[n++] = b->v[i];
	b->n = n;
}

void endpoints_collect(struct model *m, const struct service *svc,
		       const struct service_port *port, int family, struct endpoint_buf *out,
		       struct diag *d)
{
	struct sources *s = sources_get(m);
	struct query q = {
		m, svc, port, family, out, s, weights_of(m, &svc->meta),
	};
	size_t n;
	const struct slice_ref *refs = sources_slices(s, svc, &n);

	out->n = 0;
	for (size_t i = 0; i < n; i++)
		from_slice(&q, refs[i].slice);
	if (!n && !svc->selector.n)
		from_endpoints(&q);
	else if (!n)
		from_pods(&q, d);
	merge(out);
}

bool endpoints_by_hand(struct model *m, const struct service *svc)
{
	size_t n;

	sources_slices(sources_get(m), svc, &n);
	return !n && !svc->selector.n;
}

struct endpoint_list model_endpoints(struct model *m, const struct service *svc,
				     const struct service_port *port, int family, struct diag *d)
{
	struct endpoint_buf b = { 0 };

	endpoints_collect(m, svc, port, family, &b, d);
	return (struct endpoint_list){ b.v, b.n };
}

static int by_ip(const void *a, const void *b)
{
	return ip_cmp(a, b);
}

size_t model_local_ready(struct model *m, const struct service *svc, int family)
{
	struct endpoint_buf b = { 0 };
	struct ip *v = NULL;
	size_t n = 0, distinct = 0;

	for (size_t i = 0; i < svc->n_ports; i++) {
		endpoints_collect(m, svc, &svc->ports[i], family, &b, NULL);
		for (size_t j = 0; j < b.n; j++)
			if (b.v[j].local && b.v[j].ready)
				*(struct ip *)arena_push(m->a, &v, &n, sizeof(*v)) = b.v[j].ip;
	}
	if (n)
		qsort(v, n, sizeof(*v), by_ip);
	for (size_t i = 0; i < n; i++)
		distinct += !i || ip_cmp(&v[i - 1], &v[i]);
	return distinct;
}

const char *model_zone(const struct model *m)
{
	const struct node *node = model_node(m, m->opt->node);

	return node ? map_get(&node->meta.labels, LABEL_ZONE) : NULL;
}
