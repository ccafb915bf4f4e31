// SPDX-License-Identifier: GPL-2.0
/* The state's file: made, locked, opened. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "labels.h"
#include "state_impl.h"

#define APPLICATION_ID 1937138499	/* "svcC" */

/* Later than the rest: a state from before these were kept is given them. */
#define OPTION_COLUMNS \
	"ALTER TABLE meta ADD COLUMN options TEXT;" \
	"ALTER TABLE meta ADD COLUMN pending_options TEXT;"
#define RESERVED_COLUMN "ALTER TABLE meta ADD COLUMN reserved TEXT;"
#define BASIS_COLUMN "ALTER TABLE meta ADD COLUMN basis TEXT;"

#define STR(x) STR_(x)
#define STR_(x) #x
#define SLICES 3			/* KIND_SLICE */
_Static_assert(SLICES == KIND_SLICE, "the kind whose owner is looked for");

/*
 * The Service a slice is of: state_load_slices() finds it by that. Made of the body,
 * so that an svcctl that knows no such column writes it as well.
 */
#define OWNER_COLUMN \
	"ALTER TABLE object ADD COLUMN owner TEXT GENERATED ALWAYS AS (" \
	" CASE WHEN kind = " STR(SLICES) " AND json_valid(CAST(body AS TEXT)) THEN" \
	" json_extract(CAST(body AS TEXT), '$.metadata.labels.\"" LABEL_SERVICE_NAME "\"')" \
	" END) VIRTUAL;" \
	"CREATE INDEX owned ON object (ns, owner) WHERE owner IS NOT NULL;"
/* It was written for a while, and no other svcctl could. */
#define NO_OWNER_COLUMN "DROP INDEX IF EXISTS owned; ALTER TABLE object DROP COLUMN owner;"

static const char schema[] =
	"CREATE TABLE object ("
	" kind INTEGER NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, txn INTEGER NOT NULL,"
	" body BLOB, PRIMARY KEY (kind, ns, name, txn)) WITHOUT ROWID;"
	"CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1),"
	" current INTEGER NOT NULL, current_id BLOB, pending INTEGER, pending_id BLOB);"
	"INSERT INTO meta VALUES (1, 0, NULL, NULL, NULL);"
	OPTION_COLUMNS RESERVED_COLUMN BASIS_COLUMN OWNER_COLUMN
	"PRAGMA application_id = 1937138499;"
	"COMMIT;";

/*
 * The journal's blocks stay: overwriting them is synced several times faster than
 * making the file longer and shorter. Not those of a large apply.
 */
#define JOURNAL "PRAGMA journal_mode = PERSIST; PRAGMA journal_size_limit = 1048576"

bool state_complain(struct state *s, struct diag *d, const char *what)
{
	int err = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;

	if (!d)
		return false;
	if (err == SQLITE_CORRUPT || err == SQLITE_NOTADB)
		diag_error(d, NULL, NULL, "the state %s is damaged (%s): move it away and apply all manifests again; the kernel serves on meanwhile",
			   s->path, sqlite3_errmsg(s->db));
	else if (err == SQLITE_BUSY)
		diag_error(d, NULL, NULL, "the state %s is held locked by another program: try again when it has finished",
			   s->path);
	else if (err == SQLITE_CANTOPEN || err == SQLITE_READONLY || err == SQLITE_PERM)
		diag_error(d, NULL, NULL, "the state %s %s (%s): run svcctl as root, or name another file with --state",
			   s->path, what, sqlite3_errstr(err));
	else
		diag_error(d, NULL, NULL, "the state %s %s: %s", s->path, what, sqlite3_errmsg(s->db));
	return false;
}

bool state_run(struct state *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

bool state_begin(struct state *s)
{
	if (s->reading && !state_run(s, "COMMIT"))
		return false;
	s->reading = false;
	return state_run(s, "BEGIN IMMEDIATE");
}

int64_t state_number(struct state *s, const char *sql)
{
	sqlite3_stmt *st;
	int64_t n = -1;

	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return n;
}

static bool make_parents(const char *path)
{
	char *dir = strdup(path), *p;
	bool ok = true;

	if (!dir)
		return false;
	for (p = dir + 1; ok && (p = strchr(p, '/')); p++) {
		*p = '\0';
		ok = mkdir(dir, 0755) == 0 || errno == EEXIST;
		*p = '/';
	}
	free(dir);
	return ok;
}

/* One writer at a time; the kernel gives the lock back however we end. */
static bool take_lock(struct state *s, struct diag *d)
{
	char *name;

	if (asprintf(&name, "%s.lock", s->path) < 0)
		return false;
	s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(name);
	if (s->lock < 0) {
		diag_error(d, NULL, NULL, "cannot lock the state %s: %s: run svcctl as root, or name another file with --state",
			   s->path, strerror(errno));
		return false;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "waiting for another svcctl to finish\n");
	while (flock(s->lock, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		diag_error(d, NULL, NULL, "cannot lock the state %s: %s", s->path, strerror(errno));
		return false;
	}
	return true;
}

static bool create(struct state *s, struct diag *d)
{
	if (s->mode == STATE_READ) {
		/* A file without anything in it: as if there were none. */
		sqlite3_close(s->db);
		s->db = NULL;
		return true;
	}
	return (state_begin(s) && state_run(s, schema)) || state_complain(s, d, "cannot be written");
}

static bool begin(struct state *s, struct diag *d)
{
	s->reading = (s->mode == STATE_READ || state_run(s, JOURNAL)) && state_run(s, "BEGIN");
	return s->reading || state_complain(s, d, "cannot be opened");
}

static bool add_columns(struct state *s, const char *sql, struct diag *d)
{
	if (state_begin(s) && state_run(s, sql) && state_run(s, "COMMIT"))
		return true;
	state_complain(s, d, "cannot be written");
	state_run(s, "ROLLBACK");
	return false;
}

enum column { COLUMN_NONE = -1, COLUMN_STORED = 0, COLUMN_VIRTUAL = 2 };

static enum column column(struct state *s, const char *table, const char *name)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "SELECT hidden FROM pragma_table_xinfo('%s') WHERE name = '%s'",
		 table, name);
	return (enum column)state_number(s, sql);
}

static bool bring_up_to_date(struct state *s, struct diag *d)
{
	enum column owner = column(s, "object", "owner");

	if (column(s, "meta", "options") == COLUMN_NONE && !add_columns(s, OPTION_COLUMNS, d))
		return false;
	if (column(s, "meta", "reserved") == COLUMN_NONE && !add_columns(s, RESERVED_COLUMN, d))
		return false;
	if (column(s, "meta", "basis") == COLUMN_NONE && !add_columns(s, BASIS_COLUMN, d))
		return false;
	return owner == COLUMN_VIRTUAL ||
	       add_columns(s, owner == COLUMN_STORED ? NO_OWNER_COLUMN OWNER_COLUMN : OWNER_COLUMN, d);
}

/* One thread: SQLite need neither lock what it allocates nor keep books on it. */
static void configure(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static bool open_db(struct state *s, struct diag *d)
{
	int flags = s->mode == STATE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
					     SQLITE_OPEN_READWRITE;
	int64_t tables;

	configure();
	if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
		return state_complain(s, d, "cannot be opened");
	sqlite3_busy_timeout(s->db, 10000);
	state_run(s, "PRAGMA page_size = 16384; PRAGMA cache_size = -65536; PRAGMA synchronous = FULL;");
	if (!begin(s, d))
		return false;
	tables = state_number(s, "SELECT count(*) FROM sqlite_master");
	if (tables < 0)
		return state_complain(s, d, "cannot be read");
	if (!tables)
		return create(s, d);
	if (state_number(s, "PRAGMA application_id") != APPLICATION_ID) {
		diag_error(d, NULL, NULL, "%s is a database, but not of svcctl: name another file with --state",
			   s->path);
		return false;
	}
	return s->mode == STATE_READ || bring_up_to_date(s, d);
}

struct state *state_open(const char *path, enum state_mode mode, struct diag *d)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s) {
		diag_error(d, NULL, NULL, "out of memory");
		return NULL;
	}
	s->path = path;
	s->lock = -1;
	s->mode = mode;
	if (mode == STATE_READ && access(path, F_OK) < 0 && errno == ENOENT)
		return s;
	if (mode == STATE_WRITE && !make_parents(path)) {
		diag_error(d, NULL, NULL, "cannot make the directory of %s: %s", path,
			   strerror(errno));
		goto fail;
	}
	if (mode == STATE_WRITE && !take_lock(s, d))
		goto fail;
	if (!open_db(s, d))
		goto fail;
	return s;

fail:
	state_close(s);
	return NULL;
}

void state_close(struct state *s)
{
	if (!s)
		return;
	sqlite3_close(s->db);
	if (s->lock >= 0)
		close(s->lock);
	free(s);
}
