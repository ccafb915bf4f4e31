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
	bool as_pending;	/* reading: the pending transaction happened, count it */
	bool prepared;		/* the pending transaction is ours, and these its changes */
	const struct state_change *changes;
	size_t n_changes;
};

/* False, after saying what the database's last error means; @what: "cannot be read". */
bool state_complain(struct state *s, struct diag *d, const char *what);
bool state_run(struct state *s, const char *sql);
/* The first column of the first row, -1: there is none. */
int64_t state_number(struct state *s, const char *sql);

#endif
