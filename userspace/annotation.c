// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "annotation.h"

#define PREFIX "svcnat.io/"

/* Names in the order of the numbers they stand for. */
static const char *const scheds[] = { "random", "round-robin", NULL };
static const char *const refusals[] = { "reset", "icmp", NULL };

static int find(const char *const *values, const char *value)
{
	for (int i = 0; values[i]; i++)
		if (!strcmp(values[i], value))
			return i;
	return -1;
}

void annotations_check(const struct service *svc, struct diag *d)
{
	const struct map *m = &svc->meta.annotations;

	for (size_t i = 0; i < m->n; i++) {
		const char *key = m->v[i].key, *value = m->v[i].value;
		const char *const *values = NULL;

		if (strncmp(key, PREFIX, strlen(PREFIX)))
			continue;
		if (!strcmp(key, ANNOTATION_SCHEDULER))
			values = scheds;
		else if (!strcmp(key, ANNOTATION_REFUSE))
			values = refusals;
		if (!values)
			diag_warn(d, &svc->meta.loc, "metadata.annotations",
				  "%s is unknown and ignored: there are " ANNOTATION_SCHEDULER
				  " and " ANNOTATION_REFUSE, key);
		else if (find(values, value) < 0)
			diag_error(d, &svc->meta.loc, "metadata.annotations",
				   "%s: \"%s\" is unknown: expected %s or %s", key, value,
				   values[0], values[1]);
	}
}

static int get(const struct service *svc, const char *key, const char *const *values)
{
	const char *value = map_get(&svc->meta.annotations, key);
	int i = value ? find(values, value) : 0;

	return i < 0 ? 0 : i;
}

enum svcnat_sched annotation_sched(const struct service *svc)
{
	return get(svc, ANNOTATION_SCHEDULER, scheds) ? SVCNAT_SCHED_RR : SVCNAT_SCHED_RANDOM;
}

uint32_t annotation_flags(const struct service *svc)
{
	return get(svc, ANNOTATION_REFUSE, refusals) ? SVCNAT_SERVICE_F_REJECT_ICMP : 0;
}
