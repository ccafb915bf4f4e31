/* SPDX-License-Identifier: GPL-2.0 */
/* An IP address or prefix of either family, comparable by memcmp. */
#ifndef SVCCTL_IP_H
#define SVCCTL_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct ip {
	uint8_t family;		/* AF_INET, AF_INET6, 0 = none */
	uint8_t b[16];		/* network byte order; IPv4 in the first four */
};

struct prefix {
	struct ip ip;		/* bits beyond len are zero */
	uint8_t len;
};

#define IP_STRLEN 46
#define PREFIX_STRLEN 50

static inline size_t ip_len(const struct ip *ip)
{
	return ip->family == AF_INET ? 4 : ip->family == AF_INET6 ? 16 : 0;
}

/* Strict (inet_pton): false for anything else than one whole address. */
bool ip_parse(const char *s, struct ip *ip);
/* "ADDR/LEN"; host bits set are refused. */
bool prefix_parse(const char *s, struct prefix *p);
const char *ip_str(const struct ip *ip, char buf[IP_STRLEN]);
const char *prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN]);
/* Orders by family, then bytes. */
int ip_cmp(const struct ip *a, const struct ip *b);
bool prefix_has(const struct prefix *p, const struct ip *ip);
struct prefix prefix_of(const struct ip *ip);	/* it alone */

struct prefixes {
	struct prefix *v;
	size_t n;
};

/* The same addresses in as few prefixes as possible; @v is sorted. Returns how many. */
size_t prefixes_join(struct prefix *v, size_t n);
bool prefixes_cover(const struct prefixes *list, const struct ip *ip);

#endif
