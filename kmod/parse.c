// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes to what the rest works on; see uapi/svcnat.h for their meaning.
 *
 * Types, lengths and flags have been checked against the policies below before
 * anything here runs (the core validates nested attributes too), so tables are
 * filled without a second validation.
 */

#include <linux/inet.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "netlink.h"

static const struct nla_policy frontend_policy[SVCNAT_FRONTEND_A_MAX + 1] = {
	[SVCNAT_FRONTEND_A_KIND] = NLA_POLICY_MAX(NLA_U8, SVCNAT_FRONTEND_MAX),
	[SVCNAT_FRONTEND_A_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_FRONTEND_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[SVCNAT_FRONTEND_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, SVCNAT_FRONTEND_F_MASK),
};

static const struct nla_policy backend_policy[SVCNAT_BACKEND_A_MAX + 1] = {
	[SVCNAT_BACKEND_A_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_BACKEND_A_PORT] = NLA_POLICY_MIN(NLA_U16, 1),
	[SVCNAT_BACKEND_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, SVCNAT_BACKEND_F_MASK),
	[SVCNAT_BACKEND_A_WEIGHT] = NLA_POLICY_RANGE(NLA_U32, 1, SVCNAT_WEIGHT_MAX),
	[SVCNAT_BACKEND_A_CONN_LIMIT] = { .type = NLA_U32 },
};

static const struct nla_policy prefix_policy[SVCNAT_PREFIX_A_MAX + 1] = {
	[SVCNAT_PREFIX_A_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_PREFIX_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

static const struct netlink_range_validation affinity_range = {
	.max = SVCNAT_AFFINITY_SECONDS_MAX,
};

static const struct netlink_range_validation seconds_range = {
	.min = 1,
	.max = SVCNAT_SECONDS_MAX,
};

const struct nla_policy svcnat_service_policy[SVCNAT_SERVICE_A_MAX + 1] = {
	[SVCNAT_SERVICE_A_NAME] = { .type = NLA_NUL_STRING, .len = SVCNAT_NAME_MAX },
	[SVCNAT_SERVICE_A_FAMILY] = { .type = NLA_U8 },
	[SVCNAT_SERVICE_A_PROTO] = { .type = NLA_U8 },
	[SVCNAT_SERVICE_A_SCHED] = NLA_POLICY_MAX(NLA_U8, SVCNAT_SCHED_MAX),
	[SVCNAT_SERVICE_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, SVCNAT_SERVICE_F_MASK),
	[SVCNAT_SERVICE_A_FRONTEND] = NLA_POLICY_NESTED(frontend_policy),
	[SVCNAT_SERVICE_A_BACKEND] = NLA_POLICY_NESTED(backend_policy),
	[SVCNAT_SERVICE_A_AFFINITY_SECONDS] = NLA_POLICY_FULL_RANGE(NLA_U32, &affinity_range),
	[SVCNAT_SERVICE_A_SOURCE_RANGE] = NLA_POLICY_NESTED(prefix_policy),
	[SVCNAT_SERVICE_A_REMOVAL] = NLA_POLICY_MAX(NLA_U8, SVCNAT_REMOVAL_MAX),
	[SVCNAT_SERVICE_A_DRAIN_SECONDS] = NLA_POLICY_FULL_RANGE(NLA_U32, &seconds_range),
	[SVCNAT_SERVICE_A_EJECT_FAILS] = NLA_POLICY_MAX(NLA_U32, U8_MAX),
	[SVCNAT_SERVICE_A_EJECT_SECONDS] = NLA_POLICY_FULL_RANGE(NLA_U32, &seconds_range),
};

const struct nla_policy svcnat_identity_policy[SVCNAT_SERVICE_A_MAX + 1] = {
	[SVCNAT_SERVICE_A_NAME] = { .type = NLA_NUL_STRING, .len = SVCNAT_NAME_MAX },
	[SVCNAT_SERVICE_A_FAMILY] = { .type = NLA_U8 },
	[SVCNAT_SERVICE_A_PROTO] = { .type = NLA_U8 },
};

const struct nla_policy svcnat_config_policy[SVCNAT_CONFIG_A_MAX + 1] = {
	[SVCNAT_CONFIG_A_CLUSTER_CIDR] = NLA_POLICY_NESTED(prefix_policy),
	[SVCNAT_CONFIG_A_NODEPORT_ADDR] = NLA_POLICY_NESTED(prefix_policy),
	[SVCNAT_CONFIG_A_SERVICE_CIDR] = NLA_POLICY_NESTED(prefix_policy),
	[SVCNAT_CONFIG_A_NODE_CIDR] = NLA_POLICY_NESTED(prefix_policy),
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

static void table_of(struct nlattr **tb, int maxtype, const struct nlattr *nla)
{
	/* Cannot fail: nothing is validated, see above. */
	nla_parse_deprecated(tb, maxtype, nla_data(nla), nla_len(nla), NULL, NULL);
}

static int missing(const struct nlattr *nla, struct netlink_ext_ack *extack, const char *msg)
{
	NL_SET_BAD_ATTR(extack, nla);
	if (extack)
		extack->_msg = msg;
	return -EINVAL;
}

static int parse_addr(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
		      struct netlink_ext_ack *extack)
{
	if (nla_len(nla) != (family == AF_INET ? 4 : 16)) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "address is not of the family");
		return -EINVAL;
	}
	memset(addr, 0, sizeof(*addr));
	memcpy(addr, nla_data(nla), nla_len(nla));
	return 0;
}

/* An address somebody can be reached at, from another machine or namespace. */
static int parse_unicast(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	int err = parse_addr(addr, family, nla, extack);
	bool bad;

	if (err)
		return err;
	if (family == AF_INET)
		bad = ipv4_is_zeronet(addr->ip) || ipv4_is_loopback(addr->ip) ||
		      ipv4_is_multicast(addr->ip) || ipv4_is_lbcast(addr->ip);
	else
		bad = ipv6_addr_any(&addr->in6) || ipv6_addr_loopback(&addr->in6) ||
		      ipv6_addr_is_multicast(&addr->in6) || ipv6_addr_v4mapped(&addr->in6);
	if (bad) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "not a unicast address others can reach");
		return -EINVAL;
	}
	return 0;
}

static int parse_frontend(struct svcnat_txn *txn, struct svcnat_service *svc,
			  const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	struct svcnat_key key = { .family = svc->family, .proto = svc->proto };
	struct nlattr *tb[SVCNAT_FRONTEND_A_MAX + 1];
	u32 flags = 0;
	int err;
	u8 kind;

	table_of(tb, SVCNAT_FRONTEND_A_MAX, nla);
	if (!tb[SVCNAT_FRONTEND_A_KIND] || !tb[SVCNAT_FRONTEND_A_PORT])
		return missing(nla, extack, "frontend without kind or port");
	kind = nla_get_u8(tb[SVCNAT_FRONTEND_A_KIND]);
	key.port = nla_get_be16(tb[SVCNAT_FRONTEND_A_PORT]);
	if (!tb[SVCNAT_FRONTEND_A_ADDR] != (kind == SVCNAT_FRONTEND_NODE_PORT))
		return missing(nla, extack, "frontend needs an address, a node port has none");
	if (tb[SVCNAT_FRONTEND_A_ADDR]) {
		err = parse_unicast(&key.addr, svc->family, tb[SVCNAT_FRONTEND_A_ADDR], extack);
		if (err)
			return err;
	}
	if (tb[SVCNAT_FRONTEND_A_FLAGS])
		flags = nla_get_u32(tb[SVCNAT_FRONTEND_A_FLAGS]);
	return svcnat_txn_vip_add(txn, svc, &key, kind, flags, extack);
}

static u32 u32_or(const struct nlattr *nla, u32 otherwise)
{
	return nla ? nla_get_u32(nla) : otherwise;
}

static int parse_backend(struct svcnat_txn *txn, struct svcnat_set **set, u8 family,
			 const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_BACKEND_A_MAX + 1];
	struct svcnat_backend like = {};
	int err;

	table_of(tb, SVCNAT_BACKEND_A_MAX, nla);
	if (!tb[SVCNAT_BACKEND_A_ADDR] || !tb[SVCNAT_BACKEND_A_PORT])
		return missing(nla, extack, "backend without address or port");
	err = parse_unicast(&like.addr, family, tb[SVCNAT_BACKEND_A_ADDR], extack);
	if (err)
		return err;
	like.port = nla_get_be16(tb[SVCNAT_BACKEND_A_PORT]);
	like.flags = u32_or(tb[SVCNAT_BACKEND_A_FLAGS], SVCNAT_BACKEND_F_CLUSTER);
	like.weight = u32_or(tb[SVCNAT_BACKEND_A_WEIGHT], 1);
	like.limit = u32_or(tb[SVCNAT_BACKEND_A_CONN_LIMIT], 0);
	if (txn->n_backends == SVCNAT_TXN_BACKENDS_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "more backends than a transaction may hold");
		return -E2BIG;
	}
	err = svcnat_set_append(set, &like);
	if (err == -EINVAL)
		NL_SET_ERR_MSG_ATTR(extack, nla, "backends not strictly ascending");
	else if (err == -E2BIG)
		NL_SET_ERR_MSG_ATTR(extack, nla, "more backends than a service may have");
	else if (!err)
		txn->n_backends++;
	return err;
}

static int check_identity(struct nlattr **tb, const struct nlattr *nla,
			  struct netlink_ext_ack *extack)
{
	u8 family, proto;

	if (!tb[SVCNAT_SERVICE_A_NAME] || !tb[SVCNAT_SERVICE_A_FAMILY] ||
	    !tb[SVCNAT_SERVICE_A_PROTO])
		return missing(nla, extack, "service without name, family or protocol");
	if (!*(const char *)nla_data(tb[SVCNAT_SERVICE_A_NAME]))
		return missing(tb[SVCNAT_SERVICE_A_NAME], extack, "service name is empty");
	if (strlen(nla_data(tb[SVCNAT_SERVICE_A_NAME])) + 1 != nla_len(tb[SVCNAT_SERVICE_A_NAME]))
		return missing(tb[SVCNAT_SERVICE_A_NAME], extack, "service name goes on behind its end");
	family = nla_get_u8(tb[SVCNAT_SERVICE_A_FAMILY]);
	if (family != AF_INET && family != AF_INET6)
		return missing(tb[SVCNAT_SERVICE_A_FAMILY], extack, "family is not IPv4 or IPv6");
	proto = nla_get_u8(tb[SVCNAT_SERVICE_A_PROTO]);
	if (!svcnat_has_ports(proto))
		return missing(tb[SVCNAT_SERVICE_A_PROTO], extack,
			       "protocol is not TCP, UDP or SCTP");
	return 0;
}

static struct svcnat_service *service_new(struct nlattr **tb)
{
	return svcnat_service_alloc(nla_data(tb[SVCNAT_SERVICE_A_NAME]),
				    nla_get_u8(tb[SVCNAT_SERVICE_A_FAMILY]),
				    nla_get_u8(tb[SVCNAT_SERVICE_A_PROTO]));
}

static bool service_is(const struct svcnat_service *svc, struct nlattr **tb)
{
	return svc && !strcmp(svc->name, nla_data(tb[SVCNAT_SERVICE_A_NAME])) &&
	       svc->family == nla_get_u8(tb[SVCNAT_SERVICE_A_FAMILY]) &&
	       svc->proto == nla_get_u8(tb[SVCNAT_SERVICE_A_PROTO]);
}

static u32 count_members(const struct nlattr *nla, int type)
{
	const struct nlattr *a;
	u32 n = 0;
	int rem;

	nla_for_each_nested(a, nla, rem)
		n += nla_type(a) == type;
	return n;
}

static int parse_settings(struct svcnat_settings *s, struct nlattr **tb, u32 flags,
			  struct netlink_ext_ack *extack)
{
	memset(s, 0, sizeof(*s));
	s->flags = flags;
	if (tb[SVCNAT_SERVICE_A_SCHED])
		s->sched = nla_get_u8(tb[SVCNAT_SERVICE_A_SCHED]);
	if (tb[SVCNAT_SERVICE_A_REMOVAL])
		s->removal = nla_get_u8(tb[SVCNAT_SERVICE_A_REMOVAL]);
	s->drain_seconds = u32_or(tb[SVCNAT_SERVICE_A_DRAIN_SECONDS], 0);
	s->eject_fails = u32_or(tb[SVCNAT_SERVICE_A_EJECT_FAILS], 0);
	s->eject_seconds = u32_or(tb[SVCNAT_SERVICE_A_EJECT_SECONDS], 0);
	s->affinity_seconds = u32_or(tb[SVCNAT_SERVICE_A_AFFINITY_SECONDS], 0);
	if (!s->drain_seconds != (s->removal != SVCNAT_REMOVAL_DRAIN)) {
		NL_SET_ERR_MSG(extack, "drain needs its seconds, and nothing else has them");
		return -EINVAL;
	}
	if (!s->eject_seconds != !s->eject_fails) {
		NL_SET_ERR_MSG(extack, "ejection needs both, failures and seconds");
		return -EINVAL;
	}
	return 0;
}

/* The service that begins here, staged, without frontends, ranges and backends yet. */
static int service_begin(struct svcnat_txn *txn, struct nlattr **tb, u32 flags,
			 const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	struct svcnat_settings settings;
	struct svcnat_service *svc;
	struct svcnat_set *set;
	int err;

	err = parse_settings(&settings, tb, flags, extack);
	if (err)
		return err;
	svc = service_new(tb);
	if (!svc)
		return -ENOMEM;
	set = svcnat_set_alloc(&settings, count_members(nla, SVCNAT_SERVICE_A_BACKEND));
	RCU_INIT_POINTER(svc->set, set);
	err = set ? svcnat_txn_service_add(txn, svc, extack) : -ENOMEM;
	if (err) {
		svcnat_service_free(svc);
		return err;
	}
	txn->last = svc;
	return 0;
}

static int check_continuation(const struct svcnat_txn *txn, struct nlattr **tb,
			      const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	int type;

	if (!service_is(txn->last, tb))
		return missing(nla, extack, "continues another service than the one put last");
	for (type = 0; type <= SVCNAT_SERVICE_A_MAX; type++)
		if (tb[type] && type != SVCNAT_SERVICE_A_NAME &&
		    type != SVCNAT_SERVICE_A_FAMILY && type != SVCNAT_SERVICE_A_PROTO &&
		    type != SVCNAT_SERVICE_A_FLAGS && type != SVCNAT_SERVICE_A_BACKEND)
			return missing(tb[type], extack,
				       "a continuation carries nothing but backends");
	return 0;
}

static int parse_prefix(struct svcnat_prefix *p, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_PREFIX_A_MAX + 1];
	int err;

	table_of(tb, SVCNAT_PREFIX_A_MAX, nla);
	if (!tb[SVCNAT_PREFIX_A_ADDR] || !tb[SVCNAT_PREFIX_A_LEN])
		return missing(nla, extack, "prefix without address or length");
	p->family = nla_len(tb[SVCNAT_PREFIX_A_ADDR]) == 4 ? AF_INET : AF_INET6;
	p->len = nla_get_u8(tb[SVCNAT_PREFIX_A_LEN]);
	err = parse_addr(&p->addr, p->family, tb[SVCNAT_PREFIX_A_ADDR], extack);
	if (err)
		return err;
	if (p->len > (p->family == AF_INET ? 32 : 128))
		return missing(tb[SVCNAT_PREFIX_A_LEN], extack, "prefix is longer than its address");
	if (!svcnat_prefix_canonical(p))
		return missing(nla, extack, "prefix has bits set beyond its length");
	return 0;
}

static int parse_listed_prefix(struct svcnat_prefixes *list, const struct nlattr *nla,
			       struct netlink_ext_ack *extack)
{
	int err;

	if (list->n == SVCNAT_PREFIXES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "more prefixes than a list may have");
		return -E2BIG;
	}
	err = parse_prefix(&list->v[list->n], nla, extack);
	if (!err)
		list->n++;
	return err;
}

static int parse_range(struct svcnat_set *set, u8 family, const struct nlattr *nla,
		       struct netlink_ext_ack *extack)
{
	struct svcnat_ranges *ranges = set->ranges;
	int err = parse_prefix(&ranges->v[ranges->n], nla, extack);

	if (!err && ranges->v[ranges->n].family != family)
		return missing(nla, extack, "source range is not of the family");
	if (!err)
		ranges->n++;
	return err;
}

static int ranges_alloc(struct svcnat_set *set, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	u32 n = count_members(nla, SVCNAT_SERVICE_A_SOURCE_RANGE);

	if (!n)
		return 0;
	if (n > SVCNAT_RANGES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "more source ranges than a service may have");
		return -E2BIG;
	}
	set->ranges = kvzalloc(struct_size(set->ranges, v, n), GFP_KERNEL_ACCOUNT);
	return set->ranges ? 0 : -ENOMEM;
}

static int parse_member(struct svcnat_txn *txn, struct svcnat_service *svc,
			struct svcnat_set **set, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	switch (nla_type(nla)) {
	case SVCNAT_SERVICE_A_BACKEND:
		return parse_backend(txn, set, svc->family, nla, extack);
	case SVCNAT_SERVICE_A_FRONTEND:
		return parse_frontend(txn, svc, nla, extack);
	case SVCNAT_SERVICE_A_SOURCE_RANGE:
		return parse_range(*set, svc->family, nla, extack);
	default:
		return 0;
	}
}

/* Not published yet, so the set may move. */
static int parse_members(struct svcnat_txn *txn, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	struct svcnat_service *svc = txn->last;
	struct svcnat_set *set = rcu_dereference_protected(svc->set, true);
	const struct nlattr *a;
	int err, rem;

	err = ranges_alloc(set, nla, extack);
	if (err)
		return err;
	nla_for_each_nested(a, nla, rem) {
		err = parse_member(txn, svc, &set, a, extack);
		if (err)
			break;
	}
	RCU_INIT_POINTER(svc->set, set);
	return err;
}

/**
 * svcnat_parse_service - stage a service, or more backends of the last one
 * @txn: transaction, mutex held; must be spoiled if this fails
 * @nla: SVCNAT_A_SERVICE, validated
 * @extack: for the reason
 *
 * Return: 0 or a negative errno.
 */
int svcnat_parse_service(struct svcnat_txn *txn, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_SERVICE_A_MAX + 1];
	u32 flags = 0;
	int err;

	table_of(tb, SVCNAT_SERVICE_A_MAX, nla);
	err = check_identity(tb, nla, extack);
	if (err)
		return err;
	if (tb[SVCNAT_SERVICE_A_FLAGS])
		flags = nla_get_u32(tb[SVCNAT_SERVICE_A_FLAGS]);
	if (flags & SVCNAT_SERVICE_F_CONTINUE)
		err = check_continuation(txn, tb, nla, extack);
	else
		err = service_begin(txn, tb, flags, nla, extack);
	return err ?: parse_members(txn, nla, extack);
}

/**
 * svcnat_parse_remove - stage the removal of a service
 * @txn: transaction, mutex held; must be spoiled if this fails
 * @nla: SVCNAT_A_REMOVE, validated
 * @extack: for the reason
 *
 * Return: 0 or a negative errno.
 */
int svcnat_parse_remove(struct svcnat_txn *txn, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_SERVICE_A_MAX + 1];
	struct svcnat_service *svc;
	int err;

	table_of(tb, SVCNAT_SERVICE_A_MAX, nla);
	err = check_identity(tb, nla, extack);
	if (err)
		return err;
	svc = service_new(tb);
	if (!svc)
		return -ENOMEM;
	err = svcnat_txn_service_add(txn, svc, extack);
	if (err)
		svcnat_service_free(svc);
	txn->last = NULL;
	return err;
}

/* "NAME", or "NAME*" for whatever begins so. */
static int parse_pod_interface(struct svcnat_config *config, const struct nlattr *nla,
			       struct netlink_ext_ack *extack)
{
	size_t len = nla_strscpy(config->pod_ifname, nla, sizeof(config->pod_ifname));
	char *last = config->pod_ifname + len - 1;

	if (!len || (len == 1 && *last == '*'))
		return missing(nla, extack, "interface name is empty");
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
		return missing(nla, extack, "cluster CIDRs and a Pod interface exclude each other");
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

	table_of(tb, SVCNAT_FLOW_A_MAX, nla);
	if (!tb[SVCNAT_FLOW_A_PROTO] || !tb[SVCNAT_FLOW_A_SRC] || !tb[SVCNAT_FLOW_A_DST])
		return missing(nla, extack, "flow without protocol, source or destination");
	*iif = u32_or(tb[SVCNAT_FLOW_A_IIF], 0);
	memset(flow, 0, sizeof(*flow));
	flow->dst.protonum = nla_get_u8(tb[SVCNAT_FLOW_A_PROTO]);
	flow->src.l3num = nla_len(tb[SVCNAT_FLOW_A_SRC]) == 4 ? AF_INET : AF_INET6;
	err = parse_addr(&flow->src.u3, flow->src.l3num, tb[SVCNAT_FLOW_A_SRC], extack) ?:
	      parse_addr(&flow->dst.u3, flow->src.l3num, tb[SVCNAT_FLOW_A_DST], extack);
	if (err)
		return err;
	if (tb[SVCNAT_FLOW_A_SPORT])
		flow->src.u.all = nla_get_be16(tb[SVCNAT_FLOW_A_SPORT]);
	if (tb[SVCNAT_FLOW_A_DPORT])
		flow->dst.u.all = nla_get_be16(tb[SVCNAT_FLOW_A_DPORT]);
	else if (svcnat_has_ports(flow->dst.protonum))
		return missing(nla, extack, "flow without destination port");
	return 0;
}
