// SPDX-License-Identifier: GPL-2.0
/*
 * The flow cache: what is found, what gives way to what, and that a packet that is sent
 * on has right addresses, ports and sums.
 */

#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <net/ip6_checksum.h>

#include "../../kmod/cache.c"
#include "../../kmod/ingress.c"
#include "../../kmod/learn.c"
#include "../../kmod/rules.c"

/* What learn.c asks others. */
struct workqueue_struct *svcnat_wq;
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

static struct rnd_state rnd;

/* A table of @n buckets, without what ages it. */
static struct svcnat_cache *cache_of(struct kunit *test, u32 n)
{
	struct svcnat_cache *cache = kunit_kzalloc(test, sizeof(*cache), GFP_KERNEL);
	struct svcnat_cache_table *t = kvzalloc(struct_size(t, bucket, n), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, cache);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->mask = n - 1;
	for (i = 0; i < n; i++)
		spin_lock_init(&t->bucket[i].lock);
	RCU_INIT_POINTER(cache->table, t);
	svcnat_cache_init(cache);
	return cache;
}

static struct svcnat_cache_key key_of(u32 i)
{
	return (struct svcnat_cache_key) {
		.src.ip = htonl(0x0a000000 + i), .dst.ip = htonl(0x0a600001),
		.sport = htons(i), .dport = htons(80),
		.family = NFPROTO_IPV4, .proto = i & 1 ? IPPROTO_TCP : IPPROTO_UDP,
	};
}

/* An entry that is good for @term more. */
static struct svcnat_cached *entry(struct kunit *test, u32 i, s32 term)
{
	struct svcnat_cached *c = svcnat_cached_alloc();

	KUNIT_ASSERT_NOT_NULL(test, c);
	c->key = key_of(i);
	c->until = (u32)jiffies + term;
	return c;
}

static struct svcnat_cached *find(struct svcnat_cache *cache, u32 i)
{
	const struct svcnat_cache_key key = key_of(i);
	struct svcnat_cached *c;

	rcu_read_lock();
	c = svcnat_cache_find(rcu_dereference(cache->table), &key);
	rcu_read_unlock();
	return c;
}

static bool add(struct svcnat_cache *cache, struct svcnat_cached *c)
{
	bool added;

	rcu_read_lock();
	added = svcnat_cache_add(cache, c);
	rcu_read_unlock();
	if (!added)
		svcnat_cached_free(c);
	return added;
}

static void cache_cold_goes_first(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1);
	u32 i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		KUNIT_EXPECT_TRUE(test, add(cache, entry(test, i, 100 * HZ)));
	/* All of them are in use: the new one has to wait. */
	KUNIT_EXPECT_FALSE(test, add(cache, entry(test, 100, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 100));
	WRITE_ONCE(find(cache, 1)->until, (u32)jiffies - 2 * HZ);
	WRITE_ONCE(find(cache, 3)->until, (u32)jiffies - 3 * HZ);
	KUNIT_EXPECT_TRUE(test, add(cache, entry(test, 100, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 3));
	KUNIT_EXPECT_TRUE(test, add(cache, entry(test, 101, 100 * HZ)));
	KUNIT_EXPECT_NULL(test, find(cache, 1));
	KUNIT_EXPECT_FALSE(test, add(cache, entry(test, 102, 100 * HZ)));
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), SVCNAT_CACHE_WAYS);
	svcnat_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 0);
}

static void cache_one_for_a_key(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1);
	struct svcnat_cached *later;
	u32 i;

	for (i = 0; i < SVCNAT_CACHE_WAYS; i++)
		add(cache, entry(test, i, 100 * HZ));
	later = entry(test, 2, 100 * HZ);
	KUNIT_EXPECT_TRUE(test, add(cache, later));
	KUNIT_EXPECT_PTR_EQ(test, find(cache, 2), later);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), SVCNAT_CACHE_WAYS);
	svcnat_cache_destroy(cache);
}

static void cache_forgets_a_connection(struct kunit *test)
{
	struct nf_conn *ct = kunit_kzalloc(test, 2 * sizeof(*ct), GFP_KERNEL);
	struct svcnat_cache *cache = cache_of(test, 4);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, ct);
	for (i = 0; i < 2; i++) {
		struct svcnat_cached *c = entry(test, i, HZ);
		struct nf_conntrack_tuple *t = &ct[0].tuplehash[i].tuple;

		refcount_set(&ct[i].ct_general.use, 1000);
		spin_lock_init(&ct[i].lock);
		t->src.u3 = c->key.src;
		t->dst.u3 = c->key.dst;
		t->src.u.all = c->key.sport;
		t->dst.u.all = c->key.dport;
		t->src.l3num = c->key.family;
		t->dst.protonum = c->key.proto;
		ct[1].tuplehash[i] = ct[0].tuplehash[i];
		c->ct = &ct[0];
		c->dir = i;
		c->ack = 4711;
		add(cache, c);
	}
	add(cache, entry(test, 2, HZ));
	rcu_read_lock();
	/* The same tuples, another connection: an entry of before. */
	svcnat_cache_forget(cache, &ct[1]);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 3);
	svcnat_cache_forget(cache, &ct[0]);
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), 1);
	svcnat_cache_forget(cache, &ct[0]);
	rcu_read_unlock();
	KUNIT_EXPECT_NOT_NULL(test, find(cache, 2));
	svcnat_cache_destroy(cache);
	KUNIT_EXPECT_EQ(test, refcount_read(&ct[0].ct_general.use), 998);
	/* What it did not see of TCP it was told. */
	KUNIT_EXPECT_EQ(test, ct[0].proto.tcp.seen[1].td_maxack, 4711);
	KUNIT_EXPECT_FALSE(test, ct[0].proto.tcp.seen[0].flags & IP_CT_TCP_FLAG_MAXACK_SET);
}

#define MODEL 2000

/* Against an array of what was added last. */
static void cache_model(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 1024);
	struct svcnat_cached **model = kunit_kcalloc(test, MODEL, sizeof(*model), GFP_KERNEL);
	u32 i, step, there = 0;

	KUNIT_ASSERT_NOT_NULL(test, model);
	for (step = 0; step < 20000; step++) {
		i = prandom_u32_state(&rnd) % MODEL;
		if (prandom_u32_state(&rnd) % 3) {
			struct svcnat_cached *c = entry(test, i, 100 * HZ);

			if (add(cache, c))
				model[i] = c;
		} else if (model[i]) {
			rcu_read_lock();
			svcnat_cache_del(cache, model[i]);
			rcu_read_unlock();
			model[i] = NULL;
		}
	}
	for (i = 0; i < MODEL; i++) {
		KUNIT_EXPECT_PTR_EQ(test, find(cache, i), model[i]);
		there += !!model[i];
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&cache->n), there);
	svcnat_cache_destroy(cache);
}

static bool is_odd(const struct svcnat_cached *c, const void *data)
{
	return ntohs(c->key.sport) & 1;
}

static void cache_idle_and_chosen_ones_go(struct kunit *test)
{
	struct svcnat_cache *cache = cache_of(test, 64);
	u32 i;

	for (i = 0; i < 40; i++)
		add(cache, entry(test, i, i < 20 ? 100 * HZ : -SVCNAT_CACHE_IDLE - HZ));
	svcnat_cache_del_all(cache, is_idle, NULL);
	for (i = 0; i < 40; i++)
		KUNIT_EXPECT_EQ(test, !!find(cache, i), i < 20);
	svcnat_cache_del_all(cache, is_odd, NULL);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, !!find(cache, i), !(i & 1));
	svcnat_cache_destroy(cache);
}

/* A packet as a device hands it over. */
struct made {
	struct sk_buff		*skb;
	struct svcnat_cached	*c;
};

enum sums { SUM_FULL, SUM_PARTIAL, SUM_NONE, SUM_CASES };

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
	if (sums == SUM_PARTIAL) {
		skb->ip_summed = CHECKSUM_PARTIAL;
		*check_of(uh, proto) = ~csum_fold(addresses_sum(skb, payload, proto));
	} else if (sums == SUM_FULL) {
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
	if (sums == SUM_FULL)
		KUNIT_EXPECT_EQ(test, csum_fold(csum_partial(transport, len,
							     addresses_sum(skb, len, proto))), 0);
	else if (sums == SUM_PARTIAL)	/* ~0 and 0 are the same sum */
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

	for (i = 0; i < 500 * 12; i++) {
		struct packet p = {};
		struct made m;

		family = i & 1 ? NFPROTO_IPV6 : NFPROTO_IPV4;
		proto = protos[i / 2 % 2];
		sums = i / 4 % SUM_CASES;
		/* Without a sum is what UDP over IPv4 may do. */
		if (sums == SUM_NONE && (proto == IPPROTO_TCP || family == NFPROTO_IPV6))
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

	KUNIT_ASSERT_NOT_NULL(test, rules);
	svcnat_rules_init(rules);
	rules->nft = svcnat_nft_gen(&init_net);
	rules->at = (u32)jiffies - 2 * SVCNAT_RULES_SETTLE;
	rules->counted = rules->at;
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

	/* Half a second later. */
	rules->counted -= SVCNAT_RULES_SETTLE / 2;
	rules->at -= SVCNAT_RULES_SETTLE / 2;
	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 1);
	KUNIT_EXPECT_EQ(test, rules->nft, svcnat_nft_gen(&init_net));
	KUNIT_EXPECT_LT(test, (u32)jiffies - rules->at, SVCNAT_RULES_SETTLE / 2);
	/* Another half: long enough after the one that was counted. */
	rules->counted -= SVCNAT_RULES_SETTLE / 2;
	rules->nft--;
	svcnat_rules_hear(rules, &init_net);
	KUNIT_EXPECT_EQ(test, rules->gen, 2);
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
		sn->rules.at = now - cases[i].rules;
		b->cut_at = 0;
		if (cases[i].cut)
			b->cut_at = now + cases[i].cut;
		term = until_of(sn, ct, flow) - now;
		/* The clock goes on meanwhile. */
		KUNIT_EXPECT_GE(test, term + (u32)jiffies - begun, cases[i].term);
		KUNIT_EXPECT_LE(test, term, cases[i].term + (u32)jiffies - begun);
	}
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
		KUNIT_EXPECT_EQ(test, sizeof(struct svcnat_cache_bucket), L1_CACHE_BYTES);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, key), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, until), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, dst), 0);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, neigh), 1);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, dir), 1);
	KUNIT_EXPECT_EQ(test, LINE(struct svcnat_cached, ack), 2);

	/* Refusals are counted beside the set, not on its line. */
	KUNIT_EXPECT_NE(test, LINE(struct svcnat_service, set), LINE(struct svcnat_service, stats));
}

static int suite_init(struct kunit_suite *suite)
{
	prandom_seed_state(&rnd, 20261129);
	return svcnat_cache_module_init();
}

static void suite_exit(struct kunit_suite *suite)
{
	svcnat_cache_module_exit();
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cache_cold_goes_first),
	KUNIT_CASE(cache_one_for_a_key),
	KUNIT_CASE(cache_forgets_a_connection),
	KUNIT_CASE(cache_model),
	KUNIT_CASE(cache_idle_and_chosen_ones_go),
	KUNIT_CASE(ingress_translates),
	KUNIT_CASE(ingress_leaves_what_is_special),
	KUNIT_CASE(ingress_random_bytes),
	KUNIT_CASE(rules_changes),
	KUNIT_CASE(learn_term),
	KUNIT_CASE(ingress_shares_no_line),
	{}
};

static struct kunit_suite suite = {
	.name = "cache",
	.suite_init = suite_init,
	.suite_exit = suite_exit,
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_DESCRIPTION("KUnit: the flow cache");
MODULE_LICENSE("GPL");
