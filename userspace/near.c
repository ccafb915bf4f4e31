// SPDX-License-Identifier: GPL-2.0
/* See near.h. */
#include <string.h>

#include "labels.h"
#include "near.h"

#define CHANGES_MAX 64		/* more of them, and reading all is no slower by much */

const char *near_basis(struct session *s, uint64_t generation)
{
	struct arena *a = s->cli->a;
	const char *text = arena_printf(a, "%llu %s %s", (unsigned long long)generation,
					SVCCTL_VERSION, s->cli->opt.node);
	char buf[PREFIX_STRLEN];

	for (size_t i = 0; i < s->machine.n; i++)
		text = arena_printf(a, "%s %s", text, prefix_str(&s->machine.v[i], buf));
	return text;
}

/* The options in force are those kept, beside which at most our Node stands. */
static bool options_hold(const struct session *s)
{
	const char *text = options_keep(s->cli);
	size_t len = strlen(text);

	return !strncmp(s->kept, text, len) &&
	       (!s->kept[len] || !strncmp(s->kept + len, NODE_WAS, strlen(NODE_WAS)));
}

static bool kernel_holds_it(struct session *s, const struct dp *info)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN];

	return info->has_apply_id && state_apply_id(s->state, id) &&
	       !memcmp(info->apply_id, id, sizeof(id)) &&
	       !strcmp(state_basis(s->state, s->cli->a), near_basis(s, info->generation));
}

static const char *service_of(const struct object *slice)
{
	return map_get(&slice->labels, LABEL_SERVICE_NAME);
}

static bool load_one(struct session *s, enum kind kind, const char *ns, const char *name)
{
	return state_load_one(s->state, s->cli->a, kind, ns, name, &s->known, s->cli->d);
}

/* The Service a slice was taken from would need to know where else its endpoints are. */
static bool stays(const struct object *slice, const struct object *was)
{
	return !was || (service_of(was) && !strcmp(service_of(was), service_of(slice)));
}

static bool load_service(struct session *s, const struct object *slice)
{
	const char *service = service_of(slice);
	size_t n = s->known.n;

	return service && slice->name && load_one(s, KIND_SLICE, slice->ns, slice->name) &&
	       stays(slice, s->known.n > n ? s->known.v[n] : NULL) &&
	       load_one(s, KIND_SERVICE, slice->ns, service) &&
	       state_load_slices(s->state, s->cli->a, slice->ns, service, &s->known, s->cli->d);
}

/* They may have a weight of their own. */
static bool load_pods_of(struct session *s, const struct slice *slice)
{
	for (size_t i = 0; i < slice->n_endpoints; i++) {
		const struct target_ref *t = &slice->endpoints[i].target;

		if (t->kind && t->name && !strcmp(t->kind, "Pod") &&
		    !load_one(s, KIND_POD, t->ns ? t->ns : slice->meta.ns, t->name))
			return false;
	}
	return true;
}

/* Of the first @n: the list may be the one that grows. */
static bool load_pods(struct session *s, const struct objects *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list->v[i]->kind == KIND_SLICE && !load_pods_of(s, OBJ(slice, list->v[i])))
			return false;
	return true;
}

static bool load_all(struct session *s, const struct objects *changes)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->v[i]->kind != KIND_SLICE || !load_service(s, changes->v[i]))
			return false;
	if (state_has(s->state, KIND_POD) &&
	    !(load_pods(s, changes, changes->n) && load_pods(s, &s->known, s->known.n)))
		return false;
	return load_one(s, KIND_NODE, NULL, s->cli->opt.node);
}

bool near_load(struct session *s, const struct dp *info, const struct objects *changes)
{
	if (changes->n > CHANGES_MAX || !options_hold(s) || !kernel_holds_it(s, info))
		return false;
	if (!load_all(s, changes)) {
		s->known = (struct objects){ 0 };
		return false;
	}
	objects_sort(&s->known);
	objects_unique(&s->known);
	return true;
}

static bool dump_one(struct session *s, const char *name, struct dp *out)
{
	struct arena *a = s->cli->a;
	struct dp *one = knl_dump(s->knl, a, name, s->cli->d);

	for (size_t i = 0; one && i < one->n_services; i++)
		*(struct dp_service *)arena_push(a, &out->services, &out->n_services,
						 sizeof(*out->services)) = one->services[i];
	return one;
}

/* A commit that falls between two of these makes the plan a stale one. */
struct dp *near_dump(struct session *s)
{
	struct dp *have = arena_alloc(s->cli->a, sizeof(*have));
	const struct dp *want = s->want;

	if (!knl_info(s->knl, s->cli->a, have, s->cli->d))
		return NULL;
	for (size_t i = 0; i < want->n_services; i++)
		if ((!i || strcmp(want->services[i - 1].name, want->services[i].name)) &&
		    !dump_one(s, want->services[i].name, have))
			return NULL;
	dp_sort(have);
	return have;
}

void near_settle(struct session *s)
{
	const struct dp *have = s->have;
	struct dp *want = s->want;
	size_t i = 0;

	want->some = true;
	want->config = have->config;
	for (size_t j = 0; j < want->n_services; j++) {
		struct dp_service *w = &want->services[j];

		while (i < have->n_services && dp_service_cmp(&have->services[i], w) < 0)
			i++;
		if (i == have->n_services || dp_service_cmp(&have->services[i], w))
			continue;
		w->frontends = have->services[i].frontends;
		w->n_frontends = have->services[i].n_frontends;
	}
}
