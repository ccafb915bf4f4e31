// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "scalar.h"

static bool word(const char *s, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(s, *words))
			return true;
	return false;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? with Kubernetes' "_" between digits. */
static bool is_decimal(const char *s)
{
	size_t whole, part = 0;

	s += *s == '-' || *s == '+';
	if (*s == '_')
		return false;
	whole = strspn(s, "0123456789_");
	s += whole;
	if (*s == '.') {
		part = strspn(s + 1, "0123456789_");
		s += 1 + part;
	}
	if (!whole && !part)
		return false;
	if (*s == 'e' || *s == 'E') {
		s += 1 + (s[1] == '-' || s[1] == '+');
		if (!*s)
			return false;
		s += strspn(s, "0123456789");
	}
	return !*s;
}

static bool is_number(const char *s)
{
	static const char *const odd[] = {
		".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF",
		".nan", ".NaN", ".NAN", NULL
	};
	const char *n = s + (*s == '-' || *s == '+');

	if (n[0] == '0' && n[1] && strchr("xob", n[1]) && n[2])
		return !n[2 + strspn(n + 2, n[1] == 'x' ? "0123456789abcdefABCDEF_" :
				     n[1] == 'o' ? "01234567_" : "01_")];
	return is_decimal(s) || word(s, odd);
}

enum scalar scalar_plain(const char *s)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const bools[] = {
		"true", "True", "TRUE", "false", "False", "FALSE", NULL
	};

	/* What is no string begins like one of these; most are strings. */
	if (*s && !strchr("~nNtTfF.+-0123456789", *s))
		return SCALAR_STRING;
	if (word(s, nulls))
		return SCALAR_NULL;
	if (word(s, bools))
		return SCALAR_BOOL;
	return is_number(s) ? SCALAR_NUMBER : SCALAR_STRING;
}
