// SPDX-License-Identifier: GPL-2.0
/*
 * What we hold, as attributes; see uapi/svcnat.h for their meaning. All return 0
 * or -EMSGSIZE, when the message has no room; what was begun is then taken back.
 */

#include "eject.h"
#include "netlink.h"
#include "pick.h"

/**
 * svcnat_fill_addr - an address
 * @skb: message
 * @attr: attribute
 * @family: AF_INET or AF_INET6
 * @addr: address
 */
int svcnat_fill_addr(struct sk_buff *skb, int attr, u8 family, const union nf_inet_addr *addr)
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
		[SVCNAT_STAT_UNALLOCATED] = SVCNAT_INFO_A_UNALLOCATED,
		[SVCNAT_STAT_NOT_ALLOWED] = SVCNAT_INFO_A_NOT_ALLOWED,
		[SVCNAT_STAT_OVERLOADED] = SVCNAT_INFO_A_OVERLOADED,
		[SVCNAT_STAT_REPICKS] = SVCNAT_INFO_A_REPICKS,
		[SVCNAT_STAT_EJECTIONS] = SVCNAT_INFO_A_EJECTIONS,
		[SVCNAT_STAT_RESETS] = SVCNAT_INFO_A_RESETS,
		[SVCNAT_STAT_UNPINNED] = SVCNAT_INFO_A_UNPINNED,
		[SVCNAT_STAT_SHORTCUTS] = SVCNAT_INFO_A_SHORTCUTS,
	};
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_INFO);
	int i;

	if (!nest ||
	    nla_put_u32(skb, SVCNAT_INFO_A_SERVICES, sn->services.count) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_FRONTENDS, sn->n_vips) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_BACKENDS, sn->n_backends) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_PINS, svcnat_pins_count(&sn->pins)) ||
	    nla_put_u32(skb, SVCNAT_INFO_A_CACHED, atomic_read(&sn->cache.n)) ||
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

static int fill_prefixes(struct sk_buff *skb, int attr, const struct svcnat_prefix *v, u32 n)
{
	struct nlattr *nest;
	u32 i;

	for (i = 0; i < n; i++) {
		const struct svcnat_prefix *p = &v[i];

		nest = nla_nest_start(skb, attr);
		if (!nest || svcnat_fill_addr(skb, SVCNAT_PREFIX_A_ADDR, p->family, &p->addr) ||
		    nla_put_u8(skb, SVCNAT_PREFIX_A_LEN, p->len))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int fill_list(struct sk_buff *skb, int attr, const struct svcnat_prefixes *list)
{
	return fill_prefixes(skb, attr, list->v, list->n);
}

static int fill_pod_interface(struct sk_buff *skb, const struct svcnat_config *config)
{
	char name[IFNAMSIZ + 1];

	if (!config->pod_ifname_len)
		return 0;
	/* What is compared ends before the name's own end: any name that begins so. */
	snprintf(name, sizeof(name), "%s%s", config->pod_ifname,
		 config->pod_ifname_len > strlen(config->pod_ifname) ? "" : "*");
	return nla_put_string(skb, SVCNAT_CONFIG_A_POD_INTERFACE, name);
}

/**
 * svcnat_fill_config - SVCNAT_A_CONFIG
 * @skb: message
 * @config: what to write
 */
int svcnat_fill_config(struct sk_buff *skb, const struct svcnat_config *config)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_CONFIG);

	if (!nest || fill_list(skb, SVCNAT_CONFIG_A_CLUSTER_CIDR, &config->cluster) ||
	    fill_list(skb, SVCNAT_CONFIG_A_NODEPORT_ADDR, &config->nodeport) ||
	    fill_list(skb, SVCNAT_CONFIG_A_SERVICE_CIDR, &config->service) ||
	    fill_list(skb, SVCNAT_CONFIG_A_NODE_CIDR, &config->node) ||
	    fill_pod_interface(skb, config) ||
	    (config->flags && nla_put_u32(skb, SVCNAT_CONFIG_A_FLAGS, config->flags))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * svcnat_fill_identity - what names a service, inside its nest
 * @skb: message
 * @svc: service
 */
int svcnat_fill_identity(struct sk_buff *skb, const struct svcnat_service *svc)
{
	if (nla_put_string(skb, SVCNAT_SERVICE_A_NAME, svc->name) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_FAMILY, svc->family) ||
	    nla_put_u8(skb, SVCNAT_SERVICE_A_PROTO, svc->proto))
		return -EMSGSIZE;
	return 0;
}

static int fill_flags(struct sk_buff *skb, const struct svcnat_set *set, u32 more)
{
	u32 flags = set->settings.flags | more;

	return flags ? nla_put_u32(skb, SVCNAT_SERVICE_A_FLAGS, flags) : 0;
}

static int fill_frontend(struct sk_buff *skb, const struct svcnat_vip *vip)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_SERVICE_A_FRONTEND);

	if (!nest || nla_put_u8(skb, SVCNAT_FRONTEND_A_KIND, vip->kind) ||
	    nla_put_be16(skb, SVCNAT_FRONTEND_A_PORT, vip->key.port))
		return -EMSGSIZE;
	if (vip->kind != SVCNAT_FRONTEND_NODE_PORT &&
	    svcnat_fill_addr(skb, SVCNAT_FRONTEND_A_ADDR, vip->key.family, &vip->key.addr))
		return -EMSGSIZE;
	if (vip->flags && nla_put_u32(skb, SVCNAT_FRONTEND_A_FLAGS, vip->flags))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_u64(struct sk_buff *skb, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, attr, value, pad);
}

static int fill_backend_counters(struct sk_buff *skb, const struct svcnat_backend *b)
{
	struct svcnat_totals t = {};
	u32 repicks = atomic_read(&b->repicks), ejections = READ_ONCE(b->ejections);

	svcnat_backend_totals(b, &t);
	if (put_u64(skb, SVCNAT_BACKEND_A_CONNECTIONS, t.connections, SVCNAT_BACKEND_A_PAD) ||
	    nla_put_u32(skb, SVCNAT_BACKEND_A_ACTIVE, t.active) ||
	    put_u64(skb, SVCNAT_BACKEND_A_PACKETS_IN, t.packets[0], SVCNAT_BACKEND_A_PAD) ||
	    put_u64(skb, SVCNAT_BACKEND_A_BYTES_IN, t.bytes[0], SVCNAT_BACKEND_A_PAD) ||
	    put_u64(skb, SVCNAT_BACKEND_A_PACKETS_OUT, t.packets[1], SVCNAT_BACKEND_A_PAD) ||
	    put_u64(skb, SVCNAT_BACKEND_A_BYTES_OUT, t.bytes[1], SVCNAT_BACKEND_A_PAD) ||
	    (repicks && nla_put_u32(skb, SVCNAT_BACKEND_A_REPICKS, repicks)) ||
	    (ejections && nla_put_u32(skb, SVCNAT_BACKEND_A_EJECTIONS, ejections)))
		return -EMSGSIZE;
	return 0;
}

static int fill_ejected(struct sk_buff *skb, const struct svcnat_backend *b)
{
	u32 seconds = svcnat_ejected_seconds(b);

	return seconds ? nla_put_u32(skb, SVCNAT_BACKEND_A_EJECTED_SECONDS, seconds) : 0;
}

static int fill_backend(struct sk_buff *skb, int attr, u8 family, u32 flags,
			const struct svcnat_backend *b)
{
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest || svcnat_fill_addr(skb, SVCNAT_BACKEND_A_ADDR, family, &b->addr) ||
	    nla_put_be16(skb, SVCNAT_BACKEND_A_PORT, b->port) ||
	    nla_put_u32(skb, SVCNAT_BACKEND_A_FLAGS, flags) ||
	    (b->weight != 1 && nla_put_u32(skb, SVCNAT_BACKEND_A_WEIGHT, b->weight)) ||
	    (b->limit && nla_put_u32(skb, SVCNAT_BACKEND_A_CONN_LIMIT, b->limit)) ||
	    fill_backend_counters(skb, b) || fill_ejected(skb, b)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_settings(struct sk_buff *skb, const struct svcnat_set *set)
{
	const struct svcnat_settings *s = &set->settings;

	if (fill_flags(skb, set, 0) || nla_put_u8(skb, SVCNAT_SERVICE_A_SCHED, s->sched) ||
	    (s->removal && nla_put_u8(skb, SVCNAT_SERVICE_A_REMOVAL, s->removal)) ||
	    (s->drain_seconds &&
	     nla_put_u32(skb, SVCNAT_SERVICE_A_DRAIN_SECONDS, s->drain_seconds)) ||
	    (s->eject_fails &&
	     (nla_put_u32(skb, SVCNAT_SERVICE_A_EJECT_FAILS, s->eject_fails) ||
	      nla_put_u32(skb, SVCNAT_SERVICE_A_EJECT_SECONDS, s->eject_seconds))) ||
	    (s->affinity_seconds &&
	     nla_put_u32(skb, SVCNAT_SERVICE_A_AFFINITY_SECONDS, s->affinity_seconds)))
		return -EMSGSIZE;
	return 0;
}

/* What stands once for a service, however many messages its backends take. */
static int fill_head(struct sk_buff *skb, const struct svcnat_service *svc,
		     const struct svcnat_set *set)
{
	const struct svcnat_vip *vip;

	if (svcnat_fill_identity(skb, svc) || fill_settings(skb, set))
		return -EMSGSIZE;
	for (vip = svc->vips; vip; vip = vip->sibling)
		if (fill_frontend(skb, vip))
			return -EMSGSIZE;
	return 0;
}

static int fill_ranges(struct sk_buff *skb, const struct svcnat_set *set)
{
	const struct svcnat_ranges *ranges = svcnat_set_ranges(set);

	return ranges ? fill_prefixes(skb, SVCNAT_SERVICE_A_SOURCE_RANGE, ranges->v, ranges->n) : 0;
}

static int fill_counters(struct sk_buff *skb, const struct svcnat_service *svc,
			 const struct svcnat_set *set)
{
	static const u8 attr[SVCNAT_SERVICE_STAT_MAX] = {
		[SVCNAT_SERVICE_REFUSED] = SVCNAT_SERVICE_A_REFUSED,
		[SVCNAT_SERVICE_DROPPED] = SVCNAT_SERVICE_A_DROPPED,
		[SVCNAT_SERVICE_NOT_ALLOWED] = SVCNAT_SERVICE_A_NOT_ALLOWED,
		[SVCNAT_SERVICE_OVERLOADED] = SVCNAT_SERVICE_A_OVERLOADED,
		[SVCNAT_SERVICE_REPICKS] = SVCNAT_SERVICE_A_REPICKS,
		[SVCNAT_SERVICE_EJECTIONS] = SVCNAT_SERVICE_A_EJECTIONS,
	};
	struct svcnat_totals t;
	int i;

	svcnat_service_totals(svc, set, &t);
	if (put_u64(skb, SVCNAT_SERVICE_A_CONNECTIONS, t.connections, SVCNAT_SERVICE_A_PAD) ||
	    put_u64(skb, SVCNAT_SERVICE_A_ACTIVE, t.active, SVCNAT_SERVICE_A_PAD) ||
	    put_u64(skb, SVCNAT_SERVICE_A_PACKETS_IN, t.packets[0], SVCNAT_SERVICE_A_PAD) ||
	    put_u64(skb, SVCNAT_SERVICE_A_BYTES_IN, t.bytes[0], SVCNAT_SERVICE_A_PAD) ||
	    put_u64(skb, SVCNAT_SERVICE_A_PACKETS_OUT, t.packets[1], SVCNAT_SERVICE_A_PAD) ||
	    put_u64(skb, SVCNAT_SERVICE_A_BYTES_OUT, t.bytes[1], SVCNAT_SERVICE_A_PAD))
		return -EMSGSIZE;
	for (i = 0; i < SVCNAT_SERVICE_STAT_MAX; i++)
		if (attr[i] && put_u64(skb, attr[i], atomic64_read(&svc->stats[i]),
				       SVCNAT_SERVICE_A_PAD))
			return -EMSGSIZE;
	return 0;
}

/*
 * Those that left and still have connections, in the last message of a service and as
 * many as there is room for.
 */
static void fill_gone(struct sk_buff *skb, const struct svcnat_service *svc)
{
	const struct svcnat_gone *gone = svc->gone;
	u32 i;

	for (i = 0; gone && i < gone->n; i++) {
		const struct svcnat_backend *b = gone->backend[i];

		if (svcnat_backend_active(b) &&
		    fill_backend(skb, SVCNAT_SERVICE_A_BACKEND, svc->family,
				 SVCNAT_BACKEND_F_GONE, b))
			return;
	}
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
	if (i ? svcnat_fill_identity(skb, svc) || fill_flags(skb, set, SVCNAT_SERVICE_F_CONTINUE) :
		fill_head(skb, svc, set) || fill_ranges(skb, set) ||
		fill_counters(skb, svc, set))
		goto cancel;
	while (i < set->n && !fill_backend(skb, SVCNAT_SERVICE_A_BACKEND, svc->family,
					   svcnat_set_flags(set, i), set->backend[i]))
		i++;
	if (i == *pos && i < set->n)
		goto cancel;
	if (i == set->n)
		fill_gone(skb, svc);
	nla_nest_end(skb, nest);
	*pos = i;
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}

/**
 * svcnat_fill_brief - SVCNAT_A_SERVICE without backends, ranges and counters
 * @skb: message
 * @svc: service, mutex held
 */
int svcnat_fill_brief(struct sk_buff *skb, const struct svcnat_service *svc)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_SERVICE);

	if (!nest || fill_head(skb, svc, svc->set)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* The service a decision hit, by the one frontend it was hit through. */
static int fill_hit(struct sk_buff *skb, const struct svcnat_decision *d)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_DECISION_A_SERVICE);

	if (!nest || svcnat_fill_identity(skb, d->set->svc) || fill_settings(skb, d->set) ||
	    fill_frontend(skb, d->vip))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_dnat(struct sk_buff *skb, const struct svcnat_decision *d,
		     enum svcnat_masq masq, enum svcnat_shortcut shortcut)
{
	u32 index = 0;

	svcnat_set_find(d->set, &d->backend->addr, d->backend->port, &index);
	if (fill_backend(skb, SVCNAT_DECISION_A_BACKEND, d->vip->key.family,
			 svcnat_set_flags(d->set, index), d->backend) ||
	    nla_put_u8(skb, SVCNAT_DECISION_A_MASQUERADE, masq) ||
	    nla_put_u8(skb, SVCNAT_DECISION_A_SHORTCUT, shortcut))
		return -EMSGSIZE;
	return 0;
}

/**
 * svcnat_fill_decision - SVCNAT_A_DECISION
 * @skb: message
 * @d: decision, in the RCU read side section it was made in
 * @masq: with a backend, whether the source is rewritten
 * @shortcut: with a backend, whether the flow cache would take it
 */
int svcnat_fill_decision(struct sk_buff *skb, const struct svcnat_decision *d,
			 enum svcnat_masq masq, enum svcnat_shortcut shortcut)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_DECISION);

	if (!nest || nla_put_u8(skb, SVCNAT_DECISION_A_VERDICT, d->verdict) ||
	    nla_put_u8(skb, SVCNAT_DECISION_A_REASON, d->reason) ||
	    nla_put_u32(skb, SVCNAT_DECISION_A_CANDIDATES, d->candidates))
		goto cancel;
	if (d->local && nla_put_flag(skb, SVCNAT_DECISION_A_LOCAL_SET))
		goto cancel;
	if (d->candidates && nla_put_u32(skb, SVCNAT_DECISION_A_UNAVAILABLE,
					 svcnat_pick_unavailable(d->set, d->local)))
		goto cancel;
	if (d->vip && fill_hit(skb, d))
		goto cancel;
	if (d->backend && fill_dnat(skb, d, masq, shortcut))
		goto cancel;
	nla_nest_end(skb, nest);
	return 0;

cancel:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}
