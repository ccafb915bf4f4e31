// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "yaml_ahead.h"

#define LEN_MIN ((size_t)1 << 20)
#define CHUNK ((size_t)4 << 20)
#define MAP "x:\n"		/* before the items, so that they are a list like that of the List */
#define FIRST 5			/* the first item's event: before it stream, document, map, key, list */
#define ITEM 2			/* what an item has before it in its line, "- " */

/* An event, its text behind it. Some millions of them are kept: libyaml's own are too large. */
struct record {
	uint32_t line, column;
	uint32_t len;
	uint8_t type, style;
};

struct chunk {
	struct chunk *next;
	size_t used, cap;
	alignas(struct record) char data[];
};

struct yaml_ahead {
	pthread_t thread;
	bool joined;
	atomic_bool stop;
	yaml_parser_t parser;
	const char *text;	/* from the cut on */
	size_t len, given;
	size_t index;		/* of the cut, in characters, as libyaml counts */
	size_t line;		/* of the cut, once that is known */
	struct chunk *chunks, *last;
	size_t at;		/* in the first chunk: the next record */
	struct chunk *spent;	/* read, but for the event that was given last */
	bool complete;
};

/* What there is to read: the map, then the text. */
static int give(void *arg, unsigned char *buf, size_t size, size_t *len)
{
	struct yaml_ahead *h = arg;
	size_t map = strlen(MAP), left = map + h->len - h->given;
	const char *from = h->given < map ? MAP + h->given : h->text + h->given - map;

	if (h->given < map)
		left = map - h->given;
	*len = left < size ? left : size;
	memcpy(buf, from, *len);
	h->given += *len;
	return 1;
}

static struct chunk *chunk_add(struct yaml_ahead *h, size_t need)
{
	size_t cap = 0;
	struct chunk *c = mem_grow(NULL, &cap, need > CHUNK ? need : CHUNK);

	*c = (struct chunk){ .cap = cap - sizeof(*c) };
	*(h->last ? &h->last->next : &h->chunks) = c;
	h->last = c;
	return c;
}

static size_t record_size(size_t len)
{
	size_t align = alignof(struct record);

	return (sizeof(struct record) + len + 1 + align - 1) / align * align;
}

static void keep(struct yaml_ahead *h, const yaml_event_t *e)
{
	bool scalar = e->type == YAML_SCALAR_EVENT;
	size_t len = scalar ? e->data.scalar.length : 0, size = record_size(len);
	struct chunk *c = h->last;
	struct record *r;

	if (!c || c->cap - c->used < size)
		c = chunk_add(h, size + sizeof(*c));
	r = (struct record *)(c->data + c->used);
	*r = (struct record){
		.line = (uint32_t)e->start_mark.line, .column = (uint32_t)e->start_mark.column,
		.len = (uint32_t)len, .type = (uint8_t)e->type,
		.style = scalar ? (uint8_t)e->data.scalar.style : 0,
	};
	if (scalar)
		memcpy(r + 1, e->data.scalar.value, len + 1);
	c->used += size;
}

/* What nearly nobody writes is not kept, and so what was parsed ahead not used. */
static bool rare(const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return e->data.scalar.tag || e->data.scalar.length > UINT32_MAX;
	case YAML_MAPPING_START_EVENT:
		return e->data.mapping_start.tag;
	case YAML_SEQUENCE_START_EVENT:
		return e->data.sequence_start.tag;
	default:
		return e->type == YAML_ALIAS_EVENT;
	}
}

/* The map around the items is not what the caller's parser has there: left out. */
static void *run(void *arg)
{
	struct yaml_ahead *h = arg;
	bool go_on = true;
	yaml_event_t e;

	for (size_t i = 0; go_on && !atomic_load_explicit(&h->stop, memory_order_relaxed); i++) {
		if (!yaml_parser_parse(&h->parser, &e))
			break;
		h->complete = e.type == YAML_STREAM_END_EVENT && i > FIRST;
		go_on = e.type != YAML_STREAM_END_EVENT && !rare(&e);
		if (i >= FIRST)
			keep(h, &e);
		yaml_event_delete(&e);
	}
	return NULL;
}

/* Where an item may begin; NULL: nowhere. */
static const char *cut(const char *text, size_t len)
{
	const char *at = memmem(text + len / 2, len - len / 2, "\n- ", 3);

	/* A directive would hold for what follows, too. */
	if (!at || *text == '%' || memmem(text, (size_t)(at - text), "\n%", 2))
		return NULL;
	return at + 1;
}

static size_t characters(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

struct yaml_ahead *yaml_ahead_new(const char *text, size_t len)
{
	const char *at = len < LEN_MIN || sysconf(_SC_NPROCESSORS_ONLN) < 2 ? NULL : cut(text, len);
	struct yaml_ahead *h = at ? calloc(1, sizeof(*h)) : NULL;

	if (!h)
		return NULL;
	h->text = at;
	h->len = (size_t)(text + len - at);
	h->index = characters(text, (size_t)(at - text));
	h->joined = true;
	if (!yaml_parser_initialize(&h->parser)) {
		yaml_ahead_free(h);
		return NULL;
	}
	yaml_parser_set_encoding(&h->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&h->parser, give, h);
	h->joined = pthread_create(&h->thread, NULL, run, h);
	if (!h->joined)
		return h;
	yaml_ahead_free(h);
	return NULL;
}

static void join(struct yaml_ahead *h)
{
	if (!h->joined)
		pthread_join(h->thread, NULL);
	h->joined = true;
}

void yaml_ahead_free(struct yaml_ahead *h)
{
	if (!h)
		return;
	atomic_store(&h->stop, true);
	join(h);
	for (struct chunk *c = h->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(h->spent);
	yaml_parser_delete(&h->parser);
	free(h);
}

static struct record *here(const struct yaml_ahead *h)
{
	return (struct record *)(h->chunks->data + h->at);
}

bool yaml_ahead_reached(struct yaml_ahead *h, const yaml_event_t *e)
{
	const struct record *first;

	if (e->start_mark.index != h->index + ITEM)
		return false;
	join(h);
	if (!h->complete)
		return false;
	first = here(h);
	h->line = e->start_mark.line - first->line;
	return first->type == e->type && first->line == 1 && first->column == ITEM;
}

static void forward(struct yaml_ahead *h, const struct record *r)
{
	struct chunk *c = h->chunks;

	h->at += record_size(r->len);
	if (h->at < c->used || !c->next)
		return;
	h->spent = c;
	h->chunks = c->next;
	h->at = 0;
}

void yaml_ahead_next(struct yaml_ahead *h, yaml_event_t *e)
{
	struct record *r = here(h);

	free(h->spent);
	h->spent = NULL;
	*e = (yaml_event_t){ .type = r->type };
	e->start_mark.line = r->line + h->line;
	e->start_mark.column = r->column;
	if (r->type == YAML_SCALAR_EVENT) {
		e->data.scalar.value = (yaml_char_t *)(r + 1);
		e->data.scalar.length = r->len;
		e->data.scalar.style = r->style;
	}
	forward(h, r);
}
