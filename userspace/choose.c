// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "choose.h"

enum topology { ANYWHERE, SAME_ZONE, SAME_NODE };

static bool names(const struct strings *s, const char *what)
{
	for (size_t i = 0; s && what && i < s->n; i++)
		if (!strcmp(s->v[i], what))
			return true;
	return false;
}

/* Who has weight 0 gets no new connections, ready or not. */
static bool ready_for_more(const struct endpoint *e)
{
	return e->ready && e->weight;
}

/* Hints of one kind count only if every ready endpoint has some. */
static enum topology topology(const struct endpoint_list *l, const struct viewpoint *from)
{
	bool all_nodes = true, all_zones = true, our_node = false, our_zone = false;

	for (size_t i = 0; i < l->n; i++) {
		const struct endpoint *e = &l->v[i];

		if (!ready_for_more(e))
			continue;
		all_nodes &= e->hint_nodes && e->hint_nodes->n;
		all_zones &= e->hint_zones && e->hint_zones->n;
		our_node |= names(e->hint_nodes, from->node);
		our_zone |= names(e->hint_zones, from->zone);
	}
	if (all_nodes && our_node)
		return SAME_NODE;
	return all_zones && our_zone ? SAME_ZONE : ANYWHERE;
}

static bool fits(const struct endpoint *e, enum topology t, const struct viewpoint *from)
{
	switch (t) {
	case SAME_NODE:
		return names(e->hint_nodes, from->node);
	case SAME_ZONE:
		return names(e->hint_zones, from->zone);
	default:
		return true;
	}
}

static bool going_but_serving(const struct endpoint *e)
{
	return e->serving && e->terminating && e->weight;
}

/* The two fallbacks to endpoints in termination are independent of each other. */
void choose(const struct endpoint_list *l, const struct viewpoint *from, uint32_t *flags)
{
	enum topology t = topology(l, from);
	bool ready = false, local_ready = false;

	for (size_t i = 0; i < l->n; i++) {
		ready |= ready_for_more(&l->v[i]);
		local_ready |= ready_for_more(&l->v[i]) && l->v[i].local;
	}
	for (size_t i = 0; i < l->n; i++) {
		const struct endpoint *e = &l->v[i];

		flags[i] = 0;
		if (ready ? ready_for_more(e) && fits(e, t, from) : going_but_serving(e))
			flags[i] |= SVCNAT_BACKEND_F_CLUSTER;
		if (e->local && (local_ready ? ready_for_more(e) : going_but_serving(e)))
			flags[i] |= SVCNAT_BACKEND_F_LOCAL;
	}
}
