// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "model_impl.h"
#include "show.h"
#include "unserved.h"

struct search {
	struct arena *a;
	const struct dp *dp;
	const struct dp_service *s;	/* the port in the family at hand */
	const char *list;
};

static bool holds(const struct dp_service *s, const struct ip *ip, int64_t port)
{
	for (size_t i = 0; i < s->n_frontends; i++)
		if (!ip_cmp(&s->frontends[i].ip, ip) && s->frontends[i].port == port)
			return true;
	return false;
}

static const struct dp_service *holder(const struct search *q, const struct ip *ip, int64_t port)
{
	for (size_t i = 0; i < q->dp->n_services; i++) {
		const struct dp_service *s = &q->dp->services[i];

		if (s->proto == q->s->proto && s->family == q->s->family && holds(s, ip, port))
			return s;
	}
	return NULL;
}

/* @ip of no family: a node port. @why: if no other Service has it. */
static void look(struct search *q, const struct ip *ip, int64_t port, const char *why)
{
	const struct dp_service *other;
	const char *what;

	if (port <= 0 || holds(q->s, ip, port))
		return;
	other = holder(q, ip, port);
	what = ip->family ? addr_port(q->a, ip, (uint16_t)port) :
			    arena_printf(q->a, "node port %d", (int)port);
	if (other)
		why = arena_printf(q->a, "held by Service %.*s", (int)strcspn(other->name, ":"),
				   other->name);
	q->list = join(q->a, q->list, arena_printf(q->a, "%s (%s)", what, why));
}

static void look_text(struct search *q, const char *text, int64_t port, const char *why)
{
	struct ip ip;

	if (ip_parse(text, &ip) && ip.family == q->s->family)
		look(q, &ip, port, why);
}

static void look_all(struct search *q, const struct service *svc, const struct service_port *p)
{
	static const struct ip nowhere;

	for (size_t i = 0; i < svc->cluster_ips.n; i++)
		look_text(q, svc->cluster_ips.v[i], p->port, "not known why");
	if (service_has_node_ports(svc))
		look(q, &nowhere, p->node_port, "not known why");
	for (size_t i = 0; i < svc->n_ingress; i++)
		if (svc->ingress[i].ip && !str_is(svc->ingress[i].ip_mode, "Proxy"))
			look_text(q, svc->ingress[i].ip, p->port, "not known why");
	for (size_t i = 0; i < svc->external_ips.n; i++)
		look_text(q, svc->external_ips.v[i], p->port, "outside --external-ips");
}

static int by_identity(const void *a, const void *b)
{
	return dp_service_cmp(a, b);
}

const char *unserved(struct arena *a, const struct dp *dp,
		     const struct service *svc, const struct service_port *port)
{
	struct search q = { .a = a, .dp = dp };
	struct dp_service key = {
		.name = arena_printf(a, "%s/%s:%s", svc->meta.ns, svc->meta.name,
				     port->name ? port->name : ""),
		.proto = proto_number(port->protocol),
	};

	for (size_t i = 0; i < svc->ip_families.n; i++) {
		key.family = (uint8_t)family_parse(svc->ip_families.v[i]);
		q.s = dp->n_services ? bsearch(&key, dp->services, dp->n_services,
					       sizeof(key), by_identity) : NULL;
		/* Headless, or another proxy's: nothing is to be served. */
		if (q.s)
			look_all(&q, svc, port);
	}
	return q.list;
}
