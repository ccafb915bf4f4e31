/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Input: files, directories and standard input, JSON or YAML, to objects.
 *
 *   input.c (files) → input_json.c (yajl) | input_yaml.c (libyaml)
 *     → bind.c (events + schema.c → objects)
 *
 * Streaming: a document is never held as a tree. Lists (v1 List and the typed
 * ones, ServiceList …) are unwrapped as they pass.
 */
#ifndef SVCCTL_INPUT_H
#define SVCCTL_INPUT_H

#include <stdbool.h>
#include "arena.h"
#include "diag.h"
#include "object.h"

/*
 * input_path - read @path (a file, a directory, "-" for standard input)
 *
 * Files ending in .json are JSON, .yaml and .yml YAML; anything else is JSON if
 * its first character that is not space is '{', else YAML. A directory gives
 * its .json .yaml .yml files in the order of their names; @recurse also those
 * below. Objects are appended to @out, strings live in @a.
 *
 * Errors and warnings go to @d; the function goes on past errors it can pass,
 * so that one run names them all, but not more than 20 a file.
 * Returns false if anything could not be read or was wrong.
 */
bool input_path(struct arena *a, const char *path, bool recurse, struct objects *out,
		struct diag *d);

/* The same from memory: @name stands for the file in messages. */
bool input_json(struct arena *a, const char *name, const char *text, size_t len,
		struct objects *out, struct diag *d);
bool input_yaml(struct arena *a, const char *name, const char *text, size_t len,
		struct objects *out, struct diag *d);

/*
 * input_body - an object from its own canonical JSON, as emit_json() wrote it:
 * the way objects come back from the state. Errors are the caller's to report
 * (a damaged database): NULL and nothing said.
 */
struct object *input_body(struct arena *a, const char *text, size_t len);

#endif
