// SPDX-License-Identifier: GPL-2.0
/*
 * Committing a transaction: prepare() does all that can fail and changes nothing
 * a packet or a reader could see, publish() cannot fail.
 *
 * Packets run beside publish(). Whatever they find at any moment must be whole: a
 * frontend leads to a set that has what it asks for, one that changes hands, or what it
 * asks for, is replaced in one step and never missing, and nothing taken off a table is
 * freed before a grace period (svcnat_txn_drop()).
 *
 * Both may take long and yield between services.
 */

#include <linux/sched.h>
#include <linux/slab.h>

#include "flow.h"
#include "txn.h"

static struct svcnat_service *service_of(const struct svcnat_net *sn, const struct svcnat_vip *vip)
{
	return rcu_dereference_protected(vip->set, lockdep_is_held(&sn->lock))->svc;
}

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

/* Finds what each change is going to replace or remove. */
static int lookup_live(struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_change *c;

	list_for_each_entry(c, &txn->changes, link) {
		c->live = svcnat_service_find(&sn->services, c->staged->name, c->staged->family,
					      c->staged->proto);
		if (c->live)
			c->live->touched = sn->attempts;
		if (c->removes && !c->live) {
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
	const struct svcnat_change *c;
	const struct svcnat_vip *vip, *held;

	if (txn->flags & SVCNAT_TXN_F_REPLACE)
		return 0;
	list_for_each_entry(c, &txn->changes, link) {
		for (vip = c->staged->vips; vip; vip = vip->sibling) {
			held = svcnat_vip_find(&sn->vips, &vip->key);
			if (held && service_of(sn, held)->touched != sn->attempts) {
				NL_SET_ERR_MSG(extack, "frontend is held by another service");
				return -EADDRINUSE;
			}
		}
		cond_resched();
	}
	return 0;
}

static int prepare_set(struct svcnat_net *sn, struct svcnat_change *c)
{
	struct svcnat_set *set = c->staged->set;
	int err = svcnat_set_arrange(set);

	if (!err && c->live) {
		svcnat_gone_prune(&c->live->gone, sn->published);
		err = svcnat_carry_prepare(&c->carry, set, c->live->set, c->live->gone);
	}
	/* Those that ask for affinity need what pins go by, on the service packets will see. */
	if (!err && set->settings.affinity_seconds)
		err = svcnat_pins_prepare(&sn->pins, c->live ?: c->staged);
	return err;
}

static int prepare_sets(const struct svcnat_txn *txn)
{
	struct svcnat_change *c;
	int err = 0;

	list_for_each_entry(c, &txn->changes, link) {
		if (!c->removes)
			err = prepare_set(txn->sn, c);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* With SVCNAT_TXN_F_REPLACE: services the transaction did not name are to go. */
static int prepare_rest(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;
	const struct svcnat_buckets *b = rcu_dereference_protected(sn->services.buckets,
								   lockdep_is_held(&sn->lock));
	struct svcnat_change *c;
	struct svcnat_hnode *n;
	u32 i;

	if (!(txn->flags & SVCNAT_TXN_F_REPLACE))
		return 0;
	svcnat_htable_for_each_all(i, n, b) {
		struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

		cond_resched();
		if (svc->touched == sn->attempts)
			continue;
		c = svcnat_txn_change_add(txn);
		if (!c)
			return -ENOMEM;
		c->live = svc;
		c->removes = true;
	}
	return 0;
}

/*
 * Room on all tables. That of services comes last: once it moved, a dump that is
 * under way only stays whole if the generation changes.
 */
static int reserve(const struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;

	return svcnat_htable_reserve(&sn->vips, sn->vips.count + txn->n_vips) ?:
	       svcnat_htable_reserve(&sn->addresses, sn->addresses.count + txn->n_vips) ?:
	       svcnat_htable_reserve(&sn->services, sn->services.count + txn->n_services);
}

static int prepare(struct svcnat_txn *txn, struct netlink_ext_ack *extack)
{
	struct svcnat_net *sn = txn->sn;
	int err;

	err = check_turn(txn, extack);
	if (err)
		return err;
	sn->attempts++;
	err = lookup_live(txn, extack) ?: check_vips(txn, extack) ?: prepare_sets(txn) ?:
	      prepare_rest(txn);
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

/* ClusterIPs as such are there as long as any frontend is on them. */
static void address_get(struct svcnat_txn *txn, const struct svcnat_key *key)
{
	struct svcnat_htable *t = &txn->sn->addresses;
	struct svcnat_address *a = svcnat_address_find(t, key->family, &key->addr);

	if (!a) {
		a = svcnat_address_pop(&txn->spare[key->family == AF_INET6]);
		svcnat_address_set(a, &key->addr);
		svcnat_htable_add(t, &a->node);
	}
	a->users++;
}

static void address_put(struct svcnat_txn *txn, const struct svcnat_key *key)
{
	struct svcnat_htable *t = &txn->sn->addresses;
	struct svcnat_address *a = svcnat_address_find(t, key->family, &key->addr);

	if (--a->users)
		return;
	svcnat_htable_del(t, &a->node);
	svcnat_address_push(&txn->unused, a);
}

static void vip_in(struct svcnat_txn *txn, struct svcnat_service *svc, struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;

	svcnat_vip_push(&svc->vips, vip);
	svc->n_vips++;
	vip->keep = true;
	sn->n_vips++;
	if (vip->kind == SVCNAT_FRONTEND_NODE_PORT)
		WRITE_ONCE(sn->n_nodeports, sn->n_nodeports + 1);
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		address_get(txn, &vip->key);
}

/* Off the counts; the table and the list it is on are the caller's business. */
static void vip_out(struct svcnat_txn *txn, struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;

	service_of(sn, vip)->n_vips--;
	sn->n_vips--;
	if (vip->kind == SVCNAT_FRONTEND_NODE_PORT)
		WRITE_ONCE(sn->n_nodeports, sn->n_nodeports - 1);
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		address_put(txn, &vip->key);
}

static void vip_unlink(struct svcnat_vip **list, const struct svcnat_vip *vip)
{
	while (*list != vip)
		list = &(*list)->sibling;
	*list = vip->sibling;
}

/* @vip, on no list, takes the place of @old. */
static void vip_replace(struct svcnat_txn *txn, struct svcnat_service *svc,
			struct svcnat_vip *old, struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *was = service_of(sn, old);

	svcnat_htable_replace(&sn->vips, &old->node, &vip->node);
	vip_in(txn, svc, vip);
	vip_out(txn, old);
	vip_unlink(&was->vips, old);
	svcnat_vip_push(&txn->dead, old);
	was->lost = was != svc;
}

/* @vip was staged and is on no list. Returns whether that changed anything. */
static bool vip_publish(struct svcnat_txn *txn, struct svcnat_service *svc,
			struct svcnat_vip *vip)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_vip *old = svcnat_vip_find(&sn->vips, &vip->key);

	if (old && service_of(sn, old) == svc && old->kind == vip->kind &&
	    old->flags == vip->flags) {
		rcu_assign_pointer(old->set, svc->set);
		old->keep = true;
		svcnat_vip_push(&txn->dead, vip);
		return false;
	}
	/*
	 * It sits on the transaction's own table, which nobody walks any more;
	 * the links are free to be used again.
	 */
	RCU_INIT_POINTER(vip->set, svc->set);
	if (old) {
		vip_replace(txn, svc, old, vip);
	} else {
		svcnat_htable_add(&sn->vips, &vip->node);
		vip_in(txn, svc, vip);
	}
	return true;
}

static bool vips_publish(struct svcnat_txn *txn, struct svcnat_service *svc,
			 struct svcnat_vip *staged)
{
	struct svcnat_vip *vip;
	bool changed = false;

	while ((vip = svcnat_vip_pop(&staged)))
		changed |= vip_publish(txn, svc, vip);
	return changed;
}

/* Swaps the sets. The change then holds the old one, which frontends still lead to. */
static void set_replace(struct svcnat_txn *txn, struct svcnat_change *c)
{
	struct svcnat_set *new = c->staged->set, *old = c->live->set;

	svcnat_carry_over(&c->carry, new, old, &c->live->gone);
	c->n_added = new->n - c->carry.carried;
	c->n_removed = old->n - c->carry.carried;
	if (c->carry.changed || !svcnat_set_same(new, old))
		c->event = SVCNAT_EVENT_CHANGED;
	txn->sn->n_backends += c->n_added - c->n_removed;
	txn->sn->cutting |= c->carry.cutting;

	new->svc = c->live;
	c->live->set = new;
	c->staged->set = NULL;
	c->replaced = old;
}

static void service_change(struct svcnat_txn *txn, struct svcnat_change *c)
{
	struct svcnat_vip *vips = c->staged->vips;

	c->staged->vips = NULL;
	set_replace(txn, c);
	if (vips_publish(txn, c->live, vips))
		c->event = SVCNAT_EVENT_CHANGED;
}

static void service_add(struct svcnat_txn *txn, struct svcnat_change *c)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_service *svc = c->staged;
	struct svcnat_vip *vips = svc->vips;

	svc->vips = NULL;
	svc->n_vips = 0;
	svc->touched = sn->attempts;
	svcnat_htable_add(&sn->services, &svc->node);
	vips_publish(txn, svc, vips);
	c->event = SVCNAT_EVENT_ADDED;
	c->n_added = svc->set->n;
	sn->n_backends += c->n_added;
	c->live = svc;
	c->staged = NULL;
}

static void service_withdraw(struct svcnat_txn *txn, struct svcnat_change *c)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_set *set = c->live->set;
	struct svcnat_vip *vip;

	/* They stay with the service, which is reported with them and frees them. */
	for (vip = c->live->vips; vip; vip = vip->sibling) {
		svcnat_htable_del(&sn->vips, &vip->node);
		vip_out(txn, vip);
	}
	svcnat_htable_del(&sn->services, &c->live->node);
	svcnat_carry_none(&c->carry, set, c->live->gone);
	sn->cutting |= c->carry.cutting;
	c->event = SVCNAT_EVENT_REMOVED;
	c->n_removed = set->n;
	sn->n_backends -= c->n_removed;
}

/* Frontends a service that stays no longer has. */
static void vips_withdraw(struct svcnat_txn *txn, struct svcnat_change *c)
{
	struct svcnat_vip **at = &c->live->vips, *vip;

	while ((vip = *at)) {
		if (vip->keep) {
			vip->keep = false;
			at = &vip->sibling;
			continue;
		}
		*at = vip->sibling;
		svcnat_htable_del(&txn->sn->vips, &vip->node);
		vip_out(txn, vip);
		svcnat_vip_push(&txn->dead, vip);
		c->event = SVCNAT_EVENT_CHANGED;
	}
	if (c->live->lost && c->event < 0)
		c->event = SVCNAT_EVENT_CHANGED;
	c->live->lost = false;
}

/* All that stay have their frontends before one that another may have taken goes. */
static void publish(struct svcnat_txn *txn)
{
	struct svcnat_net *sn = txn->sn;
	struct svcnat_change *c;

	if (txn->config)
		txn->config = rcu_replace_pointer(sn->config, txn->config,
						  lockdep_is_held(&sn->lock));
	list_for_each_entry(c, &txn->changes, link) {
		if (!c->removes && c->live)
			service_change(txn, c);
		else if (!c->removes)
			service_add(txn, c);
		cond_resched();
	}
	list_for_each_entry(c, &txn->changes, link) {
		if (c->removes)
			service_withdraw(txn, c);
		else
			vips_withdraw(txn, c);
		cond_resched();
	}
	sn->generation++;
}

static u32 changes_count(const struct svcnat_txn *txn)
{
	const struct svcnat_change *c;
	u32 n = 0;

	list_for_each_entry(c, &txn->changes, link)
		n += c->event >= 0;
	return n;
}

/**
 * svcnat_commit - make a transaction so, or not at all
 * @txn: transaction, mutex held
 * @apply_id: SVCNAT_APPLY_ID_LEN bytes to keep with the generation, or NULL
 * @extack: for the reason
 *
 * Return: 0, and the transaction holds what changed: the caller reports it. Or a
 * negative errno, and nothing changed. Then, the caller calls svcnat_txn_drop().
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
