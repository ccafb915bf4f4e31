// SPDX-License-Identifier: GPL-2.0
/* Objects out of the state: all of them, or those of a key. */
#include <stdio.h>

#include "input.h"
#include "state_impl.h"

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
#define LOAD \
	"SELECT kind, ns, name, txn, body FROM object AS o WHERE %s" \
	" AND txn <= ?1 AND body IS NOT NULL" \
	" AND NOT EXISTS (SELECT 1 FROM object AS n WHERE n.kind = o.kind AND n.ns = o.ns" \
	" AND n.name = o.name AND n.txn > o.txn AND n.txn <= ?1)" \
	" ORDER BY kind, ns, name"

/* @which: a condition on the columns; ?2, ?3 and ?4 in it are of a key. */
static sqlite3_stmt *query(struct state *s, struct arena *a, const char *which)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(s->db, arena_printf(a, LOAD, which), -1, &st, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_int64(st, 1, state_number(s, s->as_pending ? "SELECT pending FROM meta" :
					       "SELECT current FROM meta"));
	return st;
}

static bool load_rows(struct state *s, struct arena *a, sqlite3_stmt *st, struct objects *out,
		      struct diag *d)
{
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (load_row(a, st, out))
			continue;
		if (d)
			diag_error(d, NULL, NULL, "the state %s is damaged at %s %s/%s: move it away and apply all manifests again",
				   s->path, kind_name(sqlite3_column_int(st, 0)),
				   (const char *)sqlite3_column_text(st, 1),
				   (const char *)sqlite3_column_text(st, 2));
		return false;
	}
	return rc == SQLITE_DONE || state_complain(s, d, "cannot be read");
}

bool state_load(struct state *s, struct arena *a, enum kind kind, struct objects *out,
		struct diag *d)
{
	sqlite3_stmt *st;
	bool ok;

	if (!s->db)
		return true;
	st = query(s, a, kind == KIND_MAX ? "1" : "kind = ?2");
	if (!st)
		return state_complain(s, d, "cannot be read");
	sqlite3_bind_int(st, 2, (int)kind);
	ok = load_rows(s, a, st, out, d);
	sqlite3_finalize(st);
	return ok;
}

static bool load_each(struct state *s, struct arena *a, const char *which,
		      const struct state_keys *keys, struct objects *out)
{
	sqlite3_stmt *st = s->db ? query(s, a, which) : NULL;
	bool ok = st || !s->db;

	for (size_t i = 0; st && ok && i < keys->n; i++) {
		sqlite3_bind_int(st, 2, (int)keys->v[i].kind);
		state_bind_text(st, 3, keys->v[i].ns);
		state_bind_text(st, 4, keys->v[i].name);
		ok = load_rows(s, a, st, out, NULL);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return ok;
}

bool state_load_keys(struct state *s, struct arena *a, const struct state_keys *keys,
		     struct objects *out)
{
	return load_each(s, a, "kind = ?2 AND ns = ?3 AND name = ?4", keys, out);
}

bool state_load_slices(struct state *s, struct arena *a, const struct state_keys *services,
		       struct objects *out)
{
	const char *which = arena_printf(a, "kind = %d AND ns = ?3 AND owner = ?4", KIND_SLICE);

	return load_each(s, a, which, services, out);
}

size_t state_count_slices(struct state *s, const struct state_keys *services, size_t most)
{
	sqlite3_stmt *st;
	size_t n = 0;

	if (!s->db || sqlite3_prepare_v2(s->db, "SELECT count(*) FROM (SELECT 1 FROM object WHERE"
					 " kind = ?1 AND ns = ?2 AND owner = ?3 LIMIT ?4)", -1, &st,
					 NULL) != SQLITE_OK)
		return 0;
	sqlite3_bind_int(st, 1, KIND_SLICE);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)most);
	for (size_t i = 0; n < most && i < services->n; i++) {
		state_bind_text(st, 2, services->v[i].ns);
		state_bind_text(st, 3, services->v[i].name);
		if (sqlite3_step(st) == SQLITE_ROW)
			n += (size_t)sqlite3_column_int64(st, 0);
		sqlite3_reset(st);
	}
	sqlite3_finalize(st);
	return n;
}

bool state_has(struct state *s, enum kind kind)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SELECT 1 FROM object WHERE kind = %d LIMIT 1", kind);
	return s->db && state_number(s, sql) > 0;
}
