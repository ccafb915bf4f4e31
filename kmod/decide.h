/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What to do with a new flow, and why. Pure but for the draw of the backend:
 * packets and "explain" both come through here, and only the callers count,
 * bind and refuse. Whether the source is rewritten is a question of its own,
 * svcnat_masq_why(): packets ask it later, in POSTROUTING.
 */
#ifndef _SVCNAT_DECIDE_H
#define _SVCNAT_DECIDE_H

#include "netns.h"
#include "service.h"
#include "vip.h"

/**
 * struct svcnat_decision - the outcome
 * @verdict: what happens
 * @reason: why
 * @local: the pick was among local backends (policy Local)
 * @candidates: backends the pick was among
 * @vip: frontend hit, or NULL
 * @set: of its service, if @vip
 * @backend: with SVCNAT_DNAT
 *
 * Pointers are good as long as the RCU read side section.
 */
struct svcnat_decision {
	enum svcnat_verdict	verdict;
	enum svcnat_reason	reason;
	bool			local;
	u32			candidates;
	const struct svcnat_vip	*vip;
	const struct svcnat_set	*set;
	struct svcnat_backend	*backend;
};

void svcnat_decide(struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
		   const struct net_device *in, const struct svcnat_backend *avoid,
		   struct svcnat_decision *d);
enum svcnat_masq svcnat_masq_why(const struct svcnat_net *sn, const struct svcnat_vip *vip,
				 const struct nf_conntrack_tuple *flow,
				 const struct net_device *in, const union nf_inet_addr *to);
bool svcnat_leaves_node(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
			const union nf_inet_addr *to);
const struct svcnat_vip *svcnat_frontend_find(const struct svcnat_net *sn,
					      const struct nf_conntrack_tuple *flow);
bool svcnat_yields(const struct svcnat_net *sn, const struct svcnat_vip *vip,
		   const struct nf_conntrack_tuple *flow);
bool svcnat_decide_elsewhere(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			     const struct nf_conntrack_tuple *flow,
			     const struct net_device *in, const struct svcnat_backend *b);

#endif /* _SVCNAT_DECIDE_H */
