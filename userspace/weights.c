// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include "svcnat.h"
#include "weights.h"

static int by_ip(const void *a, const void *b)
{
	return ip_cmp(&((const struct weight *)a)->ip, &((const struct weight *)b)->ip);
}

/* "ADDRESS=WEIGHT", with nothing around it. */
static bool parse_one(char *item, struct weight *out)
{
	char *is = strchr(item, '=');
	size_t digits = is ? strspn(is + 1, "0123456789") : 0;

	if (!digits || digits > 4 || is[1 + digits])
		return false;
	*is = '\0';
	out->weight = (uint32_t)strtoul(is + 1, NULL, 10);
	return ip_parse(item, &out->ip) && out->weight <= SVCNAT_WEIGHT_MAX;
}

bool weights_parse(struct arena *a, const char *text, struct weights *out)
{
	char *list = arena_strdup(a, text), *item, *save;

	*out = (struct weights){ 0 };
	for (item = strtok_r(list, ", \t\n", &save); item; item = strtok_r(NULL, ", \t\n", &save))
		if (!parse_one(item, arena_push(a, &out->v, &out->n, sizeof(*out->v))))
			return false;
	if (!out->n)
		return false;
	qsort(out->v, out->n, sizeof(*out->v), by_ip);
	for (size_t i = 1; i < out->n; i++)
		if (!by_ip(&out->v[i - 1], &out->v[i]))
			return false;
	return true;
}

int weights_find(const struct weights *w, const struct ip *ip)
{
	struct weight key = { .ip = *ip };
	const struct weight *found = w->n ? bsearch(&key, w->v, w->n, sizeof(key), by_ip) : NULL;

	return found ? (int)found->weight : -1;
}
