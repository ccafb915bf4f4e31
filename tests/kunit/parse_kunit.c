// SPDX-License-Identifier: GPL-2.0
/* Netlink parsing: what is refused, and what comes out of what is not. */

#include "fixture.h"

#define CLUSTER_IP SVCNAT_FRONTEND_CLUSTER_IP
#define NODE_PORT SVCNAT_FRONTEND_NODE_PORT

/* One frontend and one backend, each possibly wrong. */
static const struct {
	const char *what;
	const char *name;
	u8 proto;
	u8 kind;
	const char *vip;
	const char *backend;
	int err;
} table[] = {
	{ "good", "a/b:", IPPROTO_TCP, CLUSTER_IP, "10.96.0.1", "10.0.0.1", 0 },
	{ "good node port", "a/b:", IPPROTO_UDP, NODE_PORT, NULL, "10.0.0.1", 0 },
	{ "empty name", "", IPPROTO_TCP, CLUSTER_IP, "10.96.0.1", "10.0.0.1", -EINVAL },
	{ "protocol", "a/b:", IPPROTO_GRE, CLUSTER_IP, "10.96.0.1", "10.0.0.1", -EINVAL },
	{ "no address", "a/b:", IPPROTO_TCP, CLUSTER_IP, NULL, "10.0.0.1", -EINVAL },
	{ "address on node port", "a/b:", IPPROTO_TCP, NODE_PORT, "10.1.1.1", "10.0.0.1", -EINVAL },
	{ "other family", "a/b:", IPPROTO_TCP, CLUSTER_IP, "fd00::1", "10.0.0.1", -EINVAL },
	{ "backend's family", "a/b:", IPPROTO_TCP, CLUSTER_IP, "10.96.0.1", "fd00::1", -EINVAL },
	{ "any", "a/b:", IPPROTO_TCP, CLUSTER_IP, "0.0.0.0", "10.0.0.1", -EINVAL },
	{ "loopback", "a/b:", IPPROTO_TCP, CLUSTER_IP, "127.0.0.1", "10.0.0.1", -EINVAL },
	{ "multicast", "a/b:", IPPROTO_TCP, CLUSTER_IP, "224.0.0.1", "10.0.0.1", -EINVAL },
	{ "broadcast backend", "a/b:", IPPROTO_TCP, CLUSTER_IP, "10.96.0.1", "255.255.255.255",
	  -EINVAL },
};

LOCKED_TEST(parse_service, sn.lock)
{
	struct fixture *f = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct svcnat_txn *txn = txn_open(test, 0);
		struct nlattr *nest = service_begin_attr(f, table[i].name, table[i].proto);

		put_frontend(f, table[i].kind, table[i].vip, 80, 0);
		put_backend(f, table[i].backend, 8080, 1);
		f->extack._msg = NULL;
		KUNIT_EXPECT_EQ_MSG(test, service_end_attr(f, txn, nest), table[i].err, "%s",
				    table[i].what);
		KUNIT_EXPECT_EQ_MSG(test, !!f->extack._msg, !!table[i].err, "%s", table[i].what);
		svcnat_txn_drop(txn);
	}
}

LOCKED_TEST(parse_continuation, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn = txn_open(test, 0);
	struct nlattr *nest;

	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 1, 3), 0);
	nest = service_begin_attr(f, "a/a:", IPPROTO_TCP);
	nla_put_u32(f->skb, SVCNAT_SERVICE_A_FLAGS, SVCNAT_SERVICE_F_CONTINUE);
	put_backend(f, "10.0.0.9", 8080, 1);
	KUNIT_EXPECT_EQ(test, service_end_attr(f, txn, nest), 0);
	KUNIT_EXPECT_EQ(test, txn->last->set->n, 4);
	KUNIT_EXPECT_EQ(test, txn->n_backends, 4);

	/* Order holds across continuations. */
	nest = service_begin_attr(f, "a/a:", IPPROTO_TCP);
	nla_put_u32(f->skb, SVCNAT_SERVICE_A_FLAGS, SVCNAT_SERVICE_F_CONTINUE);
	put_backend(f, "10.0.0.9", 8080, 1);
	KUNIT_EXPECT_EQ(test, service_end_attr(f, txn, nest), -EINVAL);

	/* Only of the one put last. */
	nest = service_begin_attr(f, "a/b:", IPPROTO_TCP);
	nla_put_u32(f->skb, SVCNAT_SERVICE_A_FLAGS, SVCNAT_SERVICE_F_CONTINUE);
	KUNIT_EXPECT_EQ(test, service_end_attr(f, txn, nest), -EINVAL);
	svcnat_txn_drop(txn);
}

static void put_prefix(struct fixture *f, int attr, const char *addr, u8 len)
{
	struct nlattr *nest = nla_nest_start(f->skb, attr);

	put_address(f->skb, SVCNAT_PREFIX_A_ADDR, addr);
	nla_put_u8(f->skb, SVCNAT_PREFIX_A_LEN, len);
	nla_nest_end(f->skb, nest);
}

static int config_of(struct fixture *f, struct svcnat_config *config, const char *addr, u8 len)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_A_CONFIG);
	int err;

	put_prefix(f, SVCNAT_CONFIG_A_CLUSTER_CIDR, "10.244.0.0", 16);
	put_prefix(f, SVCNAT_CONFIG_A_NODEPORT_ADDR, addr, len);
	nla_nest_end(f->skb, nest);
	memset(config, 0, sizeof(*config));
	err = svcnat_parse_config(config, nest, &f->extack);
	skb_trim(f->skb, 0);
	return err;
}

LOCKED_TEST(parse_config, sn.lock)
{
	struct svcnat_config *config = kunit_kzalloc(test, sizeof(*config), GFP_KERNEL);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, config);
	KUNIT_EXPECT_EQ(test, config_of(f, config, "fd00::1", 128), 0);
	KUNIT_EXPECT_EQ(test, config->cluster.n, 1);
	KUNIT_EXPECT_EQ(test, config->cluster.v[0].len, 16);
	KUNIT_EXPECT_EQ(test, config->nodeport.v[0].family, AF_INET6);
	KUNIT_EXPECT_EQ(test, config_of(f, config, "10.0.0.1", 33), -EINVAL);
	KUNIT_EXPECT_EQ(test, config_of(f, config, "10.0.0.1", 24), -EINVAL);
	KUNIT_EXPECT_EQ(test, config_of(f, config, "fd00::1", 64), -EINVAL);
}

/* Nothing else in it: is it taken, and how much of a name has to match. */
static int pod_interface_of(struct fixture *f, struct svcnat_config *config, const char *name)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_A_CONFIG);
	int err;

	nla_put_string(f->skb, SVCNAT_CONFIG_A_POD_INTERFACE, name);
	nla_nest_end(f->skb, nest);
	memset(config, 0, sizeof(*config));
	err = svcnat_parse_config(config, nest, &f->extack);
	skb_trim(f->skb, 0);
	return err;
}

LOCKED_TEST(parse_pod_device, sn.lock)
{
	struct svcnat_config *config = kunit_kzalloc(test, sizeof(*config), GFP_KERNEL);
	struct fixture *f = test->priv;

	KUNIT_ASSERT_NOT_NULL(test, config);
	KUNIT_EXPECT_EQ(test, pod_interface_of(f, config, "cni0"), 0);
	KUNIT_EXPECT_EQ(test, config->pod_ifname_len, 5);
	KUNIT_EXPECT_EQ(test, pod_interface_of(f, config, "cali*"), 0);
	KUNIT_EXPECT_EQ(test, config->pod_ifname_len, 4);
	KUNIT_EXPECT_STREQ(test, config->pod_ifname, "cali");
	KUNIT_EXPECT_EQ(test, pod_interface_of(f, config, ""), -EINVAL);
	KUNIT_EXPECT_EQ(test, pod_interface_of(f, config, "*"), -EINVAL);
}

static int settings_of(struct fixture *f, struct kunit *test, int attr, u32 value)
{
	struct svcnat_txn *txn = txn_open(test, 0);
	struct nlattr *nest = service_begin_attr(f, "a/b:", IPPROTO_SCTP);
	int err;

	if (attr == SVCNAT_SERVICE_A_REMOVAL)
		nla_put_u8(f->skb, attr, value);
	else
		nla_put_u32(f->skb, attr, value);
	err = service_end_attr(f, txn, nest);
	svcnat_txn_drop(txn);
	return err;
}

LOCKED_TEST(parse_settings_together, sn.lock)
{
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_AFFINITY_SECONDS, 10), 0);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_REMOVAL,
					  SVCNAT_REMOVAL_RESET), 0);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_REMOVAL,
					  SVCNAT_REMOVAL_DRAIN), -EINVAL);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_DRAIN_SECONDS, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_EJECT_FAILS, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_EJECT_SECONDS, 5), -EINVAL);
	KUNIT_EXPECT_EQ(test, settings_of(f, test, SVCNAT_SERVICE_A_EJECT_FAILS, 0), 0);
}

static int flow_of(struct fixture *f, struct nf_conntrack_tuple *flow, const char *dst, u8 proto,
		   u16 port)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_A_FLOW);
	u32 iif;
	int err;

	nla_put_u8(f->skb, SVCNAT_FLOW_A_PROTO, proto);
	put_address(f->skb, SVCNAT_FLOW_A_SRC, "10.0.0.1");
	put_address(f->skb, SVCNAT_FLOW_A_DST, dst);
	if (port)
		nla_put_be16(f->skb, SVCNAT_FLOW_A_DPORT, htons(port));
	nla_nest_end(f->skb, nest);
	err = svcnat_parse_flow(flow, &iif, nest, &f->extack);
	skb_trim(f->skb, 0);
	return err;
}

LOCKED_TEST(parse_flow, sn.lock)
{
	struct nf_conntrack_tuple flow;
	struct fixture *f = test->priv;

	KUNIT_EXPECT_EQ(test, flow_of(f, &flow, "10.96.0.1", IPPROTO_UDP, 53), 0);
	KUNIT_EXPECT_EQ(test, flow.dst.u.all, htons(53));
	KUNIT_EXPECT_EQ(test, flow.src.l3num, AF_INET);
	KUNIT_EXPECT_EQ(test, flow_of(f, &flow, "10.96.0.1", IPPROTO_ICMP, 0), 0);
	KUNIT_EXPECT_EQ(test, flow_of(f, &flow, "10.96.0.1", IPPROTO_TCP, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, flow_of(f, &flow, "fd00::1", IPPROTO_TCP, 80), -EINVAL);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(parse_service),
	KUNIT_CASE(parse_continuation),
	KUNIT_CASE(parse_config),
	KUNIT_CASE(parse_flow),
	KUNIT_CASE(parse_pod_device),
	KUNIT_CASE(parse_settings_together),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_parse",
	.init = fixture_init,
	.exit = fixture_exit,
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
