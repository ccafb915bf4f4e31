// SPDX-License-Identifier: GPL-2.0
/*
 * Passive ejection; see eject.h. Any context, under RCU, lock-free: failures that
 * several CPUs see at once may count as one.
 */

#include <linux/atomic.h>

#include "eject.h"
#include "pick.h"

#define WALK 4096

/* Is there another one of the policy, beginning behind @i, that may be picked? */
static bool other_may(const struct svcnat_set *set, bool local, u32 i)
{
	u32 n = svcnat_set_count(set, local), walk = min_t(u32, n, WALK);
	struct svcnat_backend *const *run = set->backend + svcnat_set_start(set, local);

	while (--walk) {
		if (++i == n)
			i = 0;
		if (svcnat_pick_may(run[i]))
			return true;
	}
	return false;
}

/* Is the backend at index @i picked, and can every policy that does do without it? */
static bool dispensable(const struct svcnat_set *set, u32 i)
{
	bool picked = false;
	unsigned int local;

	for (local = false; local <= true; local++) {
		u32 at = i - svcnat_set_start(set, local);

		if (at >= svcnat_set_count(set, local))
			continue;
		if (!other_may(set, local, at))
			return false;
		picked = true;
	}
	return picked;
}

/*
 * One CPU of several succeeds. Two of them may eject the last two backends at the
 * same moment; then at least one sees it and takes it back.
 */
static bool eject(const struct svcnat_set *set, struct svcnat_backend *b, u32 i)
{
	u32 was = READ_ONCE(b->ejected_until);
	u32 until = ktime_get_seconds() + set->settings.eject_seconds + 1;

	/* Ordered before the look at the others; pairs with itself. */
	if (svcnat_ejected(b) || cmpxchg(&b->ejected_until, was, until) != was)
		return false;
	if (dispensable(set, i))
		return true;
	WRITE_ONCE(b->ejected_until, 0);
	return false;
}

/**
 * svcnat_eject_failed - one more handshake failed
 * @set: current set of the service
 * @b: backend, of this set or an earlier one
 *
 * Never ejects the last backend that a policy may pick. In a policy's run of more than
 * 4096 one that nearly all of are unavailable may be spared, too.
 *
 * Return: whether it is ejected, by this failure. Any context, under RCU.
 */
bool svcnat_eject_failed(const struct svcnat_set *set, struct svcnat_backend *b)
{
	u32 enough = set->settings.eject_fails, fails, i;

	if (!enough || svcnat_ejected(b))
		return false;
	fails = READ_ONCE(b->fails);
	if (fails + 1 < enough) {
		WRITE_ONCE(b->fails, fails + 1);
		return false;
	}
	return svcnat_set_find(set, &b->addr, b->port, &i) == b && dispensable(set, i) &&
	       eject(set, b, i);
}
