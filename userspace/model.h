/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model: every object we know, defaulted and checked, with what is derived
 * from them: endpoints of each Service from slices, Endpoints or Pods.
 *
 *   objects → model_build (index, defaults.c, check.c) → alloc.c → resolve.c → dp
 */
#ifndef SVCCTL_MODEL_H
#define SVCCTL_MODEL_H

#include <stdbool.h>
#include "arena.h"
#include "diag.h"
#include "dp.h"
#include "object.h"
#include "options.h"

struct model;		/* sorted by kind, namespace, name; unique */

/*
 * model_build - take @known (the state; may be NULL) and lay @changes over it
 *
 * A change replaces the known object of the same kind, namespace and name;
 * what was allocated for it (clusterIP, clusterIPs, nodePort, healthCheckNodePort,
 * ingress addresses of our own) and is not written in the change is kept from
 * the known one, as an API server does on update. API defaults are applied and
 * everything in the changes is checked (field, place and expectation go to @d):
 * port range, protocol, names, address families, duplicate ports, selectors,
 * types that need ports, one nodePort twice for one protocol across the whole
 * model, one object twice in @changes. The objects in @changes and @known are
 * modified in place (they belong to @a).
 *
 * Returns NULL if there were errors.
 */
struct model *model_build(struct arena *a, const struct objects *known,
			  const struct objects *changes, const struct options *opt,
			  struct diag *d);

/*
 * @node: the Node object of options.node as it was known last, or NULL: it stands in
 * where there is no such object any more, and that is warned of.
 */
void model_remember_node(struct model *m, struct object *node);

/* Leaves @gone out (kind, ns, name); unknown ones are ignored. */
void model_remove(struct model *m, enum kind k, const char *ns, const char *name);

struct object *model_find(const struct model *m, enum kind k, const char *ns, const char *name);
/* All of one kind, sorted by namespace, name. */
struct objects model_kind(const struct model *m, enum kind k);

/*
 * model_allocate - give Services what an API server would have: ClusterIPs,
 * NodePorts, healthCheckNodePorts and, from pools, LB addresses
 *
 * Written values are kept and reserved first. Dynamic picks are deterministic
 * (a hash of namespace/name spreads them, then the next free one) and avoid the
 * static bands of features.md §1.3 until the rest is used. An exhausted range
 * is an error naming the range and the Service. Changed Services are appended
 * to @touched (they must be stored again).
 */
bool model_allocate(struct model *m, struct objects *touched, struct diag *d);

/* Why a LoadBalancer Service has no address, NULL: it has one, or is of another type. */
const char *model_no_ingress(const struct model *m, const struct service *svc);

/* One endpoint of a Service port, from whatever source, after §1.1.7 merging. */
struct endpoint {
	struct ip ip;
	uint16_t port;
	bool ready, serving, terminating;
	bool local;			/* on options.node */
	const char *node, *zone, *hostname;
	const struct strings *hint_zones, *hint_nodes;
	const char *pod;		/* name of the target Pod, or NULL */
	uint32_t weight;		/* 0: keeps what it has, gets no new connections */
	uint32_t order;			/* in which it was met; for merging only */
};

struct endpoint_list {
	struct endpoint *v;		/* sorted by ip, port */
	size_t n;
};

/* Endpoints of @svc's port @port in @family; warnings to @d (may be NULL). */
struct endpoint_list model_endpoints(struct model *m, const struct service *svc,
				     const struct service_port *port, int family, struct diag *d);

/* Why @svc's @port has none in any family, if it has none. */
const char *model_no_endpoints(struct model *m, const struct service *svc,
			       const struct service_port *port);

/*
 * What an external load balancer is told: the distinct addresses of local endpoints
 * in @family that are ready, over all ports.
 */
size_t model_local_ready(struct model *m, const struct service *svc, int family);

/*
 * What there is as an Endpoints object: the one known if @svc's endpoints come
 * from it, else one made of what serves it. NULL: neither.
 */
const struct endpoints *model_endpoints_object(struct model *m, const struct service *svc);

/* Where ClusterIPs are: options.service_cidrs, and what ServiceCIDR objects say. */
struct prefixes model_service_cidrs(struct model *m);

/*
 * model_resolve - what the kernel should hold
 *
 * Services labelled service.kubernetes.io/service-proxy-name, headless ones and
 * ExternalName are left out. Endpoint choice is features.md §1.1. Node port
 * addresses come from the Node object called options.node, else @node_addrs,
 * the addresses of this machine (primary first a family), which the caller read.
 * The loser of equal frontends is warned of.
 */
struct dp *model_resolve(struct model *m, const struct prefixes *node_addrs, struct diag *d);
/* The services only, of a model that is a part of what there is. */
struct dp *model_resolve_some(struct model *m, const struct prefixes *node_addrs, struct diag *d);

#endif
