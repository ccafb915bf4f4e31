// SPDX-License-Identifier: GPL-2.0
/*
 * Backend sets; see backend.h.
 *
 * Everything here but svcnat_set_find() and svcnat_set_flags() runs in process
 * context, on sets that packets cannot see yet or any more, or under the
 * namespace's mutex. Sets may be long, so what walks one yields on the way.
 */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "backend.h"
#include "uapi/svcnat.h"

#define RUNS 4

static struct kmem_cache *backend_cache __read_mostly;

static void breathe(u32 i)
{
	if (i % 4096 == 0)
		cond_resched();
}

/**
 * svcnat_backend_module_init - make the cache
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_backend_module_init(void)
{
	backend_cache = KMEM_CACHE(svcnat_backend, SLAB_ACCOUNT);
	return backend_cache ? 0 : -ENOMEM;
}

/**
 * svcnat_backend_module_exit - undo svcnat_backend_module_init()
 */
void svcnat_backend_module_exit(void)
{
	kmem_cache_destroy(backend_cache);
}

/* Each CPU starts its round elsewhere, or all would begin with the same backend. */
static u32 __percpu *turn_alloc(void)
{
	u32 __percpu *turn = alloc_percpu_gfp(u32, GFP_KERNEL_ACCOUNT);
	int cpu;

	if (turn)
		for_each_possible_cpu(cpu)
			*per_cpu_ptr(turn, cpu) = get_random_u32() >> 1;
	return turn;
}

/**
 * svcnat_set_alloc - an empty set
 * @sched: enum svcnat_sched
 * @flags: SVCNAT_SERVICE_F_*
 * @capacity: backends there is room for
 *
 * Return: the set or NULL. Process context.
 */
struct svcnat_set *svcnat_set_alloc(u8 sched, u8 flags, u32 capacity)
{
	struct svcnat_set *set = kvzalloc(struct_size(set, backend, capacity), GFP_KERNEL_ACCOUNT);

	if (!set)
		return NULL;
	set->sched = sched;
	set->flags = flags;
	set->capacity = capacity;
	if (sched == SVCNAT_SCHED_RR) {
		set->turn = turn_alloc();
		if (!set->turn) {
			kvfree(set);
			return NULL;
		}
	}
	return set;
}

static void set_free(struct svcnat_set *set)
{
	free_percpu(set->turn);
	kvfree(set);
}

/**
 * svcnat_set_free - free a set that packets never saw, and its backends
 * @set: set or NULL
 */
void svcnat_set_free(struct svcnat_set *set)
{
	u32 i;

	if (!set)
		return;
	for (i = 0; i < set->n; i++) {
		kmem_cache_free(backend_cache, set->backend[i]);
		breathe(i);
	}
	set_free(set);
}

/**
 * svcnat_set_free_retired - free a replaced set no reader can see any more
 * @set: set that went through svcnat_set_carry() as the old one
 */
void svcnat_set_free_retired(struct svcnat_set *set)
{
	u32 i = 0;

	while (set->gone) {
		struct svcnat_backend *b = set->gone;

		set->gone = b->next_gone;
		kmem_cache_free(backend_cache, b);
		breathe(++i);
	}
	set_free(set);
}

static int backend_cmp(const struct svcnat_backend *b, const union nf_inet_addr *addr,
		       __be16 port)
{
	int cmp = memcmp(&b->addr, addr, sizeof(*addr));

	return cmp ?: memcmp(&b->port, &port, sizeof(port));
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
 * @addr: address, larger than the last one's or equal
 * @port: port in network byte order, larger than the last one's if @addr is equal
 * @flags: SVCNAT_BACKEND_F_*
 *
 * Return: 0, -EINVAL if out of order, -E2BIG, -ENOMEM.
 */
int svcnat_set_append(struct svcnat_set **set, const union nf_inet_addr *addr, __be16 port,
		      u8 flags)
{
	struct svcnat_backend *b;
	u32 n = (*set)->n;

	if (n && backend_cmp((*set)->backend[n - 1], addr, port) >= 0)
		return -EINVAL;
	if (n == SVCNAT_BACKENDS_MAX)
		return -E2BIG;
	if (n == (*set)->capacity && set_grow(set))
		return -ENOMEM;
	b = kmem_cache_zalloc(backend_cache, GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->addr = *addr;
	b->port = port;
	b->flags = flags;
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
		breathe(i);
	}
	memcpy(set->backend, sorted, size);
	kvfree(sorted);
	return 0;
}

/**
 * svcnat_set_arrange - put the backends into their runs, last step of filling
 * @set: set that packets cannot see
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_set_arrange(struct svcnat_set *set)
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
		int cmp = backend_cmp(set->backend[mid], addr, port);

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
			cmp = backend_cmp(set->backend[at[run]], &b->addr, b->port);
			if (!cmp)
				return set->backend[at[run]];
			if (cmp > 0)
				break;
			breathe(at[run]);
		}
	}
	return NULL;
}

/* Takes over what @old has of one run of @new; returns how many. */
static u32 run_carry(struct svcnat_set *new, u32 from, u32 to, const struct svcnat_set *old)
{
	u32 bound[RUNS + 1], at[RUNS], i, carried = 0;

	run_bounds(old, bound);
	memcpy(at, bound, sizeof(at));
	for (i = from; i < to; i++) {
		struct svcnat_backend *b = new->backend[i], *was = runs_seek(old, at, bound, b);

		breathe(i);
		if (!was)
			continue;
		was->carried = true;
		new->backend[i] = was;
		kmem_cache_free(backend_cache, b);
		carried++;
	}
	return carried;
}

/**
 * svcnat_set_carry - let backends in both sets be the old ones
 * @new: arranged set that packets cannot see
 * @old: set it is going to replace; its other backends go to &svcnat_set.gone
 *
 * Cannot fail and cannot be undone. Mutex held.
 *
 * Return: how many of @new were carried over.
 */
u32 svcnat_set_carry(struct svcnat_set *new, struct svcnat_set *old)
{
	u32 bound[RUNS + 1], i, carried = 0;

	run_bounds(new, bound);
	for (i = 0; i < RUNS; i++)
		carried += run_carry(new, bound[i], bound[i + 1], old);
	for (i = 0; i < old->n; i++) {
		struct svcnat_backend *b = old->backend[i];

		if (!b->carried) {
			b->next_gone = old->gone;
			old->gone = b;
		}
		b->carried = false;
		breathe(i);
	}
	return carried;
}

/**
 * svcnat_set_same - would packets and readers find the same in both
 * @a: arranged set
 * @b: arranged set, one of the two carried over from the other
 *
 * Return: whether they would. Mutex held.
 */
bool svcnat_set_same(const struct svcnat_set *a, const struct svcnat_set *b)
{
	return a->sched == b->sched && a->flags == b->flags && a->n == b->n &&
	       a->cluster_end == b->cluster_end && a->local_start == b->local_start &&
	       a->local_end == b->local_end &&
	       !memcmp(a->backend, b->backend, array_size(a->n, sizeof(a->backend[0])));
}

/**
 * svcnat_set_drain - take the connection counts of the backends that are gone
 * @set: set that went through svcnat_set_carry() as the old one
 *
 * Packets on their way may still count on them until a grace period has passed,
 * so it is called twice: when the set is replaced and before it is freed.
 *
 * Return: their sum since the last call.
 */
u64 svcnat_set_drain(struct svcnat_set *set)
{
	struct svcnat_backend *b;
	u64 sum = 0;

	for (b = set->gone; b; b = b->next_gone)
		sum += atomic64_xchg(&b->connections, 0);
	return sum;
}
