// SPDX-License-Identifier: GPL-2.0
/*
 * Making entries of the flow cache; see cache.h.
 *
 * Of a packet that came to the end of the slow road: the last hook of POSTROUTING. What
 * it went through on the way has judged it, and left what is written down here: its
 * route, its next hop, its mark. Only packets that are forwarded, of connections that
 * are established, that nobody else wants to see one by one.
 *
 * All runs under RCU.
 */

#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_synproxy.h>
#include <net/netfilter/nf_conntrack_timeout.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/route.h>
#include <net/xfrm.h>

#include "cache.h"
#include "decide.h"
#include "flow.h"
#include "nat.h"

/* Would packets miss something if they did not come this way? */
static bool needs_slow_road(struct sk_buff *skb, const struct nf_conn *ct)
{
	const struct dst_entry *dst = skb_dst(skb);

	/* An extension: it came through br_netfilter or IPsec. */
	if (!skb->skb_iif || skb->sk || skb_has_extensions(skb))
		return true;
	if (!dst || dst_xfrm(dst) || dst->lwtstate || netif_is_l3_master(dst->dev) ||
	    netif_index_is_l3_master(dev_net(dst->dev), skb->skb_iif))
		return true;
	/* A rule gave it a priority; a DSCP: see &svcnat_cached.dscp. */
	if (skb->protocol == htons(ETH_P_IP) &&
	    READ_ONCE(dev_net(dst->dev)->ipv4.sysctl_ip_fwd_update_priority) &&
	    skb->priority != rt_tos2priority(ip_hdr(skb)->tos))
		return true;
	return nf_ct_zone(ct)->id != NF_CT_DEFAULT_ZONE_ID || nfct_synproxy(ct) ||
	       ct->status & (IPS_SEQ_ADJUST | IPS_OFFLOAD | IPS_FIXED_TIMEOUT);
}

/*
 * Is the packet what the connection's are when they leave? Else somebody rewrote it without
 * conntrack, or put it into another one and sent that on its way with the same entry (an
 * lwtunnel's program): its route is not theirs.
 */
static bool leaves_as(const struct sk_buff *skb, const struct nf_conntrack_tuple *to)
{
	if (to->src.l3num == NFPROTO_IPV4)
		return skb->protocol == htons(ETH_P_IP) && ip_hdr(skb)->saddr == to->src.u3.ip &&
		       ip_hdr(skb)->daddr == to->dst.u3.ip &&
		       ip_hdr(skb)->protocol == to->dst.protonum;
	return skb->protocol == htons(ETH_P_IPV6) &&
	       ipv6_addr_equal(&ipv6_hdr(skb)->saddr, &to->src.u3.in6) &&
	       ipv6_addr_equal(&ipv6_hdr(skb)->daddr, &to->dst.u3.in6) &&
	       ipv6_hdr(skb)->nexthdr == to->dst.protonum;
}

/* Established in conntrack's eyes, and by now long enough. */
static bool is_worth_it(const struct nf_conn *ct, int dir)
{
	const struct nf_conn_acct *acct = nf_conn_acct_find(ct);

	if (!acct || atomic64_read(&acct->counter[dir].packets) < SVCNAT_CACHE_PACKETS)
		return false;
	switch (nf_ct_protonum(ct)) {
	case IPPROTO_TCP:
		return READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_ESTABLISHED;
	case IPPROTO_UDP:
		return test_bit(IPS_SEEN_REPLY_BIT, &ct->status);
	default:
		return false;
	}
}

/* Nothing is pending between us and the connection. */
static bool is_settled(const struct svcnat_flow *flow, u32 gen)
{
	return flow && svcnat_flow_backend(flow) && READ_ONCE(flow->gen) == gen &&
	       svcnat_flow_settled(flow);
}

static bool is_off(const struct svcnat_net *sn)
{
	return rcu_dereference(sn->config)->flags & SVCNAT_CONFIG_F_NO_SHORTCUT;
}

/* @vip: NULL if nobody holds the frontend any more. */
static bool is_off_for(const struct svcnat_vip *vip)
{
	return vip && rcu_dereference(vip->set)->settings.flags &
		      SVCNAT_SERVICE_F_NO_SHORTCUT;
}

/**
 * svcnat_shortcut_why - would the flow cache take a flow?
 * @sn: namespace
 * @vip: frontend it goes to
 * @flow: its first packet
 * @in: device that came through, NULL if the node sends it
 * @to: address of its backend
 *
 * Under RCU.
 */
enum svcnat_shortcut svcnat_shortcut_why(const struct svcnat_net *sn, const struct svcnat_vip *vip,
					 const struct nf_conntrack_tuple *flow,
					 const struct net_device *in, const union nf_inet_addr *to)
{
	if (flow->dst.protonum != IPPROTO_TCP && flow->dst.protonum != IPPROTO_UDP)
		return SVCNAT_SHORTCUT_PROTO;
	if (is_off(sn))
		return SVCNAT_SHORTCUT_OFF;
	if (is_off_for(vip))
		return SVCNAT_SHORTCUT_SERVICE_OFF;
	if (!in)
		return SVCNAT_SHORTCUT_FROM_NODE;
	if (!svcnat_leaves_node(sn, flow, to))
		return SVCNAT_SHORTCUT_TO_NODE;
	return SVCNAT_SHORTCUT_YES;
}

/* The next hop, without a reference; NULL if it is not known, or not of this family. */
static struct neighbour *next_hop_v4(const struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	if (rt->rt_gw_family == AF_INET6)
		return NULL;
	return __ipv4_neigh_lookup_noref(rt->dst.dev,
					 (__force u32)rt_nexthop(rt, ip_hdr(skb)->daddr));
}

static struct neighbour *next_hop_v6(const struct sk_buff *skb)
{
	const struct rt6_info *rt = (const struct rt6_info *)skb_dst(skb);

	return __ipv6_neigh_lookup_noref(rt->dst.dev,
					 rt6_nexthop(rt, &ipv6_hdr(skb)->daddr));
}

static u32 mtu_of(const struct sk_buff *skb, u8 family)
{
	const struct dst_entry *dst = skb_dst(skb);
	u32 mtu = family == NFPROTO_IPV4 ? ip_dst_mtu_maybe_forward(dst, true) :
					   ip6_dst_mtu_maybe_forward(dst, true);

	return min_t(u32, mtu, U16_MAX);
}

static u32 cookie_of(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? 0 :
	       rt6_get_cookie((const struct rt6_info *)skb_dst(skb));
}

static __wsum sum_of(const union nf_inet_addr *a, const union nf_inet_addr *b)
{
	return csum_partial(a, sizeof(*a), csum_partial(b, sizeof(*b), 0));
}

/* What goes from @old to @new adds to a checksum. */
static u16 fold_diff(__wsum new, __wsum old)
{
	return (__force u16)~csum_fold(csum_sub(new, old));
}

/* @to: the tuple it leaves with, as one of this direction. */
static void translation_set(struct svcnat_cached *c, const struct nf_conntrack_tuple *to)
{
	__wsum old = sum_of(&c->key.src, &c->key.dst), new = sum_of(&to->src.u3, &to->dst.u3);

	c->src = to->src.u3;
	c->dst_addr = to->dst.u3;
	c->sport = to->src.u.all;
	c->dport = to->dst.u.all;
	c->addr_diff = fold_diff(new, old);
	new = csum_add(csum_add(new, (__force __wsum)to->src.u.all),
		       (__force __wsum)to->dst.u.all);
	old = csum_add(csum_add(old, (__force __wsum)c->key.sport),
		       (__force __wsum)c->key.dport);
	c->diff = fold_diff(new, old);
}

/*
 * Conntrack counts from here how long the connection was silent: an eighth of what it allows
 * does not matter. One that is not assured it may drop; of UDP the next packet can be what
 * assures it.
 */
static u32 term_of(const struct svcnat_net *sn, const struct nf_conn *ct)
{
	u32 term = min_t(u32, SVCNAT_CACHE_TERM, nf_ct_expires(ct) / 8);

	if (svcnat_rules_settling(&sn->rules))
		term = min_t(u32, term, SVCNAT_RULES_SETTLE);
	return test_bit(IPS_ASSURED_BIT, &ct->status) ? term : min_t(u32, term, HZ);
}

/* A term from now, or until the connection is to be cut. */
static u32 until_of(const struct svcnat_net *sn, const struct nf_conn *ct,
		    const struct svcnat_flow *flow)
{
	const struct svcnat_backend *b = svcnat_flow_backend(flow);
	u32 until = (u32)jiffies + term_of(sn, ct);
	u32 at = b ? READ_ONCE(b->cut_at) : 0;

	return at && (s32)(until - at) > 0 ? at : until;
}

static u32 ack_of(const struct sk_buff *skb, u8 family)
{
	int at = svcnat_transport_offset(skb, family);
	const struct tcphdr *th;
	struct tcphdr buf;

	th = at < 0 ? NULL : skb_header_pointer(skb, at, sizeof(buf), &buf);
	return th ? ntohl(th->ack_seq) : 0;
}

static u8 dscp_of(const struct sk_buff *skb, u8 family)
{
	return (family == NFPROTO_IPV4 ? ipv4_get_dsfield(ip_hdr(skb)) :
					 ipv6_get_dsfield(ipv6_hdr(skb))) & ~INET_ECN_MASK;
}

static void renew(const struct svcnat_net *sn, struct svcnat_cached *c,
		  const struct sk_buff *skb, const struct svcnat_flow *flow, u32 gen)
{
	if (c->key.proto == IPPROTO_TCP)
		WRITE_ONCE(c->ack, ack_of(skb, c->key.family));
	WRITE_ONCE(c->dscp, dscp_of(skb, c->key.family));
	WRITE_ONCE(c->until, until_of(sn, c->ct, flow));
	WRITE_ONCE(c->gen, gen);
	/* Two CPUs may do this while rules change: not @until of the one with @gen of the other. */
	smp_mb();
	if (unlikely(svcnat_cached_gen(sn) != gen))
		WRITE_ONCE(c->until, (u32)jiffies);
}

/* @to: the tuple it leaves with. */
static struct svcnat_cached *make(const struct sk_buff *skb, struct nf_conn *ct, int dir,
				  const struct nf_conntrack_tuple *to)
{
	struct svcnat_cached *c;
	struct neighbour *n;
	u8 family = nf_ct_l3num(ct);

	n = family == NFPROTO_IPV4 ? next_hop_v4(skb) : next_hop_v6(skb);
	if (!n || !(READ_ONCE(n->nud_state) & NUD_VALID))
		return NULL;
	c = svcnat_cached_alloc();
	if (!c)
		return NULL;
	if (!refcount_inc_not_zero(&n->refcnt))
		goto free;
	c->neigh = n;
	if (!dst_hold_safe(skb_dst(skb)))
		goto free;
	c->dst = skb_dst(skb);
	nf_conntrack_get(&ct->ct_general);
	c->ct = ct;
	c->key = svcnat_cache_key_of(&ct->tuplehash[dir].tuple);
	translation_set(c, to);
	c->iif = skb->skb_iif;
	c->cookie = cookie_of(skb, family);
	c->acct = &nf_conn_acct_find(ct)->counter[dir];
	c->mark = skb->mark;
	c->mtu = mtu_of(skb, family);
	c->dir = dir;
	c->since = jiffies;
	return c;

free:
	svcnat_cached_free(c);
	return NULL;
}

/* Is what is written down what this packet found? */
static bool is_same(const struct svcnat_cached *c, const struct sk_buff *skb,
		    const struct nf_conn *ct)
{
	return c->ct == ct && c->dst == skb_dst(skb) &&
	       c->cookie == cookie_of(skb, c->key.family) && c->iif == skb->skb_iif &&
	       c->mark == skb->mark && !c->neigh->dead &&
	       c->mtu == mtu_of(skb, c->key.family);
}

/*
 * From here on conntrack sees a packet of this direction each SVCNAT_CACHE_TERM. That the
 * last one was not acknowledged yet, or came again, says nothing of how long the connection
 * may be silent; and what comes next may be far ahead: it begins anew with that, but for
 * what cache.c's tell() tells it.
 */
static void loosen_tcp(struct nf_conn *ct, int dir)
{
	const unsigned int *timeouts = nf_ct_timeout_lookup(ct);
	u32 timeout;

	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	if (!timeouts)
		timeouts = nf_tcp_pernet(nf_ct_net(ct))->timeouts;
	timeout = timeouts[TCP_CONNTRACK_ESTABLISHED];
	spin_lock_bh(&ct->lock);
	ct->proto.tcp.seen[dir].td_maxwin = 0;
	ct->proto.tcp.seen[dir].flags &= ~IP_CT_TCP_FLAG_MAXACK_SET;
	spin_unlock_bh(&ct->lock);
	if ((s32)(READ_ONCE(ct->timeout) - nfct_time_stamp) < (s32)timeout)
		WRITE_ONCE(ct->timeout, nfct_time_stamp + timeout);
}

/*
 * Its end, and what else takes the connection off the cache, looks for entries only if
 * the record says that there may be some: say so first, and look again afterwards.
 */
static bool enter(struct svcnat_net *sn, struct svcnat_cached *c, struct svcnat_flow *flow)
{
	const u32 cached = SVCNAT_FLOW_ANSWERED | SVCNAT_FLOW_CACHED;
	struct nf_conn *ct = c->ct;

	if (cmpxchg(&flow->state, SVCNAT_FLOW_ANSWERED, cached) != SVCNAT_FLOW_ANSWERED &&
	    READ_ONCE(flow->state) != cached)
		goto free;
	if (!svcnat_cache_add(&sn->cache, c))
		goto free;
	smp_mb();	/* pairs with svcnat_flow_state_set() and nf_ct_delete() */
	if (READ_ONCE(flow->state) == cached && !nf_ct_is_dying(ct))
		return true;
	svcnat_cache_del(&sn->cache, c);
	return false;

free:
	svcnat_cached_free(c);
	return false;
}

/**
 * svcnat_learn - a packet came to the end of the slow road
 * @sn: namespace
 * @skb: packet of a confirmed connection, in POSTROUTING, last of all
 * @ct: its entry
 * @ctinfo: what it is to it
 *
 * Under RCU, softirqs off.
 */
void svcnat_learn(struct svcnat_net *sn, struct sk_buff *skb, struct nf_conn *ct,
		  enum ip_conntrack_info ctinfo)
{
	const struct nf_conntrack_tuple *original = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	struct svcnat_flow *flow = svcnat_flow_of(ct);
	u32 gen = svcnat_cached_gen(sn);
	int dir = CTINFO2DIR(ctinfo);
	struct svcnat_cache_table *t;
	struct svcnat_cache_key key;
	struct nf_conntrack_tuple to;
	struct svcnat_cached *c;

	if (ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY ||
	    !is_settled(flow, svcnat_flow_gen(sn)) || !is_worth_it(ct, dir) || is_off(sn) ||
	    needs_slow_road(skb, ct))
		return;
	t = rcu_dereference(sn->cache.table);
	if (!t) {
		svcnat_devices_ask(sn);
		return;
	}
	nf_ct_invert_tuple(&to, &ct->tuplehash[!dir].tuple);
	if (!leaves_as(skb, &to))
		return;
	key = svcnat_cache_key_of(&ct->tuplehash[dir].tuple);
	c = svcnat_cache_find(t, &key);
	if (!(c && READ_ONCE(c->gen) == gen) && is_off_for(svcnat_frontend_find(sn, original)))
		return;
	if (c && is_same(c, skb, ct)) {
		renew(sn, c, skb, flow, gen);
		loosen_tcp(ct, dir);
		return;
	}
	c = make(skb, ct, dir, &to);
	if (!c)
		return;
	renew(sn, c, skb, flow, gen);
	if (enter(sn, c, flow))
		loosen_tcp(ct, dir);
}
