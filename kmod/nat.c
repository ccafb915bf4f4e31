// SPDX-License-Identifier: GPL-2.0
/*
 * Binding and refusing; see nat.h. Runs inside our hooks, under RCU, on a
 * connection that is not confirmed and therefore ours alone.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_nat.h>
#include <net/netfilter/nf_nat_masquerade.h>

#include "nat.h"
#include "reset.h"

/**
 * svcnat_transport_offset - where the transport header begins
 * @skb: packet, its network header set and checked
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6
 *
 * Return: the offset, or -1 if there is none, as in a later fragment.
 */
int svcnat_transport_offset(const struct sk_buff *skb, u8 family)
{
	__be16 frag_off;
	u8 proto;
	int at;

	if (family == NFPROTO_IPV4)
		return ip_hdr(skb)->frag_off & htons(IP_OFFSET) ? -1 :
		       skb_network_offset(skb) + ip_hdrlen(skb);
	proto = ipv6_hdr(skb)->nexthdr;
	at = ipv6_skip_exthdr(skb, skb_network_offset(skb) + sizeof(struct ipv6hdr), &proto,
			      &frag_off);
	return frag_off & htons(~0x7) ? -1 : at;
}

static unsigned int setup(struct nf_conn *ct, const struct svcnat_backend *backend)
{
	struct nf_nat_range2 range = {
		.flags = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED,
		.min_addr = svcnat_backend_addr(backend),
		.max_addr = svcnat_backend_addr(backend),
		.min_proto.all = backend->port,
		.max_proto.all = backend->port,
	};

	return nf_nat_setup_info(ct, &range, NF_NAT_MANIP_DST);
}

/**
 * svcnat_nat_dst - send a connection to a backend
 * @ct: unconfirmed connection
 * @backend: where to
 *
 * Does what nf_nat_setup_info() does, but looks for no other connection with the tuple:
 * there is one address and one port to go to, taken or not, and POSTROUTING or INPUT
 * finds the source another port if it has to.
 *
 * Return: NF_ACCEPT, or NF_DROP when it cannot be bound.
 */
unsigned int svcnat_nat_dst(struct nf_conn *ct, const struct svcnat_backend *backend)
{
	struct nf_conntrack_tuple *reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;

	/* A helper may change lengths; a backend may be its own frontend. */
	if (nfct_help(ct) || svcnat_backend_is(backend, &reply->src.u3, reply->src.u.all))
		return setup(ct, backend);
	reply->src.u3 = svcnat_backend_addr(backend);
	reply->src.u.all = backend->port;
	ct->status |= IPS_DST_NAT | IPS_DST_NAT_DONE;
	return NF_ACCEPT;
}

/**
 * svcnat_nat_keep - a connection keeps its source
 * @ct: unconfirmed connection that nobody bound the source of, in POSTROUTING
 *
 * What nf_nat's null binding does, but for its list of connections by their source. That
 * is to find the source another connection of the same one was given: who searches it
 * has seen before that this very source will not do.
 *
 * If the tuple is taken nothing happens: nf_nat is to look for another port.
 */
void svcnat_nat_keep(struct nf_conn *ct)
{
	if (nf_conntrack_tuple_taken(&ct->tuplehash[IP_CT_DIR_REPLY].tuple, ct))
		return;
	/* nf_nat takes it off the list it is not on. */
	INIT_HLIST_NODE(&ct->nat_bysource);
	hlist_add_fake(&ct->nat_bysource);
	ct->status |= IPS_SRC_NAT_DONE;
}

/**
 * svcnat_nat_masquerade - give a connection an address of the outgoing device
 * @skb: its first packet, in POSTROUTING
 * @state: of the hook
 *
 * Ports are fully random, as kube-proxy has it: without, two sources with one
 * port race for it.
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_nat_masquerade(struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct nf_nat_range2 range = { .flags = NF_NAT_RANGE_PROTO_RANDOM_FULLY };

	if (state->pf == NFPROTO_IPV4)
		return nf_nat_masquerade_ipv4(skb, state->hook, &range, state->out);
	return nf_nat_masquerade_ipv6(skb, &range, state->out);
}

static void send_icmp(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV4)
		nf_send_unreach(skb, ICMP_PORT_UNREACH, state->hook);
	else
		nf_send_unreach6(state->net, skb, ICMPV6_PORT_UNREACH, state->hook);
}

static void send_reset(struct sk_buff *skb, const struct nf_hook_state *state)
{
	if (state->pf == NFPROTO_IPV4)
		nf_send_reset(state->net, state->sk, skb, state->hook);
	else
		nf_send_reset6(state->net, state->sk, skb, state->hook);
}

/**
 * svcnat_refuse - tell the sender of a new flow that nobody serves it
 * @skb: its first packet, in PREROUTING or OUTPUT
 * @state: of the hook
 * @flow: its tuple
 * @by_icmp: also TCP and SCTP are told by ICMP
 *
 * The node's own sockets get ECONNREFUSED from the call itself: connect() fails
 * at once, where a reset to the first IPv6 SYN can be lost. TCP is sent the packet
 * as well: a SYN that is repeated, and a connection that conntrack forgot, listen
 * to nothing else. SCTP does not look at what the call says.
 *
 * Return: netfilter verdict, a drop.
 */
unsigned int svcnat_refuse(struct sk_buff *skb, const struct nf_hook_state *state,
			   const struct nf_conntrack_tuple *flow, bool by_icmp)
{
	bool local = state->hook == NF_INET_LOCAL_OUT;
	u8 proto = flow->dst.protonum;

	if (proto == IPPROTO_TCP && !by_icmp)
		send_reset(skb, state);
	else if (proto == IPPROTO_SCTP && !by_icmp)
		svcnat_sctp_refuse(skb, state, flow);
	else if (!local || proto == IPPROTO_TCP || proto == IPPROTO_SCTP)
		send_icmp(skb, state);
	return local ? NF_DROP_ERR(-ECONNREFUSED) : NF_DROP;
}
