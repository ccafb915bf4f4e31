/* SPDX-License-Identifier: GPL-2.0 */
/* The hooks: where packets come in. */
#ifndef _SVCNAT_HOOK_H
#define _SVCNAT_HOOK_H

#include <linux/netfilter.h>

#include "netns.h"

struct svcnat_backend;

unsigned int svcnat_hook_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int svcnat_hook_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int svcnat_hook_keep(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int svcnat_hook_confirm(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state);
unsigned int svcnat_take(struct svcnat_net *sn, struct sk_buff *skb,
			 const struct nf_hook_state *state, const struct svcnat_backend *avoid);
void svcnat_hook_forget(const struct svcnat_net *sn);

#endif /* _SVCNAT_HOOK_H */
