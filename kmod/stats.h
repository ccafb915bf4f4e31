/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a namespace, one set a CPU; a service's own are with the service. */
#ifndef _SVCNAT_STATS_H
#define _SVCNAT_STATS_H

#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

enum svcnat_stat {
	SVCNAT_STAT_CONNECTIONS,
	SVCNAT_STAT_REFUSED,
	SVCNAT_STAT_DROPPED,
	SVCNAT_STAT_UNUSED_PORT,
	SVCNAT_STAT_NAT_FAILED,
	SVCNAT_STAT_UNALLOCATED,
	SVCNAT_STAT_NOT_ALLOWED,
	SVCNAT_STAT_OVERLOADED,
	SVCNAT_STAT_REPICKS,
	SVCNAT_STAT_EJECTIONS,
	SVCNAT_STAT_RESETS,
	SVCNAT_STAT_UNPINNED,
	SVCNAT_STAT_SHORTCUTS,
	SVCNAT_STAT_MAX
};

struct svcnat_stats {
	u64_stats_t		v[SVCNAT_STAT_MAX];
	struct u64_stats_sync	sync;
};

/* Softirqs off. */
static inline void svcnat_stat_inc_bh(struct svcnat_stats __percpu *stats, enum svcnat_stat which)
{
	struct svcnat_stats *s = this_cpu_ptr(stats);

	u64_stats_update_begin(&s->sync);
	u64_stats_inc(&s->v[which]);
	u64_stats_update_end(&s->sync);
}

/* Hooks of the node's own packets run with softirqs on, so turn them off. */
static inline void svcnat_stat_inc(struct svcnat_stats __percpu *stats, enum svcnat_stat which)
{
	local_bh_disable();
	svcnat_stat_inc_bh(stats, which);
	local_bh_enable();
}

static inline u64 svcnat_stat_sum(struct svcnat_stats __percpu *stats, enum svcnat_stat which)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct svcnat_stats *s = per_cpu_ptr(stats, cpu);
		unsigned int start;
		u64 v;

		do {
			start = u64_stats_fetch_begin(&s->sync);
			v = u64_stats_read(&s->v[which]);
		} while (u64_stats_fetch_retry(&s->sync, start));
		sum += v;
	}
	return sum;
}

#endif /* _SVCNAT_STATS_H */
