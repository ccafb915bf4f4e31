// SPDX-License-Identifier: GPL-2.0
/* What holds for a whole namespace, and a flow to explain; see uapi/svcnat.h. */

#include "netlink.h"

const struct nla_policy svcnat_config_policy[SVCNAT_CONFIG_A_MAX + 1] = {
	[SVCNAT_CONFIG_A_CLUSTER_CIDR] = NLA_POLICY_NESTED(svcnat_prefix_policy),
	[SVCNAT_CONFIG_A_NODEPORT_ADDR] = NLA_POLICY_NESTED(svcnat_prefix_policy),
	[SVCNAT_CONFIG_A_SERVICE_CIDR] = NLA_POLICY_NESTED(svcnat_prefix_policy),
	[SVCNAT_CONFIG_A_NODE_CIDR] = NLA_POLICY_NESTED(svcnat_prefix_policy),
	[SVCNAT_CONFIG_A_POD_INTERFACE] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[SVCNAT_CONFIG_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, SVCNAT_CONFIG_F_MASK),
};

const struct nla_policy svcnat_flow_policy[SVCNAT_FLOW_A_MAX + 1] = {
	[SVCNAT_FLOW_A_PROTO] = { .type = NLA_U8 },
	[SVCNAT_FLOW_A_SRC] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_FLOW_A_DST] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_FLOW_A_SPORT] = { .type = NLA_U16 },
	[SVCNAT_FLOW_A_DPORT] = { .type = NLA_U16 },
	[SVCNAT_FLOW_A_IIF] = { .type = NLA_U32 },
};

static int parse_listed_prefix(struct svcnat_prefixes *list, const struct nlattr *nla,
			       struct netlink_ext_ack *extack)
{
	int err;

	if (list->n == SVCNAT_PREFIXES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "more prefixes than a list may have");
		return -E2BIG;
	}
	err = svcnat_parse_prefix(&list->v[list->n], nla, extack);
	if (!err)
		list->n++;
	return err;
}

/* "NAME", or "NAME*" for whatever begins so. */
static int parse_pod_interface(struct svcnat_config *config, const struct nlattr *nla,
			       struct netlink_ext_ack *extack)
{
	size_t len = nla_strscpy(config->pod_ifname, nla, sizeof(config->pod_ifname));
	char *last = config->pod_ifname + len - 1;

	if (!len || (len == 1 && *last == '*'))
		return svcnat_nla_bad(nla, extack, "interface name is empty");
	config->pod_ifname_len = len + 1;
	if (*last == '*') {
		*last = '\0';
		config->pod_ifname_len = len - 1;
	}
	return 0;
}

static int parse_config_member(struct svcnat_config *config, const struct nlattr *nla,
			       struct netlink_ext_ack *extack)
{
	switch (nla_type(nla)) {
	case SVCNAT_CONFIG_A_CLUSTER_CIDR:
		return parse_listed_prefix(&config->cluster, nla, extack);
	case SVCNAT_CONFIG_A_NODEPORT_ADDR:
		return parse_listed_prefix(&config->nodeport, nla, extack);
	case SVCNAT_CONFIG_A_SERVICE_CIDR:
		return parse_listed_prefix(&config->service, nla, extack);
	case SVCNAT_CONFIG_A_NODE_CIDR:
		return parse_listed_prefix(&config->node, nla, extack);
	case SVCNAT_CONFIG_A_POD_INTERFACE:
		return parse_pod_interface(config, nla, extack);
	default:
		config->flags = nla_get_u32(nla);
		return 0;
	}
}

/**
 * svcnat_parse_config - what holds for the whole namespace
 * @config: out, zeroed
 * @nla: SVCNAT_A_CONFIG, validated
 * @extack: for the reason
 *
 * Return: 0 or a negative errno.
 */
int svcnat_parse_config(struct svcnat_config *config, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	const struct nlattr *a;
	int err, rem;

	nla_for_each_nested(a, nla, rem) {
		err = parse_config_member(config, a, extack);
		if (err)
			return err;
	}
	if (config->pod_ifname_len && config->cluster.n)
		return svcnat_nla_bad(nla, extack, "cluster CIDRs and a Pod interface exclude each other");
	return 0;
}

/**
 * svcnat_parse_flow - a flow to explain
 * @flow: out
 * @iif: device it arrives through, 0 for none; out
 * @nla: SVCNAT_A_FLOW, validated
 * @extack: for the reason
 *
 * Return: 0 or -EINVAL.
 */
int svcnat_parse_flow(struct nf_conntrack_tuple *flow, u32 *iif, const struct nlattr *nla,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_FLOW_A_MAX + 1];
	int err;

	svcnat_nla_table(tb, SVCNAT_FLOW_A_MAX, nla);
	if (!tb[SVCNAT_FLOW_A_PROTO] || !tb[SVCNAT_FLOW_A_SRC] || !tb[SVCNAT_FLOW_A_DST])
		return svcnat_nla_bad(nla, extack, "flow without protocol, source or destination");
	*iif = svcnat_nla_u32_or(tb[SVCNAT_FLOW_A_IIF], 0);
	memset(flow, 0, sizeof(*flow));
	flow->dst.protonum = nla_get_u8(tb[SVCNAT_FLOW_A_PROTO]);
	flow->src.l3num = nla_len(tb[SVCNAT_FLOW_A_SRC]) == 4 ? AF_INET : AF_INET6;
	err = svcnat_parse_addr(&flow->src.u3, flow->src.l3num, tb[SVCNAT_FLOW_A_SRC], extack) ?:
	      svcnat_parse_addr(&flow->dst.u3, flow->src.l3num, tb[SVCNAT_FLOW_A_DST], extack);
	if (err)
		return err;
	if (tb[SVCNAT_FLOW_A_SPORT])
		flow->src.u.all = nla_get_be16(tb[SVCNAT_FLOW_A_SPORT]);
	if (tb[SVCNAT_FLOW_A_DPORT])
		flow->dst.u.all = nla_get_be16(tb[SVCNAT_FLOW_A_DPORT]);
	else if (svcnat_has_ports(flow->dst.protonum))
		return svcnat_nla_bad(nla, extack, "flow without destination port");
	return 0;
}
