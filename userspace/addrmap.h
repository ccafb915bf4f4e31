/* SPDX-License-Identifier: GPL-2.0 */
/* A hash from address, protocol and port to whoever holds them. */
#ifndef SVCCTL_ADDRMAP_H
#define SVCCTL_ADDRMAP_H

#include "arena.h"
#include "ip.h"

/* No padding: compared by memcmp(). Unused parts are zero. */
struct addr {
	struct ip ip;
	uint8_t proto;
	uint16_t port;
};

_Static_assert(sizeof(struct addr) == 20, "struct addr must not be padded");

struct addrmap {
	struct arena *a;
	struct addrmap_slot *v;
	size_t size, n;
};

void addrmap_init(struct addrmap *m, struct arena *a);
/* Where the value of @key is, NULL at first; valid until the next call. */
void **addrmap_at(struct addrmap *m, const struct addr *key);
void *addrmap_find(const struct addrmap *m, const struct addr *key);

static inline struct addr addr_of_ip(const struct ip *ip)
{
	return (struct addr){ .ip = *ip };
}

#endif
