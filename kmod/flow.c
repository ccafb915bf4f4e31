// SPDX-License-Identifier: GPL-2.0
/*
 * The record of a connection; see flow.h.
 *
 * It is attached right before the entry is confirmed, in our last hook, and counted
 * only if that succeeds: entries that a rule drops before, or that lose a race for
 * their tuple, end without a callback. From then on conntrack calls flow_end() when
 * the entry goes, whoever takes it away. Both the end and a sweep fold traffic into
 * the backend, under the entry's own lock.
 */

#include <linux/slab.h>
#include <net/netfilter/nf_conntrack_acct.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_l4proto.h>

#include "compat.h"
#include "decide.h"
#include "eject.h"
#include "flow.h"
#include "trace.h"

/* How far a counter went since it was looked at; "conntrack -z" takes it back to 0. */
static u64 advance(u64 *was, u64 now)
{
	u64 more = now >= *was ? now - *was : now;

	*was = now;
	return more;
}

/* Counts for the backend what came since @f. The entry's lock held. */
static void fold(const struct nf_conn *ct, struct svcnat_folded *f)
{
	const struct nf_conn_acct *acct = nf_conn_acct_find(ct);
	int dir;

	lockdep_assert_held(&ct->lock);
	for (dir = 0; acct && dir < IP_CT_DIR_MAX; dir++) {
		const struct nf_conn_counter *c = &acct->counter[dir];

		atomic64_add(advance(&f->packets[dir], atomic64_read(&c->packets)),
			     &f->backend->packets[dir]);
		atomic64_add(advance(&f->bytes[dir], atomic64_read(&c->bytes)),
			     &f->backend->bytes[dir]);
	}
}

/* What was folded so far; NULL if it is over, or there is no memory to write it down. */
static struct svcnat_folded *folded_get(struct svcnat_flow *flow)
{
	struct svcnat_folded *f = svcnat_flow_folded(flow->to);

	if (f || !flow->to)
		return f;
	f = kzalloc(sizeof(*f), GFP_ATOMIC | __GFP_NOWARN);
	if (!f)
		return NULL;
	f->backend = (struct svcnat_backend *)flow->to;
	/* Its backend ahead of it; readers follow the address. */
	smp_store_release(&flow->to, (unsigned long)f | SVCNAT_FLOW_FOLDED);
	return f;
}

/**
 * svcnat_flow_fold - count for the backend what a live connection carried
 * @ct: entry
 * @flow: its record
 *
 * Without memory it is counted at the next time, or at the end. Any context, under RCU.
 */
void svcnat_flow_fold(struct nf_conn *ct, struct svcnat_flow *flow)
{
	struct svcnat_folded *f;

	spin_lock_bh(&ct->lock);
	f = folded_get(flow);
	if (f)
		fold(ct, f);
	spin_unlock_bh(&ct->lock);
}

/* The only answer was a reset: conntrack ends such an entry before anybody else sees it. */
static bool refused(const struct nf_conn *ct)
{
	return ct->proto.tcp.state == TCP_CONNTRACK_CLOSE &&
	       ct->proto.tcp.last_dir == IP_CT_DIR_REPLY;
}

/*
 * A TCP client that was refused, or gave up without an answer: a handshake that failed,
 * if there was time for one. Whoever sends what is no SYN, or ends it himself, charges
 * nobody.
 */
static void unanswered(const struct nf_conn *ct, u32 state, struct svcnat_backend *b)
{
	const struct nf_conntrack_tuple *flow = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct svcnat_net *sn = svcnat_net_of(nf_ct_net(ct));
	const struct svcnat_vip *vip;

	if (!(state & SVCNAT_FLOW_SYN) || !(svcnat_flow_waited(state) || refused(ct)))
		return;
	vip = svcnat_frontend_find(sn, flow);
	if (vip && svcnat_backend_picked(b))
		svcnat_handshake_failed(sn, vip, b);
}

/* The last word of a connection to its backend. The entry's lock held. */
static struct svcnat_backend *release(struct nf_conn *ct, struct svcnat_flow *flow)
{
	struct svcnat_folded whole = { .backend = svcnat_flow_backend(flow) };
	struct svcnat_folded *f = svcnat_flow_folded(flow->to);

	lockdep_assert_held(&ct->lock);
	if (!whole.backend)
		return NULL;
	fold(ct, f ?: &whole);
	WRITE_ONCE(flow->to, 0);
	if (f)
		kfree_rcu(f, rcu);
	return whole.backend;
}

/* Takes the record away; the entry goes or we do. */
static struct svcnat_backend *detach(struct nf_conn *ct, struct nf_conn_help *help)
{
	struct svcnat_backend *b;

	spin_lock_bh(&ct->lock);
	b = release(ct, (struct svcnat_flow *)help->data);
	if (rcu_access_pointer(help->helper) == &svcnat_flow_helper)
		RCU_INIT_POINTER(help->helper, NULL);
	spin_unlock_bh(&ct->lock);
	return b;
}

/**
 * svcnat_flow_close - a connection is over, its entry stays for a while
 * @ct: entry
 * @flow: its record
 *
 * Any context, under RCU.
 */
void svcnat_flow_close(struct nf_conn *ct, struct svcnat_flow *flow)
{
	struct svcnat_backend *b;

	spin_lock_bh(&ct->lock);
	b = release(ct, flow);
	spin_unlock_bh(&ct->lock);
	if (b)
		svcnat_backend_put(b);
}

/* Conntrack: the entry goes. Under RCU, softirq or process context. */
static void flow_end(struct nf_conn *ct)
{
	struct svcnat_flow *flow = svcnat_flow_of(ct);
	struct svcnat_backend *b = flow ? detach(ct, nfct_help(ct)) : NULL;

	if (flow && READ_ONCE(flow->state) & SVCNAT_FLOW_CACHED)
		svcnat_cache_forget(&svcnat_net_of(nf_ct_net(ct))->cache, ct);
	if (!b)
		return;
	unanswered(ct, READ_ONCE(flow->state), b);
	svcnat_backend_put(b);
}

static int flow_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		     enum ip_conntrack_info ctinfo)
{
	return NF_ACCEPT;
}

struct nf_conntrack_helper svcnat_flow_helper = {
	.name = "svcnat",
	.me = THIS_MODULE,
	.help = flow_help,
	.destroy = flow_end,
	SVCNAT_HELPER_REFS_INIT
	SVCNAT_HELPER_POLICY_INIT
};

/* Packets and bytes, also where net.netfilter.nf_conntrack_acct is off. */
static void acct_begin(struct nf_conn *ct, const struct sk_buff *skb)
{
	if (nf_conn_acct_find(ct) || !nf_ct_ext_add(ct, NF_CT_EXT_ACCT, GFP_ATOMIC))
		return;
	nf_ct_acct_add(ct, IP_CT_DIR_ORIGINAL, 1, skb->len);
}

/*
 * Nothing here judges packets, so a sequence number conntrack did not expect is no
 * reason to call one invalid and leave it untranslated.
 */
static void be_liberal(struct nf_conn *ct)
{
	if (nf_ct_protonum(ct) != IPPROTO_TCP)
		return;
	ct->proto.tcp.seen[IP_CT_DIR_ORIGINAL].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	ct->proto.tcp.seen[IP_CT_DIR_REPLY].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
}

static u32 first_state(const struct nf_conn *ct)
{
	if (nf_ct_protonum(ct) != IPPROTO_TCP ||
	    ct->proto.tcp.state != TCP_CONNTRACK_SYN_SENT)
		return 0;
	return svcnat_flow_moment() | SVCNAT_FLOW_SYN;
}

/* Nothing may be added to the entry from here on: that may move the record. */
static struct nf_conn_help *attach(struct nf_conn *ct, struct svcnat_backend *backend, u32 gen)
{
	struct nf_conn_help *help = nfct_help(ct);
	struct svcnat_flow *flow;

	if (help)
		memset(help->data, 0, sizeof(help->data));
	else
		help = nf_ct_helper_ext_add(ct, GFP_ATOMIC);
	if (!help)
		return NULL;
	flow = (struct svcnat_flow *)help->data;
	flow->to = (unsigned long)backend;
	flow->gen = gen;
	flow->state = first_state(ct);
	svcnat_helper_hold(&svcnat_flow_helper);
	rcu_assign_pointer(help->helper, &svcnat_flow_helper);
	return help;
}

/*
 * Takes the record off an entry that was not confirmed by itself, and its reference. Not
 * to be looked for: conntrack hides what an entry carries once a helper of somebody was
 * unregistered before the entry was confirmed.
 */
static void withdraw(struct nf_conn *ct, struct nf_conn_help *help)
{
	struct svcnat_backend *b = detach(ct, help);

	if (b)
		svcnat_backend_put(b);
}

/*
 * Confirms; false if this entry is not what its packets will find: dropped, merged into
 * one that was faster, or the reply half of a flow of which another packet was faster.
 */
static bool confirm(struct sk_buff *skb, struct nf_conn *ct, unsigned int *verdict)
{
	*verdict = nf_conntrack_confirm(skb);
	return *verdict == NF_ACCEPT && skb_nfct(skb) == &ct->ct_general &&
	       !(ct->status & IPS_NAT_CLASH);
}

/**
 * svcnat_flow_confirm - confirm a connection and count it
 * @sn: namespace
 * @skb: its first packet, in the last hook
 * @ct: its entry, not confirmed
 * @svc: service
 * @backend: where it goes, found under RCU; NULL if it left the set meanwhile
 * @gen: &svcnat_net.flow_gen from before @backend was found
 *
 * Return: netfilter verdict.
 */
unsigned int svcnat_flow_confirm(struct svcnat_net *sn, struct sk_buff *skb, struct nf_conn *ct,
				 struct svcnat_service *svc, struct svcnat_backend *backend,
				 u32 gen)
{
	struct nf_conn_help *help = NULL;
	unsigned int verdict;

	acct_begin(ct, skb);
	be_liberal(ct);
	if (backend && !svcnat_flow_taken(ct) && refcount_inc_not_zero(&backend->refs)) {
		help = attach(ct, backend, gen);
		if (!help) {
			svcnat_backend_put(backend);
			return NF_DROP;
		}
	}
	/* Merged into another, it would be gone. */
	nf_conntrack_get(&ct->ct_general);
	/* Active ahead of the look at cut_at; pairs with carry.c's cut_set(). */
	smp_mb__after_atomic();
	if (confirm(skb, ct, &verdict)) {
		if (help && unlikely(READ_ONCE(backend->cut_at)))
			svcnat_sweep_soon(sn);
		atomic64_inc(help ? &backend->connections : &svc->stats[SVCNAT_SERVICE_STRAYS]);
		svcnat_stat_inc(sn->stats, SVCNAT_STAT_CONNECTIONS);
	} else if (help) {
		withdraw(ct, help);
	}
	nf_ct_put(ct);
	return verdict;
}

static int flow_forget(struct nf_conn *ct, void *data)
{
	rcu_read_lock();
	if (svcnat_flow_of(ct))
		withdraw(ct, nfct_help(ct));
	rcu_read_unlock();
	return 0;
}

/* Somebody may ask for some, by netlink. They name the helper. */
static bool is_our_expectation(struct nf_conntrack_expect *exp, void *data)
{
	return rcu_access_pointer(exp->helper) == &svcnat_flow_helper;
}

/**
 * svcnat_flow_net_exit - take our records off all connections of a namespace
 * @sn: namespace whose packets we no longer see, since a grace period
 *
 * They go on without us. May sleep.
 */
void svcnat_flow_net_exit(struct svcnat_net *sn)
{
	const struct nf_ct_iter_data all = { .net = sn->net };

	if (!sn->followed)
		return;
	nf_ct_iterate_cleanup_net(flow_forget, &all);
	/*
	 * For flow_end() on other CPUs, which looks at services and backends, and for who
	 * saw our helper on an entry and is about to expect something by it.
	 */
	synchronize_rcu();
	nf_ct_expect_iterate_net(sn->net, is_our_expectation, NULL, 0, 0);
}
