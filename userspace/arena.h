/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory that is given back all at once: what a command reads, derives and
 * prints lives in one arena and is never freed piece by piece. Allocation does
 * not fail: a machine without memory ends the program with a sentence.
 */
#ifndef SVCCTL_ARENA_H
#define SVCCTL_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);

/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Growing array: *v holds *n items of @size; returns a zeroed new last one.
 * Capacity is the next power of two of *n, so nothing else is kept.
 */
void *arena_push(struct arena *a, void *v, size_t *n, size_t size);

/*
 * Growing buffer outside any arena, for free(): realloc()s @p, of *cap bytes, to
 * hold at least @need. Does not fail either.
 */
void *mem_grow(void *p, size_t *cap, size_t need);

#endif
