// SPDX-License-Identifier: GPL-2.0
/*
 * Walks over all connections of a namespace, in process context: when a reader wants
 * counters that are up to date, and when connections are to be cut that may be silent.
 *
 * A walk takes time in proportion to conntrack's table. So a commit asks for one only
 * if it leaves connections to be cut, and packets need none: they see a commit by
 * &svcnat_net.flow_gen. But one that begins while its backend is leaving asks for itself.
 */

#include <linux/slab.h>
#include <net/netfilter/nf_conntrack.h>

#include "deadline.h"
#include "flow.h"
#include "reset.h"

#define BATCH_FIRST	256
#define BATCH_MAX	65536

/**
 * struct sweep - a walk
 * @sn: namespace
 * @next: soonest moment (jiffies) something is to be cut, 0 for none
 * @more: there was no room for all
 * @n: entries in @cut
 * @room: in @cut
 * @cut: connections to tell their ends of, with a reference each
 */
struct sweep {
	struct svcnat_net	*sn;
	u32			next;
	bool			more;
	u32			n;
	u32			room;
	struct nf_conn		**cut;
};

static void look_at(struct sweep *s, struct nf_conn *ct, struct svcnat_flow *flow,
		    const struct svcnat_backend *b)
{
	u32 at = READ_ONCE(b->cut_at);

	if (!at || nf_ct_protonum(ct) == IPPROTO_UDP ||
	    READ_ONCE(flow->state) & SVCNAT_FLOW_CUT)
		return;
	if (!svcnat_jiffies_passed(at)) {
		if (!s->next || (s32)(at - s->next) < 0)
			s->next = at;
	} else if (s->n == s->room) {
		s->more = true;
	} else {
		svcnat_cut(s->sn, ct, flow);
		nf_conntrack_get(&ct->ct_general);
		s->cut[s->n++] = ct;
	}
}

static int sweep_one(struct nf_conn *ct, void *data)
{
	const struct svcnat_backend *b;
	struct svcnat_flow *flow;

	rcu_read_lock();
	flow = svcnat_flow_of(ct);
	b = flow ? svcnat_flow_backend(flow) : NULL;
	if (b)
		look_at(data, ct, flow, b);
	rcu_read_unlock();
	return 0;
}

/* Room for more the next time, if there is memory for that. */
static bool sweep_grow(struct sweep *s, u32 room)
{
	struct nf_conn **cut = kvmalloc_array(room, sizeof(*cut), GFP_KERNEL);

	if (!cut)
		return false;
	kvfree(s->cut);
	s->cut = cut;
	s->room = room;
	return true;
}

static void sweep(struct sweep *s)
{
	const struct nf_ct_iter_data all = { .net = s->sn->net, .data = s };
	u32 i;

	do {
		s->n = 0;
		s->next = 0;
		s->more = false;
		nf_ct_iterate_cleanup_net(sweep_one, &all);
		for (i = 0; i < s->n; i++) {
			svcnat_reset_both(s->cut[i]);
			nf_ct_put(s->cut[i]);
			cond_resched();
		}
		if (s->more && s->room < BATCH_MAX)
			sweep_grow(s, 8 * s->room);
	} while (s->more && READ_ONCE(s->sn->hooked));
}

static void sweep_work(struct work_struct *work)
{
	struct svcnat_net *sn = container_of(to_delayed_work(work), struct svcnat_net, sweep);
	struct sweep s = { .sn = sn };
	unsigned long delay = HZ;

	if (sweep_grow(&s, BATCH_FIRST)) {
		sweep(&s);
		kvfree(s.cut);
		if (!s.next)
			return;
		delay = max_t(s32, s.next - (u32)jiffies, 0);
	}
	/* Does nothing if a commit asked meanwhile. */
	queue_delayed_work(svcnat_wq, &sn->sweep, delay);
}

static int fold_one(struct nf_conn *ct, void *data)
{
	struct svcnat_flow *flow;

	rcu_read_lock();
	flow = svcnat_flow_of(ct);
	if (flow)
		svcnat_flow_fold(ct, flow);
	rcu_read_unlock();
	return 0;
}

/**
 * svcnat_sweep_fold - bring the counters of backends up to date
 * @sn: namespace, mutex held
 */
void svcnat_sweep_fold(struct svcnat_net *sn)
{
	const struct nf_ct_iter_data all = { .net = sn->net };

	if (sn->hooked)
		nf_ct_iterate_cleanup_net(fold_one, &all);
}

/**
 * svcnat_sweep_soon - there is a connection to be cut that may be silent, now or later
 * @sn: namespace
 *
 * Any context.
 */
void svcnat_sweep_soon(struct svcnat_net *sn)
{
	mod_delayed_work(svcnat_wq, &sn->sweep, 0);
}

/**
 * svcnat_flow_changed - a commit was published: connections are to be looked at again
 * @sn: namespace, mutex held
 */
void svcnat_flow_changed(struct svcnat_net *sn)
{
	lockdep_assert_held(&sn->lock);
	/* After what they are going to look at; pairs with svcnat_flow_gen(). */
	smp_store_release(&sn->flow_gen, sn->flow_gen + 1);
	if (sn->cutting)
		svcnat_sweep_soon(sn);
	sn->cutting = false;
}

/**
 * svcnat_sweep_init - nothing is asked for yet
 * @sn: namespace
 */
void svcnat_sweep_init(struct svcnat_net *sn)
{
	INIT_DELAYED_WORK(&sn->sweep, sweep_work);
}

/**
 * svcnat_sweep_exit - no walk is under way any more, or will be
 * @sn: namespace that takes no commits any more
 */
void svcnat_sweep_exit(struct svcnat_net *sn)
{
	cancel_delayed_work_sync(&sn->sweep);
}
