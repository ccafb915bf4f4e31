// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdint.h>
#include <string.h>
#include "text.h"

#define EVERY 0x0101010101010101ull	/* one of each byte */

/* How long the character at @s is; 0 if it is none. The shortest form only, no surrogates. */
static size_t char_len(const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char first, last, second, second_last;
		size_t n;
	} forms[] = {
		{ 0x01, 0x7f, 0x00, 0xff, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].n > len)
			return 0;
		if (forms[i].n > 1 && (s[1] < forms[i].second || s[1] > forms[i].second_last))
			return 0;
		for (size_t j = 2; j < forms[i].n; j++)
			if ((s[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].n;
	}
	return 0;
}

static uint64_t eight(const char *s)
{
	uint64_t v;

	memcpy(&v, s, sizeof(v));
	return v;
}

/* A high bit is set in it unless each byte is below 0x80 and none is 0. */
static uint64_t odd(uint64_t v)
{
	return v | (v - EVERY);
}

static bool all_ascii(const char *s)
{
	return !((odd(eight(s)) | odd(eight(s + 8)) | odd(eight(s + 16)) | odd(eight(s + 24))) &
		 EVERY * 0x80);
}

size_t text_bad(const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		if (len - i >= 32 && all_ascii(s + i)) {
			i += 32;
			continue;
		}
		n = char_len((const unsigned char *)s + i, len - i);
		if (!n)
			return i;
		i += n;
	}
	return len;
}

static size_t newlines(const char *s, size_t len)
{
	const char *end = s + len;
	size_t n = 0;

	while ((s = memchr(s, '\n', (size_t)(end - s)))) {
		n++;
		s++;
	}
	return n;
}

void text_locate(struct text_pos *p, size_t off, struct loc *loc)
{
	size_t from = off < p->off ? off : p->off;
	size_t span = off < p->off ? p->off - off : off - p->off;
	size_t n = newlines(p->text + from, span);

	if (n) {
		const char *nl = memrchr(p->text, '\n', off);

		p->start = nl ? (size_t)(nl - p->text) + 1 : 0;
		p->line = off < p->off ? p->line - n : p->line + n;
	}
	p->off = off;
	loc->line = (uint32_t)p->line + 1;
	loc->col = (uint32_t)(off - p->start) + 1;
}

bool text_check(const char *name, const char *text, size_t len, struct diag *d)
{
	size_t bad = text_bad(text, len);
	struct text_pos pos = { .text = text };
	struct loc loc = { .file = name };

	if (bad == len)
		return true;
	if (!d)
		return false;
	text_locate(&pos, bad, &loc);
	if (!text[bad])
		diag_error(d, &loc, NULL, "a NUL byte: this is not a text file");
	else
		diag_error(d, &loc, NULL, "byte 0x%02x is not UTF-8: save the file as UTF-8 text",
			   (unsigned char)text[bad]);
	return false;
}
