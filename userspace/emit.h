/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as text, by the tables of schema.c. Only what is set is written. */
#ifndef SVCCTL_EMIT_H
#define SVCCTL_EMIT_H

#include "object.h"
#include "sink.h"

/* Canonical JSON on one line, keys in schema order; the form the state keeps. */
const char *emit_json(struct arena *a, const struct object *o, size_t *len);

void emit_object(struct sink *s, const struct object *o);

/* A v1 List: its items are written between the two. */
void emit_list_begin(struct sink *s);
void emit_list_end(struct sink *s);

/* As kubectl prints them: one object, or a v1 List of several. */
void emit_json_pretty(FILE *f, struct object *const *v, size_t n);
void emit_yaml(FILE *f, struct object *const *v, size_t n);

#endif
