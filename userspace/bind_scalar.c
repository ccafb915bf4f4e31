// SPDX-License-Identifier: GPL-2.0
/* One value into one field, if its type and range are right. */
#include <stdlib.h>
#include <string.h>
#include "bind_impl.h"

/* C strings end at a NUL, so "\u0000" cannot be kept. */
bool bind_has_nul(struct bind *b, const char *s, size_t len)
{
	if (!memchr(s, '\0', len))
		return false;
	bind_say_here(b, true, "holds a NUL character: expected text without it");
	return true;
}

bool bind_string_set(struct bind *b, const struct field *f, const char **at, const char *s,
		     size_t len)
{
	if (!f->values) {
		if (bind_has_nul(b, s, len))
			return false;
		*at = bind_text(b, s, len);
		return true;
	}
	if (!len)	/* how clients write an enumeration they leave open */
		return true;
	for (const char *const *v = f->values; *v; v++) {
		if (strlen(*v) == len && !memcmp(*v, s, len)) {
			*at = *v;
			return true;
		}
	}
	bind_wrong(b, f, SCALAR_STRING, s, len);
	return false;
}

/* A decimal, or as YAML has it a 0x or 0o number; false if it is none or overflows. */
static bool number_parse(const char *s, size_t len, int64_t *out)
{
	char buf[24], *end;
	int base = 10;

	if (!len || len >= sizeof(buf) || memchr(s, '\0', len))
		return false;
	memcpy(buf, s, len);
	buf[len] = '\0';
	if (len > 2 && buf[0] == '0' && (buf[1] == 'x' || buf[1] == 'o')) {
		base = buf[1] == 'x' ? 16 : 8;
		s = buf + 2;
		/* strtoll() would take a second sign or 0x. */
		if (strspn(s, base == 16 ? "0123456789abcdefABCDEF" : "01234567") != len - 2)
			return false;
	} else {
		s = buf + (buf[0] == '-' || buf[0] == '+');
		if (s[0] == '0' && s[1])	/* octal to some, decimal to others */
			return false;
		if (!*s || s[strspn(s, "0123456789")])
			return false;
		s = buf;
	}
	*out = strtoll(s, &end, base);
	return !*end;
}

static void int_set(struct bind *b, const struct field *f, int64_t *at, enum scalar type,
		    const char *s, size_t len)
{
	int64_t n;

	if (type != SCALAR_NUMBER || !number_parse(s, len, &n)) {
		bind_wrong(b, f, type, s, len);
		return;
	}
	if (!n && (f->flags & FIELD_ZERO_UNSET))
		return;
	if (n < f->min || n > f->max)
		bind_wrong(b, f, type, s, len);
	else
		*at = n;
}

static bool has_letter(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z')
			return true;
	return false;
}

static void int_or_str_set(struct bind *b, const struct field *f, struct int_or_str *at,
			   enum scalar type, const char *s, size_t len)
{
	if (type != SCALAR_STRING)
		int_set(b, f, &at->num, type, s, len);
	else if (len && !has_letter(s, len))
		bind_wrong(b, f, type, s, len);
	else if (len && !bind_has_nul(b, s, len))
		at->str = bind_text(b, s, len);
}

static void bool_set(struct bind *b, const struct field *f, enum tri *at, enum scalar type,
		     const char *s, size_t len)
{
	if (type != SCALAR_BOOL)
		bind_wrong(b, f, type, s, len);
	else
		*at = len == 4 ? TRI_TRUE : TRI_FALSE;
}

void bind_field_set(struct bind *b, const struct field *f, void *at, enum scalar type,
		    const char *s, size_t len)
{
	if (type == SCALAR_NULL)
		return;
	switch (f->type) {
	case F_ANY:
		break;
	case F_KIND:
		if (type == SCALAR_STRING)
			bind_object_kind(b, s, len);
		else
			bind_wrong(b, f, type, s, len);
		break;
	case F_STRING:
		if (type == SCALAR_STRING)
			bind_string_set(b, f, at, s, len);
		else
			bind_wrong(b, f, type, s, len);
		break;
	case F_INT:
		int_set(b, f, at, type, s, len);
		break;
	case F_INT_OR_STR:
		int_or_str_set(b, f, at, type, s, len);
		break;
	case F_BOOL:
		bool_set(b, f, at, type, s, len);
		break;
	default:
		bind_wrong(b, f, type, s, len);
	}
}
