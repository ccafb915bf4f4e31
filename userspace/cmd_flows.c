// SPDX-License-Identifier: GPL-2.0
/* flows: the connections on the fast path; see flows.h. */
#include "flows.h"
#include "output.h"
#include "show.h"

static const struct option flows_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

static bool parse(struct cli *c, struct flows *f, enum output *out, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_WIDE) | OUTPUT_BIT(OUT_JSON) |
				   OUTPUT_BIT(OUT_YAML);
	int opt;

	while ((opt = options_next(c, argc, argv, "o:n:A", flows_options)) != -1) {
		if (opt == 'n')
			f->ns = optarg;
		else if (opt == 'A')
			f->ns = NULL;
		else if (opt != 'o' || !output_parse(c, optarg, forms, out))
			return false;
	}
	f->name = optind < argc ? argv[optind++] : NULL;
	if (optind == argc)
		return true;
	diag_error(c->d, NULL, NULL, "flows \"%s\": expected one name of a Service, or none",
		   argv[optind]);
	return false;
}

/* Where get says so as well, and why if it is known. */
static void print_nothing(const struct flows *f, const struct dp *dp)
{
	fprintf(stderr, "No flows%s%s are on the fast path%s%s%s.\n", f->name ? " of " : "",
		f->name ? f->name : "", f->ns ? " in namespace " : "", f->ns ? f->ns : "",
		dp->config.flags & SVCNAT_CONFIG_F_NO_SHORTCUT ?
		": it is switched off by --fast-path=no" : "");
}

/* False after an error was said: there is none because there is no such Service. */
static bool explain_nothing(struct cli *c, struct knl *knl, const struct flows *f, bool say)
{
	struct dp *dp = knl_dump(knl, c->a, NULL, c->d);

	if (!dp)
		return false;
	if (f->name && !dp_has_service(dp, f->ns, f->name)) {
		not_in_kernel(c->d, f->ns, f->name);
		return false;
	}
	if (say)
		print_nothing(f, dp);
	return true;
}

static void print(const struct flows *f, enum output out)
{
	if (out == OUT_JSON || out == OUT_YAML)
		output_document(out, flows_put, f);
	else if (f->n)
		flows_print(stdout, f, out == OUT_WIDE);
}

int cmd_flows(struct cli *c, int argc, char **argv)
{
	struct flows f = { .ns = "default" };
	enum output out = OUT_TABLE;
	struct knl *knl;
	bool ok;

	if (!parse(c, &f, &out, argc, argv))
		return EXIT_USAGE;
	flows_init(&f, c->a);
	knl = knl_open(c->d);
	ok = knl && knl_flows(knl, flows_take, &f, c->d);
	if (ok && !f.n)
		ok = explain_nothing(c, knl, &f, out == OUT_TABLE || out == OUT_WIDE);
	knl_close(knl);
	if (!ok)
		return EXIT_ERROR;
	flows_join(&f);
	print(&f, out);
	return EXIT_OK;
}
