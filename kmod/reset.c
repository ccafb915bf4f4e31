// SPDX-License-Identifier: GPL-2.0
/*
 * Ending a connection for both of its ends; see reset.h.
 *
 * A cut connection keeps its entry for some seconds, and whatever either end sends
 * is answered with a reset that fits (svcnat_reset_answer()). Ends that are silent
 * get two packets made from what conntrack saw last (svcnat_reset_both()): a reset
 * with the sequence number they should expect, and an acknowledgement far outside of
 * their window. If the number was wrong, the reset is ignored or challenged, and the
 * other provokes an answer with the right one (RFC 5961, sections 3.2 and 5.2; RFC
 * 9293, 3.10.7.4), which is a packet of the connection and so answered in turn.
 *
 * What we send is not tracked: it already has the addresses each end knows.
 */

#include <linux/crc32c.h>
#include <linux/sctp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/tcp.h>
#include <net/xfrm.h>

#include "nat.h"
#include "reset.h"

#define CUT_LINGER	(10 * HZ)
#define OUT_OF_WINDOW	0x40000000

/**
 * svcnat_cut - mark a connection as cut, once
 * @sn: namespace
 * @ct: its entry
 * @flow: its record
 *
 * Any context, under RCU.
 */
void svcnat_cut(struct svcnat_net *sn, struct nf_conn *ct, struct svcnat_flow *flow)
{
	bool first = !(READ_ONCE(flow->state) & SVCNAT_FLOW_CUT);

	/* A packet that was ahead of the bit may still put the time off: look each time. */
	set_bit(IPS_FIXED_TIMEOUT_BIT, &ct->status);
	smp_mb__after_atomic();	/* the bit before the time, as conntrack reads them */
	if ((s32)(READ_ONCE(ct->timeout) - nfct_time_stamp) > CUT_LINGER)
		WRITE_ONCE(ct->timeout, nfct_time_stamp + CUT_LINGER);
	if (!first)
		return;
	svcnat_flow_state_set(sn, ct, flow, SVCNAT_FLOW_ANSWERED | SVCNAT_FLOW_CUT);
	svcnat_stat_inc(sn->stats, SVCNAT_STAT_RESETS);
}

/* A packet from @from's point of view: source and destination as that end is told. */
struct ends {
	u8			family;
	const union nf_inet_addr *src;
	const union nf_inet_addr *dst;
	__be16			sport;
	__be16			dport;
};

/*
 * To the end that sends in direction @dir: the other way round what it sends. The
 * client knows the frontend, the backend knows whom it was masqueraded as.
 */
static struct ends ends_to(const struct nf_conn *ct, enum ip_conntrack_dir dir)
{
	const struct nf_conntrack_tuple *t = &ct->tuplehash[dir].tuple;

	return (struct ends) {
		.family = nf_ct_l3num(ct),
		.src = &t->dst.u3, .sport = t->dst.u.all,
		.dst = &t->src.u3, .dport = t->src.u.all,
	};
}

/* With protocol and ports, as IPsec policies go by them. */
static struct dst_entry *route_v4(struct net *net, const struct ends *e, u8 proto)
{
	struct flowi4 fl4 = {
		.daddr = e->dst->ip,
		.saddr = e->src->ip,
		.flowi4_proto = proto,
		.fl4_sport = e->sport,
		.fl4_dport = e->dport,
		.flowi4_flags = FLOWI_FLAG_ANYSRC,
	};
	struct rtable *rt = ip_route_output_key(net, &fl4);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *route_v6(struct net *net, const struct ends *e, u8 proto)
{
	struct flowi6 fl6 = {
		.daddr = e->dst->in6,
		.saddr = e->src->in6,
		.flowi6_proto = proto,
		.fl6_sport = e->sport,
		.fl6_dport = e->dport,
		.flowi6_flags = FLOWI_FLAG_ANYSRC,
	};
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);

	if (dst->error) {
		dst_release(dst);
		return NULL;
	}
	dst = xfrm_lookup(net, dst, flowi6_to_flowi(&fl6), NULL, 0);
	return IS_ERR(dst) ? NULL : dst;
}

static void ip_header_put(struct sk_buff *skb, const struct ends *e, u8 proto,
			  const struct dst_entry *dst)
{
	struct ipv6hdr *ip6;
	struct iphdr *ip;

	skb_reset_network_header(skb);
	if (e->family == NFPROTO_IPV4) {
		ip = skb_put_zero(skb, sizeof(*ip));
		ip->version = 4;
		ip->ihl = sizeof(*ip) / 4;
		ip->frag_off = htons(IP_DF);
		ip->ttl = ip4_dst_hoplimit(dst);
		ip->protocol = proto;
		ip->saddr = e->src->ip;
		ip->daddr = e->dst->ip;
		skb->protocol = htons(ETH_P_IP);
	} else {
		ip6 = skb_put_zero(skb, sizeof(*ip6));
		ip6_flow_hdr(ip6, 0, 0);
		ip6->nexthdr = proto;
		ip6->hop_limit = ip6_dst_hoplimit((struct dst_entry *)dst);
		ip6->saddr = e->src->in6;
		ip6->daddr = e->dst->in6;
		skb->protocol = htons(ETH_P_IPV6);
	}
	skb_set_transport_header(skb, skb->len);
}

/* An empty packet to one end, with room for @len behind the IP header; routed. */
static struct sk_buff *packet_new(struct net *net, const struct ends *e, u8 proto, u32 len)
{
	struct dst_entry *dst = e->family == NFPROTO_IPV4 ? route_v4(net, e, proto) :
							    route_v6(net, e, proto);
	struct sk_buff *skb;

	if (!dst)
		return NULL;
	skb = alloc_skb(LL_MAX_HEADER + sizeof(struct ipv6hdr) + len, GFP_ATOMIC);
	if (!skb) {
		dst_release(dst);
		return NULL;
	}
	skb_reserve(skb, LL_MAX_HEADER);
	skb_dst_set(skb, dst);
	ip_header_put(skb, e, proto, dst);
	return skb;
}

static void packet_send(struct net *net, struct sk_buff *skb, u8 family)
{
	skb->dev = skb_dst(skb)->dev;
	nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
	if (family == NFPROTO_IPV4) {
		ip_local_out(net, NULL, skb);
	} else {
		ipv6_hdr(skb)->payload_len = htons(skb->len - sizeof(struct ipv6hdr));
		ip6_local_out(net, NULL, skb);
	}
}

/* @seq and @ack in host byte order. */
static void tcp_send(struct net *net, const struct ends *e, u32 seq, u32 ack, bool rst)
{
	struct sk_buff *skb = packet_new(net, e, IPPROTO_TCP, sizeof(struct tcphdr));
	struct tcphdr *th;

	if (!skb)
		return;
	th = skb_put_zero(skb, sizeof(*th));
	th->source = e->sport;
	th->dest = e->dport;
	th->seq = htonl(seq);
	th->ack_seq = htonl(ack);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	th->rst = rst;
	if (e->family == NFPROTO_IPV4)
		th->check = tcp_v4_check(sizeof(*th), e->src->ip, e->dst->ip,
					 csum_partial(th, sizeof(*th), 0));
	else
		th->check = csum_ipv6_magic(&e->src->in6, &e->dst->in6, sizeof(*th),
					    IPPROTO_TCP, csum_partial(th, sizeof(*th), 0));
	packet_send(net, skb, e->family);
}

static void tcp_reset_to(struct nf_conn *ct, enum ip_conntrack_dir dir)
{
	const struct ends e = ends_to(ct, dir);
	struct net *net = nf_ct_net(ct);
	u32 seq, ack;

	spin_lock_bh(&ct->lock);
	seq = ct->proto.tcp.seen[!dir].td_end;
	ack = ct->proto.tcp.seen[dir].td_end;
	spin_unlock_bh(&ct->lock);
	tcp_send(net, &e, seq, ack, true);
	tcp_send(net, &e, seq - OUT_OF_WINDOW, ack, false);
}

/*
 * RFC 9260, 3.3.7: an ABORT with the tag its receiver expects, or, with the T bit, the
 * one it sent itself.
 */
static void sctp_send_abort(struct net *net, const struct ends *e, __be32 vtag, bool reflected)
{
	struct {
		struct sctphdr		h;
		struct sctp_chunkhdr	chunk;
	} *abort;
	struct sk_buff *skb = packet_new(net, e, IPPROTO_SCTP, sizeof(*abort));

	if (!skb)
		return;
	abort = skb_put_zero(skb, sizeof(*abort));
	abort->h.source = e->sport;
	abort->h.dest = e->dport;
	abort->h.vtag = vtag;
	abort->chunk.type = SCTP_CID_ABORT;
	abort->chunk.flags = reflected ? SCTP_CHUNK_FLAG_T : 0;
	abort->chunk.length = htons(sizeof(abort->chunk));
	abort->h.checksum = cpu_to_le32(~crc32c(~0, (u8 *)abort, sizeof(*abort)));
	packet_send(net, skb, e->family);
}

static void sctp_abort_to(struct nf_conn *ct, enum ip_conntrack_dir dir)
{
	const struct ends e = ends_to(ct, dir);

	sctp_send_abort(nf_ct_net(ct), &e, READ_ONCE(ct->proto.sctp.vtag[!dir]), false);
}

/* Ends an association by itself: nothing is to be said to it (RFC 9260, 8.4). */
static bool ends_sctp(u8 chunk)
{
	return chunk == SCTP_CID_ABORT || chunk == SCTP_CID_SHUTDOWN_COMPLETE;
}

/**
 * svcnat_sctp_refuse - tell the sender of a new association that nobody serves it
 * @skb: its first packet, in PREROUTING or OUTPUT
 * @state: of the hook
 * @flow: its tuple
 *
 * RFC 9260, 8.4: an INIT is answered with the tag it brings, other packets with their
 * own and the T bit; an ABORT is answered with nothing.
 */
void svcnat_sctp_refuse(const struct sk_buff *skb, const struct nf_hook_state *state,
			const struct nf_conntrack_tuple *flow)
{
	struct {
		struct sctphdr		h;
		struct sctp_chunkhdr	chunk;
		__be32			init_tag;
	} buf, *p;
	const struct ends e = {
		.family = flow->src.l3num,
		.src = &flow->dst.u3, .sport = flow->dst.u.all,
		.dst = &flow->src.u3, .dport = flow->src.u.all,
	};
	int at = svcnat_transport_offset(skb, state->pf);

	p = at < 0 ? NULL : skb_header_pointer(skb, at, sizeof(buf), &buf);
	if (!p || ends_sctp(p->chunk.type))
		return;
	if (p->chunk.type == SCTP_CID_INIT)
		sctp_send_abort(state->net, &e, p->init_tag, false);
	else
		sctp_send_abort(state->net, &e, p->h.vtag, true);
}

/**
 * svcnat_reset_both - tell both ends of a cut connection
 * @ct: its entry, with a reference
 *
 * Process context, with no lock held and softirqs on.
 */
void svcnat_reset_both(struct nf_conn *ct)
{
	int dir;

	local_bh_disable();
	rcu_read_lock();
	for (dir = 0; dir < IP_CT_DIR_MAX; dir++)
		if (nf_ct_protonum(ct) == IPPROTO_TCP)
			tcp_reset_to(ct, dir);
		else if (nf_ct_protonum(ct) == IPPROTO_SCTP)
			sctp_abort_to(ct, dir);
	rcu_read_unlock();
	local_bh_enable();
}

static bool is_reset(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	int at = svcnat_transport_offset(skb, state->pf);
	const struct tcphdr *th;
	struct tcphdr buf;

	th = at < 0 ? NULL : skb_header_pointer(skb, at, sizeof(buf), &buf);
	return !th || th->rst;
}

static bool is_abort(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	int at = svcnat_transport_offset(skb, state->pf);
	const struct sctp_chunkhdr *chunk;
	struct sctp_chunkhdr buf;

	chunk = at < 0 ? NULL : skb_header_pointer(skb, at + sizeof(struct sctphdr), sizeof(buf),
						   &buf);
	return !chunk || ends_sctp(chunk->type);
}

/**
 * svcnat_reset_answer - a packet of a connection that was cut
 * @skb: packet, in PREROUTING or OUTPUT
 * @state: of the hook
 * @ct: its entry
 *
 * Return: netfilter verdict, a drop.
 */
unsigned int svcnat_reset_answer(struct sk_buff *skb, const struct nf_hook_state *state,
				 const struct nf_conn *ct)
{
	enum ip_conntrack_info ctinfo;

	if (nf_ct_protonum(ct) == IPPROTO_SCTP) {
		nf_ct_get(skb, &ctinfo);
		if (!is_abort(skb, state))
			sctp_abort_to((struct nf_conn *)ct, CTINFO2DIR(ctinfo));
	} else if (!is_reset(skb, state)) {
		if (state->pf == NFPROTO_IPV4)
			nf_send_reset(state->net, state->sk, skb, state->hook);
		else
			nf_send_reset6(state->net, state->sk, skb, state->hook);
	}
	return NF_DROP;
}
