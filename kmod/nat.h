/* SPDX-License-Identifier: GPL-2.0 */
/* Binding a connection to a decision, and refusing one; what both need of headers. */
#ifndef _SVCNAT_NAT_H
#define _SVCNAT_NAT_H

#include <linux/netfilter.h>
#include <net/netfilter/nf_conntrack.h>

#include "backend.h"

int svcnat_transport_offset(const struct sk_buff *skb, u8 family);
unsigned int svcnat_nat_dst(struct nf_conn *ct, const struct svcnat_backend *backend);
void svcnat_nat_keep(struct nf_conn *ct);
unsigned int svcnat_nat_masquerade(struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int svcnat_refuse(struct sk_buff *skb, const struct nf_hook_state *state,
			   const struct nf_conntrack_tuple *flow, bool by_icmp);

#endif /* _SVCNAT_NAT_H */
