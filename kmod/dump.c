// SPDX-License-Identifier: GPL-2.0
/* Dumps of services, all or those of one name; uapi/svcnat.h is the contract. */

#include <net/sock.h>

#include "compat.h"
#include "flow.h"
#include "netlink.h"

/* Where a dump stands: bucket, service in its chain, backend of that service. */
struct dump_pos {
	u32 bucket;
	u32 skip;
	u32 backend;
	bool begun;
};

static int dump_service(struct sk_buff *skb, struct netlink_callback *cb,
			const struct svcnat_net *sn, struct svcnat_service *svc, u32 *pos)
{
	const struct svcnat_set *set = svc->set;
	void *hdr;

	if (!*pos)
		svcnat_gone_prune(&svc->gone, sn->published);
	do {
		hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				  &svcnat_genl_family, NLM_F_MULTI, SVCNAT_CMD_SERVICE_GET);
		if (!hdr)
			return -EMSGSIZE;
		genl_dump_check_consistent(cb, hdr);
		if (nla_put_u64_64bit(skb, SVCNAT_A_GENERATION, sn->generation, SVCNAT_A_PAD) ||
		    svcnat_fill_service(skb, svc, set, pos)) {
			genlmsg_cancel(skb, hdr);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, hdr);
	} while (*pos < set->n);
	*pos = 0;
	return 0;
}

static int dump_bucket(struct sk_buff *skb, struct netlink_callback *cb,
		       const struct svcnat_net *sn, const struct svcnat_buckets *b)
{
	struct dump_pos *at = (struct dump_pos *)cb->ctx;
	struct svcnat_hnode *n;
	u32 i = 0;

	svcnat_htable_for_each(n, b, at->bucket) {
		struct svcnat_service *svc = container_of(n, struct svcnat_service, node);

		if (i++ < at->skip)
			continue;
		if (dump_service(skb, cb, sn, svc, &at->backend))
			return -EMSGSIZE;
		at->skip = i;
	}
	at->bucket++;
	at->skip = 0;
	return 0;
}

static int dump_all(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct svcnat_net *sn)
{
	const struct svcnat_buckets *b = rcu_dereference_protected(sn->services.buckets,
								   lockdep_is_held(&sn->lock));
	struct dump_pos *at = (struct dump_pos *)cb->ctx;
	int err = 0;

	while (b && at->bucket <= b->mask && !err)
		err = dump_bucket(skb, cb, sn, b);
	return err;
}

/* The services of one name; the "buckets" are what else can tell them apart. */
static int dump_named(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct svcnat_net *sn, const char *name)
{
	static const struct { u8 family, proto; } rest[] = {
		{ AF_INET, IPPROTO_TCP }, { AF_INET, IPPROTO_UDP }, { AF_INET, IPPROTO_SCTP },
		{ AF_INET6, IPPROTO_TCP }, { AF_INET6, IPPROTO_UDP },
		{ AF_INET6, IPPROTO_SCTP },
	};
	struct dump_pos *at = (struct dump_pos *)cb->ctx;

	for (; at->bucket < ARRAY_SIZE(rest); at->bucket++) {
		struct svcnat_service *svc =
			svcnat_service_find(&sn->services, name, rest[at->bucket].family,
					    rest[at->bucket].proto);

		if (svc && dump_service(skb, cb, sn, svc, &at->backend))
			return -EMSGSIZE;
	}
	return 0;
}

/* What stands once for a service: SVCNAT_RANGES_MAX prefixes, SVCNAT_FRONTENDS_MAX frontends. */
#define HEAD_MAX	16384

/**
 * svcnat_service_dump_start - a dump begins: its messages have room
 * @cb: where it stands
 *
 * Return: 0.
 */
int svcnat_service_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = HEAD_MAX;
	return 0;
}

/**
 * svcnat_service_dump - SVCNAT_CMD_SERVICE_GET
 * @skb: to be filled
 * @cb: where it stands
 *
 * Takes the mutex for each part; a commit between two parts is told by
 * NLM_F_DUMP_INTR.
 *
 * Return: netlink's convention: what there is in @skb, 0 at the end, or an errno.
 */
int svcnat_service_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *name = svcnat_dump_attrs(cb)[SVCNAT_A_NAME];
	struct dump_pos *at = (struct dump_pos *)cb->ctx;
	struct svcnat_net *sn = svcnat_net_of(sock_net(cb->skb->sk));
	int err;

	BUILD_BUG_ON(sizeof(struct dump_pos) > sizeof(cb->ctx));
	mutex_lock(&sn->lock);
	if (!at->begun)
		svcnat_sweep_fold(sn);
	at->begun = true;
	/* A dump's sequence must not be 0, which means none. */
	cb->seq = (u32)sn->generation + 1;
	err = name ? dump_named(skb, cb, sn, nla_data(name)) : dump_all(skb, cb, sn);
	mutex_unlock(&sn->lock);
	return skb->len ?: err;
}
