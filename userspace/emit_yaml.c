// SPDX-License-Identifier: GPL-2.0
/*
 * YAML by libyaml's emitter, in the styles kubectl has: plain where that reads
 * back as the same string, in YAML 1.1 too; quotes where not; literal blocks for
 * text of several lines.
 */
#include <ctype.h>
#include <string.h>
#include <yaml.h>
#include "scalar.h"
#include "sink.h"

struct yaml {
	struct sink sink;
	yaml_emitter_t emitter;
};

/* Errors stay in the emitter; what can fail is memory and the FILE, and the caller checks that. */
static void send(struct sink *s, yaml_event_t *e)
{
	yaml_emitter_emit(&((struct yaml *)s)->emitter, e);
}

static void map_begin(struct sink *s)
{
	yaml_event_t e;

	yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
	send(s, &e);
}

static void map_end(struct sink *s)
{
	yaml_event_t e;

	yaml_mapping_end_event_initialize(&e);
	send(s, &e);
}

static void seq_begin(struct sink *s)
{
	yaml_event_t e;

	yaml_sequence_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
	send(s, &e);
}

static void seq_end(struct sink *s)
{
	yaml_event_t e;

	yaml_sequence_end_event_initialize(&e);
	send(s, &e);
}

static void scalar(struct sink *s, const char *text, size_t len, yaml_scalar_style_t style)
{
	yaml_event_t e;

	yaml_scalar_event_initialize(&e, NULL, NULL, (const yaml_char_t *)text, (int)len, 1, 1,
				     style);
	send(s, &e);
}

/* What YAML 1.1 takes for something else than a string, beyond scalar_plain(). */
static bool is_old_word(const char *s)
{
	static const char *const words[] = {
		"y", "Y", "yes", "Yes", "YES", "on", "On", "ON",
		"n", "N", "no", "No", "NO", "off", "Off", "OFF", "<<", "=", NULL
	};

	for (const char *const *w = words; *w; w++)
		if (!strcmp(s, *w))
			return true;
	return false;
}

/* Base 60 ("1:20") and dates ("2024-01-31", and a time behind it) */
static bool is_old_number(const char *s)
{
	const char *p = s + (*s == '-' || *s == '+');
	size_t n = strspn(p, "0123456789_");

	if (n && p[n] == ':' && !p[strspn(p, "0123456789_:.")])
		return true;
	return n == 4 && p == s && p[4] == '-' && isdigit((unsigned char)p[5]);
}

/* U+2028 and U+2029 end a line in YAML 1.1 and do not in 1.2: only escapes are safe. */
static bool has_separator(const char *s)
{
	return strstr(s, "\xe2\x80\xa8") || strstr(s, "\xe2\x80\xa9");
}

static yaml_scalar_style_t style_of(const char *s)
{
	if (has_separator(s))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (strchr(s, '\n'))
		return YAML_LITERAL_SCALAR_STYLE;
	if (scalar_plain(s) != SCALAR_STRING || is_old_word(s) || is_old_number(s))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return YAML_PLAIN_SCALAR_STYLE;	/* the emitter quotes what syntax forbids */
}

static void string(struct sink *s, const char *value)
{
	scalar(s, value, strlen(value), style_of(value));
}

static void key(struct sink *s, const char *k, size_t len)
{
	scalar(s, k, len, strchr(k, '\n') ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : style_of(k));
}

static void number(struct sink *s, int64_t value)
{
	char buf[24];
	int n = snprintf(buf, sizeof(buf), "%lld", (long long)value);

	scalar(s, buf, (size_t)n, YAML_PLAIN_SCALAR_STYLE);
}

static void boolean(struct sink *s, bool value)
{
	scalar(s, value ? "true" : "false", value ? 4 : 5, YAML_PLAIN_SCALAR_STYLE);
}

void sink_yaml(FILE *f, sink_fn *put, const void *what)
{
	struct yaml y = {
		.sink = { map_begin, map_end, seq_begin, seq_end, key, key, string, number, boolean },
	};
	yaml_event_t e;

	if (!yaml_emitter_initialize(&y.emitter))
		return;
	yaml_emitter_set_output_file(&y.emitter, f);
	yaml_emitter_set_unicode(&y.emitter, 1);
	yaml_emitter_set_width(&y.emitter, -1);
	yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING);
	send(&y.sink, &e);
	yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1);
	send(&y.sink, &e);
	put(&y.sink, what);
	yaml_document_end_event_initialize(&e, 1);
	send(&y.sink, &e);
	yaml_stream_end_event_initialize(&e);
	send(&y.sink, &e);
	yaml_emitter_delete(&y.emitter);
}
