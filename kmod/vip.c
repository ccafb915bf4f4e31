// SPDX-License-Identifier: GPL-2.0
/*
 * VIP table: keys, hash, lookup; see vip.h.
 *
 * Looked up by packets and dumps under RCU; changed by commit.c under the
 * namespace's mutex. The hash is keyed: whoever chooses addresses and ports
 * cannot choose chains.
 */

#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "vip.h"

/* Of IPv4 and IPv6. */
static struct kmem_cache *vip_cache[2] __read_mostly;
static siphash_aligned_key_t vip_hash_key __read_mostly;

static struct kmem_cache *cache_make(const char *name, size_t size)
{
	return kmem_cache_create(name, size, __alignof__(struct svcnat_vip), SLAB_ACCOUNT, NULL);
}

/**
 * svcnat_vip_module_init - make the caches and the hash key
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_vip_module_init(void)
{
	get_random_bytes(&vip_hash_key, sizeof(vip_hash_key));
	vip_cache[0] = cache_make("svcnat_vip", offsetofend(struct svcnat_vip, key.addr.ip));
	if (!vip_cache[0])
		return -ENOMEM;
	vip_cache[1] = cache_make("svcnat_vip6", sizeof(struct svcnat_vip));
	if (!vip_cache[1]) {
		kmem_cache_destroy(vip_cache[0]);
		return -ENOMEM;
	}
	return 0;
}

/**
 * svcnat_vip_module_exit - undo svcnat_vip_module_init()
 */
void svcnat_vip_module_exit(void)
{
	kmem_cache_destroy(vip_cache[1]);
	kmem_cache_destroy(vip_cache[0]);
}

static struct kmem_cache *cache_of(const struct svcnat_key *key)
{
	return vip_cache[key->family == AF_INET6];
}

/**
 * svcnat_vip_alloc - an entry on no table
 * @key: what it answers to
 * @kind: enum svcnat_frontend_kind
 * @flags: SVCNAT_FRONTEND_F_*
 *
 * Return: the entry or NULL. Process context.
 */
struct svcnat_vip *svcnat_vip_alloc(const struct svcnat_key *key, u8 kind, u8 flags)
{
	struct svcnat_vip *vip = kmem_cache_zalloc(cache_of(key), GFP_KERNEL);

	if (!vip)
		return NULL;
	memcpy(&vip->key, key, key->family == AF_INET6 ? sizeof(*key) :
						       offsetofend(struct svcnat_key, addr.ip));
	vip->kind = kind;
	vip->flags = flags;
	return vip;
}

/**
 * svcnat_vip_free - free an entry no reader can see
 * @vip: entry
 */
void svcnat_vip_free(struct svcnat_vip *vip)
{
	kmem_cache_free(cache_of(&vip->key), vip);
}

static u32 key_hash(const struct svcnat_key *key)
{
	u32 tail = (__force u32)key->port << 16 | key->proto << 8 | key->family;

	if (key->family == AF_INET)
		return siphash_2u32((__force u32)key->addr.ip, tail, &vip_hash_key);
	return siphash_3u64((u64)key->addr.all[0] << 32 | key->addr.all[1],
			    (u64)key->addr.all[2] << 32 | key->addr.all[3], tail, &vip_hash_key);
}

/**
 * svcnat_vip_hash - keyed hash of an entry's key, for its table
 * @n: &svcnat_vip.node
 *
 * Return: the hash, differently keyed after each load. Any context.
 */
u32 svcnat_vip_hash(const struct svcnat_hnode *n)
{
	return key_hash(&container_of(n, struct svcnat_vip, node)->key);
}

/**
 * svcnat_key_equal - are two keys the same
 * @a: key
 * @b: key
 *
 * Return: whether they are. Any context.
 */
bool svcnat_key_equal(const struct svcnat_key *a, const struct svcnat_key *b)
{
	return a->addr.ip == b->addr.ip && a->port == b->port && a->proto == b->proto &&
	       a->family == b->family &&
	       (a->family == AF_INET || ipv6_addr_equal(&a->addr.in6, &b->addr.in6));
}

/**
 * svcnat_vip_find - find the entry of a key
 * @t: VIP table
 * @key: key
 *
 * Return: the entry, good until the RCU read side section or the mutex ends,
 * or NULL.
 */
struct svcnat_vip *svcnat_vip_find(const struct svcnat_htable *t, const struct svcnat_key *key)
{
	const struct svcnat_buckets *b = rcu_dereference_check(t->buckets,
							       lockdep_is_held(t->lock));
	u32 hash = key_hash(key);
	struct svcnat_hnode *n;

	if (!b)
		return NULL;
	svcnat_htable_for_each(n, b, hash) {
		struct svcnat_vip *vip = container_of(n, struct svcnat_vip, node);

		if (svcnat_key_equal(&vip->key, key))
			return vip;
	}
	return NULL;
}
