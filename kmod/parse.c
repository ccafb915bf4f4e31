// SPDX-License-Identifier: GPL-2.0
/*
 * Services as attributes to what the rest works on; see uapi/svcnat.h for their
 * meaning.
 */

#include <linux/slab.h>

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

static struct netlink_range_validation affinity_range = {
	.max = SVCNAT_AFFINITY_SECONDS_MAX,
};

static struct netlink_range_validation seconds_range = {
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
	[SVCNAT_SERVICE_A_SOURCE_RANGE] = NLA_POLICY_NESTED(svcnat_prefix_policy),
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

static int parse_frontend(struct svcnat_txn *txn, struct svcnat_service *svc,
			  const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	struct svcnat_key key = { .family = svc->family, .proto = svc->proto };
	struct nlattr *tb[SVCNAT_FRONTEND_A_MAX + 1];
	u32 flags = 0;
	int err;
	u8 kind;

	svcnat_nla_table(tb, SVCNAT_FRONTEND_A_MAX, nla);
	if (!tb[SVCNAT_FRONTEND_A_KIND] || !tb[SVCNAT_FRONTEND_A_PORT])
		return svcnat_nla_bad(nla, extack, "frontend without kind or port");
	kind = nla_get_u8(tb[SVCNAT_FRONTEND_A_KIND]);
	key.port = nla_get_be16(tb[SVCNAT_FRONTEND_A_PORT]);
	if (!tb[SVCNAT_FRONTEND_A_ADDR] != (kind == SVCNAT_FRONTEND_NODE_PORT))
		return svcnat_nla_bad(nla, extack, "frontend needs an address, a node port has none");
	if (tb[SVCNAT_FRONTEND_A_ADDR]) {
		err = svcnat_parse_unicast(&key.addr, svc->family, tb[SVCNAT_FRONTEND_A_ADDR], extack);
		if (err)
			return err;
	}
	if (tb[SVCNAT_FRONTEND_A_FLAGS])
		flags = nla_get_u32(tb[SVCNAT_FRONTEND_A_FLAGS]);
	return svcnat_txn_vip_add(txn, svc, &key, kind, flags, extack);
}

static int parse_backend(struct svcnat_txn *txn, struct svcnat_set **set, u8 family,
			 const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_BACKEND_A_MAX + 1];
	struct svcnat_backend like = { };
	int err;

	svcnat_nla_table(tb, SVCNAT_BACKEND_A_MAX, nla);
	if (!tb[SVCNAT_BACKEND_A_ADDR] || !tb[SVCNAT_BACKEND_A_PORT])
		return svcnat_nla_bad(nla, extack, "backend without address or port");
	err = svcnat_parse_unicast(&like.addr, family, tb[SVCNAT_BACKEND_A_ADDR], extack);
	if (err)
		return err;
	like.port = nla_get_be16(tb[SVCNAT_BACKEND_A_PORT]);
	like.flags = svcnat_nla_u32_or(tb[SVCNAT_BACKEND_A_FLAGS], SVCNAT_BACKEND_F_CLUSTER);
	if (family == AF_INET6)
		like.flags |= SVCNAT_BACKEND_V6;
	like.weight = svcnat_nla_u32_or(tb[SVCNAT_BACKEND_A_WEIGHT], 1);
	like.limit = svcnat_nla_u32_or(tb[SVCNAT_BACKEND_A_CONN_LIMIT], 0);
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
		return svcnat_nla_bad(nla, extack, "service without name, family or protocol");
	if (!*(const char *)nla_data(tb[SVCNAT_SERVICE_A_NAME]))
		return svcnat_nla_bad(tb[SVCNAT_SERVICE_A_NAME], extack, "service name is empty");
	if (strlen(nla_data(tb[SVCNAT_SERVICE_A_NAME])) + 1 != nla_len(tb[SVCNAT_SERVICE_A_NAME]))
		return svcnat_nla_bad(tb[SVCNAT_SERVICE_A_NAME], extack, "service name goes on behind its end");
	family = nla_get_u8(tb[SVCNAT_SERVICE_A_FAMILY]);
	if (family != AF_INET && family != AF_INET6)
		return svcnat_nla_bad(tb[SVCNAT_SERVICE_A_FAMILY], extack, "family is not IPv4 or IPv6");
	proto = nla_get_u8(tb[SVCNAT_SERVICE_A_PROTO]);
	if (!svcnat_has_ports(proto))
		return svcnat_nla_bad(tb[SVCNAT_SERVICE_A_PROTO], extack,
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
	s->drain_seconds = svcnat_nla_u32_or(tb[SVCNAT_SERVICE_A_DRAIN_SECONDS], 0);
	s->eject_fails = svcnat_nla_u32_or(tb[SVCNAT_SERVICE_A_EJECT_FAILS], 0);
	s->eject_seconds = svcnat_nla_u32_or(tb[SVCNAT_SERVICE_A_EJECT_SECONDS], 0);
	s->affinity_seconds = svcnat_nla_u32_or(tb[SVCNAT_SERVICE_A_AFFINITY_SECONDS], 0);
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
	int err;

	err = parse_settings(&settings, tb, flags, extack);
	if (err)
		return err;
	svc = service_new(tb);
	if (!svc)
		return -ENOMEM;
	svc->set = svcnat_set_alloc(svc, &settings,
				    count_members(nla, SVCNAT_SERVICE_A_BACKEND));
	err = svc->set ? svcnat_txn_service_add(txn, svc, extack) : -ENOMEM;
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
		return svcnat_nla_bad(nla, extack, "continues another service than the one put last");
	for (type = 0; type <= SVCNAT_SERVICE_A_MAX; type++)
		if (tb[type] && type != SVCNAT_SERVICE_A_NAME &&
		    type != SVCNAT_SERVICE_A_FAMILY && type != SVCNAT_SERVICE_A_PROTO &&
		    type != SVCNAT_SERVICE_A_FLAGS && type != SVCNAT_SERVICE_A_BACKEND)
			return svcnat_nla_bad(tb[type], extack,
				       "a continuation carries nothing but backends");
	return 0;
}

static int parse_range(struct svcnat_set *set, u8 family, const struct nlattr *nla,
		       struct netlink_ext_ack *extack)
{
	struct svcnat_ranges *ranges = set->extras->ranges;
	int err = svcnat_parse_prefix(&ranges->v[ranges->n], nla, extack);

	if (!err && ranges->v[ranges->n].family != family)
		return svcnat_nla_bad(nla, extack, "source range is not of the family");
	if (!err)
		ranges->n++;
	return err;
}

static int ranges_alloc(struct svcnat_set *set, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	u32 n = count_members(nla, SVCNAT_SERVICE_A_SOURCE_RANGE);
	struct svcnat_extras *extras;

	if (!n)
		return 0;
	if (n > SVCNAT_RANGES_MAX) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "more source ranges than a service may have");
		return -E2BIG;
	}
	extras = svcnat_set_extras(set);
	if (!extras)
		return -ENOMEM;
	extras->ranges = kvzalloc(struct_size(extras->ranges, v, n), GFP_KERNEL_ACCOUNT);
	return extras->ranges ? 0 : -ENOMEM;
}

static int parse_member(struct svcnat_txn *txn, struct svcnat_service *svc,
			const struct nlattr *nla, struct netlink_ext_ack *extack)
{
	switch (nla_type(nla)) {
	case SVCNAT_SERVICE_A_BACKEND:
		return parse_backend(txn, &svc->set, svc->family, nla, extack);
	case SVCNAT_SERVICE_A_FRONTEND:
		return parse_frontend(txn, svc, nla, extack);
	case SVCNAT_SERVICE_A_SOURCE_RANGE:
		return parse_range(svc->set, svc->family, nla, extack);
	default:
		return 0;
	}
}

static int parse_members(struct svcnat_txn *txn, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	struct svcnat_service *svc = txn->last;
	const struct nlattr *a;
	int err, rem;

	err = ranges_alloc(svc->set, nla, extack);
	if (err)
		return err;
	nla_for_each_nested(a, nla, rem) {
		err = parse_member(txn, svc, a, extack);
		if (err)
			return err;
	}
	return 0;
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

	svcnat_nla_table(tb, SVCNAT_SERVICE_A_MAX, nla);
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

	svcnat_nla_table(tb, SVCNAT_SERVICE_A_MAX, nla);
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
