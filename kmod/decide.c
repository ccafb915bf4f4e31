// SPDX-License-Identifier: GPL-2.0
/* What to do with a new flow; see decide.h. Everything runs under RCU, lock-free. */

#include <linux/inetdevice.h>
#include <linux/netfilter_ipv6.h>
#include <net/route.h>

#include "decide.h"
#include "pick.h"

static bool addr_is_local(struct net *net, u8 family, const union nf_inet_addr *addr)
{
	if (family == AF_INET)
		return inet_addr_type(net, addr->ip) == RTN_LOCAL;
	return nf_ipv6_chk_addr(net, &addr->in6, NULL, 0);
}

static const struct svcnat_config *config_of(const struct svcnat_net *sn)
{
	return rcu_dereference(sn->config);
}

static const struct svcnat_vip *nodeport_find(const struct svcnat_net *sn,
					      const struct svcnat_key *key,
					      enum svcnat_reason *why_not)
{
	struct svcnat_key port = svcnat_key_nodeport(key);
	const struct svcnat_vip *vip;

	if (!READ_ONCE(sn->n_nodeports))
		return NULL;
	vip = svcnat_vip_find(&sn->vips, &port);
	if (!vip)
		return NULL;
	if (svcnat_prefixes_have(&config_of(sn)->nodeport, key->family, &key->addr) &&
	    addr_is_local(sn->net, key->family, &key->addr))
		return vip;
	*why_not = SVCNAT_REASON_NOT_NODEPORT_ADDR;
	return NULL;
}

/**
 * svcnat_frontend_find - the frontend a flow is sent to
 * @sn: namespace
 * @flow: tuple of its first packet, as received
 * @why_not: set when there is none
 *
 * Return: the frontend or NULL.
 */
const struct svcnat_vip *svcnat_frontend_find(const struct svcnat_net *sn,
					      const struct nf_conntrack_tuple *flow,
					      enum svcnat_reason *why_not)
{
	struct svcnat_key key = svcnat_key_of(flow), address;
	const struct svcnat_vip *vip = NULL;

	*why_not = SVCNAT_REASON_NO_FRONTEND;
	/* Ports of other protocols (an ICMP id) are not ports, no address is a node port's key. */
	if ((key.proto == IPPROTO_TCP || key.proto == IPPROTO_UDP) && svcnat_key_has_address(&key))
		vip = svcnat_vip_find(&sn->vips, &key) ?: nodeport_find(sn, &key, why_not);
	if (vip)
		return vip;
	address = svcnat_key_address(&key);
	if (svcnat_vip_find(&sn->vips, &address))
		*why_not = SVCNAT_REASON_UNUSED_PORT;
	return NULL;
}

/* Policy Local does not hold for Pods and the node itself, but on a ClusterIP it does. */
static bool policy_local(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			 const struct nf_conntrack_tuple *flow)
{
	if (!(vip->flags & SVCNAT_FRONTEND_F_LOCAL))
		return false;
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		return true;
	return !svcnat_prefixes_have(&config_of(sn)->cluster, flow->src.l3num, &flow->src.u3) &&
	       !addr_is_local(sn->net, flow->src.l3num, &flow->src.u3);
}

/**
 * svcnat_masq_why - is the source of a flow to be rewritten
 * @sn: namespace
 * @vip: frontend it was sent to
 * @flow: tuple of its first packet, as received
 * @to: address of the backend it goes to
 *
 * Holds for a flow that passes POSTROUTING, see svcnat_leaves_node().
 *
 * Return: SVCNAT_MASQ_NO or the reason why it is.
 */
enum svcnat_masq svcnat_masq_why(const struct svcnat_net *sn, const struct svcnat_vip *vip,
				 const struct nf_conntrack_tuple *flow,
				 const union nf_inet_addr *to)
{
	const struct svcnat_prefixes *cluster = &config_of(sn)->cluster;
	u8 family = flow->src.l3num;

	if (nf_inet_addr_cmp(&flow->src.u3, to))
		return SVCNAT_MASQ_HAIRPIN;
	if (vip->kind != SVCNAT_FRONTEND_CLUSTER_IP) {
		if (!(vip->flags & SVCNAT_FRONTEND_F_LOCAL))
			return SVCNAT_MASQ_EXTERNAL;
		return addr_is_local(sn->net, family, &flow->src.u3) ? SVCNAT_MASQ_NODE :
								       SVCNAT_MASQ_NO;
	}
	if (svcnat_prefixes_of_family(cluster, family) &&
	    !svcnat_prefixes_have(cluster, family, &flow->src.u3))
		return SVCNAT_MASQ_OFF_CLUSTER;
	return SVCNAT_MASQ_NO;
}

/**
 * svcnat_leaves_node - does a flow pass POSTROUTING
 * @sn: namespace
 * @flow: tuple of its first packet, as received
 * @to: address of the backend it goes to
 *
 * Return: false if it comes from elsewhere and ends here, in INPUT.
 */
bool svcnat_leaves_node(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
			const union nf_inet_addr *to)
{
	return !addr_is_local(sn->net, flow->src.l3num, to) ||
	       addr_is_local(sn->net, flow->src.l3num, &flow->src.u3);
}

static void decide(struct svcnat_decision *d, enum svcnat_verdict verdict,
		   enum svcnat_reason reason)
{
	d->verdict = verdict;
	d->reason = reason;
}

/*
 * The frontend and the set of its service, which are read one after the other.
 * False if the frontend may be older than the set: look once more.
 */
static bool find_pair(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
		      struct svcnat_decision *d, enum svcnat_reason *why_not)
{
	d->vip = svcnat_frontend_find(sn, flow, why_not);
	if (!d->vip)
		return true;
	d->set = rcu_dereference(d->vip->service->set);
	smp_rmb();	/* pairs with rcu_assign_pointer() in set_publish() */
	return !READ_ONCE(d->vip->stale);
}

/**
 * svcnat_decide - what to do with a new flow
 * @sn: namespace
 * @flow: tuple of its first packet, as received
 * @d: out
 *
 * Softirq or process context, under RCU.
 */
void svcnat_decide(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
		   struct svcnat_decision *d)
{
	enum svcnat_reason why_not;

	memset(d, 0, sizeof(*d));
	if (!find_pair(sn, flow, d, &why_not))
		find_pair(sn, flow, d, &why_not);
	if (!d->vip) {
		decide(d, why_not == SVCNAT_REASON_UNUSED_PORT ? SVCNAT_REJECT : SVCNAT_PASS,
		       why_not);
		return;
	}
	d->local = policy_local(sn, d->vip, flow);
	d->candidates = svcnat_pick_count(d->set, d->local);
	d->backend = svcnat_pick(d->set, d->local);
	if (d->backend)
		decide(d, SVCNAT_DNAT, SVCNAT_REASON_PICKED);
	else if (d->local && svcnat_pick_count(d->set, false))
		decide(d, SVCNAT_DROP, SVCNAT_REASON_NO_LOCAL_ENDPOINTS);
	else
		decide(d, SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS);
}
