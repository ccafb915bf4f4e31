// SPDX-License-Identifier: GPL-2.0
/* What get reads. Nothing is checked, allocated or warned of again, and nothing stays open. */
#include <stdio.h>

#include "get.h"
#include "nl.h"
#include "state.h"

/*
 * A command was cut short: only the kernel knows whether it happened. Why it
 * cannot be asked is no matter of who only wants to read.
 */
static bool settle(const struct request *r, struct state *s)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct diag *d = diag_new(nowhere ? nowhere : stderr);
	struct knl *knl = knl_open(d);
	struct dp info = { 0 };
	bool known = knl && knl_info(knl, r->a, &info, d);

	knl_close(knl);
	diag_free(d);
	if (nowhere)
		fclose(nowhere);
	if (!known)
		diag_warn(r->cli->d, NULL, NULL, "an apply was cut short, and the kernel cannot be asked "
			  "whether it happened: this is the state before it; run svcctl as root, "
			  "with the module loaded, to know");
	return state_settle(s, info.has_apply_id ? info.apply_id : NULL, r->cli->d);
}

/* With the options kept there; those of the command stay as they were given. */
static bool load_state(struct request *r)
{
	static const struct objects none;
	struct cli *c = arena_alloc(r->a, sizeof(*c));
	struct objects known = { 0 };
	struct state *s;
	bool ok;

	*c = *r->cli;
	c->a = r->a;
	s = state_open(c->opt.state, STATE_READ, c->d);
	ok = s && (!state_pending(s) || settle(r, s)) &&
	     options_recall(c, state_options(s, c->a)) &&
	     state_load(s, c->a, KIND_MAX, &known, c->d);
	state_close(s);
	r->model = ok ? model_build(c->a, &known, &none, &c->opt, c->d) : NULL;
	return r->model;
}

static bool load_kernel(struct request *r)
{
	struct knl *knl = knl_open(r->cli->d);

	r->dp = knl ? knl_dump(knl, r->a, NULL, r->cli->d) : NULL;
	knl_close(knl);
	return r->dp;
}

bool request_load(struct request *r)
{
	return r->wishes[0].view == &backends_view ? load_kernel(r) : load_state(r);
}
