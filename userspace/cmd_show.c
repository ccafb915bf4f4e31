// SPDX-License-Identifier: GPL-2.0
/* explain, stats, monitor: what the kernel says. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "nl.h"
#include "show.h"

static const struct option show_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

struct request {
	const char *ns;		/* NULL: all */
	bool json;
};

static bool parse(struct cli *c, struct request *r, int argc, char **argv)
{
	int opt;

	r->ns = "default";
	while ((opt = options_next(c, argc, argv, "o:n:A", show_options)) != -1) {
		if (opt == 'n')
			r->ns = optarg;
		else if (opt == 'A')
			r->ns = NULL;
		else if (opt == 'o' && !strcmp(optarg, "json"))
			r->json = true;
		else
			return false;
	}
	return true;
}

const char *proto_name(uint8_t proto)
{
	return proto == IPPROTO_TCP ? "TCP" : proto == IPPROTO_UDP ? "UDP" : "other";
}

const char *addr_port(struct arena *a, const struct ip *ip, uint16_t port)
{
	char buf[IP_STRLEN];

	return arena_printf(a, ip->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_str(ip, buf), port);
}

/* "ADDR", "ADDR:PORT", "[ADDR]:PORT". */
static bool parse_end(struct arena *a, const char *text, struct ip *ip, uint16_t *port)
{
	char *s = arena_strdup(a, text), *colon = NULL, *end;
	long n;

	if (ip_parse(s, ip))
		return true;
	if (*s == '[') {
		end = strchr(s, ']');
		if (!end || end[1] != ':')
			return false;
		*end = '\0';
		s++;
		colon = end + 1;
	} else {
		colon = strrchr(s, ':');
	}
	if (!colon)
		return false;
	*colon = '\0';
	n = strtol(colon + 1, &end, 10);
	if (*end || n < 1 || n > 65535)
		return false;
	*port = (uint16_t)n;
	return ip_parse(s, ip);
}

static bool parse_flow(struct cli *c, char **argv, struct knl_flow *flow)
{
	if (!strcasecmp(argv[0], "tcp"))
		flow->proto = IPPROTO_TCP;
	else if (!strcasecmp(argv[0], "udp"))
		flow->proto = IPPROTO_UDP;
	else if (!strcasecmp(argv[0], "icmp"))
		flow->proto = IPPROTO_ICMP;
	else
		return diag_error(c->d, NULL, NULL, "explain: protocol \"%s\": expected tcp, udp or icmp",
				  argv[0]), false;
	if (!parse_end(c->a, argv[1], &flow->src, &flow->sport))
		return diag_error(c->d, NULL, NULL, "explain: source \"%s\": expected ADDR or ADDR:PORT",
				  argv[1]), false;
	if (!parse_end(c->a, argv[2], &flow->dst, &flow->dport) ||
	    (!flow->dport && flow->proto != IPPROTO_ICMP))
		return diag_error(c->d, NULL, NULL, "explain: destination \"%s\": expected ADDR:PORT or [ADDR]:PORT",
				  argv[2]), false;
	if (flow->src.family != flow->dst.family)
		return diag_error(c->d, NULL, NULL, "explain: %s and %s are of different families",
				  argv[1], argv[2]), false;
	return true;
}

static const char *const verdict_words[] = {
	[SVCNAT_PASS] = "pass", [SVCNAT_DNAT] = "dnat", [SVCNAT_REJECT] = "reject",
	[SVCNAT_DROP] = "drop",
};

static const char *const reason_words[] = {
	[SVCNAT_REASON_NO_FRONTEND] = "no service has this address and port: the packet goes on as it is",
	[SVCNAT_REASON_NOT_NODEPORT_ADDR] = "a node port, but node ports do not answer on this address: the packet goes on as it is",
	[SVCNAT_REASON_PICKED] = "sent to a backend",
	[SVCNAT_REASON_NO_ENDPOINTS] = "the service has no endpoint that is ready: refused",
	[SVCNAT_REASON_NO_LOCAL_ENDPOINTS] = "policy Local, and no endpoint on this node: dropped",
	[SVCNAT_REASON_UNUSED_PORT] = "a cluster IP, but no service has this port of it: refused",
};

static const char *const masq_words[] = {
	[SVCNAT_MASQ_NO] = "kept",
	[SVCNAT_MASQ_HAIRPIN] = "masqueraded: the client is the backend itself",
	[SVCNAT_MASQ_EXTERNAL] = "masqueraded: an external address under policy Cluster",
	[SVCNAT_MASQ_OFF_CLUSTER] = "masqueraded: the client is outside the cluster CIDRs",
	[SVCNAT_MASQ_NODE] = "masqueraded: the client is this node",
};

static const char *const kind_words[] = {
	[SVCNAT_FRONTEND_CLUSTER_IP] = "cluster IP", [SVCNAT_FRONTEND_NODE_PORT] = "node port",
	[SVCNAT_FRONTEND_LOAD_BALANCER] = "load balancer", [SVCNAT_FRONTEND_EXTERNAL_IP] = "external IP",
};

static void explain_json(struct cli *c, const struct knl_decision *d)
{
	printf("{\"verdict\": \"%s\", \"reason\": \"%s\"", verdict_words[d->verdict],
	       reason_words[d->reason]);
	if (d->service.name)
		printf(", \"service\": \"%s\", \"frontend\": \"%s\", \"candidates\": %u",
		       d->service.name, kind_words[d->service.frontends[0].kind], d->candidates);
	if (d->verdict == SVCNAT_DNAT)
		printf(", \"backend\": \"%s\", \"masquerade\": %s, \"local\": %s",
		       addr_port(c->a, &d->backend.ip, d->backend.port),
		       d->masq ? "true" : "false", d->local_set ? "true" : "false");
	printf(", \"generation\": %llu}\n", (unsigned long long)d->generation);
}

static void explain_text(struct cli *c, const struct knl_decision *d)
{
	printf("%s\n", reason_words[d->reason]);
	if (d->service.name)
		printf("  service    %s %s, by its %s\n", d->service.name,
		       proto_name(d->service.proto), kind_words[d->service.frontends[0].kind]);
	if (d->verdict != SVCNAT_DNAT)
		return;
	printf("  backend    %s, one of %u %s, %s\n",
	       addr_port(c->a, &d->backend.ip, d->backend.port), d->candidates,
	       d->local_set ? "on this node" : "in the cluster",
	       d->service.sched == SVCNAT_SCHED_RR ? "in turn" : "at random");
	printf("  source     %s\n", masq_words[d->masq]);
}

int cmd_explain(struct cli *c, int argc, char **argv)
{
	struct knl_flow flow = { 0 };
	struct knl_decision d;
	struct request r = { 0 };
	struct knl *knl;
	bool ok;

	if (!parse(c, &r, argc, argv))
		return EXIT_USAGE;
	if (argc - optind != 3) {
		diag_error(c->d, NULL, NULL, "explain what? PROTO SRC[:PORT] DST:PORT");
		return EXIT_USAGE;
	}
	if (!parse_flow(c, argv + optind, &flow))
		return EXIT_USAGE;
	knl = knl_open(c->d);
	ok = knl && knl_explain(knl, c->a, &flow, &d, c->d);
	if (ok && r.json)
		explain_json(c, &d);
	else if (ok)
		explain_text(c, &d);
	knl_close(knl);
	return ok ? EXIT_OK : EXIT_ERROR;
}

bool dp_service_in(const struct dp_service *svc, const char *ns, const char *name)
{
	size_t len = ns ? strlen(ns) : 0;
	const char *slash = strchr(svc->name, '/');

	if (ns && (strncmp(svc->name, ns, len) || svc->name[len] != '/'))
		return false;
	if (!name)
		return true;
	len = strlen(name);
	return slash && !strncmp(slash + 1, name, len) && slash[1 + len] == ':';
}

static void stats_service(struct cli *c, const struct dp_service *svc, bool json, bool first)
{
	if (json)
		printf("%s\n  {\"service\": \"%s\", \"protocol\": \"%s\", \"connections\": %llu, \"refused\": %llu, \"dropped\": %llu, \"backends\": [",
		       first ? "" : ",", svc->name, proto_name(svc->proto),
		       (unsigned long long)svc->connections, (unsigned long long)svc->refused,
		       (unsigned long long)svc->dropped);
	else
		printf("%-40s %-5s %12llu %9llu %9llu\n", svc->name, proto_name(svc->proto),
		       (unsigned long long)svc->connections, (unsigned long long)svc->refused,
		       (unsigned long long)svc->dropped);
	for (size_t i = 0; i < svc->n_backends; i++) {
		const struct dp_backend *b = &svc->backends[i];
		const char *where = addr_port(c->a, &b->ip, b->port);

		if (json)
			printf("%s{\"backend\": \"%s\", \"connections\": %llu}", i ? ", " : "", where,
			       (unsigned long long)b->connections);
		else
			printf("  %-44s %12llu\n", where, (unsigned long long)b->connections);
	}
	if (json)
		printf("]}");
}

static void stats_print(struct cli *c, const struct dp *dp, const struct request *r,
			const char *name)
{
	bool first = true;

	if (r->json)
		printf("{\"services\": [");
	else
		printf("%-40s %-5s %12s %9s %9s\n", "SERVICE", "PROTO", "CONNECTIONS", "REFUSED",
		       "DROPPED");
	for (size_t i = 0; i < dp->n_services; i++) {
		if (!dp_service_in(&dp->services[i], r->ns, name))
			continue;
		stats_service(c, &dp->services[i], r->json, first);
		first = false;
	}
	printf(r->json ? "],\n \"connections\": %llu, \"refused\": %llu, \"dropped\": %llu, \"unused_port\": %llu, \"nat_failed\": %llu}\n" :
	       "all: %llu connections; refused: %llu no endpoint; dropped: %llu no local endpoint; refused: %llu unused port of a cluster IP; %llu not bound\n",
	       (unsigned long long)dp->info.connections, (unsigned long long)dp->info.refused,
	       (unsigned long long)dp->info.dropped, (unsigned long long)dp->info.unused_port,
	       (unsigned long long)dp->info.nat_failed);
}

int cmd_stats(struct cli *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct dp *dp = NULL;
	struct knl *knl;

	if (!parse(c, &r, argc, argv))
		return EXIT_USAGE;
	knl = knl_open(c->d);
	if (knl)
		dp = knl_dump(knl, c->a, NULL, c->d);
	if (dp)
		stats_print(c, dp, &r, optind < argc ? argv[optind] : NULL);
	knl_close(knl);
	return dp ? EXIT_OK : EXIT_ERROR;
}

static bool monitor_event(const struct knl_event *ev, void *arg)
{
	static const char *const words[] = {
		[SVCNAT_EVENT_ADDED] = "added", [SVCNAT_EVENT_CHANGED] = "changed",
		[SVCNAT_EVENT_REMOVED] = "removed",
	};
	const struct request *r = arg;
	unsigned long long gen = ev->generation;

	if (ev->commit && r->json)
		printf("{\"event\": \"commit\", \"generation\": %llu, \"changes\": %u, \"services\": %u, \"backends\": %u}\n",
		       gen, ev->changes, ev->info.services, ev->info.backends);
	else if (ev->commit)
		printf("%llu commit: %u changed, now %u services, %u backends\n", gen, ev->changes,
		       ev->info.services, ev->info.backends);
	else if (r->json)
		printf("{\"event\": \"%s\", \"generation\": %llu, \"service\": \"%s\", \"protocol\": \"%s\", \"backends_added\": %u, \"backends_removed\": %u}\n",
		       words[ev->what], gen, ev->service.name, proto_name(ev->service.proto),
		       ev->backends_added, ev->backends_removed);
	else
		printf("%llu service %s %s %s: +%u -%u backends\n", gen, ev->service.name,
		       proto_name(ev->service.proto), words[ev->what], ev->backends_added,
		       ev->backends_removed);
	return fflush(stdout) == 0;
}

int cmd_monitor(struct cli *c, int argc, char **argv)
{
	struct request r = { 0 };
	struct knl *knl;
	bool ok;

	if (!parse(c, &r, argc, argv))
		return EXIT_USAGE;
	knl = knl_open(c->d);
	ok = knl && knl_monitor(knl, monitor_event, &r, c->d);
	knl_close(knl);
	return ok ? EXIT_OK : EXIT_ERROR;
}
