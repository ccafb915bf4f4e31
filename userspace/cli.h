/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The command line: what every verb is given, and the verbs.
 *
 *   main.c       table of verbs, help
 *   options.c    options every verb takes: command line, SVCCTL_*, --config
 *   changes.c    what apply, diff and delete are asked to change
 *   cmd_apply.c  apply, diff
 *   cmd_admin.c  flush, restore, version
 *   cmd_VERB.c   the others, one each
 */
#ifndef SVCCTL_CLI_H
#define SVCCTL_CLI_H

#include <getopt.h>

#include "arena.h"
#include "diag.h"
#include "dp.h"
#include "options.h"

struct cli {
	struct options opt;
	struct arena *a;
	struct diag *d;		/* stderr */
	const char *verb;
	const char *config;	/* --config FILE, as the command line has it */
};

/* Exit codes. */
enum { EXIT_OK = 0, EXIT_ERROR = 1, EXIT_DIFFERS = 1, EXIT_USAGE = 2 };

/* Verbs: argv[0] is the verb; the exit code is returned. */
int cmd_apply(struct cli *c, int argc, char **argv);
int cmd_diff(struct cli *c, int argc, char **argv);
int cmd_delete(struct cli *c, int argc, char **argv);
int cmd_get(struct cli *c, int argc, char **argv);
int cmd_describe(struct cli *c, int argc, char **argv);
int cmd_explain(struct cli *c, int argc, char **argv);
int cmd_stats(struct cli *c, int argc, char **argv);
int cmd_flows(struct cli *c, int argc, char **argv);
int cmd_monitor(struct cli *c, int argc, char **argv);
int cmd_flush(struct cli *c, int argc, char **argv);
int cmd_restore(struct cli *c, int argc, char **argv);
int cmd_version(struct cli *c, int argc, char **argv);

/*
 * Defaults, then SVCCTL_* from the environment over --config FILE, if the
 * command line has one. False after an error was said.
 */
bool options_init(struct cli *c, int argc, char **argv);

/*
 * getopt_long() that knows the options every verb takes and --help, and sees to
 * them itself. @verb_short and @verb_long are the verb's own (long ones end in a
 * zero entry; val is what is returned). Returns the verb's option, -1 at the end
 * (optind is the first operand), or '?' after an error was said: EXIT_USAGE.
 */
int options_next(struct cli *c, int argc, char **argv, const char *verb_short,
		 const struct option *verb_long);

/*
 * How many words the option @arg is, its value included, if it may stand before
 * the verb as well; else 0.
 */
int options_words(const char *arg);

/* What is to be kept with the state, as text, and back: where nothing else was given. */
const char *options_keep(struct cli *c);
bool options_recall(struct cli *c, const char *kept);

/* What --help says of a verb. */
void verb_help(const char *name);

/* "svc", "services", "Service" … to a kind; KIND_MAX if none. */
int kind_from_word(const char *word);

#endif
