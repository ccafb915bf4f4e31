// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include "sink.h"

struct json {
	struct sink sink;
	char *buf;
	size_t n, cap;
	bool pretty;
	bool empty;		/* nothing in the open map or list yet */
	bool value;		/* a key was written: what comes is its value */
	unsigned int depth;
};

static char *room(struct json *j, size_t len)
{
	if (j->cap - j->n < len)
		j->buf = mem_grow(j->buf, &j->cap, j->n + len);
	return j->buf + j->n;
}

static void put_text(struct json *j, const char *s, size_t len)
{
	memcpy(room(j, len), s, len);
	j->n += len;
}

static void put_char(struct json *j, char c)
{
	*room(j, 1) = c;
	j->n++;
}

static void new_line(struct json *j)
{
	size_t n = 4ul * j->depth + 1;

	memset(room(j, n), ' ', n);
	j->buf[j->n] = '\n';
	j->n += n;
}

/* Before a key or an element: what separates it from the one before. */
static void lead(struct json *j)
{
	if (j->value) {
		j->value = false;
		return;
	}
	if (!j->empty)
		put_char(j, ',');
	if (j->pretty && j->depth)
		new_line(j);
	j->empty = false;
}

static void begin(struct json *j, char c)
{
	lead(j);
	put_char(j, c);
	j->depth++;
	j->empty = true;
}

static void end(struct json *j, char c)
{
	j->depth--;
	if (j->pretty && !j->empty)
		new_line(j);
	put_char(j, c);
	j->empty = false;
}

static void escape(struct json *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	const char *two = c == '"' ? "\\\"" : c == '\\' ? "\\\\" : c == '\n' ? "\\n" :
			  c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
	char six[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	if (two)
		put_text(j, two, 2);
	else
		put_text(j, six, sizeof(six));
}

static void escaped(struct json *j, const char *s, size_t len)
{
	const char *end = s + len;

	put_char(j, '"');
	for (const char *run = s; ; run = ++s) {
		while (s < end && (unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
			s++;
		put_text(j, run, (size_t)(s - run));
		if (s == end)
			break;
		escape(j, (unsigned char)*s);
	}
	put_char(j, '"');
}

#define EVERY 0x0101010101010101ull	/* one of each byte */

/* A byte of @v that is 0 sets its high bit; one above such a byte may do so wrongly. */
static uint64_t zeros(uint64_t v)
{
	return (v - EVERY) & ~v & EVERY * 0x80;
}

/* Whether eight bytes may need escapes: a control character, '"' or '\\'. */
static uint64_t special(uint64_t v)
{
	return ((v - EVERY * 0x20) & ~v & EVERY * 0x80) | zeros(v ^ EVERY * '"') |
	       zeros(v ^ EVERY * '\\');
}

static bool copy_eight(char *to, const char *s)
{
	uint64_t v;

	memcpy(&v, s, 8);
	memcpy(to, &v, 8);
	return !special(v);
}

/* Nearly every string is copied as it is, eight bytes at a time; the last may overlap. */
static void quoted(struct json *j, const char *s, size_t len)
{
	char *to = room(j, len + 10);
	size_t i = 0;

	*to++ = '"';
	while (i + 8 <= len && copy_eight(to + i, s + i))
		i += 8;
	if (len >= 8 && i + 8 > len && copy_eight(to + len - 8, s + len - 8))
		i = len;
	for (; i < len; i++) {
		if ((unsigned char)s[i] < 0x20 || s[i] == '"' || s[i] == '\\')
			break;
		to[i] = s[i];
	}
	if (i < len) {
		escaped(j, s, len);
		return;
	}
	to[len] = '"';
	j->n += len + 2;
}

static void map_begin(struct sink *s)
{
	begin((struct json *)s, '{');
}

static void map_end(struct sink *s)
{
	end((struct json *)s, '}');
}

static void seq_begin(struct sink *s)
{
	begin((struct json *)s, '[');
}

static void seq_end(struct sink *s)
{
	end((struct json *)s, ']');
}

static void key(struct sink *s, const char *k, size_t len)
{
	struct json *j = (struct json *)s;

	lead(j);
	quoted(j, k, len);
	put_text(j, ": ", j->pretty ? 2 : 1);
	j->value = true;
}

static void name(struct sink *s, const char *k, size_t len)
{
	struct json *j = (struct json *)s;
	char *to;

	lead(j);
	to = room(j, len + 4);
	*to++ = '"';
	memcpy(to, k, len);
	to += len;
	*to++ = '"';
	*to++ = ':';
	if (j->pretty)
		*to++ = ' ';
	j->n = (size_t)(to - j->buf);
	j->value = true;
}

static void string(struct sink *s, const char *value)
{
	lead((struct json *)s);
	quoted((struct json *)s, value, strlen(value));
}

static void number(struct sink *s, int64_t value)
{
	struct json *j = (struct json *)s;

	lead(j);
	j->n += (size_t)snprintf(room(j, 24), 24, "%lld", (long long)value);
}

static void boolean(struct sink *s, bool value)
{
	lead((struct json *)s);
	put_text((struct json *)s, value ? "true" : "false", value ? 4 : 5);
}

static struct json json_new(bool pretty)
{
	return (struct json){
		.sink = { map_begin, map_end, seq_begin, seq_end, key, name, string, number, boolean },
		.pretty = pretty,
		.empty = true,
	};
}

const char *sink_line(struct arena *a, sink_fn *put, const void *what, size_t *len)
{
	struct json j = json_new(false);
	const char *text;

	room(&j, 1024);
	put(&j.sink, what);
	text = arena_strndup(a, j.buf, j.n);
	*len = j.n;
	free(j.buf);
	return text;
}

void sink_json(FILE *f, sink_fn *put, const void *what)
{
	struct json j = json_new(true);

	put(&j.sink, what);
	put_char(&j, '\n');
	fwrite(j.buf, 1, j.n, f);
	free(j.buf);
}
