// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast events of a commit. Sent under the mutex, so that listeners see
 * commits in their order; best effort: a listener that is behind, or for whom
 * there was no memory, gets ENOBUFS from its socket and dumps again.
 */

#include "netlink.h"

/* The longest: a service with SVCNAT_FRONTENDS_MAX IPv6 frontends. */
#define EVENT_SIZE	8192

static struct sk_buff *event_new(const struct svcnat_net *sn, u8 cmd, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(EVENT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, &svcnat_genl_family, 0, cmd);
	if (!*hdr || nla_put_u64_64bit(skb, SVCNAT_A_GENERATION, sn->generation, SVCNAT_A_PAD)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static void event_send(const struct svcnat_net *sn, struct sk_buff *skb, void *hdr)
{
	genlmsg_end(skb, hdr);
	genlmsg_multicast_netns(&svcnat_genl_family, sn->net, skb, 0, 0, GFP_KERNEL);
}

static int event_service(const struct svcnat_net *sn, const struct svcnat_change *c)
{
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(sn, SVCNAT_CMD_SERVICE_EVENT, &hdr);
	if (!skb)
		return -ENOMEM;
	if (nla_put_u8(skb, SVCNAT_A_EVENT, c->event) || svcnat_fill_brief(skb, c->live) ||
	    nla_put_u32(skb, SVCNAT_A_BACKENDS_ADDED, c->n_added) ||
	    nla_put_u32(skb, SVCNAT_A_BACKENDS_REMOVED, c->n_removed)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	event_send(sn, skb, hdr);
	return 0;
}

static int event_commit(const struct svcnat_txn *txn)
{
	const struct svcnat_net *sn = txn->sn;
	struct sk_buff *skb;
	void *hdr;

	skb = event_new(sn, SVCNAT_CMD_COMMIT_EVENT, &hdr);
	if (!skb)
		return -ENOMEM;
	if ((sn->has_apply_id &&
	     nla_put(skb, SVCNAT_A_APPLY_ID, SVCNAT_APPLY_ID_LEN, sn->apply_id)) ||
	    nla_put_u32(skb, SVCNAT_A_CHANGES, txn->n_changes) ||
	    svcnat_fill_info(skb, sn)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	event_send(sn, skb, hdr);
	return 0;
}

static int event_services(const struct svcnat_txn *txn)
{
	const struct svcnat_change *c;
	int err = 0;

	if (txn->n_changes > SVCNAT_EVENTS_MAX)
		return 0;
	list_for_each_entry(c, &txn->changes, link)
		if (c->event >= 0)
			err = event_service(txn->sn, c) ?: err;
	return err;
}

/**
 * svcnat_event_commit - tell listeners what a commit changed
 * @txn: committed transaction, mutex held
 */
void svcnat_event_commit(const struct svcnat_txn *txn)
{
	struct net *net = txn->sn->net;
	int err;

	if (!genl_has_listeners(&svcnat_genl_family, net, 0))
		return;
	err = event_services(txn);
	err = event_commit(txn) ?: err;
	if (err)
		genl_set_err(&svcnat_genl_family, net, 0, 0, -ENOBUFS);
}
