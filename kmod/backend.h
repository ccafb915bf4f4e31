/* SPDX-License-Identifier: GPL-2.0 */
/* Backends: what a service sends its flows to. */
#ifndef _SVCNAT_BACKEND_H
#define _SVCNAT_BACKEND_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>

#include "uapi/svcnat.h"

/* In &svcnat_backend.flags, beside SVCNAT_BACKEND_F_*: @addr is of IPv6. */
#define SVCNAT_BACKEND_V6	0x80
static_assert(!(SVCNAT_BACKEND_V6 & (SVCNAT_BACKEND_F_MASK | SVCNAT_BACKEND_F_GONE)));

/**
 * struct svcnat_backend - an address and port that serves
 * @packets: of connections, by direction (enum ip_conntrack_dir), as far as folded
 * @bytes: likewise
 * @connections: sent to it since it came
 * @dead: among those to be freed, after its last reference
 * @refs: one for the service that has it, and one for each of its connections that
 *	conntrack knows: what is active is one less
 * @port: network byte order
 * @weight: 1 to SVCNAT_WEIGHT_MAX; packets read it
 * @limit: of active connections, 0 for none; packets read it
 * @ejected_until: it sits out until then (seconds of the monotonic clock), 0 for
 *	never yet; packets write it
 * @cut_at: when its TCP and SCTP connections are reset (jiffies), 0 for never
 * @repicks: connections taken from it
 * @ejections: times it was ejected, up to 65535; written by who ejected it
 * @fails: handshakes that failed in a row; packets write it, rarely
 * @flags: SVCNAT_BACKEND_F_* of the set it is in now, and SVCNAT_BACKEND_V6; @port,
 *	@weight, @limit and @flags are the set's it was put with until
 *	svcnat_carry_over() takes them over
 * @addr: there is memory for that of its family only, so only the first word may be
 *	looked at of one of IPv4; see svcnat_backend_addr() and svcnat_backend_is()
 *
 * There may be a million of them: they take 72 bytes for IPv4, 88 for IPv6. What a new
 * flow looks at and writes begins at @connections.
 */
struct svcnat_backend {
	atomic64_t		packets[2];
	atomic64_t		bytes[2];
	union {
		atomic64_t		connections;
		struct llist_node	dead;
	};
	refcount_t		refs;
	__be16			port;
	u16			weight;
	u32			limit;
	u32			ejected_until;
	u32			cut_at;
	atomic_t		repicks;
	u16			ejections;
	u8			fails;
	u8			flags;
	union nf_inet_addr	addr;
};

/**
 * struct svcnat_totals - traffic of backends
 * @connections: since they came
 * @active: of these, known to conntrack
 * @packets: by direction (enum ip_conntrack_dir)
 * @bytes: likewise
 */
struct svcnat_totals {
	u64			connections;
	u64			active;
	u64			packets[2];
	u64			bytes[2];
};

static inline u32 svcnat_backend_active(const struct svcnat_backend *b)
{
	return refcount_read(&b->refs) - 1;
}

static inline bool svcnat_backend_v6(const struct svcnat_backend *b)
{
	return READ_ONCE(b->flags) & SVCNAT_BACKEND_V6;
}

/* May flows of some policy be sent to it? Not if it only serves those it has. */
static inline bool svcnat_backend_picked(const struct svcnat_backend *b)
{
	return READ_ONCE(b->flags) & SVCNAT_BACKEND_F_MASK;
}

/* Its address, the words behind one of IPv4 zero. */
static inline union nf_inet_addr svcnat_backend_addr(const struct svcnat_backend *b)
{
	return svcnat_backend_v6(b) ? b->addr : (union nf_inet_addr) { .ip = b->addr.ip };
}

/* @addr: of its family, like everything it is compared to. */
static inline bool svcnat_backend_is(const struct svcnat_backend *b,
				     const union nf_inet_addr *addr, __be16 port)
{
	return b->port == port &&
	       (svcnat_backend_v6(b) ? nf_inet_addr_cmp(&b->addr, addr) : b->addr.ip == addr->ip);
}

/* Less than, equal to or larger than 0 as @b comes before, is, or comes after. */
static inline int svcnat_backend_cmp(const struct svcnat_backend *b,
				     const union nf_inet_addr *addr, __be16 port)
{
	int cmp = memcmp(&b->addr, addr, svcnat_backend_v6(b) ? sizeof(addr->in6) : sizeof(addr->ip));

	return cmp ?: memcmp(&b->port, &port, sizeof(port));
}

/* Whoever walks very many yields on the way. Process context. */
static inline void svcnat_breathe(u32 i)
{
	if (i % 4096 == 0)
		cond_resched();
}

int svcnat_backend_module_init(void);
void svcnat_backend_module_exit(void);

struct svcnat_backend *svcnat_backend_alloc(const struct svcnat_backend *like);
void svcnat_backend_free(struct svcnat_backend *b);
void svcnat_backend_put(struct svcnat_backend *b);
void svcnat_backend_totals(const struct svcnat_backend *b, struct svcnat_totals *t);

#endif /* _SVCNAT_BACKEND_H */
