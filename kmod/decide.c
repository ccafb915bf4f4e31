// SPDX-License-Identifier: GPL-2.0
/* What to do with a new flow; see decide.h. Everything runs under RCU, lock-free. */

#include <linux/prefetch.h>
#include <net/tcp_states.h>

#include "affinity.h"
#include "compat.h"
#include "decide.h"
#include "nodeport.h"
#include "pick.h"

static const struct svcnat_config *config_of(const struct svcnat_net *sn)
{
	return rcu_dereference(sn->config);
}

/* The node port a flow is sent to, whatever the address. */
static const struct svcnat_vip *nodeport_of(const struct svcnat_net *sn,
					    const struct svcnat_key *key)
{
	struct svcnat_key port = svcnat_key_nodeport(key);

	return READ_ONCE(sn->n_nodeports) ? svcnat_vip_find(&sn->vips, &port) : NULL;
}

/* Ports of other protocols (an ICMP id) are not ports, no address is a node port's key. */
static bool may_be_frontend(const struct svcnat_key *key)
{
	return svcnat_has_ports(key->proto) && svcnat_key_has_address(key);
}

/**
 * svcnat_frontend_find - the frontend a flow is sent to
 * @sn: namespace
 * @flow: tuple of its first packet, as received
 *
 * Return: the frontend or NULL. Under RCU.
 */
const struct svcnat_vip *svcnat_frontend_find(const struct svcnat_net *sn,
					      const struct nf_conntrack_tuple *flow)
{
	struct svcnat_key key = svcnat_key_of(flow);
	const struct svcnat_vip *vip;

	if (!may_be_frontend(&key))
		return NULL;
	vip = svcnat_vip_find(&sn->vips, &key);
	if (vip)
		return vip;
	vip = nodeport_of(sn, &key);
	return vip && svcnat_nodeport_serves(sn, &key) ? vip : NULL;
}

/* Why a flow is sent to no frontend. */
static enum svcnat_reason why_no_frontend(const struct svcnat_net *sn,
					  const struct nf_conntrack_tuple *flow)
{
	struct svcnat_key key = svcnat_key_of(flow);

	if (svcnat_address_find(&sn->addresses, key.family, &key.addr))
		return SVCNAT_REASON_UNUSED_PORT;
	if (svcnat_prefixes_have(&config_of(sn)->service, key.family, &key.addr) &&
	    !svcnat_addr_is_local(sn->net, key.family, &key.addr))
		return SVCNAT_REASON_UNALLOCATED;
	if (may_be_frontend(&key) && nodeport_of(sn, &key))
		return SVCNAT_REASON_NOT_NODEPORT_ADDR;
	return SVCNAT_REASON_NO_FRONTEND;
}

/* Is it a Pod: by the device it came through, if one is configured, else its address. */
static bool source_is_pod(const struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
			  const struct net_device *in)
{
	const struct svcnat_config *config = config_of(sn);

	if (config->pod_ifname_len)
		return in && !strncmp(in->name, config->pod_ifname, config->pod_ifname_len);
	return svcnat_prefixes_have(&config->cluster, flow->src.l3num, &flow->src.u3);
}

/* Can Pods be told from others at all. */
static bool knows_pods(const struct svcnat_net *sn, u8 family)
{
	const struct svcnat_config *config = config_of(sn);

	return config->pod_ifname_len || svcnat_prefixes_of_family(&config->cluster, family);
}

/* Policy Local does not hold for Pods and the node itself, but on a ClusterIP it does. */
static bool policy_local(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			 const struct nf_conntrack_tuple *flow, const struct net_device *in)
{
	if (!(vip->flags & SVCNAT_FRONTEND_F_LOCAL))
		return false;
	if (vip->kind == SVCNAT_FRONTEND_CLUSTER_IP)
		return true;
	return !source_is_pod(sn, flow, in) &&
	       !svcnat_addr_is_local(sn->net, flow->src.l3num, &flow->src.u3);
}

/* External frontend, policy Local: who gets an answer only if it comes back through us. */
static enum svcnat_masq masq_external_local(const struct svcnat_net *sn,
					    const struct nf_conntrack_tuple *flow,
					    const struct net_device *in)
{
	const struct svcnat_prefixes *node = &config_of(sn)->node;
	u8 family = flow->src.l3num;

	if (svcnat_addr_is_local(sn->net, family, &flow->src.u3))
		return SVCNAT_MASQ_NODE;
	if (source_is_pod(sn, flow, in) && svcnat_prefixes_of_family(node, family) &&
	    !svcnat_prefixes_have(node, family, &flow->src.u3))
		return SVCNAT_MASQ_OTHER_NODE;
	return SVCNAT_MASQ_NO;
}

/**
 * svcnat_masq_why - is the source of a flow to be rewritten
 * @sn: namespace
 * @vip: frontend it was sent to
 * @flow: tuple of its first packet, as received
 * @in: device it came through, NULL if the node sends it
 * @to: address of the backend it goes to
 *
 * Holds for a flow that passes POSTROUTING, see svcnat_leaves_node().
 *
 * Return: SVCNAT_MASQ_NO or the reason why it is.
 */
enum svcnat_masq svcnat_masq_why(const struct svcnat_net *sn, const struct svcnat_vip *vip,
				 const struct nf_conntrack_tuple *flow,
				 const struct net_device *in, const union nf_inet_addr *to)
{
	if (nf_inet_addr_cmp(&flow->src.u3, to))
		return SVCNAT_MASQ_HAIRPIN;
	if (vip->kind != SVCNAT_FRONTEND_CLUSTER_IP) {
		if (!(vip->flags & SVCNAT_FRONTEND_F_LOCAL))
			return SVCNAT_MASQ_EXTERNAL;
		return masq_external_local(sn, flow, in);
	}
	if (config_of(sn)->flags & SVCNAT_CONFIG_F_MASQUERADE_ALL)
		return SVCNAT_MASQ_ALL;
	if (knows_pods(sn, flow->src.l3num) && !source_is_pod(sn, flow, in))
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
	return !svcnat_addr_is_local(sn->net, flow->src.l3num, to) ||
	       svcnat_addr_is_local(sn->net, flow->src.l3num, &flow->src.u3);
}

static void decide(struct svcnat_decision *d, enum svcnat_verdict verdict,
		   enum svcnat_reason reason)
{
	d->verdict = verdict;
	d->reason = reason;
}

/* A socket of the node that is connected to the source. Under RCU. */
static bool socket_connected(struct net *net, const struct nf_conntrack_tuple *flow)
{
	struct sock *sk;

	if (flow->dst.protonum == IPPROTO_UDP) {
		sk = svcnat_udp_find(net, flow);
		return sk && sk->sk_state == TCP_ESTABLISHED;
	}
	if (flow->dst.protonum != IPPROTO_TCP)
		return false;
	sk = svcnat_tcp_find(net, flow);
	if (sk)
		sock_gen_put(sk);
	return sk;
}

/**
 * svcnat_yields - does a frontend leave a flow to a socket of the node
 * @sn: namespace
 * @vip: frontend the flow is sent to
 * @flow: tuple of its first packet, as received
 *
 * A node port may be the port of a connection the node made itself, before the port
 * was reserved, and that conntrack no longer knows.
 *
 * Return: whether it does. Under RCU.
 */
bool svcnat_yields(const struct svcnat_net *sn, const struct svcnat_vip *vip,
		   const struct nf_conntrack_tuple *flow)
{
	return vip->kind == SVCNAT_FRONTEND_NODE_PORT &&
	       socket_connected(sn->net, flow);
}

/**
 * svcnat_decide_elsewhere - could a flow go elsewhere
 * @sn: namespace
 * @vip: frontend it is sent to
 * @flow: tuple of its first packet, as received
 * @in: device it came through, NULL if the node sends it
 * @b: backend it goes to
 *
 * Return: whether there is another backend that may be picked. Under RCU.
 */
bool svcnat_decide_elsewhere(const struct svcnat_net *sn, const struct svcnat_vip *vip,
			     const struct nf_conntrack_tuple *flow,
			     const struct net_device *in, const struct svcnat_backend *b)
{
	return svcnat_pick_elsewhere(rcu_dereference(vip->set),
				     policy_local(sn, vip, flow, in), b);
}

static void pick(struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
		 const struct svcnat_backend *avoid, struct svcnat_decision *d)
{
	if (d->set->settings.affinity_seconds) {
		d->backend = svcnat_pin_find(&sn->pins, d->set->svc, d->set, d->local,
					     &flow->src.u3);
		if (d->backend && d->backend != avoid) {
			decide(d, SVCNAT_DNAT, SVCNAT_REASON_PINNED);
			return;
		}
	}
	d->backend = svcnat_pick(d->set, d->local, flow, avoid);
	if (d->backend)
		decide(d, SVCNAT_DNAT, SVCNAT_REASON_PICKED);
	else if (d->candidates)
		decide(d, SVCNAT_REJECT, SVCNAT_REASON_OVERLOADED);
	else if (d->local && svcnat_set_count(d->set, false))
		decide(d, SVCNAT_DROP, SVCNAT_REASON_NO_LOCAL_ENDPOINTS);
	else
		decide(d, SVCNAT_REJECT, SVCNAT_REASON_NO_ENDPOINTS);
}

static enum svcnat_verdict verdict_of(enum svcnat_reason why_not)
{
	switch (why_not) {
	case SVCNAT_REASON_UNUSED_PORT:
		return SVCNAT_REJECT;
	case SVCNAT_REASON_UNALLOCATED:
		return SVCNAT_DROP;
	default:
		return SVCNAT_PASS;
	}
}

/**
 * svcnat_decide - what to do with a new flow
 * @sn: namespace
 * @flow: tuple of its first packet, as received
 * @in: device it came through, NULL if the node sends it
 * @avoid: backend to take only if there is no other, or NULL
 * @d: out
 *
 * Softirq or process context, under RCU.
 */
void svcnat_decide(struct svcnat_net *sn, const struct nf_conntrack_tuple *flow,
		   const struct net_device *in, const struct svcnat_backend *avoid,
		   struct svcnat_decision *d)
{
	memset(d, 0, sizeof(*d));
	d->vip = svcnat_frontend_find(sn, flow);
	if (!d->vip) {
		enum svcnat_reason why_not = why_no_frontend(sn, flow);

		decide(d, verdict_of(why_not), why_not);
		return;
	}
	d->set = rcu_dereference(d->vip->set);
	/* Most backends of a small set lie on its second cache line: fetched with the first. */
	prefetch((const char *)d->set + L1_CACHE_BYTES);
	if (svcnat_yields(sn, d->vip, flow)) {
		decide(d, SVCNAT_PASS, SVCNAT_REASON_SOCKET);
		return;
	}
	if (d->vip->flags & SVCNAT_FRONTEND_F_RANGES &&
	    !svcnat_ranges_have(svcnat_set_ranges(d->set), flow->src.l3num, &flow->src.u3)) {
		decide(d, SVCNAT_DROP, SVCNAT_REASON_SOURCE_RANGE);
		return;
	}
	d->local = policy_local(sn, d->vip, flow, in);
	d->candidates = svcnat_set_count(d->set, d->local);
	pick(sn, flow, avoid, d);
}
