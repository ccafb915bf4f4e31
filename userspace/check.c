// SPDX-License-Identifier: GPL-2.0
/* One object by itself, after its defaults. Only what changes is checked. */
#include <stdarg.h>
#include <stdio.h>
#include "annotation.h"
#include "labels.h"
#include "model_impl.h"

#define FIELD_LEN 96

/* An address that must be of @family (0: either). The field is told by @fmt. */
__attribute__((format(printf, 5, 6)))
static void address(struct diag *d, const struct loc *loc, const char *text, int family,
		    const char *fmt, ...)
{
	const char *fault;
	char field[FIELD_LEN];
	va_list ap;
	struct ip ip;

	fault = text ? ip_fault(text, &ip) : "missing: expected an IP address";
	if (!fault && (!family || ip.family == family))
		return;
	va_start(ap, fmt);
	vsnprintf(field, sizeof(field), fmt, ap);
	va_end(ap);
	if (fault)
		diag_error(d, loc, field, "%s%s%s", text ? text : "", text ? " " : "", fault);
	else
		diag_error(d, loc, field, "%s is not an %s address, as addressType says",
			   text, family_name(family));
}

/* An address that is not used but for a Pod on the node: others than unicast are skipped. */
static void node_address(struct diag *d, const struct object *o, const char *text,
			 const char *field)
{
	struct ip ip;

	if (text && *text && !ip_parse(text, &ip))
		diag_error(d, &o->loc, field, "%s %s", text, ip_fault(text, &ip));
}

static void names(const struct object *o, struct diag *d)
{
	bool label = o->kind == KIND_SERVICE || o->kind == KIND_NAMESPACE;
	const char *fault;

	if (!o->name || !*o->name) {
		diag_error(d, &o->loc, "metadata.name", "missing: every %s needs one",
			   kind_name(o->kind));
		return;
	}
	fault = label ? label_fault(o->name) : domain_fault(o->name);
	if (fault)
		diag_error(d, place_of(o, &o->at.name, 0), "metadata.name", "%s %s", o->name,
			   fault);
	fault = o->ns ? label_fault(o->ns) : NULL;
	if (fault)
		diag_error(d, place_of(o, &o->at.ns, 0), "metadata.namespace", "%s %s", o->ns,
			   fault);
}

void check_labels(const struct object *o, const struct map *m, const struct places *at,
		  const char *field, struct diag *d)
{
	for (size_t i = 0; i < m->n; i++) {
		const char *key = m->v[i].key, *value = m->v[i].value;

		if (label_key_fault(key))
			diag_error(d, place_of(o, at, i), field, "\"%s\" %s", key,
				   label_key_fault(key));
		if (label_value_fault(value))
			diag_error(d, place_of(o, at, i), field, "%s: \"%s\" %s", key, value,
				   label_value_fault(value));
	}
}

static bool node_has_address(const struct model *m, const char *name)
{
	const struct node *node = model_node(m, name);

	for (size_t i = 0; node && i < node->n_addresses; i++)
		if (str_is(node->addresses[i].type, "InternalIP"))
			return true;
	return false;
}

/* A Pod without an address of its own. From an API server it has not started yet. */
static void homeless(const struct model *m, const struct pod *p, struct diag *d)
{
	const struct object *o = &p->meta;
	bool on_host = p->host_network == TRI_TRUE;

	if (object_is_decided(o) || (on_host && (p->host_ip || p->n_host_ips)))
		return;
	if (!on_host || !p->node_name)
		diag_warn(d, &o->loc, "status.podIP", "missing: a Pod without an address "
			  "answers for no Service");
	else if (!node_has_address(m, p->node_name))
		diag_warn(d, &o->loc, "status.podIP", "missing, and no Node %s is known with an "
			  "InternalIP: this Pod answers for no Service", p->node_name);
}

static void pod(const struct model *m, const struct pod *p, struct diag *d)
{
	const struct object *o = &p->meta;

	if (p->pod_ip && *p->pod_ip)
		address(d, place_of(o, &p->at.pod_ip, 0), p->pod_ip, 0, "status.podIP");
	for (size_t i = 0; i < p->n_pod_ips; i++)
		address(d, &p->pod_ips[i].loc, p->pod_ips[i].ip, 0, "status.podIPs[%zu].ip", i);
	node_address(d, o, p->host_ip, "status.hostIP");
	for (size_t i = 0; i < p->n_host_ips; i++)
		node_address(d, o, p->host_ips[i].ip, "status.hostIPs");
	if (!p->n_pod_ips && !p->pod_ip)
		homeless(m, p, d);
}

static void ports(const struct object *o, const char *where, const struct ep_port *v, size_t n,
		  struct diag *d)
{
	char field[FIELD_LEN];

	for (size_t i = 0; i < n; i++) {
		if (v[i].port > 0)
			continue;
		snprintf(field, sizeof(field), "%sports[%zu].port", where, i);
		diag_warn(d, &o->loc, field, "missing or 0: this port is ignored");
	}
}

static void endpoints(const struct endpoints *ep, struct diag *d)
{
	const struct object *o = &ep->meta;
	char where[FIELD_LEN / 2];

	for (size_t i = 0; i < ep->n_subsets; i++) {
		const struct ep_subset *s = &ep->subsets[i];

		for (size_t j = 0; j < s->n_addresses; j++)
			address(d, &s->addresses[j].loc, s->addresses[j].ip, 0,
				"subsets[%zu].addresses[%zu].ip", i, j);
		for (size_t j = 0; j < s->n_not_ready; j++)
			address(d, &s->not_ready[j].loc, s->not_ready[j].ip, 0,
				"subsets[%zu].notReadyAddresses[%zu].ip", i, j);
		snprintf(where, sizeof(where), "subsets[%zu].", i);
		ports(o, where, s->ports, s->n_ports, d);
	}
}

static void slice(const struct slice *s, struct diag *d)
{
	const struct object *o = &s->meta;
	int family = family_parse(s->address_type);

	if (!s->address_type)
		diag_error(d, &o->loc, "addressType", "missing: expected IPv4, IPv6 or FQDN");
	if (!map_get(&o->labels, LABEL_SERVICE_NAME))
		diag_warn(d, &o->loc, "metadata.labels", "no " LABEL_SERVICE_NAME
			  ": this EndpointSlice belongs to no Service");
	ports(o, "", s->ports, s->n_ports, d);
	for (size_t i = 0; family && i < s->n_endpoints; i++) {
		const struct strings *a = &s->endpoints[i].addresses;
		const struct loc *loc = &s->endpoints[i].loc;

		if (!a->n)
			address(d, loc, NULL, family, "endpoints[%zu].addresses", i);
		for (size_t j = 0; j < a->n; j++)
			address(d, loc, a->v[j], family, "endpoints[%zu].addresses[%zu]", i, j);
	}
}

static void cidr(const struct loc *loc, const char *field, const char *text, struct diag *d)
{
	struct prefix p;

	if (!prefix_parse(text, &p))
		diag_error(d, loc, field, "%s is not a CIDR: expected one such as "
			   "10.244.1.0/24, no bits set behind its length", text);
}

static void node(const struct node *n, struct diag *d)
{
	const struct object *o = &n->meta;

	if (n->pod_cidr && *n->pod_cidr)
		cidr(&o->loc, "spec.podCIDR", n->pod_cidr, d);
	for (size_t i = 0; i < n->pod_cidrs.n; i++)
		cidr(&o->loc, "spec.podCIDRs", n->pod_cidrs.v[i], d);
	for (size_t i = 0; i < n->n_addresses; i++)
		if (str_is(n->addresses[i].type, "InternalIP") ||
		    str_is(n->addresses[i].type, "ExternalIP"))
			node_address(d, o, n->addresses[i].address, "status.addresses");
}

static void service_cidr(const struct service_cidr *s, struct diag *d)
{
	const struct object *o = &s->meta;

	if (!s->cidrs.n)
		diag_error(d, &o->loc, "spec.cidrs", "missing: expected a CIDR of each family "
			   "there are ClusterIPs of, one or two");
	for (size_t i = 0; i < s->cidrs.n; i++)
		cidr(place_of(o, &s->at.cidrs, i), "spec.cidrs", s->cidrs.v[i], d);
}

void check_object(struct model *m, const struct object *o, struct diag *d)
{
	names(o, d);
	check_labels(o, &o->labels, &o->at.labels, "metadata.labels", d);
	annotations_check(o, d);
	switch (o->kind) {
	case KIND_SERVICE:
		check_service(m, OBJ(service, o), d);
		break;
	case KIND_POD:
		pod(m, OBJ(pod, o), d);
		break;
	case KIND_ENDPOINTS:
		endpoints(OBJ(endpoints, o), d);
		break;
	case KIND_SLICE:
		slice(OBJ(slice, o), d);
		break;
	case KIND_NODE:
		node(OBJ(node, o), d);
		break;
	case KIND_SERVICE_CIDR:
		service_cidr(OBJ(service_cidr, o), d);
		break;
	default:
		break;
	}
}
