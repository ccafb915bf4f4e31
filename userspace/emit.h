/* SPDX-License-Identifier: GPL-2.0 */
/* Objects as text, by the tables of schema.c. Only what is set is written. */
#ifndef SVCCTL_EMIT_H
#define SVCCTL_EMIT_H

#include <stddef.h>
#include <stdio.h>
#include "arena.h"
#include "object.h"

/* Canonical JSON on one line, keys in schema order; the form the state keeps. */
const char *emit_json(struct arena *a, const struct object *o, size_t *len);

/* As kubectl prints them: one object, or a v1 List of several. */
void emit_json_pretty(FILE *f, struct object *const *v, size_t n);
void emit_yaml(FILE *f, struct object *const *v, size_t n);

#endif
