// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "dp.h"

static int num_cmp(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int dp_service_cmp(const struct dp_service *a, const struct dp_service *b)
{
	int c = strcmp(a->name, b->name);

	if (!c)
		c = num_cmp(a->family, b->family);
	return c ? c : num_cmp(a->proto, b->proto);
}

int dp_frontend_cmp(const struct dp_frontend *a, const struct dp_frontend *b)
{
	int c = num_cmp(a->kind, b->kind);

	if (!c)
		c = ip_cmp(&a->ip, &b->ip);
	return c ? c : num_cmp(a->port, b->port);
}

int dp_backend_cmp(const struct dp_backend *a, const struct dp_backend *b)
{
	int c = ip_cmp(&a->ip, &b->ip);

	return c ? c : num_cmp(a->port, b->port);
}

int dp_prefix_cmp(const struct prefix *a, const struct prefix *b)
{
	int c = ip_cmp(&a->ip, &b->ip);

	return c ? c : num_cmp(a->len, b->len);
}

static bool frontend_equal(const struct dp_frontend *a, const struct dp_frontend *b)
{
	return !dp_frontend_cmp(a, b) && a->flags == b->flags;
}

static bool backend_equal(const struct dp_backend *a, const struct dp_backend *b)
{
	return !dp_backend_cmp(a, b) && dp_backend_same(a, b);
}

bool dp_backend_same(const struct dp_backend *a, const struct dp_backend *b)
{
	return a->flags == b->flags && a->weight == b->weight && a->conn_limit == b->conn_limit;
}

static bool prefixes_equal(const struct prefix *a, size_t n, const struct prefix *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (dp_prefix_cmp(&a[i], &b[i]))
			return false;
	return true;
}

static bool settings_equal(const struct dp_service *a, const struct dp_service *b)
{
	return a->sched == b->sched && a->flags == b->flags &&
	       a->affinity_seconds == b->affinity_seconds && a->removal == b->removal &&
	       a->drain_seconds == b->drain_seconds && a->eject_fails == b->eject_fails &&
	       a->eject_seconds == b->eject_seconds &&
	       prefixes_equal(a->ranges, a->n_ranges, b->ranges, b->n_ranges);
}

bool dp_service_equal(const struct dp_service *a, const struct dp_service *b)
{
	if (dp_service_cmp(a, b) || !settings_equal(a, b) ||
	    a->n_frontends != b->n_frontends || a->n_backends != b->n_backends)
		return false;
	for (size_t i = 0; i < a->n_frontends; i++)
		if (!frontend_equal(&a->frontends[i], &b->frontends[i]))
			return false;
	for (size_t i = 0; i < a->n_backends; i++)
		if (!backend_equal(&a->backends[i], &b->backends[i]))
			return false;
	return true;
}

bool dp_config_equal(const struct dp_config *a, const struct dp_config *b)
{
	const char *x = a->pod_interface, *y = b->pod_interface;

	return prefixes_equal(a->cluster_cidrs, a->n_cluster_cidrs,
			      b->cluster_cidrs, b->n_cluster_cidrs) &&
	       prefixes_equal(a->nodeport_addrs, a->n_nodeport_addrs,
			      b->nodeport_addrs, b->n_nodeport_addrs) &&
	       prefixes_equal(a->service_cidrs, a->n_service_cidrs,
			      b->service_cidrs, b->n_service_cidrs) &&
	       prefixes_equal(a->node_cidrs, a->n_node_cidrs, b->node_cidrs, b->n_node_cidrs) &&
	       !strcmp(x ? x : "", y ? y : "") && a->flags == b->flags;
}

static int by_identity(const void *a, const void *b)
{
	return dp_service_cmp(a, b);
}

static int by_frontend(const void *a, const void *b)
{
	return dp_frontend_cmp(a, b);
}

static int by_backend(const void *a, const void *b)
{
	return dp_backend_cmp(a, b);
}

static int by_prefix(const void *a, const void *b)
{
	return dp_prefix_cmp(a, b);
}

/* What the kernel or the model hands over is mostly in order already. */
static void sort(void *v, size_t n, size_t size, int (*cmp)(const void *, const void *))
{
	const char *p = v;

	for (size_t i = 1; i < n; i++, p += size) {
		if (cmp(p, p + size) > 0) {
			qsort(v, n, size, cmp);
			return;
		}
	}
}

void dp_prefixes_sort(struct prefix *v, size_t n)
{
	sort(v, n, sizeof(*v), by_prefix);
}

static void service_sort(struct dp_service *s)
{
	sort(s->frontends, s->n_frontends, sizeof(*s->frontends), by_frontend);
	sort(s->backends, s->n_backends, sizeof(*s->backends), by_backend);
	sort(s->gone, s->n_gone, sizeof(*s->gone), by_backend);
	dp_prefixes_sort(s->ranges, s->n_ranges);
}

void dp_sort(struct dp *dp)
{
	for (size_t i = 0; i < dp->n_services; i++)
		service_sort(&dp->services[i]);
	sort(dp->services, dp->n_services, sizeof(*dp->services), by_identity);
	dp_prefixes_sort(dp->config.cluster_cidrs, dp->config.n_cluster_cidrs);
	dp_prefixes_sort(dp->config.nodeport_addrs, dp->config.n_nodeport_addrs);
	dp_prefixes_sort(dp->config.service_cidrs, dp->config.n_service_cidrs);
	dp_prefixes_sort(dp->config.node_cidrs, dp->config.n_node_cidrs);
}
