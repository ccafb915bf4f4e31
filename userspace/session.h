/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One command's hold on both stores: the state and the kernel, settled against
 * each other, and the steps from objects to a plan and from a plan to both.
 */
#ifndef SVCCTL_SESSION_H
#define SVCCTL_SESSION_H

#include "cli.h"
#include "model.h"
#include "nl.h"
#include "plan.h"
#include "state.h"

/* A line of what is kept, after the options: our Node object, once it is gone. */
#define NODE_WAS "node-was="

struct session {
	struct cli *cli;
	struct state *state;
	struct knl *knl;
	struct dp info;			/* what the kernel said of itself, when settled */
	const char *kept;		/* options, as the state has them, and who was our Node */
	struct object *node_was;	/* our Node object before this command, or NULL */
	struct objects known;		/* sorted by kind, namespace, name */
	bool near;			/* these and the rest are but what the changes reach */
	bool astray;			/* near was not all there is to know: see session_whole() */
	struct prefixes machine;	/* the addresses of this machine */
	struct dp *have;		/* what the kernel holds */
	struct model *model;
	struct objects touched;		/* given an address or a port by us */
	struct dp *want;
};

/* Both stores, settled. Errors are said. */
bool session_settle(struct session *s, struct cli *c, enum state_mode mode);
/* The same, and what the state knows, options included. A reader's state is closed again. */
bool session_open(struct session *s, struct cli *c, enum state_mode mode);
/* The same for these changes: no more than they reach is read, if that is known (near.h). */
bool session_open_near(struct session *s, struct cli *c, enum state_mode mode,
		       const struct objects *changes);
/*
 * After session_open_near(), if what came next failed: if that is because somebody
 * else committed meanwhile, opens all of it instead, and it is to be done again.
 */
bool session_whole(struct session *s, enum state_mode mode);
void session_close(struct session *s);

/* By kind, namespace, name; the object of these in a list so sorted, or NULL. */
void objects_sort(struct objects *list);
struct object *objects_find(const struct objects *sorted, enum kind k, const char *ns,
			    const char *name);

/* Lays @changes over what is known (session.model); false if anything is wrong. */
bool session_build(struct session *s, const struct objects *changes);
/* Allocates, resolves (session.want), reads the kernel and compares; NULL on error. */
struct plan *session_plan(struct session *s);

/* Are the options in force others than those kept? Committing keeps them. */
bool session_options_differ(const struct session *s);

/*
 * Both stores take it, or neither: @v into the state, @p into the kernel, under
 * one apply id; node ports are reserved. Plans again if somebody else committed
 * meanwhile.
 */
bool session_commit(struct session *s, struct plan *p, const struct state_change *v, size_t n);

#endif
