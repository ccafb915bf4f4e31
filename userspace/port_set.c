// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include "port_set.h"

#define RANGE_LEN 12	/* "65535-65535," */

int port_set_next(const struct port_set *s, unsigned int port)
{
	for (; port < 65536; port = (port / 64 + 1) * 64) {
		uint64_t rest = s->w[port / 64] >> port % 64;

		if (rest)
			return (int)port + __builtin_ctzll(rest);
	}
	return -1;
}

bool port_set_empty(const struct port_set *s)
{
	return port_set_next(s, 0) < 0;
}

bool port_set_equal(const struct port_set *a, const struct port_set *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void port_set_union(struct port_set *s, const struct port_set *with)
{
	for (size_t i = 0; i < PORT_SET_WORDS; i++)
		s->w[i] |= with->w[i];
}

void port_set_minus(struct port_set *s, const struct port_set *without)
{
	for (size_t i = 0; i < PORT_SET_WORDS; i++)
		s->w[i] &= ~without->w[i];
}

/* A number at *@p, which goes on behind it; -1: none, or no port. */
static int number(const char **p)
{
	int n = -1;

	for (; **p >= '0' && **p <= '9'; ++*p) {
		n = (n < 0 ? 0 : n * 10) + **p - '0';
		if (n > 65535)
			return -1;
	}
	return n;
}

bool port_set_parse(const char *text, struct port_set *out)
{
	memset(out, 0, sizeof(*out));
	while (*text) {
		int first = number(&text), last = first;

		if (*text == '-') {
			text++;
			last = number(&text);
		}
		if (first < 0 || last < first || (*text && *text != ','))
			return false;
		for (int port = first; port <= last; port++)
			port_set_add(out, (uint16_t)port);
		if (*text)
			text++;
	}
	return true;
}

static size_t count_ranges(const struct port_set *s)
{
	size_t n = 0;

	for (int port = -1; (port = port_set_next(s, (unsigned int)port + 1)) >= 0; )
		n += !port || !port_set_has(s, (uint16_t)(port - 1));
	return n;
}

const char *port_set_print(struct arena *a, const struct port_set *s)
{
	char *text = arena_alloc(a, count_ranges(s) * RANGE_LEN + 1), *p = text;
	int first, last;

	for (first = port_set_next(s, 0); first >= 0;
	     first = port_set_next(s, (unsigned int)last + 1)) {
		for (last = first; last < 65535 && port_set_has(s, (uint16_t)(last + 1)); )
			last++;
		p += sprintf(p, first == last ? "%s%d" : "%s%d-%d", p > text ? "," : "", first, last);
	}
	return text;
}
