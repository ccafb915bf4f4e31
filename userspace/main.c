// SPDX-License-Identifier: GPL-2.0
/* svcctl: the table of verbs. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "similar.h"

#define FILENAME \
	"  -f, --filename FILE|DIR|-  objects in YAML or JSON; may be given again\n" \
	"  -R, --recursive            with what is below the directories\n"
#define NAMESPACE \
	"  -n, --namespace NS         in this namespace (default: default)\n"
#define NAMESPACES NAMESPACE \
	"  -A, --all-namespaces       in every namespace\n"
#define OUTPUT(forms) \
	"  -o, --output " forms "\n"
#define DRY_RUN \
	"      --dry-run              say what would change, and change nothing\n"
#define PRUNE \
	"      --prune                remove what was applied and is in none of the files, with -n\n" \
	"                             in that namespace only\n"

static const struct verb {
	const char *name;
	int (*run)(struct cli *c, int argc, char **argv);
	const char *usage;
	const char *what;
	const char *options;
} verbs[] = {
	{ "apply", cmd_apply, "-f FILE|DIR|- [-R] [-n NS] [--prune] [--dry-run]",
	  "make these objects so", FILENAME NAMESPACE PRUNE DRY_RUN },
	{ "diff", cmd_diff, "[-f FILE|DIR|-] [-R] [-n NS] [--prune]",
	  "what apply would change: exit 0 nothing, 1 something, 2 error",
	  FILENAME NAMESPACE PRUNE },
	{ "delete", cmd_delete, "-f FILE|DIR|- | KIND NAME... [-n NS] [--ignore-not-found] [--dry-run]",
	  "remove objects", FILENAME NAMESPACE
	  "      --ignore-not-found     what is not there is no error\n" DRY_RUN },
	{ "get", cmd_get, "services|endpoints|pods|nodes|namespaces|endpointslices|servicecidrs|backends[,...] [NAME...] | TYPE/NAME... [-n NS|-A] [-o wide|json|yaml|name] [-w]",
	  "list objects", NAMESPACES OUTPUT("wide|json|yaml|name")
	  "  -w, --watch                go on with what changes\n" },
	{ "describe", cmd_describe, "service [NAME...] [-n NS|-A]", "all about a service",
	  NAMESPACES },
	{ "explain", cmd_explain, "PROTO SRC[:PORT] DST:PORT | icmp SRC DST [iif DEVICE] [-o json|yaml]",
	  "which backend a connection would get, and why",
	  "  PROTO                      tcp, udp, sctp, icmp or icmpv6\n"
	  "  iif DEVICE                 the device it comes in by (default: this node sends it)\n"
	  OUTPUT("json|yaml") },
	{ "stats", cmd_stats, "[NAME] [-n NS|-A] [-o wide|json|yaml]",
	  "connections, bytes and refusals", NAMESPACES
	  OUTPUT("wide|json|yaml")
	  "                             wide: packets, bytes to the last, refusals by reason\n" },
	{ "flows", cmd_flows, "[SERVICE] [-n NS|-A] [-o wide|json|yaml]",
	  "connections on the fast path", NAMESPACES
	  OUTPUT("wide|json|yaml")
	  "                             wide: each direction by itself, bytes to the last\n" },
	{ "monitor", cmd_monitor, "[-o json]", "follow what changes in the kernel",
	  OUTPUT("json") },
	{ "flush", cmd_flush, "", "take everything out of the kernel; the state stays", "" },
	{ "restore", cmd_restore, "", "put the state back into the kernel", "" },
	{ "version", cmd_version, "", "versions of tool and module", "" },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const char common[] =
	"Options of every verb, also as SVCCTL_NODE ... and in --config FILE. All but --state are\n"
	"kept with what is applied, and hold until they are given anew:\n"
	"  --node NAME               this node (default: the host name)\n"
	"  --cluster-cidr CIDR,...   where Pods live (default: the Nodes' podCIDRs)\n"
	"  --detect-local cluster-cidr|node-cidr|bridge=NAME|prefix=NAME\n"
	"                            how Pods are told from others (default cluster-cidr)\n"
	"  --masquerade-all[=no]     masquerade every client of a ClusterIP (default no)\n"
	"  --service-cidr CIDR,...   where ClusterIPs are taken from; once given, what is sent to\n"
	"                            addresses in it that no Service holds is dropped\n"
	"  --lb-pool CIDR,...        where load balancer addresses are taken from (default: nowhere)\n"
	"  --external-ips CIDR,...   externalIPs that are honoured (default: none)\n"
	"  --fast-path[=no]          send packets of established TCP and UDP flows on at ingress,\n"
	"                            past routing and filter rules (default yes)\n"
	"  --source-ranges kube-proxy|strict\n"
	"                            strict: loadBalancerSourceRanges hold for node ports and external\n"
	"                            IPs too, and close a family without any (default kube-proxy)\n"
	"  --nodeport-addresses primary|all|CIDR,...\n"
	"                            where node ports answer (default primary)\n"
	"  --nodeport-range MIN-MAX  (default 30000-32767)\n"
	"  --state FILE              (default /var/lib/svcctl/state.db)\n";

void verb_help(const char *name)
{
	for (size_t i = 0; i < N_VERBS; i++) {
		const struct verb *v = &verbs[i];

		if (!strcmp(name, v->name))
			printf("usage: svcctl %s %s\n\n%s\n\n%s%s%s", name, v->usage, v->what,
			       v->options, *v->options ? "\n" : "", common);
	}
}

static void help(FILE *f)
{
	fprintf(f, "usage: svcctl VERB ...\n\n");
	for (size_t i = 0; i < N_VERBS; i++)
		fprintf(f, "  %-9s %s\n", verbs[i].name, verbs[i].what);
	fprintf(f, "\n%s\n\"svcctl help VERB\" says more.\n", common);
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
	struct similar s = { .word = word, .len = strlen(word) };

	for (size_t i = 0; i < N_VERBS; i++)
		similar_try(&s, verbs[i].name);
	if (*word == '-')
		fprintf(stderr, "svcctl: %s: no option that may stand before the verb: write it after", word);
	else
		fprintf(stderr, "svcctl: no verb \"%s\"", word);
	if (s.best)
		fprintf(stderr, ": did you mean \"%s\"?", s.best);
	fprintf(stderr, "\n");
	return EXIT_USAGE;
}

static const struct verb *find_verb(const char *word)
{
	for (size_t i = 0; i < N_VERBS; i++)
		if (!strcmp(word, verbs[i].name))
			return &verbs[i];
	return NULL;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* @about: the verb asked about, or NULL. */
static int help_with(const char *about)
{
	if (about && !is_help(about)) {
		if (!find_verb(about))
			return no_verb(about);
		verb_help(about);
	} else {
		help(stdout);
	}
	return EXIT_OK;
}

/*
 * What is large comes from the kernel, zeroed: calloc() clears nothing. What is small stays:
 * we end soon, and giving pages back to have them again costs more than all of malloc().
 */
static void memory_settings(void)
{
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 30);
	mallopt(M_TOP_PAD, 4 << 20);
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	const char *word;

	memory_settings();
	verb_first(argc, argv);
	if (argc < 2 || options_words(argv[1])) {
		help(stderr);
		return EXIT_USAGE;
	}
	word = strcmp(argv[1], "--version") ? argv[1] : "version";
	if (is_help(word))
		return help_with(argc == 3 ? argv[2] : NULL);
	verb = find_verb(word);
	return verb ? run_verb(verb, argc - 1, argv + 1) : no_verb(word);
}
