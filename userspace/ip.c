// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "ip.h"

bool ip_parse(const char *s, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (!s)
		return false;
	if (inet_pton(AF_INET, s, ip->b) == 1)
		ip->family = AF_INET;
	else if (inet_pton(AF_INET6, s, ip->b) == 1)
		ip->family = AF_INET6;
	else
		memset(ip, 0, sizeof(*ip));
	return ip->family;
}

/* "0" to "128", without sign, leading zero or anything behind it. */
static bool len_parse(const char *s, unsigned int max, uint8_t *len)
{
	unsigned int n = 0;

	if (!*s || (*s == '0' && s[1]) || strlen(s) > 3)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		n = n * 10 + (unsigned int)(*s - '0');
	}
	*len = (uint8_t)n;
	return n <= max;
}

static bool bit(const struct ip *ip, unsigned int i)
{
	return ip->b[i / 8] & (0x80 >> i % 8);
}

bool prefix_parse(const char *s, struct prefix *p)
{
	const char *slash = s ? strchr(s, '/') : NULL;
	char addr[IP_STRLEN];
	unsigned int bits;

	memset(p, 0, sizeof(*p));
	if (!slash || (size_t)(slash - s) >= sizeof(addr))
		return false;
	memcpy(addr, s, (size_t)(slash - s));
	addr[slash - s] = '\0';
	if (!ip_parse(addr, &p->ip))
		return false;
	bits = (unsigned int)ip_len(&p->ip) * 8;
	if (!len_parse(slash + 1, bits, &p->len))
		return false;
	for (unsigned int i = p->len; i < bits; i++)
		if (bit(&p->ip, i))
			return false;
	return true;
}

const char *ip_str(const struct ip *ip, char buf[IP_STRLEN])
{
	if (!ip->family || !inet_ntop(ip->family, ip->b, buf, IP_STRLEN))
		strcpy(buf, "none");
	return buf;
}

const char *prefix_str(const struct prefix *p, char buf[PREFIX_STRLEN])
{
	char addr[IP_STRLEN];

	snprintf(buf, PREFIX_STRLEN, "%s/%u", ip_str(&p->ip, addr), p->len);
	return buf;
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
	/* AF_INET < AF_INET6, and unused bytes are zero. */
	return memcmp(a, b, sizeof(*a));
}

bool prefix_has(const struct prefix *p, const struct ip *ip)
{
	unsigned int whole = p->len / 8, rest = p->len % 8;

	if (!ip->family || p->ip.family != ip->family || memcmp(p->ip.b, ip->b, whole))
		return false;
	return !rest || !((p->ip.b[whole] ^ ip->b[whole]) & (0xff00 >> rest & 0xff));
}

bool prefixes_cover(const struct prefixes *list, const struct ip *ip)
{
	for (size_t i = 0; i < list->n; i++)
		if (prefix_has(&list->v[i], ip))
			return true;
	return false;
}

struct prefix prefix_of(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .len = (uint8_t)(ip_len(ip) * 8) };
}

/* Are @a and @b, in this order, the two halves of one prefix? */
static bool halves(const struct prefix *a, const struct prefix *b)
{
	unsigned int bit = a->len ? a->len - 1u : 0;
	struct ip joined = b->ip;

	if (!a->len || a->len != b->len)
		return false;
	joined.b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return !ip_cmp(&a->ip, &joined) && ip_cmp(&a->ip, &b->ip);
}

size_t prefixes_join(struct prefix *v, size_t n)
{
	size_t top = 0;

	for (size_t i = 0; i < n; i++) {
		if (top && prefix_has(&v[top - 1], &v[i].ip))
			continue;
		v[top++] = v[i];
		while (top > 1 && halves(&v[top - 2], &v[top - 1]))
			v[--top - 1].len--;
	}
	return top;
}
