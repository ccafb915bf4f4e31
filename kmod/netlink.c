// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family and its commands; uapi/svcnat.h is the contract.
 *
 * Commands run in parallel (parallel_ops) and take the namespace's mutex
 * themselves; explain runs under RCU, as packets do.
 */

#include "compat.h"
#include "netlink.h"

static const struct nla_policy none_policy[SVCNAT_A_MAX + 1] = {};

static const struct nla_policy begin_policy[SVCNAT_A_MAX + 1] = {
	[SVCNAT_A_GENERATION] = { .type = NLA_U64 },
	[SVCNAT_A_TXN_FLAGS] = NLA_POLICY_MASK(NLA_U32, SVCNAT_TXN_F_MASK),
};

static const struct nla_policy put_policy[SVCNAT_A_MAX + 1] = {
	[SVCNAT_A_SERVICE] = NLA_POLICY_NESTED(svcnat_service_policy),
	[SVCNAT_A_REMOVE] = NLA_POLICY_NESTED(svcnat_identity_policy),
	[SVCNAT_A_CONFIG] = NLA_POLICY_NESTED(svcnat_config_policy),
};

static const struct nla_policy commit_policy[SVCNAT_A_MAX + 1] = {
	[SVCNAT_A_APPLY_ID] = NLA_POLICY_EXACT_LEN(SVCNAT_APPLY_ID_LEN),
	[SVCNAT_A_PUTS] = { .type = NLA_U32 },
};

static const struct nla_policy service_get_policy[SVCNAT_A_MAX + 1] = {
	[SVCNAT_A_NAME] = { .type = NLA_NUL_STRING, .len = SVCNAT_NAME_MAX },
};

static const struct nla_policy explain_policy[SVCNAT_A_MAX + 1] = {
	[SVCNAT_A_FLOW] = NLA_POLICY_NESTED(svcnat_flow_policy),
};

/* The longest: four lists of SVCNAT_PREFIXES_MAX IPv6 prefixes. */
#define REPLY_SIZE	16384

static int missing(struct genl_info *info, const char *msg)
{
	info->extack->_msg = msg;
	return -EINVAL;
}

static struct sk_buff *reply_new(struct genl_info *info, u64 generation, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(REPLY_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &svcnat_genl_family, 0, info->genlhdr->cmd);
	if (!*hdr || nla_put_u64_64bit(skb, SVCNAT_A_GENERATION, generation, SVCNAT_A_PAD)) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static int reply_send(struct genl_info *info, struct sk_buff *skb, void *hdr)
{
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int fill_state(struct sk_buff *skb, const struct svcnat_net *sn)
{
	if (sn->has_apply_id &&
	    nla_put(skb, SVCNAT_A_APPLY_ID, SVCNAT_APPLY_ID_LEN, sn->apply_id))
		return -EMSGSIZE;
	return svcnat_fill_info(skb, sn) ?:
	       svcnat_fill_config(skb, rcu_dereference_protected(sn->config,
								 lockdep_is_held(&sn->lock)));
}

static int info_get(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	struct sk_buff *skb;
	int err = -ENOMEM;
	void *hdr;

	mutex_lock(&sn->lock);
	skb = reply_new(info, sn->generation, &hdr);
	if (skb)
		err = fill_state(skb, sn);
	mutex_unlock(&sn->lock);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return reply_send(info, skb, hdr);
}

static int begin(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	u32 flags = 0;
	int err;

	if (!info->attrs[SVCNAT_A_GENERATION])
		return missing(info, "which generation was the change computed from?");
	if (info->attrs[SVCNAT_A_TXN_FLAGS])
		flags = nla_get_u32(info->attrs[SVCNAT_A_TXN_FLAGS]);
	mutex_lock(&sn->lock);
	err = svcnat_txn_begin(sn, NETLINK_CB(req).sk, info->snd_portid, flags,
			       nla_get_u64(info->attrs[SVCNAT_A_GENERATION]), info->extack);
	mutex_unlock(&sn->lock);
	return err;
}

static int put_config(struct svcnat_txn *txn, const struct nlattr *nla,
		      struct netlink_ext_ack *extack)
{
	struct svcnat_config *config;
	int err;

	if (txn->config) {
		NL_SET_ERR_MSG_ATTR(extack, nla, "configuration given twice in one transaction");
		return -EEXIST;
	}
	config = kzalloc(sizeof(*config), GFP_KERNEL_ACCOUNT);
	if (!config)
		return -ENOMEM;
	err = svcnat_parse_config(config, nla, extack);
	if (err) {
		kfree(config);
		return err;
	}
	txn->config = config;
	return 0;
}

static int put_all(struct svcnat_txn *txn, struct genl_info *info)
{
	const struct nlattr *a;
	int err = 0, rem;

	nlmsg_for_each_attr(a, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(a) == SVCNAT_A_SERVICE)
			err = svcnat_parse_service(txn, a, info->extack);
		else if (nla_type(a) == SVCNAT_A_REMOVE)
			err = svcnat_parse_remove(txn, a, info->extack);
		else
			err = put_config(txn, a, info->extack);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int put(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	struct svcnat_txn *txn;
	int err = 0;

	mutex_lock(&sn->lock);
	txn = svcnat_txn_find(sn, NETLINK_CB(req).sk);
	if (!txn) {
		err = -ENOENT;
		NL_SET_ERR_MSG(info->extack, "this socket has no transaction open");
	} else if (!txn->spoiled) {
		txn->n_puts++;
		err = put_all(txn, info);
		txn->spoiled = err;
	}
	mutex_unlock(&sn->lock);
	return err;
}

/* One that the core refused, by its policy say, never came to put(). */
static int check_puts(const struct svcnat_txn *txn, struct genl_info *info)
{
	const struct nlattr *puts = info->attrs[SVCNAT_A_PUTS];

	if (!puts)
		return missing(info, "how many PUTs were sent?");
	if (txn->spoiled || nla_get_u32(puts) == txn->n_puts)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, puts, "a PUT of this transaction was refused or lost");
	return -ECANCELED;
}

static int commit_locked(struct svcnat_net *sn, struct sk_buff *req, struct genl_info *info,
			 const void *reply)
{
	const struct nlattr *id = info->attrs[SVCNAT_A_APPLY_ID];
	struct svcnat_txn *txn = svcnat_txn_find(sn, NETLINK_CB(req).sk);
	int err;

	if (!txn) {
		NL_SET_ERR_MSG(info->extack, "this socket has no transaction open");
		return -ENOENT;
	}
	err = reply ? check_puts(txn, info) : -ENOMEM;
	if (!err)
		err = svcnat_commit(txn, id ? nla_data(id) : NULL, info->extack);
	if (err) {
		svcnat_txn_drop(txn);
		return err;
	}
	svcnat_event_commit(txn);
	svcnat_txn_drop(txn);
	return 0;
}

static int commit(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	struct sk_buff *skb;
	u64 generation;
	void *hdr;
	int err;

	/* Made first: a commit must not happen and then fail to say so. */
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	mutex_lock(&sn->lock);
	err = commit_locked(sn, req, info, skb);
	generation = sn->generation;
	mutex_unlock(&sn->lock);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	hdr = genlmsg_put_reply(skb, info, &svcnat_genl_family, 0, SVCNAT_CMD_COMMIT);
	nla_put_u64_64bit(skb, SVCNAT_A_GENERATION, generation, SVCNAT_A_PAD);
	reply_send(info, skb, hdr);
	return 0;
}

static int drop(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	struct svcnat_txn *txn;

	mutex_lock(&sn->lock);
	txn = svcnat_txn_find(sn, NETLINK_CB(req).sk);
	if (txn)
		svcnat_txn_drop(txn);
	mutex_unlock(&sn->lock);
	if (txn)
		return 0;
	NL_SET_ERR_MSG(info->extack, "this socket has no transaction open");
	return -ENOENT;
}

static int fill_explanation(struct sk_buff *skb, struct svcnat_net *sn,
			    const struct nf_conntrack_tuple *flow, u32 iif)
{
	enum svcnat_shortcut shortcut = SVCNAT_SHORTCUT_YES;
	enum svcnat_masq masq = SVCNAT_MASQ_NO;
	const struct net_device *in = NULL;
	struct svcnat_decision d;
	int err;

	rcu_read_lock();
	if (iif)
		in = dev_get_by_index_rcu(sn->net, iif);
	svcnat_decide(sn, flow, in, NULL, &d);
	if (d.backend) {
		const union nf_inet_addr to = svcnat_backend_addr(d.backend);

		if (svcnat_leaves_node(sn, flow, &to))
			masq = svcnat_masq_why(sn, d.vip, flow, in, &to);
		shortcut = svcnat_shortcut_why(sn, d.vip, flow, in, &to);
	}
	err = svcnat_fill_decision(skb, &d, masq, shortcut);
	rcu_read_unlock();
	return err;
}

static int explain(struct sk_buff *req, struct genl_info *info)
{
	struct svcnat_net *sn = svcnat_net_of(genl_info_net(info));
	struct nf_conntrack_tuple flow;
	struct sk_buff *skb;
	u64 generation;
	void *hdr;
	u32 iif;
	int err;

	if (!info->attrs[SVCNAT_A_FLOW])
		return missing(info, "which flow?");
	err = svcnat_parse_flow(&flow, &iif, info->attrs[SVCNAT_A_FLOW], info->extack);
	if (err)
		return err;
	mutex_lock(&sn->lock);
	generation = sn->generation;
	mutex_unlock(&sn->lock);
	skb = reply_new(info, generation, &hdr);
	if (!skb)
		return -ENOMEM;
	err = fill_explanation(skb, sn, &flow, iif);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	return reply_send(info, skb, hdr);
}

static const struct genl_ops ops[] = {
	{
		.cmd = SVCNAT_CMD_INFO_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = none_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = info_get,
	}, {
		.cmd = SVCNAT_CMD_BEGIN,
		.flags = GENL_ADMIN_PERM,
		.policy = begin_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = begin,
	}, {
		.cmd = SVCNAT_CMD_PUT,
		.flags = GENL_ADMIN_PERM,
		.policy = put_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = put,
	}, {
		.cmd = SVCNAT_CMD_COMMIT,
		.flags = GENL_ADMIN_PERM,
		.policy = commit_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = commit,
	}, {
		.cmd = SVCNAT_CMD_ABORT,
		.flags = GENL_ADMIN_PERM,
		.policy = none_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = drop,
	}, {
		.cmd = SVCNAT_CMD_SERVICE_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = service_get_policy,
		.maxattr = SVCNAT_A_MAX,
		.start = svcnat_service_dump_start,
		.dumpit = svcnat_service_dump,
	}, {
		.cmd = SVCNAT_CMD_EXPLAIN,
		.flags = GENL_ADMIN_PERM,
		.policy = explain_policy,
		.maxattr = SVCNAT_A_MAX,
		.doit = explain,
	}, {
		.cmd = SVCNAT_CMD_FLOW_GET,
		.flags = GENL_ADMIN_PERM,
		.policy = none_policy,
		.maxattr = SVCNAT_A_MAX,
		.dumpit = svcnat_flows_dump,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = SVCNAT_GENL_EVENTS, .flags = SVCNAT_GROUP_FLAGS },
};

struct genl_family svcnat_genl_family __ro_after_init = {
	.name = SVCNAT_GENL_NAME,
	.version = SVCNAT_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

/* A transaction dies with its socket. */
static int socket_released(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *n = data;

	if (event == NETLINK_URELEASE && n->protocol == NETLINK_GENERIC)
		svcnat_txn_socket_closed(svcnat_net_of(n->net), n->portid);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_released,
};

/**
 * svcnat_netlink_module_init - open for commands
 *
 * Return: 0 or a negative errno.
 */
int svcnat_netlink_module_init(void)
{
	int err = netlink_register_notifier(&socket_notifier);

	if (err)
		return err;
	err = genl_register_family(&svcnat_genl_family);
	if (err)
		netlink_unregister_notifier(&socket_notifier);
	return err;
}

/**
 * svcnat_netlink_module_exit - close; no command runs any more on return
 */
void svcnat_netlink_module_exit(void)
{
	genl_unregister_family(&svcnat_genl_family);
	netlink_unregister_notifier(&socket_notifier);
}
