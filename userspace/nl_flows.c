// SPDX-License-Identifier: GPL-2.0
/* What is in the kernel's flow cache; see nl.h. */
#define _GNU_SOURCE
#include <linux/netlink.h>

#include "nl_impl.h"

struct dumping {
	knl_flow_fn *take;
	void *arg;
};

static struct knl_flow get_flow(const struct nlattr *nest)
{
	struct knl_flow flow = { 0 };
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		switch (nla_type(a)) {
		case SVCNAT_FLOW_A_PROTO:
			flow.proto = nla_get_u8(a);
			break;
		case SVCNAT_FLOW_A_SRC:
			flow.src = knl_get_ip(a);
			break;
		case SVCNAT_FLOW_A_DST:
			flow.dst = knl_get_ip(a);
			break;
		case SVCNAT_FLOW_A_SPORT:
			flow.sport = knl_get_port(a);
			break;
		case SVCNAT_FLOW_A_DPORT:
			flow.dport = knl_get_port(a);
			break;
		case SVCNAT_FLOW_A_IIF:
			flow.iif = nla_get_u32(a);
			break;
		}
	}
	return flow;
}

static const char *get_name(const struct nlattr *nest)
{
	const struct nlattr *a = nla_find(nla_data(nest), nla_len(nest), SVCNAT_SERVICE_A_NAME);

	return a ? nla_get_string(a) : NULL;
}

static struct knl_cached get_cached(const struct nlattr *nest)
{
	struct knl_cached c = { 0 };
	const struct nlattr *a;
	int rem;

	nla_for_each_nested(a, nest, rem) {
		switch (nla_type(a)) {
		case SVCNAT_CACHED_A_SERVICE:
			c.service = get_name(a);
			break;
		case SVCNAT_CACHED_A_BACKEND:
			c.backend = knl_get_backend(a);
			break;
		case SVCNAT_CACHED_A_FLOW:
			c.flow = get_flow(a);
			break;
		case SVCNAT_CACHED_A_REPLY:
			c.reply = true;
			break;
		case SVCNAT_CACHED_A_AGE_MS:
			c.age_ms = nla_get_u32(a);
			break;
		case SVCNAT_CACHED_A_IDLE:
			c.idle = true;
			break;
		case SVCNAT_CACHED_A_PACKETS:
			c.packets = knl_get_u64(a);
			break;
		case SVCNAT_CACHED_A_BYTES:
			c.bytes = knl_get_u64(a);
			break;
		}
	}
	return c;
}

static void on_cached(struct knl *nl, int cmd, struct nlattr **tb)
{
	const struct dumping *d = nl->arg;
	struct knl_cached c;

	(void)cmd;
	if (!tb[SVCNAT_A_CACHED])
		return;
	c = get_cached(tb[SVCNAT_A_CACHED]);
	d->take(&c, d->arg);
}

bool knl_flows(struct knl *nl, knl_flow_fn *take, void *arg, struct diag *d)
{
	struct dumping dumping = { take, arg };

	if (knl_exchange(nl, knl_message(nl, SVCNAT_CMD_FLOW_GET, NLM_F_DUMP, 0), on_cached,
			 &dumping))
		return true;
	knl_complain(nl, d, "reading the flows");
	return false;
}
