/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backends and the sets of them a service picks from.
 *
 * A set never changes once packets can see it; a change makes a new one and
 * swaps it in whole. A backend outlives the swap when its address and port are
 * in the new set too, and so do its counters.
 */
#ifndef _SVCNAT_BACKEND_H
#define _SVCNAT_BACKEND_H

#include <linux/atomic.h>
#include <linux/netfilter.h>
#include <linux/types.h>

/**
 * struct svcnat_backend - an address and port that serves
 * @addr: IPv4 in the first word, the rest zero
 * @port: network byte order
 * @flags: SVCNAT_BACKEND_F_*; of the set it was allocated for, so only good
 *	until svcnat_set_arrange()
 * @carried: scratch of a commit: it is in the new set too
 * @next_gone: chain of &svcnat_set.gone; by the mutex
 * @connections: sent to it since it came, or since svcnat_set_drain()
 */
struct svcnat_backend {
	union nf_inet_addr	addr;
	__be16			port;
	u8			flags;
	bool			carried;
	struct svcnat_backend	*next_gone;
	atomic64_t		connections;
};

/**
 * struct svcnat_set - backends of a service
 * @sched: enum svcnat_sched
 * @flags: SVCNAT_SERVICE_F_*
 * @n: backends
 * @cluster_end: policy Cluster picks from [0, cluster_end)
 * @local_start: policy Local picks from [local_start, local_end)
 * @local_end: see @local_start; from here on nobody picks
 * @capacity: of @backend, while it is being filled
 * @gone: of a set that was replaced, the backends no other set has; it owns them
 * @turn: round-robin position of each CPU, or NULL
 * @backend: in four runs: cluster only, both, local only, neither; ascending by
 *	address and port in each
 */
struct svcnat_set {
	u8			sched;
	u8			flags;
	u32			n;
	u32			cluster_end;
	u32			local_start;
	u32			local_end;
	u32			capacity;
	struct svcnat_backend	*gone;
	u32 __percpu		*turn;
	struct svcnat_backend	*backend[];
};

int svcnat_backend_module_init(void);
void svcnat_backend_module_exit(void);

struct svcnat_set *svcnat_set_alloc(u8 sched, u8 flags, u32 capacity);
void svcnat_set_free(struct svcnat_set *set);
void svcnat_set_free_retired(struct svcnat_set *set);
int svcnat_set_append(struct svcnat_set **set, const union nf_inet_addr *addr, __be16 port,
		      u8 flags);
int svcnat_set_arrange(struct svcnat_set *set);
u8 svcnat_set_flags(const struct svcnat_set *set, u32 i);
struct svcnat_backend *svcnat_set_find(const struct svcnat_set *set,
				       const union nf_inet_addr *addr, __be16 port, u32 *index);
u32 svcnat_set_carry(struct svcnat_set *new, struct svcnat_set *old);
bool svcnat_set_same(const struct svcnat_set *a, const struct svcnat_set *b);
u64 svcnat_set_drain(struct svcnat_set *set);

#endif /* _SVCNAT_BACKEND_H */
