// SPDX-License-Identifier: GPL-2.0
/*
 * A set takes another's place; see carry.h. Process context, under the namespace's
 * mutex, while packets pick from the old set.
 */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "carry.h"
#include "deadline.h"

/* A walk through a set, beside another one. */
struct beside {
	const struct svcnat_set	*set;
	u32			start[SVCNAT_SET_RUNS + 1];
	const struct svcnat_set	*other;
	u32			at[SVCNAT_SET_RUNS];	/* where each of its runs was left */
	u32			bound[SVCNAT_SET_RUNS + 1];
};

static struct beside beside_of(const struct svcnat_set *set, const struct svcnat_set *other)
{
	struct beside w = { .set = set, .other = other };

	svcnat_set_bounds(set, w.start);
	svcnat_set_bounds(other, w.bound);
	return w;
}

static bool begins_run(const struct beside *w, u32 i)
{
	int run;

	for (run = 0; run < SVCNAT_SET_RUNS; run++)
		if (i == w->start[run])
			return true;
	return false;
}

/*
 * The other's backend of the same address and port as backend @i. To be asked for one
 * after the other: then it walks the other set once for each run.
 */
static struct svcnat_backend *other_of(struct beside *w, u32 i)
{
	const struct svcnat_backend *b = w->set->backend[i];
	int run, cmp;
	u32 *at;

	if (begins_run(w, i))
		memcpy(w->at, w->bound, sizeof(w->at));
	for (run = 0; run < SVCNAT_SET_RUNS; run++) {
		for (at = &w->at[run]; *at < w->bound[run + 1]; (*at)++) {
			cmp = svcnat_backend_cmp(w->other->backend[*at], &b->addr, b->port);
			if (!cmp)
				return w->other->backend[*at];
			if (cmp > 0)
				break;
			svcnat_breathe(*at);
		}
	}
	return NULL;
}

/**
 * svcnat_carry_prepare - make room for what svcnat_carry_over() is going to do
 * @c: zero, out
 * @new: arranged set that packets cannot see
 * @old: set it is going to replace
 * @gone: those that left before, or NULL
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_carry_prepare(struct svcnat_carry *c, const struct svcnat_set *new,
			 const struct svcnat_set *old, const struct svcnat_gone *gone)
{
	struct beside w = beside_of(old, new);
	u32 i, leave = 0;

	for (i = 0; i < old->n; i++) {
		leave += !other_of(&w, i);
		svcnat_breathe(i);
	}
	if (!leave)
		return 0;
	c->room = svcnat_gone_alloc(leave + (gone ? gone->n : 0));
	return c->room ? 0 : -ENOMEM;
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

static void cut_set(struct svcnat_carry *c, struct svcnat_backend *b, u32 at)
{
	WRITE_ONCE(b->cut_at, at);
	smp_mb();	/* pairs with svcnat_flow_confirm(): one of us sees the other */
	c->cutting |= at && svcnat_backend_active(b);
}

/* Backend @i of @new is one that is known already. */
static void take_over(struct svcnat_carry *c, struct svcnat_set *new, u32 i,
		      struct svcnat_backend *was)
{
	struct svcnat_backend *b = new->backend[i];

	c->changed |= was->weight != b->weight || was->limit != b->limit;
	WRITE_ONCE(was->weight, b->weight);
	WRITE_ONCE(was->limit, b->limit);
	WRITE_ONCE(was->flags, b->flags);
	cut_set(c, was, svcnat_backend_picked(b) ? 0 : cut_at(&new->settings, was, false));
	new->backend[i] = was;
	svcnat_backend_free(b);
}

static void carry(struct svcnat_carry *c, struct svcnat_set *new, const struct svcnat_set *old)
{
	struct beside w = beside_of(new, old);
	struct svcnat_backend *was;
	u32 i;

	for (i = 0; i < new->n; i++) {
		was = other_of(&w, i);
		if (was) {
			take_over(c, new, i, was);
			c->carried++;
		}
		svcnat_breathe(i);
	}
}

/* Those that are back while connections of before are still active. */
static void revive(struct svcnat_carry *c, struct svcnat_set *new, struct svcnat_gone *gone)
{
	u32 i, at, n = 0;

	for (i = 0; i < gone->n; i++) {
		struct svcnat_backend *was = gone->backend[i];

		cond_resched();
		if (svcnat_set_find(new, &was->addr, was->port, &at))
			take_over(c, new, at, was);
		else
			gone->backend[n++] = was;
	}
	gone->n = n;
}

static void backend_leave(struct svcnat_carry *c, struct svcnat_backend *b,
			  const struct svcnat_settings *settings)
{
	WRITE_ONCE(b->flags, b->flags & SVCNAT_BACKEND_V6);
	cut_set(c, b, cut_at(settings, b, true));
}

/* What applies to those that left may have changed. */
static void gone_renew(struct svcnat_carry *c, const struct svcnat_gone *gone,
		       const struct svcnat_settings *settings)
{
	u32 i;

	for (i = 0; gone && i < gone->n; i++) {
		cut_set(c, gone->backend[i], cut_at(settings, gone->backend[i], true));
		svcnat_breathe(i);
	}
}

static void leave(struct svcnat_carry *c, const struct svcnat_set *new,
		  const struct svcnat_set *old, struct svcnat_gone *gone)
{
	struct beside w = beside_of(old, new);
	u32 i;

	for (i = 0; i < old->n; i++) {
		struct svcnat_backend *b = old->backend[i];

		svcnat_breathe(i);
		if (other_of(&w, i))
			continue;
		backend_leave(c, b, &new->settings);
		gone->backend[gone->n++] = b;
	}
}

/* There is more room for those that are gone. */
static void move_in(struct svcnat_carry *c, struct svcnat_gone **gone)
{
	struct svcnat_gone *from = *gone;

	if (from)
		memcpy(c->room, from, struct_size(from, backend, from->n));
	kvfree(from);
	*gone = c->room;
	c->room = NULL;
}

/**
 * svcnat_carry_over - let backends in both sets be the old ones
 * @c: prepared with these sets; the rest out
 * @new: arranged set that packets cannot see
 * @old: set it is going to replace. It has no backends of its own any more: once
 *	packets cannot see it, set its @n to 0
 * @gone: of the service
 *
 * Cannot fail and cannot be undone.
 */
void svcnat_carry_over(struct svcnat_carry *c, struct svcnat_set *new, struct svcnat_set *old,
		       struct svcnat_gone **gone)
{
	carry(c, new, old);
	if (*gone)
		revive(c, new, *gone);
	gone_renew(c, *gone, &new->settings);
	if (!c->room)
		return;
	move_in(c, gone);
	leave(c, new, old, *gone);
}

/**
 * svcnat_carry_none - all backends leave, as the service goes
 * @c: zero, out
 * @set: of the service, which keeps them
 * @gone: of the service, or NULL
 */
void svcnat_carry_none(struct svcnat_carry *c, struct svcnat_set *set, struct svcnat_gone *gone)
{
	u32 i;

	gone_renew(c, gone, &set->settings);
	for (i = 0; i < set->n; i++) {
		backend_leave(c, set->backend[i], &set->settings);
		svcnat_breathe(i);
	}
}
