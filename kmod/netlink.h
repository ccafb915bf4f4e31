/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink: netlink.c has the family and its commands, parse*.c turn
 * attributes into what the rest works on, fill.c the other way round, dump.c
 * and event.c use that.
 */
#ifndef _SVCNAT_NETLINK_H
#define _SVCNAT_NETLINK_H

#include <net/genetlink.h>
#include <net/netfilter/nf_conntrack_tuple.h>

#include "decide.h"
#include "netns.h"
#include "txn.h"

extern struct genl_family svcnat_genl_family;

int svcnat_netlink_module_init(void);
void svcnat_netlink_module_exit(void);

/* parse_attr.c */
extern const struct nla_policy svcnat_prefix_policy[SVCNAT_PREFIX_A_MAX + 1];

void svcnat_nla_table(struct nlattr **tb, int maxtype, const struct nlattr *nla);
u32 svcnat_nla_u32_or(const struct nlattr *nla, u32 otherwise);
int svcnat_nla_bad(const struct nlattr *nla, struct netlink_ext_ack *extack, const char *msg);
int svcnat_parse_addr(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
		      struct netlink_ext_ack *extack);
int svcnat_parse_unicast(union nf_inet_addr *addr, u8 family, const struct nlattr *nla,
			 struct netlink_ext_ack *extack);
int svcnat_parse_prefix(struct svcnat_prefix *p, const struct nlattr *nla,
			struct netlink_ext_ack *extack);

/* parse.c, parse_config.c */
extern const struct nla_policy svcnat_service_policy[SVCNAT_SERVICE_A_MAX + 1];
extern const struct nla_policy svcnat_identity_policy[SVCNAT_SERVICE_A_MAX + 1];
extern const struct nla_policy svcnat_config_policy[SVCNAT_CONFIG_A_MAX + 1];
extern const struct nla_policy svcnat_flow_policy[SVCNAT_FLOW_A_MAX + 1];

int svcnat_parse_service(struct svcnat_txn *txn, const struct nlattr *nla,
			 struct netlink_ext_ack *extack);
int svcnat_parse_remove(struct svcnat_txn *txn, const struct nlattr *nla,
			struct netlink_ext_ack *extack);
int svcnat_parse_config(struct svcnat_config *config, const struct nlattr *nla,
			struct netlink_ext_ack *extack);
int svcnat_parse_flow(struct nf_conntrack_tuple *flow, u32 *iif, const struct nlattr *nla,
		      struct netlink_ext_ack *extack);

/* fill.c */
int svcnat_fill_info(struct sk_buff *skb, const struct svcnat_net *sn);
int svcnat_fill_config(struct sk_buff *skb, const struct svcnat_config *config);
int svcnat_fill_service(struct sk_buff *skb, const struct svcnat_service *svc,
			const struct svcnat_set *set, u32 *pos);
int svcnat_fill_brief(struct sk_buff *skb, const struct svcnat_service *svc);
int svcnat_fill_decision(struct sk_buff *skb, const struct svcnat_decision *d,
			 enum svcnat_masq masq, enum svcnat_shortcut shortcut);
int svcnat_fill_addr(struct sk_buff *skb, int attr, u8 family, const union nf_inet_addr *addr);
int svcnat_fill_identity(struct sk_buff *skb, const struct svcnat_service *svc);

/* dump.c */
int svcnat_service_dump_start(struct netlink_callback *cb);
int svcnat_service_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* flows.c */
int svcnat_flows_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* event.c */
void svcnat_event_commit(const struct svcnat_txn *txn);

#endif /* _SVCNAT_NETLINK_H */
