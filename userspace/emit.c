// SPDX-License-Identifier: GPL-2.0
/* The walk over an object by its schema; what is not set is left out. */
#include <string.h>
#include "emit.h"
#include "schema.h"

static bool struct_is_set(const struct schema *s, const char *base);

static bool field_is_set(const struct field *f, const char *base)
{
	const void *at = base + f->offset;

	switch ((enum field_type)f->type) {
	case F_KIND:
		return true;
	case F_STRING:
		return *(const char *const *)at;
	case F_INT:
		return *(const int64_t *)at != -1;
	case F_BOOL:
		return *(const enum tri *)at != TRI_UNSET;
	case F_INT_OR_STR:
		return ((const struct int_or_str *)at)->num != -1 ||
		       ((const struct int_or_str *)at)->str;
	case F_MAP:
	case F_STRINGS:
	case F_LIST:
		return ((const struct list *)at)->n;
	case F_STRUCT:
		return struct_is_set(f->sub, at);
	case F_ANY:
	case F_ITEMS:
		break;
	}
	return false;
}

static bool struct_is_set(const struct schema *s, const char *base)
{
	for (const struct field *f = s->fields; f < s->fields + s->n; f++)
		if (field_is_set(f, base))
			return true;
	return false;
}

static void put_map(struct sink *s, const struct map *m)
{
	s->map_begin(s);
	for (size_t i = 0; i < m->n; i++) {
		s->key(s, m->v[i].key, strlen(m->v[i].key));
		s->string(s, m->v[i].value);
	}
	s->map_end(s);
}

static void put_strings(struct sink *s, const struct strings *v)
{
	s->seq_begin(s);
	for (size_t i = 0; i < v->n; i++)
		s->string(s, v->v[i]);
	s->seq_end(s);
}

static void put_struct(struct sink *s, const struct schema *schema, const char *base,
		       enum kind kind);

static void put_list(struct sink *s, const struct schema *schema, const struct list *list,
		     enum kind kind)
{
	s->seq_begin(s);
	for (size_t i = 0; i < list->n; i++)
		put_struct(s, schema, list->v + i * schema->size, kind);
	s->seq_end(s);
}

static void put_field(struct sink *s, const struct field *f, const char *base, enum kind kind)
{
	const void *at = base + f->offset;
	const struct int_or_str *is = at;

	switch ((enum field_type)f->type) {
	case F_KIND:
		s->string(s, kind_name(kind));
		break;
	case F_STRING:
		s->string(s, *(const char *const *)at);
		break;
	case F_INT:
		s->number(s, *(const int64_t *)at);
		break;
	case F_BOOL:
		s->boolean(s, *(const enum tri *)at == TRI_TRUE);
		break;
	case F_INT_OR_STR:
		if (is->num != -1)
			s->number(s, is->num);
		else
			s->string(s, is->str);
		break;
	case F_MAP:
		put_map(s, at);
		break;
	case F_STRINGS:
		put_strings(s, at);
		break;
	case F_LIST:
		put_list(s, f->sub, at, kind);
		break;
	case F_STRUCT:
		put_struct(s, f->sub, at, kind);
		break;
	case F_ANY:
	case F_ITEMS:
		break;
	}
}

static void put_struct(struct sink *s, const struct schema *schema, const char *base,
		       enum kind kind)
{
	s->map_begin(s);
	for (const struct field *f = schema->fields; f < schema->fields + schema->n; f++) {
		if (!field_is_set(f, base))
			continue;
		s->name(s, f->name, f->len);
		put_field(s, f, base, kind);
	}
	s->map_end(s);
}

void emit_object(struct sink *s, const struct object *o)
{
	put_struct(s, schema_of(o->kind), (const char *)o, o->kind);
}

static void put_object(struct sink *s, const void *what)
{
	emit_object(s, what);
}

const char *emit_json(struct arena *a, const struct object *o, size_t *len)
{
	return sink_line(a, put_object, o, len);
}

void emit_list_begin(struct sink *s)
{
	s->map_begin(s);
	sink_string(s, "apiVersion", "v1");
	sink_seq_begin(s, "items");
}

void emit_list_end(struct sink *s)
{
	s->seq_end(s);
	sink_string(s, "kind", "List");
	s->key(s, "metadata", 8);
	s->map_begin(s);
	sink_string(s, "resourceVersion", "");
	s->map_end(s);
	s->map_end(s);
}

struct several {
	struct object *const *v;
	size_t n;
};

static void put_several(struct sink *s, const void *what)
{
	const struct several *list = what;

	if (list->n == 1) {
		emit_object(s, list->v[0]);
		return;
	}
	emit_list_begin(s);
	for (size_t i = 0; i < list->n; i++)
		emit_object(s, list->v[i]);
	emit_list_end(s);
}

void emit_json_pretty(FILE *f, struct object *const *v, size_t n)
{
	sink_json(f, put_several, &(struct several){ v, n });
}

void emit_yaml(FILE *f, struct object *const *v, size_t n)
{
	sink_yaml(f, put_several, &(struct several){ v, n });
}
