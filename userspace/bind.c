// SPDX-License-Identifier: GPL-2.0
/* Frames over the tables of schema.c: see bind.h. */
#include <stdlib.h>
#include <string.h>
#include "bind_impl.h"

struct bind *bind_new(struct arena *a, struct source *src, struct objects *out, struct diag *d)
{
	size_t cap = 0;
	struct bind *b = mem_grow(NULL, &cap, sizeof(*b));

	memset(b, 0, offsetof(struct bind, stack));
	b->arena = a;
	b->src = src;
	b->out = out;
	b->diag = d;
	b->top = b->stack;
	*b->top = (struct frame){ .mode = M_ROOT };
	return b;
}

bool bind_end(struct bind *b)
{
	struct loc loc = { .file = b->src->name };

	b->tentative = 0;
	bind_said_settle(b, b->n_said, true);
	bind_say_skipped(b);
	if (b->errors >= ERRORS_MAX && b->diag)
		diag_error(b->diag, &loc, NULL, "%u errors: the rest is not looked at", b->errors);
	return !b->errors;
}

void bind_free(struct bind *b)
{
	for (int i = 0; i < LEVELS_MAX; i++)
		free(b->scratch[i].p);
	free(b->places.p);
	free(b->log.ev);
	free(b->log.text);
	free(b);
}

bool bind_stopped(const struct bind *b)
{
	return b->stop;
}

uint64_t bind_here(const struct bind *b)
{
	return b->replaying ? b->replay_place : b->src->here(b->src);
}

/* There is always room: DEPTH_MAX bounds what is open, and every frame is an open value. */
struct frame *bind_push(struct bind *b, enum mode mode, const struct schema *schema)
{
	struct frame *f = ++b->top;

	*f = (struct frame){
		.mode = mode,
		.level = f[-1].level,
		.schema = schema,
	};
	return f;
}

/* Zeroed; moves the others, so nothing may point at a list's elements while it grows. */
static void *scratch_add(struct scratch *s, size_t size)
{
	s->p = mem_grow(s->p, &s->cap, s->used + size);
	s->used += size;
	return memset(s->p + s->used - size, 0, size);
}

/*
 * A copy of @s that lives as long as the arena. Short ones ("default", "TCP", a
 * node's name) come again and again: the last one of each hash is shared.
 */
const char *bind_text(struct bind *b, const char *s, size_t len)
{
	uint64_t first = 0, last = 0;
	size_t slot;

	if (len > 32)
		return arena_strndup(b->arena, s, len);
	if (len >= 8) {
		memcpy(&first, s, 8);
		memcpy(&last, s + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++)
			first = first << 8 | (unsigned char)s[i];
	}
	slot = (first + last * 31 + len) * 0x9e3779b97f4a7c15 >> 56;
	_Static_assert(INTERN_SLOTS == 1 << (64 - 56), "the hash fills the table");
	if (!b->intern[slot].s || b->intern[slot].len != len ||
	    memcmp(b->intern[slot].s, s, len)) {
		b->intern[slot].s = arena_strndup(b->arena, s, len);
		b->intern[slot].len = len;
	}
	return b->intern[slot].s;
}

/* @hint: where the field stood that followed the last one. */
static const struct field *field_find(const struct schema *s, unsigned int hint, const char *key,
				      size_t len)
{
	const struct field *end = s->fields + s->n;
	const struct field *f = s->fields + (hint < s->n ? hint : 0);

	for (unsigned int i = 0; i < s->n; i++) {
		if (f->len == len && f->name[0] == key[0] && !memcmp(f->name, key, len))
			return f;
		if (++f == end)
			f = s->fields;
	}
	return NULL;
}

static const struct field any_field = { .name = "", .type = F_ANY };

static void struct_key(struct bind *b, struct frame *f, const char *s, size_t len)
{
	const struct field *field = len ? field_find(f->schema, f->next, s, len) : NULL;
	unsigned int i;

	if (!field) {
		f->field = NULL;
		if (!f->root || !head_of(b, f)->foreign)
			bind_unknown_field(b, f->schema, s, len);
		f->field = &any_field;
		return;
	}
	i = (unsigned int)(field - f->schema->fields);
	f->next = (uint8_t)(i + 1);
	f->field = field;
	if (f->seen & 1ull << i) {
		bind_say_here(b, true, "is there twice: which of the two counts? Leave one");
		f->field = &any_field;
	}
	f->seen |= 1ull << i;
}

static void place_met(struct bind *b)
{
	*(uint64_t *)scratch_add(&b->places, sizeof(uint64_t)) = bind_here(b);
}

static void map_key(struct bind *b, struct frame *f, const char *s, size_t len)
{
	struct pair *p;

	place_met(b);
	b->map_key = NULL;
	p = scratch_add(&b->scratch[f->level], sizeof(*p));
	f->n++;
	p->key = p->value = "";
	if (bind_has_nul(b, s, len))
		return;
	p->key = b->map_key = bind_text(b, s, len);
}

static void map_value(struct bind *b, struct frame *f, enum scalar type, const char *s, size_t len)
{
	struct pair *p = (struct pair *)b->scratch[f->level].p + f->n - 1;

	/* A null reads as "", as in Go. */
	if (type != SCALAR_STRING && type != SCALAR_NULL)
		bind_wrong(b, NULL, type, s, len);
	else if (len && type == SCALAR_STRING && !bind_has_nul(b, s, len))
		p->value = bind_text(b, s, len);
}

static void list_begin(struct bind *b, enum mode mode, const struct field *field, char *at)
{
	struct frame *f = bind_push(b, mode, field->sub);

	f->level++;
	f->field = field;
	f->base = at;
	b->scratch[f->level].used = 0;
	b->places.used = 0;
	b->map_key = NULL;
}

/* Where the @n values that were met last stood. @at: the field's struct places. */
static void places_keep(struct bind *b, const uint64_t *met, size_t n, struct places *at)
{
	struct loc *v = arena_alloc(b->arena, n * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		b->src->locate(b->src, met[i], &v[i]);
	*at = (struct places){ v, n };
}

/* The list is complete: give it memory that arena_push() can go on with. */
static void list_end(struct bind *b, struct frame *f)
{
	struct list *list = (struct list *)f->base;
	struct scratch *s = &b->scratch[f->level];
	size_t cap = 1;

	b->top--;
	if (!f->n)
		return;
	while (cap < f->n)
		cap *= 2;
	list->v = arena_alloc(b->arena, cap * (s->used / f->n));
	memcpy(list->v, s->p, s->used);
	list->n = f->n;
	if (f->field->places && b->diag)
		places_keep(b, (const uint64_t *)b->places.p, f->n,
			    (struct places *)(f->base - f->field->offset + f->field->places));
}

struct key_at {
	const char *key;
	size_t index;
};

static int key_at_cmp(const void *a, const void *b)
{
	const struct key_at *x = a, *y = b;
	int d = strcmp(x->key, y->key);

	return d ? d : (x->index > y->index) - (x->index < y->index);
}

static void key_twice(struct bind *b, size_t index, const char *key)
{
	const uint64_t *places = (const uint64_t *)b->places.p;
	char path[PATH_LEN];

	b->map_key = key;
	bind_say(b, true, places[index], bind_path(b, path), "is there twice: leave one");
}

/* Few keys are compared each with each, many are sorted. */
static void map_check(struct bind *b, const struct pair *v, size_t n)
{
	struct key_at *sorted = NULL;
	size_t cap = 0;

	if (n <= 16) {
		for (size_t i = 1; i < n; i++)
			for (size_t j = 0; j < i; j++)
				if (!strcmp(v[i].key, v[j].key))
					key_twice(b, i, v[i].key);
		return;
	}
	sorted = mem_grow(sorted, &cap, n * sizeof(*sorted));
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct key_at){ v[i].key, i };
	qsort(sorted, n, sizeof(*sorted), key_at_cmp);
	for (size_t i = 1; i < n && !b->stop; i++)
		if (!strcmp(sorted[i].key, sorted[i - 1].key))
			key_twice(b, sorted[i].index, sorted[i].key);
	free(sorted);
}

static void element_begin(struct bind *b, struct frame *list)
{
	const struct schema *s = list->schema;
	char *base = scratch_add(&b->scratch[list->level], s->size);

	list->n++;
	schema_init(s, base);
	if (s->loc && b->diag)
		b->src->locate(b->src, bind_here(b), (struct loc *)(base + s->loc));
	bind_push(b, M_STRUCT, s)->base = base;
}

/* Keeps the place of an element that is wrong, so that the next one is counted right. */
static void element_skip(struct bind *b, struct frame *f)
{
	if (f->mode == M_MAP)	/* its key has it already */
		return;
	f->n++;
	place_met(b);
	scratch_add(&b->scratch[f->level],
		    f->mode == M_LIST ? f->schema->size : sizeof(const char *));
}

/* A map or sequence starts as the value of a field: open it or pass over it. */
static void field_begin(struct bind *b, struct frame *f, bool map)
{
	const struct field *field = f->field;
	char *at = f->base + field->offset;

	if (field->type == F_STRUCT && map)
		bind_push(b, M_STRUCT, field->sub)->base = at;
	else if (field->type == F_MAP && map)
		list_begin(b, M_MAP, field, at);
	else if (field->type == F_LIST && !map)
		list_begin(b, M_LIST, field, at);
	else if (field->type == F_STRINGS && !map)
		list_begin(b, M_STRINGS, field, at);
	else if (field->type == F_ITEMS && !map)
		bind_items_begin(b, f);
	else
		b->skip = 1;
	if (b->skip && field->type != F_ANY)
		bind_wrong_shape(b, field, map ? "a map" : "a list");
}

static bool value_begin(struct bind *b, bool map)
{
	struct frame *f = b->top;

	if (b->stop)
		return false;
	if (++b->depth > DEPTH_MAX) {
		bind_error(b, NULL, "nested deeper than %d levels: no Kubernetes object is",
			   DEPTH_MAX);
		b->stop = true;
		return false;
	}
	if (b->skip) {
		b->skip++;
		return true;
	}
	if (f->mode == M_STRUCT) {
		field_begin(b, f, map);
	} else if (f->mode == M_LIST && map) {
		element_begin(b, f);
	} else if (f->mode == M_LIST || f->mode == M_STRINGS || f->mode == M_MAP) {
		element_skip(b, f);
		bind_wrong_shape(b, NULL, map ? "a map" : "a list");
		b->skip = 1;
	} else {
		bind_object_value(b, f, map ? EV_MAP : EV_SEQ);
	}
	return !b->stop;
}

bool bind_map_begin(struct bind *b)
{
	return value_begin(b, true);
}

bool bind_seq_begin(struct bind *b)
{
	return value_begin(b, false);
}

bool bind_map_end(struct bind *b)
{
	struct frame *f = b->top;

	if (b->stop)
		return false;
	b->depth--;
	if (b->skip) {
		b->skip--;
	} else if (f->mode == M_OBJECT) {
		bind_object_map_end(b, f);
	} else if (f->mode == M_MAP) {
		map_check(b, (const struct pair *)b->scratch[f->level].p, f->n);
		list_end(b, f);
	} else if (f->root) {
		bind_object_done(b, f);
	} else {
		b->top--;
	}
	return !b->stop;
}

bool bind_seq_end(struct bind *b)
{
	struct frame *f = b->top;

	if (b->stop)
		return false;
	b->depth--;
	if (b->skip)
		b->skip--;
	else if (f->mode == M_OBJECT)
		bind_object_value(b, f, EV_SEQ_END);
	else if (f->mode == M_ITEMS)
		bind_items_end(b, f);
	else
		list_end(b, f);
	return !b->stop;
}

bool bind_key(struct bind *b, const char *s, size_t len)
{
	struct frame *f = b->top;

	if (b->stop)
		return false;
	if (b->skip)
		return true;
	if (f->mode == M_STRUCT)
		struct_key(b, f, s, len);
	else if (f->mode == M_MAP)
		map_key(b, f, s, len);
	else
		bind_object_key(b, f, s, len);
	return !b->stop;
}

static void field_add(struct bind *b, struct frame *f, enum scalar type, const char *s, size_t len)
{
	const struct field *field = f->field;
	uint64_t here;

	bind_field_set(b, field, f->base + field->offset, type, s, len);
	if (!field->places || !b->diag)
		return;
	here = bind_here(b);
	places_keep(b, &here, 1, (struct places *)(f->base + field->places));
}

static void strings_add(struct bind *b, struct frame *f, enum scalar type, const char *s,
			size_t len)
{
	const char **at = scratch_add(&b->scratch[f->level], sizeof(*at));

	f->n++;
	place_met(b);
	*at = "";
	if (type == SCALAR_STRING)
		bind_string_set(b, f->field, at, s, len);
	else if (type != SCALAR_NULL)
		bind_wrong(b, NULL, type, s, len);
}

bool bind_scalar(struct bind *b, enum scalar type, const char *s, size_t len)
{
	struct frame *f = b->top;

	if (b->stop)
		return false;
	if (b->skip)
		return true;
	switch (f->mode) {
	case M_STRUCT:
		field_add(b, f, type, s, len);
		break;
	case M_MAP:
		map_value(b, f, type, s, len);
		break;
	case M_STRINGS:
		strings_add(b, f, type, s, len);
		break;
	case M_LIST:
		if (type == SCALAR_NULL) {	/* an empty element, as in Go */
			element_begin(b, f);
			b->top--;
			break;
		}
		element_skip(b, f);
		bind_wrong(b, NULL, type, s, len);
		break;
	default:
		bind_object_scalar(b, f, type, s, len);
	}
	return !b->stop;
}
