// SPDX-License-Identifier: GPL-2.0
/* YAML text, of any number of documents, to bind's events, by libyaml. */
#include <string.h>
#include <yaml.h>
#include "bind.h"
#include "input.h"
#include "text.h"
#include "yaml_ahead.h"

#define DEPTH 66	/* bind stops at less */

struct yaml {
	struct source source;
	struct bind *bind;
	yaml_parser_t parser;
	struct yaml_ahead *ahead;	/* or NULL */
	yaml_mark_t mark;	/* of the current event */
	/* libyaml does not tell keys from values: for each open map whether a key is next */
	bool map[DEPTH], key[DEPTH];
	unsigned int depth;
};

static uint64_t here(const struct source *src)
{
	const yaml_mark_t *m = &((const struct yaml *)src)->mark;

	return (uint64_t)m->line << 32 | (uint32_t)m->column;
}

static void locate(struct source *src, uint64_t place, struct loc *loc)
{
	loc->file = src->name;
	loc->line = (uint32_t)(place >> 32) + 1;
	loc->col = (uint32_t)place + 1;
}

static bool word(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return true;
	return false;
}

static void value_done(struct yaml *y)
{
	if (y->depth)
		y->key[y->depth - 1] = y->map[y->depth - 1];
}

static bool key_next(const struct yaml *y)
{
	return y->depth && y->key[y->depth - 1];
}

/* Says so and ends the reading: what comes after has lost its place. */
static bool give_up(struct yaml *y, const char *what)
{
	bind_error(y->bind, NULL, "%s", what);
	return false;
}

#define TAG "tag:yaml.org,2002:"

static bool tag_is(const yaml_char_t *tag, const char *const *names)
{
	const char *s = (const char *)tag;

	return !s || !strcmp(s, "!") ||
	       (!strncmp(s, TAG, strlen(TAG)) && word(s + strlen(TAG), names));
}

static bool on_scalar(struct yaml *y, const yaml_event_t *e)
{
	static const char *const known[] = { "str", "int", "bool", "null", "float", NULL };
	const char *s = (const char *)e->data.scalar.value;
	const char *tag = (const char *)e->data.scalar.tag;
	size_t len = e->data.scalar.length;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	enum scalar type = SCALAR_STRING;

	if (!tag_is(e->data.scalar.tag, known))
		return give_up(y, "a tag (!) that Kubernetes has no use for: leave it out");
	if (key_next(y)) {
		y->key[y->depth - 1] = false;
		return bind_key(y->bind, s, len);
	}
	if (tag ? strcmp(tag, "!") && strcmp(tag, TAG "str") : plain)
		type = scalar_plain(s);
	value_done(y);
	return bind_scalar(y->bind, type, s, len);
}

static bool on_begin(struct yaml *y, const yaml_event_t *e)
{
	static const char *const known[] = { "map", "seq", NULL };
	bool map = e->type == YAML_MAPPING_START_EVENT;

	if (!tag_is(map ? e->data.mapping_start.tag : e->data.sequence_start.tag, known))
		return give_up(y, "a tag (!) that Kubernetes has no use for: leave it out");
	if (key_next(y))
		return give_up(y, "a map or list as a key: expected a name");
	if (!(map ? bind_map_begin(y->bind) : bind_seq_begin(y->bind)))
		return false;
	y->map[y->depth] = y->key[y->depth] = map;
	y->depth++;
	return true;
}

static bool on_event(struct yaml *y, const yaml_event_t *e)
{
	y->mark = e->start_mark;
	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(y, e);
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return on_begin(y, e);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		y->depth--;
		value_done(y);
		return e->type == YAML_MAPPING_END_EVENT ? bind_map_end(y->bind) :
							   bind_seq_end(y->bind);
	case YAML_ALIAS_EVENT:
		return give_up(y, "an alias (*): anchors and aliases are not read, write the value out");
	default:
		return true;
	}
}

static bool tab_indented(const char *text, size_t len, size_t line)
{
	const char *end = text + len;

	while (line--) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));

		if (!nl)
			return false;
		text = nl + 1;
	}
	while (text < end && *text == ' ')
		text++;
	return text < end && *text == '\t';
}

static void complain(struct yaml *y, const char *text, size_t len)
{
	const yaml_parser_t *p = &y->parser;
	struct loc loc = {
		.file = y->source.name,
		.line = (uint32_t)p->problem_mark.line + 1,
		.col = (uint32_t)p->problem_mark.column + 1,
	};
	const char *problem = p->problem ? p->problem : "no memory for the parser";

	if (p->error == YAML_READER_ERROR) {
		struct text_pos pos = { .text = text };

		text_locate(&pos, p->problem_offset < len ? p->problem_offset : len, &loc);
	}
	if (tab_indented(text, len, loc.line - 1))
		bind_error(y->bind, &loc, "broken YAML: a tab at the start of the line: indent with spaces");
	else if (p->context)
		bind_error(y->bind, &loc, "broken YAML: %s, %s that began in line %zu", problem,
			   p->context, p->context_mark.line + 1);
	else
		bind_error(y->bind, &loc, "broken YAML: %s", problem);
}

static bool in_list_of_outermost_map(const struct yaml *y)
{
	return y->depth == 2 && y->map[0] && !y->map[1];
}

/* All from the parser, or what comes before that which was parsed ahead. */
static bool parse(struct yaml *y, const char *text, size_t len)
{
	bool go_on = true;
	yaml_event_t e;

	while (go_on) {
		if (!yaml_parser_parse(&y->parser, &e)) {
			complain(y, text, len);
			return false;
		}
		if (y->ahead && in_list_of_outermost_map(y) && yaml_ahead_reached(y->ahead, &e)) {
			yaml_event_delete(&e);
			return true;
		}
		go_on = on_event(y, &e) && e.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	return false;
}

static void take_ahead(struct yaml *y)
{
	yaml_event_t e;

	do
		yaml_ahead_next(y->ahead, &e);
	while (on_event(y, &e) && e.type != YAML_STREAM_END_EVENT);
}

bool input_yaml(struct arena *a, const char *name, const char *text, size_t len,
		struct objects *out, struct diag *d)
{
	struct yaml *y;
	bool ok;

	name = arena_strdup(a, name);
	if (!text_check(name, text, len, d))
		return false;
	y = arena_alloc(a, sizeof(*y));
	y->source = (struct source){ .name = name, .here = here, .locate = locate };
	y->bind = bind_new(a, &y->source, out, d);
	if (!yaml_parser_initialize(&y->parser)) {
		bind_error(y->bind, NULL, "no memory for the parser");
	} else {
		yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
		yaml_parser_set_input_string(&y->parser, (const unsigned char *)text, len);
		y->ahead = yaml_ahead_new(text, len);
		if (parse(y, text, len))
			take_ahead(y);
		yaml_ahead_free(y->ahead);
		yaml_parser_delete(&y->parser);
	}
	ok = bind_end(y->bind);
	bind_free(y->bind);
	return ok;
}
