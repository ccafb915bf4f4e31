// SPDX-License-Identifier: GPL-2.0
/* Objects out of the state: all of them, or those of a key. */
#include <stdio.h>

#include "input.h"
#include "state_impl.h"

/* Which ones: a condition on the columns, and what ?2, ?3 and ?4 in it are. */
struct wanted {
	const char *sql;
	enum kind kind;
	const char *ns, *name;
};

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

static sqlite3_stmt *query(struct state *s, struct arena *a, const struct wanted *w)
{
	sqlite3_stmt *st;

	if (sqlite3_prepare_v2(s->db, arena_printf(a, LOAD, w->sql), -1, &st, NULL) != SQLITE_OK)
		return NULL;
	sqlite3_bind_int64(st, 1, state_number(s, s->as_pending ? "SELECT pending FROM meta" :
					       "SELECT current FROM meta"));
	sqlite3_bind_int(st, 2, (int)w->kind);
	state_bind_text(st, 3, w->ns);
	state_bind_text(st, 4, w->name);
	return st;
}

static bool load(struct state *s, struct arena *a, const struct wanted *w, struct objects *out,
		 struct diag *d)
{
	sqlite3_stmt *st;
	int rc;

	if (!s->db)
		return true;
	st = query(s, a, w);
	if (!st)
		return state_complain(s, d, "cannot be read");
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (load_row(a, st, out))
			continue;
		diag_error(d, NULL, NULL, "the state %s is damaged at %s %s/%s: move it away and apply all manifests again",
			   s->path, kind_name(sqlite3_column_int(st, 0)),
			   (const char *)sqlite3_column_text(st, 1),
			   (const char *)sqlite3_column_text(st, 2));
		sqlite3_finalize(st);
		return false;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE || state_complain(s, d, "cannot be read");
}

bool state_load(struct state *s, struct arena *a, enum kind kind, struct objects *out,
		struct diag *d)
{
	struct wanted w = { kind == KIND_MAX ? "1" : "kind = ?2", .kind = kind };

	return load(s, a, &w, out, d);
}

bool state_load_one(struct state *s, struct arena *a, enum kind kind, const char *ns,
		    const char *name, struct objects *out, struct diag *d)
{
	struct wanted w = { "kind = ?2 AND ns = ?3 AND name = ?4", kind, ns, name };

	return load(s, a, &w, out, d);
}

bool state_load_slices(struct state *s, struct arena *a, const char *ns, const char *service,
		       struct objects *out, struct diag *d)
{
	struct wanted w = { "kind = ?2 AND ns = ?3 AND owner = ?4", KIND_SLICE, ns, service };

	return load(s, a, &w, out, d);
}

bool state_has(struct state *s, enum kind kind)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "SELECT 1 FROM object WHERE kind = %d LIMIT 1", kind);
	return s->db && state_number(s, sql) > 0;
}
