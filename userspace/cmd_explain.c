// SPDX-License-Identifier: GPL-2.0
/* explain: what the kernel would do with a connection, and why. */
#define _GNU_SOURCE
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decision.h"
#include "output.h"

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

static const struct protocol {
	const char *name;
	uint8_t proto;
} protocols[] = {
	{ "tcp", IPPROTO_TCP }, { "udp", IPPROTO_UDP }, { "sctp", IPPROTO_SCTP },
	{ "icmp", IPPROTO_ICMP }, { "icmpv6", IPPROTO_ICMPV6 },
};

static bool parse_proto(struct cli *c, const char *name, uint8_t *proto)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (!strcasecmp(name, protocols[i].name)) {
			*proto = protocols[i].proto;
			return true;
		}
	return diag_error(c->d, NULL, NULL, "explain: protocol \"%s\": expected tcp, udp, sctp, icmp "
			  "or icmpv6", name), false;
}

/* "icmp" between IPv6 addresses means ICMPv6. */
static bool check_icmp(struct cli *c, char **argv, struct knl_flow *flow)
{
	if (flow->sport || flow->dport)
		return diag_error(c->d, NULL, NULL, "explain: %s has no ports: expected %s ADDR ADDR",
				  argv[0], argv[0]), false;
	if (flow->proto == IPPROTO_ICMPV6 && flow->src.family != AF_INET6)
		return diag_error(c->d, NULL, NULL, "explain: icmpv6 between IPv4 addresses: "
				  "expected icmp, or IPv6 addresses"), false;
	if (flow->src.family == AF_INET6)
		flow->proto = IPPROTO_ICMPV6;
	return true;
}

static bool parse_flow(struct cli *c, char **argv, struct knl_flow *flow)
{
	bool icmp;

	if (!parse_proto(c, argv[0], &flow->proto))
		return false;
	icmp = flow->proto == IPPROTO_ICMP || flow->proto == IPPROTO_ICMPV6;
	if (!parse_end(c->a, argv[1], &flow->src, &flow->sport))
		return diag_error(c->d, NULL, NULL, "explain: source \"%s\": expected ADDR or ADDR:PORT",
				  argv[1]), false;
	if (!parse_end(c->a, argv[2], &flow->dst, &flow->dport) || (!flow->dport && !icmp))
		return diag_error(c->d, NULL, NULL, "explain: destination \"%s\": expected %s", argv[2],
				  icmp ? "ADDR" : "ADDR:PORT or [ADDR]:PORT"), false;
	if (flow->src.family != flow->dst.family)
		return diag_error(c->d, NULL, NULL, "explain: %s and %s are of different families",
				  argv[1], argv[2]), false;
	return !icmp || check_icmp(c, argv, flow);
}

/* "iif DEVICE", as after "ip route get". */
static bool parse_device(struct cli *c, char **argv, struct knl_flow *flow)
{
	if (strcmp(argv[0], "iif") && strcmp(argv[0], "via"))
		return diag_error(c->d, NULL, NULL, "explain: \"%s\": expected iif DEVICE, or nothing "
				  "more", argv[0]), false;
	flow->iif = if_nametoindex(argv[1]);
	if (!flow->iif)
		return diag_error(c->d, NULL, NULL, "explain: iif %s: this machine has no such device",
				  argv[1]), false;
	return true;
}

static bool parse(struct cli *c, struct knl_flow *flow, enum output *out, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_JSON) | OUTPUT_BIT(OUT_YAML);
	int opt, n;

	while ((opt = options_next(c, argc, argv, "o:", explain_options)) != -1)
		if (opt != 'o' || !output_parse(c, optarg, forms, out))
			return false;
	n = argc - optind;
	if (n != 3 && n != 5)
		return diag_error(c->d, NULL, NULL, "explain what? PROTO SRC[:PORT] DST:PORT "
				  "[iif DEVICE], or icmp SRC DST"), false;
	return parse_flow(c, argv + optind, flow) &&
	       (n == 3 || parse_device(c, argv + optind + 3, flow));
}

/* What the answer is made of; all from one moment, but for words about ranges. */
static bool ask(struct answer *w, struct diag *d)
{
	struct knl *knl = knl_open(d);
	struct dp info = { 0 }, *dp = NULL;
	bool ok = knl && knl_explain(knl, w->a, &w->flow, &w->d, d) &&
		  knl_info(knl, w->a, &info, d);

	if (ok && decision_wants_service(&w->d)) {
		dp = knl_dump(knl, w->a, w->d.service.name, d);
		ok = dp;
	}
	knl_close(knl);
	w->config = info.config;
	for (size_t i = 0; dp && i < dp->n_services; i++)
		if (!dp_service_cmp(&dp->services[i], &w->d.service))
			w->service = &dp->services[i];
	return ok;
}

int cmd_explain(struct cli *c, int argc, char **argv)
{
	struct answer w = { .a = c->a };
	enum output out = OUT_TABLE;

	if (!parse(c, &w.flow, &out, argc, argv))
		return EXIT_USAGE;
	if (!ask(&w, c->d))
		return EXIT_ERROR;
	if (out != OUT_TABLE)
		output_document(out, decision_put, &w);
	else
		decision_print(stdout, &w);
	return EXIT_OK;
}
