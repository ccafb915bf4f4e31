// SPDX-License-Identifier: GPL-2.0
/*
 * Committing a transaction: prepare() does all that can fail and changes nothing
 * a packet or a reader could see, publish() cannot fail.
 *
 * Packets run beside publish(). Whatever they find at any moment must be whole:
 * a service has its set before a frontend leads to it, a frontend that changes
 * hands is replaced in one step and never missing, one that no longer asks for
 * local backends or source ranges stops asking before the set stops having them, and nothing taken
 * off a table is freed before a grace period (svcnat_txn_retire()).
 *
 * Both may take long and yield between services.
 */

#include <linux/sched.h>
#include <linux/slab.h>

#include "flow.h"
#include "txn.h"

#define set_locked(svc, sn) \
	rcu_dereference_protected((svc)->set, lockdep_is_held(&(sn)->lock))

static int check_turn(const struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	if (txn->spoiled) {
		NL_SET_ERR_MSG(extack, "an earlier message of this transaction was refused");
		return -ECANCELED;
	}
	if (txn->generation != txn->sn->generation) {
		NL_SET_ERR_MSG(extack, "the state has changed since the generation named: read it again");
		return -ERESTART;
	}
	return 0;
}

/* Finds what each staged service is going to replace or remove. */
static int lookup_live(struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *svc, *live;

	list_for_each_entry(svc, &txn->services, txn_link) {
		live = svcnat_service_find(&sn->services, svc->name, svc->family, svc->proto);
		if (live)
			live->touched = sn->attempts;
		if (!set_locked(svc, sn) && !live) {
			NL_SET_ERR_MSG(extack, "service to remove does not exist");
			return -ENOENT;
		}
		cond_resched();
	}
	return 0;
}

/* A frontend may only be taken from a service that this transaction changes too. */
static int check_vips(const struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	const struct svcnat_net *sn = txn->sn;
	const struct svcnat_service *svc;
	const struct svcnat_vip *vip, *held;

	if (txn->flags & SVCNAT_TXN_F_REPLACE)
		return 0;
	list_for_each_entry(svc, &txn->services, txn_link) {
		list_for_each_entry(vip, &svc->vips, sibling) {
			held = svcnat_vip_find(&sn->vips, &vip->key);
			if (held && held->service->touched != sn->attempts) {
				NL_SET_ERR_MSG(extack, "frontend is held by another service");
				return -EADDRINUSE;
			}
		}
		cond_resched();
	}
	return 0;
}

static int arrange_sets(const struct svcnat_txn *txn)
{
	struct svcnat_service *svc;
	int err = 0;

	list_for_each_entry(svc, &txn->services, txn_link) {
		if (set_locked(svc, txn->sn))
			err = svcnat_set_arrange(set_locked(svc, txn->sn));
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* Those that ask for affinity need what pins go by, on the service packets will see. */
static int prepare_pins(const struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *svc, *live;
	int err;

	list_for_each_entry(svc, &txn->services, txn_link) {
		const struct svcnat_set *set = set_locked(svc, sn);

		if (!set || !set->settings.affinity_seconds)
			continue;
		live = svcnat_service_find(&sn->services, svc->name, svc->family, svc->proto);
		err = svcnat_pins_prepare(&sn->pins, live ?: svc);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/*
 * Room on both tables. That of services comes last: once it moved, a dump that is
 * under way only stays whole if the generation changes.
 */
static int reserve(const struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;

	/* Every frontend may bring a ClusterIP's address with it. */
	return svcnat_htable_reserve(&sn->vips, sn->vips.count + 2 * txn->n_vips) ?:
	       svcnat_htable_reserve(&sn->services, sn->services.count + txn->n_services);
}

static int prepare(struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	int err;

	sn->attempts++;
	err = check_turn(txn, extack) ?: lookup_live(txn, extack) ?: check_vips(txn, extack) ?:
	      arrange_sets(txn) ?: prepare_pins(txn);
	if (err)
		return err;
	if (txn->n_services) {
		err = svcnat_net_hook(sn);
		if (err) {
			NL_SET_ERR_MSG(extack, "cannot register with conntrack and NAT");
			return err;
		}
	}
	return reserve(txn);
}

/* ClusterIPs as such: there as long as any frontend is on them. */
static void address_get(struct svcnat_txn *txn, const struct svcnat_vip *vip)
{
	const struct svcnat_key key = svcnat_key_address(&vip->key);
	struct svcnat_vip *address = svcnat_vip_find(&txn->sn->vips, &key);

	if (!address) {
		address = list_first_entry(&txn->spare, struct svcnat_vip, sibling);
		list_del_init(&address->sibling);
		address->key = key;
		svcnat_vip_add(&txn->sn->vips, address);
	}
	address->users++;
}

static void address_put(struct svcnat_txn *txn, const struct svcnat_vip *vip)
{
	const struct svcnat_key key = svcnat_key_address(&vip->key);
	struct svcnat_vip *address = svcnat_vip_find(&txn->sn->vips, &key);

	if (--address->users)
		return;
	svcnat_htable_del(&txn->sn->vips, &address->node);
	list_add(&address->sibling, &txn->dead);
}

static void vip_in(struct svcnat_txn *txn, struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;

	list_move_tail(&vip->sibling, &vip->service->vips);
	vip->service->n_vips++;
	vip->keep = true;
	sn->n_vips++;
	if (vip->kind == SVCNAT_FRONTEND_NODE_PORT)
		WRITE_ONCE(sn->n_nodeports, sn->n_nodeports + 1);
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		address_get(txn, vip);
}

/* Off the counts; the table and the list it is on are the caller's business. */
static void vip_out(struct svcnat_txn *txn, struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;

	vip->service->n_vips--;
	sn->n_vips--;
	if (vip->kind == SVCNAT_FRONTEND_NODE_PORT)
		WRITE_ONCE(sn->n_nodeports, sn->n_nodeports - 1);
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		address_put(txn, vip);
}

/* Returns whether that changed anything. */
static bool vip_publish(struct svcnat_txn *txn, struct svcnat_service *live,
			struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_vip *old = svcnat_vip_find(&sn->vips, &vip->key);

	if (old && old->service == live && old->kind == vip->kind && old->flags == vip->flags) {
		old->keep = true;
		list_move(&vip->sibling, &txn->dead);
		return false;
	}
	/*
	 * It sits on the transaction's own table, which nobody walks any more;
	 * the links are free to be used again.
	 */
	vip->service = live;
	if (old) {
		svcnat_htable_replace(&sn->vips, &old->node, &vip->node);
		vip_in(txn, vip);
		vip_out(txn, old);
		list_move(&old->sibling, &txn->dead);
		if (old->service != live)
			old->service->lost = sn->attempts;
	} else {
		svcnat_vip_add(&sn->vips, vip);
		vip_in(txn, vip);
	}
	return true;
}

static bool vips_publish(struct svcnat_txn *txn, struct svcnat_service *live,
			 struct list_head *staged)
{
	struct svcnat_vip *vip, *tmp;
	bool changed = false;

	list_for_each_entry_safe(vip, tmp, staged, sibling)
		changed |= vip_publish(txn, live, vip);
	return changed;
}

/* Those that no longer ask for local backends or source ranges, ahead of the set. */
static bool vips_publish_early(struct svcnat_txn *txn, struct svcnat_service *live,
			       struct list_head *staged)
{
	struct svcnat_vip *vip, *tmp, *old;
	bool changed = false;

	list_for_each_entry_safe(vip, tmp, staged, sibling) {
		old = svcnat_vip_find(&txn->sn->vips, &vip->key);
		if (!old || old->service != live ||
		    !(old->flags & ~vip->flags))
			continue;
		changed |= vip_publish(txn, live, vip);
		/* For who has found it and reads the set only after it changed. */
		WRITE_ONCE(old->stale, true);
	}
	return changed;
}

/* Swaps the sets; the staged service then holds the old one and a reference. */
static void set_publish(struct svcnat_txn *txn, struct svcnat_service *staged,
			struct svcnat_service *live)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_set *new = set_locked(staged, sn), *old = set_locked(live, sn);
	u32 carried;

	svcnat_service_prune(live, sn->published);
	carried = svcnat_set_carry(new, old, live);
	staged->n_added = new->n - carried;
	staged->n_removed = old->n - carried;
	if (!svcnat_set_same(new, old))
		staged->event = SVCNAT_EVENT_CHANGED;
	sn->n_backends += staged->n_added - staged->n_removed;

	refcount_inc(&live->refs);
	staged->live = live;
	RCU_INIT_POINTER(staged->set, old);
	rcu_assign_pointer(live->set, new);
	sn->cutting |= live->cutting;
	live->cutting = false;
}

static void service_publish(struct svcnat_txn *txn, struct svcnat_service *staged)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *live;
	LIST_HEAD(vips);

	list_splice_init(&staged->vips, &vips);
	staged->n_vips = 0;
	live = svcnat_service_find(&sn->services, staged->name, staged->family, staged->proto);
	if (live) {
		bool early = vips_publish_early(txn, live, &vips);

		set_publish(txn, staged, live);
		if (vips_publish(txn, live, &vips) || early)
			staged->event = SVCNAT_EVENT_CHANGED;
		return;
	}
	staged->event = SVCNAT_EVENT_ADDED;
	staged->n_added = set_locked(staged, sn)->n;
	staged->touched = sn->attempts;
	sn->n_backends += staged->n_added;
	svcnat_service_add(&sn->services, staged);
	vips_publish(txn, staged, &vips);
}

static void service_withdraw(struct svcnat_txn *txn, struct svcnat_service *live)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_vip *vip;

	/* They stay with the service, which is reported with them and frees them. */
	list_for_each_entry(vip, &live->vips, sibling) {
		svcnat_htable_del(&sn->vips, &vip->node);
		vip_out(txn, vip);
	}
	svcnat_htable_del(&sn->services, &live->node);
	list_move_tail(&live->txn_link, &txn->removed);
	svcnat_set_withdraw(set_locked(live, sn), live);
	sn->cutting |= live->cutting;
	live->event = SVCNAT_EVENT_REMOVED;
	live->n_added = 0;
	live->n_removed = set_locked(live, sn)->n;
	sn->n_backends -= live->n_removed;
}

/* Frontends a changed service no longer has. */
static void vips_withdraw(struct svcnat_txn *txn, struct svcnat_service *live,
			  struct svcnat_service *staged)
{
	struct svcnat_vip *vip, *tmp;

	list_for_each_entry_safe(vip, tmp, &live->vips, sibling) {
		if (!vip->keep) {
			svcnat_htable_del(&txn->sn->vips, &vip->node);
			vip_out(txn, vip);
			list_move(&vip->sibling, &txn->dead);
			staged->event = SVCNAT_EVENT_CHANGED;
		}
		vip->keep = false;
	}
	if (live->lost == txn->sn->attempts && staged->event < 0)
		staged->event = SVCNAT_EVENT_CHANGED;
}

/* With SVCNAT_TXN_F_REPLACE: services the transaction did not name. */
static void rest_withdraw(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;
	const struct svcnat_buckets *b = rcu_dereference_protected(sn->services.buckets,
								   lockdep_is_held(&sn->lock));
	struct svcnat_hnode *n;
	u32 i;

	svcnat_htable_for_each_all(i, n, b) {
		struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

		if (svc->touched != sn->attempts)
			service_withdraw(txn, svc);
		cond_resched();
	}
}

static void publish(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *svc, *tmp, *live;

	if (txn->config)
		txn->config = rcu_replace_pointer(sn->config, txn->config,
						  lockdep_is_held(&sn->lock));
	list_for_each_entry(svc, &txn->services, txn_link) {
		if (set_locked(svc, sn))
			service_publish(txn, svc);
		cond_resched();
	}
	list_for_each_entry_safe(svc, tmp, &txn->services, txn_link) {
		live = svc->live ?: svcnat_service_find(&sn->services, svc->name, svc->family,
							svc->proto);
		if (set_locked(svc, sn))
			vips_withdraw(txn, live, svc);
		else
			service_withdraw(txn, live);
		cond_resched();
	}
	if (txn->flags & SVCNAT_TXN_F_REPLACE)
		rest_withdraw(txn);
	sn->generation++;
}

static u32 changes_count(const struct svcnat_txn *txn)
{
	const struct svcnat_service *svc;
	u32 n = 0;

	list_for_each_entry(svc, &txn->services, txn_link)
		n += svc->event >= 0;
	list_for_each_entry(svc, &txn->removed, txn_link)
		n++;
	return n;
}

/**
 * svcnat_commit - make a transaction so, or not at all
 * @txn: transaction, mutex held
 * @apply_id: SVCNAT_APPLY_ID_LEN bytes to keep with the generation, or NULL
 * @extack: for the reason
 *
 * Return: 0, and the transaction holds what changed: the caller reports it, then
 * calls svcnat_txn_retire(). Or a negative errno, nothing changed: the caller
 * calls svcnat_txn_abort().
 */
int svcnat_commit(struct svcnat_txn *txn, const u8 *apply_id, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	int err;

	lockdep_assert_held(&sn->lock);
	err = prepare(txn, extack);
	if (err)
		return err;
	publish(txn);
	svcnat_flow_changed(sn);
	/* After both: what packets remember of before (memo.h) ends with their grace period. */
	sn->published = get_state_synchronize_rcu();
	txn->n_changes = changes_count(txn);
	sn->has_apply_id = apply_id;
	if (apply_id)
		memcpy(sn->apply_id, apply_id, SVCNAT_APPLY_ID_LEN);
	return 0;
}
