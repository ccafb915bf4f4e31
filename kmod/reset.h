/* SPDX-License-Identifier: GPL-2.0 */
/* Ending a connection for both of its ends. */
#ifndef _SVCNAT_RESET_H
#define _SVCNAT_RESET_H

#include "flow.h"

void svcnat_cut(struct svcnat_net *sn, struct nf_conn *ct, struct svcnat_flow *flow);
void svcnat_reset_both(struct nf_conn *ct);
void svcnat_sctp_refuse(const struct sk_buff *skb, const struct nf_hook_state *state,
			const struct nf_conntrack_tuple *flow);
unsigned int svcnat_reset_answer(struct sk_buff *skb, const struct nf_hook_state *state,
				 const struct nf_conn *ct);

#endif /* _SVCNAT_RESET_H */
