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

static void services_free(struct list_head *list)
{
	struct svcnat_service *svc, *tmp;

	list_for_each_entry_safe(svc, tmp, list, txn_link) {
		svcnat_service_free(svc);
		cond_resched();
	}
}

static void vips_free(struct list_head *list)
{
	struct svcnat_vip *vip, *tmp;

	list_for_each_entry_safe(vip, tmp, list, sibling) {
		svcnat_vip_free(vip);
		cond_resched();
	}
}

static void txn_free(struct svcnat_txn *txn)
{
	services_free(&txn->services);
	services_free(&txn->removed);
	vips_free(&txn->spare);
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
	svcnat_htable_init(&txn->names, &sn->lock, false);
	svcnat_htable_init(&txn->vips, &sn->lock, false);
	INIT_LIST_HEAD(&txn->services);
	INIT_LIST_HEAD(&txn->removed);
	INIT_LIST_HEAD(&txn->spare);
	INIT_LIST_HEAD(&txn->dead);
	INIT_RCU_WORK(&txn->free_work, txn_free_work);
	err = txn_enlist(txn, extack);
	if (err)
		kfree(txn);
	return err;
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
	svcnat_service_add(&txn->names, svc);
	list_add_tail(&svc->txn_link, &txn->services);
	txn->n_services++;
	return 0;
}

/* Room for the ClusterIP as such, in case the table does not have it yet. */
static int spare_add(struct svcnat_txn *txn, const struct svcnat_key *key)
{
	const struct svcnat_key address = svcnat_key_address(key);
	struct svcnat_vip *spare;

	spare = svcnat_vip_alloc(&address, SVCNAT_FRONTEND_CLUSTER_IP, 0);
	if (!spare)
		return -ENOMEM;
	list_add(&spare->sibling, &txn->spare);
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
	if (kind == SVCNAT_FRONTEND_CLUSTER_IP && spare_add(txn, key))
		return -ENOMEM;
	vip = svcnat_vip_alloc(key, kind, flags);
	if (!vip)
		return -ENOMEM;
	svcnat_vip_add(&txn->vips, vip);
	list_add_tail(&vip->sibling, &svc->vips);
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

static void txn_drop(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;

	spin_lock(&sn->txn_lock);
	txn_end(txn);
	spin_unlock(&sn->txn_lock);
}

/**
 * svcnat_txn_abort - drop a transaction that did not happen
 * @txn: transaction, mutex held
 */
void svcnat_txn_abort(struct svcnat_txn *txn)
{
	txn_drop(txn);
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

/**
 * svcnat_txn_retire - drop a transaction that happened, and what it replaced
 * @txn: transaction, mutex held
 */
void svcnat_txn_retire(struct svcnat_txn *txn)
{
	struct svcnat_service *svc, *tmp;

	/* Those it added are live now and no longer its own. */
	list_for_each_entry_safe(svc, tmp, &txn->services, txn_link)
		if (svc->event == SVCNAT_EVENT_ADDED)
			list_del_init(&svc->txn_link);
	txn_drop(txn);
}

static void net_entries_free(struct svcnat_net *sn)
{
	const struct svcnat_buckets *b = rcu_dereference_protected(sn->vips.buckets, true);
	struct svcnat_hnode *n;
	LIST_HEAD(addresses);
	LIST_HEAD(services);
	u32 i;

	svcnat_htable_for_each_all(i, n, b) {
		struct svcnat_vip *vip = container_of(n, struct svcnat_vip, node);

		if (!vip->service)
			list_add(&vip->sibling, &addresses);
		cond_resched();
	}
	vips_free(&addresses);
	b = rcu_dereference_protected(sn->services.buckets, true);
	svcnat_htable_for_each_all(i, n, b)
		list_add(&container_of(n, struct svcnat_service, node)->txn_link, &services);
	services_free(&services);
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
		svcnat_txn_abort(txn);
	net_entries_free(sn);
	mutex_unlock(&sn->lock);
}
