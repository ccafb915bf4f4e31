// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "addrmap.h"

#define SIZE_MIN 64

struct addrmap_slot {
	struct addr key;
	bool used;
	void *value;
};

static size_t hash(const struct addr *key)
{
	uint64_t w[2], h;
	uint32_t rest;

	memcpy(w, key, sizeof(w));
	memcpy(&rest, (const char *)key + sizeof(w), sizeof(rest));
	h = (w[0] ^ rest) * 0x9e3779b97f4a7c15;
	h = (h ^ h >> 32 ^ w[1]) * 0xbf58476d1ce4e5b9;
	return h ^ h >> 29;
}

/* Linear probing in a table that is never more than half full. */
static struct addrmap_slot *probe(const struct addrmap *m, const struct addr *key)
{
	size_t i = hash(key) & (m->size - 1);

	while (m->v[i].used && memcmp(&m->v[i].key, key, sizeof(*key)))
		i = (i + 1) & (m->size - 1);
	return &m->v[i];
}

void addrmap_init(struct addrmap *m, struct arena *a)
{
	*m = (struct addrmap){ .a = a, .size = SIZE_MIN };
	m->v = arena_alloc(a, m->size * sizeof(*m->v));
}

static void grow(struct addrmap *m)
{
	struct addrmap old = *m;

	m->size *= 4;
	m->v = arena_alloc(m->a, m->size * sizeof(*m->v));
	for (size_t i = 0; i < old.size; i++)
		if (old.v[i].used)
			*probe(m, &old.v[i].key) = old.v[i];
}

void **addrmap_at(struct addrmap *m, const struct addr *key)
{
	struct addrmap_slot *s;

	if (m->n >= m->size / 2)
		grow(m);
	s = probe(m, key);
	if (!s->used) {
		s->key = *key;
		s->used = true;
		m->n++;
	}
	return &s->value;
}

void *addrmap_find(const struct addrmap *m, const struct addr *key)
{
	return probe(m, key)->value;
}
