/* SPDX-License-Identifier: GPL-2.0 */
/* Where node ports answer: which addresses of this node. */
#ifndef _SVCNAT_NODEPORT_H
#define _SVCNAT_NODEPORT_H

#include "netns.h"
#include "vip.h"

bool svcnat_addr_is_local(struct net *net, u8 family, const union nf_inet_addr *addr);
bool svcnat_nodeport_serves(const struct svcnat_net *sn, const struct svcnat_key *key);

#endif /* _SVCNAT_NODEPORT_H */
