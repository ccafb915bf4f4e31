// SPDX-License-Identifier: GPL-2.0
/* Commits: what is there afterwards, or that nothing changed. */

#include "fixture.h"

static struct svcnat_service *service(struct fixture *f, const char *name)
{
	return svcnat_service_find(&f->sn.services, name, AF_INET, IPPROTO_TCP);
}

static struct svcnat_vip *vip(struct fixture *f, const char *addr, u16 port)
{
	struct svcnat_key key = { .port = htons(port), .proto = IPPROTO_TCP, .family = AF_INET };

	in4_pton(addr, -1, (u8 *)&key.addr, -1, NULL);
	return svcnat_vip_find(&f->sn.vips, &key);
}

static struct svcnat_address *cluster_ip(struct fixture *f, const char *addr)
{
	union nf_inet_addr a;

	in4_pton(addr, -1, (u8 *)&a, -1, NULL);
	return svcnat_address_find(&f->sn.addresses, AF_INET, &a);
}

static struct svcnat_service *leads_to(struct fixture *f, const char *addr, u16 port)
{
	return rcu_dereference_protected(vip(f, addr, port)->set, true)->svc;
}

static u32 backends(struct fixture *f, const char *name)
{
	return service(f, name)->set->n;
}

static void two_services(struct kunit *test)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn = txn_open(test, 0);

	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 1, 3), 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/b:", "10.96.0.2", 1, 2), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
}

LOCKED_TEST(commit_add_and_remove, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn;

	two_services(test);
	KUNIT_EXPECT_TRUE(test, f->sn.hooked);
	KUNIT_EXPECT_EQ(test, f->sn.generation, 1);
	KUNIT_EXPECT_EQ(test, f->sn.n_vips, 2);
	KUNIT_EXPECT_EQ(test, f->sn.n_backends, 5);
	KUNIT_EXPECT_PTR_EQ(test, leads_to(f, "10.96.0.1", 80), service(f, "a/a:"));
	KUNIT_EXPECT_NOT_NULL(test, cluster_ip(f, "10.96.0.1"));

	txn = txn_open(test, SVCNAT_TXN_F_REPLACE);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
	KUNIT_EXPECT_TRUE(test, f->sn.hooked);
	KUNIT_EXPECT_EQ(test, f->sn.n_vips, 0);
	KUNIT_EXPECT_EQ(test, f->sn.n_backends, 0);
	KUNIT_EXPECT_EQ(test, f->sn.vips.count, 0);
	KUNIT_EXPECT_EQ(test, f->sn.addresses.count, 0);
	KUNIT_EXPECT_EQ(test, f->sn.services.count, 0);
}

LOCKED_TEST(commit_change_keeps_counters, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_service *a;
	struct svcnat_txn *txn;
	struct svcnat_totals t;
	struct svcnat_set *set;

	two_services(test);
	a = service(f, "a/a:");
	set = a->set;
	atomic64_set(&set->backend[0]->connections, 7);
	atomic64_set(&set->backend[2]->connections, 9);

	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 2, 4), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
	KUNIT_EXPECT_PTR_EQ(test, service(f, "a/a:"), a);
	set = a->set;
	KUNIT_EXPECT_EQ(test, set->n, 4);
	KUNIT_EXPECT_EQ(test, atomic64_read(&set->backend[1]->connections), 9);
	svcnat_service_totals(a, set, &t);
	KUNIT_EXPECT_EQ(test, t.connections, 16);
	KUNIT_EXPECT_EQ(test, f->sn.n_backends, 6);
	KUNIT_EXPECT_EQ(test, f->sn.vips.count, 2);
	KUNIT_EXPECT_EQ(test, f->sn.addresses.count, 2);
}

/* One service's address goes to the other in the same transaction, both ways round. */
LOCKED_TEST(commit_frontends_change_hands, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn;

	two_services(test);
	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.2", 1, 3), 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/b:", "10.96.0.1", 1, 2), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
	KUNIT_EXPECT_PTR_EQ(test, leads_to(f, "10.96.0.1", 80), service(f, "a/b:"));
	KUNIT_EXPECT_PTR_EQ(test, leads_to(f, "10.96.0.2", 80), service(f, "a/a:"));
	KUNIT_EXPECT_EQ(test, f->sn.n_vips, 2);
	KUNIT_EXPECT_EQ(test, f->sn.vips.count, 2);
	KUNIT_EXPECT_EQ(test, f->sn.addresses.count, 2);
	KUNIT_EXPECT_EQ(test, service(f, "a/a:")->n_vips, 1);

	/* And from one that goes to one that stays. */
	txn = txn_open(test, SVCNAT_TXN_F_REPLACE);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/b:", "10.96.0.2", 1, 2), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
	KUNIT_EXPECT_PTR_EQ(test, leads_to(f, "10.96.0.2", 80), service(f, "a/b:"));
	KUNIT_EXPECT_NULL(test, vip(f, "10.96.0.1", 80));
	KUNIT_EXPECT_NULL(test, cluster_ip(f, "10.96.0.1"));
	KUNIT_EXPECT_EQ(test, f->sn.vips.count, 1);
	KUNIT_EXPECT_EQ(test, f->sn.addresses.count, 1);
}

LOCKED_TEST(commit_refuses_whole, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn;

	two_services(test);
	/* A frontend of somebody else; the first service in it is fine. */
	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 1, 1), 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/c:", "10.96.0.2", 1, 1), 0);
	KUNIT_EXPECT_EQ(test, txn_commit(f, txn), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, backends(f, "a/a:"), 3);
	KUNIT_EXPECT_NULL(test, service(f, "a/c:"));
	KUNIT_EXPECT_EQ(test, f->sn.generation, 1);

	/* A failed attempt leaves no trace that lets a later one through. */
	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/c:", "10.96.0.1", 1, 1), 0);
	KUNIT_EXPECT_EQ(test, txn_commit(f, txn), -EADDRINUSE);

	/* Somebody committed in between. */
	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 1, 1), 0);
	f->sn.generation++;
	KUNIT_EXPECT_EQ(test, txn_commit(f, txn), -ERESTART);
	KUNIT_EXPECT_EQ(test, backends(f, "a/a:"), 3);

	/* A message was refused. */
	txn = txn_open(test, 0);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.1", 1, 1), 0);
	KUNIT_EXPECT_EQ(test, put_simple(f, txn, "a/a:", "10.96.0.9", 1, 1), -EEXIST);
	KUNIT_EXPECT_EQ(test, txn_commit(f, txn), -ECANCELED);
	KUNIT_EXPECT_EQ(test, backends(f, "a/a:"), 3);
	KUNIT_EXPECT_EQ(test, f->sn.n_txns, 0);
}

/* Taken from a service the transaction does not name, whose count was not read yet. */
LOCKED_TEST(commit_replace_takes_a_frontend, sn.lock)
{
	struct fixture *f = test->priv;
	struct svcnat_txn *txn;

	two_services(test);
	txn = txn_open(test, SVCNAT_TXN_F_REPLACE);
	KUNIT_ASSERT_EQ(test, put_simple(f, txn, "a/c:", "10.96.0.1", 7, 1), 0);
	KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
	KUNIT_EXPECT_PTR_EQ(test, leads_to(f, "10.96.0.1", 80), service(f, "a/c:"));
	KUNIT_EXPECT_NULL(test, service(f, "a/a:"));
	KUNIT_EXPECT_EQ(test, f->sn.n_vips, 1);
	KUNIT_EXPECT_EQ(test, f->sn.vips.count, 1);
	KUNIT_EXPECT_EQ(test, f->sn.addresses.count, 1);
	KUNIT_EXPECT_EQ(test, f->sn.n_backends, 1);
}

static int begin(struct fixture *f, u32 i)
{
	return svcnat_txn_begin(&f->sn, &f->sk[i], i, 0, 0, &f->extack);
}

LOCKED_TEST(commit_transactions_are_bounded, sn.lock)
{
	struct fixture *f = test->priv;
	u32 i;

	for (i = 1; i <= SVCNAT_TXNS_MAX; i++)
		KUNIT_EXPECT_EQ(test, begin(f, i), 0);
	KUNIT_EXPECT_EQ(test, begin(f, 1), -EBUSY);
	KUNIT_EXPECT_EQ(test, begin(f, i), -EMFILE);
	/* A socket that had the number before is closed late. */
	svcnat_txn_socket_closed(&f->sn, 1);
	KUNIT_EXPECT_NOT_NULL(test, svcnat_txn_find(&f->sn, &f->sk[1]));
	sock_set_flag(&f->sk[1], SOCK_DEAD);
	svcnat_txn_socket_closed(&f->sn, 2);
	KUNIT_EXPECT_NOT_NULL(test, svcnat_txn_find(&f->sn, &f->sk[1]));
	svcnat_txn_socket_closed(&f->sn, 1);
	svcnat_txn_socket_closed(&f->sn, 1);
	KUNIT_EXPECT_NULL(test, svcnat_txn_find(&f->sn, &f->sk[1]));
	KUNIT_EXPECT_EQ(test, begin(f, i), 0);
}

LOCKED_TEST(commit_many, sn.lock)
{
	struct fixture *f = test->priv;
	char name[32], addr[16];
	u32 round, i;

	for (round = 0; round < 4; round++) {
		struct svcnat_txn *txn = txn_open(test, round & 1 ? SVCNAT_TXN_F_REPLACE : 0);

		for (i = 0; i < 2000; i++) {
			snprintf(name, sizeof(name), "ns/s%u:", i + round * 500);
			snprintf(addr, sizeof(addr), "10.96.%u.%u", (i + round * 500) / 250,
				 1 + (i + round * 500) % 250);
			KUNIT_ASSERT_EQ(test, put_simple(f, txn, name, addr, round, 3), 0);
		}
		KUNIT_ASSERT_EQ(test, txn_commit(f, txn), 0);
		KUNIT_EXPECT_EQ(test, f->sn.services.count, round & 1 || !round ? 2000 : 2500);
		KUNIT_EXPECT_EQ(test, f->sn.vips.count, f->sn.services.count);
		KUNIT_EXPECT_EQ(test, f->sn.addresses.count, f->sn.services.count);
	}
}

static struct kunit_case cases[] = {
	KUNIT_CASE(commit_add_and_remove),
	KUNIT_CASE(commit_change_keeps_counters),
	KUNIT_CASE(commit_frontends_change_hands),
	KUNIT_CASE(commit_refuses_whole),
	KUNIT_CASE(commit_replace_takes_a_frontend),
	KUNIT_CASE(commit_transactions_are_bounded),
	KUNIT_CASE(commit_many),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_commit",
	.init = fixture_init,
	.exit = fixture_exit,
	.suite_init = fixture_suite_init,
	.suite_exit = fixture_suite_exit,
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
