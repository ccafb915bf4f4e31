/* SPDX-License-Identifier: GPL-2.0 */
/* A set of ports, and the kernel's way to write one: "8080,30000-30007". */
#ifndef SVCCTL_PORT_SET_H
#define SVCCTL_PORT_SET_H

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"

#define PORT_SET_WORDS (65536 / 64)

struct port_set {
	uint64_t w[PORT_SET_WORDS];
};

static inline void port_set_add(struct port_set *s, uint16_t port)
{
	s->w[port / 64] |= 1ull << port % 64;
}

static inline void port_set_drop(struct port_set *s, uint16_t port)
{
	s->w[port / 64] &= ~(1ull << port % 64);
}

static inline bool port_set_has(const struct port_set *s, uint16_t port)
{
	return s->w[port / 64] >> port % 64 & 1;
}

/* The first one from @port on, or -1. */
int port_set_next(const struct port_set *s, unsigned int port);
bool port_set_empty(const struct port_set *s);
bool port_set_equal(const struct port_set *a, const struct port_set *b);
void port_set_union(struct port_set *s, const struct port_set *with);
void port_set_minus(struct port_set *s, const struct port_set *without);

/* False: it is none. An empty text is an empty set. */
bool port_set_parse(const char *text, struct port_set *out);
const char *port_set_print(struct arena *a, const struct port_set *s);

#endif
