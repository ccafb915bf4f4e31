// SPDX-License-Identifier: GPL-2.0
/* Attributes of the contract into the structs of dp.h. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "nl_impl.h"

/* Where a number goes, by the type of its attribute; size 0: it is no number. */
struct number {
	uint16_t offset;
	uint8_t size;
};

#define NUMBER(t, m) { offsetof(struct t, m), sizeof(((struct t *)NULL)->m) }

static const struct number service_numbers[SVCNAT_SERVICE_A_MAX + 1] = {
	[SVCNAT_SERVICE_A_FAMILY] = NUMBER(dp_service, family),
	[SVCNAT_SERVICE_A_PROTO] = NUMBER(dp_service, proto),
	[SVCNAT_SERVICE_A_SCHED] = NUMBER(dp_service, sched),
	[SVCNAT_SERVICE_A_FLAGS] = NUMBER(dp_service, flags),
	[SVCNAT_SERVICE_A_AFFINITY_SECONDS] = NUMBER(dp_service, affinity_seconds),
	[SVCNAT_SERVICE_A_REMOVAL] = NUMBER(dp_service, removal),
	[SVCNAT_SERVICE_A_DRAIN_SECONDS] = NUMBER(dp_service, drain_seconds),
	[SVCNAT_SERVICE_A_EJECT_FAILS] = NUMBER(dp_service, eject_fails),
	[SVCNAT_SERVICE_A_EJECT_SECONDS] = NUMBER(dp_service, eject_seconds),
	[SVCNAT_SERVICE_A_CONNECTIONS] = NUMBER(dp_service, connections),
	[SVCNAT_SERVICE_A_ACTIVE] = NUMBER(dp_service, active),
	[SVCNAT_SERVICE_A_PACKETS_IN] = NUMBER(dp_service, packets_in),
	[SVCNAT_SERVICE_A_BYTES_IN] = NUMBER(dp_service, bytes_in),
	[SVCNAT_SERVICE_A_PACKETS_OUT] = NUMBER(dp_service, packets_out),
	[SVCNAT_SERVICE_A_BYTES_OUT] = NUMBER(dp_service, bytes_out),
	[SVCNAT_SERVICE_A_REFUSED] = NUMBER(dp_service, refused),
	[SVCNAT_SERVICE_A_DROPPED] = NUMBER(dp_service, dropped),
	[SVCNAT_SERVICE_A_NOT_ALLOWED] = NUMBER(dp_service, not_allowed),
	[SVCNAT_SERVICE_A_OVERLOADED] = NUMBER(dp_service, overloaded),
	[SVCNAT_SERVICE_A_REPICKS] = NUMBER(dp_service, repicks),
	[SVCNAT_SERVICE_A_EJECTIONS] = NUMBER(dp_service, ejections),
};

static const struct number backend_numbers[SVCNAT_BACKEND_A_MAX + 1] = {
	[SVCNAT_BACKEND_A_FLAGS] = NUMBER(dp_backend, flags),
	[SVCNAT_BACKEND_A_WEIGHT] = NUMBER(dp_backend, weight),
	[SVCNAT_BACKEND_A_CONN_LIMIT] = NUMBER(dp_backend, conn_limit),
	[SVCNAT_BACKEND_A_CONNECTIONS] = NUMBER(dp_backend, connections),
	[SVCNAT_BACKEND_A_ACTIVE] = NUMBER(dp_backend, active),
	[SVCNAT_BACKEND_A_PACKETS_IN] = NUMBER(dp_backend, packets_in),
	[SVCNAT_BACKEND_A_BYTES_IN] = NUMBER(dp_backend, bytes_in),
	[SVCNAT_BACKEND_A_PACKETS_OUT] = NUMBER(dp_backend, packets_out),
	[SVCNAT_BACKEND_A_BYTES_OUT] = NUMBER(dp_backend, bytes_out),
	[SVCNAT_BACKEND_A_REPICKS] = NUMBER(dp_backend, repicks),
	[SVCNAT_BACKEND_A_EJECTIONS] = NUMBER(dp_backend, ejections),
	[SVCNAT_BACKEND_A_EJECTED_SECONDS] = NUMBER(dp_backend, ejected_seconds),
};

static const struct number info_numbers[SVCNAT_INFO_A_MAX + 1] = {
	[SVCNAT_INFO_A_SERVICES] = NUMBER(dp_info, services),
	[SVCNAT_INFO_A_FRONTENDS] = NUMBER(dp_info, frontends),
	[SVCNAT_INFO_A_BACKENDS] = NUMBER(dp_info, backends),
	[SVCNAT_INFO_A_CONNECTIONS] = NUMBER(dp_info, connections),
	[SVCNAT_INFO_A_REFUSED] = NUMBER(dp_info, refused),
	[SVCNAT_INFO_A_DROPPED] = NUMBER(dp_info, dropped),
	[SVCNAT_INFO_A_UNUSED_PORT] = NUMBER(dp_info, unused_port),
	[SVCNAT_INFO_A_NAT_FAILED] = NUMBER(dp_info, nat_failed),
	[SVCNAT_INFO_A_UNALLOCATED] = NUMBER(dp_info, unallocated),
	[SVCNAT_INFO_A_NOT_ALLOWED] = NUMBER(dp_info, not_allowed),
	[SVCNAT_INFO_A_OVERLOADED] = NUMBER(dp_info, overloaded),
	[SVCNAT_INFO_A_REPICKS] = NUMBER(dp_info, repicks),
	[SVCNAT_INFO_A_EJECTIONS] = NUMBER(dp_info, ejections),
	[SVCNAT_INFO_A_RESETS] = NUMBER(dp_info, resets),
	[SVCNAT_INFO_A_PINS] = NUMBER(dp_info, pins),
	[SVCNAT_INFO_A_UNPINNED] = NUMBER(dp_info, unpinned),
	[SVCNAT_INFO_A_SHORTCUTS] = NUMBER(dp_info, shortcuts),
	[SVCNAT_INFO_A_CACHED] = NUMBER(dp_info, cached),
};

uint64_t knl_get_u64(const struct nlattr *a)
{
	uint64_t v;

	memcpy(&v, nla_data(a), sizeof(v));
	return v;
}

/* Is @a one of the @max numbers of @t? Then it is in @base now. */
static bool take_number(const struct nlattr *a, const struct number *t, int max, void *base)
{
	int type = nla_type(a);

	if (type > max || !t[type].size)
		return false;
	if (nla_len(a) == t[type].size)
		memcpy((char *)base + t[type].offset, nla_data(a), t[type].size);
	return true;
}

static struct dp_frontend get_frontend(const struct nlattr *nest)
{
	struct dp_frontend f = { 0 };
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		switch (nla_type(a)) {
		case SVCNAT_FRONTEND_A_KIND:
			f.kind = nla_get_u8(a);
			break;
		case SVCNAT_FRONTEND_A_ADDR:
			f.ip = knl_get_ip(a);
			break;
		case SVCNAT_FRONTEND_A_PORT:
			f.port = knl_get_port(a);
			break;
		case SVCNAT_FRONTEND_A_FLAGS:
			f.flags = nla_get_u32(a);
			break;
		}
	}
	return f;
}

struct dp_backend knl_get_backend(const struct nlattr *nest)
{
	struct dp_backend b = { .flags = SVCNAT_BACKEND_F_CLUSTER, .weight = 1 };
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (take_number(a, backend_numbers, SVCNAT_BACKEND_A_MAX, &b))
			continue;
		if (nla_type(a) == SVCNAT_BACKEND_A_ADDR)
			b.ip = knl_get_ip(a);
		else if (nla_type(a) == SVCNAT_BACKEND_A_PORT)
			b.port = knl_get_port(a);
	}
	return b;
}

static struct prefix get_prefix(const struct nlattr *nest)
{
	struct prefix p = { 0 };
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (nla_type(a) == SVCNAT_PREFIX_A_ADDR)
			p.ip = knl_get_ip(a);
		else if (nla_type(a) == SVCNAT_PREFIX_A_LEN)
			p.len = nla_get_u8(a);
	}
	return p;
}

static void take_prefix(struct arena *arena, const struct nlattr *nest, struct prefix **v, size_t *n)
{
	*(struct prefix *)arena_push(arena, v, n, sizeof(**v)) = get_prefix(nest);
}

static void take_backend(struct arena *arena, const struct nlattr *nest, struct dp_service *svc)
{
	struct dp_backend b = knl_get_backend(nest);
	bool gone = b.flags & SVCNAT_BACKEND_F_GONE;

	*(struct dp_backend *)arena_push(arena, gone ? &svc->gone : &svc->backends,
					 gone ? &svc->n_gone : &svc->n_backends, sizeof(b)) = b;
}

void knl_get_service(struct arena *arena, const struct nlattr *nest, struct dp_service *svc)
{
	uint32_t flags = svc->flags;
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		if (take_number(a, service_numbers, SVCNAT_SERVICE_A_MAX, svc))
			continue;
		switch (nla_type(a)) {
		case SVCNAT_SERVICE_A_NAME:
			svc->name = arena_strdup(arena, nla_get_string(a));
			break;
		case SVCNAT_SERVICE_A_FRONTEND:
			*(struct dp_frontend *)arena_push(arena, &svc->frontends, &svc->n_frontends,
							  sizeof(*svc->frontends)) = get_frontend(a);
			break;
		case SVCNAT_SERVICE_A_BACKEND:
			take_backend(arena, a, svc);
			break;
		case SVCNAT_SERVICE_A_SOURCE_RANGE:
			take_prefix(arena, a, &svc->ranges, &svc->n_ranges);
			break;
		}
	}
	/* A continuation says nothing of the service but who it is. */
	if (svc->flags & SVCNAT_SERVICE_F_CONTINUE)
		svc->flags = flags;
}

void knl_get_info(const struct nlattr *nest, struct dp_info *info)
{
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem)
		if (!take_number(a, info_numbers, SVCNAT_INFO_A_MAX, info) &&
		    nla_type(a) == SVCNAT_INFO_A_MODULE_VERSION)
			snprintf(info->version, sizeof(info->version), "%s", nla_get_string(a));
}

void knl_get_config(struct arena *arena, const struct nlattr *nest, struct dp_config *c)
{
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		switch (nla_type(a)) {
		case SVCNAT_CONFIG_A_CLUSTER_CIDR:
			take_prefix(arena, a, &c->cluster_cidrs, &c->n_cluster_cidrs);
			break;
		case SVCNAT_CONFIG_A_NODEPORT_ADDR:
			take_prefix(arena, a, &c->nodeport_addrs, &c->n_nodeport_addrs);
			break;
		case SVCNAT_CONFIG_A_SERVICE_CIDR:
			take_prefix(arena, a, &c->service_cidrs, &c->n_service_cidrs);
			break;
		case SVCNAT_CONFIG_A_NODE_CIDR:
			take_prefix(arena, a, &c->node_cidrs, &c->n_node_cidrs);
			break;
		case SVCNAT_CONFIG_A_POD_INTERFACE:
			c->pod_interface = arena_strdup(arena, nla_get_string(a));
			break;
		case SVCNAT_CONFIG_A_FLAGS:
			c->flags = nla_get_u32(a);
			break;
		}
	}
}
