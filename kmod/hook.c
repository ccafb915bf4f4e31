// SPDX-License-Identifier: GPL-2.0
/*
 * Where new flows come in. All but the last are called by nf_nat, once a connection,
 * before it is confirmed, and nf_nat translates every later packet itself:
 *
 *   PREROUTING, OUTPUT    svcnat_hook_in:      decide, then bind the destination
 *   POSTROUTING           svcnat_hook_out:     masquerade if needed
 *   POSTROUTING           svcnat_hook_keep:    else bind the source, if nobody else did
 *   INPUT, POSTROUTING    svcnat_hook_confirm: last of all, confirm and count
 *
 * All run under RCU and take no lock. What svcnat_hook_in decided is remembered by
 * the CPU (memo.h), or else found again from the connection's two tuples, so nothing
 * of ours hangs on a connection that is never confirmed. Packets of connections that
 * exist are follow.c's.
 */

#include <linux/in.h>
#include <linux/netdevice.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>

#include "affinity.h"
#include "compat.h"
#include "decide.h"
#include "flow.h"
#include "hook.h"
#include "memo.h"
#include "nat.h"
#include "trace.h"

DEFINE_PER_CPU(struct svcnat_memo, svcnat_memo);

/* The last new flow that svcnat_hook_out() let pass as it is. */
static DEFINE_PER_CPU(const struct nf_conn *, kept);

/*
 * Only a flow's first packet is ours. RELATED ones are the errors and resets of
 * others; a confirmed entry is older than our hooks and can no longer be bound.
 */
static struct nf_conn *new_flow(struct sk_buff *skb)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	return ct && ctinfo == IP_CT_NEW && !nf_ct_is_confirmed(ct) ? ct : NULL;
}

static void count_refusal(const struct svcnat_net *sn, const struct svcnat_decision *d)
{
	static const struct {
		u8 total;
		u8 service;
	} stat[__SVCNAT_REASON_MAX] = {
		[SVCNAT_REASON_NO_ENDPOINTS] = { SVCNAT_STAT_REFUSED, SVCNAT_SERVICE_REFUSED },
		[SVCNAT_REASON_NO_LOCAL_ENDPOINTS] = { SVCNAT_STAT_DROPPED,
						       SVCNAT_SERVICE_DROPPED },
		[SVCNAT_REASON_SOURCE_RANGE] = { SVCNAT_STAT_NOT_ALLOWED,
						 SVCNAT_SERVICE_NOT_ALLOWED },
		[SVCNAT_REASON_OVERLOADED] = { SVCNAT_STAT_OVERLOADED,
					       SVCNAT_SERVICE_OVERLOADED },
		[SVCNAT_REASON_UNUSED_PORT] = { SVCNAT_STAT_UNUSED_PORT },
		[SVCNAT_REASON_UNALLOCATED] = { SVCNAT_STAT_UNALLOCATED },
	};

	if (d->vip)
		atomic64_inc(&d->set->svc->stats[stat[d->reason].service]);
	svcnat_stat_inc(sn->stats, stat[d->reason].total);
}

static unsigned int bind(struct svcnat_net *sn, struct nf_conn *ct,
			 const struct nf_conntrack_tuple *flow, const struct svcnat_decision *d)
{
	u32 affinity = d->set->settings.affinity_seconds;

	if (svcnat_nat_dst(ct, d->backend) != NF_ACCEPT) {
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_NAT_FAILED);
		return NF_DROP;
	}
	if (affinity && !svcnat_pin_set(&sn->pins, d->set->svc, &flow->src.u3, d->backend,
					affinity))
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_UNPINNED);
	trace_svcnat_pick(d->set->svc, flow, d->backend);
	return NF_ACCEPT;
}

/**
 * svcnat_take - decide on a new flow, and make it so
 * @sn: namespace
 * @skb: its first packet, in PREROUTING or OUTPUT
 * @state: of the hook
 * @avoid: backend to take only if there is no other, or NULL
 *
 * Under RCU.
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_take(struct svcnat_net *sn, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct svcnat_backend *avoid)
{
	const struct nf_conntrack_tuple *flow;
	struct nf_conn *ct = new_flow(skb);
	struct svcnat_decision d __uninitialized;
	u32 gen;

	if (!ct)
		return NF_ACCEPT;
	flow = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	gen = svcnat_flow_gen(sn);
	svcnat_decide(sn, flow, state->in, avoid, &d);
	svcnat_memo_set(sn, ct, gen, d.backend ? d.vip : NULL, d.backend);
	switch (d.verdict) {
	case SVCNAT_DNAT:
		return bind(sn, ct, flow, &d);
	case SVCNAT_REJECT:
		count_refusal(sn, &d);
		trace_svcnat_refuse(d.vip ? d.set->svc : NULL, flow, d.reason);
		return svcnat_refuse(skb, state, flow,
				     d.set && d.set->settings.flags & SVCNAT_SERVICE_F_REJECT_ICMP);
	case SVCNAT_DROP:
		count_refusal(sn, &d);
		trace_svcnat_refuse(d.vip ? d.set->svc : NULL, flow, d.reason);
		return NF_DROP;
	default:
		return NF_ACCEPT;
	}
}

/**
 * svcnat_hook_in - PREROUTING and OUTPUT: where does a new flow go
 * @priv: struct svcnat_net
 * @skb: its first packet
 * @state: of the hook
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_hook_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return svcnat_take(priv, skb, state, NULL);
}

/**
 * struct decided - on a new flow, when it came in
 * @gen: &svcnat_net.flow_gen from before it was found
 * @vip: frontend
 * @backend: NULL if it left the set meanwhile
 */
struct decided {
	u32			gen;
	const struct svcnat_vip	*vip;
	struct svcnat_backend	*backend;
};

/* False if nothing that concerns us was. */
static bool recall(const struct svcnat_net *sn, const struct nf_conn *ct, struct decided *d)
{
	const struct nf_conntrack_tuple *reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	d->gen = svcnat_flow_gen(sn);
	if (svcnat_memo_get(sn, ct, d->gen, &d->vip, &d->backend))
		return d->vip;
	d->vip = svcnat_frontend_find(sn, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	if (!d->vip)
		return false;
	d->backend = svcnat_set_find(rcu_dereference(d->vip->set), &reply->src.u3,
				     reply->src.u.all, NULL);
	return true;
}

/* The device a packet came through, if anybody asks; NULL if the node sent it. */
static const struct net_device *origin_of(const struct svcnat_net *sn, const struct sk_buff *skb)
{
	if (!skb->skb_iif || !rcu_dereference(sn->config)->pod_ifname_len)
		return NULL;
	return dev_get_by_index_rcu(sn->net, skb->skb_iif);
}

static bool to_masquerade(const struct svcnat_net *sn, const struct sk_buff *skb,
			  const struct nf_conn *ct, const struct svcnat_vip *vip)
{
	return svcnat_masq_why(sn, vip, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple,
			       origin_of(sn, skb),
			       &ct->tuplehash[IP_CT_DIR_REPLY].tuple.src.u3);
}

/**
 * svcnat_hook_out - POSTROUTING: masquerade a new flow of ours if needed
 * @priv: struct svcnat_net
 * @skb: its first packet
 * @state: of the hook
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_hook_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct svcnat_net *sn = priv;
	struct nf_conn *ct = new_flow(skb);
	unsigned int verdict;
	struct decided d __uninitialized;

	if (!ct || !(ct->status & IPS_DST_NAT) || !recall(sn, ct, &d))
		return NF_ACCEPT;
	if (!to_masquerade(sn, skb, ct, d.vip)) {
		this_cpu_write(kept, ct);
		return NF_ACCEPT;
	}
	verdict = svcnat_nat_masquerade(skb, state);
	if (verdict != NF_ACCEPT)
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_NAT_FAILED);
	return verdict;
}

/**
 * svcnat_hook_keep - POSTROUTING, last of all NAT: a new flow of ours keeps its source
 * @priv: struct svcnat_net
 * @skb: its first packet
 * @state: of the hook
 *
 * Return: NF_ACCEPT.
 */
unsigned int svcnat_hook_keep(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nf_conn *ct = new_flow(skb);

	/* Compared only. Whose else it might be by now keeps its source, too: nobody bound it. */
	if (ct && ct == this_cpu_read(kept))
		svcnat_nat_keep(ct);
	return NF_ACCEPT;
}

/* With a VRF packets pass POSTROUTING twice; conntrack confirms the second time. */
static bool comes_again(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_POST_ROUTING && netif_is_l3_master(state->out);
}

/**
 * svcnat_hook_confirm - INPUT and POSTROUTING, last of all: a new flow is confirmed, one
 *	that exists may be learned by the flow cache
 * @priv: struct svcnat_net
 * @skb: packet
 * @state: of the hook
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_hook_confirm(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct svcnat_net *sn = priv;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct decided d __uninitialized;

	if (!ct)
		return NF_ACCEPT;
	if (nf_ct_is_confirmed(ct)) {
		if (state->hook == NF_INET_POST_ROUTING)
			svcnat_learn(sn, skb, ct, ctinfo);
		return NF_ACCEPT;
	}
	if (ctinfo != IP_CT_NEW || comes_again(state) || !recall(sn, ct, &d))
		return NF_ACCEPT;
	return svcnat_flow_confirm(sn, skb, ct, svcnat_vip_service(d.vip), d.backend, d.gen);
}

/**
 * svcnat_hook_forget - no CPU remembers anything of a namespace
 * @sn: namespace whose packets we no longer see, since a grace period
 */
void svcnat_hook_forget(const struct svcnat_net *sn)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct svcnat_memo *memo = per_cpu_ptr(&svcnat_memo, cpu);

		/* Others of theirs may be written meanwhile, never another of @sn's. */
		cmpxchg(&memo->sn, sn, NULL);
	}
}
