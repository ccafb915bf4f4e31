/* SPDX-License-Identifier: GPL-2.0 */
/* The NAT functions: where packets come in. */
#ifndef _SVCNAT_HOOK_H
#define _SVCNAT_HOOK_H

#include <linux/netfilter.h>

unsigned int svcnat_hook_in(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);
unsigned int svcnat_hook_out(void *priv, struct sk_buff *skb, const struct nf_hook_state *state);

#endif /* _SVCNAT_HOOK_H */
