// SPDX-License-Identifier: GPL-2.0
/*
 * A manifest applied again does not name what was allocated the last time. Like
 * an API server on update, keep it wherever it still fits what is written now.
 */
#include "model_impl.h"

static bool wants_both_families(const struct service *svc)
{
	return svc->ip_families.n > 1 || str_is(svc->ip_family_policy, "PreferDualStack") ||
	       str_is(svc->ip_family_policy, "RequireDualStack");
}

/* May the @i-th address be @text, as far as families are written? */
static bool fits_family(const struct service *svc, size_t i, const char *text)
{
	struct ip ip;

	if (!ip_parse(text, &ip))	/* "None" was written, not allocated */
		return false;
	return i >= svc->ip_families.n || family_parse(svc->ip_families.v[i]) == ip.family;
}

static void addresses_keep(struct arena *a, const struct service *was, struct service *svc)
{
	size_t want = wants_both_families(svc) ? 2 : 1;
	const char **v = arena_alloc(a, 2 * sizeof(*v));
	size_t n = 0;

	for (; n < svc->cluster_ips.n && n < 2; n++)
		v[n] = svc->cluster_ips.v[n];
	if (!n && svc->cluster_ip && *svc->cluster_ip)
		v[n++] = svc->cluster_ip;
	/* The second address goes with the first: another first, another pair. */
	if (n && (!was->cluster_ips.n || strcmp(v[0], was->cluster_ips.v[0])))
		return;
	if (n >= want)
		return;
	for (; n < want && n < was->cluster_ips.n; n++) {
		if (!fits_family(svc, n, was->cluster_ips.v[n]))
			break;
		v[n] = was->cluster_ips.v[n];
	}
	if (!n)
		return;
	svc->cluster_ip = v[0];
	svc->cluster_ips = (struct strings){ v, n };
}

static bool same_protocol(const char *a, const char *b)
{
	return !strcmp(a ? a : "TCP", b ? b : "TCP");
}

static bool node_port_is_written(const struct service *svc, const char *protocol, int64_t port)
{
	for (size_t i = 0; i < svc->n_ports; i++)
		if (svc->ports[i].node_port == port &&
		    same_protocol(svc->ports[i].protocol, protocol))
			return true;
	return false;
}

static void node_ports_keep(const struct service *was, struct service *svc)
{
	for (size_t i = 0; i < svc->n_ports; i++) {
		struct service_port *p = &svc->ports[i];

		if (p->node_port > 0)
			continue;
		for (size_t j = 0; j < was->n_ports; j++) {
			const struct service_port *old = &was->ports[j];

			if (old->port == p->port && same_protocol(old->protocol, p->protocol) &&
			    old->node_port > 0 &&
			    !node_port_is_written(svc, p->protocol, old->node_port))
				p->node_port = old->node_port;
		}
	}
}

/* Status is not the manifest's to write; a newly wished address ends it. */
static void ingress_keep(const struct service *was, struct service *svc)
{
	bool fits = !svc->load_balancer_ip;

	if (svc->n_ingress || !str_same(svc->load_balancer_class, was->load_balancer_class))
		return;
	for (size_t i = 0; i < was->n_ingress && !fits; i++)
		fits = str_is(was->ingress[i].ip, svc->load_balancer_ip);
	if (!fits)
		return;
	svc->ingress = was->ingress;
	svc->n_ingress = was->n_ingress;
}

void overlay_service(struct arena *a, const struct service *was, struct service *svc)
{
	if (!svc->meta.created)
		svc->meta.created = was->meta.created;
	if (service_is_alias(svc))
		return;
	if (!service_is_headless(svc))
		addresses_keep(a, was, svc);
	if (service_has_node_ports(svc))
		node_ports_keep(was, svc);
	if (service_has_health_port(svc) && svc->health_check_node_port <= 0)
		svc->health_check_node_port = was->health_check_node_port;
	if (service_is_lb(svc))
		ingress_keep(was, svc);
}
