// SPDX-License-Identifier: GPL-2.0
/*
 * Services and their table; see service.h.
 *
 * The table is read and written under the namespace's mutex only; packets reach
 * a service through its frontends. A service is freed by its last reference,
 * and only after a grace period since packets could find it (txn.c).
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
 * Return: the service with one reference, or NULL. Process context.
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
	refcount_set(&svc->refs, 1);
	svc->event = -1;
	svc->family = family;
	svc->proto = proto;
	INIT_LIST_HEAD(&svc->vips);
	INIT_LIST_HEAD(&svc->txn_link);
	return svc;
}

static void service_put(struct svcnat_service *svc)
{
	if (!refcount_dec_and_test(&svc->refs))
		return;
	kfree(svc->name);
	kmem_cache_free(service_cache, svc);
}

static void gone_put(struct svcnat_service *svc)
{
	struct svcnat_backend *b, *next;
	u32 i = 0;

	for (b = svc->gone; b; b = next) {
		next = b->next;
		svcnat_backend_put(b);
		svcnat_breathe(++i);
	}
}

/**
 * svcnat_service_free - free a service that packets cannot see, and all it has
 * @svc: service that is off the table, or a staged one
 */
void svcnat_service_free(struct svcnat_service *svc)
{
	struct svcnat_set *set = rcu_dereference_protected(svc->set, true);
	struct svcnat_vip *vip, *tmp;

	list_for_each_entry_safe(vip, tmp, &svc->vips, sibling)
		svcnat_vip_free(vip);
	if (svc->live) {
		/* Its commit happened: the set is the one that was replaced. */
		set->n = 0;
		service_put(svc->live);
	}
	svcnat_set_free(set);
	gone_put(svc);
	svcnat_pins_leave(svc);
	service_put(svc);
}

static u32 service_hash(const char *name, u8 family, u8 proto)
{
	return siphash(name, strlen(name), &name_hash_key) ^ (family << 8 | proto);
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
	svcnat_htable_for_each(n, b, service_hash(name, family, proto)) {
		struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

		if (svc->family == family && svc->proto == proto && !strcmp(svc->name, name))
			return svc;
	}
	return NULL;
}

/**
 * svcnat_service_add - add a service whose identity is not in the table
 * @t: services by name with room reserved, its mutex held
 * @svc: service
 */
void svcnat_service_add(struct svcnat_htable *t, struct svcnat_service *svc)
{
	svcnat_htable_add(t, &svc->node, service_hash(svc->name, svc->family, svc->proto));
}

/**
 * svcnat_backend_totals - add what a backend counted
 * @b: backend
 * @t: in and out
 */
void svcnat_backend_totals(const struct svcnat_backend *b, struct svcnat_totals *t)
{
	int dir;

	t->connections += atomic64_read(&b->connections);
	t->active += svcnat_backend_active(b);
	for (dir = 0; dir < 2; dir++) {
		t->packets[dir] += atomic64_read(&b->packets[dir]);
		t->bytes[dir] += atomic64_read(&b->bytes[dir]);
	}
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
	const struct svcnat_backend *b;
	u32 i;

	*t = svc->past;
	t->connections += atomic64_read(&svc->stats[SVCNAT_SERVICE_STRAYS]);
	for (i = 0; i < set->n; i++)
		svcnat_backend_totals(set->backend[i], t);
	for (b = svc->gone; b; b = b->next)
		svcnat_backend_totals(b, t);
}

/**
 * svcnat_service_prune - forget backends that left and have no connection any more
 * @svc: service, mutex held
 * @grace: grace period after which nobody can find them any more
 */
void svcnat_service_prune(struct svcnat_service *svc, unsigned long grace)
{
	struct svcnat_backend **at = &svc->gone, *b;
	u32 i = 0;

	if (!svc->gone || !poll_state_synchronize_rcu(grace))
		return;
	while ((b = *at)) {
		svcnat_breathe(++i);
		if (svcnat_backend_active(b)) {
			at = &b->next;
			continue;
		}
		*at = b->next;
		svcnat_backend_totals(b, &svc->past);
		svcnat_backend_put(b);
	}
}
