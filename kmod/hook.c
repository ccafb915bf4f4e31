// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets come in. nf_nat calls these once a connection, before it is
 * confirmed, and translates every later packet itself:
 *
 *   PREROUTING, OUTPUT    svcnat_hook_in:  decide, then bind the destination
 *   INPUT, POSTROUTING    svcnat_hook_out: masquerade if needed, count
 *
 * Both run under RCU and take no lock. What svcnat_hook_in decided is found
 * again in svcnat_hook_out from the connection's two tuples, so nothing of ours
 * hangs on the connection and it outlives this module.
 */

#include <linux/in.h>
#include <linux/netdevice.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>

#include "decide.h"
#include "hook.h"
#include "nat.h"

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

static unsigned int refuse(const struct svcnat_net *sn, const struct svcnat_decision *d,
			   struct sk_buff *skb, const struct nf_hook_state *state, u8 proto)
{
	bool by_icmp = d->set && (d->set->flags & SVCNAT_SERVICE_F_REJECT_ICMP);

	if (d->vip) {
		atomic64_inc(&d->vip->service->refused);
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_REFUSED);
	} else {
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_UNUSED_PORT);
	}
	return svcnat_refuse(skb, state, proto, by_icmp);
}

/*
 * From another machine to a loopback address: routing drops that, if it gets to see
 * the address, whatever addresses node ports are on. (IPv6 does so before.)
 */
static bool is_martian(const struct nf_hook_state *state, const struct nf_conntrack_tuple *flow)
{
	return state->hook == NF_INET_PRE_ROUTING && state->pf == NFPROTO_IPV4 &&
	       ipv4_is_loopback(flow->dst.u3.ip) && !(state->in->flags & IFF_LOOPBACK);
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
	const struct nf_conntrack_tuple *flow;
	const struct svcnat_net *sn = priv;
	struct nf_conn *ct = new_flow(skb);
	struct svcnat_decision d;

	if (!ct)
		return NF_ACCEPT;
	flow = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	if (is_martian(state, flow))
		return NF_ACCEPT;
	svcnat_decide(sn, flow, &d);
	switch (d.verdict) {
	case SVCNAT_DNAT:
		if (svcnat_nat_dst(ct, d.backend) == NF_ACCEPT)
			return NF_ACCEPT;
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_NAT_FAILED);
		return NF_DROP;
	case SVCNAT_REJECT:
		return refuse(sn, &d, skb, state, flow->dst.protonum);
	case SVCNAT_DROP:
		atomic64_inc(&d.vip->service->dropped);
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_DROPPED);
		return NF_DROP;
	default:
		return NF_ACCEPT;
	}
}

/* The frontend @ct was bound through, or NULL if it was not us. */
static const struct svcnat_vip *bound_through(const struct svcnat_net *sn,
					      const struct nf_conn *ct)
{
	enum svcnat_reason why_not;

	if (!(ct->status & IPS_DST_NAT))
		return NULL;
	return svcnat_frontend_find(sn, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple, &why_not);
}

/* A backend that left its set since svcnat_hook_in() counts among those of the past. */
static void count(const struct svcnat_net *sn, struct svcnat_service *svc,
		  const struct nf_conntrack_tuple *reply)
{
	struct svcnat_backend *backend;

	backend = svcnat_set_find(rcu_dereference(svc->set), &reply->src.u3, reply->src.u.all,
				  NULL);
	atomic64_inc(backend ? &backend->connections : &svc->past);
	svcnat_stat_inc(sn->stats, SVCNAT_STAT_CONNECTIONS);
}

/**
 * svcnat_hook_out - INPUT and POSTROUTING: a flow of ours is about to be confirmed
 * @priv: struct svcnat_net
 * @skb: its first packet
 * @state: of the hook
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_hook_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct nf_conntrack_tuple *reply;
	const struct svcnat_net *sn = priv;
	struct nf_conn *ct = new_flow(skb);
	const struct svcnat_vip *vip;
	unsigned int verdict;

	vip = ct ? bound_through(sn, ct) : NULL;
	if (!vip)
		return NF_ACCEPT;
	reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	if (state->hook == NF_INET_POST_ROUTING &&
	    svcnat_masq_why(sn, vip, &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple, &reply->src.u3)) {
		verdict = svcnat_nat_masquerade(skb, state);
		if (verdict != NF_ACCEPT) {
			svcnat_stat_inc(sn->stats, SVCNAT_STAT_NAT_FAILED);
			return verdict;
		}
	}
	count(sn, vip->service, reply);
	return NF_ACCEPT;
}
