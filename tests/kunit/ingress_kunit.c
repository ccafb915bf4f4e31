// SPDX-License-Identifier: GPL-2.0
/*
 * What the flow cache makes of packets: that one that is sent on has right addresses, ports
 * and sums, which are left alone, and how long it is good for what was learnt.
 */

#include <net/ip6_checksum.h>

#include "cached.h"
#include "../../kmod/ingress.c"
#include "../../kmod/learn.c"
#include "../../kmod/rules.c"

/* What learn.c asks others. */
struct nf_conntrack_helper svcnat_flow_helper;

const struct svcnat_vip *svcnat_frontend_find(const struct svcnat_net *sn,
					      const struct nf_conntrack_tuple *flow)
{
	return NULL;
}

bool svcnat_leaves_node(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
			const union nf_inet_addr *to)
{
	return true;
}

void svcnat_devices_ask(struct svcnat_net *sn) { }

int svcnat_transport_offset(const struct sk_buff *skb, u8 family)
{
	return -1;
}

/* A packet as a device hands it over. */
struct made {
	struct sk_buff		*skb;
	struct svcnat_cached	*c;
};

/*
 * In a tunnel: a sum further in is left open, that of the outer header is not, unless the
 * packet is one of many segments.
 */
enum sums {
	SUM_FULL, SUM_PARTIAL, SUM_NONE, SUM_TUNNEL, SUM_TUNNEL_NONE, SUM_TUNNEL_GSO,
	SUM_TUNNEL_GSO_NONE, SUM_CASES
};

static bool is_none(enum sums sums)
{
	return sums == SUM_NONE || sums == SUM_TUNNEL_NONE || sums == SUM_TUNNEL_GSO_NONE;
}

static __wsum addresses_sum(const struct sk_buff *skb, u32 len, u8 proto)
{
	if (skb->protocol == htons(ETH_P_IP))
		return csum_tcpudp_nofold(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, len, proto, 0);
	return ~csum_unfold(csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, len,
					    proto, 0));
}

static void random_addr(union nf_inet_addr *a, u8 family)
{
	memset(a, 0, sizeof(*a));
	prandom_bytes_state(&rnd, a, family == NFPROTO_IPV4 ? 4 : 16);
}

static void headers(struct sk_buff *skb, const struct svcnat_cache_key *key, u32 payload)
{
	if (key->family == NFPROTO_IPV4) {
		struct iphdr *ip = skb_put_zero(skb, sizeof(*ip));

		skb->protocol = htons(ETH_P_IP);
		*ip = (struct iphdr) { .version = 4, .ihl = 5, .ttl = 64, .protocol = key->proto,
				       .saddr = key->src.ip, .daddr = key->dst.ip,
				       .tot_len = htons(sizeof(*ip) + payload) };
		ip->check = ip_fast_csum(ip, ip->ihl);
	} else {
		struct ipv6hdr *ip = skb_put_zero(skb, sizeof(*ip));

		skb->protocol = htons(ETH_P_IPV6);
		*ip = (struct ipv6hdr) { .version = 6, .hop_limit = 64, .nexthdr = key->proto,
					 .saddr = key->src.in6, .daddr = key->dst.in6,
					 .payload_len = htons(payload) };
	}
}

static __sum16 *check_of(void *transport, u8 proto)
{
	return proto == IPPROTO_TCP ? &((struct tcphdr *)transport)->check :
				      &((struct udphdr *)transport)->check;
}

static struct made make_one(struct kunit *test, u8 family, u8 proto, enum sums sums)
{
	u32 header = proto == IPPROTO_TCP ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	u32 payload = header + prandom_u32_state(&rnd) % 100;
	struct sk_buff *skb = alloc_skb(1000, GFP_KERNEL);
	struct svcnat_cached *c = svcnat_cached_alloc();
	struct nf_conntrack_tuple to = {};
	struct udphdr *uh;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	KUNIT_ASSERT_NOT_NULL(test, c);
	c->key = (struct svcnat_cache_key) { .family = family, .proto = proto,
					     .sport = htons(prandom_u32_state(&rnd)),
					     .dport = htons(80) };
	random_addr(&c->key.src, family);
	random_addr(&c->key.dst, family);
	random_addr(&to.src.u3, family);
	random_addr(&to.dst.u3, family);
	to.src.u.all = htons(prandom_u32_state(&rnd));
	to.dst.u.all = htons(8080);
	translation_set(c, &to);
	skb_reserve(skb, 64);
	skb_reset_network_header(skb);
	headers(skb, &c->key, payload);
	uh = skb_put(skb, payload);
	prandom_bytes_state(&rnd, uh, payload);
	uh->source = c->key.sport;
	uh->dest = c->key.dport;
	if (proto == IPPROTO_TCP)
		((u8 *)uh)[13] = 0x10;	/* ACK */
	*check_of(uh, proto) = 0;
	if (sums != SUM_FULL && sums != SUM_NONE) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = (u8 *)uh - skb->head + (sums == SUM_PARTIAL ? 0 : 20);
	}
	if (sums == SUM_TUNNEL_GSO || sums == SUM_TUNNEL_GSO_NONE) {
		skb_shinfo(skb)->gso_size = 50;
		skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4 | (sums == SUM_TUNNEL_GSO ?
							     SKB_GSO_UDP_TUNNEL_CSUM :
							     SKB_GSO_UDP_TUNNEL);
	}
	if (sums == SUM_PARTIAL || sums == SUM_TUNNEL_GSO) {
		*check_of(uh, proto) = ~csum_fold(addresses_sum(skb, payload, proto));
	} else if (sums == SUM_FULL || sums == SUM_TUNNEL) {
		*check_of(uh, proto) = csum_fold(csum_partial(uh, payload,
							      addresses_sum(skb, payload, proto)));
	}
	return (struct made) { skb, c };
}

static void expect_sums(struct kunit *test, struct sk_buff *skb, u8 proto, enum sums sums)
{
	u32 len = skb->len - skb_transport_offset(skb);
	void *transport = skb_transport_header(skb);

	if (skb->protocol == htons(ETH_P_IP))
		KUNIT_EXPECT_EQ(test, ip_fast_csum(ip_hdr(skb), 5), 0);
	if (sums == SUM_FULL || sums == SUM_TUNNEL)
		KUNIT_EXPECT_EQ(test, csum_fold(csum_partial(transport, len,
							     addresses_sum(skb, len, proto))), 0);
	else if (!is_none(sums))	/* ~0 and 0 are the same sum */
		KUNIT_EXPECT_EQ(test, csum_fold(csum_sub(csum_unfold(*check_of(transport, proto)),
							 addresses_sum(skb, len, proto))) % 0xffff,
				0);
	else
		KUNIT_EXPECT_EQ(test, *check_of(transport, proto), 0);
}

static void ingress_translates(struct kunit *test)
{
	static const u8 protos[] = { IPPROTO_TCP, IPPROTO_UDP };
	u32 i, family, proto, sums;

	for (i = 0; i < 500 * 4 * SUM_CASES; i++) {
		struct packet p = {};
		struct made m;

		family = i & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
		proto = protos[i / 2 % 2];
		sums = i / 4 % SUM_CASES;
		/* Without a sum is what UDP over IPv4 may do. */
		if (is_none(sums) && (proto == IPPROTO_TCP || family == NFPROTO_IPV6))
			continue;
		m = make_one(test, family, proto, sums);
		KUNIT_ASSERT_TRUE(test, parse(m.skb, &p));
		KUNIT_EXPECT_TRUE(test, svcnat_cache_key_equal(&p.key, &m.c->key));
		KUNIT_EXPECT_EQ(test, p.len, m.skb->len);
		skb_set_transport_header(m.skb, p.thoff);
		translate(m.skb, m.c);
		expect_sums(test, m.skb, proto, sums);
		KUNIT_EXPECT_TRUE(test, parse(m.skb, &p));
		KUNIT_EXPECT_TRUE(test, nf_inet_addr_cmp(&p.key.src, &m.c->src));
		KUNIT_EXPECT_TRUE(test, nf_inet_addr_cmp(&p.key.dst, &m.c->dst_addr));
		KUNIT_EXPECT_EQ(test, p.key.sport, m.c->sport);
		KUNIT_EXPECT_EQ(test, p.key.dport, m.c->dport);
		KUNIT_EXPECT_EQ(test, family == NFPROTO_IPV4 ? ip_hdr(m.skb)->ttl :
							       ipv6_hdr(m.skb)->hop_limit, 63);
		kfree_skb(m.skb);
		svcnat_cached_free(m.c);
	}
}

static bool parses(struct sk_buff *skb)
{
	struct packet p = {};

	return parse(skb, &p);
}

static void ingress_leaves_what_is_special(struct kunit *test)
{
	struct made m = make_one(test, NFPROTO_IPV4, IPPROTO_TCP, SUM_FULL);
	struct iphdr *ip = ip_hdr(m.skb);
	struct iphdr was = *ip;
	struct packet p = {};

	KUNIT_EXPECT_TRUE(test, parses(m.skb));
	ip->ttl = 1;
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	*ip = was;
	ip->frag_off = htons(IP_MF);
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	ip->frag_off = htons(100);
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	*ip = was;
	ip->ihl = 6;
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	*ip = was;
	ip->tot_len = htons(m.skb->len + 1);
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	ip->tot_len = htons(sizeof(*ip) + sizeof(struct tcphdr) - 1);
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	*ip = was;
	ip->protocol = IPPROTO_SCTP;
	KUNIT_EXPECT_FALSE(test, parses(m.skb));
	*ip = was;
	((u8 *)ip)[sizeof(*ip) + 13] = 0x11;	/* FIN */
	KUNIT_EXPECT_TRUE(test, parse(m.skb, &p) && p.ends);
	kfree_skb(m.skb);
	svcnat_cached_free(m.c);
}

/* Whatever comes: what was taken lies inside of the packet. */
static void ingress_random_bytes(struct kunit *test)
{
	u32 i;

	for (i = 0; i < 50000; i++) {
		u32 len = prandom_u32_state(&rnd) % 80;
		struct sk_buff *skb = alloc_skb(len, GFP_KERNEL);
		struct packet p = {};
		u8 *data;

		KUNIT_ASSERT_NOT_NULL(test, skb);
		skb_reset_network_header(skb);
		data = skb_put(skb, len);
		prandom_bytes_state(&rnd, data, len);
		skb->protocol = i & 1 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
		if (len > 9) {
			data[0] = i & 1 ? 0x45 : 0x60;
			data[i & 1 ? 9 : 6] = i & 2 ? IPPROTO_TCP : IPPROTO_UDP;
			data[i & 1 ? 6 : 4] = 0;
			data[i & 1 ? 2 : 7] = i & 1 ? 0 : 64;
		}
		if (parse(skb, &p))
			KUNIT_EXPECT_LE(test, p.len, len);
		kfree_skb(skb);
	}
}

/* A change makes all entries old; those that follow soon are left to entries' terms. */
static void rules_changes(struct kunit *test)
{
	struct svcnat_rules *rules = kunit_kzalloc(test, sizeof(*rules), GFP_KERNEL);
	unsigned long was;

	KUNIT_ASSERT_NOT_NULL(test, rules);
	svcnat_rules_init(rules);
	rules->nft = svcnat_nft_gen(&init_net);
	rules->at -= SVCNAT_RULES_SETTLE;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 0);
	KUNIT_EXPECT_FALSE(test, svcnat_rules_settling(rules));

	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 1);
	KUNIT_EXPECT_EQ(test, rules->nft, svcnat_nft_gen(&init_net));
	KUNIT_EXPECT_TRUE(test, svcnat_rules_settling(rules));
	/* Who saw the same, and came second. */
	svcnat_rules_changed(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 1);

	/* A moment later. */
	rules->at -= SVCNAT_RULES_SETTLE / 10;
	was = rules->at;
	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 1);
	KUNIT_EXPECT_EQ(test, rules->nft, svcnat_nft_gen(&init_net));
	KUNIT_EXPECT_NE(test, rules->at, was);
	/* Nearly settled: the packets of another CPU may have found it so already. */
	rules->at -= SVCNAT_RULES_SETTLE / 2;
	KUNIT_EXPECT_TRUE(test, svcnat_rules_settling(rules));
	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 2);
	/* Another second: that one has settled. */
	rules->at -= SVCNAT_RULES_SETTLE;
	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 3);
}

/*
 * Conntrack is to hear of a connection well before it forgets it, and sooner if it may drop
 * it; new rules are passed twice; a cut comes on time.
 */
static void learn_term(struct kunit *test)
{
	struct svcnat_backend *b = kunit_kzalloc(test, sizeof(*b), GFP_KERNEL);
	struct svcnat_flow *flow = kunit_kzalloc(test, sizeof(*flow), GFP_KERNEL);
	struct svcnat_net *sn = kunit_kzalloc(test, sizeof(*sn), GFP_KERNEL);
	struct nf_conn *ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);
	const u32 long_ago = 3600 * HZ;
	u32 begun = jiffies;
	int i;
	const struct {
		u32 timeout, rules, cut, term;
		bool assured;
	} cases[] = {
		{ 3600 * HZ, long_ago, 0, SVCNAT_CACHE_TERM, true },
		{ 8 * SVCNAT_CACHE_TERM + HZ, long_ago, 0, SVCNAT_CACHE_TERM, true },
		{ 16 * HZ, long_ago, 0, 2 * HZ, true },
		{ 0, long_ago, 0, 0, true },
		{ 30 * HZ, long_ago, 0, HZ, false },
		{ 4 * HZ, long_ago, 0, HZ / 2, false },
		{ 3600 * HZ, 0, 0, SVCNAT_RULES_SETTLE, true },
		{ 4 * HZ, 0, 0, HZ / 2, true },
		{ 3600 * HZ, long_ago, HZ, HZ, true },
		{ 3600 * HZ, long_ago, 10 * HZ, SVCNAT_CACHE_TERM, true },
	};

	KUNIT_ASSERT_TRUE(test, b && flow && sn && ct);
	flow->to = (unsigned long)b;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		u32 now = jiffies, term;

		ct->timeout = now + cases[i].timeout;
		ct->status = cases[i].assured * IPS_ASSURED;
		sn->rules.at = jiffies - cases[i].rules;
		b->cut_at = 0;
		if (cases[i].cut)
			b->cut_at = now + cases[i].cut;
		term = until_of(sn, ct, flow) - now;
		/* The clock goes on meanwhile. */
		KUNIT_EXPECT_GE(test, term + (u32)jiffies - begun, cases[i].term);
		KUNIT_EXPECT_LE(test, term, cases[i].term + (u32)jiffies - begun);
	}
}

/* Rules that change while an entry is renewed: not good any more, whoever wrote @gen last. */
static void learn_renews(struct kunit *test)
{
	struct made m = make_one(test, NFPROTO_IPV4, IPPROTO_UDP, SUM_FULL);
	struct svcnat_flow *flow = kunit_kzalloc(test, sizeof(*flow), GFP_KERNEL);
	struct svcnat_net *sn = kunit_kzalloc(test, sizeof(*sn), GFP_KERNEL);
	struct nf_conn *ct = kunit_kzalloc(test, sizeof(*ct), GFP_KERNEL);

	KUNIT_ASSERT_TRUE(test, flow && sn && ct);
	ct->timeout = (u32)jiffies + 3600 * HZ;
	ct->status = IPS_ASSURED;
	svcnat_rules_init(&sn->rules);
	m.c->ct = ct;
	renew(sn, m.c, m.skb, flow, svcnat_cached_gen(sn));
	KUNIT_EXPECT_TRUE(test, svcnat_cached_current(m.c, svcnat_cached_gen(sn)));

	sn->rules.gen++;
	renew(sn, m.c, m.skb, flow, svcnat_cached_gen(sn) - 1);
	m.c->gen++;
	KUNIT_EXPECT_FALSE(test, svcnat_cached_current(m.c, svcnat_cached_gen(sn)));
	m.c->ct = NULL;
	kfree_skb(m.skb);
	svcnat_cached_free(m.c);
}

#define LINE(type, member) (offsetof(type, member) / L1_CACHE_BYTES)

/*
 * What every packet reads lies on lines that no packet writes, but for an entry's own
 * @gen and @until, once a term: two CPUs with flows of their own share nothing they write.
 */
static void ingress_shares_no_line(struct kunit *test)
{
	u32 written = LINE(struct svcnat_net, cache.n);

	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, vips), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, config), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, stats), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, n_nodeports), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, flow_gen), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, rules.nft), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, rules.gen), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, net), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, cache.table), written);
	KUNIT_EXPECT_LT(test, LINE(struct svcnat_net, cache.used), written);
	KUNIT_EXPECT_GT(test, LINE(struct svcnat_net, pins.n), written);
	KUNIT_EXPECT_GT(test, LINE(struct svcnat_net, lock), written);

	/* An entry: two lines to read; TCP writes its own third. */
	if (sizeof(spinlock_t) == 4)	/* nobody debugs locks */
		KUNIT_EXPECT_EQ(test, sizeof(struct svcnat_cache_bucket), 2 * L1_CACHE_BYTES);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, key), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, until), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, dst), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, neigh), 1);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, dir), 1);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, ack), 2);

	/* Refusals are counted beside the set, not on its line. */
	KUNIT_EXPECT_NE(test, LINE(struct svcnat_service, set), LINE(struct svcnat_service, stats));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(ingress_translates),
	KUNIT_CASE(ingress_leaves_what_is_special),
	KUNIT_CASE(ingress_random_bytes),
	KUNIT_CASE(rules_changes),
	KUNIT_CASE(learn_term),
	KUNIT_CASE(learn_renews),
	KUNIT_CASE(ingress_shares_no_line),
	{}
};

static struct kunit_suite suite = {
	.name = "ingress",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit: packets and the flow cache");
MODULE_LICENSE("GPL");
