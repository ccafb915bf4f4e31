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
#include "deadline.h"
#include "sched.h"
#include "service.h"
#include "set.h"
#include "uapi/svcnat.h"

#define RUNS 4

/**
 * svcnat_set_alloc - an empty set
 * @settings: what the service asks for
 * @capacity: backends there is room for
 *
 * Return: the set or NULL. Process context.
 */
struct svcnat_set *svcnat_set_alloc(const struct svcnat_settings *settings, u32 capacity)
{
	struct svcnat_set *set = kvzalloc(struct_size(set, backend, capacity), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	set->settings = *settings;
	set->capacity = capacity;
	return set;
}

/**
 * svcnat_set_free - free a set and its references to backends
 * @set: set that packets cannot see, or NULL; one that was replaced has no backends
 *	of its own any more, see svcnat_set_carry()
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
	svcnat_sched_free(set);
	kvfree(set->ranges);
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
	u32 next[RUNS], i;

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
	u32 count[RUNS] = { 0 }, start[RUNS] = { 0 }, i;

	for (i = 0; i < set->n; i++)
		count[run_of(set->backend[i]->flags)]++;
	for (i = 1; i < RUNS; i++)
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

/* Where each run of a set begins, and at the end where the last one ends. */
static void run_bounds(const struct svcnat_set *set, u32 bound[RUNS + 1])
{
	bound[0] = 0;
	bound[1] = set->local_start;
	bound[2] = set->cluster_end;
	bound[3] = set->local_end;
	bound[4] = set->n;
}

/*
 * The same backend in another set. @at: where each of its runs was left; goes on
 * from there, so asking in ascending order walks the set once.
 */
static struct svcnat_backend *runs_seek(const struct svcnat_set *set, u32 at[RUNS],
					const u32 bound[RUNS + 1], const struct svcnat_backend *b)
{
	int run, cmp;

	for (run = 0; run < RUNS; run++) {
		for (; at[run] < bound[run + 1]; at[run]++) {
			cmp = svcnat_backend_cmp(set->backend[at[run]], &b->addr, b->port);
			if (!cmp)
				return set->backend[at[run]];
			if (cmp > 0)
				break;
			svcnat_breathe(at[run]);
		}
	}
	return NULL;
}

/* When connections are cut of a backend that leaves the pick, or the service (@gone). */
static u32 cut_at(const struct svcnat_settings *settings, const struct svcnat_backend *b,
		  bool gone)
{
	switch (settings->removal) {
	case SVCNAT_REMOVAL_DRAIN:
		return b->cut_at ?: svcnat_jiffies_after(settings->drain_seconds * HZ);
	case SVCNAT_REMOVAL_RESET:
		return gone ? svcnat_jiffies_after(0) : 0;
	default:
		return 0;
	}
}

static void cut_set(struct svcnat_service *svc, struct svcnat_backend *b, u32 at)
{
	WRITE_ONCE(b->cut_at, at);
	smp_mb();	/* pairs with svcnat_flow_confirm(): one of us sees the other */
	svc->cutting |= at && svcnat_backend_active(b);
}

/* @was stays, or is back, with what @b was put with. */
static void backend_take_over(struct svcnat_service *svc, struct svcnat_set *new,
			      struct svcnat_backend *was, const struct svcnat_backend *b)
{
	new->changed |= was->weight != b->weight || was->limit != b->limit;
	WRITE_ONCE(was->weight, b->weight);
	WRITE_ONCE(was->limit, b->limit);
	WRITE_ONCE(was->flags, b->flags);
	cut_set(svc, was, b->flags ? 0 : cut_at(&new->settings, was, false));
}

/* Takes over what @old has of one run of @new; returns how many. */
static u32 run_carry(struct svcnat_service *svc, struct svcnat_set *new, u32 from, u32 to,
		     const struct svcnat_set *old)
{
	u32 bound[RUNS + 1], at[RUNS], i, carried = 0;

	run_bounds(old, bound);
	memcpy(at, bound, sizeof(at));
	for (i = from; i < to; i++) {
		struct svcnat_backend *b = new->backend[i], *was = runs_seek(old, at, bound, b);

		svcnat_breathe(i);
		if (!was)
			continue;
		was->carried = true;
		backend_take_over(svc, new, was, b);
		new->backend[i] = was;
		svcnat_backend_free(b);
		carried++;
	}
	return carried;
}

/* Where @b is or belongs among those that are gone, by address and port; from @at on. */
static struct svcnat_backend **gone_seek(struct svcnat_backend **at,
					 const struct svcnat_backend *b)
{
	u32 i = 0;

	while (*at && svcnat_backend_cmp(*at, &b->addr, b->port) < 0) {
		at = &(*at)->next;
		svcnat_breathe(++i);
	}
	return at;
}

/* Backends of a run of @new that are back while connections of before are still active. */
static void run_revive(struct svcnat_service *svc, struct svcnat_set *new, u32 from, u32 to)
{
	struct svcnat_backend **at = &svc->gone;
	u32 i;

	for (i = from; i < to && svc->gone; i++) {
		struct svcnat_backend *b = new->backend[i], *was;

		svcnat_breathe(i);
		at = gone_seek(at, b);
		was = *at;
		if (!was || svcnat_backend_cmp(was, &b->addr, b->port))
			continue;
		*at = was->next;
		backend_take_over(svc, new, was, b);
		new->backend[i] = was;
		svcnat_backend_free(b);
	}
}

static void backend_leave(struct svcnat_service *svc, struct svcnat_backend *b,
			  const struct svcnat_settings *settings)
{
	WRITE_ONCE(b->flags, 0);
	cut_set(svc, b, cut_at(settings, b, true));
}

/* What applies to those that left may have changed. */
static void gone_renew(struct svcnat_service *svc, const struct svcnat_settings *settings)
{
	struct svcnat_backend *b;
	u32 i = 0;

	for (b = svc->gone; b; b = b->next) {
		cut_set(svc, b, cut_at(settings, b, true));
		svcnat_breathe(++i);
	}
}

/* Those of a run of @old that the new set does not have leave. */
static void run_leave(struct svcnat_service *svc, struct svcnat_set *old, u32 from, u32 to,
		      const struct svcnat_settings *settings)
{
	struct svcnat_backend **at = &svc->gone;
	u32 i;

	for (i = from; i < to; i++) {
		struct svcnat_backend *b = old->backend[i];

		svcnat_breathe(i);
		if (!b->carried) {
			backend_leave(svc, b, settings);
			at = gone_seek(at, b);
			b->next = *at;
			*at = b;
		}
		b->carried = false;
	}
}

/**
 * svcnat_set_carry - let backends in both sets be the old ones
 * @new: arranged set that packets cannot see
 * @old: set it is going to replace; its other backends go to &svcnat_service.gone,
 *	and it has none any more: once packets cannot see it, set @old->n to 0
 * @svc: the service
 *
 * Cannot fail and cannot be undone. Mutex held.
 *
 * Return: how many of @new were in @old.
 */
u32 svcnat_set_carry(struct svcnat_set *new, struct svcnat_set *old, struct svcnat_service *svc)
{
	u32 bound[RUNS + 1], i, carried = 0;

	run_bounds(new, bound);
	for (i = 0; i < RUNS; i++)
		carried += run_carry(svc, new, bound[i], bound[i + 1], old);
	for (i = 0; i < RUNS; i++)
		run_revive(svc, new, bound[i], bound[i + 1]);
	gone_renew(svc, &new->settings);
	run_bounds(old, bound);
	for (i = 0; i < RUNS; i++)
		run_leave(svc, old, bound[i], bound[i + 1], &new->settings);
	return carried;
}

/**
 * svcnat_set_withdraw - all backends leave, as the service goes
 * @set: its set
 * @svc: the service; mutex held
 */
void svcnat_set_withdraw(struct svcnat_set *set, struct svcnat_service *svc)
{
	u32 i;

	gone_renew(svc, &set->settings);
	for (i = 0; i < set->n; i++) {
		backend_leave(svc, set->backend[i], &set->settings);
		svcnat_breathe(i);
	}
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
 * Return: whether they would. Mutex held.
 */
bool svcnat_set_same(const struct svcnat_set *new, const struct svcnat_set *old)
{
	return !new->changed && !memcmp(&new->settings, &old->settings, sizeof(new->settings)) &&
	       ranges_same(new->ranges, old->ranges) && new->n == old->n &&
	       new->cluster_end == old->cluster_end && new->local_start == old->local_start &&
	       new->local_end == old->local_end &&
	       !memcmp(new->backend, old->backend, array_size(new->n, sizeof(new->backend[0])));
}
