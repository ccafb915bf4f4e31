// SPDX-License-Identifier: GPL-2.0
/*
 * What an API server and its controllers give a Service that did not ask for
 * anything particular. First everything written anywhere is marked as held,
 * then the Services are served in the order of their names: the same objects
 * get the same numbers on every machine.
 */
#include "fnv.h"
#include "model_impl.h"
#include "pool.h"

#define PORTS 65536

struct alloc {
	struct model *m;
	struct diag *d;
	struct addrmap taken;		/* every address any Service holds */
	struct prefixes cidrs;		/* service CIDRs */
	struct ip_pool *cluster;	/* one each */
	struct ip_pool *lb;		/* an --lb-pool each */
	struct pool ports;
	uint8_t port_taken[PORTS];	/* a bit a protocol */
};

/* Mixed: where in a range the search for a free number begins. */
static uint64_t name_hash(const struct object *o, uint64_t salt)
{
	uint64_t h = fnv(FNV_BEGIN ^ salt, o->ns, strlen(o->ns));

	h = fnv(h, "/", 1);
	h = fnv(h, o->name, strlen(o->name));
	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	return h ^ h >> 33;
}

static void hold_ip(struct alloc *al, const char *text)
{
	const struct prefixes *lb = &al->m->opt->lb_pools;
	struct ip ip;
	void **slot;

	if (!ip_parse(text, &ip))
		return;
	slot = addrmap_at(&al->taken, &(struct addr){ .ip = ip });
	if (*slot)
		return;
	*slot = al;
	for (size_t i = 0; i < al->cidrs.n; i++)
		ip_pool_use(&al->cluster[i], &ip);
	for (size_t i = 0; i < lb->n; i++)
		ip_pool_use(&al->lb[i], &ip);
}

static uint8_t protocol_bit(const char *protocol)
{
	return str_is(protocol, "UDP") ? 2 : str_is(protocol, "SCTP") ? 4 : 1;
}

static void hold_port(struct alloc *al, int64_t port, const char *protocol)
{
	if (port <= 0 || port >= PORTS)
		return;
	if (!al->port_taken[port] && (uint64_t)port >= al->ports.first &&
	    (uint64_t)port < al->ports.end)
		al->ports.used++;
	al->port_taken[port] |= protocol_bit(protocol);
}

static void hold_service(struct alloc *al, const struct service *svc)
{
	for (size_t i = 0; i < svc->cluster_ips.n; i++)
		hold_ip(al, svc->cluster_ips.v[i]);
	for (size_t i = 0; i < svc->external_ips.n; i++)
		hold_ip(al, svc->external_ips.v[i]);
	for (size_t i = 0; i < svc->n_ingress; i++)
		hold_ip(al, svc->ingress[i].ip);
	for (size_t i = 0; i < svc->n_ports; i++)
		hold_port(al, svc->ports[i].node_port, svc->ports[i].protocol);
	hold_port(al, svc->health_check_node_port, "TCP");
}

static struct ip_pool *pools_make(struct arena *a, const struct prefixes *p)
{
	struct ip_pool *v = arena_alloc(a, p->n * sizeof(*v));

	for (size_t i = 0; i < p->n; i++)
		v[i] = ip_pool_make(&p->v[i]);
	return v;
}

static struct alloc *alloc_new(struct model *m, const struct objects *services, struct diag *d)
{
	const struct options *opt = m->opt;
	struct alloc *al = arena_alloc(m->a, sizeof(*al));

	al->m = m;
	al->d = d;
	addrmap_init(&al->taken, m->a);
	al->cidrs = model_service_cidrs(m);
	al->cluster = pools_make(m->a, &al->cidrs);
	al->lb = pools_make(m->a, &opt->lb_pools);
	for (size_t i = 0; i < al->cidrs.n; i++)
		pool_band(&al->cluster[i].pool, 16, 16, 256);
	al->ports.first = opt->nodeport_min;
	al->ports.end = (uint64_t)opt->nodeport_max + 1;
	pool_band(&al->ports, 16, 32, 128);
	for (size_t i = 0; i < services->n; i++)
		hold_service(al, OBJ(service, services->v[i]));
	return al;
}

/* From the first of @n pools of @family that has one free; NULL: none has. */
static const char *pick_ip(struct alloc *al, const struct service *svc, struct ip_pool *pools,
			   size_t n, int family)
{
	char buf[IP_STRLEN];
	struct ip ip;

	for (size_t i = 0; i < n; i++) {
		if (pools[i].prefix.ip.family != family ||
		    !ip_pool_pick(&pools[i], &al->taken, name_hash(&svc->meta, 0), &ip))
			continue;
		ip_str(&ip, buf);
		hold_ip(al, buf);
		return arena_strdup(al->m->a, buf);
	}
	return NULL;
}

static const char *pool_names(struct arena *a, const struct prefixes *p, int family)
{
	const char *all = NULL;
	char buf[PREFIX_STRLEN];

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].ip.family != family)
			continue;
		prefix_str(&p->v[i], buf);
		all = all ? arena_printf(a, "%s, %s", all, buf) : arena_strdup(a, buf);
	}
	return all;
}

/* An address of @family is wanted and there is none: why, and what to do. */
static bool no_address(struct alloc *al, const struct service *svc, const char *field,
		       const struct prefixes *p, const char *option, int family)
{
	const char *names = pool_names(al->m->a, p, family);
	const struct object *o = &svc->meta;

	if (names)
		diag_error(al->d, &o->loc, field, "Service %s/%s: every address of %s is in use: "
			   "delete a Service or give %s more room", o->ns, o->name, names, option);
	else
		diag_error(al->d, &o->loc, field, "Service %s/%s needs an %s address and %s has no "
			   "range of that family: add one, or write the address", o->ns, o->name,
			   family_name(family), option);
	return false;
}

static bool cluster_ips(struct alloc *al, struct service *svc, bool *changed)
{
	const struct prefixes *cidrs = &al->cidrs;
	size_t have = svc->cluster_ips.n, want = svc->ip_families.n;
	const char **v;

	if (service_is_headless(svc) || have >= want)
		return true;
	v = arena_alloc(al->m->a, want * sizeof(*v));
	for (size_t i = 0; i < want; i++) {
		int family = family_parse(svc->ip_families.v[i]);

		v[i] = i < have ? svc->cluster_ips.v[i] :
		       pick_ip(al, svc, al->cluster, cidrs->n, family);
		if (!v[i])
			return no_address(al, svc, "spec.clusterIPs", cidrs, "--service-cidr",
					  family);
	}
	svc->cluster_ip = v[0];
	svc->cluster_ips = (struct strings){ v, want };
	*changed = true;
	return true;
}

static bool port_taken(void *arg, uint64_t off)
{
	return ((struct alloc *)arg)->port_taken[off];
}

/* One that is free in every protocol. */
static bool pick_port(struct alloc *al, const struct service *svc, const char *field,
		      int64_t salt, int64_t *port)
{
	const struct object *o = &svc->meta;
	uint64_t off;

	if (!pool_pick(&al->ports, name_hash(o, (uint64_t)salt), port_taken, al, &off)) {
		diag_error(al->d, &o->loc, field, "Service %s/%s: every node port of %u-%u is in "
			   "use: delete a Service or widen --nodeport-range", o->ns, o->name,
			   al->m->opt->nodeport_min, al->m->opt->nodeport_max);
		return false;
	}
	*port = (int64_t)off;
	return true;
}

/* The node port of the same port in another protocol, as for DNS, if free in this one, or 0. */
static int64_t twin_port(const struct alloc *al, const struct service *svc, size_t i)
{
	uint8_t bit = protocol_bit(svc->ports[i].protocol);

	for (size_t j = 0; j < svc->n_ports; j++) {
		const struct service_port *q = &svc->ports[j];

		if (q->port == svc->ports[i].port && q->node_port > 0 &&
		    !(al->port_taken[q->node_port] & bit))
			return q->node_port;
	}
	return 0;
}

static bool health_port(struct alloc *al, struct service *svc, bool *changed)
{
	int64_t *port = &svc->health_check_node_port;

	if (!service_has_health_port(svc) || *port > 0)
		return true;
	if (!pick_port(al, svc, "spec.healthCheckNodePort", -1, port))
		return false;
	hold_port(al, *port, "TCP");
	*changed = true;
	return true;
}

static bool node_ports(struct alloc *al, struct service *svc, bool *changed)
{
	if (!service_has_node_ports(svc))
		return true;
	if (service_is_lb(svc) && svc->allocate_node_ports == TRI_FALSE)
		return true;
	for (size_t i = 0; i < svc->n_ports; i++) {
		struct service_port *p = &svc->ports[i];
		int64_t port;

		if (p->node_port > 0)
			continue;
		port = twin_port(al, svc, i);
		if (!port && !pick_port(al, svc, "spec.ports", p->port, &port))
			return false;
		p->node_port = port;
		hold_port(al, port, p->protocol);
		*changed = true;
	}
	return true;
}

static bool has_ingress(const struct service *svc, int family)
{
	struct ip ip;

	for (size_t i = 0; i < svc->n_ingress; i++)
		if (ip_parse(svc->ingress[i].ip, &ip) && ip.family == family)
			return true;
	return false;
}

static void ingress_add(struct arena *a, struct service *svc, const char *ip)
{
	struct ingress_ip *v = arena_alloc(a, (svc->n_ingress + 1) * sizeof(*v));

	/* A new list: the old one may be that of the object this one replaced. */
	if (svc->n_ingress)
		memcpy(v, svc->ingress, svc->n_ingress * sizeof(*v));
	v[svc->n_ingress] = (struct ingress_ip){ .ip = ip, .ip_mode = "VIP" };
	svc->ingress = v;
	svc->n_ingress++;
}

static bool wish_is_outside(const struct model *m, const struct service *svc)
{
	struct ip ip;

	return ip_parse(svc->load_balancer_ip, &ip) && !prefixes_cover(&m->opt->lb_pools, &ip);
}

static void wished_ingress(struct alloc *al, struct service *svc, bool *changed)
{
	const char *text = svc->load_balancer_ip;
	struct ip ip;

	if (!ip_parse(text, &ip) || has_ingress(svc, ip.family))
		return;
	if (wish_is_outside(al->m, svc)) {
		if (svc->meta.loc.file)
			diag_warn(al->d, place_of(&svc->meta, &svc->at.load_balancer_ip, 0),
				  "spec.loadBalancerIP", "%s is in no --lb-pool: Service %s/%s gets "
				  "no load balancer address", text, svc->meta.ns, svc->meta.name);
		return;
	}
	hold_ip(al, text);
	ingress_add(al->m->a, svc, text);
	*changed = true;
}

static bool has_class(const struct service *svc)
{
	return !str_same(svc->load_balancer_class, NULL);
}

static bool ingress(struct alloc *al, struct service *svc, bool *changed)
{
	const struct prefixes *pools = &al->m->opt->lb_pools;

	if (!service_is_lb(svc) || !pools->n || has_class(svc))
		return true;
	/* Somebody else's load balancer has spoken already. */
	if (svc->n_ingress && object_is_decided(&svc->meta))
		return true;
	if (svc->load_balancer_ip && *svc->load_balancer_ip) {
		wished_ingress(al, svc, changed);
		return true;
	}
	for (size_t i = 0; i < svc->ip_families.n; i++) {
		int family = family_parse(svc->ip_families.v[i]);
		const char *ip;

		if (has_ingress(svc, family) || !prefixes_have(pools, family))
			continue;
		ip = pick_ip(al, svc, al->lb, pools->n, family);
		if (!ip)
			return no_address(al, svc, "status.loadBalancer.ingress", pools,
					  "--lb-pool", family);
		ingress_add(al->m->a, svc, ip);
		*changed = true;
	}
	return true;
}

/* A full pool is not among the reasons: nothing is applied then. */
const char *model_no_ingress(const struct model *m, const struct service *svc)
{
	const struct prefixes *pools = &m->opt->lb_pools;

	if (!service_is_lb(svc) || svc->n_ingress)
		return NULL;
	if (has_class(svc))
		return arena_printf(m->a, "loadBalancerClass %s is left to its own controller",
				    svc->load_balancer_class);
	if (!pools->n)
		return "no --lb-pool is given";
	if (wish_is_outside(m, svc))
		return arena_printf(m->a, "%s is in no --lb-pool", svc->load_balancer_ip);
	for (size_t i = 0; i < svc->ip_families.n; i++)
		if (prefixes_have(pools, family_parse(svc->ip_families.v[i])))
			return "not yet: the next apply takes one from --lb-pool";
	return "no --lb-pool is of its IP families";
}

/* A full range ends it: the next hundred Services would say the same. */
bool model_allocate(struct model *m, struct objects *touched, struct diag *d)
{
	struct objects services = model_kind(m, KIND_SERVICE);
	struct alloc *al = alloc_new(m, &services, d);

	for (size_t i = 0; i < services.n; i++) {
		struct service *svc = OBJ(service, services.v[i]);
		bool changed = false;

		if (service_is_alias(svc))
			continue;
		if (!cluster_ips(al, svc, &changed) || !node_ports(al, svc, &changed) ||
		    !health_port(al, svc, &changed) || !ingress(al, svc, &changed))
			return false;
		if (changed)
			*(struct object **)arena_push(m->a, &touched->v, &touched->n,
						      sizeof(*touched->v)) = &svc->meta;
	}
	return true;
}
