// SPDX-License-Identifier: GPL-2.0
/* get: what the state knows, as kubectl shows it; see get.h. */
#include "get.h"

static const struct option get_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ "watch", no_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 },
};

static bool parse(struct request *r, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_WIDE) | OUTPUT_BIT(OUT_JSON) |
				   OUTPUT_BIT(OUT_YAML) | OUTPUT_BIT(OUT_NAME);
	int opt;

	while ((opt = options_next(r->cli, argc, argv, "o:n:Aw", get_options)) != -1) {
		if (opt == 'n')
			r->ns = optarg;
		else if (opt == 'A')
			r->ns = NULL;
		else if (opt == 'w')
			r->watch = true;
		else if (opt != 'o' || !output_parse(r->cli, optarg, forms, &r->out))
			return false;
	}
	if (!wishes_read(r, argc - optind, argv + optind))
		return false;
	if (r->out == OUT_NAME && r->wishes[0].view == &backends_view) {
		diag_error(r->cli->d, NULL, NULL, "get backends -o name: backends have no names");
		return false;
	}
	return true;
}

int cmd_get(struct cli *c, int argc, char **argv)
{
	struct request r = { .cli = c, .a = c->a, .ns = "default" };
	bool found = true, any = false;
	struct items *lists;

	if (!parse(&r, argc, argv))
		return EXIT_USAGE;
	if (r.watch)
		return get_watch(&r);
	if (!request_load(&r))
		return EXIT_ERROR;
	lists = arena_alloc(c->a, r.n_wishes * sizeof(*lists));
	for (size_t i = 0; i < r.n_wishes; i++) {
		found &= wish_items(&r, &r.wishes[i], true, &lists[i]);
		any |= lists[i].n > 0;
	}
	if (any || found || !wishes_one(&r))
		print_list(&r, lists);
	if (!any && found)
		print_nothing(&r);
	return found ? EXIT_OK : EXIT_ERROR;
}
