// SPDX-License-Identifier: GPL-2.0
#define _DEFAULT_SOURCE
#include <err.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "arena.h"

#define ALIGN alignof(max_align_t)
#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)16 << 20)
#define LARGE ((size_t)4 << 20)

struct block {
	struct block *next;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *blocks;
	char *pos, *end;	/* free room of the newest small block */
	size_t next_size;
};

/* The one place where the program may end for want of memory: see arena.h. */
static void *must(void *p, size_t size)
{
	if (!p)
		err(1, "%zu bytes of memory are needed: free some or give the machine more", size);
	return p;
}

/* Large memory is filled from end to end: in huge pages that takes a few faults only. */
static void *huge(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)p + page - 1) & -page, end = ((uintptr_t)p + size) & -page;

	if (size >= LARGE)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
	return p;
}

static void *must_calloc(size_t size)
{
	return must(calloc(1, size), size);
}

struct arena *arena_new(void)
{
	struct arena *a = must_calloc(sizeof(*a));

	a->next_size = BLOCK_MIN;
	return a;
}

void arena_free(struct arena *a)
{
	struct block *next;

	if (!a)
		return;
	for (struct block *b = a->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

static char *block_new(struct arena *a, size_t size)
{
	struct block *b = huge(must_calloc(sizeof(*b) + size), size);

	b->next = a->blocks;
	a->blocks = b;
	return b->data;
}

/* calloc() hands out zeroed memory and nothing is ever reused: no memset here. */
static void *slow_alloc(struct arena *a, size_t size)
{
	char *p;

	if (size > SIZE_MAX / 2)
		errx(1, "a request for %zu bytes of memory cannot be met", size);
	if (size >= a->next_size / 4)
		return block_new(a, size);
	a->pos = block_new(a, a->next_size);
	a->end = a->pos + a->next_size;
	if (a->next_size < BLOCK_MAX)
		a->next_size *= 2;
	p = a->pos;
	a->pos += size;
	return p;
}

static void *take(struct arena *a, size_t size, size_t align)
{
	size_t room = (size_t)(a->end - a->pos);
	size_t pad = -(uintptr_t)a->pos & (align - 1);
	char *p;

	if (room < pad || room - pad < size)
		return slow_alloc(a, size);
	p = a->pos + pad;
	a->pos = p + size;
	return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
	return take(a, size, ALIGN);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = take(a, len + 1, 1);

	memcpy(p, s, len);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	p = take(a, (size_t)n + 1, 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

void *arena_push(struct arena *a, void *v, size_t *n, size_t size)
{
	char **base = v;
	size_t have = *n;

	/* A power of two is full: double it. The old copy stays until arena_free(). */
	if (!(have & (have - 1))) {
		size_t cap = have ? have * 2 : 1;
		char *bigger;

		if (cap > SIZE_MAX / 2 / size)
			errx(1, "a list of %zu elements does not fit in memory", cap);
		bigger = arena_alloc(a, cap * size);
		if (have)
			memcpy(bigger, *base, have * size);
		*base = bigger;
	}
	*n = have + 1;
	/* Not zero if the caller had taken elements away. */
	return memset(*base + have * size, 0, size);
}

void *mem_grow(void *p, size_t *cap, size_t need)
{
	if (need <= *cap)
		return p;
	*cap = need <= 256 ? 256 : need > SIZE_MAX / 4 ? need : need + need / 2;
	return huge(must(realloc(p, *cap), *cap), *cap);
}
