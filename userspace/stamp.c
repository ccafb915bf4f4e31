// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <string.h>
#include <time.h>

#include "session.h"
#include "stamp.h"

#define FORMAT "%Y-%m-%dT%H:%M:%SZ"

static const char *later_than(struct arena *a, const struct objects *known)
{
	const char *newest = NULL;
	time_t t = time(NULL);
	struct tm tm = { 0 };
	char buf[32];

	for (size_t i = 0; i < known->n; i++) {
		const char *created = known->v[i]->created;

		if (created && (!newest || strcmp(created, newest) > 0) &&
		    strptime(created, FORMAT, &tm))
			newest = created;
	}
	if (newest && strptime(newest, FORMAT, &tm) && timegm(&tm) >= t)
		t = timegm(&tm) + 1;
	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), FORMAT, &tm);
	return arena_strdup(a, buf);
}

void stamp_changes(struct arena *a, const struct objects *known, const struct objects *changes)
{
	const char *stamp = NULL;

	for (size_t i = 0; i < changes->n; i++) {
		struct object *o = changes->v[i];
		const struct object *k;

		if (o->created)
			continue;
		k = objects_find(known, o->kind, o->ns, o->name);
		if (!k && !stamp)
			stamp = later_than(a, known);
		/* Known without a time: from before there were any. */
		o->created = k ? k->created : stamp;
	}
}
