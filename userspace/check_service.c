// SPDX-License-Identifier: GPL-2.0
/*
 * What one Service says, checked against itself. Types, ranges and enumerations
 * were checked when it was read (schema.c); here fields meet each other.
 */
#include <stdio.h>
#include "model_impl.h"
#include "ranges.h"

#define FIELD_LEN 80

/* Beside these a service has a cluster IP and a node port. */
#define ADDRESSES_MAX (SVCNAT_FRONTENDS_MAX - 2)

struct check {
	struct model *m;
	const struct options *opt;
	const struct service *svc;
	struct diag *d;
	char field[FIELD_LEN];
};

static const char *port_field(struct check *c, size_t i, const char *what)
{
	snprintf(c->field, sizeof(c->field), "spec.ports[%zu].%s", i, what);
	return c->field;
}

static const char *element(struct check *c, const char *list, size_t i)
{
	snprintf(c->field, sizeof(c->field), "%s[%zu]", list, i);
	return c->field;
}

#define wrong(c, field, ...) diag_error((c)->d, &(c)->svc->meta.loc, (field), __VA_ARGS__)
/* @what: a member of service.at */
#define wrong_at(c, what, i, field, ...) \
	diag_error((c)->d, place_of(&(c)->svc->meta, &(c)->svc->at.what, (i)), (field), __VA_ARGS__)
#define wrong_port(c, i, what, ...) \
	diag_error((c)->d, &(c)->svc->ports[i].loc, port_field((c), (i), (what)), __VA_ARGS__)

static void address(struct check *c, const struct places *p, size_t i, const char *field,
		    const char *text)
{
	struct ip ip;
	const char *fault = ip_fault(text, &ip);

	if (fault)
		diag_error(c->d, place_of(&c->svc->meta, p, i), field, "%s %s", text, fault);
}

/* Ports */

static void port_name(struct check *c, size_t i)
{
	const char *name = c->svc->ports[i].name;
	const char *fault;

	if (!name || !*name) {
		if (c->svc->n_ports > 1)
			wrong_port(c, i, "name", "missing: with several ports each needs a name");
		return;
	}
	fault = label_fault(name);
	if (fault)
		wrong_port(c, i, "name", "%s %s", name, fault);
}

static void port_against_earlier(struct check *c, size_t i)
{
	const struct service_port *p = &c->svc->ports[i];

	for (size_t j = 0; j < i; j++) {
		const struct service_port *q = &c->svc->ports[j];

		if (p->name && *p->name && str_same(p->name, q->name))
			wrong_port(c, i, "name", "%s is the name of spec.ports[%zu] too: "
				   "give each port its own", p->name, j);
		if (!str_same(p->protocol, q->protocol))
			continue;
		if (p->port == q->port)
			wrong_port(c, i, "port", "%s port %d is spec.ports[%zu] too: expected each "
				   "port once a protocol", p->protocol, (int)p->port, j);
		if (p->node_port > 0 && p->node_port == q->node_port)
			wrong_port(c, i, "nodePort", "%s node port %d is that of spec.ports[%zu] "
				   "too: expected another one", p->protocol, (int)p->node_port, j);
	}
}

static void node_port(struct check *c, size_t i)
{
	const struct options *opt = c->opt;
	int port = (int)c->svc->ports[i].node_port;

	if (port <= 0)
		return;
	if (!service_has_node_ports(c->svc))
		wrong_port(c, i, "nodePort", "%d given for type %s: node ports need type NodePort "
			   "or LoadBalancer", port, c->svc->type);
	else if (!object_is_decided(&c->svc->meta) &&
		 (port < opt->nodeport_min || port > opt->nodeport_max))
		wrong_port(c, i, "nodePort", "%d is outside the node port range %u-%u: "
			   "expected a port in it, or another --nodeport-range", port,
			   opt->nodeport_min, opt->nodeport_max);
}

/* Against the node port range, and the Service's own node ports. */
static void health_port(struct check *c)
{
	const struct service *svc = c->svc;
	const char *field = "spec.healthCheckNodePort";
	int port = (int)svc->health_check_node_port;

	if (port <= 0 || object_is_decided(&svc->meta))
		return;
	if (!service_has_health_port(svc)) {
		wrong_at(c, health_check_node_port, 0, field, "%d given, but only a LoadBalancer "
			 "with externalTrafficPolicy Local has one: remove it", port);
		return;
	}
	if (port < c->opt->nodeport_min || port > c->opt->nodeport_max)
		wrong_at(c, health_check_node_port, 0, field, "%d is outside the node port range "
			 "%u-%u: expected a port in it, or another --nodeport-range", port,
			 c->opt->nodeport_min, c->opt->nodeport_max);
	for (size_t i = 0; i < svc->n_ports; i++)
		if (svc->ports[i].node_port == port && str_is(svc->ports[i].protocol, "TCP"))
			wrong_at(c, health_check_node_port, 0, field, "%d is the node port of "
				 "spec.ports[%zu] too: expected another one", port, i);
}

static void ports(struct check *c)
{
	const struct service *svc = c->svc;

	if (!svc->n_ports && !service_is_headless(svc) && !service_is_alias(svc))
		wrong(c, "spec.ports", "missing: a Service needs a port, unless it is headless "
		      "(clusterIP: None) or an ExternalName");
	for (size_t i = 0; i < svc->n_ports; i++) {
		const struct service_port *p = &svc->ports[i];
		const char *fault = p->target_port.str ? port_name_fault(p->target_port.str) : NULL;

		if (p->port <= 0)
			wrong_port(c, i, "port", "missing: expected 1 to 65535");
		if (fault)
			wrong_port(c, i, "targetPort", "%s %s", p->target_port.str, fault);
		port_name(c, i);
		port_against_earlier(c, i);
		node_port(c, i);
	}
}

/* Cluster IPs and families */

static void families(struct check *c)
{
	const struct strings *f = &c->svc->ip_families;

	if (f->n > 2)
		wrong_at(c, ip_families, 2, "spec.ipFamilies", "%zu families: there are two, "
			 "IPv4 and IPv6", f->n);
	else if (f->n == 2 && str_same(f->v[0], f->v[1]))
		wrong_at(c, ip_families, 1, "spec.ipFamilies", "%s twice: expected one of each family", f->v[0]);
	else if (f->n == 2 && str_is(c->svc->ip_family_policy, "SingleStack"))
		wrong(c, "spec.ipFamilyPolicy", "SingleStack with two families: expected "
		      "PreferDualStack or RequireDualStack, or one family");
}

static void cluster_ip(struct check *c, size_t i)
{
	const struct service *svc = c->svc;
	const char *text = svc->cluster_ips.v[i];
	/* clusterIP stands for clusterIPs[0]: named is what was written. */
	bool single = !i && !svc->at.cluster_ips.n;
	const char *field = single ? "spec.clusterIP" : element(c, "spec.clusterIPs", i);
	const struct loc *loc = single ? place_of(&svc->meta, &svc->at.cluster_ip, 0) :
				place_of(&svc->meta, &svc->at.cluster_ips, i);
	struct prefixes cidrs = model_service_cidrs(c->m);
	struct ip ip;
	const char *fault = ip_fault(text, &ip);

	if (fault)
		diag_error(c->d, loc, field, "%s %s", text, fault);
	else if (i >= svc->ip_families.n)
		diag_error(c->d, loc, field, "%s is one more than ipFamilies has: expected an "
			   "address a family", text);
	else if (family_parse(svc->ip_families.v[i]) != ip.family)
		diag_error(c->d, loc, field, "%s is not an %s address: expected one, as "
			   "ipFamilies[%zu] says", text, svc->ip_families.v[i], i);
	else if (!object_is_decided(&svc->meta) && cidrs.n && !prefixes_cover(&cidrs, &ip))
		diag_warn(c->d, loc, field, "%s is outside the service CIDRs: no machine and no Pod "
			  "may have this address", text);
}

static void cluster_ips(struct check *c)
{
	const struct service *svc = c->svc;
	const struct strings *ips = &svc->cluster_ips;

	if (ips->n && !str_same(svc->cluster_ip, ips->v[0])) {
		wrong_at(c, cluster_ip, 0, "spec.clusterIP", "%s differs from "
			 "clusterIPs[0], %s: expected the same", svc->cluster_ip, ips->v[0]);
		return;
	}
	for (size_t i = 0; i < ips->n; i++) {
		bool none = str_is(ips->v[i], "None");

		if (none && ips->n > 1)
			wrong_at(c, cluster_ips, i, element(c, "spec.clusterIPs", i), "None "
				 "beside addresses: expected None alone (headless) or addresses only");
		else if (!none)
			cluster_ip(c, i);
	}
	if (service_is_headless(svc) && service_has_node_ports(svc))
		wrong_at(c, cluster_ip, 0, "spec.clusterIP", "None with type %s: a "
			 "headless Service has no address to balance, use type ClusterIP", svc->type);
}

static void alias(struct check *c)
{
	const struct service *svc = c->svc;
	const char *name = svc->external_name;
	size_t len = name ? strlen(name) : 0;
	char host[256];

	if (!len) {
		wrong(c, "spec.externalName", "missing: type ExternalName needs the name it "
		      "stands for");
	} else {
		len -= name[len - 1] == '.';
		snprintf(host, sizeof(host), "%.*s", (int)(len < 255 ? len : 255), name);
		if (domain_fault(host))
			wrong_at(c, external_name, 0, "spec.externalName", "%s %s", name,
				 domain_fault(host));
	}
	if ((svc->cluster_ip && *svc->cluster_ip) || svc->cluster_ips.n)
		wrong_at(c, cluster_ip, 0, "spec.clusterIP", "given for type ExternalName, which "
			 "has no address: remove it");
	if (svc->selector.n)
		diag_warn(c->d, &svc->meta.loc, "spec.selector",
			  "ignored: an ExternalName stands for a name, not for Pods");
}

/* Addresses from outside */

static void source_ranges(struct check *c)
{
	const struct strings *list = &c->svc->source_ranges;
	size_t n[2] = { 0, 0 };		/* IPv4, IPv6 */

	for (size_t i = 0; i < list->n; i++) {
		const char *field = element(c, "spec.loadBalancerSourceRanges", i);
		struct prefix p;

		if (!range_parse(list->v[i], &p))
			wrong_at(c, source_ranges, i, field, "%s is not a CIDR: expected one such "
				 "as 192.0.2.0/24", list->v[i]);
		else if (++n[p.ip.family == AF_INET6] == SVCNAT_RANGES_MAX + 1)
			wrong_at(c, source_ranges, i, field, "%s is one more %s range than the %d a "
				 "Service may have: expected fewer and wider ones", list->v[i],
				 family_name(p.ip.family), SVCNAT_RANGES_MAX);
	}
}

static void outside(struct check *c)
{
	const struct service *svc = c->svc;
	size_t n = svc->external_ips.n + svc->n_ingress;
	static const struct places nowhere;

	for (size_t i = 0; i < svc->external_ips.n; i++)
		address(c, &svc->at.external_ips, i, element(c, "spec.externalIPs", i),
			svc->external_ips.v[i]);
	for (size_t i = 0; i < svc->n_ingress; i++)
		if (svc->ingress[i].ip)
			address(c, &nowhere, 0, element(c, "status.loadBalancer.ingress", i),
				svc->ingress[i].ip);
	if (n > ADDRESSES_MAX)
		wrong_at(c, external_ips, 0, "spec.externalIPs", "%zu external and load balancer addresses: "
		      "at most %d are possible", n, ADDRESSES_MAX);
	if (svc->load_balancer_ip && *svc->load_balancer_ip)
		address(c, &svc->at.load_balancer_ip, 0, "spec.loadBalancerIP",
			svc->load_balancer_ip);
	source_ranges(c);
}

/* Fields that say nothing for a Service like this; an API server refuses them likewise. */
static void out_of_place(struct check *c)
{
	const struct service *svc = c->svc;
	const char *wish = svc->traffic_distribution;

	if (object_is_decided(&svc->meta))
		return;
	if (wish && *wish && !str_is(wish, "PreferClose") && !str_is(wish, "PreferSameZone") &&
	    !str_is(wish, "PreferSameNode"))
		wrong(c, "spec.trafficDistribution", "%s is not known: expected PreferSameZone "
		      "(or PreferClose, its old name) or PreferSameNode", wish);
	if (svc->source_ranges.n && !service_is_lb(svc))
		wrong_at(c, source_ranges, 0, "spec.loadBalancerSourceRanges", "given for type %s: "
			 "source ranges need type LoadBalancer", svc->type);
	if (svc->external_traffic_policy && !service_has_node_ports(svc) && !svc->external_ips.n)
		wrong(c, "spec.externalTrafficPolicy", "given for type %s without externalIPs, "
		      "which nobody reaches from outside: remove it", svc->type);
	if (svc->affinity_timeout >= 0 && !str_is(svc->session_affinity, "ClientIP"))
		wrong(c, "spec.sessionAffinityConfig", "given without affinity: expected "
		      "sessionAffinity ClientIP beside it");
}

void check_service(struct model *m, const struct service *svc, struct diag *d)
{
	struct check c = { .m = m, .opt = m->opt, .svc = svc, .d = d };

	ports(&c);
	check_labels(&svc->meta, &svc->selector, &svc->at.selector, "spec.selector", d);
	if (service_is_alias(svc)) {
		alias(&c);
		return;
	}
	families(&c);
	cluster_ips(&c);
	outside(&c);
	out_of_place(&c);
	health_port(&c);
}
