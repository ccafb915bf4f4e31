// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of connections the flow cache knows; see cache.h. Called at ingress of every
 * device, after taps, tc and whoever else hooks there, in softirq and under RCU.
 *
 * Whatever is out of the ordinary takes the slow road, which knows what to do: options,
 * fragments, extension headers, the ends of a connection, packets that lived too long or
 * are too long. A packet is left as it came until nothing can go wrong any more.
 */

#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/prefetch.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/dsfield.h>
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/neighbour.h>
#include <net/route.h>

#include "cache.h"
#include "compat.h"
#include "netns.h"

/**
 * struct packet - what has to be known of one
 * @key: whose it is
 * @thoff: of the transport header
 * @len: from the IP header on; the device may have padded it
 * @dscp: with ECN masked out
 * @ends: it begins or ends a connection
 */
struct packet {
	struct svcnat_cache_key	key;
	u32			thoff;
	u32			len;
	u8			dscp;
	bool			ends;
};

static bool parse_v4(struct sk_buff *skb, struct packet *p)
{
	const struct iphdr *ip;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return false;
	ip = ip_hdr(skb);
	if (ip->version != 4 || ip->ihl != sizeof(*ip) / 4 || ip_is_fragment(ip) || ip->ttl <= 1)
		return false;
	p->thoff = sizeof(*ip);
	p->len = ntohs(ip->tot_len);
	p->dscp = ipv4_get_dsfield(ip) & ~INET_ECN_MASK;
	p->key.family = NFPROTO_IPV4;
	p->key.proto = ip->protocol;
	p->key.src.ip = ip->saddr;
	p->key.dst.ip = ip->daddr;
	return true;
}

static bool parse_v6(struct sk_buff *skb, struct packet *p)
{
	const struct ipv6hdr *ip;

	if (!pskb_may_pull(skb, sizeof(*ip)))
		return false;
	ip = ipv6_hdr(skb);
	if (ip->version != 6 || ip->hop_limit <= 1)
		return false;
	p->thoff = sizeof(*ip);
	p->len = sizeof(*ip) + ntohs(ip->payload_len);
	p->dscp = ipv6_get_dsfield(ip) & ~INET_ECN_MASK;
	p->key.family = NFPROTO_IPV6;
	p->key.proto = ip->nexthdr;
	p->key.src.in6 = ip->saddr;
	p->key.dst.in6 = ip->daddr;
	return true;
}

/* Every packet of an established connection acknowledges, but for its end. */
static bool parse_tcp(const struct tcphdr *th, struct packet *p)
{
	__be32 flags = tcp_flag_word(th);

	p->ends = flags & (TCP_FLAG_SYN | TCP_FLAG_FIN | TCP_FLAG_RST);
	return p->ends || flags & TCP_FLAG_ACK;
}

/* Ports come first in both. */
static bool parse_ports(struct sk_buff *skb, struct packet *p)
{
	bool tcp = p->key.proto == IPPROTO_TCP;
	u32 need = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	const struct udphdr *ports;

	if (p->len < p->thoff + need || p->len > skb->len ||
	    !pskb_may_pull(skb, p->thoff + need))
		return false;
	ports = (const void *)skb_network_header(skb) + p->thoff;
	p->key.sport = ports->source;
	p->key.dport = ports->dest;
	return !tcp || parse_tcp((const struct tcphdr *)ports, p);
}

/* Of IPv4 addresses the first word is set, which is all that is looked at. */
static bool parse(struct sk_buff *skb, struct packet *p)
{
	bool ok;

	p->key.zero = 0;
	p->ends = false;
	if (skb->protocol == htons(ETH_P_IP))
		ok = parse_v4(skb, p);
	else if (skb->protocol == htons(ETH_P_IPV6))
		ok = parse_v6(skb, p);
	else
		return false;
	return ok && (p->key.proto == IPPROTO_TCP || p->key.proto == IPPROTO_UDP) &&
	       parse_ports(skb, p);
}

/* Not for us, or somebody gave it a meaning that is not in the entry. */
static bool is_special(struct sk_buff *skb)
{
#ifdef CONFIG_NET_SWITCHDEV
	if (skb->offload_l3_fwd_mark)	/* the hardware sent it on */
		return true;
#endif
	return skb->pkt_type != PACKET_HOST || skb->mark || skb_nfct(skb) ||
	       skb_vlan_tag_present(skb) || skb_sk_is_prefetched(skb);
}

static bool fits(const struct sk_buff *skb, u32 len, u32 mtu)
{
	if (skb_is_gso(skb))
		return skb_shinfo(skb)->gso_type && skb_gso_validate_network_len(skb, mtu);
	return len <= mtu;
}

/* Does what the entry was made from still hold? */
static bool is_good(const struct svcnat_net *sn, const struct svcnat_cached *c,
		    const struct sk_buff *skb, const struct packet *p)
{
	return c->iif == skb->dev->ifindex && READ_ONCE(c->dscp) == p->dscp &&
	       svcnat_cached_current(c, svcnat_cached_gen(sn)) &&
	       READ_ONCE(c->neigh->nud_state) & NUD_VALID && !c->neigh->dead &&
	       dst_check(c->dst, c->cookie);
}

/* A sum in a header; with @partial it is of the addresses only, and not complemented. */
static void update(__sum16 *sum, const struct svcnat_cached *c, bool partial)
{
	if (partial)
		*sum = ~csum_fold(csum_add((__force __wsum)c->addr_diff, csum_unfold(*sum)));
	else
		*sum = csum_fold(csum_add((__force __wsum)c->diff, ~csum_unfold(*sum)));
}

static void translate_v4(struct sk_buff *skb, const struct svcnat_cached *c)
{
	struct iphdr *ip = ip_hdr(skb);

	ip->saddr = c->src.ip;
	ip->daddr = c->dst_addr.ip;
	ip->check = csum_fold(csum_add((__force __wsum)c->addr_diff, ~csum_unfold(ip->check)));
	ip_decrease_ttl(ip);
}

static void translate_v6(struct sk_buff *skb, const struct svcnat_cached *c)
{
	struct ipv6hdr *ip = ipv6_hdr(skb);

	ip->saddr = c->src.in6;
	ip->daddr = c->dst_addr.in6;
	ip->hop_limit--;
}

/*
 * Is this sum left open, and not only that of a packet in a tunnel? A packet of many
 * segments has both open, see udp_set_csum().
 */
static bool is_partial(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL &&
	       (skb_is_gso(skb) || skb_checksum_start_offset(skb) == skb_transport_offset(skb));
}

static void translate_ports(struct sk_buff *skb, const struct svcnat_cached *c)
{
	bool partial = is_partial(skb);
	struct udphdr *uh = (void *)skb_transport_header(skb);

	uh->source = c->sport;
	uh->dest = c->dport;
	if (c->key.proto == IPPROTO_TCP) {
		update(&((struct tcphdr *)uh)->check, c, partial);
	} else if (uh->check) {	/* that of addresses is never 0 */
		update(&uh->check, c, partial);
		if (!uh->check)
			uh->check = CSUM_MANGLED_0;
	}
}

/* Makes room for the new headers and gets the old ones to ourselves; or nothing happened. */
static bool prepare(struct sk_buff *skb, const struct packet *p, const struct svcnat_cached *c)
{
	u32 headers = p->thoff + (p->key.proto == IPPROTO_TCP ? sizeof(struct tcphdr) :
								sizeof(struct udphdr));

	if (skb->len != p->len && pskb_trim_rcsum(skb, p->len))
		return false;
	return !skb_cow_head(skb, LL_RESERVED_SPACE(c->dst->dev)) &&
	       !skb_ensure_writable(skb, headers);
}

static void translate(struct sk_buff *skb, const struct svcnat_cached *c)
{
	skb_forward_csum(skb);
	translate_ports(skb, c);
	if (c->key.family == NFPROTO_IPV4)
		translate_v4(skb, c);
	else
		translate_v6(skb, c);
}

static void send(const struct svcnat_net *sn, struct sk_buff *skb, const struct svcnat_cached *c)
{
	skb_orphan(skb);
	skb_reset_redirect(skb);
	skb_dst_drop(skb);	/* a tunnel's description of where it came from */
	skb_dst_set_noref(skb, c->dst);
	skb->dev = c->dst->dev;
	skb->mark = c->mark;
	if (c->key.family == NFPROTO_IPV4 &&
	    READ_ONCE(sn->net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);
	skb_clear_tstamp(skb);
	neigh_output(c->neigh, skb, false);
}

/**
 * svcnat_hook_ingress - a packet came in through a device
 * @priv: struct svcnat_net
 * @skb: packet
 * @state: of the hook
 *
 * Return: NF_STOLEN if it was sent on, else NF_ACCEPT and it is as good as it was.
 */
unsigned int svcnat_hook_ingress(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct svcnat_net *sn = priv;
	const struct svcnat_cache_table *t = rcu_dereference(sn->cache.table);
	struct svcnat_cached *c;
	struct packet p __uninitialized;

	if (!t || !READ_ONCE(sn->cache.used) || is_special(skb) || !parse(skb, &p))
		return NF_ACCEPT;
	svcnat_rules_hear(&sn->rules, sn->net);
	c = svcnat_cache_find(t, &p.key);
	if (unlikely(c && p.ends)) {
		/* Conntrack is to see what the other end says to it, too. */
		svcnat_cache_forget(&sn->cache, c->ct);
		return NF_ACCEPT;
	}
	if (!c || !is_good(sn, c, skb, &p))
		return NF_ACCEPT;
	prefetchw(c->acct);
	skb_set_transport_header(skb, p.thoff);
	if (!fits(skb, p.len, c->mtu) || !prepare(skb, &p, c))
		return NF_ACCEPT;
	if (p.key.proto == IPPROTO_TCP)
		WRITE_ONCE(c->ack, ntohl(tcp_hdr(skb)->ack_seq));
	translate(skb, c);
	/* As conntrack counts: from the IP header on, a packet of many segments as one. */
	atomic64_inc(&c->acct->packets);
	atomic64_add(skb->len, &c->acct->bytes);
	svcnat_stat_inc_bh(sn->stats, SVCNAT_STAT_SHORTCUTS);
	send(sn, skb, c);
	return NF_STOLEN;
}
