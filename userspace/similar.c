// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "similar.h"

/* How much of two words is the same, from both ends. */
static size_t alike(const char *a, size_t n, const char *b, size_t m)
{
	size_t least = n < m ? n : m, head = 0, tail = 0;

	while (head < least && a[head] == b[head])
		head++;
	while (tail < least - head && a[n - 1 - tail] == b[m - 1 - tail])
		tail++;
	return head + tail;
}

void similar_try(struct similar *s, const char *candidate)
{
	size_t len = strlen(candidate), n = alike(s->word, s->len, candidate, len);

	if (2 * n <= len || (s->best && n * s->of <= s->shared * (len + s->len)))
		return;
	s->shared = n;
	s->of = len + s->len;
	s->best = candidate;
}
