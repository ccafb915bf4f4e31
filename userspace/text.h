/* SPDX-License-Identifier: GPL-2.0 */
/* Text files as bytes: is it text at all, and which line is that. */
#ifndef SVCCTL_TEXT_H
#define SVCCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include "diag.h"

/* The offset of the first byte that is not UTF-8 (or is NUL); @len if all is well. */
size_t text_bad(const char *s, size_t len);

/*
 * Line and column (in bytes, from 1) of offsets into one text. Cheap when asked
 * about offsets near the one before, so ask in their order.
 */
struct text_pos {
	const char *text;
	size_t off;		/* what was asked last */
	size_t line;		/* its line, from 0 */
	size_t start;		/* where that line begins */
};

void text_locate(struct text_pos *p, size_t off, struct loc *loc);

/* False, and why to @d (may be NULL), if @text is not UTF-8. */
bool text_check(const char *name, const char *text, size_t len, struct diag *d);

#endif
