// SPDX-License-Identifier: GPL-2.0
/*
 * A plan as text: a line a service with its sign, below it, indented, a line
 * for each frontend, backend and setting that comes or goes.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include "annotation.h"
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
	fprintf(f, "%s%s\n", fe->flags & SVCNAT_FRONTEND_F_LOCAL ? " local" : "",
		fe->flags & SVCNAT_FRONTEND_F_RANGES ? " restricted" : "");
}

static int backend_cmp(const void *a, const void *b)
{
	return dp_backend_cmp(a, b);
}

static bool backend_same(const void *a, const void *b)
{
	return dp_backend_same(a, b);
}

static void backend_print(FILE *f, char sign, const void *item)
{
	static const char *const picked[] = { "not picked", "cluster", "local", "cluster, local" };
	const struct dp_backend *b = item;

	fprintf(f, "    %c backend ", sign);
	addr_print(f, &b->ip, b->port);
	fprintf(f, " (%s", picked[b->flags & SVCNAT_BACKEND_F_MASK]);
	if (b->weight > 1)
		fprintf(f, "; weight %u", b->weight);
	if (b->conn_limit)
		fprintf(f, "; at most %u", b->conn_limit);
	fputs(")\n", f);
}

static int range_cmp(const void *a, const void *b)
{
	return dp_prefix_cmp(a, b);
}

static bool range_same(const void *a, const void *b)
{
	return true;
}

static void range_print(FILE *f, char sign, const void *item)
{
	char buf[PREFIX_STRLEN];

	fprintf(f, "    %c source range %s\n", sign, prefix_str(item, buf));
}

static const struct lines frontends = {
	sizeof(struct dp_frontend), frontend_cmp, frontend_same, frontend_print,
};
static const struct lines backends = {
	sizeof(struct dp_backend), backend_cmp, backend_same, backend_print,
};
static const struct lines ranges = {
	sizeof(struct prefix), range_cmp, range_same, range_print,
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

/* What a service may be set to, and how that is said: as the annotations have it. */

#define SETTING_LEN 48

static void sched_say(const struct dp_service *s, char *buf)
{
	snprintf(buf, SETTING_LEN, "scheduler %s", sched_name(s->sched));
}

static void refuse_say(const struct dp_service *s, char *buf)
{
	snprintf(buf, SETTING_LEN, "refuse by %s",
		 s->flags & SVCNAT_SERVICE_F_REJECT_ICMP ? "icmp" : "reset");
}

static void affinity_say(const struct dp_service *s, char *buf)
{
	if (s->affinity_seconds)
		snprintf(buf, SETTING_LEN, "session affinity %us", s->affinity_seconds);
	else
		snprintf(buf, SETTING_LEN, "session affinity none");
}

static void removal_say(const struct dp_service *s, char *buf)
{
	static const char *const words[__SVCNAT_REMOVAL_MAX] = {
		[SVCNAT_REMOVAL_KEEP] = "keep", [SVCNAT_REMOVAL_DRAIN] = "drain",
		[SVCNAT_REMOVAL_RESET] = "reset",
	};

	if (s->drain_seconds)
		snprintf(buf, SETTING_LEN, "removal drain=%us", s->drain_seconds);
	else
		snprintf(buf, SETTING_LEN, "removal %s", WORD(words, s->removal));
}

static void eject_say(const struct dp_service *s, char *buf)
{
	if (s->eject_fails)
		snprintf(buf, SETTING_LEN, "eject %u/%u", s->eject_fails, s->eject_seconds);
	else
		snprintf(buf, SETTING_LEN, "eject off");
}

static void fast_path_say(const struct dp_service *s, char *buf)
{
	snprintf(buf, SETTING_LEN, "fast path %s",
		 s->flags & SVCNAT_SERVICE_F_NO_SHORTCUT ? "off" : "on");
}

static void settings_print(FILE *f, const struct dp_service *was, const struct dp_service *want)
{
	static void (*const say[])(const struct dp_service *s, char *buf) = {
		sched_say, refuse_say, affinity_say, removal_say, eject_say, fast_path_say,
	};
	char old[SETTING_LEN], new[SETTING_LEN];

	for (size_t i = 0; i < sizeof(say) / sizeof(say[0]); i++) {
		say[i](was, old);
		say[i](want, new);
		if (!strcmp(old, new))
			continue;
		/* What has no name was not there. */
		if (was->name)
			fprintf(f, "    - %s\n", old);
		fprintf(f, "    + %s\n", new);
	}
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

/* What was not there is a service with nothing in it, set as one is by default. */
static void step_print(FILE *f, const struct plan_step *step)
{
	static const char signs[] = { [PLAN_ADD] = '+', [PLAN_CHANGE] = '~', [PLAN_REMOVE] = '-' };
	const struct dp_service *want = step->want, *was = step->was;
	struct dp_service nothing = { 0 };

	header_print(f, signs[step->op], want ? want : was);
	if (!want)
		return;
	if (!was && want->proto == IPPROTO_TCP) {
		nothing.eject_fails = EJECT_FAILS;
		nothing.eject_seconds = EJECT_SECONDS;
	}
	was = was ? was : &nothing;
	settings_print(f, was, want);
	lines_print(f, &ranges, was->ranges, was->n_ranges, want->ranges, want->n_ranges);
	lines_print(f, &frontends, was->frontends, was->n_frontends,
		    want->frontends, want->n_frontends);
	lines_print(f, &backends, was->backends, was->n_backends,
		    want->backends, want->n_backends);
}

static void prefixes_print(FILE *f, const char *what, const struct prefix *v, size_t n)
{
	char buf[PREFIX_STRLEN];

	fprintf(f, "    %s", what);
	for (size_t i = 0; i < n; i++)
		fprintf(f, " %s", prefix_str(&v[i], buf));
	fputs(n ? "\n" : " none\n", f);
}

/* What was never set and is not now is no line. */
static void config_print(FILE *f, const struct dp_config *was, const struct dp_config *want)
{
	fputs("~ node\n", f);
	prefixes_print(f, "cluster CIDRs:", want->cluster_cidrs, want->n_cluster_cidrs);
	if (want->flags & SVCNAT_CONFIG_F_NODEPORT_PRIMARY)
		fputs("    node port addresses: what this node sends from\n", f);
	else
		prefixes_print(f, "node port addresses:", want->nodeport_addrs,
			       want->n_nodeport_addrs);
	if (was->n_service_cidrs || want->n_service_cidrs)
		prefixes_print(f, "service CIDRs:", want->service_cidrs, want->n_service_cidrs);
	if (was->n_node_cidrs || want->n_node_cidrs)
		prefixes_print(f, "node CIDRs:", want->node_cidrs, want->n_node_cidrs);
	if (was->pod_interface || want->pod_interface)
		fprintf(f, "    Pods come through: %s\n",
			want->pod_interface ? want->pod_interface : "any interface");
	if ((was->flags | want->flags) & SVCNAT_CONFIG_F_MASQUERADE_ALL)
		fprintf(f, "    masquerade all: %s\n",
			want->flags & SVCNAT_CONFIG_F_MASQUERADE_ALL ? "yes" : "no");
	if ((was->flags | want->flags) & SVCNAT_CONFIG_F_NO_SHORTCUT)
		fprintf(f, "    fast path: %s\n",
			want->flags & SVCNAT_CONFIG_F_NO_SHORTCUT ? "no" : "yes");
}

void plan_print(FILE *f, const struct plan *p)
{
	size_t count[] = { [PLAN_ADD] = 0, [PLAN_CHANGE] = 0, [PLAN_REMOVE] = 0 };

	if (p->config)
		config_print(f, p->config_was, p->config);
	for (size_t i = 0; i < p->n; i++) {
		step_print(f, &p->steps[i]);
		count[p->steps[i].op]++;
	}
	fprintf(f, "%zu to add, %zu to change, %zu to remove\n", count[PLAN_ADD],
		count[PLAN_CHANGE], count[PLAN_REMOVE]);
}
