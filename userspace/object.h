/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kubernetes objects, the part of them a service proxy reads.
 *
 * Filled by bind.c from parser events by the tables in schema.c, written back
 * by emit.c from the same tables; never by hand. Pointers lead into the arena
 * of the command. An absent string is NULL, an absent list has n = 0 (what an
 * API server calls null and empty are the same to us), an absent boolean is
 * TRI_UNSET, an absent number is -1.
 *
 * API defaults are applied by defaults.c, not here: what was not written stays
 * visible as not written until then.
 */
#ifndef SVCCTL_OBJECT_H
#define SVCCTL_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "diag.h"

enum kind {
	KIND_SERVICE,
	KIND_POD,
	KIND_ENDPOINTS,
	KIND_SLICE,		/* discovery.k8s.io/v1 EndpointSlice */
	KIND_NODE,
	KIND_NAMESPACE,
	KIND_SERVICE_CIDR,	/* networking.k8s.io/v1; numbers are kept in the state: add behind */
	KIND_MAX
};

enum tri { TRI_UNSET = 0, TRI_FALSE, TRI_TRUE };

struct pair {
	const char *key;
	const char *value;
};

struct map {			/* in input order; keys unique */
	struct pair *v;
	size_t n;
};

struct strings {
	const char **v;
	size_t n;
};

/* A number or a name: targetPort. Neither: absent. */
struct int_or_str {
	int64_t num;		/* -1: not a number */
	const char *str;
};

/* Where in the input a value stood, or each of a list; n = 0: it did not come from there. */
struct places {
	const struct loc *v;
	size_t n;
};

struct object {
	enum kind kind;
	const char *api_version;
	const char *ns;		/* NULL: not written, or of a kind without */
	const char *name;
	const char *uid;
	const char *resource_version;
	const char *created;	/* RFC 3339 */
	const char *deleted;	/* RFC 3339, metadata.deletionTimestamp */
	struct map labels;
	struct map annotations;
	struct loc loc;		/* where it began in the input */
	struct { struct places name, ns, labels, annotations; } at;
};

struct service_port {
	const char *name;
	const char *protocol;	/* "TCP", "UDP", "SCTP" */
	const char *app_protocol;
	int64_t port;
	struct int_or_str target_port;
	int64_t node_port;
	struct loc loc;
};

struct ingress_ip {
	const char *ip;
	const char *hostname;
	const char *ip_mode;	/* "VIP", "Proxy" */
};

struct service {
	struct object meta;
	const char *type;	/* "ClusterIP", "NodePort", "LoadBalancer", "ExternalName" */
	const char *cluster_ip;	/* address, "None" or "" */
	struct strings cluster_ips;
	struct strings ip_families;	/* "IPv4", "IPv6" */
	const char *ip_family_policy;	/* "SingleStack", "PreferDualStack", "RequireDualStack" */
	struct map selector;
	struct service_port *ports;
	size_t n_ports;
	struct strings external_ips;
	const char *external_name;
	const char *external_traffic_policy;
	const char *internal_traffic_policy;
	const char *session_affinity;
	int64_t affinity_timeout;	/* seconds */
	const char *load_balancer_ip;
	const char *load_balancer_class;
	struct strings source_ranges;
	enum tri allocate_node_ports;
	int64_t health_check_node_port;
	enum tri publish_not_ready;
	const char *traffic_distribution;
	struct ingress_ip *ingress;	/* status.loadBalancer.ingress */
	size_t n_ingress;
	struct {
		struct places cluster_ip, cluster_ips, ip_families, external_ips, external_name;
		struct places load_balancer_ip, source_ranges, health_check_node_port, selector;
	} at;
};

struct container_port {
	const char *name;
	int64_t port;
	const char *protocol;
	int64_t host_port;
};

struct container {
	const char *name;
	const char *restart_policy;	/* of a sidecar init container: "Always" */
	struct container_port *ports;
	size_t n_ports;
};

struct condition {
	const char *type;
	const char *status;	/* "True", "False", "Unknown" */
};

struct ip_entry {		/* an element of podIPs, hostIPs */
	const char *ip;
	struct loc loc;
};

struct pod {
	struct object meta;
	const char *node_name;
	const char *hostname;
	const char *subdomain;
	enum tri host_network;
	struct container *containers;
	size_t n_containers;
	struct container *init_containers;
	size_t n_init_containers;
	const char *phase;
	const char *pod_ip;
	struct ip_entry *pod_ips;
	size_t n_pod_ips;
	const char *host_ip;
	struct ip_entry *host_ips;
	size_t n_host_ips;
	struct condition *conditions;
	size_t n_conditions;
	struct { struct places pod_ip; } at;
};

struct target_ref {
	const char *kind;
	const char *ns;
	const char *name;
	const char *uid;
};

/* v1 Endpoints */
struct ep_address {
	const char *ip;
	const char *hostname;
	const char *node_name;
	struct target_ref target;
	struct loc loc;
};

struct ep_port {		/* of Endpoints and of slices */
	const char *name;
	const char *protocol;
	const char *app_protocol;
	int64_t port;
};

struct ep_subset {
	struct ep_address *addresses;
	size_t n_addresses;
	struct ep_address *not_ready;
	size_t n_not_ready;
	struct ep_port *ports;
	size_t n_ports;
};

struct endpoints {
	struct object meta;
	struct ep_subset *subsets;
	size_t n_subsets;
};

/* discovery.k8s.io/v1 EndpointSlice */
struct slice_endpoint {
	struct strings addresses;
	enum tri ready, serving, terminating;
	const char *hostname;
	const char *node_name;
	const char *zone;
	struct strings hint_zones;	/* hints.forZones[].name */
	struct strings hint_nodes;	/* hints.forNodes[].name */
	struct target_ref target;
	struct loc loc;
};

struct slice {
	struct object meta;
	const char *address_type;	/* "IPv4", "IPv6", "FQDN" */
	struct slice_endpoint *endpoints;
	size_t n_endpoints;
	struct ep_port *ports;
	size_t n_ports;
};

struct node_address {
	const char *type;	/* "InternalIP", "ExternalIP", "Hostname", … */
	const char *address;
};

struct node {
	struct object meta;
	const char *pod_cidr;
	struct strings pod_cidrs;
	struct node_address *addresses;
	size_t n_addresses;
};

struct namespace {
	struct object meta;
};

struct service_cidr {
	struct object meta;
	struct strings cidrs;
	struct { struct places cidrs; } at;
};

/* Objects of one source, each kind in input order. */
struct objects {
	struct object **v;
	size_t n;
};

const char *kind_name(enum kind k);		/* "EndpointSlice" */
bool kind_has_namespace(enum kind k);
const char *map_get(const struct map *m, const char *key);	/* or NULL */

/* The place of the @i-th, or where the object begins. */
static inline const struct loc *place_of(const struct object *o, const struct places *p, size_t i)
{
	return i < p->n ? &p->v[i] : &o->loc;
}

/* The object itself: each begins with its struct object. */
#define OBJ(type, obj) ((struct type *)(obj))

#endif
