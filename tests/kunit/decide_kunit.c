// SPDX-License-Identifier: GPL-2.0
/* The decision: verdict, reason, masquerade and set by frontend, source and backends. */

#include "fixture.h"
#include "../../kmod/decide.c"
#include "../../kmod/nodeport.c"

#define C SVCNAT_BACKEND_F_CLUSTER
#define L SVCNAT_BACKEND_F_LOCAL

/* One service with every kind of frontend. */
static void state(struct kunit *test, u32 frontend_flags, u32 backend_flags)
{
	struct svcnat_config *config;
	struct fixture *f = test->priv;
	struct svcnat_txn *txn = txn_open(test, SVCNAT_TXN_F_REPLACE);
	struct nlattr *nest = service_begin_attr(f, "a/b:", IPPROTO_TCP);

	put_frontend(f, SVCNAT_FRONTEND_CLUSTER_IP, "10.96.0.1", 80, frontend_flags);
	put_frontend(f, SVCNAT_FRONTEND_LOAD_BALANCER, "203.0.113.1", 80, frontend_flags);
	put_frontend(f, SVCNAT_FRONTEND_NODE_PORT, NULL, 30007, frontend_flags);
	if (backend_flags != ~0U)
		put_backend(f, "10.244.1.1", 8080, backend_flags);
	KUNIT_ASSERT_EQ(test, service_end_attr(f, txn, nest), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);

	config = rcu_dereference_protected(f->sn.config, true);
	memset(config, 0, sizeof(*config));
	config->cluster.n = 1;
	config->cluster.v[0].family = AF_INET;
	config->cluster.v[0].len = 16;
	in4_pton("10.244.0.0", -1, (u8 *)&config->cluster.v[0].addr, -1, NULL);
	config->nodeport.n = 1;
	config->nodeport.v[0].family = AF_INET;
	config->nodeport.v[0].len = 16;
	in4_pton("10.99.0.0", -1, (u8 *)&config->nodeport.v[0].addr, -1, NULL);
}

struct answer {
	struct svcnat_decision d;
	enum svcnat_masq masq;
};

static struct answer ask_from(struct fixture *f, const struct net_device *in, const char *src,
			      const char *dst, u16 port, u8 proto)
{
	struct nf_conntrack_tuple flow = { .src.l3num = AF_INET };
	struct answer a = { .masq = SVCNAT_MASQ_NO };

	in4_pton(src, -1, (u8 *)&flow.src.u3, -1, NULL);
	in4_pton(dst, -1, (u8 *)&flow.dst.u3, -1, NULL);
	flow.dst.protonum = proto;
	flow.dst.u.all = htons(port);
	rcu_read_lock();
	svcnat_decide(&f->sn, &flow, in, NULL, &a.d);
	if (a.d.backend) {
		const union nf_inet_addr to = svcnat_backend_addr(a.d.backend);

		a.masq = svcnat_masq_why(&f->sn, a.d.vip, &flow, in, &to);
	}
	rcu_read_unlock();
	return a;
}

static struct answer ask(struct fixture *f, const char *src, const char *dst, u16 port, u8 proto)
{
	return ask_from(f, NULL, src, dst, port, proto);
}

#define POD	"10.244.1.9"
#define SELF	"10.244.1.1"
#define OUTSIDE	"198.51.100.1"
#define NODE	"10.99.0.1"	/* tests/kunit-guest gave it to the first namespace */

static const struct {
	const char *what;
	u32 frontend;
	u32 backend;		/* ~0: there is none */
	const char *src;
	const char *dst;
	u16 port;
	u8 proto;
	enum svcnat_verdict verdict;
	enum svcnat_reason reason;
	enum svcnat_masq masq;
} table[] = {
	{ "pod to ClusterIP", 0, C, POD, "10.96.0.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_NO },
	{ "pod to itself", 0, C, SELF, "10.96.0.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_HAIRPIN },
	{ "outside to ClusterIP", 0, C, OUTSIDE, "10.96.0.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_OFF_CLUSTER },
	{ "other port", 0, C, POD, "10.96.0.1", 81, 6,
	  SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, 0 },
	{ "other protocol", 0, C, POD, "10.96.0.1", 80, 17,
	  SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, 0 },
	{ "ping", 0, C, POD, "10.96.0.1", 80, 1,
	  SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, 0 },
	{ "nobody's address", 0, C, POD, "10.96.0.2", 80, 6,
	  SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, 0 },
	{ "no endpoints", 0, ~0U, POD, "10.96.0.1", 80, 6,
	  SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, 0 },
	{ "none picked", 0, 0, POD, "10.96.0.1", 80, 6,
	  SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, 0 },
	{ "outside to LB", 0, C, OUTSIDE, "203.0.113.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_EXTERNAL },
	{ "pod to LB", 0, C, POD, "203.0.113.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_EXTERNAL },
	{ "other port of an LB address", 0, C, OUTSIDE, "203.0.113.1", 81, 6,
	  SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, 0 },
	{ "node port", 0, C, OUTSIDE, NODE, 30007, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_EXTERNAL },
	{ "node port on loopback", 0, C, "127.0.0.1", "127.0.0.1", 30007, 6,
	  SVCNAT_PASS, SVCNAT_REASON_NOT_NODEPORT_ADDR, 0 },
	{ "node port elsewhere", 0, C, OUTSIDE, "192.0.2.1", 30007, 6,
	  SVCNAT_PASS, SVCNAT_REASON_NOT_NODEPORT_ADDR, 0 },
	{ "node port at no address", 0, C, OUTSIDE, "0.0.0.0", 30007, 6,
	  SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, 0 },
	{ "node port, other protocol", 0, C, OUTSIDE, NODE, 30007, 17,
	  SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, 0 },
	{ "Local, outside", 1, C | L, OUTSIDE, "203.0.113.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_NO },
	{ "Local, outside, far", 1, C, OUTSIDE, "203.0.113.1", 80, 6,
	  SVCNAT_DROP, SVCNAT_REASON_NO_LOCAL_ENDPOINTS, 0 },
	{ "Local, pod, far", 1, C, POD, "203.0.113.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_NO },
	{ "Local, node, far", 1, C, NODE, "203.0.113.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_NODE },
	{ "Local, none at all", 1, 0, OUTSIDE, "203.0.113.1", 80, 6,
	  SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS, 0 },
	{ "Local ClusterIP, pod, far", 1, C, POD, "10.96.0.1", 80, 6,
	  SVCNAT_DROP, SVCNAT_REASON_NO_LOCAL_ENDPOINTS, 0 },
	{ "Local ClusterIP, outside", 1, L, OUTSIDE, "10.96.0.1", 80, 6,
	  SVCNAT_DNAT, SVCNAT_REASON_PICKED, SVCNAT_MASQ_OFF_CLUSTER },
};

LOCKED_TEST(decide_table, sn.lock)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct answer a;

		state(test, table[i].frontend, table[i].backend);
		a = ask(f, table[i].src, table[i].dst, table[i].port, table[i].proto);
		KUNIT_EXPECT_EQ_MSG(test, a.d.verdict, table[i].verdict, "%s", table[i].what);
		KUNIT_EXPECT_EQ_MSG(test, a.d.reason, table[i].reason, "%s", table[i].what);
		KUNIT_EXPECT_EQ_MSG(test, a.masq, table[i].masq, "%s", table[i].what);
		KUNIT_EXPECT_EQ_MSG(test, !!a.d.backend, table[i].verdict == SVCNAT_DNAT, "%s",
				    table[i].what);
	}
}

/* Only what ends here and comes from elsewhere does not pass POSTROUTING. */
static void decide_leaves_node(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct nf_conntrack_tuple flow = { .src.l3num = AF_INET };
	union nf_inet_addr here = { }, there = { };

	in4_pton(NODE, -1, (u8 *)&here, -1, NULL);
	in4_pton(SELF, -1, (u8 *)&there, -1, NULL);
	in4_pton(OUTSIDE, -1, (u8 *)&flow.src.u3, -1, NULL);
	rcu_read_lock();
	KUNIT_EXPECT_FALSE(test, svcnat_leaves_node(&f->sn, &flow, &here));
	KUNIT_EXPECT_TRUE(test, svcnat_leaves_node(&f->sn, &flow, &there));
	flow.src.u3 = here;
	KUNIT_EXPECT_TRUE(test, svcnat_leaves_node(&f->sn, &flow, &here));
	rcu_read_unlock();
}

/* Without cluster CIDRs nobody is off-cluster. */
LOCKED_TEST(decide_no_cidrs, sn.lock)
{
	struct fixture *f = test->priv;
	struct answer a;

	state(test, 0, C);
	rcu_dereference_protected(f->sn.config, true)->cluster.n = 0;
	a = ask(f, OUTSIDE, "10.96.0.1", 80, IPPROTO_TCP);
	KUNIT_EXPECT_EQ(test, a.d.verdict, SVCNAT_DNAT);
	KUNIT_EXPECT_EQ(test, a.masq, SVCNAT_MASQ_NO);
}

static void prefix_set(struct svcnat_prefixes *list, const char *addr, u8 len)
{
	list->n = 1;
	list->v[0].family = AF_INET;
	list->v[0].len = len;
	in4_pton(addr, -1, (u8 *)&list->v[0].addr, -1, NULL);
}

static void expect(struct kunit *test, struct answer a, enum svcnat_verdict verdict,
		   enum svcnat_reason reason, enum svcnat_masq masq)
{
	KUNIT_EXPECT_EQ(test, a.d.verdict, verdict);
	KUNIT_EXPECT_EQ(test, a.d.reason, reason);
	KUNIT_EXPECT_EQ(test, a.masq, masq);
}

LOCKED_TEST(decide_config, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_config *config;

	state(test, SVCNAT_FRONTEND_F_LOCAL, C | L);
	config = rcu_dereference_protected(f->sn.config, true);
	prefix_set(&config->service, "10.96.0.0", 12);
	prefix_set(&config->node, "10.244.1.0", 24);
	expect(test, ask(f, POD, "10.96.0.2", 80, 6), SVCNAT_DROP, SVCNAT_REASON_UNALLOCATED, 0);
	expect(test, ask(f, POD, "10.96.0.2", 0, 1), SVCNAT_DROP, SVCNAT_REASON_UNALLOCATED, 0);
	expect(test, ask(f, POD, "10.96.0.1", 81, 6), SVCNAT_REJECT, SVCNAT_REASON_UNUSED_PORT, 0);
	expect(test, ask(f, POD, "192.0.2.1", 80, 6), SVCNAT_PASS, SVCNAT_REASON_NO_FRONTEND, 0);
	/* A Pod of this node keeps its address, one of another node does not. */
	expect(test, ask(f, POD, "203.0.113.1", 80, 6), SVCNAT_DNAT, SVCNAT_REASON_PICKED, 0);
	expect(test, ask(f, "10.244.2.9", "203.0.113.1", 80, 6), SVCNAT_DNAT,
	       SVCNAT_REASON_PICKED, SVCNAT_MASQ_OTHER_NODE);
	config->flags = SVCNAT_CONFIG_F_MASQUERADE_ALL;
	expect(test, ask(f, POD, "10.96.0.1", 80, 6), SVCNAT_DNAT, SVCNAT_REASON_PICKED,
	       SVCNAT_MASQ_ALL);
}

/* Pods told by the device they come through. */
LOCKED_TEST(decide_pod_interface, sn.lock)
{
	static struct net_device cni = { .name = "cni0" }, eth = { .name = "cni" };
	struct fixture *f = test->priv;
	struct svcnat_config *config;

	state(test, SVCNAT_FRONTEND_F_LOCAL, C);
	config = rcu_dereference_protected(f->sn.config, true);
	config->cluster.n = 0;
	strscpy(config->pod_ifname, "cni0", IFNAMSIZ);
	config->pod_ifname_len = 5;
	expect(test, ask_from(f, &cni, OUTSIDE, "203.0.113.1", 80, 6), SVCNAT_DNAT,
	       SVCNAT_REASON_PICKED, 0);
	expect(test, ask_from(f, &eth, POD, "203.0.113.1", 80, 6), SVCNAT_DROP,
	       SVCNAT_REASON_NO_LOCAL_ENDPOINTS, 0);
	strscpy(config->pod_ifname, "cn", IFNAMSIZ);
	config->pod_ifname_len = 2;
	expect(test, ask_from(f, &eth, OUTSIDE, "203.0.113.1", 80, 6), SVCNAT_DNAT,
	       SVCNAT_REASON_PICKED, 0);
	expect(test, ask_from(f, NULL, OUTSIDE, "203.0.113.1", 80, 6), SVCNAT_DROP,
	       SVCNAT_REASON_NO_LOCAL_ENDPOINTS, 0);
}

/* Before the question whether there is an endpoint; no range at all: nobody. */
LOCKED_TEST(decide_ranges, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_service *svc;
	struct svcnat_ranges *ranges;

	state(test, SVCNAT_FRONTEND_F_RANGES, ~0U);
	expect(test, ask(f, OUTSIDE, "203.0.113.1", 80, 6), SVCNAT_DROP,
	       SVCNAT_REASON_SOURCE_RANGE, 0);
	state(test, SVCNAT_FRONTEND_F_RANGES, C);
	expect(test, ask(f, POD, "203.0.113.1", 80, 6), SVCNAT_DROP, SVCNAT_REASON_SOURCE_RANGE, 0);
	svc = svcnat_service_find(&f->sn.services, "a/b:", AF_INET, IPPROTO_TCP);
	KUNIT_ASSERT_NOT_NULL(test, svcnat_set_extras(svc->set));
	ranges = kvzalloc(struct_size(ranges, v, 1), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ranges);
	ranges->n = 1;
	ranges->v[0].family = AF_INET;
	ranges->v[0].len = 24;
	in4_pton("198.51.100.0", -1, (u8 *)&ranges->v[0].addr, -1, NULL);
	svc->set->extras->ranges = ranges;
	expect(test, ask(f, OUTSIDE, "203.0.113.1", 80, 6), SVCNAT_DNAT, SVCNAT_REASON_PICKED,
	       SVCNAT_MASQ_EXTERNAL);
	expect(test, ask(f, POD, "203.0.113.1", 80, 6), SVCNAT_DROP, SVCNAT_REASON_SOURCE_RANGE, 0);
}

LOCKED_TEST(decide_overloaded, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_service *svc;
	struct svcnat_backend *b;

	state(test, 0, C);
	svc = svcnat_service_find(&f->sn.services, "a/b:", AF_INET, IPPROTO_TCP);
	b = svc->set->backend[0];
	b->limit = 1;
	expect(test, ask(f, POD, "10.96.0.1", 80, 6), SVCNAT_DNAT, SVCNAT_REASON_PICKED, 0);
	refcount_inc(&b->refs);
	expect(test, ask(f, POD, "10.96.0.1", 80, 6), SVCNAT_REJECT, SVCNAT_REASON_OVERLOADED, 0);
	refcount_dec(&b->refs);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(decide_table),
	KUNIT_CASE(decide_no_cidrs),
	KUNIT_CASE(decide_leaves_node),
	KUNIT_CASE(decide_config),
	KUNIT_CASE(decide_pod_interface),
	KUNIT_CASE(decide_ranges),
	KUNIT_CASE(decide_overloaded),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_decide",
	.init = fixture_init,
	.exit = fixture_exit,
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
