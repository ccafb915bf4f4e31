// SPDX-License-Identifier: GPL-2.0
/* stats: what the kernel counted; see stats.h. */
#include "nl.h"
#include "output.h"
#include "show.h"
#include "stats.h"

int cmd_stats(struct cli *c, int argc, char **argv)
{
	struct stats st = { .a = c->a, .ns = "default" };
	enum output out = OUT_TABLE;
	struct knl *knl;

	if (!output_of_service(c, argc, argv, &st.ns, &st.name, &out))
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
