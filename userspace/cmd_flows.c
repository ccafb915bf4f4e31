// SPDX-License-Identifier: GPL-2.0
/* flows: the connections on the fast path; see flows.h. */
#include "flows.h"
#include "output.h"
#include "show.h"

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

	if (!output_of_service(c, argc, argv, &f.ns, &f.name, &out))
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
