/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the state share; see state.h. */
#ifndef SVCCTL_STATE_IMPL_H
#define SVCCTL_STATE_IMPL_H

#include <sqlite3.h>
#include "state.h"

struct state {
	const char *path;
	sqlite3 *db;		/* NULL: reading, and there is none */
	int lock;
	enum state_mode mode;
	bool reading;		/* in a transaction: what is read is of one moment, and locked once */
	bool as_pending;	/* reading: the pending transaction happened, count it */
	bool prepared;		/* the pending transaction is ours, and these its changes */
	const struct state_change *changes;
	size_t n_changes;
};

/* False, after saying what the database's last error means (@d NULL: nothing); @what: "cannot be read". */
bool state_complain(struct state *s, struct diag *d, const char *what);
bool state_run(struct state *s, const char *sql);
/* Begins to write; what is read ends. */
bool state_begin(struct state *s);
/* NULL as "": no column of a key is NULL. */
void state_bind_text(sqlite3_stmt *st, int i, const char *text);
/* The first column of the first row, -1: there is none. */
int64_t state_number(struct state *s, const char *sql);

#endif
