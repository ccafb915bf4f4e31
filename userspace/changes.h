/* SPDX-License-Identifier: GPL-2.0 */
/* What apply, diff and delete are asked to change: from files to what is stored and said. */
#ifndef SVCCTL_CHANGES_H
#define SVCCTL_CHANGES_H

#include "session.h"

enum effect { CREATED, CONFIGURED, UNCHANGED, DELETED, PRUNED };

struct changes {
	/* As the command line has it */
	const char **paths;
	size_t n_paths;
	bool recurse, prune, dry_run, ignore_missing;
	const char *ns;		/* -n, or NULL */

	struct objects objects;
	const char **was;	/* canonical body of each before, or NULL */
	struct state_change *v;	/* for the state */
	size_t n;
	struct { const char *kind, *name; enum effect effect; } *said;
	size_t n_said;
};

/* The options of these verbs; each takes some of them. */
extern const struct option apply_options[], diff_options[], delete_options[];

bool changes_parse(struct cli *c, struct changes *r, int argc, char **argv,
		   const struct option *options);
/* The files' objects, each in its namespace; errors are said. */
bool changes_read(struct cli *c, struct changes *r);
/* What the objects were; session_build() changes them in place. */
void changes_remember(struct session *s, struct changes *r);
/*
 * --prune: what is known, of the namespace of -n if that was given, and not in
 * this input goes, before anything is compared with it.
 */
void changes_prune(struct session *s, struct changes *r);
void changes_remove(struct cli *c, struct changes *r, const struct object *o, enum effect effect);
/* Which objects differ now, given ones and those that were given something by us. */
void changes_collect(struct session *s, struct changes *r);

/* "service/web created", as kubectl; "+ service/web" of what changes. */
void changes_say(const struct changes *r);
void changes_show(const struct changes *r);

#endif
