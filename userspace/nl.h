/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel, over generic netlink (libnl-3), as kmod/uapi/svcnat.h specifies.
 *
 *   nl.c       socket, family, errors with the kernel's own text and the remedy
 *   nl_send.c  plan → transaction
 *   nl_read.c  dump → struct dp, explain, events
 *
 * Every function says what went wrong in one sentence through @d and returns
 * false or NULL: module not loaded (modprobe svcnat), no privilege, refused.
 *
 * For tests, SVCCTL_NETLINK=PORT speaks to the process bound to that port of
 * NETLINK_USERSOCK instead of the kernel (tests/tools/standin.c).
 */
#ifndef SVCCTL_NL_H
#define SVCCTL_NL_H

#include "arena.h"
#include "diag.h"
#include "dp.h"
#include "plan.h"

struct nl;

struct nl *nl_open(struct diag *d);
void nl_close(struct nl *nl);

/* Generation, apply id, info and config; no services. */
bool nl_info(struct nl *nl, struct arena *a, struct dp *out, struct diag *d);
/* Everything, sorted; retried when a commit fell into the dump. @name: filter or NULL. */
struct dp *nl_dump(struct nl *nl, struct arena *a, const char *name, struct diag *d);

enum nl_result { NL_OK, NL_STALE /* another commit came between: plan again */, NL_FAILED };

/* One transaction; @apply_id may be NULL. @generation: out, the new one. */
enum nl_result nl_apply(struct nl *nl, const struct plan *p, const uint8_t *apply_id,
			uint64_t *generation, struct diag *d);

struct nl_flow {
	uint8_t proto;
	struct ip src, dst;
	uint16_t sport, dport;
};

struct nl_decision {
	uint64_t generation;
	enum svcnat_verdict verdict;
	enum svcnat_reason reason;
	struct dp_service service;	/* name NULL: none; its one frontend is the one hit */
	struct dp_backend backend;	/* with DNAT */
	enum svcnat_masq masq;
	uint32_t candidates;
	bool local_set;
};

bool nl_explain(struct nl *nl, struct arena *a, const struct nl_flow *flow,
		struct nl_decision *out, struct diag *d);

struct nl_event {
	bool commit;			/* COMMIT_EVENT, else SERVICE_EVENT */
	uint64_t generation;
	enum svcnat_event what;
	struct dp_service service;	/* no backends */
	uint32_t backends_added, backends_removed;
	uint32_t changes;
	struct dp_info info;
};

/* Calls @cb for each event until it returns false, a signal comes or the socket fails. */
bool nl_monitor(struct nl *nl, bool (*cb)(const struct nl_event *ev, void *arg), void *arg,
		struct diag *d);

#endif
