// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "pool.h"

/* More than anybody allocates; keeps sums within 64 bits. */
#define SIZE_MAX_BITS 62

static bool pick_between(uint64_t from, uint64_t to, uint64_t hash,
			 bool (*taken)(void *arg, uint64_t off), void *arg, uint64_t *off)
{
	uint64_t n = to > from ? to - from : 0;
	uint64_t at = n ? hash % n : 0;

	for (uint64_t i = 0; i < n; i++) {
		*off = from + at;
		if (!taken(arg, *off))
			return true;
		at = at + 1 == n ? 0 : at + 1;
	}
	return false;
}

bool pool_pick(const struct pool *p, uint64_t hash, bool (*taken)(void *arg, uint64_t off),
	       void *arg, uint64_t *off)
{
	if (p->used >= p->end - p->first)
		return false;
	return pick_between(p->band, p->end, hash, taken, arg, off) ||
	       pick_between(p->first, p->band, hash, taken, arg, off);
}

void pool_band(struct pool *p, uint64_t low, uint64_t part, uint64_t high)
{
	uint64_t n = (p->end - p->first) / part;

	n = n < low ? low : n;
	n = n > high ? high : n;
	p->band = n < p->end - p->first ? p->first + n : p->end;
}

struct ip_pool ip_pool_make(const struct prefix *prefix)
{
	unsigned int bits = (unsigned int)ip_len(&prefix->ip) * 8 - prefix->len;
	struct pool p = { .end = 1ull << (bits < SIZE_MAX_BITS ? bits : SIZE_MAX_BITS) };

	/* IPv6 has no broadcast, but offset 0 is the routers' anycast address. */
	if (bits > 1) {
		p.first = 1;
		p.end -= prefix->ip.family == AF_INET;
	}
	p.band = p.first;
	return (struct ip_pool){ .prefix = *prefix, .pool = p };
}

static uint64_t tail_get(const struct ip *ip)
{
	size_t len = ip_len(ip), from = len > 8 ? len - 8 : 0;
	uint64_t v = 0;

	for (size_t i = from; i < len; i++)
		v = v << 8 | ip->b[i];
	return v;
}

/* Host bits of a prefix are zero: adding carries no further than they reach. */
static struct ip address_at(const struct prefix *p, uint64_t off)
{
	size_t len = ip_len(&p->ip), from = len > 8 ? len - 8 : 0;
	uint64_t v = tail_get(&p->ip) + off;
	struct ip ip = p->ip;

	for (size_t i = len; i-- > from; v >>= 8)
		ip.b[i] = (uint8_t)v;
	return ip;
}

struct search {
	const struct ip_pool *pool;
	const struct addrmap *taken;
};

static bool address_taken(void *arg, uint64_t off)
{
	const struct search *s = arg;
	struct addr key = { .ip = address_at(&s->pool->prefix, off) };

	return addrmap_find(s->taken, &key);
}

bool ip_pool_pick(const struct ip_pool *p, const struct addrmap *taken, uint64_t hash,
		  struct ip *ip)
{
	struct search s = { p, taken };
	uint64_t off;

	if (!pool_pick(&p->pool, hash, address_taken, &s, &off))
		return false;
	*ip = address_at(&p->prefix, off);
	return true;
}

void ip_pool_use(struct ip_pool *p, const struct ip *ip)
{
	uint64_t off;

	if (!prefix_has(&p->prefix, ip))
		return;
	off = tail_get(ip) - tail_get(&p->prefix.ip);
	if (off >= p->pool.first && off < p->pool.end)
		p->pool.used++;
}
