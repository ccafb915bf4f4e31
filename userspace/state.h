/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state: objects as they were applied, with what was allocated for them, in
 * SQLite. One truth across two stores:
 *
 *   state_prepare()   the changed objects are written under a new transaction
 *                     number and a random apply id, pending, and synced;
 *   (the kernel commits, carrying the apply id)
 *   state_promote()   the pending number becomes the current one.
 *
 * After a kill anywhere, the next command compares the kernel's apply id with
 * the pending one (state_settle()): equal: the kernel has it, promote; else it
 * never happened, drop. So both stores hold the old state or both the new.
 *
 * One process at a time: state_open() takes a lock on the file that the kernel
 * gives back with the process, however it ends.
 */
#ifndef SVCCTL_STATE_H
#define SVCCTL_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include "arena.h"
#include "diag.h"
#include "object.h"

struct state;

enum state_mode { STATE_READ, STATE_WRITE };

/*
 * Creates the file and its directory when writing; a missing one reads as empty.
 * WRITE waits for another writer, with a line on a terminal; errors to @d, NULL.
 * @path must outlive it.
 */
struct state *state_open(const char *path, enum state_mode mode, struct diag *d);
void state_close(struct state *s);

/* True if a command was cut short: state_settle() has something to decide. */
bool state_pending(struct state *s);

/*
 * @kernel_id: SVCNAT_APPLY_ID_LEN bytes as the kernel reports, or NULL if it has
 * none. With STATE_READ nothing is written: what is loaded afterwards is what a
 * writer would have made of it.
 */
bool state_settle(struct state *s, const uint8_t *kernel_id, struct diag *d);

/* Every current object, or those of one kind (KIND_MAX: all). */
bool state_load(struct state *s, struct arena *a, enum kind kind, struct objects *out,
		struct diag *d);

struct state_key {
	enum kind kind;
	const char *ns, *name;		/* ns "": of a kind without */
};

struct state_keys {
	struct state_key *v;
	size_t n;
};

/*
 * The objects of these keys, those there are; the slices of these Services. Whatever
 * is wrong, nothing is said.
 */
bool state_load_keys(struct state *s, struct arena *a, const struct state_keys *keys,
		     struct objects *out);
bool state_load_slices(struct state *s, struct arena *a, const struct state_keys *services,
		       struct objects *out);
/* How many those are, or any number from @most on. */
size_t state_count_slices(struct state *s, const struct state_keys *services, size_t most);

/* Is or was there any of that kind? */
bool state_has(struct state *s, enum kind kind);

/* The text given with the transaction that is loaded, "" if there was none. */
const char *state_options(struct state *s, struct arena *a);

struct state_change {
	const struct object *put;	/* or NULL: remove */
	enum kind kind;			/* with remove */
	const char *ns, *name;
};

/*
 * @options: text to keep beside the objects. @id: out, SVCNAT_APPLY_ID_LEN random
 * bytes to give to the kernel's commit.
 */
bool state_prepare(struct state *s, const struct state_change *v, size_t n,
		   const char *options, uint8_t *id, struct diag *d);
/* @basis: what the kernel's state rests on besides the objects, or NULL: not known. */
bool state_promote(struct state *s, const char *basis, struct diag *d);
/* Forget the pending one: the kernel refused. */
bool state_drop(struct state *s, struct diag *d);

/* As it was given with the last transaction, "" if it was not. */
const char *state_basis(struct state *s, struct arena *a);

/*
 * What of this machine's ports we reserved, as text, "" if nothing: of the machine,
 * not of any transaction.
 */
const char *state_reserved(struct state *s, struct arena *a);
bool state_reserve(struct state *s, const char *text, struct diag *d);

/* The apply id last promoted, for telling whether the kernel still holds our state. */
bool state_apply_id(struct state *s, uint8_t *id);

#endif
