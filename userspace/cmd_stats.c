// SPDX-License-Identifier: GPL-2.0
/* stats: what the kernel counted; see stats.h. */
#include "nl.h"
#include "output.h"
#include "show.h"
#include "stats.h"

static const struct option stats_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

static bool parse(struct cli *c, struct stats *st, enum output *out, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_WIDE) | OUTPUT_BIT(OUT_JSON) |
				   OUTPUT_BIT(OUT_YAML);
	int opt;

	while ((opt = options_next(c, argc, argv, "o:n:A", stats_options)) != -1) {
		if (opt == 'n')
			st->ns = optarg;
		else if (opt == 'A')
			st->ns = NULL;
		else if (opt != 'o' || !output_parse(c, optarg, forms, out))
			return false;
	}
	st->name = optind < argc ? argv[optind++] : NULL;
	if (optind == argc)
		return true;
	diag_error(c->d, NULL, NULL, "stats \"%s\": expected one name of a Service, or none",
		   argv[optind]);
	return false;
}

int cmd_stats(struct cli *c, int argc, char **argv)
{
	struct stats st = { .a = c->a, .ns = "default" };
	enum output out = OUT_TABLE;
	struct knl *knl;

	if (!parse(c, &st, &out, argc, argv))
		return EXIT_USAGE;
	knl = knl_open(c->d);
	st.dp = knl ? knl_dump(knl, c->a, NULL, c->d) : NULL;
	knl_close(knl);
	if (!st.dp)
		return EXIT_ERROR;
	if (st.name && !dp_has_service(st.dp, st.ns, st.name)) {
		not_in_kernel(c->d, st.ns, st.name);
		return EXIT_ERROR;
	}
	if (out == OUT_TABLE || out == OUT_WIDE)
		stats_print(stdout, &st, out == OUT_WIDE);
	else
		output_document(out, stats_put, &st);
	return EXIT_OK;
}
