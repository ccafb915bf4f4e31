/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A namespace's state without hooks, for suites that include the sources of the
 * table, transactions and parsing. Attributes are written into a buffer as a
 * caller would send them.
 */
#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/module.h>

#include "../../kmod/backend.c"
#include "../../kmod/gone.c"
#include "../../kmod/set.c"
#include "../../kmod/carry.c"
#include "../../kmod/htable.c"
#include "../../kmod/vip.c"
#include "../../kmod/address.c"
#include "../../kmod/service.c"
#include "../../kmod/config.c"
#include "../../kmod/txn.c"
#include "../../kmod/commit.c"
#include "../../kmod/parse_attr.c"
#include "../../kmod/parse_config.c"
#include "../../kmod/parse.c"
#include "../../kmod/sched.c"
#include "../../kmod/pick.c"
#include "../../kmod/affinity.c"

struct fixture {
	struct svcnat_net sn;
	struct sk_buff *skb;
	struct netlink_ext_ack extack;
	struct sock sk[SVCNAT_TXNS_MAX + 2];	/* callers; only their flags are looked at */
};

/* 6.12 runs a case's init and exit in other threads, so the lock is taken here. */
#define LOCKED_TEST(name, mutex)					\
	static void name##_locked(struct kunit *test);			\
	static void name(struct kunit *test)				\
	{								\
		struct fixture *f = test->priv;				\
									\
		mutex_lock(&f->mutex);					\
		name##_locked(test);					\
		mutex_unlock(&f->mutex);				\
	}								\
	static void name##_locked(struct kunit *test)

int svcnat_net_hook(struct svcnat_net *sn)
{
	sn->hooked = true;
	return 0;
}

void svcnat_flow_changed(struct svcnat_net *sn)
{
	sn->flow_gen++;
}

static __maybe_unused int fixture_init(struct kunit *test)
{
	struct fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	test->priv = f;
	f->sn.net = &init_net;
	mutex_init(&f->sn.lock);
	svcnat_htable_init(&f->sn.vips, &f->sn.lock, svcnat_vip_hash, SVCNAT_HTABLE_SPARSE);
	svcnat_htable_init(&f->sn.addresses, &f->sn.lock, svcnat_address_hash,
			   SVCNAT_HTABLE_SHARED);
	svcnat_htable_init(&f->sn.services, &f->sn.lock, svcnat_service_hash,
			   SVCNAT_HTABLE_PRIVATE);
	spin_lock_init(&f->sn.txn_lock);
	INIT_LIST_HEAD(&f->sn.txns);
	svcnat_pins_init(&f->sn.pins);
	RCU_INIT_POINTER(f->sn.config, kzalloc(sizeof(struct svcnat_config), GFP_KERNEL));
	KUNIT_ASSERT_NOT_NULL(test, rcu_dereference_protected(f->sn.config, true));
	f->skb = alloc_skb(1 << 15, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->skb);
	return 0;
}

static __maybe_unused void fixture_exit(struct kunit *test)
{
	struct fixture *f = test->priv;

	svcnat_pins_destroy(&f->sn.pins);
	svcnat_txn_net_exit(&f->sn);
	svcnat_htable_destroy(&f->sn.addresses);
	svcnat_htable_destroy(&f->sn.vips);
	svcnat_htable_destroy(&f->sn.services);
	kfree(rcu_dereference_protected(f->sn.config, true));
	kfree_skb(f->skb);
}

static int fixture_suite_init(struct kunit_suite *suite)
{
	svcnat_pick_module_init();
	return svcnat_service_module_init() ?: svcnat_backend_module_init() ?:
	       svcnat_vip_module_init() ?: svcnat_txn_module_init();
}

static void fixture_suite_exit(struct kunit_suite *suite)
{
	svcnat_txn_module_exit();
	svcnat_vip_module_exit();
	svcnat_backend_module_exit();
	svcnat_service_module_exit();
}

static void put_address(struct sk_buff *skb, int attr, const char *s)
{
	u8 addr[16];

	if (strchr(s, ':')) {
		in6_pton(s, -1, addr, -1, NULL);
		nla_put(skb, attr, 16, addr);
	} else {
		in4_pton(s, -1, addr, -1, NULL);
		nla_put(skb, attr, 4, addr);
	}
}

static struct nlattr *service_begin_attr(struct fixture *f, const char *name, u8 proto)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_A_SERVICE);

	nla_put_string(f->skb, SVCNAT_SERVICE_A_NAME, name);
	nla_put_u8(f->skb, SVCNAT_SERVICE_A_FAMILY, AF_INET);
	nla_put_u8(f->skb, SVCNAT_SERVICE_A_PROTO, proto);
	return nest;
}

static void put_frontend(struct fixture *f, u8 kind, const char *addr, u16 port, u32 flags)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_SERVICE_A_FRONTEND);

	nla_put_u8(f->skb, SVCNAT_FRONTEND_A_KIND, kind);
	nla_put_be16(f->skb, SVCNAT_FRONTEND_A_PORT, htons(port));
	if (addr)
		put_address(f->skb, SVCNAT_FRONTEND_A_ADDR, addr);
	if (flags)
		nla_put_u32(f->skb, SVCNAT_FRONTEND_A_FLAGS, flags);
	nla_nest_end(f->skb, nest);
}

static void put_backend(struct fixture *f, const char *addr, u16 port, u32 flags)
{
	struct nlattr *nest = nla_nest_start(f->skb, SVCNAT_SERVICE_A_BACKEND);

	put_address(f->skb, SVCNAT_BACKEND_A_ADDR, addr);
	nla_put_be16(f->skb, SVCNAT_BACKEND_A_PORT, htons(port));
	nla_put_u32(f->skb, SVCNAT_BACKEND_A_FLAGS, flags);
	nla_nest_end(f->skb, nest);
}

static int service_end_attr(struct fixture *f, struct svcnat_txn *txn, struct nlattr *nest)
{
	int err;

	nla_nest_end(f->skb, nest);
	err = svcnat_parse_service(txn, nest, &f->extack);
	txn->spoiled |= !!err;
	skb_trim(f->skb, 0);
	return err;
}

/* The commonest service: one ClusterIP, backends 10.0.0.@first and on. */
static __maybe_unused int put_simple(struct fixture *f, struct svcnat_txn *txn, const char *name,
		      const char *vip, u32 first, u32 n)
{
	struct nlattr *nest = service_begin_attr(f, name, IPPROTO_TCP);
	char addr[16];

	put_frontend(f, SVCNAT_FRONTEND_CLUSTER_IP, vip, 80, 0);
	for (; n--; first++) {
		snprintf(addr, sizeof(addr), "10.0.0.%u", first);
		put_backend(f, addr, 8080, SVCNAT_BACKEND_F_CLUSTER);
	}
	return service_end_attr(f, txn, nest);
}

static __maybe_unused struct svcnat_txn *txn_open(struct kunit *test, u32 flags)
{
	struct fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, svcnat_txn_begin(&f->sn, &f->sk[1], 1, flags, f->sn.generation,
					       &f->extack), 0);
	return svcnat_txn_find(&f->sn, &f->sk[1]);
}

static __maybe_unused int txn_commit(struct fixture *f, struct svcnat_txn *txn)
{
	int err = svcnat_commit(txn, NULL, &f->extack);

	svcnat_txn_drop(txn);
	return err;
}
