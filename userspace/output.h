/* SPDX-License-Identifier: GPL-2.0 */
/* How a verb prints: the form -o names, and the end of one that goes on. */
#ifndef SVCCTL_OUTPUT_H
#define SVCCTL_OUTPUT_H

#include "cli.h"
#include "sink.h"

enum output { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_NAME };

#define OUTPUT_BIT(o) (1U << (o))

/* Of the forms in @allowed the one that goes by @word; false after an error was said. */
bool output_parse(struct cli *c, const char *word, unsigned int allowed, enum output *out);

/*
 * The options and operand of a verb that shows what the kernel has of one Service or all:
 * -o wide|json|yaml, -n NS, -A, NAME. @ns: "default" before, NULL for all; @name: NULL for
 * all. False after an error was said: EXIT_USAGE.
 */
bool output_of_service(struct cli *c, int argc, char **argv, const char **ns, const char **name,
		       enum output *out);

/* A document in JSON or YAML. */
void output_document(enum output out, sink_fn *put, const void *what);

/*
 * From now on Ctrl-C and SIGTERM end the program, and that is no failure. Only
 * for verbs that change nothing.
 */
void output_until_signal(void);

#endif
