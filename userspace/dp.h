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
	uint64_t connections;	/* read only; not compared */
};

struct dp_service {
	const char *name;	/* "namespace/name:port" */
	uint8_t family;
	uint8_t proto;
	uint8_t sched;
	uint32_t flags;		/* SVCNAT_SERVICE_F_* without CONTINUE */
	struct dp_frontend *frontends;	/* sorted by kind, ip, port */
	size_t n_frontends;
	struct dp_backend *backends;	/* sorted by ip, port */
	size_t n_backends;
	uint64_t connections, refused, dropped;	/* read only; not compared */
};

struct dp_config {
	struct prefix *cluster_cidrs;	/* sorted */
	size_t n_cluster_cidrs;
	struct prefix *nodeport_addrs;	/* sorted */
	size_t n_nodeport_addrs;
};

struct dp_info {
	uint32_t services, frontends, backends;
	uint64_t connections, refused, dropped, unused_port, nat_failed;
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
};

/* By name, family, proto: the identity. */
int dp_service_cmp(const struct dp_service *a, const struct dp_service *b);
bool dp_service_equal(const struct dp_service *a, const struct dp_service *b);
bool dp_config_equal(const struct dp_config *a, const struct dp_config *b);
/* By kind, ip, port; by ip, port; by ip, length: the orders of the lists. */
int dp_frontend_cmp(const struct dp_frontend *a, const struct dp_frontend *b);
int dp_backend_cmp(const struct dp_backend *a, const struct dp_backend *b);
int dp_prefix_cmp(const struct prefix *a, const struct prefix *b);
void dp_prefixes_sort(struct prefix *v, size_t n);
/* Puts services, frontends, backends and prefixes into the orders above. */
void dp_sort(struct dp *dp);

#endif
