// SPDX-License-Identifier: GPL-2.0
/* Every decision of the kernel in words: tests/unit/golden/decisions.txt is to be read. */
#include "lab.h"
#include <netinet/in.h>
#include "decision.h"

struct told {
	const char *title;
	enum svcnat_verdict verdict;
	enum svcnat_reason reason;
	uint8_t proto;	/* 0: TCP */
	bool v6, no_service, local, any_range;
	enum svcnat_frontend_kind kind;
	enum svcnat_masq masq;
	enum svcnat_shortcut shortcut;
	uint32_t candidates, unavailable, weight;
	uint8_t sched, removal;
	uint32_t flags, affinity, drain;
	const char *pods;		/* pod_interface */
	uint32_t iif;
};

static const struct told cases[] = {
	{ "nobody's", SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, .no_service = true },
	{ "not an address for node ports", SVCNAT_PASS, SVCNAT_REASON_NOT_NODEPORT_ADDR,
	  .no_service = true },
	{ "a connected socket", SVCNAT_PASS, SVCNAT_REASON_SOCKET,
	  .kind = SVCNAT_FRONTEND_NODE_PORT },
	{ "no endpoints", SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, .proto = IPPROTO_TCP },
	{ "no endpoints, UDP", SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, .proto = IPPROTO_UDP },
	{ "no endpoints, SCTP over IPv6", SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, .proto = IPPROTO_SCTP,
	  .v6 = true },
	{ "no endpoints, by ICMP", SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS,
	  .flags = SVCNAT_SERVICE_F_REJECT_ICMP },
	{ "none local", SVCNAT_DROP, SVCNAT_REASON_NO_LOCAL_ENDPOINTS, .local = true,
	  .kind = SVCNAT_FRONTEND_NODE_PORT },
	{ "unused port", SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, .no_service = true },
	{ "unused, ICMP echo", SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, .proto = IPPROTO_ICMP,
	  .no_service = true },
	{ "unused, ICMPv6 echo", SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, .proto = IPPROTO_ICMPV6,
	  .v6 = true, .no_service = true },
	{ "nobody's, ICMP echo", SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, .proto = IPPROTO_ICMP,
	  .no_service = true },
	{ "unallocated", SVCNAT_DROP, SVCNAT_REASON_UNALLOCATED, .no_service = true },
	{ "source ranges", SVCNAT_DROP, SVCNAT_REASON_SOURCE_RANGE, .any_range = true,
	  .kind = SVCNAT_FRONTEND_LOAD_BALANCER },
	{ "no source range", SVCNAT_DROP, SVCNAT_REASON_SOURCE_RANGE,
	  .kind = SVCNAT_FRONTEND_LOAD_BALANCER },
	{ "overloaded", SVCNAT_REJECT, SVCNAT_REASON_OVERLOADED, .candidates = 3,
	  .unavailable = 3 },
	{ "overloaded, local", SVCNAT_REJECT, SVCNAT_REASON_OVERLOADED, .candidates = 1,
	  .unavailable = 1, .local = true },
	{ "picked at random", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 2 },
	{ "round-robin, weighted, local", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 3,
	  .sched = SVCNAT_SCHED_RR, .weight = 5, .local = true,
	  .kind = SVCNAT_FRONTEND_EXTERNAL_IP },
	{ "least connection, one left out, drained", SVCNAT_DNAT, SVCNAT_REASON_PICKED,
	  .candidates = 3, .unavailable = 1, .sched = SVCNAT_SCHED_LC,
	  .removal = SVCNAT_REMOVAL_DRAIN, .drain = 30 },
	{ "source hash, two left out, reset", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 3,
	  .unavailable = 2, .sched = SVCNAT_SCHED_SH, .removal = SVCNAT_REMOVAL_RESET },
	{ "maglev, all ejected", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 3,
	  .unavailable = 3, .sched = SVCNAT_SCHED_MAGLEV },
	{ "UDP", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .proto = IPPROTO_UDP, .candidates = 2,
	  .removal = SVCNAT_REMOVAL_DRAIN, .drain = 30 },
	{ "affinity, first time", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 2,
	  .affinity = 10800 },
	{ "affinity, again", SVCNAT_DNAT, SVCNAT_REASON_PINNED, .candidates = 2,
	  .affinity = 10800, .sched = SVCNAT_SCHED_LC },
	{ "hairpin", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_HAIRPIN },
	{ "external", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_EXTERNAL, .kind = SVCNAT_FRONTEND_NODE_PORT },
	{ "off the cluster", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_OFF_CLUSTER },
	{ "off the cluster by device", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_OFF_CLUSTER, .pods = "veth*", .iif = 2 },
	{ "no device given", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_OFF_CLUSTER, .pods = "veth*" },
	{ "the node", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_NODE, .kind = SVCNAT_FRONTEND_NODE_PORT },
	{ "another node's Pod", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_OTHER_NODE, .kind = SVCNAT_FRONTEND_LOAD_BALANCER },
	{ "everybody", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .masq = SVCNAT_MASQ_ALL },
	{ "no fast path", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .shortcut = SVCNAT_SHORTCUT_OFF },
	{ "nor for this service", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .shortcut = SVCNAT_SHORTCUT_SERVICE_OFF },
	{ "nor for SCTP", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .proto = IPPROTO_SCTP, .candidates = 1,
	  .shortcut = SVCNAT_SHORTCUT_PROTO },
	{ "nor from the node", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .shortcut = SVCNAT_SHORTCUT_FROM_NODE },
	{ "nor to it", SVCNAT_DNAT, SVCNAT_REASON_PICKED, .candidates = 1,
	  .shortcut = SVCNAT_SHORTCUT_TO_NODE },
	{ "a kernel that knows more", SVCNAT_DNAT, __SVCNAT_REASON_MAX, .candidates = 2,
	  .masq = __SVCNAT_MASQ_MAX, .sched = __SVCNAT_SCHED_MAX, .removal = __SVCNAT_REMOVAL_MAX,
	  .kind = __SVCNAT_FRONTEND_MAX, .shortcut = __SVCNAT_SHORTCUT_MAX },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void service(struct answer *w, const struct told *t)
{
	struct dp_service *svc = &w->d.service, *full = arena_alloc(w->a, sizeof(*full));

	svc->name = "default/web:http";
	svc->family = w->flow.src.family;
	svc->proto = w->flow.proto;
	svc->sched = t->sched;
	svc->removal = t->removal;
	svc->drain_seconds = t->drain;
	svc->affinity_seconds = t->affinity;
	svc->flags = t->flags;
	((struct dp_frontend *)arena_push(w->a, &svc->frontends, &svc->n_frontends,
					  sizeof(*svc->frontends)))->kind = t->kind;
	*full = *svc;
	if (t->any_range)
		assert_true(prefix_parse("192.0.2.0/24", arena_push(w->a, &full->ranges,
								    &full->n_ranges,
								    sizeof(*full->ranges))));
	if (decision_wants_service(&w->d))
		w->service = full;
}

static struct answer answer(struct arena *a, const struct told *t)
{
	struct answer w = {
		.a = a, .flow = { .proto = t->proto ? t->proto : IPPROTO_TCP, .iif = t->iif },
		.d = {
			.verdict = t->verdict, .reason = t->reason, .masq = t->masq,
			.candidates = t->candidates, .unavailable = t->unavailable,
			.local_set = t->local, .generation = 7, .shortcut = t->shortcut,
			.backend = { .port = 8080, .weight = t->weight ? t->weight : 1 },
		},
		.config.pod_interface = t->pods,
	};

	assert_true(ip_parse(t->v6 ? "fd00::1" : "10.244.1.200", &w.flow.src));
	assert_true(ip_parse(t->v6 ? "fd00:10:244:1::6" : "10.244.1.11", &w.d.backend.ip));
	if (!t->no_service)
		service(&w, t);
	return w;
}

static void words(void **state)
{
	struct lab *l = lab_new();
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	for (size_t i = 0; i < N_CASES; i++) {
		struct answer w = answer(l->a, &cases[i]);

		fprintf(f, "%s# %s\n", i ? "\n" : "", cases[i].title);
		decision_print(f, &w);
	}
	fclose(f);
	lab_golden("decisions.txt", text);
	free(text);
	lab_free(l);
}

/* No reason, masquerading or shortcut that there is goes without words or a code of its own. */
static void complete(void **state)
{
	unsigned int reasons = 0, masqs = 0, shortcuts = 0;
	struct lab *l = lab_new();
	size_t len;

	for (size_t i = 0; i < N_CASES; i++) {
		struct answer w = answer(l->a, &cases[i]);
		const char *json = sink_line(l->a, decision_put, &w, &len);

		if (cases[i].reason == __SVCNAT_REASON_MAX)
			continue;
		if (strstr(json, "unknown"))
			fail_msg("%s: %s", cases[i].title, json);
		reasons |= 1U << cases[i].reason;
		masqs |= 1U << cases[i].masq;
		shortcuts |= 1U << cases[i].shortcut;
	}
	assert_int_equal(reasons, (1U << __SVCNAT_REASON_MAX) - 1);
	assert_int_equal(masqs, (1U << __SVCNAT_MASQ_MAX) - 1);
	assert_int_equal(shortcuts, (1U << __SVCNAT_SHORTCUT_MAX) - 1);
	lab_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
