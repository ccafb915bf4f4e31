// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints as an API server keeps them: addresses that have the same ports are
 * a subset, and who is not ready stands apart. Who is about to go is left out.
 */
#include <stdlib.h>
#include "endpoints.h"
#include "schema.h"

struct part {			/* an address with one of its ports */
	const struct endpoint *e;
	size_t port;		/* which of the Service's */
};

struct host {			/* an address with all of them */
	const struct part *parts;
	size_t n;
};

static int text_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int host_cmp(const struct part *a, const struct part *b)
{
	int c = ip_cmp(&a->e->ip, &b->e->ip);

	if (!c)
		c = text_cmp(a->e->pod, b->e->pod);
	return c ? c : (int)a->e->ready - (int)b->e->ready;
}

static int port_cmp(const struct part *a, const struct part *b)
{
	int c = (a->port > b->port) - (a->port < b->port);

	return c ? c : (int)a->e->port - (int)b->e->port;
}

static int by_host(const void *x, const void *y)
{
	int c = host_cmp(x, y);

	return c ? c : port_cmp(x, y);
}

static int ports_cmp(const struct host *a, const struct host *b)
{
	int c = 0;

	for (size_t i = 0; !c && i < a->n && i < b->n; i++)
		c = port_cmp(&a->parts[i], &b->parts[i]);
	return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int by_ports(const void *x, const void *y)
{
	const struct host *a = x, *b = y;
	int c = ports_cmp(a, b);

	return c ? c : host_cmp(a->parts, b->parts);
}

static void collect_port(struct model *m, const struct service *svc, size_t port, int family,
			 struct part **v, size_t *n)
{
	struct endpoint_list l = model_endpoints(m, svc, &svc->ports[port], family, NULL);

	for (size_t i = 0; i < l.n; i++)
		if (l.v[i].ready || !l.v[i].terminating)
			*(struct part *)arena_push(m->a, v, n, sizeof(**v)) =
				(struct part){ &l.v[i], port };
}

static struct part *collect(struct model *m, const struct service *svc, size_t *n)
{
	struct part *v = NULL;

	for (size_t i = 0; i < svc->n_ports; i++)
		for (size_t f = 0; f < svc->ip_families.n; f++)
			collect_port(m, svc, i, family_parse(svc->ip_families.v[f]), &v, n);
	if (*n)
		qsort(v, *n, sizeof(*v), by_host);
	return v;
}

static struct host *hosts_of(struct model *m, const struct part *v, size_t n, size_t *n_hosts)
{
	struct host *hosts = NULL, *h = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!i || host_cmp(&v[i - 1], &v[i])) {
			h = arena_push(m->a, &hosts, n_hosts, sizeof(*h));
			h->parts = &v[i];
		}
		h->n++;
	}
	if (*n_hosts)
		qsort(hosts, *n_hosts, sizeof(*hosts), by_ports);
	return hosts;
}

static void add_address(struct model *m, struct ep_subset *s, const struct service *svc,
			const struct endpoint *e)
{
	struct ep_address *at = e->ready ?
		arena_push(m->a, &s->addresses, &s->n_addresses, sizeof(*at)) :
		arena_push(m->a, &s->not_ready, &s->n_not_ready, sizeof(*at));
	char ip[IP_STRLEN];

	at->ip = arena_strdup(m->a, ip_str(&e->ip, ip));
	at->hostname = e->hostname;
	at->node_name = e->node;
	if (e->pod)
		at->target = (struct target_ref){ .kind = "Pod", .ns = svc->meta.ns, .name = e->pod };
}

static void add_ports(struct model *m, struct ep_subset *s, const struct service *svc,
		      const struct host *h)
{
	s->ports = arena_alloc(m->a, h->n * sizeof(*s->ports));
	s->n_ports = h->n;
	for (size_t i = 0; i < h->n; i++) {
		const struct service_port *p = &svc->ports[h->parts[i].port];

		s->ports[i] = (struct ep_port){
			.name = p->name, .protocol = p->protocol, .app_protocol = p->app_protocol,
			.port = h->parts[i].e->port,
		};
	}
}

static struct endpoints *make(struct model *m, const struct service *svc,
			      const struct endpoints *old)
{
	struct endpoints *ep = arena_alloc(m->a, sizeof(*ep));
	struct ep_subset *s = NULL;
	size_t n = 0, n_hosts = 0;
	struct part *parts = collect(m, svc, &n);
	struct host *hosts = hosts_of(m, parts, n, &n_hosts);

	ep->meta = old ? old->meta : (struct object){
		.kind = KIND_ENDPOINTS, .api_version = schema_api(KIND_ENDPOINTS),
		.ns = svc->meta.ns, .name = svc->meta.name, .created = svc->meta.created,
		.labels = svc->meta.labels,
	};
	for (size_t i = 0; i < n_hosts; i++) {
		if (!i || ports_cmp(&hosts[i - 1], &hosts[i])) {
			s = arena_push(m->a, &ep->subsets, &ep->n_subsets, sizeof(*s));
			add_ports(m, s, svc, &hosts[i]);
		}
		add_address(m, s, svc, hosts[i].parts->e);
	}
	return ep;
}

const struct endpoints *model_endpoints_object(struct model *m, const struct service *svc)
{
	const struct endpoints *old =
		OBJ(endpoints, model_find(m, KIND_ENDPOINTS, svc->meta.ns, svc->meta.name));

	if (endpoints_by_hand(m, svc) || service_is_alias(svc))
		return old;
	return make(m, svc, old);
}
