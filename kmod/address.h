/* SPDX-License-Identifier: GPL-2.0 */
/* ClusterIPs in use, whatever the port: for flows that are to no frontend. */
#ifndef _SVCNAT_ADDRESS_H
#define _SVCNAT_ADDRESS_H

#include <linux/netfilter.h>

#include "htable.h"

/**
 * struct svcnat_address - a ClusterIP
 * @node: in &svcnat_net.addresses
 * @users: frontends on it, while it is on the table; by the mutex
 * @link: on a transaction's list, while it is not; by the mutex
 * @family: AF_INET or AF_INET6
 * @addr: there is memory for that of its family only
 */
struct svcnat_address {
	struct svcnat_hnode	node;
	union {
		u32			users;
		struct svcnat_address	*link;
	};
	u8			family;
	union nf_inet_addr	addr;
};

void svcnat_address_module_init(void);

struct svcnat_address *svcnat_address_alloc(u8 family);
void svcnat_address_set(struct svcnat_address *a, const union nf_inet_addr *addr);
u32 svcnat_address_hash(const struct svcnat_hnode *n);
struct svcnat_address *svcnat_address_find(const struct svcnat_htable *t, u8 family,
					   const union nf_inet_addr *addr);

/* Onto a list and off it, by @link. */
static inline void svcnat_address_push(struct svcnat_address **list, struct svcnat_address *a)
{
	a->link = *list;
	*list = a;
}

static inline struct svcnat_address *svcnat_address_pop(struct svcnat_address **list)
{
	struct svcnat_address *a = *list;

	if (a)
		*list = a->link;
	return a;
}

#endif /* _SVCNAT_ADDRESS_H */
