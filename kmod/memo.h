/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What this CPU decided last, for the hooks that see the same packet later.
 *
 * A packet passes all of them on one CPU, nearly always with no other new flow in
 * between. One that does not, as it was queued or the task moved, is found not to
 * match, and looked up again: a memo only ever saves the lookup. It matches if it is
 * of the same entry, of the same flow (entries are used again) to the same backend, and
 * if no commit was published since: then what it points to is as good as just found.
 * Without preemption, as a PREEMPT_RT kernel may have other softirqs run in between.
 */
#ifndef _SVCNAT_MEMO_H
#define _SVCNAT_MEMO_H

#include <linux/bottom_half.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <net/netfilter/nf_conntrack.h>

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

static inline void svcnat_memo_set(const struct svcnat_net *sn, const struct nf_conn *ct, u32 gen,
				   const struct svcnat_vip *vip, struct svcnat_backend *backend)
{
	struct svcnat_memo *memo;

	local_bh_disable();
	preempt_disable();
	memo = this_cpu_ptr(&svcnat_memo);
	memo->ct = ct;
	memo->sn = sn;
	memo->flow = ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	memo->gen = gen;
	memo->vip = vip;
	memo->backend = backend;
	preempt_enable();
	local_bh_enable();
}

/* False, and @vip and @backend as they were, if there is none of @ct as of @gen. */
static inline bool svcnat_memo_get(const struct svcnat_net *sn, const struct nf_conn *ct, u32 gen,
				   const struct svcnat_vip **vip, struct svcnat_backend **backend)
{
	const struct nf_conntrack_tuple *reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	const struct svcnat_memo *memo;
	bool same;

	local_bh_disable();
	preempt_disable();
	memo = this_cpu_ptr(&svcnat_memo);
	same = memo->ct == ct && memo->sn == sn && memo->gen == gen &&
	       nf_ct_tuple_equal(&memo->flow, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple) &&
	       (!memo->backend ||
		svcnat_backend_is(memo->backend, &reply->src.u3, reply->src.u.all));
	if (same) {
		*vip = memo->vip;
		*backend = memo->backend;
	}
	preempt_enable();
	local_bh_enable();
	return same;
}

#endif /* _SVCNAT_MEMO_H */
