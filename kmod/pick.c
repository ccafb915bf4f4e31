// SPDX-License-Identifier: GPL-2.0
/* Pick a backend; see pick.h. No lock, no allocation, no shared write. */

#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/random.h>

#include "pick.h"
#include "uapi/svcnat.h"

/**
 * svcnat_pick_count - how many backends a policy picks among
 * @set: set
 * @local: policy Local
 *
 * Return: their number. Any context.
 */
u32 svcnat_pick_count(const struct svcnat_set *set, bool local)
{
	return local ? set->local_end - set->local_start : set->cluster_end;
}

/**
 * svcnat_pick - draw a backend
 * @set: set
 * @local: policy Local
 *
 * Return: the backend, as long as the set is good, or NULL if there is none to
 * pick. Softirq or process context, under RCU.
 */
struct svcnat_backend *svcnat_pick(const struct svcnat_set *set, bool local)
{
	u32 n = svcnat_pick_count(set, local);
	u32 i;

	if (!n)
		return NULL;
	if (set->sched == SVCNAT_SCHED_RR)
		i = this_cpu_inc_return(*set->turn) % n;
	else
		i = reciprocal_scale(get_random_u32(), n);
	return set->backend[local ? set->local_start + i : i];
}
