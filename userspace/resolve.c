// SPDX-License-Identifier: GPL-2.0
/* Services with their endpoints → what the kernel should hold. */
#include <netinet/in.h>
#include <stdio.h>
#include "annotation.h"
#include "choose.h"
#include "endpoints.h"
#include "labels.h"
#include "ranges.h"
#include "resolve.h"

struct resolve {
	struct model *m;
	struct diag *d;
	struct dp *dp;
	struct resolved *from;		/* as long as dp->services */
	struct viewpoint view;
	const struct prefixes *machine;	/* its addresses, or NULL */
	struct prefixes node_addrs;
	struct annotations said;	/* by the Service at hand */
	struct endpoint_buf endpoints;	/* of the port at hand */
	uint32_t *chosen;		/* their flags */
	size_t n_chosen;
};

/* Ours to program, as kube-proxy sees it. */
static bool is_ours(const struct service *svc)
{
	return !service_is_alias(svc) && !service_is_headless(svc) &&
	       !map_get(&svc->meta.labels, LABEL_PROXY_NAME) &&
	       !map_get(&svc->meta.labels, LABEL_HEADLESS);
}

static uint32_t used_flags(const struct dp_service *s)
{
	uint32_t used = SVCNAT_BACKEND_F_CLUSTER;

	for (size_t i = 0; i < s->n_frontends; i++)
		if (s->frontends[i].flags & SVCNAT_FRONTEND_F_LOCAL)
			used |= SVCNAT_BACKEND_F_LOCAL;
	return used;
}

static void backends(struct resolve *r, struct dp_service *s)
{
	struct endpoint_list list = { r->endpoints.v, r->endpoints.n };
	uint32_t used = used_flags(s);

	if (list.n > r->n_chosen) {
		r->n_chosen = r->endpoints.cap;
		r->chosen = arena_alloc(r->m->a, r->n_chosen * sizeof(*r->chosen));
	}
	choose(&list, &r->view, r->chosen);
	s->backends = arena_alloc(r->m->a, list.n * sizeof(*s->backends));
	for (size_t i = 0; i < list.n; i++) {
		const struct endpoint *e = &list.v[i];

		if (!endpoint_serves(e))
			continue;
		s->backends[s->n_backends++] = (struct dp_backend){
			.ip = e->ip, .port = e->port, .flags = r->chosen[i] & used,
			.weight = r->chosen[i] & used ? e->weight : 1,
			.conn_limit = r->said.conn_limit,
		};
	}
}

/* Only TCP has handshakes that fail, only TCP and SCTP connections to end. */
static void settings(const struct annotations *said, const struct service *svc,
		     struct dp_service *s)
{
	s->sched = (uint8_t)said->sched;
	s->flags = said->flags;
	if (str_is(svc->session_affinity, "ClientIP"))
		s->affinity_seconds = (uint32_t)svc->affinity_timeout;
	if (s->proto != IPPROTO_UDP) {
		s->removal = (uint8_t)said->removal;
		s->drain_seconds = said->drain_seconds;
	}
	if (s->proto == IPPROTO_TCP) {
		s->eject_fails = said->eject_fails;
		s->eject_seconds = said->eject_seconds;
	}
}

static void port(struct resolve *r, const struct service *svc, const struct service_port *p,
		 int family, const char *name)
{
	struct dp_service *s = &r->dp->services[r->dp->n_services];

	r->from[r->dp->n_services++] = (struct resolved){ s, svc };
	s->name = name;
	s->family = (uint8_t)family;
	s->proto = proto_number(p->protocol);
	settings(&r->said, svc, s);
	frontends_make(r->m, svc, p, s);
	ranges_make(r->m, svc, &r->node_addrs, s, r->d);
	endpoints_collect(r->m, svc, p, family, &r->endpoints, r->d);
	backends(r, s);
}

/*
 * A ClusterIP refuses every port it does not serve: on an address of this machine,
 * sshd's as well. Inside the CIDR it is another proxy's, on a device of its own.
 */
static void check_own_address(struct resolve *r, const struct service *svc)
{
	struct prefixes cidrs = model_service_cidrs(r->m);
	struct ip ip;

	if (!svc->meta.loc.file || !r->machine)
		return;
	for (size_t i = 0; i < svc->cluster_ips.n; i++)
		if (ip_parse(svc->cluster_ips.v[i], &ip) && prefixes_cover(r->machine, &ip) &&
		    !prefixes_cover(&cidrs, &ip))
			diag_error(r->d, place_of(&svc->meta, &svc->at.cluster_ip, 0),
				   "spec.clusterIP", "%s is an address of this machine: all its "
				   "other ports would be refused; expected one of --service-cidr",
				   svc->cluster_ips.v[i]);
}

static bool has_family(const struct service *svc, int family)
{
	for (size_t i = 0; i < svc->ip_families.n; i++)
		if (family_parse(svc->ip_families.v[i]) == family)
			return true;
	return false;
}

static void check_external_ips(struct resolve *r, const struct service *svc)
{
	char field[48];
	struct ip ip;

	for (size_t i = 0; svc->meta.loc.file && i < svc->external_ips.n; i++) {
		if (!ip_parse(svc->external_ips.v[i], &ip) || !has_family(svc, ip.family) ||
		    prefixes_cover(&r->m->opt->external_ips, &ip))
			continue;
		snprintf(field, sizeof(field), "spec.externalIPs[%zu]", i);
		diag_warn(r->d, place_of(&svc->meta, &svc->at.external_ips, i), field,
			  "%s is outside --external-ips, so Service %s/%s does not answer on it: "
			  "add its CIDR there if the Service may take it", svc->external_ips.v[i],
			  svc->meta.ns, svc->meta.name);
	}
}

static void service(struct resolve *r, const struct service *svc)
{
	check_own_address(r, svc);
	check_external_ips(r, svc);
	r->said = annotations_of(&svc->meta);
	for (size_t i = 0; i < svc->n_ports; i++) {
		const struct service_port *p = &svc->ports[i];
		const char *name = arena_printf(r->m->a, "%s/%s:%s", svc->meta.ns,
						svc->meta.name, p->name ? p->name : "");

		for (size_t j = 0; j < svc->ip_families.n; j++)
			port(r, svc, p, family_parse(svc->ip_families.v[j]), name);
	}
}

/* An upper bound of what will be made of @services, to allocate it in one piece. */
static size_t count(const struct objects *services)
{
	size_t n = 0;

	for (size_t i = 0; i < services->n; i++) {
		const struct service *svc = OBJ(service, services->v[i]);

		if (is_ours(svc))
			n += svc->n_ports * svc->ip_families.n;
	}
	return n;
}

static struct dp *resolve_services(struct model *m, const struct prefixes *node_addrs,
				   struct diag *d)
{
	struct objects services = model_kind(m, KIND_SERVICE);
	struct dp *dp = arena_alloc(m->a, sizeof(*dp));
	size_t most = count(&services);
	struct resolve r = {
		.m = m, .d = d, .dp = dp, .view = { m->opt->node, model_zone(m) },
		.machine = node_addrs, .node_addrs = node_addresses(m, node_addrs),
		.from = arena_alloc(m->a, most * sizeof(*r.from)),
	};

	dp->services = arena_alloc(m->a, most * sizeof(*dp->services));
	for (size_t i = 0; i < services.n; i++)
		if (is_ours(OBJ(service, services.v[i])))
			service(&r, OBJ(service, services.v[i]));
	frontends_settle(m->a, r.from, dp->n_services, d);
	return dp;
}

struct dp *model_resolve_some(struct model *m, const struct prefixes *node_addrs, struct diag *d)
{
	struct dp *dp = resolve_services(m, node_addrs, d);

	dp_sort(dp);
	return dp;
}

struct dp *model_resolve(struct model *m, const struct prefixes *node_addrs, struct diag *d)
{
	struct dp *dp = resolve_services(m, node_addrs, d);

	node_config_make(m, node_addrs, dp, d);
	dp_sort(dp);
	return dp;
}
