// SPDX-License-Identifier: GPL-2.0
/*
 * Tables that schedulers draw from; see sched.h. Process context, on sets that
 * packets cannot see. What may take long yields on the way.
 */

#include <linux/bitmap.h>
#include <linux/gcd.h>
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>

#include "sched.h"
#include "uapi/svcnat.h"

#define TURNS_OF_ONE	64
#define TURNS_MORE	1024
#define TURNS_MAX	(1U << 22)

/**
 * struct turns - who is next, until all had their turns
 * @run: the policy's backends
 * @n: of them
 * @order: indices into @run by address and port
 * @weight: of each of @run, as many turns it has
 * @n_turns: sum of @weight
 * @turn: indices into @run, each as often as it has turns; @order if they are equal
 */
struct turns {
	struct svcnat_backend	*const *run;
	u32			n;
	u32			*order;
	u16			*weight;
	u32			n_turns;
	u32			*turn;
};

static bool is_ahead(const struct svcnat_backend *a, const struct svcnat_backend *b)
{
	return svcnat_backend_cmp(a, &b->addr, b->port) < 0;
}

/* A policy picks from two runs of the set, each in order, @middle of the first. */
static void order_merge(struct turns *t, u32 middle)
{
	u32 a = 0, b = middle, i;

	for (i = 0; i < t->n; i++) {
		bool first = b == t->n || (a < middle && is_ahead(t->run[a], t->run[b]));

		t->order[i] = first ? a++ : b++;
		svcnat_breathe(i);
	}
}

static bool weights_equal(struct svcnat_backend *const *run, u32 n)
{
	u32 i;

	for (i = 1; i < n; i++) {
		if (run[i]->weight != run[0]->weight)
			return false;
		svcnat_breathe(i);
	}
	return true;
}

static u32 turns_bound(u32 n)
{
	return min_t(u32, TURNS_OF_ONE * n + TURNS_MORE, TURNS_MAX);
}

static void weights_scale(struct turns *t)
{
	u32 common = 0, bound = turns_bound(t->n), i;
	u64 sum = 0;

	for (i = 0; i < t->n; i++) {
		common = gcd(common, t->run[i]->weight);
		sum += t->run[i]->weight;
		svcnat_breathe(i);
	}
	t->n_turns = 0;
	for (i = 0; i < t->n; i++) {
		u32 weight = t->run[i]->weight;

		/* Rounding adds less than one turn a backend. */
		if (div_u64(sum, common) <= bound)
			weight /= common;
		else
			weight = div64_u64((u64)weight * (bound - t->n) + sum / 2, sum) ?: 1;
		t->weight[i] = weight;
		t->n_turns += weight;
		svcnat_breathe(i);
	}
}

/**
 * struct spread - turns on their way to their places
 * @count: backends of each weight
 * @seen: likewise, of those that had their places
 * @place: turns before each place, at first how many want it
 */
struct spread {
	u32			count[SVCNAT_WEIGHT_MAX + 1];
	u32			seen[SVCNAT_WEIGHT_MAX + 1];
	u32			place[];
};

/*
 * Where the @k-th of @w turns wants to be, of the @j-th of @c backends of this weight.
 * Together they take c * w turns at equal distances.
 */
static u32 place_of(const struct turns *t, u32 c, u32 j, u32 w, u32 k)
{
	return div_u64((2ULL * c * k + 2 * j + 1) * t->n_turns, 2 * c * w);
}

/* Counts who wants each place, or with @settle puts them there, by address if they meet. */
static void turns_visit(const struct turns *t, struct spread *s, bool settle)
{
	u32 i, k, done = 0;

	memset(s->seen, 0, sizeof(s->seen));
	for (i = 0; i < t->n; i++) {
		u32 at = t->order[i], w = t->weight[at], j = s->seen[w]++;

		for (k = 0; k < w; k++) {
			u32 place = place_of(t, s->count[w], j, w, k);

			if (settle)
				t->turn[s->place[place]++] = at;
			else
				s->place[place]++;
			svcnat_breathe(++done);
		}
	}
}

/* A counting sort by place: linear, and nearer to its place than one turn is good enough. */
static int turns_spread(const struct turns *t)
{
	struct spread *s = kvzalloc(struct_size(s, place, t->n_turns), GFP_KERNEL_ACCOUNT);
	u32 i, before = 0;

	if (!s)
		return -ENOMEM;
	for (i = 0; i < t->n; i++)
		s->count[t->weight[i]]++;
	turns_visit(t, s, false);
	for (i = 0; i < t->n_turns; i++) {
		u32 here = s->place[i];

		s->place[i] = before;
		before += here;
		svcnat_breathe(i);
	}
	turns_visit(t, s, true);
	kvfree(s);
	return 0;
}

static u32 *u32_array(u32 n)
{
	return kvmalloc_array(n, sizeof(u32), GFP_KERNEL_ACCOUNT);
}

static int turns_weighted(struct turns *t)
{
	t->weight = kvmalloc_array(t->n, sizeof(*t->weight), GFP_KERNEL_ACCOUNT);
	if (!t->weight)
		return -ENOMEM;
	weights_scale(t);
	t->turn = u32_array(t->n_turns);
	return t->turn ? turns_spread(t) : -ENOMEM;
}

/* Fills @t, which turns_free() takes in any case. */
static int turns_make(struct turns *t, const struct svcnat_set *set, bool local)
{
	t->run = set->backend + svcnat_set_start(set, local);
	t->n = svcnat_set_count(set, local);
	t->order = u32_array(t->n);
	if (!t->order)
		return -ENOMEM;
	order_merge(t, local ? set->cluster_end - set->local_start : set->local_start);
	if (!weights_equal(t->run, t->n))
		return turns_weighted(t);
	t->turn = t->order;
	t->n_turns = t->n;
	return 0;
}

static void turns_free(struct turns *t)
{
	if (t->turn != t->order)
		kvfree(t->turn);
	kvfree(t->weight);
	kvfree(t->order);
}

static struct svcnat_table *table_alloc(u32 slots, u32 n)
{
	u32 width = n <= U8_MAX + 1 ? 1 : n <= U16_MAX + 1 ? 2 : 4;
	struct svcnat_table *table;

	table = kvmalloc(sizeof(*table) + array_size(slots, width), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->n = slots;
	table->width = width;
	return table;
}

static void table_set(struct svcnat_table *table, u32 slot, u32 i)
{
	switch (table->width) {
	case 1:
		table->slot8[slot] = i;
		break;
	case 2:
		table->slot16[slot] = i;
		break;
	default:
		table->slot32[slot] = i;
	}
}

/* A slot a turn, in their order. */
static struct svcnat_table *table_of_turns(const struct turns *t)
{
	struct svcnat_table *table = table_alloc(t->n_turns, t->n);
	u32 i;

	for (i = 0; table && i < t->n_turns; i++) {
		table_set(table, i, t->turn[i]);
		svcnat_breathe(i);
	}
	return table;
}

/* Known to everybody, as all nodes have to build the same table. */
static const siphash_aligned_key_t maglev_key = { { 0x7376636e61742031ULL, 0x6d61676c65762031ULL } };

static u32 maglev_slots(u32 n)
{
	if (n <= 2048)
		return 65521;
	return n <= 32768 ? 1048573 : 16777213;
}

/**
 * struct walk - the slots a backend would like, most wanted first
 * @at: the next one
 * @skip: from one to the next
 */
struct walk {
	u32			at;
	u32			skip;
};

static struct walk walk_of(const struct svcnat_backend *b, u32 slots)
{
	struct {
		union nf_inet_addr	addr;
		__be16			port;
		u8			zero[6];
	} name = { .addr = svcnat_backend_addr(b), .port = b->port };
	u64 hash = siphash(&name, sizeof(name), &maglev_key);

	return (struct walk) {
		.at = reciprocal_scale(hash >> 32, slots),
		.skip = 1 + reciprocal_scale((u32)hash, slots - 1),
	};
}

/* The first slot of its list that nobody has; there is one. */
static u32 walk_claim(struct walk *w, unsigned long *taken, u32 slots)
{
	u32 i = 0;

	while (test_bit(w->at, taken)) {
		w->at += w->skip;
		if (w->at >= slots)
			w->at -= slots;
		svcnat_breathe(++i);
	}
	__set_bit(w->at, taken);
	return w->at;
}

/* In turn everyone takes a slot until none is left: slots times their logarithm steps. */
static void maglev_fill(struct svcnat_table *table, const struct turns *t, struct walk *walk,
			unsigned long *taken)
{
	u32 i, turn = 0;

	for (i = 0; i < t->n; i++) {
		walk[i] = walk_of(t->run[i], table->n);
		svcnat_breathe(i);
	}
	for (i = 0; i < table->n; i++) {
		u32 who = t->turn[turn];

		table_set(table, walk_claim(&walk[who], taken, table->n), who);
		if (++turn == t->n_turns)
			turn = 0;
		svcnat_breathe(i);
	}
}

static struct svcnat_table *table_maglev(const struct turns *t)
{
	u32 slots = maglev_slots(t->n);
	struct svcnat_table *table = table_alloc(slots, t->n);
	struct walk *walk = kvmalloc_array(t->n, sizeof(*walk), GFP_KERNEL_ACCOUNT);
	unsigned long *taken = kvcalloc(BITS_TO_LONGS(slots), sizeof(*taken), GFP_KERNEL_ACCOUNT);

	if (table && walk && taken) {
		maglev_fill(table, t, walk, taken);
	} else {
		kvfree(table);
		table = NULL;
	}
	kvfree(taken);
	kvfree(walk);
	return table;
}

static bool needs_table(const struct svcnat_set *set, bool local)
{
	u32 n = svcnat_set_count(set, local);

	if (n < 2)
		return false;
	return set->settings.sched == SVCNAT_SCHED_MAGLEV ||
	       !weights_equal(set->backend + svcnat_set_start(set, local), n);
}

static int table_make(struct svcnat_set *set, bool local)
{
	struct svcnat_extras *extras = svcnat_set_extras(set);
	struct turns t = { };
	int err = extras ? turns_make(&t, set, local) : -ENOMEM;

	if (!err) {
		extras->table[local] = set->settings.sched == SVCNAT_SCHED_MAGLEV ?
				       table_maglev(&t) : table_of_turns(&t);
		if (!extras->table[local])
			err = -ENOMEM;
	}
	turns_free(&t);
	return err;
}

static bool policies_same(const struct svcnat_set *set)
{
	return !set->local_start && set->cluster_end == set->local_end;
}

static int tables_make(struct svcnat_set *set)
{
	int err = 0;

	if (needs_table(set, false))
		err = table_make(set, false);
	if (err)
		return err;
	if (!policies_same(set))
		return needs_table(set, true) ? table_make(set, true) : 0;
	if (set->extras)
		set->extras->table[true] = set->extras->table[false];
	return 0;
}

/* Each CPU starts its rounds elsewhere, or all would begin with the same backend. */
static int turn_make(struct svcnat_set *set)
{
	u32 slots[] = { svcnat_sched_slots(set, false), svcnat_sched_slots(set, true) };
	struct svcnat_extras *extras = svcnat_set_extras(set);
	int cpu;

	if (!extras)
		return -ENOMEM;
	extras->turn = __alloc_percpu_gfp(sizeof(slots), __alignof__(u32), GFP_KERNEL_ACCOUNT);
	if (!extras->turn)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		u32 *turn = per_cpu_ptr(extras->turn, cpu);

		turn[false] = reciprocal_scale(get_random_u32(), slots[false]);
		turn[true] = reciprocal_scale(get_random_u32(), slots[true]);
	}
	return 0;
}

/**
 * svcnat_sched_prepare - make what a set's scheduler draws from
 * @set: arranged set that packets cannot see
 *
 * Process context; may take seconds for a set of a million.
 *
 * Return: 0 or -ENOMEM, and svcnat_set_free() takes what is there.
 */
int svcnat_sched_prepare(struct svcnat_set *set)
{
	int err = tables_make(set);

	if (!err && set->settings.sched == SVCNAT_SCHED_RR)
		err = turn_make(set);
	return err;
}

/**
 * svcnat_sched_free - free what svcnat_sched_prepare() made, if only by half
 * @extras: of a set that packets cannot see
 */
void svcnat_sched_free(struct svcnat_extras *extras)
{
	free_percpu(extras->turn);
	if (extras->table[true] != extras->table[false])
		kvfree(extras->table[true]);
	kvfree(extras->table[false]);
}
