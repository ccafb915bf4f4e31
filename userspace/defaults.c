// SPDX-License-Identifier: GPL-2.0
/*
 * What an API server fills in when an object is created. Nothing that was
 * written is touched, so applying them again changes nothing; values that
 * contradict each other are left for the checks to name.
 */
#include "model_impl.h"

#define AFFINITY_TIMEOUT 10800

static void default_to(const char **s, const char *value)
{
	if (!*s)
		*s = value;
}

const char *family_name(int family)
{
	return family == AF_INET ? "IPv4" : "IPv6";
}

int family_parse(const char *name)
{
	return str_is(name, "IPv4") ? AF_INET : str_is(name, "IPv6") ? AF_INET6 : 0;
}

bool prefixes_have(const struct prefixes *p, int family)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].ip.family == family)
			return true;
	return false;
}

static int other_family(int family)
{
	return family == AF_INET ? AF_INET6 : AF_INET;
}

static void ports_default(struct service *svc)
{
	for (size_t i = 0; i < svc->n_ports; i++) {
		struct service_port *p = &svc->ports[i];

		default_to(&p->protocol, "TCP");
		if (p->target_port.num <= 0 && !p->target_port.str)
			p->target_port.num = p->port;
	}
}

/* clusterIP is clusterIPs[0]: either fills the other. */
static void addresses_default(struct arena *a, struct service *svc)
{
	bool one = svc->cluster_ip && *svc->cluster_ip;

	if (!one && svc->cluster_ips.n) {
		svc->cluster_ip = svc->cluster_ips.v[0];
	} else if (one && !svc->cluster_ips.n) {
		svc->cluster_ips.v = arena_alloc(a, sizeof(*svc->cluster_ips.v));
		svc->cluster_ips.v[0] = svc->cluster_ip;
		svc->cluster_ips.n = 1;
	}
}

static void policy_default(struct service *svc)
{
	if (svc->ip_families.n > 1 || svc->cluster_ips.n > 1)
		default_to(&svc->ip_family_policy, "RequireDualStack");
	/* Whoever writes the endpoints by hand may write them of either family. */
	else if (service_is_headless(svc) && !svc->selector.n)
		default_to(&svc->ip_family_policy, "RequireDualStack");
	else
		default_to(&svc->ip_family_policy, "SingleStack");
}

/* Written families, else those of written addresses, else the first we allocate of. */
static void families_default(struct arena *a, const struct options *opt, struct service *svc)
{
	struct strings *fam = &svc->ip_families;
	const char **v = arena_alloc(a, 2 * sizeof(*v));
	bool prefer = str_is(svc->ip_family_policy, "PreferDualStack");
	size_t n = 0;
	struct ip ip;

	/* One family written with its address: whoever preferred two had only one. */
	if (fam->n > 1 || (fam->n && svc->cluster_ips.n && prefer))
		return;
	if (fam->n)
		v[n++] = fam->v[0];
	for (size_t i = n; i < svc->cluster_ips.n && i < 2; i++)
		if (ip_parse(svc->cluster_ips.v[i], &ip))
			v[n++] = family_name(ip.family);
	if (!n)
		v[n++] = family_name(opt->service_cidrs.n ? opt->service_cidrs.v[0].ip.family :
				     AF_INET);
	if (n == 1 && !str_is(svc->ip_family_policy, "SingleStack")) {
		int other = other_family(family_parse(v[0]));

		if (!prefer || prefixes_have(&opt->service_cidrs, other))
			v[n++] = family_name(other);
	}
	*fam = (struct strings){ v, n };
}

static void service_default(struct arena *a, const struct options *opt, struct service *svc)
{
	default_to(&svc->type, "ClusterIP");
	default_to(&svc->session_affinity, "None");
	if (str_is(svc->session_affinity, "ClientIP") && svc->affinity_timeout < 0)
		svc->affinity_timeout = AFFINITY_TIMEOUT;
	ports_default(svc);
	if (service_is_alias(svc))
		return;
	default_to(&svc->internal_traffic_policy, "Cluster");
	if (service_has_node_ports(svc) || svc->external_ips.n)
		default_to(&svc->external_traffic_policy, "Cluster");
	if (service_is_lb(svc) && !svc->allocate_node_ports)
		svc->allocate_node_ports = TRI_TRUE;
	for (size_t i = 0; i < svc->n_ingress; i++)
		if (svc->ingress[i].ip)
			default_to(&svc->ingress[i].ip_mode, "VIP");
	addresses_default(a, svc);
	policy_default(svc);
	families_default(a, opt, svc);
}

static void containers_default(struct container *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < v[i].n_ports; j++)
			default_to(&v[i].ports[j].protocol, "TCP");
}

static void ep_ports_default(struct ep_port *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		default_to(&v[i].protocol, "TCP");
}

void object_home(struct object *o)
{
	if (!kind_has_namespace(o->kind))
		o->ns = NULL;
	else
		default_to(&o->ns, "default");
}

void defaults_apply(struct arena *a, const struct options *opt, struct object *o)
{
	struct endpoints *ep = OBJ(endpoints, o);

	switch (o->kind) {
	case KIND_SERVICE:
		service_default(a, opt, OBJ(service, o));
		break;
	case KIND_POD:
		containers_default(OBJ(pod, o)->containers, OBJ(pod, o)->n_containers);
		containers_default(OBJ(pod, o)->init_containers, OBJ(pod, o)->n_init_containers);
		break;
	case KIND_SLICE:
		ep_ports_default(OBJ(slice, o)->ports, OBJ(slice, o)->n_ports);
		break;
	case KIND_ENDPOINTS:
		for (size_t i = 0; i < ep->n_subsets; i++)
			ep_ports_default(ep->subsets[i].ports, ep->subsets[i].n_ports);
		break;
	default:
		break;
	}
}
