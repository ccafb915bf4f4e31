// SPDX-License-Identifier: GPL-2.0
/* Dumps of the flow cache; uapi/svcnat.h is the contract. Under RCU, without a lock. */

#include <net/sock.h>

#include "decide.h"
#include "flow.h"
#include "netlink.h"

/* Where a dump stands. */
struct dump_pos {
	u32 bucket;
	u32 way;
};

static int fill_service(struct sk_buff *skb, const struct svcnat_service *svc)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_CACHED_A_SERVICE);

	if (!nest || svcnat_fill_identity(skb, svc))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* @from: packets of the backend, as they arrive. */
static int fill_backend(struct sk_buff *skb, const struct nf_conntrack_tuple *from)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_CACHED_A_BACKEND);

	if (!nest ||
	    svcnat_fill_addr(skb, SVCNAT_BACKEND_A_ADDR, from->src.l3num, &from->src.u3) ||
	    nla_put_be16(skb, SVCNAT_BACKEND_A_PORT, from->src.u.all))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_flow(struct sk_buff *skb, const struct nf_conntrack_tuple *t, u32 iif)
{
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_CACHED_A_FLOW);

	if (!nest || nla_put_u8(skb, SVCNAT_FLOW_A_PROTO, t->dst.protonum) ||
	    svcnat_fill_addr(skb, SVCNAT_FLOW_A_SRC, t->src.l3num, &t->src.u3) ||
	    svcnat_fill_addr(skb, SVCNAT_FLOW_A_DST, t->src.l3num, &t->dst.u3) ||
	    nla_put_be16(skb, SVCNAT_FLOW_A_SPORT, t->src.u.all) ||
	    nla_put_be16(skb, SVCNAT_FLOW_A_DPORT, t->dst.u.all) ||
	    nla_put_u32(skb, SVCNAT_FLOW_A_IIF, iif))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int fill_cached(struct sk_buff *skb, const struct svcnat_net *sn,
		       const struct svcnat_cached *c, const struct svcnat_vip *vip)
{
	const struct nf_conntrack_tuple_hash *h = c->ct->tuplehash;
	struct nlattr *nest = nla_nest_start(skb, SVCNAT_A_CACHED);

	if (!nest || (vip && fill_service(skb, svcnat_vip_service(vip))) ||
	    fill_backend(skb, &h[IP_CT_DIR_REPLY].tuple) ||
	    fill_flow(skb, &h[IP_CT_DIR_ORIGINAL].tuple, c->iif) ||
	    (c->dir == IP_CT_DIR_REPLY && nla_put_flag(skb, SVCNAT_CACHED_A_REPLY)) ||
	    nla_put_u32(skb, SVCNAT_CACHED_A_AGE_MS, jiffies_to_msecs((u32)jiffies - c->since)) ||
	    (!svcnat_cached_current(c, svcnat_cached_gen(sn)) &&
	     nla_put_flag(skb, SVCNAT_CACHED_A_IDLE)) ||
	    nla_put_u64_64bit(skb, SVCNAT_CACHED_A_PACKETS, atomic64_read(&c->acct->packets),
			      SVCNAT_CACHED_A_PAD) ||
	    nla_put_u64_64bit(skb, SVCNAT_CACHED_A_BYTES, atomic64_read(&c->acct->bytes),
			      SVCNAT_CACHED_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int dump_cached(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct svcnat_net *sn, const struct svcnat_cached *c)
{
	const struct svcnat_vip *vip;
	void *hdr;

	vip = svcnat_frontend_find(sn, &c->ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple);
	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &svcnat_genl_family, NLM_F_MULTI, SVCNAT_CMD_FLOW_GET);
	if (!hdr)
		return -EMSGSIZE;
	if (fill_cached(skb, sn, c, vip)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

static int dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct svcnat_net *sn, const struct svcnat_cache_bucket *b)
{
	struct dump_pos *at = (struct dump_pos *)cb->ctx;

	for (; at->way < SVCNAT_CACHE_WAYS; at->way++) {
		const struct svcnat_cached *c = rcu_dereference(b->way[at->way]);

		if (c && dump_cached(skb, cb, sn, c))
			return -EMSGSIZE;
	}
	at->way = 0;
	at->bucket++;
	return 0;
}

/* So many buckets are looked at in one go. */
#define BUCKETS_AT_ONCE 1024

/**
 * svcnat_flows_dump - SVCNAT_CMD_FLOW_GET
 * @skb: to be filled
 * @cb: where it stands
 *
 * Return: netlink's convention: what there is in @skb, 0 at the end.
 */
int svcnat_flows_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct svcnat_net *sn = svcnat_net_of(sock_net(cb->skb->sk));
	struct dump_pos *at = (struct dump_pos *)cb->ctx;
	const struct svcnat_cache_table *t;
	u32 i, size = 0;
	int err = 0;

	BUILD_BUG_ON(sizeof(struct dump_pos) > sizeof(cb->ctx));
	do {
		rcu_read_lock();
		t = rcu_dereference(sn->cache.table);
		size = t ? t->mask + 1 : 0;
		for (i = 0; i < BUCKETS_AT_ONCE && at->bucket < size && !err; i++)
			err = dump_bucket(skb, cb, sn, &t->bucket[at->bucket]);
		rcu_read_unlock();
		cond_resched();
	} while (!err && at->bucket < size);
	return skb->len;
}
