// SPDX-License-Identifier: GPL-2.0
/* See near.h. */
#include <stdlib.h>
#include <string.h>

#include "fnv.h"
#include "labels.h"
#include "near.h"

/* More changes, or more objects to load for them: reading all is no slower by much. */
#define CHANGES_MAX 64
#define LOAD_MAX 2000

const char *near_basis(struct session *s, uint64_t generation)
{
	const struct prefixes *m = &s->machine;

	return arena_printf(s->cli->a, "%llu %s %s %zu %016llx", (unsigned long long)generation,
			    SVCCTL_VERSION, s->cli->opt.node, m->n,
			    (unsigned long long)fnv(FNV_BEGIN, m->v, m->n * sizeof(*m->v)));
}

/* The options in force are those kept, beside which at most our Node stands. */
static bool options_hold(const struct session *s)
{
	const char *text = options_keep(s->cli);
	size_t len = strlen(text);

	return !strncmp(s->kept, text, len) &&
	       (!s->kept[len] || !strncmp(s->kept + len, NODE_WAS, strlen(NODE_WAS)));
}

static bool kernel_holds_it(struct session *s)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN];

	return s->info.has_apply_id && state_apply_id(s->state, id) &&
	       !memcmp(s->info.apply_id, id, sizeof(id)) &&
	       !strcmp(state_basis(s->state, s->cli->a), near_basis(s, s->info.generation));
}

static const char *service_of(const struct object *slice)
{
	return map_get(&slice->labels, LABEL_SERVICE_NAME);
}

static void key_add(struct arena *a, struct state_keys *keys, enum kind kind, const char *ns,
		    const char *name)
{
	struct state_key *k = arena_push(a, &keys->v, &keys->n, sizeof(*k));

	*k = (struct state_key){ kind, ns ? ns : "", name };
}

static int key_cmp(const void *x, const void *y)
{
	const struct state_key *a = x, *b = y;
	int c = (a->kind > b->kind) - (a->kind < b->kind);

	if (!c)
		c = strcmp(a->ns, b->ns);
	return c ? c : strcmp(a->name, b->name);
}

static void keys_unique(struct state_keys *keys)
{
	size_t n = 0;

	if (keys->n)
		qsort(keys->v, keys->n, sizeof(*keys->v), key_cmp);
	for (size_t i = 0; i < keys->n; i++)
		if (!n || key_cmp(&keys->v[n - 1], &keys->v[i]))
			keys->v[n++] = keys->v[i];
	keys->n = n;
}

static bool services_of(struct arena *a, const struct objects *changes, struct state_keys *out)
{
	for (size_t i = 0; i < changes->n; i++) {
		const struct object *o = changes->v[i];

		if (o->kind != KIND_SLICE || !o->name || !service_of(o))
			return false;
		key_add(a, out, KIND_SERVICE, o->ns, service_of(o));
	}
	keys_unique(out);
	return true;
}

static bool load_services(struct session *s, const struct state_keys *services)
{
	if (services->n + state_count_slices(s->state, services, LOAD_MAX) > LOAD_MAX ||
	    !state_load_keys(s->state, s->cli->a, services, &s->known) ||
	    !state_load_slices(s->state, s->cli->a, services, &s->known))
		return false;
	objects_sort(&s->known);
	return true;
}

/* The Service a slice was taken from would need to know where else its endpoints are. */
static bool none_moves(struct session *s, const struct objects *changes)
{
	struct state_keys others = { 0 };
	struct objects moved = { 0 };

	for (size_t i = 0; i < changes->n; i++) {
		const struct object *o = changes->v[i];
		const struct object *was = objects_find(&s->known, KIND_SLICE, o->ns, o->name);

		if (!was)
			key_add(s->cli->a, &others, KIND_SLICE, o->ns, o->name);
		else if (strcmp(service_of(was), service_of(o)))
			return false;
	}
	return !others.n || (state_load_keys(s->state, s->cli->a, &others, &moved) && !moved.n);
}

/* They may have a weight of their own. */
static void pods_of(struct arena *a, const struct objects *list, struct state_keys *out)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct slice *slice = list->v[i]->kind == KIND_SLICE ? OBJ(slice, list->v[i]) : NULL;

		for (size_t j = 0; slice && j < slice->n_endpoints; j++) {
			const struct target_ref *t = &slice->endpoints[j].target;

			if (t->kind && t->name && !strcmp(t->kind, "Pod"))
				key_add(a, out, KIND_POD, t->ns ? t->ns : slice->meta.ns, t->name);
		}
	}
}

static bool load_rest(struct session *s, const struct objects *changes)
{
	struct state_keys keys = { 0 };

	if (state_has(s->state, KIND_POD)) {
		pods_of(s->cli->a, changes, &keys);
		pods_of(s->cli->a, &s->known, &keys);
	}
	key_add(s->cli->a, &keys, KIND_NODE, NULL, s->cli->opt.node);
	keys_unique(&keys);
	return s->known.n + keys.n <= LOAD_MAX &&
	       state_load_keys(s->state, s->cli->a, &keys, &s->known);
}

static bool load_all(struct session *s, const struct objects *changes)
{
	struct state_keys services = { 0 };

	return services_of(s->cli->a, changes, &services) && load_services(s, &services) &&
	       none_moves(s, changes) && load_rest(s, changes);
}

bool near_load(struct session *s, const struct objects *changes)
{
	if (changes->n > CHANGES_MAX || !options_hold(s) || !kernel_holds_it(s))
		return false;
	if (!load_all(s, changes)) {
		s->known = (struct objects){ 0 };
		return false;
	}
	objects_sort(&s->known);
	return true;
}

static bool same_commit(const struct dp *a, const struct dp *b)
{
	return a->generation == b->generation && a->has_apply_id == b->has_apply_id &&
	       !memcmp(a->apply_id, b->apply_id, sizeof(a->apply_id));
}

static bool dump_one(struct session *s, const char *name, struct dp *out)
{
	struct arena *a = s->cli->a;
	struct dp *one = knl_dump(s->knl, a, name, s->cli->d);

	if (!one)
		return false;
	s->astray = !same_commit(one, &s->info);
	for (size_t i = 0; i < one->n_services; i++)
		*(struct dp_service *)arena_push(a, &out->services, &out->n_services,
						 sizeof(*out->services)) = one->services[i];
	return !s->astray;
}

struct dp *near_dump(struct session *s)
{
	struct dp *have = arena_alloc(s->cli->a, sizeof(*have));
	const struct dp *want = s->want;

	*have = s->info;
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
