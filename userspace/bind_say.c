// SPDX-License-Identifier: GPL-2.0
/* What bind says: field paths, expectations, messages that wait for a List's kind. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "bind_impl.h"

#define TEXT_LEN 512

static void emit(struct bind *b, const struct said *s)
{
	if (s->error)
		diag_error(b->diag, &s->loc, s->field, "%s", s->text);
	else
		diag_warn(b->diag, &s->loc, s->field, "%s", s->text);
}

static void tell(struct bind *b, const struct said *s)
{
	if (s->error && ++b->errors >= ERRORS_MAX)
		b->stop = true;
	if (!b->diag)
		return;
	if (!b->tentative) {
		emit(b, s);
		return;
	}
	*(struct said *)arena_push(b->arena, &b->said, &b->n_said, sizeof(*s)) = (struct said){
		.error = s->error,
		.loc = s->loc,
		.field = s->field ? arena_strdup(b->arena, s->field) : NULL,
		.text = arena_strdup(b->arena, s->text),
	};
}

void bind_said_settle(struct bind *b, size_t mark, bool keep)
{
	if (!keep) {
		for (size_t i = mark; i < b->n_said; i++)
			b->errors -= b->said[i].error;
		b->n_said = mark < b->n_said ? mark : b->n_said;
	}
	if (b->tentative)
		return;
	for (size_t i = 0; i < b->n_said; i++)
		emit(b, &b->said[i]);
	b->n_said = 0;
}

void bind_say(struct bind *b, bool error, uint64_t place, const char *path, const char *fmt, ...)
{
	char text[TEXT_LEN];
	struct said s = { .error = error, .field = path, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (b->diag)
		b->src->locate(b->src, place, &s.loc);
	tell(b, &s);
}

bool bind_error(struct bind *b, const struct loc *loc, const char *fmt, ...)
{
	char text[TEXT_LEN];
	struct said s = { .error = true, .text = text };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (loc)
		s.loc = *loc;
	else if (b->diag)
		b->src->locate(b->src, bind_here(b), &s.loc);
	tell(b, &s);
	return !b->stop;
}

/* Copies what can be shown; cuts between characters, not within one. */
static size_t clean(char *to, size_t room, const char *s, size_t len)
{
	size_t n = len;

	if (n > room)
		for (n = room; n && ((unsigned char)s[n] & 0xc0) == 0x80;)
			n--;
	for (size_t i = 0; i < n; i++)
		to[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? '?' : s[i];
	return n;
}

const char *bind_shown(const char *s, size_t len, char buf[SHOWN_LEN])
{
	size_t n = clean(buf + 1, SHOWN_LEN - 6, s, len);

	buf[0] = '"';
	strcpy(buf + 1 + n, n < len ? "…\"" : "\"");
	return buf;
}

static void path_add(char *buf, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, PATH_LEN - n, fmt, ap);
	va_end(ap);
}

/* "a.b" within "labels" would read as a path: such keys stand in brackets. */
static void path_add_key(char *buf, const char *s, size_t len)
{
	char key[64];
	bool plain = len < sizeof(key);

	key[clean(key, sizeof(key) - 1, s, len)] = '\0';
	for (const char *p = key; *p; p++)
		plain &= isalnum((unsigned char)*p) || *p == '-' || *p == '_';
	if (plain)
		path_add(buf, "%s%s", *buf ? "." : "", key);
	else
		path_add(buf, "[%s]", key);
}

const char *bind_path(const struct bind *b, char buf[PATH_LEN])
{
	const struct frame *f = b->top;

	buf[0] = '\0';
	while (f > b->stack && !f->root && f->mode != M_OBJECT && f->mode != M_ITEMS)
		f--;
	for (; f <= b->top; f++) {
		if (f->mode == M_STRUCT && f->field)
			path_add_key(buf, f->field->name, f->field->len);
		else if (f->mode == M_MAP && b->map_key)
			path_add_key(buf, b->map_key, strlen(b->map_key));
		else if (f->mode == M_ITEMS)
			path_add(buf, "items[%zu]", f->n - 1);
		else if ((f->mode == M_LIST || f->mode == M_STRINGS) && f->n)
			path_add(buf, "[%zu]", f->n - 1);
	}
	if (b->odd_key.s)
		path_add_key(buf, b->odd_key.s, b->odd_key.len);
	return *buf ? buf : NULL;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

#define NEAR_LEN 40

/* Edits from one to the other, a swap of neighbours being one, capitals none. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t d[NEAR_LEN + 1][NEAR_LEN + 1];

	if (n > NEAR_LEN || m > NEAR_LEN)
		return NEAR_LEN;
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1,
				       d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
			    y == tolower((unsigned char)a[i - 2]) && d[i - 2][j - 2] < d[i][j])
				d[i][j] = d[i - 2][j - 2] + (x != y);
		}
	}
	return d[n][m];
}

struct near {
	const char *s;
	size_t len;		/* of what was written */
	const char *best;
	size_t d;
};

static void near_try(struct near *near, const char *name)
{
	size_t d = distance(near->s, near->len, name, strlen(name));

	if (d <= 2 && d * 3 <= near->len && (!near->best || d < near->d)) {
		near->best = name;
		near->d = d;
	}
}

void bind_unknown_field(struct bind *b, const struct schema *schema, const char *s, size_t len)
{
	struct near near = { .s = s, .len = len };

	for (unsigned int i = 0; i < schema->n; i++)
		near_try(&near, schema->fields[i].name);
	b->odd_key = (struct text){ s, len };
	if (near.best)
		bind_say_here(b, false, "unknown field, not looked at: did you mean %s?", near.best);
	else
		bind_say_here(b, false, "unknown field, not looked at");
	b->odd_key.s = NULL;
}

/* "TCP, UDP or SCTP", with what was meant perhaps. */
static const char *one_of(const char *const *values, const char *s, size_t len, char *buf,
			  size_t size)
{
	struct near near = { .s = s, .len = len };
	size_t n = 0;

	buf[0] = '\0';
	for (const char *const *v = values; *v; v++) {
		n += (size_t)snprintf(buf + n, size - n, "%s%s",
				      v == values ? "" : v[1] ? ", " : " or ", *v);
		if (s)
			near_try(&near, *v);
	}
	if (near.best)
		snprintf(buf + n, size - n, "; did you mean %s?", near.best);
	return buf;
}

/* What @f takes, as "a port: expected 1 to 65535"; @s is the string that came, or NULL. */
static const char *wanted(const struct field *f, const char *s, size_t len, char *buf, size_t size)
{
	char names[160];

	switch (f->type) {
	case F_INT:
	case F_INT_OR_STR:
		snprintf(buf, size, "%s: expected %d to %d%s", f->noun, f->min, f->max,
			 f->type == F_INT_OR_STR ? " or the name of a container's port" :
			 s && len && strspn(s, "0123456789") >= len ? ", without quotes" : "");
		break;
	case F_BOOL:
		return "a boolean: expected true or false";
	case F_MAP:
		return "a map: expected names and values, as in {app: web}";
	case F_STRUCT:
		return "a map: expected fields and their values";
	case F_STRINGS:
	case F_LIST:
	case F_ITEMS:
		return "a list: expected one, each element after \"- \" or all in [ ]";
	default:
		if (!f->values)
			return "text: expected a string";
		snprintf(buf, size, "%s: expected %s", s ? "known here" : "text",
			 one_of(f->values, s, len, names, sizeof(names)));
	}
	return buf;
}

static const struct field *element(const struct bind *b, struct field *plain)
{
	*plain = (struct field){ .type = b->top->mode == M_LIST ? F_STRUCT : F_STRING };
	if (b->top->mode == M_STRINGS)
		plain->values = b->top->field->values;
	return plain;
}

void bind_wrong(struct bind *b, const struct field *f, enum scalar type, const char *s, size_t len)
{
	static const char *const what[] = {
		[SCALAR_NUMBER] = "a number", [SCALAR_BOOL] = "a boolean",
	};
	char got[SHOWN_LEN], want[256];
	struct field plain;

	if (!f || b->top->mode == M_STRINGS)
		f = element(b, &plain);
	bind_shown(s, len, got);
	if (type == SCALAR_STRING) {
		bind_say_here(b, true, "%s is not %s", got, wanted(f, s, len, want, sizeof(want)));
		return;
	}
	if ((f->type == F_STRING || f->type == F_KIND) && !f->values)
		bind_say_here(b, true, "%.*s is %s: expected a string, write %s",
			      (int)strlen(got) - 2, got + 1, what[type], got);
	else
		bind_say_here(b, true, "%.*s is not %s", (int)strlen(got) - 2, got + 1,
			      wanted(f, NULL, 0, want, sizeof(want)));
}

void bind_wrong_shape(struct bind *b, const struct field *f, const char *got)
{
	char want[256];
	struct field plain;

	bind_say_here(b, true, "%s is not %s", got,
		      wanted(f ? f : element(b, &plain), NULL, 0, want, sizeof(want)));
}

void bind_say_skipped(struct bind *b)
{
	for (size_t i = 0; b->diag && i < b->n_skipped; i++) {
		const struct skipped *s = &b->skipped[i];
		struct near near = { .s = s->what, .len = strlen(s->what) };
		const char *more = i == SKIPPED_MAX - 1 ? " and other" : "";

		for (enum kind k = 0; k < KIND_MAX; k++)
			near_try(&near, kind_name(k));
		diag_warn(b->diag, &s->first, NULL, "skipped %zu %.60s%s object%s: %s%s%s", s->n,
			  s->what, more, s->n == 1 ? "" : "s",
			  near.best ? "did you mean " : "not a kind that svcctl reads",
			  near.best ? near.best : "", near.best ? "?" : "");
	}
}
