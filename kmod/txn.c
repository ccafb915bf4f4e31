// SPDX-License-Identifier: GPL-2.0
/* Opening, filling and freeing transactions; see txn.h. commit.c has the rest. */

#include <linux/slab.h>
#include <net/sock.h>

#include "txn.h"

struct workqueue_struct *svcnat_wq __read_mostly;

/**
 * svcnat_txn_module_init - make the work queue
 *
 * Return: 0 or -ENOMEM.
 */
int svcnat_txn_module_init(void)
{
	svcnat_wq = alloc_workqueue("svcnat", WQ_UNBOUND, 0);
	return svcnat_wq ? 0 : -ENOMEM;
}

/**
 * svcnat_txn_module_exit - wait until everything retired is freed
 */
void svcnat_txn_module_exit(void)
{
	rcu_barrier();
	destroy_workqueue(svcnat_wq);
}

static void vips_free(struct svcnat_vip **list)
{
	struct svcnat_vip *vip;

	while ((vip = svcnat_vip_pop(list))) {
		svcnat_vip_free(vip);
		cond_resched();
	}
}

static void addresses_free(struct svcnat_address **list)
{
	struct svcnat_address *a;

	while ((a = svcnat_address_pop(list))) {
		kfree(a);
		cond_resched();
	}
}

static void change_free(struct svcnat_change *c)
{
	if (c->event == SVCNAT_EVENT_REMOVED)
		svcnat_service_free(c->live);
	if (c->replaced)
		c->replaced->n = 0;
	svcnat_set_free(c->replaced);
	svcnat_gone_free(c->carry.room);
	if (c->staged)
		svcnat_service_free(c->staged);
	kfree(c);
}

static void txn_free(struct svcnat_txn *txn)
{
	struct svcnat_change *c, *tmp;

	list_for_each_entry_safe(c, tmp, &txn->changes, link) {
		change_free(c);
		cond_resched();
	}
	addresses_free(&txn->spare[0]);
	addresses_free(&txn->spare[1]);
	addresses_free(&txn->unused);
	vips_free(&txn->dead);
	svcnat_htable_destroy(&txn->names);
	svcnat_htable_destroy(&txn->vips);
	kfree(txn->config);
	kfree(txn);
}

static void txn_free_work(struct work_struct *work)
{
	txn_free(container_of(to_rcu_work(work), struct svcnat_txn, free_work));
}

/**
 * svcnat_txn_find - the transaction of a socket
 * @sn: namespace, mutex held
 * @sk: the socket, which is running a command and so is not being closed
 *
 * Return: the transaction or NULL.
 */
struct svcnat_txn *svcnat_txn_find(struct svcnat_net *sn, const struct sock *sk)
{
	struct svcnat_txn *txn, *found = NULL;

	lockdep_assert_held(&sn->lock);
	spin_lock(&sn->txn_lock);
	list_for_each_entry(txn, &sn->txns, link)
		if (txn->sk == sk)
			found = txn;
	spin_unlock(&sn->txn_lock);
	return found;
}

static int txn_enlist(struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	int err = 0;

	spin_lock(&sn->txn_lock);
	if (sn->n_txns == SVCNAT_TXNS_MAX) {
		NL_SET_ERR_MSG(extack, "too many transactions are open in this namespace");
		err = -EMFILE;
	} else {
		list_add(&txn->link, &sn->txns);
		sn->n_txns++;
	}
	spin_unlock(&sn->txn_lock);
	return err;
}

/**
 * svcnat_txn_begin - open a transaction
 * @sn: namespace, mutex held
 * @sk: socket it belongs to
 * @portid: of @sk
 * @flags: SVCNAT_TXN_F_*
 * @generation: the change was computed from
 * @extack: for the reason
 *
 * Return: 0, -EBUSY, -EMFILE or -ENOMEM.
 */
int svcnat_txn_begin(struct svcnat_net *sn, const struct sock *sk, u32 portid, u32 flags,
		     u64 generation, struct netlink_ext_ack *extack)
{
	struct svcnat_txn *txn = svcnat_txn_find(sn, sk);
	int err;

	if (txn) {
		/* What is sent behind this BEGIN was not meant for the old one. */
		txn->spoiled = true;
		NL_SET_ERR_MSG(extack, "this socket has a transaction open");
		return -EBUSY;
	}
	txn = kzalloc(sizeof(*txn), GFP_KERNEL_ACCOUNT);
	if (!txn)
		return -ENOMEM;
	txn->sn = sn;
	txn->sk = sk;
	txn->portid = portid;
	txn->flags = flags;
	txn->generation = generation;
	svcnat_htable_init(&txn->names, &sn->lock, svcnat_service_hash, SVCNAT_HTABLE_STAGED);
	svcnat_htable_init(&txn->vips, &sn->lock, svcnat_vip_hash, SVCNAT_HTABLE_STAGED);
	INIT_LIST_HEAD(&txn->changes);
	INIT_RCU_WORK(&txn->free_work, txn_free_work);
	err = txn_enlist(txn, extack);
	if (err)
		kfree(txn);
	return err;
}

/**
 * svcnat_txn_change_add - one change more
 * @txn: transaction, mutex held
 *
 * Return: the change, to be filled in, or NULL.
 */
struct svcnat_change *svcnat_txn_change_add(struct svcnat_txn *txn)
{
	struct svcnat_change *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->event = -1;
	list_add_tail(&c->link, &txn->changes);
	return c;
}

/**
 * svcnat_txn_service_add - stage a service
 * @txn: transaction, mutex held
 * @svc: service, owned by @txn from now on if this succeeds; without a set it
 *	is to be removed
 * @extack: for the reason
 *
 * Return: 0, -EEXIST, -E2BIG or -ENOMEM.
 */
int svcnat_txn_service_add(struct svcnat_txn *txn, struct svcnat_service *svc,
			   struct netlink_ext_ack *extack)
{
	struct svcnat_change *c;

	if (txn->n_services == SVCNAT_TXN_SERVICES_MAX) {
		NL_SET_ERR_MSG(extack, "more services than a transaction may hold");
		return -E2BIG;
	}
	if (svcnat_service_find(&txn->names, svc->name, svc->family, svc->proto)) {
		NL_SET_ERR_MSG(extack, "service named twice in one transaction");
		return -EEXIST;
	}
	if (svcnat_htable_reserve(&txn->names, txn->n_services + 1))
		return -ENOMEM;
	c = svcnat_txn_change_add(txn);
	if (!c)
		return -ENOMEM;
	c->staged = svc;
	c->removes = !svc->set;
	svcnat_htable_add(&txn->names, &svc->node);
	txn->n_services++;
	return 0;
}

/* In case the table does not have the ClusterIP as such yet. */
static int spare_add(struct svcnat_txn *txn, u8 family)
{
	struct svcnat_address *spare = svcnat_address_alloc(family);

	if (!spare)
		return -ENOMEM;
	svcnat_address_push(&txn->spare[family == AF_INET6], spare);
	return 0;
}

/**
 * svcnat_txn_vip_add - stage a frontend of a service
 * @txn: transaction, mutex held
 * @svc: service the frontend leads to; owns it if this succeeds
 * @key: what it answers to
 * @kind: enum svcnat_frontend_kind
 * @flags: SVCNAT_FRONTEND_F_*
 * @extack: for the reason
 *
 * Return: 0, -EEXIST, -E2BIG or -ENOMEM. After a failure @txn must be spoiled.
 */
int svcnat_txn_vip_add(struct svcnat_txn *txn, struct svcnat_service *svc,
		       const struct svcnat_key *key, u8 kind, u8 flags,
		       struct netlink_ext_ack *extack)
{
	struct svcnat_vip *vip;

	if (svc->n_vips == SVCNAT_FRONTENDS_MAX) {
		NL_SET_ERR_MSG(extack, "more frontends than a service may have");
		return -E2BIG;
	}
	if (svcnat_vip_find(&txn->vips, key)) {
		NL_SET_ERR_MSG(extack, "frontend named twice in one transaction");
		return -EEXIST;
	}
	if (svcnat_htable_reserve(&txn->vips, txn->n_vips + 1))
		return -ENOMEM;
	if (kind == SVCNAT_FRONTEND_CLUSTER_IP && spare_add(txn, key->family))
		return -ENOMEM;
	vip = svcnat_vip_alloc(key, kind, flags);
	if (!vip)
		return -ENOMEM;
	svcnat_htable_add(&txn->vips, &vip->node);
	svcnat_vip_push(&svc->vips, vip);
	svc->n_vips++;
	txn->n_vips++;
	return 0;
}

/* Takes it off the namespace; what it holds is freed after a grace period. */
static void txn_end(struct svcnat_txn *txn)
{
	lockdep_assert_held(&txn->sn->txn_lock);
	list_del(&txn->link);
	txn->sn->n_txns--;
	txn->sn = NULL;
	queue_rcu_work(svcnat_wq, &txn->free_work);
}

/**
 * svcnat_txn_drop - it is over, whether it was committed or not
 * @txn: transaction, mutex held
 */
void svcnat_txn_drop(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;

	spin_lock(&sn->txn_lock);
	txn_end(txn);
	spin_unlock(&sn->txn_lock);
}

/**
 * svcnat_txn_socket_closed - drop the transaction of a socket that is gone
 * @sn: namespace
 * @portid: the socket had
 *
 * By now somebody else may have bound the portid and be in the middle of a commit:
 * only one whose own socket is dead, which runs no command, is dropped. Does not
 * take the mutex: close() of a stranger's socket waits for nobody.
 */
void svcnat_txn_socket_closed(struct svcnat_net *sn, u32 portid)
{
	struct svcnat_txn *txn, *tmp;

	spin_lock(&sn->txn_lock);
	list_for_each_entry_safe(txn, tmp, &sn->txns, link)
		if (txn->portid == portid && sock_flag(txn->sk, SOCK_DEAD))
			txn_end(txn);
	spin_unlock(&sn->txn_lock);
}

/* Services free their frontends themselves. */
static void net_entries_free(struct svcnat_net *sn)
{
	struct svcnat_hnode *n;
	u32 bucket;

	for (bucket = 0; (n = svcnat_htable_take(&sn->addresses, &bucket));) {
		kfree(container_of(n, struct svcnat_address, node));
		cond_resched();
	}
	for (bucket = 0; (n = svcnat_htable_take(&sn->services, &bucket));) {
		svcnat_service_free(container_of(n, struct svcnat_service, node));
		cond_resched();
	}
}

/**
 * svcnat_txn_net_exit - free all services and open transactions of a namespace
 * @sn: namespace that no packet and no command can see any more
 */
void svcnat_txn_net_exit(struct svcnat_net *sn)
{
	struct svcnat_txn *txn, *tmp;

	mutex_lock(&sn->lock);
	list_for_each_entry_safe(txn, tmp, &sn->txns, link)
		svcnat_txn_drop(txn);
	net_entries_free(sn);
	mutex_unlock(&sn->lock);
}
