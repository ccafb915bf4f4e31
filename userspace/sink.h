/* SPDX-License-Identifier: GPL-2.0 */
/* What is written, as calls, and the text it becomes: JSON (emit_json.c) or YAML (emit_yaml.c). */
#ifndef SVCCTL_SINK_H
#define SVCCTL_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "arena.h"

struct sink {
	void (*map_begin)(struct sink *s);
	void (*map_end)(struct sink *s);
	void (*seq_begin)(struct sink *s);
	void (*seq_end)(struct sink *s);
	void (*key)(struct sink *s, const char *key, size_t len);
	/* A key that is an identifier: it needs no escapes. */
	void (*name)(struct sink *s, const char *name, size_t len);
	void (*string)(struct sink *s, const char *value);
	void (*number)(struct sink *s, int64_t value);
	void (*boolean)(struct sink *s, bool value);
};

/* A key of the open map with its value. */
void sink_string(struct sink *s, const char *key, const char *value);
void sink_number(struct sink *s, const char *key, uint64_t value);
void sink_boolean(struct sink *s, const char *key, bool value);
/* Its value is a list, which the caller fills and ends. */
void sink_seq_begin(struct sink *s, const char *key);

/* Writes @what, whatever that is, into @s. */
typedef void sink_fn(struct sink *s, const void *what);

/* A document of it: as kubectl prints it, or JSON on one line. */
void sink_json(FILE *f, sink_fn *put, const void *what);
void sink_yaml(FILE *f, sink_fn *put, const void *what);
const char *sink_line(struct arena *a, sink_fn *put, const void *what, size_t *len);

#endif
