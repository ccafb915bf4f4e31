// SPDX-License-Identifier: GPL-2.0
/* Where node ports answer; see nodeport.h. */

#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "nodeport.h"

/* For documentation (RFC 5737, RFC 3849): nobody has a route of his own to them. */
#define FAR_AWAY_4	htonl(0xc0000201)					/* 192.0.2.1 */
#define FAR_AWAY_6	{ { { 0x20, 0x01, 0x0d, 0xb8, [15] = 0x01 } } }		/* 2001:db8::1 */

/**
 * svcnat_addr_is_local - does an address belong to the node
 * @net: namespace
 * @family: AF_INET or AF_INET6
 * @addr: address
 *
 * Return: whether it does. Any context, under RCU.
 */
bool svcnat_addr_is_local(struct net *net, u8 family, const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		return inet_addr_type(net, addr->ip) == RTN_LOCAL;
	/* With ipv6.disable=1 there is no table of addresses. */
	return ipv6_mod_enabled() && nf_ipv6_chk_addr(net, &addr->in6, NULL, 0);
}

/* What the node sends from to the world, or its first address if it cannot. */
static __be32 primary_ipv4(struct net *net)
{
	struct flowi4 fl = { .daddr = FAR_AWAY_4 };
	struct rtable *rt = ip_route_output_key(net, &fl);

	if (IS_ERR(rt))
		return inet_select_addr(net->loopback_dev, 0, RT_SCOPE_UNIVERSE);
	ip_rt_put(rt);
	return fl.saddr;
}

static bool primary_ipv6(struct net *net, struct in6_addr *primary)
{
	struct flowi6 fl = { .daddr = FAR_AWAY_6 };
	struct dst_entry *dst;

	if (ip6_dst_lookup(net, NULL, &dst, &fl))
		return !ipv6_dev_get_saddr(net, NULL, &fl.daddr, 0, primary);
	dst_release(dst);
	*primary = fl.saddr;
	return true;
}

static bool is_primary(struct net *net, const struct svcnat_key *key)
{
	struct in6_addr primary;

	if (key->family == AF_INET)
		return key->addr.ip == primary_ipv4(net);
	return primary_ipv6(net, &primary) && ipv6_addr_equal(&primary, &key->addr.in6);
}

static bool is_loopback(const struct svcnat_key *key)
{
	return key->family == AF_INET ? ipv4_is_loopback(key->addr.ip) :
					ipv6_addr_loopback(&key->addr.in6);
}

/**
 * svcnat_nodeport_serves - do node ports answer on an address
 * @sn: namespace
 * @key: whose address is meant
 *
 * Not on loopback addresses: routing drops what is sent from there to a backend.
 *
 * Return: whether they do. Any context, under RCU.
 */
bool svcnat_nodeport_serves(const struct svcnat_net *sn, const struct svcnat_key *key)
{
	const struct svcnat_config *config = rcu_dereference(sn->config);

	if (is_loopback(key) || !svcnat_addr_is_local(sn->net, key->family, &key->addr))
		return false;
	return svcnat_prefixes_have(&config->nodeport, key->family, &key->addr) ||
	       (config->flags & SVCNAT_CONFIG_F_NODEPORT_PRIMARY && is_primary(sn->net, key));
}
