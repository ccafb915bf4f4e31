// SPDX-License-Identifier: GPL-2.0
/*
 * Attributes that occur in many places; see netlink.h. Types and lengths have been
 * checked against the policies before anything here runs (the core validates nested
 * attributes too), so tables are filled without a second validation.
 */

#include <linux/inet.h>
#include <net/ipv6.h>

#include "netlink.h"

const struct nla_policy svcnat_prefix_policy[SVCNAT_PREFIX_A_MAX + 1] = {
	[SVCNAT_PREFIX_A_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[SVCNAT_PREFIX_A_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
};

void svcnat_nla_table(struct nlattr **tb, int maxtype, const struct nlattr *nla)
{
	/* Cannot fail: nothing is validated, see above. */
	nla_parse_deprecated(tb, maxtype, nla_data(nla), nla_len(nla), NULL, NULL);
}

int svcnat_nla_bad(const struct nlattr *nla, struct netlink_ext_ack *extack, const char *msg)
{
	NL_SET_BAD_ATTR(extack, nla);
	if (extack)
		extack->_msg = msg;
	return -EINVAL;
}

int svcnat_parse_addr(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
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
int svcnat_parse_unicast(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
			 struct netlink_ext_ack *extack)
{
	int err = svcnat_parse_addr(addr, family, nla, extack);
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

u32 svcnat_nla_u32_or(const struct nlattr *nla, u32 otherwise)
{
	return nla ? nla_get_u32(nla) : otherwise;
}

int svcnat_parse_prefix(struct svcnat_prefix *p, const struct nlattr *nla,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[SVCNAT_PREFIX_A_MAX + 1];
	int err;

	svcnat_nla_table(tb, SVCNAT_PREFIX_A_MAX, nla);
	if (!tb[SVCNAT_PREFIX_A_ADDR] || !tb[SVCNAT_PREFIX_A_LEN])
		return svcnat_nla_bad(nla, extack, "prefix without address or length");
	p->family = nla_len(tb[SVCNAT_PREFIX_A_ADDR]) == 4 ? AF_INET : AF_INET6;
	p->len = nla_get_u8(tb[SVCNAT_PREFIX_A_LEN]);
	err = svcnat_parse_addr(&p->addr, p->family, tb[SVCNAT_PREFIX_A_ADDR], extack);
	if (err)
		return err;
	if (p->len > (p->family == AF_INET ? 32 : 128))
		return svcnat_nla_bad(tb[SVCNAT_PREFIX_A_LEN], extack, "prefix is longer than its address");
	if (!svcnat_prefix_canonical(p))
		return svcnat_nla_bad(nla, extack, "prefix has bits set beyond its length");
	return 0;
}
