// SPDX-License-Identifier: GPL-2.0
/*
 * get -w: what is there, then whatever is news. Each commit of the kernel, and
 * every command that changes something makes one, has all be read again and
 * compared: a reader that came late, or was told late, misses nothing, and
 * between two readings nothing is held.
 */
#include <stdlib.h>
#include <string.h>

#include "get.h"
#include "nl.h"

struct watch {
	struct request *r;
	const struct view *view;
	struct knl *kernel;
	uint64_t generation;	/* what is shown is not older */
	struct items seen;	/* by key; in the arena of the request */
	struct table table;
	bool any;		/* printed before */
};

static int by_key(const void *x, const void *y)
{
	const struct item *a = x, *b = y;

	return strcmp(a->key, b->key);
}

static void print(struct watch *w, const struct item *item)
{
	if (w->r->out == OUT_YAML && w->any)
		puts("---");
	print_item(w->r, w->view, &w->table, item->thing);
	w->any = true;
}

static bool flush(struct watch *w)
{
	if (w->table.n)
		table_print(stdout, &w->table);
	return fflush(stdout) == 0;
}

/* The generation comes first: what is read after it is as new, or newer. */
static bool read_items(struct watch *w, struct items *out, bool first)
{
	struct request *r = w->r;
	struct dp info = { 0 };
	bool found;

	if (!knl_info(w->kernel, r->a, &info, r->cli->d) || !request_load(r))
		return false;
	w->generation = info.generation;
	/* A name asked for has to be there at first; later it may come and go. */
	found = wish_items(r, r->wishes, first, out) || !first;
	for (size_t i = 0; i < out->n; i++)
		out->v[i].said = print_news(r, w->view, out->v[i].thing);
	return found;
}

static void sort(struct items *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), by_key);
}

/* What is new or says something else, and, as it last was, what is gone. */
static void print_changes(struct watch *w, const struct items *now)
{
	size_t i = 0, k = 0;

	while (i < w->seen.n || k < now->n) {
		const struct item *old = i < w->seen.n ? &w->seen.v[i] : NULL;
		const struct item *new = k < now->n ? &now->v[k] : NULL;
		int c = old && new ? by_key(old, new) : old ? -1 : 1;

		if (c < 0)
			print(w, old);
		else if (c > 0 || strcmp(old->said, new->said))
			print(w, new);
		i += c <= 0;
		k += c >= 0;
	}
}

static bool again(struct watch *w)
{
	struct arena *old = w->r->a;
	struct items now = { 0 };
	bool ok;

	w->r->a = arena_new();
	ok = read_items(w, &now, false);
	if (ok) {
		sort(&now);
		print_changes(w, &now);
		ok = flush(w);
		w->seen = now;
	}
	arena_free(old);
	return ok;
}

/* Ends the waiting, unless it is a commit that what was read came after. */
static bool is_old(const struct knl_event *ev, void *arg)
{
	const struct watch *w = arg;

	return !ev->lost && (!ev->commit || ev->generation <= w->generation);
}

static bool follow(struct watch *w, struct knl *events)
{
	struct request *r = w->r;

	if (!read_items(w, &w->seen, true))
		return false;
	for (size_t i = 0; i < w->seen.n; i++)
		print(w, &w->seen.v[i]);
	sort(&w->seen);
	if (!flush(w))
		return false;
	while (knl_monitor(events, is_old, w, r->cli->d))
		if (!again(w))
			return false;
	return false;
}

int get_watch(struct request *r)
{
	struct watch w = { .r = r, .view = r->wishes[0].view };
	struct knl *events;

	if (r->n_wishes > 1) {
		diag_error(r->cli->d, NULL, NULL, "get -w follows one TYPE at a time");
		return EXIT_USAGE;
	}
	output_until_signal();
	r->a = arena_new();
	events = knl_open(r->cli->d);
	w.kernel = events && knl_listen(events, r->cli->d) ? knl_open(r->cli->d) : NULL;
	if (w.kernel)
		follow(&w, events);
	knl_close(w.kernel);
	knl_close(events);
	arena_free(r->a);
	return EXIT_ERROR;
}
