// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

static const char *const words[] = {
	[OUT_WIDE] = "wide", [OUT_JSON] = "json", [OUT_YAML] = "yaml", [OUT_NAME] = "name",
};

bool output_parse(struct cli *c, const char *word, unsigned int allowed, enum output *out)
{
	char list[64] = "";

	for (int i = OUT_WIDE; i <= OUT_NAME; i++) {
		if (!(allowed & OUTPUT_BIT(i)))
			continue;
		if (!strcmp(word, words[i])) {
			*out = (enum output)i;
			return true;
		}
		if (*list)
			strcat(list, allowed >> i >> 1 ? ", " : " or ");
		strcat(list, words[i]);
	}
	diag_error(c->d, NULL, NULL, "%s -o \"%s\": expected %s", c->verb, word, list);
	return false;
}

bool output_of_service(struct cli *c, int argc, char **argv, const char **ns, const char **name,
		       enum output *out)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "namespace", required_argument, NULL, 'n' },
		{ "all-namespaces", no_argument, NULL, 'A' },
		{ NULL, 0, NULL, 0 },
	};
	const unsigned int forms = OUTPUT_BIT(OUT_WIDE) | OUTPUT_BIT(OUT_JSON) |
				   OUTPUT_BIT(OUT_YAML);
	int opt;

	while ((opt = options_next(c, argc, argv, "o:n:A", options)) != -1) {
		if (opt == 'n')
			*ns = optarg;
		else if (opt == 'A')
			*ns = NULL;
		else if (opt != 'o' || !output_parse(c, optarg, forms, out))
			return false;
	}
	*name = optind < argc ? argv[optind++] : NULL;
	if (optind == argc)
		return true;
	diag_error(c->d, NULL, NULL, "%s \"%s\": expected one name of a Service, or none", c->verb,
		   argv[optind]);
	return false;
}

void output_document(enum output out, sink_fn *put, const void *what)
{
	if (out == OUT_YAML)
		sink_yaml(stdout, put, what);
	else
		sink_json(stdout, put, what);
}

static void end(int signal)
{
	_exit(EXIT_OK);
}

void output_until_signal(void)
{
	static const int signals[] = { SIGINT, SIGTERM };
	struct sigaction was, now = { .sa_handler = end };

	/* Who had us ignore one (nohup, a shell's background) is not overruled. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (!sigaction(signals[i], NULL, &was) && was.sa_handler != SIG_IGN)
			sigaction(signals[i], &now, NULL);
}
