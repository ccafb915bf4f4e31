// SPDX-License-Identifier: GPL-2.0
/*
 * Services and their table; see service.h.
 *
 * The table is read and written under the namespace's mutex only; packets reach
 * a service through its frontends. A service is freed after a grace period since
 * packets could find it (txn.c).
 */

#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "affinity.h"
#include "service.h"
#include "vip.h"

/* Whoever names Services must not choose chains. */
static siphash_aligned_key_t name_hash_key __read_mostly;

static struct kmem_cache *service_cache __read_mostly;

/**
 * svcnat_service_module_init - make the cache and the hash key
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_service_module_init(void)
{
	get_random_bytes(&name_hash_key, sizeof(name_hash_key));
	service_cache = KMEM_CACHE(svcnat_service, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN);
	return service_cache ? 0 : -ENOMEM;
}

/**
 * svcnat_service_module_exit - undo svcnat_service_module_init()
 */
void svcnat_service_module_exit(void)
{
	kmem_cache_destroy(service_cache);
}

/**
 * svcnat_service_alloc - a service without frontends, backends or set
 * @name: NUL-terminated
 * @family: AF_INET or AF_INET6
 * @proto: IPPROTO_*
 *
 * Return: the service or NULL. Process context.
 */
struct svcnat_service *svcnat_service_alloc(const char *name, u8 family, u8 proto)
{
	struct svcnat_service *svc = kmem_cache_zalloc(service_cache, GFP_KERNEL);

	if (!svc)
		return NULL;
	svc->name = kstrdup(name, GFP_KERNEL_ACCOUNT);
	if (!svc->name) {
		kmem_cache_free(service_cache, svc);
		return NULL;
	}
	svc->family = family;
	svc->proto = proto;
	return svc;
}

/**
 * svcnat_service_free - free a service that packets cannot see, and all it has
 * @svc: service that is off the table, or a staged one
 */
void svcnat_service_free(struct svcnat_service *svc)
{
	struct svcnat_vip *vip;

	while ((vip = svcnat_vip_pop(&svc->vips)))
		svcnat_vip_free(vip);
	svcnat_set_free(svc->set);
	svcnat_gone_free(svc->gone);
	svcnat_pins_leave(svc);
	kfree(svc->name);
	kmem_cache_free(service_cache, svc);
}

static u32 identity_hash(const char *name, u8 family, u8 proto)
{
	return siphash(name, strlen(name), &name_hash_key) ^ (family << 8 | proto);
}

/**
 * svcnat_service_hash - keyed hash of a service's identity, for its table
 * @n: &svcnat_service.node
 *
 * Return: the hash, differently keyed after each load.
 */
u32 svcnat_service_hash(const struct svcnat_hnode *n)
{
	const struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

	return identity_hash(svc->name, svc->family, svc->proto);
}

/**
 * svcnat_service_find - find a service by its identity
 * @t: services by name, its mutex held
 * @name: name
 * @family: family
 * @proto: protocol
 *
 * Return: the service or NULL.
 */
struct svcnat_service *svcnat_service_find(const struct svcnat_htable *t, const char *name,
					   u8 family, u8 proto)
{
	const struct svcnat_buckets *b = rcu_dereference_protected(t->buckets,
								   lockdep_is_held(t->lock));
	struct svcnat_hnode *n;

	if (!b)
		return NULL;
	svcnat_htable_for_each(n, b, identity_hash(name, family, proto)) {
		struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

		if (svc->family == family && svc->proto == proto && !strcmp(svc->name, name))
			return svc;
	}
	return NULL;
}

/**
 * svcnat_service_totals - what a service counted, past backends included
 * @svc: service
 * @set: its set
 * @t: out
 *
 * Mutex held, so that no backend is counted twice.
 */
void svcnat_service_totals(const struct svcnat_service *svc, const struct svcnat_set *set,
			   struct svcnat_totals *t)
{
	u32 i;

	*t = (struct svcnat_totals) {
		.connections = atomic64_read(&svc->stats[SVCNAT_SERVICE_STRAYS]),
	};
	for (i = 0; i < set->n; i++) {
		svcnat_backend_totals(set->backend[i], t);
		svcnat_breathe(i);
	}
	svcnat_gone_totals(svc->gone, t);
}
