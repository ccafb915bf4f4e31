// SPDX-License-Identifier: GPL-2.0
/* What the kernel says, as struct dp; see nl.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "nl_impl.h"

#define DUMP_TRIES 20

struct reading {
	struct arena *a;
	struct dp *dp;
};

static void on_info(struct knl *nl, int cmd, struct nlattr **tb)
{
	struct reading *r = nl->arg;

	(void)cmd;
	if (tb[SVCNAT_A_GENERATION])
		r->dp->generation = knl_get_u64(tb[SVCNAT_A_GENERATION]);
	if (tb[SVCNAT_A_APPLY_ID]) {
		memcpy(r->dp->apply_id, nla_data(tb[SVCNAT_A_APPLY_ID]), SVCNAT_APPLY_ID_LEN);
		r->dp->has_apply_id = true;
	}
	if (tb[SVCNAT_A_INFO])
		knl_get_info(tb[SVCNAT_A_INFO], &r->dp->info);
	if (tb[SVCNAT_A_CONFIG])
		knl_get_config(r->a, tb[SVCNAT_A_CONFIG], &r->dp->config);
}

bool knl_info(struct knl *nl, struct arena *a, struct dp *out, struct diag *d)
{
	struct reading r = { .a = a, .dp = out };

	memset(out, 0, sizeof(*out));
	if (knl_exchange(nl, knl_message(nl, SVCNAT_CMD_INFO_GET, NLM_F_ACK, 0), on_info, &r))
		return true;
	knl_complain(nl, d, "reading the state");
	return false;
}

static bool is_continuation(const struct nlattr *nest)
{
	const struct nlattr *flags = nla_find(nla_data(nest), nla_len(nest),
					      SVCNAT_SERVICE_A_FLAGS);

	return flags && (nla_get_u32(flags) & SVCNAT_SERVICE_F_CONTINUE);
}

static void on_service(struct knl *nl, int cmd, struct nlattr **tb)
{
	struct reading *r = nl->arg;
	struct dp *dp = r->dp;

	(void)cmd;
	if (!tb[SVCNAT_A_SERVICE] || !tb[SVCNAT_A_GENERATION])
		return;
	if (knl_get_u64(tb[SVCNAT_A_GENERATION]) != dp->generation)
		nl->interrupted = true;
	if (is_continuation(tb[SVCNAT_A_SERVICE]) && dp->n_services)
		knl_get_service(r->a, tb[SVCNAT_A_SERVICE], &dp->services[dp->n_services - 1]);
	else
		knl_get_service(r->a, tb[SVCNAT_A_SERVICE],
			       arena_push(r->a, &dp->services, &dp->n_services,
					  sizeof(*dp->services)));
}

struct dp *knl_dump(struct knl *nl, struct arena *a, const char *name, struct diag *d)
{
	struct reading r = { .a = a };

	for (int i = 0; i < DUMP_TRIES; i++) {
		struct nl_msg *msg;

		r.dp = arena_alloc(a, sizeof(*r.dp));
		if (!knl_info(nl, a, r.dp, d))
			return NULL;
		msg = knl_message(nl, SVCNAT_CMD_SERVICE_GET, NLM_F_DUMP, 256);
		if (name)
			nla_put_string(msg, SVCNAT_A_NAME, name);
		if (!knl_exchange(nl, msg, on_service, &r)) {
			knl_complain(nl, d, "reading the services");
			return NULL;
		}
		if (!nl->interrupted) {
			dp_sort(r.dp);
			return r.dp;
		}
	}
	diag_error(d, NULL, NULL, "the state changed during each of %d attempts to read it: try again",
		   DUMP_TRIES);
	return NULL;
}

struct explaining {
	struct arena *a;
	struct knl_decision *out;
};

static void on_decision(struct knl *nl, int cmd, struct nlattr **tb)
{
	struct explaining *e = nl->arg;
	const struct nlattr *a;
	int rem;

	(void)cmd;
	if (!tb[SVCNAT_A_DECISION] || !tb[SVCNAT_A_GENERATION])
		return;
	e->out->generation = knl_get_u64(tb[SVCNAT_A_GENERATION]);
	nla_for_each_nested(a, tb[SVCNAT_A_DECISION], rem) {
		switch (nla_type(a)) {
		case SVCNAT_DECISION_A_VERDICT:
			e->out->verdict = nla_get_u8(a);
			break;
		case SVCNAT_DECISION_A_REASON:
			e->out->reason = nla_get_u8(a);
			break;
		case SVCNAT_DECISION_A_SERVICE:
			knl_get_service(e->a, a, &e->out->service);
			break;
		case SVCNAT_DECISION_A_BACKEND:
			e->out->backend = knl_get_backend(a);
			break;
		case SVCNAT_DECISION_A_MASQUERADE:
			e->out->masq = nla_get_u8(a);
			break;
		case SVCNAT_DECISION_A_CANDIDATES:
			e->out->candidates = nla_get_u32(a);
			break;
		case SVCNAT_DECISION_A_LOCAL_SET:
			e->out->local_set = true;
			break;
		case SVCNAT_DECISION_A_UNAVAILABLE:
			e->out->unavailable = nla_get_u32(a);
			break;
		case SVCNAT_DECISION_A_SHORTCUT:
			e->out->shortcut = nla_get_u8(a);
			break;
		}
	}
}

bool knl_explain(struct knl *nl, struct arena *a, const struct knl_flow *flow,
		struct knl_decision *out, struct diag *d)
{
	struct nl_msg *msg = knl_message(nl, SVCNAT_CMD_EXPLAIN, NLM_F_ACK, 256);
	struct explaining e = { .a = a, .out = out };
	struct nlattr *nest = nla_nest_start(msg, SVCNAT_A_FLOW | NLA_F_NESTED);

	memset(out, 0, sizeof(*out));
	out->shortcut = __SVCNAT_SHORTCUT_MAX;	/* unknown until it is said */
	nla_put_u8(msg, SVCNAT_FLOW_A_PROTO, flow->proto);
	knl_put_ip(msg, SVCNAT_FLOW_A_SRC, &flow->src);
	knl_put_ip(msg, SVCNAT_FLOW_A_DST, &flow->dst);
	knl_put_port(msg, SVCNAT_FLOW_A_SPORT, flow->sport);
	knl_put_port(msg, SVCNAT_FLOW_A_DPORT, flow->dport);
	if (flow->iif)
		nla_put_u32(msg, SVCNAT_FLOW_A_IIF, flow->iif);
	nla_nest_end(msg, nest);
	if (knl_exchange(nl, msg, on_decision, &e))
		return true;
	knl_complain(nl, d, "explain");
	return false;
}
