/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A long List in YAML, its later part parsed by another processor meanwhile: the
 * parser takes most of the time that an apply of one does.
 *
 * The text is cut before a line that begins with "- ", as items do where kubectl
 * prints a List. What follows is parsed as the list of a map of its own. Whether
 * the line is an item, and not something in a string, is known once the whole
 * text has been parsed that far: it is if an element begins there, of a list in
 * the outermost map. From there on both parsers would say the same.
 */
#ifndef SVCCTL_YAML_AHEAD_H
#define SVCCTL_YAML_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct yaml_ahead;

/* NULL: it is not worth it, or there is nowhere to cut. @text must stay. */
struct yaml_ahead *yaml_ahead_new(const char *text, size_t len);
void yaml_ahead_free(struct yaml_ahead *h);

/*
 * Does @e, a value of a list in the outermost map, begin where the text was cut? Then
 * it and all that follow are had by yaml_ahead_next(). False as well if what was
 * parsed ahead is wrong: then it is for the caller's parser to say where.
 */
bool yaml_ahead_reached(struct yaml_ahead *h, const yaml_event_t *e);
/* The next event, up to the end of the stream. Not to be deleted: it lasts until the next one. */
void yaml_ahead_next(struct yaml_ahead *h, yaml_event_t *e);

#endif
