// SPDX-License-Identifier: GPL-2.0
/*
 * Pick a backend; see pick.h. Everything here runs under RCU, in softirq or process
 * context: no lock, no allocation, nothing written but what this CPU draws from.
 *
 * What is drawn first is nearly always taken. If it sits out, is at its limit or is to
 * be avoided, it is drawn anew up to PROBES times, so that its flows do not all go to
 * one neighbour; schedulers that hash do so by the hash, and the same flow finds the
 * same backend again. Then the run is walked, up to WALK backends of it. Round-robin
 * takes up to WALK turns instead, so that the others stay even.
 */

#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/prefetch.h>
#include <linux/siphash.h>

#include "compat.h"
#include "eject.h"
#include "pick.h"
#include "sched.h"
#include "uapi/svcnat.h"

#define PROBES	8
#define WALK	4096

/* Backends of a busy service that are still in the processor's caches next time, as measured. */
#define FEW	1024

/* Known to everybody: all nodes send a flow to the same backend. */
static const siphash_aligned_key_t flow_key = { { 0x7376636e61742032ULL, 0x666c6f7720202032ULL } };

/**
 * struct draw - one pick on its way
 * @set: set
 * @local: policy Local
 * @run: its backends
 * @n: of them, not 0
 * @slots: of its table
 * @hash: the upper half says which slot is next
 * @avoid: to be taken last of all, or NULL
 * @sits_out: first one seen that could serve otherwise, or NULL
 * @avoided: @avoid, if it was seen and could serve
 *
 * The last two are pick_other()'s.
 */
struct draw {
	const struct svcnat_set		*set;
	bool				local;
	struct svcnat_backend		*const *run;
	u32				n;
	u32				slots;
	u64				hash;
	const struct svcnat_backend	*avoid;
	struct svcnat_backend		*sits_out;
	struct svcnat_backend		*avoided;
};

static bool at_limit(const struct svcnat_backend *b)
{
	u32 limit = READ_ONCE(b->limit);

	return limit && svcnat_backend_active(b) >= limit;
}

/**
 * svcnat_pick_may - may new flows go to a backend now
 * @b: backend
 *
 * Return: false if it sits out or is at its limit. Any context.
 */
bool svcnat_pick_may(const struct svcnat_backend *b)
{
	return !svcnat_ejected(b) && !at_limit(b);
}

static bool takes(const struct draw *d, const struct svcnat_backend *b)
{
	return b != d->avoid && svcnat_pick_may(b);
}

/**
 * struct chance - what a CPU draws from
 * @state: of what comes after @next
 * @next: what is drawn next, and after that
 * @place: that fetch_ahead() fetched last; compared only
 */
struct chance {
	struct rnd_state	state;
	u32			next[2];
	const void		*place;
};

static DEFINE_PER_CPU(struct chance, chance);

/*
 * Even is enough, nobody has to be kept from foreseeing it: get_random_u32() is dearer.
 * Who interrupts, or a task that moves to another CPU, may draw again what was drawn.
 */
static u32 any(void)
{
	struct chance *c = raw_cpu_ptr(&chance);
	u32 drawn = c->next[0];

	c->next[0] = c->next[1];
	c->next[1] = prandom_u32_state(&c->state);
	return drawn;
}

/**
 * svcnat_pick_module_init - what each CPU draws from begins somewhere
 */
void svcnat_pick_module_init(void)
{
	int cpu, i;

	prandom_seed_full_state(&chance.state);
	for_each_possible_cpu(cpu) {
		struct chance *c = per_cpu_ptr(&chance, cpu);

		for (i = 0; i < ARRAY_SIZE(c->next); i++)
			c->next[i] = prandom_u32_state(&c->state);
	}
}

static u64 hash_source(const struct nf_conntrack_tuple *flow)
{
	return siphash(&flow->src.u3, sizeof(flow->src.u3), &flow_key);
}

static u64 hash_flow(const struct nf_conntrack_tuple *flow)
{
	struct {
		union nf_inet_addr	src;
		union nf_inet_addr	dst;
		__be16			sport;
		__be16			dport;
		u8			proto;
		u8			zero[3];
	} key = {
		.src = flow->src.u3,
		.dst = flow->dst.u3,
		.sport = flow->src.u.all,
		.dport = flow->dst.u.all,
		.proto = flow->dst.protonum,
	};

	return siphash(&key, sizeof(key), &flow_key);
}

static u64 hash_of(u8 sched, const struct nf_conntrack_tuple *flow)
{
	switch (sched) {
	case SVCNAT_SCHED_RR:
		return 0;
	case SVCNAT_SCHED_SH:
		return hash_source(flow);
	case SVCNAT_SCHED_MAGLEV:
		return hash_flow(flow);
	default:
		return (u64)any() << 32;
	}
}

/* The hash of the next draw: Knuth's linear congruential generator. */
static void draw_again(struct draw *d)
{
	d->hash = d->hash * 6364136223846793005ULL + 1442695040888963407ULL;
}

static u32 draw_scaled(const struct draw *d, u32 n)
{
	return reciprocal_scale(d->hash >> 32, n);
}

/* May repeat or miss a turn if the task moves to another CPU in between. */
static u32 next_turn(const struct draw *d)
{
	u32 turn = this_cpu_read(d->set->extras->turn[d->local]);

	this_cpu_write(d->set->extras->turn[d->local], turn + 1 < d->slots ? turn + 1 : 0);
	return turn;
}

/* An index into the run. */
static u32 draw_index(const struct draw *d)
{
	const struct svcnat_table *table = svcnat_sched_table(d->set, d->local);
	u32 slot;

	if (d->set->settings.sched == SVCNAT_SCHED_RR)
		slot = next_turn(d);
	else
		slot = draw_scaled(d, d->slots);
	return table ? svcnat_table_at(table, slot) : slot;
}

static bool less_busy(const struct svcnat_backend *a, const struct svcnat_backend *b)
{
	return (u64)svcnat_backend_active(a) * READ_ONCE(b->weight) <
	       (u64)svcnat_backend_active(b) * READ_ONCE(a->weight);
}

/*
 * Least connections: the first is drawn by weight and stands if both are equally busy,
 * so that weights hold for connections that end at once; the second by chance alone
 * among the others.
 */
static u32 draw_less_busy(struct draw *d)
{
	u32 one = draw_index(d), other;

	if (d->n < 2)
		return one;
	draw_again(d);
	other = one + 1 + draw_scaled(d, d->n - 1);
	if (other >= d->n)
		other -= d->n;
	if (!takes(d, d->run[other]))
		return one;
	return !takes(d, d->run[one]) || less_busy(d->run[other], d->run[one]) ? other : one;
}

static u32 draw(struct draw *d)
{
	return d->set->settings.sched == SVCNAT_SCHED_LC ? draw_less_busy(d) : draw_index(d);
}

/*
 * Of very many backends neither the one that is drawn nor the place that names it is in any
 * cache, and the one waits for the other. What this CPU will draw is known two flows ahead,
 * and as long as they go to the same service both are fetched meanwhile, the place first.
 */
static void fetch_ahead(const struct draw *d, u8 family)
{
	struct chance *c = raw_cpu_ptr(&chance);
	struct svcnat_backend *const *place = &d->run[reciprocal_scale(c->next[0], d->n)];

	if (c->place == place) {
		const struct svcnat_backend *b = *place;

		/* From what is written to the address' end is less than a line, but may lie on two. */
		prefetchw(&b->connections);
		prefetchw((const u8 *)&b->addr +
			  (family == NFPROTO_IPV6 ? sizeof(b->addr.in6) : sizeof(b->addr.ip)) - 1);
	}
	c->place = &d->run[reciprocal_scale(c->next[1], d->n)];
	prefetch(c->place);
}

/* One that cannot be taken; it may have to be in the end. */
static void remember(struct draw *d, struct svcnat_backend *b)
{
	if (at_limit(b))
		return;
	if (b == d->avoid)
		d->avoided = b;
	else if (!d->sits_out)
		d->sits_out = b;
}

/* What was drawn is not available, and it is at index @at. */
static noinline struct svcnat_backend *pick_other(struct draw *d, u32 at)
{
	bool turns = d->set->settings.sched == SVCNAT_SCHED_RR;
	u32 probes = turns ? min_t(u32, d->slots, WALK) : PROBES, i;

	d->sits_out = NULL;
	d->avoided = NULL;
	remember(d, d->run[at]);
	for (i = 0; d->n > 1 && i < probes; i++) {
		draw_again(d);
		at = draw(d);
		if (takes(d, d->run[at]))
			return d->run[at];
		remember(d, d->run[at]);
	}
	for (i = 0; i < min_t(u32, d->n, WALK); i++) {
		if (takes(d, d->run[at]))
			return d->run[at];
		remember(d, d->run[at]);
		if (++at == d->n)
			at = 0;
	}
	return d->sits_out ?: d->avoided;
}

/**
 * svcnat_pick - draw a backend
 * @set: set
 * @local: policy Local
 * @flow: tuple of the first packet, as received
 * @avoid: backend to take only if there is no other, or NULL
 *
 * If none is available, one that sits out is taken, then @avoid. In a run of more than
 * 4096 one that is available may be missed, if nearly none is.
 *
 * Return: the backend, as long as the set is good. NULL if there is none to pick, or
 * if every one is at its limit: svcnat_set_count() tells which. Softirq or process
 * context, under RCU.
 */
struct svcnat_backend *svcnat_pick(const struct svcnat_set *set, bool local,
				   const struct nf_conntrack_tuple *flow,
				   const struct svcnat_backend *avoid)
{
	struct draw d __uninitialized;
	u32 at;

	d.n = svcnat_set_count(set, local);
	if (!d.n)
		return NULL;
	d.set = set;
	d.local = local;
	d.run = set->backend + svcnat_set_start(set, local);
	d.slots = svcnat_sched_slots(set, local);
	d.avoid = avoid;
	d.hash = hash_of(set->settings.sched, flow);
	at = draw(&d);
	if (d.n > FEW && set->settings.sched == SVCNAT_SCHED_RANDOM &&
	    !svcnat_sched_table(set, local))
		fetch_ahead(&d, flow->src.l3num);
	return likely(takes(&d, d.run[at])) ? d.run[at] : pick_other(&d, at);
}

/**
 * svcnat_pick_elsewhere - would svcnat_pick() find another backend
 * @set: set
 * @local: policy Local
 * @b: backend to avoid
 *
 * Takes no turn of round-robin.
 *
 * Return: whether it would. Any context, under RCU.
 */
bool svcnat_pick_elsewhere(const struct svcnat_set *set, bool local,
			   const struct svcnat_backend *b)
{
	struct svcnat_backend *const *run = set->backend + svcnat_set_start(set, local);
	u32 n = min_t(u32, svcnat_set_count(set, local), WALK), i;

	for (i = 0; i < n; i++)
		if (run[i] != b && !at_limit(run[i]))
			return true;
	return false;
}

/**
 * svcnat_pick_unavailable - how many backends of a policy may not be picked now
 * @set: set
 * @local: policy Local
 *
 * Walks them all, so it is not for packets.
 *
 * Return: their number. Any context, under RCU.
 */
u32 svcnat_pick_unavailable(const struct svcnat_set *set, bool local)
{
	struct svcnat_backend *const *run = set->backend + svcnat_set_start(set, local);
	u32 n = svcnat_set_count(set, local), unavailable = 0, i;

	for (i = 0; i < n; i++)
		unavailable += !svcnat_pick_may(run[i]);
	return unavailable;
}
