// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "annotation.h"
#include "labels.h"
#include "sources.h"

static int ref_cmp(const void *a, const void *b)
{
	const struct slice_ref *x = a, *y = b;
	int c = strcmp(x->ns, y->ns);

	if (!c)
		c = strcmp(x->service, y->service);
	return c ? c : strcmp(x->slice->meta.name, y->slice->meta.name);
}

static bool pods_weigh(struct model *m)
{
	struct objects pods = model_kind(m, KIND_POD);

	for (size_t i = 0; i < pods.n; i++)
		if (map_get(&pods.v[i]->annotations, ANNOTATION_WEIGHT))
			return true;
	return false;
}

struct sources *sources_get(struct model *m)
{
	struct objects all;
	struct sources *s;
	bool sorted = true;

	if (m->sources)
		return m->sources;
	all = model_kind(m, KIND_SLICE);
	s = arena_alloc(m->a, sizeof(*s));
	s->slices = arena_alloc(m->a, all.n * sizeof(*s->slices));
	for (size_t i = 0; i < all.n; i++) {
		struct slice_ref *ref = &s->slices[s->n_slices];

		ref->service = map_get(&all.v[i]->labels, LABEL_SERVICE_NAME);
		if (!ref->service)
			continue;
		ref->ns = all.v[i]->ns;
		ref->slice = OBJ(slice, all.v[i]);
		if (s->n_slices++)
			sorted = sorted && ref_cmp(ref - 1, ref) < 0;
	}
	if (!sorted)
		qsort(s->slices, s->n_slices, sizeof(*s->slices), ref_cmp);
	s->pods_weigh = pods_weigh(m);
	m->sources = s;
	return s;
}

const struct slice_ref *sources_slices(const struct sources *s, const struct service *svc,
				       size_t *n)
{
	size_t lo = 0, hi = s->n_slices;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct slice_ref *ref = &s->slices[mid];
		int c = strcmp(ref->ns, svc->meta.ns);

		if (c < 0 || (!c && strcmp(ref->service, svc->meta.name) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < s->n_slices; ++*n) {
		const struct slice_ref *ref = &s->slices[lo + *n];

		if (strcmp(ref->ns, svc->meta.ns) || strcmp(ref->service, svc->meta.name))
			break;
	}
	return s->slices + lo;
}

int64_t sources_port(const struct service_port *port, const struct ep_port *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].port > 0 && str_same(v[i].name, port->name) &&
		    str_same(v[i].protocol, port->protocol))
			return v[i].port;
	return 0;
}

const struct endpoints *sources_endpoints(const struct model *m, const struct service *svc)
{
	const struct endpoints *ep =
		OBJ(endpoints, model_find(m, KIND_ENDPOINTS, svc->meta.ns, svc->meta.name));

	if (!ep || str_is(map_get(&ep->meta.labels, LABEL_SKIP_MIRROR), "true") ||
	    map_get(&ep->meta.annotations, ANNOTATION_LEADER))
		return NULL;
	return ep;
}

const struct pods *sources_pods(struct model *m)
{
	struct sources *s = sources_get(m);

	if (!s->pods)
		s->pods = pods_new(m);
	return s->pods;
}
