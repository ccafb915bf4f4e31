// SPDX-License-Identifier: GPL-2.0
/*
 * Backend sets; see set.h.
 *
 * Everything here but svcnat_set_find() and svcnat_set_flags() runs in process context,
 * on sets that packets cannot see yet or any more, or under the namespace's mutex. Sets
 * may be long, so what walks one yields on the way.
 */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "config.h"
#include "sched.h"
#include "set.h"
#include "uapi/svcnat.h"

/**
 * svcnat_set_alloc - an empty set
 * @svc: service it is to be of
 * @settings: what the service asks for
 * @capacity: backends there is room for
 *
 * Return: the set or NULL. Process context.
 */
struct svcnat_set *svcnat_set_alloc(struct svcnat_service *svc,
				    const struct svcnat_settings *settings, u32 capacity)
{
	struct svcnat_set *set = kvzalloc(struct_size(set, backend, capacity), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	set->svc = svc;
	set->settings = *settings;
	set->capacity = capacity;
	return set;
}

/**
 * svcnat_set_extras - what most sets do not have
 * @set: set that packets cannot see
 *
 * Return: them, made if there were none, or NULL for want of memory. Process context.
 */
struct svcnat_extras *svcnat_set_extras(struct svcnat_set *set)
{
	if (!set->extras)
		set->extras = kzalloc(sizeof(*set->extras), GFP_KERNEL_ACCOUNT);
	return set->extras;
}

/**
 * svcnat_set_free - free a set and its references to backends
 * @set: set that packets cannot see, or NULL; one that was replaced has no backends
 *	of its own any more, see svcnat_carry_over()
 */
void svcnat_set_free(struct svcnat_set *set)
{
	u32 i;

	if (!set)
		return;
	for (i = 0; i < set->n; i++) {
		svcnat_backend_put(set->backend[i]);
		svcnat_breathe(i);
	}
	if (set->extras) {
		svcnat_sched_free(set->extras);
		kvfree(set->extras->ranges);
		kfree(set->extras);
	}
	kvfree(set);
}

/* Twice the room; the old set is gone. */
static int set_grow(struct svcnat_set **set)
{
	struct svcnat_set *old = *set, *new;
	u32 capacity = max_t(u32, 2 * old->capacity, 8);

	new = kvmalloc(struct_size(new, backend, capacity), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	memcpy(new, old, struct_size(old, backend, old->n));
	new->capacity = capacity;
	kvfree(old);
	*set = new;
	return 0;
}

/**
 * svcnat_set_append - add a backend at the end
 * @set: set that packets cannot see; may move
 * @like: its address and port, larger than the last one's, weight, limit and flags
 *
 * Return: 0, -EINVAL if out of order, -E2BIG, -ENOMEM.
 */
int svcnat_set_append(struct svcnat_set **set, const struct svcnat_backend *like)
{
	struct svcnat_backend *b;
	u32 n = (*set)->n;

	if (n && svcnat_backend_cmp((*set)->backend[n - 1], &like->addr, like->port) >= 0)
		return -EINVAL;
	if (n == SVCNAT_BACKENDS_MAX)
		return -E2BIG;
	if (n == (*set)->capacity && set_grow(set))
		return -ENOMEM;
	b = svcnat_backend_alloc(like);
	if (!b)
		return -ENOMEM;
	(*set)->backend[(*set)->n++] = b;
	return 0;
}

/* Cluster only, both, local only, neither: both policies pick from one range each. */
static unsigned int run_of(u8 flags)
{
	static const u8 run[] = {
		[SVCNAT_BACKEND_F_CLUSTER] = 0,
		[SVCNAT_BACKEND_F_CLUSTER | SVCNAT_BACKEND_F_LOCAL] = 1,
		[SVCNAT_BACKEND_F_LOCAL] = 2,
		[0] = 3,
	};

	return run[flags & SVCNAT_BACKEND_F_MASK];
}

/* Moves the backends into their runs, @start[] each, and keeps their order in them. */
static int set_partition(struct svcnat_set *set, const u32 *start)
{
	size_t size = array_size(set->n, sizeof(set->backend[0]));
	struct svcnat_backend **sorted = kvmalloc(size, GFP_KERNEL_ACCOUNT);
	u32 next[SVCNAT_SET_RUNS], i;

	if (!sorted)
		return -ENOMEM;
	memcpy(next, start, sizeof(next));
	for (i = 0; i < set->n; i++) {
		sorted[next[run_of(set->backend[i]->flags)]++] = set->backend[i];
		svcnat_breathe(i);
	}
	memcpy(set->backend, sorted, size);
	kvfree(sorted);
	return 0;
}

static int set_runs(struct svcnat_set *set)
{
	u32 count[SVCNAT_SET_RUNS] = { 0 }, start[SVCNAT_SET_RUNS] = { 0 }, i;

	for (i = 0; i < set->n; i++)
		count[run_of(set->backend[i]->flags)]++;
	for (i = 1; i < SVCNAT_SET_RUNS; i++)
		start[i] = start[i - 1] + count[i - 1];
	set->local_start = start[1];
	set->cluster_end = start[2];
	set->local_end = start[3];
	if (!set->n || count[run_of(set->backend[0]->flags)] == set->n)
		return 0;
	return set_partition(set, start);
}

/**
 * svcnat_set_arrange - make a filled set ready to be picked from
 * @set: set that packets cannot see
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_set_arrange(struct svcnat_set *set)
{
	return set_runs(set) ?: svcnat_sched_prepare(set);
}

/**
 * svcnat_set_flags - a backend's flags in an arranged set
 * @set: set
 * @i: its index
 *
 * Return: SVCNAT_BACKEND_F_*.
 */
u8 svcnat_set_flags(const struct svcnat_set *set, u32 i)
{
	return (i < set->cluster_end ? SVCNAT_BACKEND_F_CLUSTER : 0) |
	       (i >= set->local_start && i < set->local_end ? SVCNAT_BACKEND_F_LOCAL : 0);
}

static struct svcnat_backend *run_find(const struct svcnat_set *set, u32 lo, u32 hi,
				       const union nf_inet_addr *addr, __be16 port, u32 *index)
{
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		int cmp = svcnat_backend_cmp(set->backend[mid], addr, port);

		if (!cmp) {
			if (index)
				*index = mid;
			return set->backend[mid];
		}
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/**
 * svcnat_set_find - find a backend by address and port
 * @set: arranged set
 * @addr: address
 * @port: port in network byte order
 * @index: where it is, out; may be NULL
 *
 * Return: the backend, as long as the set is good, or NULL. Any context.
 */
struct svcnat_backend *svcnat_set_find(const struct svcnat_set *set,
				       const union nf_inet_addr *addr, __be16 port, u32 *index)
{
	return run_find(set, 0, set->local_start, addr, port, index) ?:
	       run_find(set, set->local_start, set->cluster_end, addr, port, index) ?:
	       run_find(set, set->cluster_end, set->local_end, addr, port, index) ?:
	       run_find(set, set->local_end, set->n, addr, port, index);
}

static bool ranges_same(const struct svcnat_ranges *a, const struct svcnat_ranges *b)
{
	if (!a || !b)
		return a == b;
	return a->n == b->n && !memcmp(a->v, b->v, array_size(a->n, sizeof(a->v[0])));
}

/**
 * svcnat_set_same - would packets and readers find the same in both
 * @new: arranged set, carried over from @old
 * @old: the set it replaces
 *
 * But for weights and limits, which are the backends'. Mutex held.
 *
 * Return: whether they would.
 */
bool svcnat_set_same(const struct svcnat_set *new, const struct svcnat_set *old)
{
	return !memcmp(&new->settings, &old->settings, sizeof(new->settings)) &&
	       ranges_same(svcnat_set_ranges(new), svcnat_set_ranges(old)) && new->n == old->n &&
	       new->cluster_end == old->cluster_end && new->local_start == old->local_start &&
	       new->local_end == old->local_end &&
	       !memcmp(new->backend, old->backend, array_size(new->n, sizeof(new->backend[0])));
}
