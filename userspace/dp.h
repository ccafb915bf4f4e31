/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The data plane's state as plain data: what the kernel holds (read by nl_read.c)
 * and what it should hold (model_resolve()). The same shape for both, so that
 * plan.c can compare them. Fields mirror kmod/uapi/svcnat.h, which explains them.
 */
#ifndef SVCCTL_DP_H
#define SVCCTL_DP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ip.h"
#include "svcnat.h"

struct dp_frontend {
	enum svcnat_frontend_kind kind;
	struct ip ip;		/* family 0 for a node port */
	uint16_t port;		/* host byte order */
	uint32_t flags;		/* SVCNAT_FRONTEND_F_* */
};

struct dp_backend {
	struct ip ip;
	uint16_t port;		/* host byte order */
	uint32_t flags;		/* SVCNAT_BACKEND_F_* */
	uint32_t weight;	/* at least 1 */
	uint32_t conn_limit;	/* 0: none */
	/* Read only, not compared. */
	uint32_t active, repicks, ejections;
	uint32_t ejected_seconds; /* it sits out for so long still; 0: it does not */
	uint64_t connections;
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
};

struct dp_service {
	const char *name;	/* "namespace/name:port" */
	uint8_t family;
	uint8_t proto;
	uint8_t sched;
	uint8_t removal;
	uint32_t flags;		/* SVCNAT_SERVICE_F_* without CONTINUE */
	uint32_t affinity_seconds; /* 0: none */
	uint32_t drain_seconds;
	uint32_t eject_fails;	/* 0: never */
	uint32_t eject_seconds;
	struct prefix *ranges;	/* source ranges, sorted */
	size_t n_ranges;
	struct dp_frontend *frontends;	/* sorted by kind, ip, port */
	size_t n_frontends;
	struct dp_backend *backends;	/* sorted by ip, port */
	size_t n_backends;
	/* Read only, not compared. */
	struct dp_backend *gone;	/* left the service with connections still active */
	size_t n_gone;
	uint64_t connections, active;
	uint64_t packets_in, bytes_in, packets_out, bytes_out;
	uint64_t refused, dropped, not_allowed, overloaded;
	uint64_t repicks, ejections;
};

struct dp_config {
	struct prefix *cluster_cidrs;	/* sorted, as all of them */
	size_t n_cluster_cidrs;
	struct prefix *nodeport_addrs;
	size_t n_nodeport_addrs;
	struct prefix *service_cidrs;
	size_t n_service_cidrs;
	struct prefix *node_cidrs;
	size_t n_node_cidrs;
	const char *pod_interface;	/* NULL: Pods are known by cluster_cidrs */
	uint32_t flags;			/* SVCNAT_CONFIG_F_* */
};

struct dp_info {
	uint32_t services, frontends, backends, pins, cached;
	uint64_t connections, refused, dropped, unused_port, nat_failed;
	uint64_t unallocated, not_allowed, overloaded, repicks, ejections, resets, unpinned;
	uint64_t shortcuts;
	char version[32];
};

struct dp {
	uint64_t generation;	/* of the kernel's state; 0 in a desired one */
	uint8_t apply_id[SVCNAT_APPLY_ID_LEN];
	bool has_apply_id;
	struct dp_config config;
	struct dp_info info;	/* read only */
	struct dp_service *services;	/* sorted by dp_service_cmp() */
	size_t n_services;
	bool some;		/* in a desired one: others stay as they are */
};

/* By name, family, proto: the identity. */
int dp_service_cmp(const struct dp_service *a, const struct dp_service *b);
bool dp_service_equal(const struct dp_service *a, const struct dp_service *b);
/* In all that is set, address and port aside. */
bool dp_backend_same(const struct dp_backend *a, const struct dp_backend *b);
bool dp_config_equal(const struct dp_config *a, const struct dp_config *b);
/* By kind, ip, port; by ip, port; by ip, length: the orders of the lists. */
int dp_frontend_cmp(const struct dp_frontend *a, const struct dp_frontend *b);
int dp_backend_cmp(const struct dp_backend *a, const struct dp_backend *b);
int dp_prefix_cmp(const struct prefix *a, const struct prefix *b);
void dp_prefixes_sort(struct prefix *v, size_t n);
/* Puts services, frontends, backends and prefixes into the orders above. */
void dp_sort(struct dp *dp);

#endif
