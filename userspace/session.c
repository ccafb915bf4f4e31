// SPDX-License-Identifier: GPL-2.0
/* Both stores in one hand; see session.h. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "input.h"
#include "near.h"
#include "node_addrs.h"
#include "reserved_ports.h"
#include "session.h"
#include "stamp.h"

#define STALE_TRIES 10

bool session_settle(struct session *s, struct cli *c, enum state_mode mode)
{
	*s = (struct session) { .cli = c };
	s->state = state_open(c->opt.state, mode, c->d);
	if (!s->state)
		return false;
	s->knl = knl_open(c->d);
	return s->knl && knl_info(s->knl, c->a, &s->info, c->d) &&
	       state_settle(s->state, s->info.has_apply_id ? s->info.apply_id : NULL, c->d);
}

/* Our Node object as the state knows it, else as it was when it went. */
static struct object *node_recall(struct session *s)
{
	struct cli *c = s->cli;
	struct object *node = objects_find(&s->known, KIND_NODE, NULL, c->opt.node);
	const char *line = strstr(s->kept, NODE_WAS), *end;

	if (node || !line || (line > s->kept && line[-1] != '\n'))
		return node;
	line += strlen(NODE_WAS);
	end = strchr(line, '\n');
	node = input_body(c->a, line, end ? (size_t)(end - line) : strlen(line));
	return node && node->kind == KIND_NODE && !strcmp(node->name, c->opt.node) ? node : NULL;
}

/* What is kept beside the objects. The Node is one of them, unless it is gone. */
static const char *keep(const struct session *s)
{
	struct cli *c = s->cli;
	const char *text = options_keep(c);
	size_t len;

	if (!s->node_was || model_find(s->model, KIND_NODE, NULL, c->opt.node))
		return text;
	return arena_printf(c->a, "%s" NODE_WAS "%s\n", text, emit_json(c->a, s->node_was, &len));
}

bool session_open_near(struct session *s, struct cli *c, enum state_mode mode,
		       const struct objects *changes)
{
	if (!session_settle(s, c, mode))
		return false;
	s->kept = state_options(s->state, c->a);
	if (!options_recall(c, s->kept))
		return false;
	s->machine = node_addrs(c->a);
	s->near = changes && near_load(s, changes);
	if (!s->near && !state_load(s->state, c->a, KIND_MAX, &s->known, c->d))
		return false;
	s->node_was = node_recall(s);
	/* Who only reads has read: writers need not wait for what we do with it. */
	if (mode == STATE_READ) {
		state_close(s->state);
		s->state = NULL;
	}
	return true;
}

bool session_open(struct session *s, struct cli *c, enum state_mode mode)
{
	return session_open_near(s, c, mode, NULL);
}

void session_close(struct session *s)
{
	knl_close(s->knl);
	state_close(s->state);
}

bool session_whole(struct session *s, enum state_mode mode)
{
	struct cli *c = s->cli;

	if (!s->astray || diag_errors(c->d))
		return false;
	session_close(s);
	diag_again(c->d);
	return session_open(s, c, mode);
}

static int key_cmp(enum kind k, const char *ns, const char *name, const struct object *o)
{
	int cmp = k < o->kind ? -1 : k > o->kind;

	if (!cmp)
		cmp = strcmp(ns ? ns : "", o->ns ? o->ns : "");
	return cmp ? cmp : strcmp(name, o->name);
}

static int object_cmp(const void *x, const void *y)
{
	const struct object *a = *(void *const *)x, *b = *(void *const *)y;

	return key_cmp(a->kind, a->ns, a->name, b);
}

void objects_sort(struct objects *list)
{
	if (list->n)
		qsort(list->v, list->n, sizeof(*list->v), object_cmp);
}

struct object *objects_find(const struct objects *sorted, enum kind k, const char *ns,
			    const char *name)
{
	size_t lo = 0, hi = sorted->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int cmp = key_cmp(k, ns, name, sorted->v[mid]);

		if (!cmp)
			return sorted->v[mid];
		if (cmp < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool session_build(struct session *s, const struct objects *changes)
{
	stamp_changes(s->cli->a, &s->known, changes);
	s->model = model_build(s->cli->a, &s->known, changes, &s->cli->opt, s->cli->d);
	if (s->model)
		model_remember_node(s->model, s->node_was);
	return s->model;
}

static bool read_kernel(struct session *s)
{
	s->have = s->near ? near_dump(s) : knl_dump(s->knl, s->cli->a, NULL, s->cli->d);
	return s->have;
}

static struct plan *compare(struct session *s)
{
	if (s->near)
		near_settle(s);
	return plan_make(s->cli->a, s->have, s->want);
}

/* It may come later; until then it is a slip as likely. */
static void check_pod_interface(struct cli *c)
{
	const char *name = c->opt.pod_interface;

	if (name && !strchr(name, '*') && !if_nametoindex(name))
		diag_warn(c->d, NULL, NULL, "--detect-local: no device is called %s yet, and until "
			  "one is no source counts as a Pod", name);
}

struct plan *session_plan(struct session *s)
{
	struct cli *c = s->cli;

	/* All that is given to Services was given with what is near: nothing is missing. */
	if (!s->near && !model_allocate(s->model, &s->touched, c->d))
		return NULL;
	check_pod_interface(c);
	s->want = s->near ? model_resolve_some(s->model, &s->machine, c->d) :
			    model_resolve(s->model, &s->machine, c->d);
	if (!s->want || diag_errors(c->d) || !read_kernel(s))
		return NULL;
	return compare(s);
}

static bool send_plan(struct session *s, struct plan *p, const uint8_t *apply_id,
		      uint64_t *generation)
{
	for (int i = 0; i < STALE_TRIES; i++) {
		enum knl_result r = knl_apply(s->knl, p, apply_id, generation, s->cli->d);

		if (r != KNL_STALE)
			return r == KNL_OK;
		s->astray = s->near;
		if (s->astray || !read_kernel(s))
			return false;
		p = compare(s);
	}
	diag_error(s->cli->d, NULL, NULL,
		   "somebody else keeps changing the kernel's state: stop them, then try again");
	return false;
}

/*
 * The kernel refused, or its answer was lost: ask it which. Without an answer
 * the transaction stays pending and the next command settles it.
 */
static bool committed_after_all(struct session *s, const uint8_t *id)
{
	struct dp info;
	bool done;

	if (!knl_info(s->knl, s->cli->a, &info, s->cli->d))
		return false;
	done = info.has_apply_id && !memcmp(info.apply_id, id, sizeof(info.apply_id));
	return state_settle(s->state, done ? id : NULL, s->cli->d) && done;
}

bool session_options_differ(const struct session *s)
{
	return strcmp(keep(s), s->kept);
}

/* A state forgotten, or another's: what goes was never in this one. */
static void warn_of_others(struct session *s, const struct plan *p)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN];
	size_t n = 0;

	if (state_apply_id(s->state, id) && s->info.has_apply_id &&
	    !memcmp(s->info.apply_id, id, sizeof(id)))
		return;
	for (size_t i = 0; i < p->n; i++)
		n += p->steps[i].op == PLAN_REMOVE;
	if (n)
		diag_warn(s->cli->d, NULL, NULL, "what the kernel held was not put there by way of "
			  "%s: %zu service%s of it that %s not known there %s removed; give each "
			  "network namespace one --state", s->cli->opt.state, n, n == 1 ? "" : "s",
			  n == 1 ? "is" : "are", n == 1 ? "is" : "are");
}

bool session_commit(struct session *s, struct plan *p, const struct state_change *v, size_t n)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN];
	uint64_t generation = 0;
	bool sent, reserved;

	warn_of_others(s, p);
	if (!state_prepare(s->state, v, n, keep(s), id, s->cli->d))
		return false;
	sent = send_plan(s, p, id, &generation);
	if (!sent && !committed_after_all(s, id))
		return false;
	/* First: who is near later, as the basis is as it was, looks at no port. */
	reserved = reserved_ports_update(s);
	return !sent || state_promote(s->state, reserved ? near_basis(s, generation) : NULL, s->cli->d);
}
