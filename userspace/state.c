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
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "emit.h"
#include "state_impl.h"
#include "svcnat.h"

/* Superseded versions and removals, wherever they are: after a command was cut short. */
static bool sweep(struct state *s)
{
	return state_run(s, "DELETE FROM object AS o WHERE txn < (SELECT current FROM meta) AND EXISTS"
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
		return state_complain(s, d, "cannot be read");
	happened = pending && kernel_id && !memcmp(id, kernel_id, sizeof(id));
	if (s->mode == STATE_READ)
		s->as_pending = happened;
	else if (pending)
		return happened ? state_promote(s, NULL, d) : state_drop(s, d);
	return true;
}

void state_bind_text(sqlite3_stmt *st, int i, const char *text)
{
	sqlite3_bind_text(st, i, text ? text : "", -1, SQLITE_STATIC);
}

static struct state_key key_of(const struct state_change *c)
{
	const char *ns = c->put ? c->put->ns : c->ns;

	return (struct state_key){ c->put ? c->put->kind : c->kind, ns ? ns : "",
				   c->put ? c->put->name : c->name };
}

static void bind_key(sqlite3_stmt *st, const struct state_change *c)
{
	struct state_key k = key_of(c);

	sqlite3_bind_int(st, 1, (int)k.kind);
	state_bind_text(st, 2, k.ns);
	state_bind_text(st, 3, k.name);
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

static int change_cmp(const void *x, const void *y)
{
	const struct state_change *a = *(void *const *)x, *b = *(void *const *)y;
	struct state_key k = key_of(a), l = key_of(b);
	int c = (k.kind > l.kind) - (k.kind < l.kind);

	if (!c)
		c = strcmp(k.ns, l.ns);
	return c ? c : strcmp(k.name, l.name);
}

/* In the order of the table, where one row goes behind the other and pages get full. */
static const struct state_change **in_order(struct arena *a, const struct state_change *v, size_t n)
{
	const struct state_change **sorted = arena_alloc(a, (n + 1) * sizeof(*sorted));

	for (size_t i = 0; i < n; i++)
		sorted[i] = &v[i];
	qsort(sorted, n, sizeof(*sorted), change_cmp);
	return sorted;
}

static bool write_changes(struct state *s, const struct state_change *v, size_t n)
{
	struct arena *order = arena_new(), *a = arena_new();
	const struct state_change **sorted = in_order(order, v, n);
	sqlite3_stmt *st = NULL;
	bool ok = sqlite3_prepare_v2(s->db, "INSERT OR REPLACE INTO object VALUES (?1, ?2, ?3,"
				     " (SELECT pending FROM meta), ?4)", -1, &st, NULL) == SQLITE_OK;

	for (size_t i = 0; ok && i < n; i++) {
		ok = write_change(st, a, sorted[i]);
		if (i % 64 == 63) {
			arena_free(a);
			a = arena_new();
		}
	}
	sqlite3_finalize(st);
	arena_free(a);
	arena_free(order);
	return ok;
}

static bool set_pending(struct state *s, const uint8_t *id, const char *options)
{
	sqlite3_stmt *st;
	bool ok;

	if (sqlite3_prepare_v2(s->db, "UPDATE meta SET pending = current + 1, pending_id = ?1,"
			       " pending_options = ?2", -1, &st, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_blob(st, 1, id, SVCNAT_APPLY_ID_LEN, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, options, -1, SQLITE_STATIC);
	ok = sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	return ok;
}

bool state_prepare(struct state *s, const struct state_change *v, size_t n,
		   const char *options, uint8_t *id, struct diag *d)
{
	if (getrandom(id, SVCNAT_APPLY_ID_LEN, 0) != SVCNAT_APPLY_ID_LEN) {
		diag_error(d, NULL, NULL, "no random numbers: %s", strerror(errno));
		return false;
	}
	if (!state_begin(s) || !set_pending(s, id, options) || !write_changes(s, v, n) ||
	    !state_run(s, "COMMIT")) {
		state_complain(s, d, "cannot be written");
		state_run(s, "ROLLBACK");
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

	if (state_number(s, "SELECT current FROM meta") <= 1)
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

static bool make_current(struct state *s, const char *basis)
{
	sqlite3_stmt *st;
	bool ok;

	if (sqlite3_prepare_v2(s->db, "UPDATE meta SET current = pending, current_id = pending_id,"
			       " options = pending_options, pending = NULL, pending_id = NULL,"
			       " pending_options = NULL, basis = ?1 WHERE pending IS NOT NULL", -1,
			       &st, NULL) != SQLITE_OK)
		return false;
	state_bind_text(st, 1, basis);
	ok = sqlite3_step(st) == SQLITE_DONE;
	sqlite3_finalize(st);
	return ok;
}

bool state_promote(struct state *s, const char *basis, struct diag *d)
{
	bool ok = state_begin(s) && make_current(s, basis) &&
		  (s->prepared ? tidy(s) : sweep(s)) && state_run(s, "COMMIT");

	s->prepared = false;
	if (ok)
		return true;
	state_complain(s, d, "cannot be written");
	state_run(s, "ROLLBACK");
	return false;
}

bool state_drop(struct state *s, struct diag *d)
{
	s->prepared = false;
	if (state_begin(s) &&
	    state_run(s, "DELETE FROM object WHERE txn = (SELECT pending FROM meta);"
		"UPDATE meta SET pending = NULL, pending_id = NULL,"
		      " pending_options = NULL;") && state_run(s, "COMMIT"))
		return true;
	state_complain(s, d, "cannot be written");
	state_run(s, "ROLLBACK");
	return false;
}

/* The first row's only column; "" if there is none. */
static const char *read_text(struct state *s, struct arena *a, const char *sql)
{
	const char *text = "";
	sqlite3_stmt *st;

	/* One from before this was kept has no such column. */
	if (!s->db || sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return text;
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_text(st, 0))
		text = arena_strdup(a, (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	return text;
}

const char *state_options(struct state *s, struct arena *a)
{
	return read_text(s, a, s->as_pending ? "SELECT pending_options FROM meta" :
					       "SELECT options FROM meta");
}

const char *state_basis(struct state *s, struct arena *a)
{
	return s->as_pending ? "" : read_text(s, a, "SELECT basis FROM meta");
}

const char *state_reserved(struct state *s, struct arena *a)
{
	return read_text(s, a, "SELECT reserved FROM meta");
}

bool state_reserve(struct state *s, const char *text, struct diag *d)
{
	sqlite3_stmt *st = NULL;
	bool ok = state_begin(s) && sqlite3_prepare_v2(s->db, "UPDATE meta SET reserved = ?1", -1, &st,
						       NULL) == SQLITE_OK;

	if (ok) {
		state_bind_text(st, 1, text);
		ok = sqlite3_step(st) == SQLITE_DONE;
	}
	sqlite3_finalize(st);
	return (ok && state_run(s, "COMMIT")) || state_complain(s, d, "cannot be written");
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
