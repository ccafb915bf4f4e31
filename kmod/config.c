// SPDX-License-Identifier: GPL-2.0
/* Prefix lists; see config.h. All pure. */

#include <linux/inetdevice.h>
#include <net/ipv6.h>

#include "config.h"

static bool prefix_has(const struct svcnat_prefix *p, const union nf_inet_addr *addr)
{
	if (p->family == AF_INET)
		return !((addr->ip ^ p->addr.ip) & inet_make_mask(p->len));
	return ipv6_prefix_equal(&addr->in6, &p->addr.in6, p->len);
}

static bool have(const struct svcnat_prefix *v, u32 n, u8 family, const union nf_inet_addr *addr)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (v[i].family == family && prefix_has(&v[i], addr))
			return true;
	return false;
}

/**
 * svcnat_prefix_canonical - are the bits beyond its length zero
 * @p: prefix
 *
 * Return: whether they are.
 */
bool svcnat_prefix_canonical(const struct svcnat_prefix *p)
{
	struct in6_addr masked;

	if (p->family == AF_INET)
		return !(p->addr.ip & ~inet_make_mask(p->len));
	ipv6_addr_prefix(&masked, &p->addr.in6, p->len);
	return ipv6_addr_equal(&masked, &p->addr.in6);
}

/**
 * svcnat_prefixes_have - does any prefix of the list hold an address
 * @list: list
 * @family: of the address
 * @addr: address
 *
 * Return: whether one does. Any context.
 */
bool svcnat_prefixes_have(const struct svcnat_prefixes *list, u8 family,
			  const union nf_inet_addr *addr)
{
	return have(list->v, list->n, family, addr);
}

/**
 * svcnat_ranges_have - does any source range hold an address
 * @list: ranges, or NULL for none
 * @family: of the address
 * @addr: address
 *
 * Return: whether one does. Any context.
 */
bool svcnat_ranges_have(const struct svcnat_ranges *list, u8 family,
			const union nf_inet_addr *addr)
{
	return list && have(list->v, list->n, family, addr);
}

/**
 * svcnat_prefixes_of_family - does the list say anything about a family
 * @list: list
 * @family: AF_INET or AF_INET6
 *
 * Return: whether it does. Any context.
 */
bool svcnat_prefixes_of_family(const struct svcnat_prefixes *list, u8 family)
{
	u32 i;

	for (i = 0; i < list->n; i++)
		if (list->v[i].family == family)
			return true;
	return false;
}
