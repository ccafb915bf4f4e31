// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include "addrmap.h"
#include "resolve.h"

void resolve_warn(const struct service *svc, const char *field, struct diag *d,
		  const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!svc->meta.loc.file)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	diag_warn(d, &svc->meta.loc, field, "%s", text);
}

static void add(struct dp_service *s, enum svcnat_frontend_kind kind, const struct ip *ip,
		int64_t port, bool local)
{
	struct dp_frontend *fe = &s->frontends[s->n_frontends++];

	*fe = (struct dp_frontend){ .kind = kind, .port = (uint16_t)port };
	if (ip)
		fe->ip = *ip;
	if (local)
		fe->flags = SVCNAT_FRONTEND_F_LOCAL;
}

static void add_cluster_ip(const struct service *svc, int64_t port, struct dp_service *s)
{
	struct ip ip;

	for (size_t i = 0; i < svc->cluster_ips.n; i++)
		if (ip_parse(svc->cluster_ips.v[i], &ip) && ip.family == s->family)
			add(s, SVCNAT_FRONTEND_CLUSTER_IP, &ip, port,
			    str_is(svc->internal_traffic_policy, "Local"));
}

static void add_load_balancer(const struct service *svc, int64_t port, bool local,
			      struct dp_service *s)
{
	struct ip ip;

	for (size_t i = 0; service_is_lb(svc) && i < svc->n_ingress; i++) {
		const struct ingress_ip *in = &svc->ingress[i];

		if (ip_parse(in->ip, &ip) && ip.family == s->family &&
		    !str_is(in->ip_mode, "Proxy"))
			add(s, SVCNAT_FRONTEND_LOAD_BALANCER, &ip, port, local);
	}
}

static void add_external_ips(const struct options *opt, const struct service *svc, int64_t port,
			     bool local, struct dp_service *s)
{
	struct ip ip;

	for (size_t i = 0; i < svc->external_ips.n; i++)
		if (ip_parse(svc->external_ips.v[i], &ip) && ip.family == s->family &&
		    prefixes_cover(&opt->external_ips, &ip))
			add(s, SVCNAT_FRONTEND_EXTERNAL_IP, &ip, port, local);
}

/*
 * A handful: insertion sort. The same address twice in one Service is one
 * frontend, of the kind that comes first.
 */
static void sort_unique(struct dp_service *s)
{
	struct dp_frontend *v = s->frontends;
	size_t n = 0;

	for (size_t i = 0; i < s->n_frontends; i++) {
		struct dp_frontend fe = v[i];
		bool twice = false;
		size_t at = n;

		for (size_t j = 0; j < n; j++)
			twice |= !ip_cmp(&v[j].ip, &fe.ip);
		if (twice)
			continue;
		for (; at && dp_frontend_cmp(&v[at - 1], &fe) > 0; at--)
			v[at] = v[at - 1];
		v[at] = fe;
		n++;
	}
	s->n_frontends = n;
}

void frontends_make(struct model *m, const struct service *svc, const struct service_port *port,
		    struct dp_service *s)
{
	size_t most = svc->cluster_ips.n + 1 + svc->n_ingress + svc->external_ips.n;
	bool local = str_is(svc->external_traffic_policy, "Local");

	s->frontends = arena_alloc(m->a, most * sizeof(*s->frontends));
	add_cluster_ip(svc, port->port, s);
	if (service_has_node_ports(svc) && port->node_port > 0)
		add(s, SVCNAT_FRONTEND_NODE_PORT, NULL, port->node_port, local);
	add_load_balancer(svc, port->port, local, s);
	add_external_ips(m->opt, svc, port->port, local, s);
	sort_unique(s);
}

/* One frontend while equals are looked for. */
struct claim {
	const struct service *svc;
	struct dp_service *s;
	struct dp_frontend *fe;
};

/* Before us in §1.1.11? Who does not say its age is from before ages were kept. */
static bool wins(const struct claim *a, const struct claim *b)
{
	const struct object *x = &a->svc->meta, *y = &b->svc->meta;
	int c;

	if (a->fe->kind != b->fe->kind)
		return a->fe->kind < b->fe->kind;
	if (!x->created != !y->created)
		return !x->created;
	c = x->created ? strcmp(x->created, y->created) : 0;
	if (!c)
		c = strcmp(x->ns, y->ns);
	return c ? c < 0 : strcmp(x->name, y->name) < 0;
}

static void lose(const struct claim *loser, const struct claim *winner, struct diag *d)
{
	const struct object *l = &loser->svc->meta, *w = &winner->svc->meta;
	char what[IP_STRLEN + 16];

	if (loser->fe->ip.family)
		ip_str(&loser->fe->ip, what);
	else
		snprintf(what, sizeof(what), "node port");
	if (l->loc.file || w->loc.file)
		diag_warn(d, l->loc.file ? &l->loc : &w->loc, NULL, "%s port %u of Service %s/%s "
			  "is held by Service %s/%s, which comes first: not programmed here", what,
			  loser->fe->port, l->ns, l->name, w->ns, w->name);
	loser->fe->port = 0;
}

static void settle_one(struct arena *a, struct addrmap *held, const struct claim *new,
		       struct diag *d)
{
	struct addr key = { .ip = new->fe->ip, .proto = new->s->proto, .port = new->fe->port };
	struct claim **slot, *kept;

	/* A node port has no address: its family stands for it. */
	if (!key.ip.family)
		key.ip.family = new->s->family;
	slot = (struct claim **)addrmap_at(held, &key);
	if (*slot && !wins(new, *slot)) {
		lose(new, *slot, d);
		return;
	}
	if (*slot)
		lose(*slot, new, d);
	kept = *slot ? *slot : arena_alloc(a, sizeof(*kept));
	*kept = *new;
	*slot = kept;
}

static void close_gaps(struct dp_service *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_frontends; i++)
		if (s->frontends[i].port)
			s->frontends[n++] = s->frontends[i];
	s->n_frontends = n;
}

void frontends_settle(struct arena *a, struct resolved *v, size_t n, struct diag *d)
{
	struct addrmap held;

	addrmap_init(&held, a);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < v[i].dp->n_frontends; j++)
			settle_one(a, &held, &(struct claim){ v[i].svc, v[i].dp,
							     &v[i].dp->frontends[j] }, d);
	for (size_t i = 0; i < n; i++)
		close_gaps(v[i].dp);
}
