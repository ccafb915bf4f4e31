// SPDX-License-Identifier: GPL-2.0
/*
 * What we hold, as attributes; see uapi/svcnat.h for their meaning. All return 0
 * or -EMSGSIZE, when the message has no room; what was begun is then taken back.
 */

#include "netlink.h"
#include "pick.h"

static int put_addr(struct sk_buff *skb, int attr, u8 family, const union nf_inet_addr *addr)
{
	return nla_put(skb, attr, family == AF_INET ? 4 : 16, addr);
}

/**
 * svcnat_fill_info - SVCNAT_A_INFO
 * @skb: message
 * @sn: namespace, mutex held
 */
int svcnat_fill_info(struct sk_buff *skb, const struct svcnat_net *sn)
{
	static const u8 attr[SVCNAT_STAT_MAX] = {
		[SVCNAT_STAT_CONNECTIONS] = SVCNAT_INFO_A_CONNECTIONS,
		[SVCNAT_STAT_REFUSED] = SVCNAT_INFO_A_REFUSED,
		[SVCNAT_STAT_DROPPED] = SVCNAT_INFO_A_DROPPED,
		[SVCNAT_STAT_UNUSED_PORT] = SVCNAT_INFO_A_UNUSED_PORT,
		[SVCNAT_STAT_NAT_FAILED] = SVCNAT_INFO_A_NAT_FAILED,
	};
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_INFO);
	int i;

	if (!nest ||
	    nla_put_u32(skb, SVCNAT_INFO_A_SERVICES, sn->services.count) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_FRONTENDS, sn->n_vips) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_BACKENDS, sn->n_backends) ||
	    nla_put_string(skb, SVCNAT_INFO_A_MODULE_VERSION, THIS_MODULE->version))
		goto cancel;
	for (i = 0; i < SVCNAT_STAT_MAX; i++)
		if (nla_put_u64_64bit(skb, attr[i], svcnat_stat_sum(sn->stats, i),
				      SVCNAT_INFO_A_PAD))
			goto cancel;
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

static int fill_prefixes(struct sk_buff *skb, int attr, const struct svcnat_prefixes *list)
{
	struct nlattr *nest;
	u32 i;

	for (i = 0; i < list->n; i++) {
		const struct svcnat_prefix *p = &list->v[i];

		nest = nla_nest_start(skb, attr);
		if (!nest || put_addr(skb, SVCNAT_PREFIX_A_ADDR, p->family, &p->addr) ||
		    nla_put_u8(skb, SVCNAT_PREFIX_A_LEN, p->len))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

/**
 * svcnat_fill_config - SVCNAT_A_CONFIG
 * @skb: message
 * @config: what to write
 */
int svcnat_fill_config(struct sk_buff *skb, const struct svcnat_config *config)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_CONFIG);

	if (!nest ||
	    fill_prefixes(skb, SVCNAT_CONFIG_A_CLUSTER_CIDR, &config->cluster) ||
	    fill_prefixes(skb, SVCNAT_CONFIG_A_NODEPORT_ADDR, &config->nodeport)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_identity(struct sk_buff *skb, const struct svcnat_service *svc)
{
	if (nla_put_string(skb, SVCNAT_SERVICE_A_NAME, svc->name) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_FAMILY, svc->family) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_PROTO, svc->proto))
		return -EMSGSIZE;
	return 0;
}

static int fill_flags(struct sk_buff *skb, const struct svcnat_set *set, u32 more)
{
	u32 flags = set->flags | more;

	return flags ? nla_put_u32(skb, SVCNAT_SERVICE_A_FLAGS, flags) : 0;
}

static int fill_frontend(struct sk_buff *skb, const struct svcnat_vip *vip)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_SERVICE_A_FRONTEND);

	if (!nest || nla_put_u8(skb, SVCNAT_FRONTEND_A_KIND, vip->kind) ||
	    nla_put_be16(skb, SVCNAT_FRONTEND_A_PORT, vip->key.port))
		return -EMSGSIZE;
	if (vip->kind != SVCNAT_FRONTEND_NODE_PORT &&
	    put_addr(skb, SVCNAT_FRONTEND_A_ADDR, vip->key.family, &vip->key.addr))
		return -EMSGSIZE;
	if (vip->flags && nla_put_u32(skb, SVCNAT_FRONTEND_A_FLAGS, vip->flags))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_backend(struct sk_buff *skb, int attr, u8 family, u32 flags,
			const struct svcnat_backend *b)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest || put_addr(skb, SVCNAT_BACKEND_A_ADDR, family, &b->addr) ||
	    nla_put_be16(skb, SVCNAT_BACKEND_A_PORT, b->port) ||
	    nla_put_u32(skb, SVCNAT_BACKEND_A_FLAGS, flags) ||
	    nla_put_u64_64bit(skb, SVCNAT_BACKEND_A_CONNECTIONS,
			      atomic64_read(&b->connections), SVCNAT_BACKEND_A_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* What stands once for a service, however many messages its backends take. */
static int fill_head(struct sk_buff *skb, const struct svcnat_service *svc,
		     const struct svcnat_set *set)
{
	const struct svcnat_vip *vip;

	if (fill_identity(skb, svc) || fill_flags(skb, set, 0) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_SCHED, set->sched))
		return -EMSGSIZE;
	list_for_each_entry(vip, &svc->vips, sibling)
		if (fill_frontend(skb, vip))
			return -EMSGSIZE;
	return 0;
}

static int fill_counters(struct sk_buff *skb, const struct svcnat_service *svc,
			 const struct svcnat_set *set)
{
	if (nla_put_u64_64bit(skb, SVCNAT_SERVICE_A_CONNECTIONS,
			      svcnat_service_connections(svc, set), SVCNAT_SERVICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SVCNAT_SERVICE_A_REFUSED, atomic64_read(&svc->refused),
			      SVCNAT_SERVICE_A_PAD) ||
	    nla_put_u64_64bit(skb, SVCNAT_SERVICE_A_DROPPED, atomic64_read(&svc->dropped),
			      SVCNAT_SERVICE_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * svcnat_fill_service - SVCNAT_A_SERVICE, as much of it as there is room for
 * @skb: message
 * @svc: service, mutex held
 * @set: its set
 * @pos: first backend to write, in; the one to go on with, out, @set->n when done
 *
 * Return: 0, also when only some of the backends went in; -EMSGSIZE if nothing did.
 */
int svcnat_fill_service(struct sk_buff *skb, const struct svcnat_service *svc,
			const struct svcnat_set *set, u32 *pos)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_SERVICE);
	u32 i = *pos;

	if (!nest)
		return -EMSGSIZE;
	if (i ? fill_identity(skb, svc) || fill_flags(skb, set, SVCNAT_SERVICE_F_CONTINUE) :
		fill_head(skb, svc, set) || fill_counters(skb, svc, set))
		goto cancel;
	while (i < set->n && !fill_backend(skb, SVCNAT_SERVICE_A_BACKEND, svc->family,
					   svcnat_set_flags(set, i), set->backend[i]))
		i++;
	if (i == *pos && i < set->n)
		goto cancel;
	nla_nest_end(skb, nest);
	*pos = i;
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/**
 * svcnat_fill_brief - SVCNAT_A_SERVICE without backends and counters
 * @skb: message
 * @svc: service, mutex held
 * @set: its set
 */
int svcnat_fill_brief(struct sk_buff *skb, const struct svcnat_service *svc,
		      const struct svcnat_set *set)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_SERVICE);

	if (!nest || fill_head(skb, svc, set)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* The service a decision hit, by the one frontend it was hit through. */
static int fill_hit(struct sk_buff *skb, const struct svcnat_decision *d)
{
	const struct svcnat_service *svc = d->vip->service;
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_DECISION_A_SERVICE);

	if (!nest || fill_identity(skb, svc) || fill_flags(skb, d->set, 0) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_SCHED, d->set->sched) ||
	    fill_frontend(skb, d->vip))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_dnat(struct sk_buff *skb, const struct svcnat_decision *d, enum svcnat_masq masq)
{
	u32 index = 0;

	svcnat_set_find(d->set, &d->backend->addr, d->backend->port, &index);
	if (fill_backend(skb, SVCNAT_DECISION_A_BACKEND, d->vip->key.family,
			 svcnat_set_flags(d->set, index), d->backend) ||
	    nla_put_u8(skb, SVCNAT_DECISION_A_MASQUERADE, masq))
		return -EMSGSIZE;
	return 0;
}

/**
 * svcnat_fill_decision - SVCNAT_A_DECISION
 * @skb: message
 * @d: decision, in the RCU read side section it was made in
 * @masq: with a backend, whether the source is rewritten
 */
int svcnat_fill_decision(struct sk_buff *skb, const struct svcnat_decision *d,
			 enum svcnat_masq masq)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_DECISION);

	if (!nest || nla_put_u8(skb, SVCNAT_DECISION_A_VERDICT, d->verdict) ||
	    nla_put_u8(skb, SVCNAT_DECISION_A_REASON, d->reason) ||
	    nla_put_u32(skb, SVCNAT_DECISION_A_CANDIDATES, d->candidates))
		goto cancel;
	if (d->local && nla_put_flag(skb, SVCNAT_DECISION_A_LOCAL_SET))
		goto cancel;
	if (d->vip && fill_hit(skb, d))
		goto cancel;
	if (d->backend && fill_dnat(skb, d, masq))
		goto cancel;
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}
