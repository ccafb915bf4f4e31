// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of connections that exist: PREROUTING and OUTPUT, after conntrack and
 * ahead of NAT. Nearly all of them pass with one comparison, as their connection
 * was looked at since the last commit. What is left to do:
 *
 *   UDP   its backend or its frontend is gone, or it never was ours although it goes
 *         to a frontend: forget it and decide anew, with this very packet
 *   TCP   it is over: its backend has one less;
 *         the SYN comes a second time and nobody answered: to another backend;
 *         the first answer: what it says of the backend;
 *         the backend is gone and connections are to be cut: answer with a reset
 *
 * Deciding anew takes the packet to conntrack once more, so it is not lost.
 */

#include <linux/in.h>
#include <linux/netdevice.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>

#include "deadline.h"
#include "decide.h"
#include "eject.h"
#include "flow.h"
#include "hook.h"
#include "nat.h"
#include "reset.h"
#include "trace.h"

/**
 * svcnat_handshake_failed - nobody answered, or with a reset
 * @sn: namespace
 * @vip: frontend that was asked
 * @b: backend of its service
 *
 * Any context, under RCU.
 */
void svcnat_handshake_failed(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			     struct svcnat_backend *b)
{
	const struct svcnat_set *set = rcu_dereference(vip->set);
	u16 ejections;

	if (!svcnat_eject_failed(set, b))
		return;
	/* Nobody else ejects it before it is back. */
	ejections = READ_ONCE(b->ejections);
	if (ejections < U16_MAX)
		WRITE_ONCE(b->ejections, ejections + 1);
	atomic64_inc(&set->svc->stats[SVCNAT_SERVICE_EJECTIONS]);
	svcnat_stat_inc(sn->stats, SVCNAT_STAT_EJECTIONS);
	trace_svcnat_eject(set->svc, b);
}

static const struct tcphdr *tcp_header(const struct sk_buff *skb,
				       const struct nf_hook_state *state, struct tcphdr *buf)
{
	int at = svcnat_transport_offset(skb, state->pf);

	return at < 0 ? NULL : skb_header_pointer(skb, at, sizeof(*buf), buf);
}

/* RFC 9260, 8.5.1: a packet with an INIT, and only that, carries no tag. */
static bool is_init(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	int at = svcnat_transport_offset(skb, state->pf);
	const struct sctphdr *sh;
	struct sctphdr buf;

	sh = at < 0 ? NULL : skb_header_pointer(skb, at, sizeof(buf), &buf);
	return sh && !sh->vtag;
}

static bool is_syn(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct tcphdr buf;
	const struct tcphdr *th = tcp_header(skb, state, &buf);

	return th && th->syn && !th->ack && !th->rst;
}

/* Does a client begin a connection with it? */
static bool begins(const struct sk_buff *skb, const struct nf_hook_state *state,
		   enum ip_conntrack_info ctinfo, u8 proto)
{
	if (CTINFO2DIR(ctinfo) != IP_CT_DIR_ORIGINAL)
		return false;
	return (proto == IPPROTO_TCP && is_syn(skb, state)) ||
	       (proto == IPPROTO_SCTP && is_init(skb, state));
}

/*
 * Forgets the entry and takes the packet through conntrack again, in the same zone,
 * as the first of a new connection.
 */
static unsigned int track_anew(struct sk_buff *skb, const struct nf_hook_state *state,
			       struct nf_conn *ct)
{
	struct nf_conntrack_zone zone = *nf_ct_zone(ct);
	struct nf_conn *tmpl = NULL;

	if (zone.id != NF_CT_DEFAULT_ZONE_ID) {
		tmpl = nf_ct_tmpl_alloc(state->net, &zone, GFP_ATOMIC);
		if (!tmpl)
			return NF_DROP;
		__set_bit(IPS_CONFIRMED_BIT, &tmpl->status);
	}
	nf_ct_kill(ct);
	nf_reset_ct(skb);
	if (tmpl)
		nf_ct_set(skb, tmpl, IP_CT_NEW);
	return nf_conntrack_in(skb, state);
}

static unsigned int decide_anew(struct svcnat_net *sn, struct sk_buff *skb,
				const struct nf_hook_state *state, struct nf_conn *ct,
				const struct svcnat_backend *avoid)
{
	unsigned int verdict = track_anew(skb, state, ct);

	return verdict == NF_ACCEPT ? svcnat_take(sn, skb, state, avoid) : verdict;
}

static void count_repick(const struct svcnat_net *sn, struct svcnat_service *svc,
			 struct svcnat_backend *from)
{
	atomic64_inc(&svc->stats[SVCNAT_SERVICE_REPICKS]);
	svcnat_stat_inc(sn->stats, SVCNAT_STAT_REPICKS);
	if (from)
		atomic_inc(&from->repicks);
	trace_svcnat_repick(svc, from);
}

static const struct nf_conntrack_tuple *original(const struct nf_conn *ct)
{
	return &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
}

/* The frontend of a connection as things stand now. */
static const struct svcnat_vip *frontend_of(const struct svcnat_net *sn,
					    const struct nf_conn *ct)
{
	return svcnat_frontend_find(sn, original(ct));
}

/*
 * A UDP flow that is none of ours: older than the Service, or than this module. If it
 * goes to a frontend now, it should go where the frontend leads.
 */
static unsigned int stranger(struct svcnat_net *sn, struct sk_buff *skb,
			     const struct nf_hook_state *state, struct nf_conn *ct)
{
	const struct svcnat_vip *vip = frontend_of(sn, ct);

	if (!vip || svcnat_flow_taken(ct) || svcnat_yields(sn, vip, original(ct)))
		return NF_ACCEPT;
	count_repick(sn, svcnat_vip_service(vip), NULL);
	return decide_anew(sn, skb, state, ct, NULL);
}

/* A UDP flow that was not looked at since a commit. */
static unsigned int follow_udp(struct svcnat_net *sn, struct sk_buff *skb,
			       const struct nf_hook_state *state, struct nf_conn *ct,
			       struct svcnat_flow *flow, struct svcnat_backend *b, u32 gen)
{
	const struct svcnat_vip *vip = frontend_of(sn, ct);

	if (vip) {
		const struct svcnat_set *set = rcu_dereference(vip->set);

		if (svcnat_set_find(set, &b->addr, b->port, NULL) == b) {
			WRITE_ONCE(flow->gen, gen);
			return NF_ACCEPT;
		}
		count_repick(sn, svcnat_vip_service(vip), b);
	}
	return decide_anew(sn, skb, state, ct, b);
}

/* The SYN again, and nobody answered the first one. */
static unsigned int repick(struct svcnat_net *sn, struct sk_buff *skb,
			   const struct nf_hook_state *state, struct nf_conn *ct,
			   struct svcnat_flow *flow, struct svcnat_backend *b)
{
	const struct svcnat_vip *vip = frontend_of(sn, ct);

	/* A copy of the first one, or somebody's game: it has to have waited for an answer. */
	if (!vip || !svcnat_flow_waited(READ_ONCE(flow->state)))
		return NF_ACCEPT;
	svcnat_handshake_failed(sn, vip, b);
	if (!svcnat_decide_elsewhere(sn, vip, original(ct), state->in, b))
		return NF_ACCEPT;
	/* So that its end is not taken for one more failure. */
	svcnat_flow_state_set(sn, ct, flow, SVCNAT_FLOW_ANSWERED);
	count_repick(sn, svcnat_vip_service(vip), b);
	return decide_anew(sn, skb, state, ct, b);
}

/* Not a reset, which ends the entry at once: flow.c sees that. */
static void first_answer(struct svcnat_net *sn, const struct nf_conn *ct,
			 struct svcnat_flow *flow, struct svcnat_backend *b)
{
	bool syn = READ_ONCE(flow->state) & SVCNAT_FLOW_SYN;

	svcnat_flow_state_set(sn, ct, flow, SVCNAT_FLOW_ANSWERED);
	if (syn)
		svcnat_eject_answered(b);
}

/* Both ends are told by every packet they send; the entry ends soon. */
static bool is_cut(const struct svcnat_flow *flow, const struct svcnat_backend *b)
{
	u32 at = READ_ONCE(b->cut_at);

	return READ_ONCE(flow->state) & SVCNAT_FLOW_CUT || (at && svcnat_jiffies_passed(at));
}

/*
 * A SYN on a connection that was answered, whose backend left the service. It may be
 * anybody's: only if it comes again, and nothing came back from the backend in between,
 * is the old one taken to be over.
 */
static unsigned int follow_again(struct svcnat_net *sn, struct sk_buff *skb,
				 const struct nf_hook_state *state, struct nf_conn *ct,
				 struct svcnat_flow *flow, struct svcnat_backend *b)
{
	u32 was = READ_ONCE(flow->state);

	if (svcnat_backend_picked(b) || !frontend_of(sn, ct))
		return NF_ACCEPT;
	if (was & SVCNAT_FLOW_AGAIN)
		return svcnat_flow_waited(was) ? decide_anew(sn, skb, state, ct, b) : NF_ACCEPT;
	svcnat_flow_state_set(sn, ct, flow,
			      svcnat_flow_moment() | SVCNAT_FLOW_ANSWERED | SVCNAT_FLOW_AGAIN);
	return NF_ACCEPT;
}

/*
 * The client begins, on a port it has a connection on already as far as conntrack knows:
 * it comes again because nobody answered, or the old one is over for it.
 */
static unsigned int follow_beginning(struct svcnat_net *sn, struct sk_buff *skb,
				     const struct nf_hook_state *state, struct nf_conn *ct,
				     struct svcnat_flow *flow, struct svcnat_backend *b)
{
	if (is_cut(flow, b))
		return decide_anew(sn, skb, state, ct, b);
	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return NF_ACCEPT;
	if (READ_ONCE(flow->state) & SVCNAT_FLOW_ANSWERED)
		return follow_again(sn, skb, state, ct, flow, b);
	return repick(sn, skb, state, ct, flow, b);
}

/* Something came back. */
static void follow_reply(struct svcnat_net *sn, const struct nf_conn *ct,
			 struct svcnat_flow *flow, struct svcnat_backend *b)
{
	u32 was = READ_ONCE(flow->state);

	if (!(was & SVCNAT_FLOW_ANSWERED))
		first_answer(sn, ct, flow, b);
	else if (was & SVCNAT_FLOW_AGAIN)
		svcnat_flow_state_set(sn, ct, flow, SVCNAT_FLOW_ANSWERED);
}

static unsigned int follow(struct svcnat_net *sn, struct sk_buff *skb,
			   const struct nf_hook_state *state, struct nf_conn *ct,
			   enum ip_conntrack_info ctinfo, struct svcnat_flow *flow)
{
	struct svcnat_backend *b = svcnat_flow_backend(flow);
	u32 gen = svcnat_flow_gen(sn);
	u8 proto = nf_ct_protonum(ct);

	if (!b)
		return NF_ACCEPT;
	if (svcnat_flow_over(ct)) {
		svcnat_flow_close(ct, flow);
		return NF_ACCEPT;
	}
	if (proto == IPPROTO_UDP && CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL && flow->gen != gen)
		return follow_udp(sn, skb, state, ct, flow, b, gen);
	if (begins(skb, state, ctinfo, proto))
		return follow_beginning(sn, skb, state, ct, flow, b);
	if (proto != IPPROTO_UDP && is_cut(flow, b)) {
		svcnat_cut(sn, ct, flow);
		return svcnat_reset_answer(skb, state, ct);
	}
	if (CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY)
		follow_reply(sn, ct, flow, b);
	/* One whose backend left is looked at each time. */
	if (proto != IPPROTO_UDP && svcnat_backend_picked(b))
		WRITE_ONCE(flow->gen, gen);
	return NF_ACCEPT;
}

/* Errors and resets of others about a connection; what we answer ourselves is one. */
static bool is_related(enum ip_conntrack_info ctinfo)
{
	return ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY;
}

/* A packet the node sent to itself passed OUTPUT already. */
static bool seen_before(const struct nf_hook_state *state)
{
	return state->hook == NF_INET_PRE_ROUTING && state->in->flags & IFF_LOOPBACK;
}

/**
 * svcnat_hook_follow - PREROUTING and OUTPUT: packets of connections that exist
 * @priv: struct svcnat_net
 * @skb: packet
 * @state: of the hook
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_hook_follow(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	struct svcnat_net *sn = priv;
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);
	struct svcnat_flow *flow;

	if (!ct || !nf_ct_is_confirmed(ct) || nf_ct_is_template(ct))
		return NF_ACCEPT;
	flow = svcnat_flow_of(ct);
	if (!flow) {
		if (nf_ct_protonum(ct) != IPPROTO_UDP || is_related(ctinfo) ||
		    CTINFO2DIR(ctinfo) != IP_CT_DIR_ORIGINAL || seen_before(state))
			return NF_ACCEPT;
		return stranger(sn, skb, state, ct);
	}
	if (likely(flow->gen == READ_ONCE(sn->flow_gen) && svcnat_flow_settled(flow) &&
		   !svcnat_flow_over(ct)))
		return NF_ACCEPT;
	if (is_related(ctinfo) || seen_before(state))
		return NF_ACCEPT;
	return follow(sn, skb, state, ct, ctinfo, flow);
}
