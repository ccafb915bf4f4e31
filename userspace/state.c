// SPDX-License-Identifier: GPL-2.0
/*
 * The state in SQLite; see state.h for the protocol.
 *
 * A row is one version of an object, keyed by the transaction that wrote it; a
 * NULL body says it was removed. Readers take the newest version up to the
 * current transaction, so a pending one is there but not seen, and making it the
 * current one is an update of one number.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit.h"
#include "input.h"
#include "state.h"
#include "svcnat.h"

#define APPLICATION_ID 1937138499	/* "svcC" */

struct state {
	sqlite3 *db;		/* NULL: reading, and there is none */
	int lock;
	enum state_mode mode;
	bool as_pending;	/* reading: the pending transaction happened, count it */
	bool prepared;		/* the pending transaction is ours, and these its changes */
	const struct state_change *changes;
	size_t n_changes;
};

static const char schema[] =
	"BEGIN;"
	"CREATE TABLE object ("
	" kind INTEGER NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, txn INTEGER NOT NULL,"
	" body BLOB, PRIMARY KEY (kind, ns, name, txn)) WITHOUT ROWID;"
	"CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1),"
	" current INTEGER NOT NULL, current_id BLOB, pending INTEGER, pending_id BLOB);"
	"INSERT INTO meta VALUES (1, 0, NULL, NULL, NULL);"
	"PRAGMA application_id = 1937138499;"
	"COMMIT;";

static bool complain(struct state *s, struct diag *d, const char *what)
{
	int err = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;
	const char *path = s->db ? sqlite3_db_filename(s->db, "main") : "";

	if (err == SQLITE_CORRUPT || err == SQLITE_NOTADB)
		diag_error(d, NULL, NULL, "the state %s is damaged (%s): move it away and apply all manifests again; the kernel serves on meanwhile",
			   path, sqlite3_errmsg(s->db));
	else if (err == SQLITE_BUSY)
		diag_error(d, NULL, NULL, "the state %s is held locked by another program: try again when it has finished",
			   path);
	else if (err == SQLITE_CANTOPEN || err == SQLITE_READONLY || err == SQLITE_PERM)
		diag_error(d, NULL, NULL, "the state %s %s (%s): run svcctl as root, or name another file with --state",
			   path, what, sqlite3_errstr(err));
	else
		diag_error(d, NULL, NULL, "the state %s %s: %s", path, what, sqlite3_errmsg(s->db));
	return false;
}

static bool run(struct state *s, const char *sql)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t number(struct state *s, const char *sql)
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
static bool take_lock(struct state *s, const char *path, struct diag *d)
{
	char *name;

	if (asprintf(&name, "%s.lock", path) < 0)
		return false;
	s->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	free(name);
	if (s->lock < 0) {
		diag_error(d, NULL, NULL, "cannot lock the state %s: %s: run svcctl as root, or name another file with --state",
			   path, strerror(errno));
		return false;
	}
	if (flock(s->lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "waiting for another svcctl to finish\n");
	while (flock(s->lock, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		diag_error(d, NULL, NULL, "cannot lock the state %s: %s", path, strerror(errno));
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
	return run(s, schema) || complain(s, d, "cannot be written");
}

/* Readers keep a read transaction to the end: all they see is of one moment. */
static bool begin(struct state *s, struct diag *d)
{
	return run(s, s->mode == STATE_WRITE ? "PRAGMA journal_mode = TRUNCATE" : "BEGIN") ||
	       complain(s, d, "cannot be opened");
}

static bool open_db(struct state *s, const char *path, struct diag *d)
{
	int flags = s->mode == STATE_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE :
					     SQLITE_OPEN_READWRITE;
	int64_t tables;

	if (sqlite3_open_v2(path, &s->db, flags, NULL) != SQLITE_OK)
		return complain(s, d, "cannot be opened");
	sqlite3_busy_timeout(s->db, 10000);
	run(s, "PRAGMA cache_size = -65536; PRAGMA synchronous = FULL;");
	if (!begin(s, d))
		return false;
	tables = number(s, "SELECT count(*) FROM sqlite_master");
	if (tables < 0)
		return complain(s, d, "cannot be read");
	if (!tables)
		return create(s, d);
	if (number(s, "PRAGMA application_id") != APPLICATION_ID) {
		diag_error(d, NULL, NULL, "%s is a database, but not of svcctl: name another file with --state",
			   path);
		return false;
	}
	return true;
}

struct state *state_open(const char *path, enum state_mode mode, struct diag *d)
{
	struct state *s = calloc(1, sizeof(*s));

	if (!s) {
		diag_error(d, NULL, NULL, "out of memory");
		return NULL;
	}
	s->lock = -1;
	s->mode = mode;
	if (mode == STATE_READ && access(path, F_OK) < 0 && errno == ENOENT)
		return s;
	if (mode == STATE_WRITE && !make_parents(path)) {
		diag_error(d, NULL, NULL, "cannot make the directory of %s: %s", path,
			   strerror(errno));
		goto fail;
	}
	if (mode == STATE_WRITE && !take_lock(s, path, d))
		goto fail;
	if (!open_db(s, path, d))
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

/* Superseded versions and removals, wherever they are: after a command was cut short. */
static bool sweep(struct state *s)
{
	return run(s, "DELETE FROM object AS o WHERE txn < (SELECT current FROM meta) AND EXISTS"
		   " (SELECT 1 FROM object AS n WHERE n.kind = o.kind AND n.ns = o.ns"
		   " AND n.name = o.name AND n.txn > o.txn"
		   " AND n.txn <= (SELECT current FROM meta));"
		   "DELETE FROM object WHERE body IS NULL AND txn <= (SELECT current FROM meta);");
}

/* The id of the pending transaction, if there is one; *@pending: whether. */
static bool read_pending(struct state *s, uint8_t *id, bool *pending)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, "SELECT pending_id FROM meta WHERE pending IS NOT NULL",
				    -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	*pending = rc == SQLITE_ROW;
	if (*pending && sqlite3_column_bytes(st, 0) == SVCNAT_APPLY_ID_LEN)
		memcpy(id, sqlite3_column_blob(st, 0), SVCNAT_APPLY_ID_LEN);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

bool state_pending(struct state *s)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN];
	bool pending;

	return s->db && read_pending(s, id, &pending) && pending;
}

bool state_settle(struct state *s, const uint8_t *kernel_id, struct diag *d)
{
	uint8_t id[SVCNAT_APPLY_ID_LEN] = { 0 };
	bool pending, happened;

	if (!s->db)
		return true;
	if (!read_pending(s, id, &pending))
		return complain(s, d, "cannot be read");
	happened = pending && kernel_id && !memcmp(id, kernel_id, sizeof(id));
	if (s->mode == STATE_READ)
		s->as_pending = happened;
	else if (pending)
		return happened ? state_promote(s, d) : state_drop(s, d);
	return true;
}

static bool load_row(struct arena *a, sqlite3_stmt *st, struct objects *out)
{
	int len = sqlite3_column_bytes(st, 4);
	char *text = arena_strndup(a, sqlite3_column_blob(st, 4), (size_t)len);
	struct object *o = input_body(a, text, (size_t)len);

	if (!o)
		return false;
	*(struct object **)arena_push(a, &out->v, &out->n, sizeof(*out->v)) = o;
	return true;
}

/* Rows come by key, then age: only the last of a key counts. */
static const char load_sql[] =
	"SELECT kind, ns, name, txn, body FROM object AS o WHERE (?1 < 0 OR kind = ?1)"
	" AND txn <= ?2 AND body IS NOT NULL"
	" AND NOT EXISTS (SELECT 1 FROM object AS n WHERE n.kind = o.kind AND n.ns = o.ns"
	" AND n.name = o.name AND n.txn > o.txn AND n.txn <= ?2)"
	" ORDER BY kind, ns, name";

bool state_load(struct state *s, struct arena *a, enum kind kind, struct objects *out,
		struct diag *d)
{
	sqlite3_stmt *st;
	int rc;

	if (!s->db)
		return true;
	if (sqlite3_prepare_v2(s->db, load_sql, -1, &st, NULL) != SQLITE_OK)
		return complain(s, d, "cannot be read");
	sqlite3_bind_int(st, 1, kind == KIND_MAX ? -1 : (int)kind);
	sqlite3_bind_int64(st, 2, number(s, s->as_pending ? "SELECT pending FROM meta" :
					 "SELECT current FROM meta"));
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (load_row(a, st, out))
			continue;
		diag_error(d, NULL, NULL, "the state %s is damaged at %s %s/%s: move it away and apply all manifests again",
			   sqlite3_db_filename(s->db, "main"), kind_name(sqlite3_column_int(st, 0)),
			   (const char *)sqlite3_column_text(st, 1),
			   (const char *)sqlite3_column_text(st, 2));
		sqlite3_finalize(st);
		return false;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || complain(s, d, "cannot be read");
}

static void bind_text(sqlite3_stmt *st, int i, const char *text)
{
	sqlite3_bind_text(st, i, text ? text : "", -1, SQLITE_STATIC);
}

static void bind_key(sqlite3_stmt *st, const struct state_change *c)
{
	sqlite3_bind_int(st, 1, c->put ? c->put->kind : c->kind);
	bind_text(st, 2, c->put ? c->put->ns : c->ns);
	bind_text(st, 3, c->put ? c->put->name : c->name);
}

static bool write_change(sqlite3_stmt *st, struct arena *a, const struct state_change *c)
{
	size_t len;

	bind_key(st, c);
	if (c->put) {
		const char *body = emit_json(a, c->put, &len);

		sqlite3_bind_blob(st, 4, body, (int)len, SQLITE_STATIC);
	} else {
		sqlite3_bind_null(st, 4);
	}
	return sqlite3_step(st) == SQLITE_DONE && sqlite3_reset(st) == SQLITE_OK;
}

static bool write_changes(struct state *s, const struct state_change *v, size_t n)
{
	struct arena *a = arena_new();
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(s->db, "INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3,"
				     " (SELECT pending FROM meta), ?4)", -1, &st, NULL) == SQLITE_OK;

	for (size_t i = 0; ok && i < n; i++) {
		ok = write_change(st, a, &v[i]);
		if (i % 64 == 63) {
			arena_free(a);
			a = arena_new();
		}
	}
	sqlite3_finalize(st);
	arena_free(a);
	return ok;
}

static bool set_pending(struct state *s, const uint8_t *id)
{
	sqlite3_stmt *st;
	bool ok;

	if (sqlite3_prepare_v2(s->db, "UPDATE meta SET pending = current + 1, pending_id = ?1", -1,
			       &st, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_blob(st, 1, id, SVCNAT_APPLY_ID_LEN, SQLITE_STATIC);
	ok = sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	return ok;
}

bool state_prepare(struct state *s, const struct state_change *v, size_t n, uint8_t *id,
		   struct diag *d)
{
	if (getrandom(id, SVCNAT_APPLY_ID_LEN, 0) != SVCNAT_APPLY_ID_LEN) {
		diag_error(d, NULL, NULL, "no random numbers: %s", strerror(errno));
		return false;
	}
	if (!run(s, "BEGIN IMMEDIATE") || !set_pending(s, id) || !write_changes(s, v, n) ||
	    !run(s, "COMMIT")) {
		complain(s, d, "cannot be written");
		run(s, "ROLLBACK");
		return false;
	}
	s->prepared = true;
	s->changes = v;
	s->n_changes = n;
	return true;
}

/* What the changes at hand superseded: cheaper than looking everywhere. */
static bool tidy(struct state *s)
{
	sqlite3_stmt *st;
	bool ok = true;

	if (number(s, "SELECT current FROM meta") <= 1)
		return true;
	if (sqlite3_prepare_v2(s->db, "DELETE FROM object WHERE kind = ?1 AND ns = ?2 AND name = ?3"
			       " AND (txn < (SELECT current FROM meta) OR body IS NULL)", -1, &st,
			       NULL) != SQLITE_OK)
		return false;
	for (size_t i = 0; ok && i < s->n_changes; i++) {
		bind_key(st, &s->changes[i]);
		ok = sqlite3_step(st) == SQLITE_DONE;
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return ok;
}

bool state_promote(struct state *s, struct diag *d)
{
	bool ok = run(s, "BEGIN IMMEDIATE") &&
		  run(s, "UPDATE meta SET current = pending, current_id = pending_id,"
		      " pending = NULL, pending_id = NULL WHERE pending IS NOT NULL") &&
		  (s->prepared ? tidy(s) : sweep(s)) && run(s, "COMMIT");

	s->prepared = false;
	if (ok)
		return true;
	complain(s, d, "cannot be written");
	run(s, "ROLLBACK");
	return false;
}

bool state_drop(struct state *s, struct diag *d)
{
	s->prepared = false;
	if (run(s, "BEGIN IMMEDIATE") &&
	    run(s, "DELETE FROM object WHERE txn = (SELECT pending FROM meta);"
		"UPDATE meta SET pending = NULL, pending_id = NULL;") && run(s, "COMMIT"))
		return true;
	complain(s, d, "cannot be written");
	run(s, "ROLLBACK");
	return false;
}

bool state_apply_id(struct state *s, uint8_t *id)
{
	sqlite3_stmt *st;
	bool found = false;

	if (!s->db || sqlite3_prepare_v2(s->db, "SELECT current_id FROM meta", -1, &st, NULL) !=
		      SQLITE_OK)
		return false;
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_bytes(st, 0) == SVCNAT_APPLY_ID_LEN) {
		memcpy(id, sqlite3_column_blob(st, 0), SVCNAT_APPLY_ID_LEN);
		found = true;
	}
	sqlite3_finalize(st);
	return found;
}
