// SPDX-License-Identifier: GPL-2.0
/* Who answered how often. */
#include "tally.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[OUTCOMES] = {
	[ANSWERED] = "answered", [RST] = "rst", [ICMP_PORT] = "icmp-port",
	[UNREACHABLE] = "unreachable", [TOO_BIG] = "too-big", [DENIED] = "denied",
	[TIMEOUT] = "timeout", [BROKEN] = "broken",
};

const char *outcome_name(enum outcome o)
{
	return names[o];
}

static void *grown(void *v, size_t n, size_t size)
{
	v = reallocarray(v, n, size);
	if (!v)
		die("out of memory");
	return v;
}

static struct answer *answer_of(struct tally *t, const char *name, const char *source)
{
	struct answer *a;

	for (a = t->v; a < t->v + t->n; a++)
		if (!strcmp(a->name, name) && !strcmp(a->source, source))
			return a;
	t->v = grown(t->v, t->n + 1, sizeof(*t->v));
	a = &t->v[t->n++];
	memset(a, 0, sizeof(*a));
	snprintf(a->name, sizeof(a->name), "%s", name);
	snprintf(a->source, sizeof(a->source), "%s", source);
	return a;
}

static void remember(struct tally *t, const char *name)
{
	char *copy = strdup(name);

	t->order = grown(t->order, t->n_order + 1, sizeof(*t->order));
	if (!copy)
		die("out of memory");
	t->order[t->n_order++] = copy;
}

/* A Pod says "NAME SOURCE PORT"; anything else is an answer cut short. */
enum outcome tally_text(struct tally *t, const char *text, bool keep_order)
{
	char name[TRIES_NAME_MAX], source[TRIES_ADDR_MAX];
	unsigned int port;

	if (sscanf(text, "%63s %45s %u", name, source, &port) != 3)
		return BROKEN;
	answer_of(t, name, source)->count++;
	if (keep_order)
		remember(t, name);
	return ANSWERED;
}

static int by_name(const void *x, const void *y)
{
	const struct answer *a = x, *b = y;
	int c = strcmp(a->name, b->name);

	return c ? c : strcmp(a->source, b->source);
}

void tally_sort(struct tally *t)
{
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), by_name);
}

void tally_free(struct tally *t)
{
	for (size_t i = 0; i < t->n_order; i++)
		free((char *)t->order[i]);
	free(t->order);
	free(t->v);
	memset(t, 0, sizeof(*t));
}
