/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What schedulers draw from: made with the set, read by pick.c.
 *
 * A scheduler draws a slot of the policy's table, and the slot names the backend.
 * Without a table every index of the run is a slot: that is so for one backend,
 * and for equal weights of all schedulers but Maglev.
 *
 * Weights give a backend as many slots as it has turns. Turns are the weights
 * divided by what they have in common, and if that makes more than 64 a backend
 * and 1024 (or 4,194,304 in all) scaled down so that it does not: then a share is
 * rounded to a turn, and everyone keeps one. The turns of a backend, and those of
 * all backends of one weight together, are spread evenly.
 *
 * Maglev's table has a fixed prime size, 65,521 for up to 2,048 backends, 1,048,573
 * for up to 32,768, else 16,777,213; a larger one costs more memory and time to
 * build (2 ms, 40 ms, 1 s), and a smaller one moves too many flows when a backend
 * goes. Backends claim slots turn by turn in the order of their addresses, whatever
 * runs they are in: the table is the same on every node. When their number
 * passes one of those limits, all flows move.
 */
#ifndef _SVCNAT_SCHED_H
#define _SVCNAT_SCHED_H

#include "set.h"

/**
 * struct svcnat_table - slots that lead to backends of one policy
 * @n: slots
 * @width: bytes of a slot
 * @slot8: indices, 0 to svcnat_set_count() - 1, if @width is 1
 * @slot16: likewise, if it is 2
 * @slot32: likewise, if it is 4
 */
struct svcnat_table {
	u32			n;
	u32			width;
	union {
		DECLARE_FLEX_ARRAY(u8, slot8);
		DECLARE_FLEX_ARRAY(u16, slot16);
		DECLARE_FLEX_ARRAY(u32, slot32);
	};
};

static inline const struct svcnat_table *svcnat_sched_table(const struct svcnat_set *set,
							    bool local)
{
	return set->extras ? set->extras->table[local] : NULL;
}

/* Which backend of its policy a slot leads to. */
static inline u32 svcnat_table_at(const struct svcnat_table *t, u32 slot)
{
	switch (t->width) {
	case 1:
		return t->slot8[slot];
	case 2:
		return t->slot16[slot];
	default:
		return t->slot32[slot];
	}
}

/* Slots a policy's scheduler draws from. */
static inline u32 svcnat_sched_slots(const struct svcnat_set *set, bool local)
{
	const struct svcnat_table *table = svcnat_sched_table(set, local);

	return table ? table->n : svcnat_set_count(set, local);
}

int svcnat_sched_prepare(struct svcnat_set *set);
void svcnat_sched_free(struct svcnat_extras *extras);

#endif /* _SVCNAT_SCHED_H */
