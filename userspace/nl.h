/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel, over generic netlink (libnl-3), as kmod/uapi/svcnat.h specifies.
 *
 *   nl.c       socket, family, errors with the kernel's own text and the remedy
 *   nl_send.c  plan → transaction
 *   nl_read.c  dump → struct dp, explain; nl_attr.c its attributes
 *   nl_flows.c the flow cache; nl_event.c events
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

struct knl;

struct knl *knl_open(struct diag *d);
void knl_close(struct knl *nl);

/* Generation, apply id, info and config; no services. */
bool knl_info(struct knl *nl, struct arena *a, struct dp *out, struct diag *d);
/* Everything, sorted; retried when a commit fell into the dump. @name: filter or NULL. */
struct dp *knl_dump(struct knl *nl, struct arena *a, const char *name, struct diag *d);

enum knl_result { KNL_OK, KNL_STALE /* another commit came between: plan again */, KNL_FAILED };

/* One transaction; @apply_id may be NULL. @generation: out, the new one. */
enum knl_result knl_apply(struct knl *nl, const struct plan *p, const uint8_t *apply_id,
			uint64_t *generation, struct diag *d);

struct knl_flow {
	uint8_t proto;
	struct ip src, dst;
	uint16_t sport, dport;
	uint32_t iif;			/* 0: the node itself sends it */
};

struct knl_decision {
	uint64_t generation;
	enum svcnat_verdict verdict;
	enum svcnat_reason reason;
	struct dp_service service;	/* name NULL: none; its one frontend is the one hit */
	struct dp_backend backend;	/* with DNAT */
	enum svcnat_masq masq;
	uint32_t candidates;
	uint32_t unavailable;		/* of the candidates, those that sit out or are full */
	bool local_set;
	enum svcnat_shortcut shortcut;	/* with DNAT */
};

bool knl_explain(struct knl *nl, struct arena *a, const struct knl_flow *flow,
		struct knl_decision *out, struct diag *d);

/* One direction of a connection in the flow cache; see enum svcnat_cached_attr. */
struct knl_cached {
	const char *service;		/* NULL: nobody holds the frontend any more */
	struct knl_flow flow;		/* as the client sends it; iif: of this direction */
	struct dp_backend backend;	/* address and port */
	bool reply, idle;
	uint32_t age_ms;
	uint64_t packets, bytes;
};

/* @c and what it points to last as long as the call. */
typedef void knl_flow_fn(const struct knl_cached *c, void *arg);

/* Calls @take for each entry. */
bool knl_flows(struct knl *nl, knl_flow_fn *take, void *arg, struct diag *d);

struct knl_event {
	bool lost;			/* some came too fast to be read; nothing else is set */
	bool commit;			/* COMMIT_EVENT, else SERVICE_EVENT */
	uint64_t generation;
	enum svcnat_event what;
	struct dp_service service;	/* no backends */
	uint32_t backends_added, backends_removed;
	uint32_t changes;
	struct dp_info info;
};

/* What is committed from now on is an event. Nothing else may be asked over @nl then. */
bool knl_listen(struct knl *nl, struct diag *d);
/* Calls @cb for each event until it returns false; true, or false if the socket failed. */
bool knl_monitor(struct knl *nl, bool (*cb)(const struct knl_event *ev, void *arg), void *arg,
		struct diag *d);

#endif
