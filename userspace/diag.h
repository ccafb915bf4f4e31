/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said to the user about input: one sentence an error or warning,
 * "FILE:LINE:COL: error: spec.ports[0].port: 70000 is not a port: expected 1 to 65535".
 * Printed to stderr as it comes (a warning equal to an earlier one up to its
 * place is counted, not repeated); the number of errors decides the exit code.
 */
#ifndef SVCCTL_DIAG_H
#define SVCCTL_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* A place in the input; line and col count from 1, 0 = unknown. */
struct loc {
	const char *file;
	uint32_t line;
	uint32_t col;
};

struct diag;

/* Messages go to @out (stderr, or a memstream in tests). */
struct diag *diag_new(FILE *out);
void diag_free(struct diag *d);

/* @loc may be NULL (no place); @field may be NULL (a whole file or object). */
void diag_error(struct diag *d, const struct loc *loc, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void diag_warn(struct diag *d, const struct loc *loc, const char *field, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* What comes may have been said before: it is neither said nor counted again. */
void diag_again(struct diag *d);

unsigned int diag_errors(const struct diag *d);
unsigned int diag_warnings(const struct diag *d);
/* Says how often warnings were repeated, if any were. */
void diag_finish(struct diag *d);

#endif
