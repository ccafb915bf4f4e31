// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <netinet/in.h>

#include "decision.h"
#include "show.h"

/* For programs and for people. */
struct word {
	const char *code, *text;
};

static const char *const verdicts[] = {
	[SVCNAT_PASS] = "pass", [SVCNAT_DNAT] = "dnat", [SVCNAT_REJECT] = "reject",
	[SVCNAT_DROP] = "drop",
};

static const struct word reasons[] = {
	[SVCNAT_REASON_NO_FRONTEND] = { "no-frontend",
		"no service has this address and port: the packet goes on as it is" },
	[SVCNAT_REASON_NOT_NODEPORT_ADDR] = { "not-nodeport-address",
		"a node port, but node ports do not answer on this address (never on loopback): "
		"the packet goes on as it is" },
	[SVCNAT_REASON_PICKED] = { "picked", "sent to a backend" },
	[SVCNAT_REASON_NO_ENDPOINTS] = { "no-endpoints",
		"the service has no endpoint that is ready and of a weight above 0: refused" },
	[SVCNAT_REASON_NO_LOCAL_ENDPOINTS] = { "no-local-endpoints",
		"policy Local, and no endpoint on this node: dropped" },
	[SVCNAT_REASON_UNUSED_PORT] = { "unused-port",
		"a cluster IP, but no service has this port of it: refused" },
	[SVCNAT_REASON_UNALLOCATED] = { "unallocated",
		"an address of the service CIDRs that no service has: dropped" },
	[SVCNAT_REASON_SOURCE_RANGE] = { "source-range",
		"the source is outside the service's source ranges: dropped" },
	[SVCNAT_REASON_OVERLOADED] = { "overloaded",
		"every backend is at its connection limit: refused" },
	[SVCNAT_REASON_PINNED] = { "pinned",
		"sent to the backend this source was sent to before: session affinity" },
	[SVCNAT_REASON_SOCKET] = { "socket",
		"a node port, but a connection of this node's own uses it: the packet goes on as it is" },
};

static const struct word masqs[] = {
	[SVCNAT_MASQ_NO] = { "no", "kept" },
	[SVCNAT_MASQ_HAIRPIN] = { "hairpin", "masqueraded: the client is the backend itself" },
	[SVCNAT_MASQ_EXTERNAL] = { "external",
		"masqueraded: an external address under policy Cluster" },
	[SVCNAT_MASQ_OFF_CLUSTER] = { "off-cluster",
		"masqueraded: the client is outside the cluster CIDRs" },
	[SVCNAT_MASQ_NODE] = { "node", "masqueraded: the client is this node" },
	[SVCNAT_MASQ_OTHER_NODE] = { "other-node",
		"masqueraded: the client is a Pod of another node, and its reply would go past this one" },
	[SVCNAT_MASQ_ALL] = { "all", "masqueraded: every client of a cluster IP is, by --masquerade-all" },
};

static const struct word shortcuts[] = {
	[SVCNAT_SHORTCUT_YES] = { "yes", "once established, packets of it are sent on at ingress" },
	[SVCNAT_SHORTCUT_OFF] = { "off", "no: switched off by --fast-path=no" },
	[SVCNAT_SHORTCUT_SERVICE_OFF] = { "service-off",
		"no: switched off for this service by svcnat.io/fast-path" },
	[SVCNAT_SHORTCUT_PROTO] = { "protocol", "no: only TCP and UDP flows are" },
	[SVCNAT_SHORTCUT_FROM_NODE] = { "from-node",
		"no: without iif DEVICE it is as if the node itself asked" },
	[SVCNAT_SHORTCUT_TO_NODE] = { "to-node", "no: the backend is on an address of this node" },
};

static const char *const kinds[] = {
	[SVCNAT_FRONTEND_CLUSTER_IP] = "cluster IP", [SVCNAT_FRONTEND_NODE_PORT] = "node port",
	[SVCNAT_FRONTEND_LOAD_BALANCER] = "load balancer", [SVCNAT_FRONTEND_EXTERNAL_IP] = "external IP",
};

static const char *const scheds[] = {
	[SVCNAT_SCHED_RANDOM] = "each time drawn anew",
	[SVCNAT_SCHED_RR] = "in turn",
	[SVCNAT_SCHED_LC] = "of two drawn at random the one with fewer connections",
	[SVCNAT_SCHED_SH] = "by the source address alone",
	[SVCNAT_SCHED_MAGLEV] = "by both addresses and ports, the same on every node",
};

static const char *const removals[] = {
	[SVCNAT_REMOVAL_KEEP] = "keep", [SVCNAT_REMOVAL_DRAIN] = "drain",
	[SVCNAT_REMOVAL_RESET] = "reset",
};

#define WORDS(table, i) \
	((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : \
	 (struct word){ "unknown", "unknown" })

bool decision_wants_service(const struct knl_decision *d)
{
	return d->reason == SVCNAT_REASON_SOURCE_RANGE;
}

/* What has no ports is no service's, whatever the address. */
static const char *reason(const struct answer *w)
{
	enum svcnat_reason r = w->d.reason;
	bool icmp = w->flow.proto == IPPROTO_ICMP || w->flow.proto == IPPROTO_ICMPV6;

	if (icmp && r == SVCNAT_REASON_NO_FRONTEND)
		return "no service takes ICMP, which has no ports: the packet goes on as it is";
	if (icmp && r == SVCNAT_REASON_UNUSED_PORT)
		return "a cluster IP, which answers on TCP, UDP and SCTP ports of services only: "
		       "refused";
	return WORDS(reasons, r).text;
}

/* By what kind of address it was found. */
static const char *frontend(const struct knl_decision *d)
{
	return d->service.n_frontends ? WORD(kinds, d->service.frontends[0].kind) : "unknown";
}

static const char *masquerade(const struct answer *w)
{
	if (w->d.masq == SVCNAT_MASQ_OFF_CLUSTER && w->config.pod_interface)
		return arena_printf(w->a, "masqueraded: the client is no Pod, as it does not come "
				    "through %s", w->config.pod_interface);
	return WORDS(masqs, w->d.masq).text;
}

static const char *where(const struct knl_decision *d)
{
	return d->local_set ? "on this node" : "in the cluster";
}

/* Of all candidates, those that take connections now; if none does, ejected ones have to. */
static uint32_t available(const struct knl_decision *d)
{
	return d->candidates > d->unavailable ? d->candidates - d->unavailable : d->candidates;
}

static const char *backend(const struct answer *w)
{
	const struct knl_decision *d = &w->d;
	const char *text = addr_port(w->a, &d->backend.ip, d->backend.port);

	if (available(d) == 1)
		text = arena_printf(w->a, "%s, the only one %s", text, where(d));
	else
		text = arena_printf(w->a, "%s, one of %u %s", text, available(d), where(d));
	if (d->backend.weight > 1)
		text = arena_printf(w->a, "%s, with weight %u", text, d->backend.weight);
	return text;
}

/* Where it had a choice. */
static const char *scheduler(const struct answer *w)
{
	uint8_t sched = w->d.service.sched;

	if (w->d.reason != SVCNAT_REASON_PICKED || available(&w->d) < 2)
		return NULL;
	return arena_printf(w->a, "%s: %s", sched_name(sched), WORD(scheds, sched));
}

static const char *left_out(const struct answer *w)
{
	const struct knl_decision *d = &w->d;

	if (!d->unavailable)
		return NULL;
	if (d->unavailable >= d->candidates)
		return "none, though all of them are ejected or at their connection limit";
	return arena_printf(w->a, "%u more, ejected after failed handshakes or at the connection limit",
			    d->unavailable);
}

static const char *affinity(const struct answer *w)
{
	if (!w->d.service.affinity_seconds)
		return NULL;
	return arena_printf(w->a, "this source stays with the backend until it opens no connection for %u s",
			    w->d.service.affinity_seconds);
}

static const char *removal(const struct answer *w)
{
	const struct dp_service *svc = &w->d.service;

	if (svc->proto == IPPROTO_UDP)
		return "when the backend leaves, the flow goes to another with its next packet";
	if (svc->removal == SVCNAT_REMOVAL_RESET)
		return "when the backend leaves, the connection is reset";
	if (svc->removal == SVCNAT_REMOVAL_DRAIN)
		return arena_printf(w->a, "the connection is reset %u s after the backend stops being picked",
				    svc->drain_seconds);
	return "when the backend leaves, the connection goes on";
}

/* What the client hears. */
static const char *refusal(const struct answer *w)
{
	bool by_icmp = w->d.service.flags & SVCNAT_SERVICE_F_REJECT_ICMP;

	if (w->flow.proto == IPPROTO_TCP && !by_icmp)
		return "a TCP reset";
	if (w->flow.proto == IPPROTO_SCTP && !by_icmp)
		return "an SCTP ABORT";
	return w->flow.src.family == AF_INET6 ? "ICMPv6 port unreachable" : "ICMP port unreachable";
}

static const char *ranges(const struct answer *w)
{
	struct strings list = { 0 };
	char text[PREFIX_STRLEN];

	if (!w->service)
		return NULL;
	for (size_t i = 0; i < w->service->n_ranges; i++)
		strings_add(w->a, &list, arena_strdup(w->a, prefix_str(&w->service->ranges[i], text)));
	return list.n ? join_all(w->a, &list) : "nobody";
}

/* Who is a Pod goes by a device, and none was named. */
static const char *device(const struct answer *w)
{
	if (!w->config.pod_interface || w->flow.iif)
		return NULL;
	return arena_printf(w->a, "none given, so as if this node sent it; Pods come through %s: say iif DEVICE",
			    w->config.pod_interface);
}

static void fact(FILE *f, const char *name, const char *text)
{
	if (text)
		fprintf(f, "  %-10s %s\n", name, text);
}

static void facts_of_dnat(FILE *f, const struct answer *w)
{
	fact(f, "backend", backend(w));
	fact(f, "scheduler", scheduler(w));
	fact(f, "left out", left_out(w));
	fact(f, "affinity", affinity(w));
	fact(f, "source", masquerade(w));
	fact(f, "removal", removal(w));
	fact(f, "fast path", WORDS(shortcuts, w->d.shortcut).text);
}

void decision_print(FILE *f, const struct answer *w)
{
	const struct knl_decision *d = &w->d;

	fprintf(f, "%s\n", reason(w));
	if (d->service.name)
		fact(f, "service", arena_printf(w->a, "%s %s, by its %s", d->service.name,
						proto_name(d->service.proto), frontend(d)));
	if (d->verdict == SVCNAT_DNAT)
		facts_of_dnat(f, w);
	if (d->verdict == SVCNAT_REJECT)
		fact(f, "answer", refusal(w));
	if (d->reason == SVCNAT_REASON_OVERLOADED)
		fact(f, "backends", arena_printf(w->a, "%u %s", d->candidates, where(d)));
	if (d->reason == SVCNAT_REASON_SOURCE_RANGE)
		fact(f, "allowed", ranges(w));
	fact(f, "device", device(w));
}

static void put_service(struct sink *s, const struct answer *w)
{
	const struct knl_decision *d = &w->d;

	sink_string(s, "service", d->service.name);
	sink_string(s, "protocol", proto_name(d->service.proto));
	sink_string(s, "frontend", frontend(d));
	sink_string(s, "scheduler", sched_name(d->service.sched));
	sink_number(s, "candidates", d->candidates);
	sink_number(s, "unavailable", d->unavailable);
	sink_number(s, "affinity_seconds", d->service.affinity_seconds);
	sink_string(s, "removal", WORD(removals, d->service.removal));
	if (d->service.removal == SVCNAT_REMOVAL_DRAIN)
		sink_number(s, "drain_seconds", d->service.drain_seconds);
}

void decision_put(struct sink *s, const void *answer)
{
	const struct answer *w = answer;
	const struct knl_decision *d = &w->d;

	s->map_begin(s);
	sink_string(s, "verdict", WORD(verdicts, d->verdict));
	sink_string(s, "code", WORDS(reasons, d->reason).code);
	sink_string(s, "reason", reason(w));
	if (d->service.name)
		put_service(s, w);
	if (d->verdict == SVCNAT_DNAT) {
		sink_string(s, "backend", addr_port(w->a, &d->backend.ip, d->backend.port));
		sink_boolean(s, "masquerade", d->masq);
		sink_string(s, "masquerade_code", WORDS(masqs, d->masq).code);
		sink_boolean(s, "local", d->local_set);
		sink_string(s, "fast_path", WORDS(shortcuts, d->shortcut).code);
	}
	sink_number(s, "generation", d->generation);
	s->map_end(s);
}
