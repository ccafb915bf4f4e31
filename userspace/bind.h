/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Parser events in, objects out. A parser reports what it passes; a stack of
 * frames over the tables of schema.c puts scalars where they belong. Nothing is
 * kept as a tree.
 *
 *   bind.c         frames: structs, lists, maps
 *   bind_scalar.c  a value into a field
 *   bind_object.c  objects and Lists: which kind is it, the log of what came before
 *   bind_say.c     errors and warnings, with field paths
 *
 * Events must be balanced and a map's must alternate key and value. Each returns
 * false when there is no point in going on (too many errors, nested too deep);
 * why has then been said.
 */
#ifndef SVCCTL_BIND_H
#define SVCCTL_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "diag.h"
#include "object.h"
#include "scalar.h"

/* The parser as bind sees it. Places are its own business: any 64-bit number. */
struct source {
	const char *name;		/* of the file, for messages; lives as long as the arena */
	uint64_t (*here)(const struct source *src);	/* the token of the current event */
	void (*locate)(struct source *src, uint64_t place, struct loc *loc);
};

struct bind;

/* Objects are appended to @out. @d may be NULL: errors are counted and not said. */
struct bind *bind_new(struct arena *a, struct source *src, struct objects *out, struct diag *d);
/* After the last event: says what was skipped. True if there were no errors. */
bool bind_end(struct bind *b);
void bind_free(struct bind *b);

bool bind_map_begin(struct bind *b);
bool bind_map_end(struct bind *b);
bool bind_seq_begin(struct bind *b);
bool bind_seq_end(struct bind *b);
bool bind_key(struct bind *b, const char *s, size_t len);
/* @s: the text as written for numbers and booleans ("true", "false"). */
bool bind_scalar(struct bind *b, enum scalar type, const char *s, size_t len);

/* The parser's own complaint; @loc NULL: about the current token. Returns as events do. */
bool bind_error(struct bind *b, const struct loc *loc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Whether bind asked to stop: then the parser's own error about that is not worth saying. */
bool bind_stopped(const struct bind *b);

#endif
