// SPDX-License-Identifier: GPL-2.0
/*
 * A plan as text: a line a service with its sign, below it, indented, a line
 * for each frontend, backend and setting that comes or goes.
 */
#include <stdio.h>
#include "plan.h"
#include "show.h"

/* What is listed below a service: frontends or backends, seen as an array. */
struct lines {
	size_t size;
	int (*cmp)(const void *a, const void *b);
	bool (*same)(const void *a, const void *b);
	void (*print)(FILE *f, char sign, const void *item);
};

static void addr_print(FILE *f, const struct ip *ip, uint16_t port)
{
	char buf[IP_STRLEN];

	fprintf(f, ip->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_str(ip, buf), port);
}

static int frontend_cmp(const void *a, const void *b)
{
	return dp_frontend_cmp(a, b);
}

static bool frontend_same(const void *a, const void *b)
{
	return ((const struct dp_frontend *)a)->flags == ((const struct dp_frontend *)b)->flags;
}

static void frontend_print(FILE *f, char sign, const void *item)
{
	static const char *const kinds[__SVCNAT_FRONTEND_MAX] = {
		[SVCNAT_FRONTEND_CLUSTER_IP] = "cluster IP",
		[SVCNAT_FRONTEND_NODE_PORT] = "node port",
		[SVCNAT_FRONTEND_LOAD_BALANCER] = "load balancer",
		[SVCNAT_FRONTEND_EXTERNAL_IP] = "external IP",
	};
	const struct dp_frontend *fe = item;

	fprintf(f, "    %c %s ", sign, kinds[fe->kind]);
	if (fe->ip.family)
		addr_print(f, &fe->ip, fe->port);
	else
		fprintf(f, "%u", fe->port);
	fputs(fe->flags & SVCNAT_FRONTEND_F_LOCAL ? " local\n" : "\n", f);
}

static int backend_cmp(const void *a, const void *b)
{
	return dp_backend_cmp(a, b);
}

static bool backend_same(const void *a, const void *b)
{
	return ((const struct dp_backend *)a)->flags == ((const struct dp_backend *)b)->flags;
}

static void backend_print(FILE *f, char sign, const void *item)
{
	static const char *const picked[] = { "not picked", "cluster", "local", "cluster, local" };
	const struct dp_backend *b = item;

	fprintf(f, "    %c backend ", sign);
	addr_print(f, &b->ip, b->port);
	fprintf(f, " (%s)\n", picked[b->flags & SVCNAT_BACKEND_F_MASK]);
}

static const struct lines frontends = {
	sizeof(struct dp_frontend), frontend_cmp, frontend_same, frontend_print,
};
static const struct lines backends = {
	sizeof(struct dp_backend), backend_cmp, backend_same, backend_print,
};

/* Two sorted lists, old and new: what differs, in one walk. */
static void lines_print(FILE *f, const struct lines *l, const void *was, size_t n_was,
			const void *want, size_t n_want)
{
	const char *h = was, *h_end = h + n_was * l->size;
	const char *w = want, *w_end = w + n_want * l->size;

	while (h != h_end || w != w_end) {
		int c = h == h_end ? 1 : w == w_end ? -1 : l->cmp(h, w);
		bool both = !c && l->same(h, w);

		if (c <= 0 && !both)
			l->print(f, '-', h);
		if (c >= 0 && !both)
			l->print(f, '+', w);
		if (c <= 0)
			h += l->size;
		if (c >= 0)
			w += l->size;
	}
}

/* What a service has that was not there (without a name) is new, not changed. */
static void setting_print(FILE *f, const struct dp_service *was, const char *what,
			  const char *old, const char *new)
{
	if (was->name)
		fprintf(f, "    - %s %s\n", what, old);
	fprintf(f, "    + %s %s\n", what, new);
}

static void settings_print(FILE *f, const struct dp_service *was, const struct dp_service *want)
{
	static const char *const scheds[__SVCNAT_SCHED_MAX] = {
		[SVCNAT_SCHED_RANDOM] = "random",
		[SVCNAT_SCHED_RR] = "round-robin",
	};
	uint32_t icmp = SVCNAT_SERVICE_F_REJECT_ICMP;

	if (was->sched != want->sched)
		setting_print(f, was, "scheduler", scheds[was->sched], scheds[want->sched]);
	if ((was->flags ^ want->flags) & icmp)
		setting_print(f, was, "refuse by", was->flags & icmp ? "icmp" : "reset",
			      want->flags & icmp ? "icmp" : "reset");
}

static void header_print(FILE *f, char sign, const struct dp_service *s)
{
	fprintf(f, "%c %s %s ", sign, s->name, proto_name(s->proto));
	if (s->n_frontends && s->frontends[0].ip.family)
		addr_print(f, &s->frontends[0].ip, s->frontends[0].port);
	else if (s->n_frontends)
		fprintf(f, "node port %u", s->frontends[0].port);
	else
		fputs("without frontend", f);
	fputc('\n', f);
}

/* What was not there, and what will not be, is a service with nothing in it. */
static void step_print(FILE *f, const struct plan_step *step)
{
	static const struct dp_service nothing;
	static const char signs[] = { [PLAN_ADD] = '+', [PLAN_CHANGE] = '~', [PLAN_REMOVE] = '-' };
	const struct dp_service *was = step->was ? step->was : &nothing;

	header_print(f, signs[step->op], step->want ? step->want : step->was);
	if (!step->want)
		return;
	settings_print(f, was, step->want);
	lines_print(f, &frontends, was->frontends, was->n_frontends,
		    step->want->frontends, step->want->n_frontends);
	lines_print(f, &backends, was->backends, was->n_backends,
		    step->want->backends, step->want->n_backends);
}

static void prefixes_print(FILE *f, const char *what, const struct prefix *v, size_t n)
{
	char buf[PREFIX_STRLEN];

	fprintf(f, "    %s", what);
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %s", prefix_str(&v[i], buf));
	fputs(n ? "\n" : " none\n", f);
}

void plan_print(FILE *f, const struct plan *p)
{
	size_t count[] = { [PLAN_ADD] = 0, [PLAN_CHANGE] = 0, [PLAN_REMOVE] = 0 };

	if (p->config) {
		fputs("~ node\n", f);
		prefixes_print(f, "cluster CIDRs:", p->config->cluster_cidrs,
			       p->config->n_cluster_cidrs);
		prefixes_print(f, "node port addresses:", p->config->nodeport_addrs,
			       p->config->n_nodeport_addrs);
	}
	for (size_t i = 0; i < p->n; i++) {
		step_print(f, &p->steps[i]);
		count[p->steps[i].op]++;
	}
	fprintf(f, "%zu to add, %zu to change, %zu to remove\n", count[PLAN_ADD],
		count[PLAN_CHANGE], count[PLAN_REMOVE]);
}
