// SPDX-License-Identifier: GPL-2.0
/* flush, restore, version. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reserved_ports.h"

static const struct option no_options[] = { { NULL, 0, NULL, 0 } };

static bool no_operands(struct cli *c, int argc, char **argv)
{
	if (options_next(c, argc, argv, "", no_options) != -1)
		return false;
	if (optind == argc)
		return true;
	diag_error(c->d, NULL, NULL, "%s takes no operand: \"%s\" is one", argv[0], argv[optind]);
	return false;
}

/* The kernel keeps the id of what the state holds: nothing was applied, nothing undone. */
static bool empty_kernel(struct session *s, struct dp *have)
{
	const struct dp want = { 0 };
	struct plan p = { .replace = true, .want = &want, .config = &want.config };
	uint8_t id[SVCNAT_APPLY_ID_LEN];
	bool has_id = state_apply_id(s->state, id);
	uint64_t generation;

	for (;;) {
		enum knl_result r;

		p.generation = have->generation;
		r = knl_apply(s->knl, &p, has_id ? id : NULL, &generation, s->cli->d);
		if (r != KNL_STALE)
			return r == KNL_OK;
		if (!knl_info(s->knl, s->cli->a, have, s->cli->d))
			return false;
	}
}

int cmd_flush(struct cli *c, int argc, char **argv)
{
	struct session s = { 0 };
	int code = EXIT_ERROR;

	if (!no_operands(c, argc, argv))
		return EXIT_USAGE;
	if (session_settle(&s, c, STATE_WRITE) && empty_kernel(&s, &s.info)) {
		printf("%u services removed from the kernel; \"svcctl restore\" puts them back\n",
		       s.info.info.services);
		reserved_ports_update(&s);
		code = EXIT_OK;
	}
	session_close(&s);
	return code;
}

/* What had to be allocated anew, because the options changed, is stored too. */
static int restore(struct session *s)
{
	const struct objects none = { 0 };
	struct state_change *v;
	struct plan *p;

	if (!session_build(s, &none))
		return EXIT_ERROR;
	p = session_plan(s);
	if (!p || diag_errors(s->cli->d))
		return EXIT_ERROR;
	v = arena_alloc(s->cli->a, (s->touched.n + 1) * sizeof(*v));
	for (size_t i = 0; i < s->touched.n; i++)
		v[i].put = s->touched.v[i];
	if (!session_commit(s, p, v, s->touched.n))
		return EXIT_ERROR;
	printf("%zu services restored\n", s->want->n_services);
	return EXIT_OK;
}

int cmd_restore(struct cli *c, int argc, char **argv)
{
	struct session s = { 0 };
	int code = EXIT_ERROR;
	struct stat st;

	if (!no_operands(c, argc, argv))
		return EXIT_USAGE;
	/* One that was never written is not an empty one: the kernel would be emptied. */
	if (stat(c->opt.state, &st) < 0 ? errno == ENOENT : !st.st_size) {
		diag_error(c->d, NULL, NULL, "there is no state at %s: nothing was changed; name "
			   "the file with --state, or apply your manifests", c->opt.state);
		return EXIT_ERROR;
	}
	if (session_open(&s, c, STATE_WRITE))
		code = restore(&s);
	session_close(&s);
	return code;
}

/* The tool's version is an answer also where there is no module. */
static void version_of_module(struct cli *c)
{
	char *said = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f ? f : stderr);
	struct knl *knl = knl_open(d);
	struct dp info;

	if (knl && knl_info(knl, c->a, &info, d))
		printf("svcnat %s, generation %llu, %u services\n", info.info.version,
		       (unsigned long long)info.generation, info.info.services);
	knl_close(knl);
	diag_free(d);
	if (f)
		fclose(f);
	if (said && len)
		printf("svcnat: %s", said + (strncmp(said, "error: ", 7) ? 0 : 7));
	free(said);
}

/* Options that hold because an earlier command was given them, as a --config file has them. */
static bool print_kept(struct cli *c)
{
	struct state *s = state_open(c->opt.state, STATE_READ, c->d);
	char *text, *line, *save, *value;

	if (!s)
		return false;
	text = arena_strdup(c->a, state_options(s, c->a));
	state_close(s);
	if (*text)
		printf("kept in %s:\n", c->opt.state);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		value = strchr(line, '=');
		if (strncmp(line, NODE_WAS, strlen(NODE_WAS)))
			printf("  %.*s: %s\n", (int)(value - line), line, value + 1);
	}
	return true;
}

int cmd_version(struct cli *c, int argc, char **argv)
{
	if (!no_operands(c, argc, argv))
		return EXIT_USAGE;
	printf("svcctl %s, protocol %d\n", SVCCTL_VERSION, SVCNAT_GENL_VERSION);
	version_of_module(c);
	return print_kept(c) ? EXIT_OK : EXIT_ERROR;
}
