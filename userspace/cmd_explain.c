// SPDX-License-Identifier: GPL-2.0
/* explain: what the kernel would do with a connection, and why. */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nl.h"
#include "output.h"
#include "show.h"

static const struct option explain_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

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
	if (flow->proto == IPPROTO_ICMP && flow->src.family == AF_INET6)
		flow->proto = IPPROTO_ICMPV6;
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

struct answer {
	struct arena *a;
	struct knl_decision d;
};

/* By what kind of address it was found. */
static const char *frontend(const struct knl_decision *d)
{
	return d->service.n_frontends ? WORD(kind_words, d->service.frontends[0].kind) : "unknown";
}

static void put(struct sink *s, const void *what)
{
	const struct answer *w = what;
	const struct knl_decision *d = &w->d;

	s->map_begin(s);
	sink_string(s, "verdict", WORD(verdict_words, d->verdict));
	sink_string(s, "reason", WORD(reason_words, d->reason));
	if (d->service.name) {
		sink_string(s, "service", d->service.name);
		sink_string(s, "frontend", frontend(d));
		sink_number(s, "candidates", d->candidates);
	}
	if (d->verdict == SVCNAT_DNAT) {
		sink_string(s, "backend", addr_port(w->a, &d->backend.ip, d->backend.port));
		sink_boolean(s, "masquerade", d->masq);
		sink_boolean(s, "local", d->local_set);
	}
	sink_number(s, "generation", d->generation);
	s->map_end(s);
}

static void print(struct arena *a, const struct knl_decision *d)
{
	printf("%s\n", WORD(reason_words, d->reason));
	if (d->service.name)
		printf("  service    %s %s, by its %s\n", d->service.name,
		       proto_name(d->service.proto), frontend(d));
	if (d->verdict != SVCNAT_DNAT)
		return;
	printf("  backend    %s, one of %u %s, %s\n",
	       addr_port(a, &d->backend.ip, d->backend.port), d->candidates,
	       d->local_set ? "on this node" : "in the cluster",
	       d->service.sched == SVCNAT_SCHED_RR ? "in turn" : "at random");
	printf("  source     %s\n", WORD(masq_words, d->masq));
}

static bool parse(struct cli *c, enum output *out, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_JSON) | OUTPUT_BIT(OUT_YAML);
	int opt;

	while ((opt = options_next(c, argc, argv, "o:", explain_options)) != -1)
		if (opt != 'o' || !output_parse(c, optarg, forms, out))
			return false;
	if (argc - optind == 3)
		return true;
	diag_error(c->d, NULL, NULL, "explain what? PROTO SRC[:PORT] DST:PORT");
	return false;
}

int cmd_explain(struct cli *c, int argc, char **argv)
{
	struct answer w = { .a = c->a };
	struct knl_flow flow = { 0 };
	enum output out = OUT_TABLE;
	struct knl *knl;
	bool ok;

	if (!parse(c, &out, argc, argv) || !parse_flow(c, argv + optind, &flow))
		return EXIT_USAGE;
	knl = knl_open(c->d);
	ok = knl && knl_explain(knl, c->a, &flow, &w.d, c->d);
	if (ok && out != OUT_TABLE)
		output_document(out, put, &w);
	else if (ok)
		print(c->a, &w.d);
	knl_close(knl);
	return ok ? EXIT_OK : EXIT_ERROR;
}
