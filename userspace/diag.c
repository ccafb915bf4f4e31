// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "diag.h"

struct seen {
	const char *text;	/* the sentence without its place */
	unsigned int repeated, round;
};

struct diag {
	FILE *out;
	struct arena *arena;
	void *seen;		/* tsearch() tree of struct seen: warnings so far */
	unsigned int errors, warnings;
	unsigned int round;	/* of diag_again() */
	unsigned int repeated;	/* warnings counted instead of printed */
	unsigned int repeated_kinds;
};

struct diag *diag_new(FILE *out)
{
	struct arena *a = arena_new();
	struct diag *d = arena_alloc(a, sizeof(*d));

	d->out = out;
	d->arena = a;
	return d;
}

static void nothing(void *node)
{
	(void)node;
}

void diag_free(struct diag *d)
{
	if (!d)
		return;
	tdestroy(d->seen, nothing);
	arena_free(d->arena);
}

static int seen_cmp(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->text, ((const struct seen *)b)->text);
}

/* What was counted of it before diag_again(). */
static void forget(struct diag *d, struct seen *seen)
{
	d->warnings -= 1 + seen->repeated;
	d->repeated -= seen->repeated;
	d->repeated_kinds -= !!seen->repeated;
	seen->repeated = 0;
	seen->round = d->round;
}

/* True if @text was warned of before. */
static bool warned_before(struct diag *d, const char *text)
{
	struct seen key = { .text = text }, *seen;
	struct seen **node = tfind(&key, &d->seen, seen_cmp);

	if (!node) {
		seen = arena_alloc(d->arena, sizeof(*seen));
		seen->text = arena_strdup(d->arena, text);
		seen->round = d->round;
		tsearch(seen, &d->seen, seen_cmp);
		return false;
	}
	if ((*node)->round != d->round) {
		forget(d, *node);
		return true;
	}
	if (!(*node)->repeated++)
		d->repeated_kinds++;
	d->repeated++;
	return true;
}

static void print(struct diag *d, const struct loc *loc, const char *what, const char *text)
{
	if (loc && loc->file) {
		fputs(loc->file, d->out);
		if (loc->line)
			fprintf(d->out, ":%u", loc->line);
		if (loc->line && loc->col)
			fprintf(d->out, ":%u", loc->col);
		fputs(": ", d->out);
	}
	fprintf(d->out, "%s: %s\n", what, text);
}

/* "FIELD: sentence", in malloc()ed memory; NULL only without memory. */
static char *sentence(const char *field, const char *fmt, va_list ap)
{
	char *text = NULL, *whole = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		return NULL;
	if (!field)
		return text;
	if (asprintf(&whole, "%s: %s", field, text) < 0)
		whole = NULL;
	free(text);
	return whole;
}

void diag_error(struct diag *d, const struct loc *loc, const char *field, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = sentence(field, fmt, ap);
	va_end(ap);
	print(d, loc, "error", text ? text : fmt);
	d->errors++;
	free(text);
}

void diag_warn(struct diag *d, const struct loc *loc, const char *field, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = sentence(field, fmt, ap);
	va_end(ap);
	d->warnings++;
	if (!warned_before(d, text ? text : fmt))
		print(d, loc, "warning", text ? text : fmt);
	free(text);
}

void diag_again(struct diag *d)
{
	d->round++;
}

unsigned int diag_errors(const struct diag *d)
{
	return d->errors;
}

unsigned int diag_warnings(const struct diag *d)
{
	return d->warnings;
}

void diag_finish(struct diag *d)
{
	if (!d->repeated)
		return;
	fprintf(d->out, "warning: %u more like %s above: the same text at other places\n",
		d->repeated, d->repeated_kinds == 1 ? "one" : "some");
	d->repeated = 0;
	d->repeated_kinds = 0;
}
