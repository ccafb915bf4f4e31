// SPDX-License-Identifier: GPL-2.0
/*
 * ClusterIPs in use; see address.h. Looked up by packets under RCU, changed by commit.c
 * under the namespace's mutex. Freed with kfree().
 */

#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <net/ipv6.h>

#include "address.h"

/* Whoever chooses addresses must not choose chains. */
static siphash_aligned_key_t hash_key __read_mostly;

/**
 * svcnat_address_module_init - make the hash key
 */
void svcnat_address_module_init(void)
{
	get_random_bytes(&hash_key, sizeof(hash_key));
}

/**
 * svcnat_address_alloc - one that is on no table, for svcnat_address_set()
 * @family: AF_INET or AF_INET6
 *
 * Return: it, or NULL. Process context.
 */
struct svcnat_address *svcnat_address_alloc(u8 family)
{
	struct svcnat_address *a = kzalloc(family == AF_INET6 ?
					   sizeof(*a) : offsetofend(struct svcnat_address, addr.ip),
					   GFP_KERNEL_ACCOUNT);

	if (a)
		a->family = family;
	return a;
}

/**
 * svcnat_address_set - give it its address
 * @a: address on no table and no list
 * @addr: of its family
 */
void svcnat_address_set(struct svcnat_address *a, const union nf_inet_addr *addr)
{
	a->users = 0;
	if (a->family == AF_INET6)
		a->addr = *addr;
	else
		a->addr.ip = addr->ip;
}

static u32 addr_hash(u8 family, const union nf_inet_addr *addr)
{
	if (family == AF_INET6)
		return siphash(&addr->in6, sizeof(addr->in6), &hash_key);
	return siphash_1u32((__force u32)addr->ip, &hash_key);
}

/**
 * svcnat_address_hash - keyed hash of an address, for its table
 * @n: &svcnat_address.node
 *
 * Return: the hash, differently keyed after each load. Any context.
 */
u32 svcnat_address_hash(const struct svcnat_hnode *n)
{
	const struct svcnat_address *a = container_of(n, struct svcnat_address, node);

	return addr_hash(a->family, &a->addr);
}

static bool is(const struct svcnat_address *a, u8 family, const union nf_inet_addr *addr)
{
	if (a->family != family)
		return false;
	return family == AF_INET6 ? ipv6_addr_equal(&a->addr.in6, &addr->in6) :
				    a->addr.ip == addr->ip;
}

/**
 * svcnat_address_find - is an address a ClusterIP in use?
 * @t: table of them
 * @family: AF_INET or AF_INET6
 * @addr: of that family
 *
 * Return: it, good until the RCU read side section or the mutex ends, or NULL.
 */
struct svcnat_address *svcnat_address_find(const struct svcnat_htable *t, u8 family,
					   const union nf_inet_addr *addr)
{
	const struct svcnat_buckets *b = rcu_dereference_check(t->buckets,
							       lockdep_is_held(t->lock));
	struct svcnat_hnode *n;

	if (!b)
		return NULL;
	svcnat_htable_for_each(n, b, addr_hash(family, addr)) {
		struct svcnat_address *a = container_of(n, struct svcnat_address, node);

		if (is(a, family, addr))
			return a;
	}
	return NULL;
}
