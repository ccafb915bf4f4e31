// SPDX-License-Identifier: GPL-2.0
/*
 * Backends; see backend.h.
 *
 * A backend lives as long as its service has it, in a set or among those that are
 * gone, and as long as a connection counts on it. Packets find it in a set under
 * RCU and may take a reference there: a backend that left its set stays with the
 * service until a grace period has passed (svcnat_gone_prune()).
 */

#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "backend.h"

/* Of IPv4 and IPv6. */
static struct kmem_cache *backend_cache[2] __read_mostly;

/* After their last reference. */
static LLIST_HEAD(dead);

/**
 * svcnat_backend_alloc - a backend
 * @like: its family, address, port, weight, limit and flags
 *
 * Return: it, with one reference, or NULL. Process context.
 */
struct svcnat_backend *svcnat_backend_alloc(const struct svcnat_backend *like)
{
	struct svcnat_backend *b = kmem_cache_zalloc(backend_cache[svcnat_backend_v6(like)], GFP_KERNEL);

	if (!b)
		return NULL;
	if (svcnat_backend_v6(like))
		b->addr = like->addr;
	else
		b->addr.ip = like->addr.ip;
	b->port = like->port;
	b->weight = like->weight;
	b->limit = like->limit;
	b->flags = like->flags;
	refcount_set(&b->refs, 1);
	return b;
}

/**
 * svcnat_backend_free - free a backend that nobody but the caller ever saw
 * @b: backend
 */
void svcnat_backend_free(struct svcnat_backend *b)
{
	kmem_cache_free(backend_cache[svcnat_backend_v6(b)], b);
}

static void dead_free(struct work_struct *work)
{
	struct llist_node *all = llist_del_all(&dead);
	struct svcnat_backend *b, *next;
	u32 i = 0;

	synchronize_rcu();	/* packets found them, ahead of their last reference */
	llist_for_each_entry_safe(b, next, all, dead) {
		svcnat_backend_free(b);
		svcnat_breathe(i++);
	}
}

static DECLARE_WORK(dead_work, dead_free);

/**
 * svcnat_backend_put - drop a reference
 * @b: backend
 *
 * Any context. The last one frees it after a grace period.
 */
void svcnat_backend_put(struct svcnat_backend *b)
{
	if (refcount_dec_and_test(&b->refs) && llist_add(&b->dead, &dead))
		schedule_work(&dead_work);
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
 * svcnat_backend_module_init - make the caches
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_backend_module_init(void)
{
	backend_cache[0] = kmem_cache_create("svcnat_backend",
					     offsetofend(struct svcnat_backend, addr.ip),
					     __alignof__(struct svcnat_backend), SLAB_ACCOUNT,
					     NULL);
	if (!backend_cache[0])
		return -ENOMEM;
	backend_cache[1] = kmem_cache_create("svcnat_backend6", sizeof(struct svcnat_backend),
					     __alignof__(struct svcnat_backend), SLAB_ACCOUNT,
					     NULL);
	if (!backend_cache[1]) {
		kmem_cache_destroy(backend_cache[0]);
		return -ENOMEM;
	}
	return 0;
}

/**
 * svcnat_backend_module_exit - undo svcnat_backend_module_init()
 */
void svcnat_backend_module_exit(void)
{
	flush_work(&dead_work);
	kmem_cache_destroy(backend_cache[1]);
	kmem_cache_destroy(backend_cache[0]);
}
