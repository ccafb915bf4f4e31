/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this CPU decided last, for the hooks that see the same packet later.
 *
 * A packet passes all of them on one CPU, nearly always with no other new flow in
 * between. One that does not, as it was queued or the task moved, is found not to
 * match, and looked up again: a memo only ever saves the lookup. It matches if it is
 * of the same entry, of the same flow (entries are used again) to the same backend, and
 * if no commit was published since: then what it points to is as good as just found.
 */
#ifndef _SVCNAT_MEMO_H
#define _SVCNAT_MEMO_H

#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <net/netfilter/nf_conntrack_tuple.h>

#include "backend.h"
#include "netns.h"

/**
 * struct svcnat_memo - a decision
 * @ct: entry it was about; compared only
 * @sn: namespace; compared only
 * @flow: tuple of the first packet
 * @gen: &svcnat_net.flow_gen then
 * @vip: frontend, or NULL for none
 * @backend: where it was sent, or NULL
 */
struct svcnat_memo {
	const struct nf_conn		*ct;
	const struct svcnat_net		*sn;
	struct nf_conntrack_tuple	flow;
	u32				gen;
	const struct svcnat_vip		*vip;
	struct svcnat_backend		*backend;
};

DECLARE_PER_CPU(struct svcnat_memo, svcnat_memo);

static inline void svcnat_memo_set(const struct svcnat_memo *memo)
{
	local_bh_disable();
	*this_cpu_ptr(&svcnat_memo) = *memo;
	local_bh_enable();
}

/* Packets to @b come back from there. */
static inline bool svcnat_memo_leads(const struct svcnat_backend *b,
				     const struct nf_conntrack_tuple *reply)
{
	return b->port == reply->src.u.all && nf_inet_addr_cmp(&b->addr, &reply->src.u3);
}

/* @memo: with @ct, @sn, @flow and @gen filled in; the rest is, if there is one. */
static inline bool svcnat_memo_get(struct svcnat_memo *memo,
				   const struct nf_conntrack_tuple *reply)
{
	const struct svcnat_memo *last;
	bool same;

	local_bh_disable();
	last = this_cpu_ptr(&svcnat_memo);
	same = last->ct == memo->ct && last->sn == memo->sn && last->gen == memo->gen &&
	       nf_ct_tuple_equal(&last->flow, &memo->flow) &&
	       (!last->backend || svcnat_memo_leads(last->backend, reply));
	if (same) {
		memo->vip = last->vip;
		memo->backend = last->backend;
	}
	local_bh_enable();
	return same;
}

#endif /* _SVCNAT_MEMO_H */
