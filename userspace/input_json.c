// SPDX-License-Identifier: GPL-2.0
/* JSON text to bind's events, by yajl. Several values one after the other are several documents. */
#define _GNU_SOURCE
#include <string.h>
#include <yajl/yajl_parse.h>
#include "bind.h"
#include "input.h"
#include "text.h"

struct json {
	struct source source;
	struct text_pos pos;
	const char *text;
	size_t len;
	yajl_handle yajl;
	struct bind *bind;
};

/* A place is the offset behind the token: where it began is looked for when asked. */
static uint64_t here(const struct source *src)
{
	return yajl_get_bytes_consumed(((const struct json *)src)->yajl);
}

static bool escaped(const char *text, size_t at)
{
	size_t n = 0;

	while (n < at && text[at - 1 - n] == '\\')
		n++;
	return n & 1;
}

static size_t token_start(const char *text, size_t end)
{
	size_t i = end - 1;

	if (!end)
		return 0;
	if (text[i] == '"') {
		while (i-- && (text[i] != '"' || escaped(text, i)))
			;
		return i == (size_t)-1 ? 0 : i;
	}
	if (strchr("{}[]:,", text[i]))
		return i;
	while (i && !strchr("{}[]:, \t\r\n\"", text[i - 1]))
		i--;
	return i;
}

static void locate(struct source *src, uint64_t place, struct loc *loc)
{
	struct json *j = (struct json *)src;

	loc->file = src->name;
	text_locate(&j->pos, token_start(j->text, place < j->len ? place : j->len), loc);
}

static int on_null(void *ctx)
{
	return bind_scalar(((struct json *)ctx)->bind, SCALAR_NULL, "null", 4);
}

static int on_boolean(void *ctx, int val)
{
	return bind_scalar(((struct json *)ctx)->bind, SCALAR_BOOL, val ? "true" : "false",
			   val ? 4 : 5);
}

static int on_number(void *ctx, const char *s, size_t len)
{
	return bind_scalar(((struct json *)ctx)->bind, SCALAR_NUMBER, s, len);
}

/*
 * The text as a whole is checked UTF-8. What yajl decoded from escapes lies in
 * its own buffer and may hold half a surrogate pair.
 */
static bool raw(const struct json *j, const unsigned char *s)
{
	return (const char *)s >= j->text && (const char *)s < j->text + j->len;
}

static bool decoded_well(struct json *j, const char *s, size_t len)
{
	for (size_t i = 0; i < len; ) {
		size_t bad = i + text_bad(s + i, len - i);

		if (bad == len)
			break;
		if (s[bad])
			return bind_error(j->bind, NULL, "half a character: a \\uD800 to \\uDFFF "
					  "escape needs its other half") && false;
		i = bad + 1;	/* a NUL: bind knows whether it matters */
	}
	return true;
}

static int on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct json *j = ctx;

	if (!raw(j, s) && !decoded_well(j, (const char *)s, len))
		return !bind_stopped(j->bind);
	return bind_scalar(j->bind, SCALAR_STRING, (const char *)s, len);
}

static int on_key(void *ctx, const unsigned char *s, size_t len)
{
	struct json *j = ctx;

	if (!raw(j, s))
		decoded_well(j, (const char *)s, len);
	return bind_key(j->bind, (const char *)s, len);
}

static int on_map_begin(void *ctx)
{
	return bind_map_begin(((struct json *)ctx)->bind);
}

static int on_map_end(void *ctx)
{
	return bind_map_end(((struct json *)ctx)->bind);
}

static int on_seq_begin(void *ctx)
{
	return bind_seq_begin(((struct json *)ctx)->bind);
}

static int on_seq_end(void *ctx)
{
	return bind_seq_end(((struct json *)ctx)->bind);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_map_begin,
	.yajl_map_key = on_key,
	.yajl_end_map = on_map_end,
	.yajl_start_array = on_seq_begin,
	.yajl_end_array = on_seq_end,
};

/* yajl's own words, "parse error: premature EOF\n", without what is ours to say. */
static void complain(struct json *j)
{
	unsigned char *msg = yajl_get_error(j->yajl, 0, NULL, 0);
	const char *text = msg ? (const char *)msg : "";
	const char *colon = strstr(text, ": ");
	size_t end = yajl_get_bytes_consumed(j->yajl);
	struct loc loc = { .file = j->source.name };

	if (colon)
		text = colon + 2;
	if (strstr(text, "premature EOF")) {
		text_locate(&j->pos, j->len, &loc);
		bind_error(j->bind, &loc, "broken JSON: the text ends in the middle of an object: "
			   "is it cut off?");
	} else {
		end = end < j->len ? end : j->len;
		/* For this one yajl goes back to where the token begins. */
		if (strncmp(text, "after key and value", 19))
			end = token_start(j->text, end);
		text_locate(&j->pos, end, &loc);
		bind_error(j->bind, &loc, "broken JSON: %.*s", (int)strcspn(text, ".\n"), text);
	}
	yajl_free_error(j->yajl, msg);
}

static bool parse(struct json *j)
{
	yajl_status status;

	j->yajl = yajl_alloc(&callbacks, NULL, j);
	if (!j->yajl)
		return bind_error(j->bind, NULL, "no memory for the parser") && false;
	yajl_config(j->yajl, yajl_allow_multiple_values, 1);
	yajl_config(j->yajl, yajl_dont_validate_strings, 1);
	status = yajl_parse(j->yajl, (const unsigned char *)j->text, j->len);
	if (status == yajl_status_ok)
		status = yajl_complete_parse(j->yajl);
	if (status != yajl_status_ok && !bind_stopped(j->bind))
		complain(j);
	yajl_free(j->yajl);
	return status == yajl_status_ok;
}

static bool blank(const char *s, size_t len)
{
	while (len && strchr(" \t\r\n", s[len - 1]))
		len--;
	return !len;
}

static bool read_json(struct arena *a, const char *name, const char *text, size_t len,
		      struct objects *out, struct diag *d)
{
	struct json j = {
		.source = { .name = name, .here = here, .locate = locate },
		.pos = { .text = text },
		.text = text,
		.len = len,
	};
	bool ok;

	j.bind = bind_new(a, &j.source, out, d);
	ok = parse(&j);
	ok &= bind_end(j.bind);
	bind_free(j.bind);
	return ok;
}

bool input_json(struct arena *a, const char *name, const char *text, size_t len,
		struct objects *out, struct diag *d)
{
	name = arena_strdup(a, name);
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {	/* a byte order mark */
		text += 3;
		len -= 3;
	}
	if (!text_check(name, text, len, d))
		return false;
	return blank(text, len) || read_json(a, name, text, len, out, d);
}

struct object *input_body(struct arena *a, const char *text, size_t len)
{
	struct objects out = { 0 };

	if (text_bad(text, len) != len || !read_json(a, NULL, text, len, &out, NULL))
		return NULL;
	return out.n == 1 ? out.v[0] : NULL;
}
