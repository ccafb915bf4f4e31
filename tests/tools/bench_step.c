// SPDX-License-Identifier: GPL-2.0
/*
 * What one changed EndpointSlice costs a process that goes on running and has every
 * object in memory: from the text to the kernel's acknowledgement, by way of svcctl's
 * own parser, model, plan and netlink. Nothing is written to a state: whoever watches
 * an API server is told all of it again.
 *
 *   bench_step OBJECTS SLICE...
 *
 * OBJECTS are what the kernel holds already; each SLICE is a file with one of theirs,
 * changed. SVCCTL_NODE, SVCCTL_CLUSTER_CIDR and SVCCTL_NETLINK as for svcctl. Prints
 * nanoseconds, a line a slice.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "input.h"
#include "labels.h"
#include "node_addrs.h"
#include "session.h"

/**
 * struct watcher - what stays from change to change
 * @cli: options and memory
 * @all: every object, sorted by kind, namespace, name
 * @slices: the EndpointSlices of @all, sorted by namespace and Service
 * @session: a session that is near, see near.h
 */
struct watcher {
	struct cli cli;
	struct objects all;
	struct objects slices;
	struct session session;
};

/* svcctl's; there are no verbs here, and no --help. */
void verb_help(const char *name)
{
}

static const char *service_of(const struct object *slice)
{
	return map_get(&slice->labels, LABEL_SERVICE_NAME);
}

static int slice_cmp(const void *x, const void *y)
{
	const struct object *a = *(void *const *)x, *b = *(void *const *)y;
	int c = strcmp(a->ns, b->ns);

	return c ? c : strcmp(service_of(a), service_of(b));
}

static void push(struct watcher *w, struct objects *list, struct object *o)
{
	*(struct object **)arena_push(w->cli.a, &list->v, &list->n, sizeof(*list->v)) = o;
}

static bool begin(struct watcher *w, const char *objects)
{
	struct cli *c = &w->cli;

	if (!input_path(c->a, objects, false, &w->all, c->d))
		return false;
	objects_sort(&w->all);
	for (size_t i = 0; i < w->all.n; i++)
		if (w->all.v[i]->kind == KIND_SLICE && service_of(w->all.v[i]))
			push(w, &w->slices, w->all.v[i]);
	qsort(w->slices.v, w->slices.n, sizeof(*w->slices.v), slice_cmp);
	w->session = (struct session){ .cli = c, .near = true, .kept = "" };
	w->session.machine = node_addrs(c->a);
	w->session.knl = knl_open(c->d);
	return w->session.knl && knl_info(w->session.knl, c->a, &w->session.info, c->d);
}

/* The Service of a slice and all its slices, @slice in its old one's place. */
static void load(struct watcher *w, struct object *slice)
{
	struct object *service = objects_find(&w->all, KIND_SERVICE, slice->ns, service_of(slice));
	struct object **one = bsearch(&slice, w->slices.v, w->slices.n, sizeof(slice), slice_cmp);
	struct object **end = w->slices.v + w->slices.n;

	w->session.known = (struct objects){ 0 };
	if (service)
		push(w, &w->session.known, service);
	while (one && one > w->slices.v && !slice_cmp(one - 1, &slice))
		one--;
	for (; one && one < end && !slice_cmp(one, &slice); one++) {
		push(w, &w->session.known, *one);
		if (!strcmp((*one)->name, slice->name))
			*one = slice;
	}
	objects_sort(&w->session.known);
}

static bool step(struct watcher *w, const char *text, size_t len)
{
	struct session *s = &w->session;
	struct cli *c = &w->cli;
	struct object *slice = input_body(c->a, text, len);
	struct objects changes = { &slice, 1 };
	struct plan *p;

	if (!slice || slice->kind != KIND_SLICE || !service_of(slice)) {
		diag_error(c->d, NULL, NULL, "no EndpointSlice of a Service: %.60s", text);
		return false;
	}
	load(w, slice);
	if (!session_build(s, &changes))
		return false;
	p = session_plan(s);
	if (!p || plan_empty(p) || knl_apply(s->knl, p, NULL, &s->info.generation, c->d) != KNL_OK)
		return false;
	/* Who goes on running knows what its commit left. */
	s->info.has_apply_id = false;
	memset(s->info.apply_id, 0, sizeof(s->info.apply_id));
	return true;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static char *read_file(const char *path, size_t *len)
{
	char *text = NULL;
	size_t cap = 0;
	FILE *f = fopen(path, "r");
	ssize_t n = f ? getdelim(&text, &cap, '\0', f) : -1;

	if (n < 0) {
		fprintf(stderr, "bench_step: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	fclose(f);
	*len = (size_t)n;
	return text;
}

static bool timed_step(struct watcher *w, const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	uint64_t start = now();
	bool ok = step(w, text, len);

	if (ok)
		printf("%llu\n", (unsigned long long)(now() - start));
	else
		fprintf(stderr, "bench_step: %s: nothing came of it\n", path);
	free(text);
	return ok;
}

int main(int argc, char **argv)
{
	struct watcher w = { .cli = { .verb = "bench_step", .a = arena_new(), .d = diag_new(stderr) } };
	bool ok = argc > 2 && options_init(&w.cli, 1, argv) && begin(&w, argv[1]);

	for (int i = 2; ok && i < argc; i++)
		ok = timed_step(&w, argv[i]);
	knl_close(w.session.knl);
	diag_free(w.cli.d);
	arena_free(w.cli.a);
	return !ok;
}
