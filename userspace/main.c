// SPDX-License-Identifier: GPL-2.0
/* svcctl: the table of verbs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const struct verb {
	const char *name;
	int (*run)(struct cli *c, int argc, char **argv);
	const char *usage;
	const char *what;
} verbs[] = {
	{ "apply", cmd_apply, "-f FILE|DIR|- [-R] [-n NS] [--prune] [--dry-run]",
	  "make these objects so" },
	{ "diff", cmd_diff, "[-f FILE|DIR|-] [-R] [-n NS] [--prune]",
	  "what apply would change: exit 0 nothing, 1 something, 2 error" },
	{ "delete", cmd_delete, "-f FILE|DIR|- | KIND NAME... [-n NS] [--ignore-not-found] [--dry-run]",
	  "remove objects" },
	{ "get", cmd_get, "services|endpoints|pods|nodes|namespaces|endpointslices|backends[,...] [NAME...] | TYPE/NAME... [-n NS|-A] [-o wide|json|yaml|name] [-w]",
	  "list objects" },
	{ "describe", cmd_describe, "service [NAME...] [-n NS|-A]", "all about a service" },
	{ "explain", cmd_explain, "PROTO SRC[:PORT] DST:PORT [-o json|yaml]",
	  "which backend a connection would get, and why" },
	{ "stats", cmd_stats, "[NAME] [-n NS|-A] [-o json|yaml]", "connections and refusals" },
	{ "monitor", cmd_monitor, "[-o json]", "follow what changes in the kernel" },
	{ "flush", cmd_flush, "", "take everything out of the kernel; the state stays" },
	{ "restore", cmd_restore, "", "put the state back into the kernel" },
	{ "version", cmd_version, "", "versions of tool and module" },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const char common[] =
	"Options of every verb, also as SVCCTL_NODE ... and in --config FILE. All but --state are\n"
	"kept with what is applied, and hold until they are given anew:\n"
	"  --node NAME               this node (default: the host name)\n"
	"  --cluster-cidr CIDR,...   where Pods live (default: the Nodes' podCIDRs)\n"
	"  --service-cidr CIDR,...   where ClusterIPs are taken from\n"
	"  --lb-pool CIDR,...        where load balancer addresses are taken from (default: nowhere)\n"
	"  --external-ips CIDR,...   externalIPs that are honoured (default: none)\n"
	"  --nodeport-addresses primary|all|CIDR,...\n"
	"  --nodeport-range MIN-MAX  (default 30000-32767)\n"
	"  --state FILE              (default /var/lib/svcctl/state.db)\n";

void verb_help(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(name, verbs[i].name))
			printf("usage: svcctl %s %s\n\n%s\n\n%s", name, verbs[i].usage, verbs[i].what,
			       common);
}

static void help(FILE *f)
{
	fprintf(f, "usage: svcctl VERB ...\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(f, "  %-9s %s\n", verbs[i].name, verbs[i].what);
	fprintf(f, "\n%s\n\"svcctl VERB --help\" says more.\n", common);
}

/* How much of two words is the same, from both ends. */
static size_t alike(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), least = n < m ? n : m;
	size_t head = 0, tail = 0;

	while (head < least && a[head] == b[head])
		head++;
	while (tail < least - head && a[n - 1 - tail] == b[m - 1 - tail])
		tail++;
	return head + tail;
}

/* The verb that shares most with @word, if that is more than half of it, or NULL. */
static const char *similar(const char *word)
{
	const char *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < N_VERBS; i++) {
		size_t n = alike(word, verbs[i].name);

		if (n > most && 2 * n > strlen(verbs[i].name)) {
			most = n;
			best = verbs[i].name;
		}
	}
	return best;
}

/* What was printed is the answer: one that did not arrive is a failure. */
static bool arrived(struct diag *d)
{
	bool lost = ferror(stdout);

	if (!fflush(stdout) && !lost)
		return true;
	diag_error(d, NULL, NULL, "writing to standard output: %s", strerror(errno));
	return false;
}

static int run_verb(const struct verb *v, int argc, char **argv)
{
	struct cli c = { .verb = v->name };
	int code = EXIT_USAGE;

	c.a = arena_new();
	c.d = diag_new(stderr);
	if (options_init(&c, argc, argv))
		code = v->run(&c, argc, argv);
	if (!arrived(c.d) && code == EXIT_OK)
		code = EXIT_ERROR;
	diag_finish(c.d);
	diag_free(c.d);
	arena_free(c.a);
	return code;
}

/* Options may stand before the verb: "svcctl --state FILE get pods" is "svcctl get --state …". */
static void verb_first(int argc, char **argv)
{
	int i = 1;

	while (i < argc && options_words(argv[i]))
		i += options_words(argv[i]);
	if (i > 1 && i < argc) {
		char *verb = argv[i];

		memmove(argv + 2, argv + 1, (size_t)(i - 1) * sizeof(*argv));
		argv[1] = verb;
	}
}

static int no_verb(const char *word)
{
	if (*word == '-')
		fprintf(stderr, "svcctl: %s: no option that may stand before the verb: write it after", word);
	else
		fprintf(stderr, "svcctl: no verb \"%s\"", word);
	if (similar(word))
		fprintf(stderr, ": did you mean \"%s\"?", similar(word));
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *word;

	verb_first(argc, argv);
	if (argc < 2 || options_words(argv[1])) {
		help(stderr);
		return EXIT_USAGE;
	}
	word = strcmp(argv[1], "--version") ? argv[1] : "version";
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		help(stdout);
		return EXIT_OK;
	}
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(word, verbs[i].name))
			return run_verb(&verbs[i], argc - 1, argv + 1);
	return no_verb(word);
}
