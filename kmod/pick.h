/* SPDX-License-Identifier: GPL-2.0 */
/* Which backend of a set a new flow goes to. */
#ifndef _SVCNAT_PICK_H
#define _SVCNAT_PICK_H

#include <net/netfilter/nf_conntrack_tuple.h>

#include "set.h"

void svcnat_pick_module_init(void);

struct svcnat_backend *svcnat_pick(const struct svcnat_set *set, bool local,
				   const struct nf_conntrack_tuple *flow,
				   const struct svcnat_backend *avoid);
bool svcnat_pick_elsewhere(const struct svcnat_set *set, bool local,
			   const struct svcnat_backend *b);
bool svcnat_pick_may(const struct svcnat_backend *b);
u32 svcnat_pick_unavailable(const struct svcnat_set *set, bool local);

#endif /* _SVCNAT_PICK_H */
