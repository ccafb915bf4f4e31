// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include "sink.h"

static void put_key(struct sink *s, const char *key)
{
	s->key(s, key, strlen(key));
}

void sink_string(struct sink *s, const char *key, const char *value)
{
	put_key(s, key);
	s->string(s, value);
}

void sink_number(struct sink *s, const char *key, uint64_t value)
{
	put_key(s, key);
	s->number(s, (int64_t)value);
}

void sink_boolean(struct sink *s, const char *key, bool value)
{
	put_key(s, key);
	s->boolean(s, value);
}

void sink_seq_begin(struct sink *s, const char *key)
{
	put_key(s, key);
	s->seq_begin(s);
}
