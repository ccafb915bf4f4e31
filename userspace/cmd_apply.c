// SPDX-License-Identifier: GPL-2.0
/* apply and diff: from files to both stores, or what would change in them. */
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "listeners.h"
#include "model_impl.h"
#include "reserved_ports.h"

static bool is_value(const char *word)
{
	return str_is(word, "no") || str_is(word, "yes") || str_is(word, "false") ||
	       str_is(word, "true");
}

static bool operands(struct cli *c, const struct changes *r, int argc, char **argv)
{
	if (optind == argc)
		return true;
	if (is_value(argv[optind]))
		diag_error(c->d, NULL, NULL, "%s takes no operand: \"%s\" as the value of an option "
			   "is written with =, as in --fast-path=no", argv[0], argv[optind]);
	else
		diag_error(c->d, NULL, NULL, "%s takes no operand: name files with -f, as in "
			   "%s -f %s", argv[0], argv[0], argv[optind]);
	return false;
}

static bool read_some(struct cli *c, struct changes *r)
{
	if (!changes_read(c, r))
		return false;
	if (r->objects.n || !r->n_paths)
		return true;
	diag_error(c->d, NULL, NULL, "there is no object in %s%s: nothing to apply, nothing pruned",
		   strcmp(r->paths[0], "-") ? r->paths[0] : "standard input",
		   r->n_paths > 1 ? " and the others" : "");
	return false;
}

/* What there is to do; NULL after an error. */
static struct plan *compare(struct session *s, struct changes *r)
{
	struct plan *p;

	r->n = 0;
	r->n_said = 0;
	changes_remember(s, r);
	if (r->prune)
		changes_prune(s, r);
	if (!session_build(s, &r->objects))
		return NULL;
	p = session_plan(s);
	if (!p || diag_errors(s->cli->d))
		return NULL;
	changes_collect(s, r);
	return p;
}

static void print(const struct plan *p)
{
	if (!plan_empty(p))
		plan_print(stdout, p);
}

/* Both stores as they are to be, or a plan of what that takes (--dry-run). */
static struct plan *carry_out(struct session *s, struct changes *r)
{
	struct cli *c = s->cli;
	struct plan *p = compare(s, r);

	if (!p)
		return NULL;
	listeners_warn(c->a, s->have, s->want, c->d);
	if (r->dry_run)
		return p;
	if (r->n || !plan_empty(p) || session_options_differ(s))
		return session_commit(s, p, r->v, r->n) ? p : NULL;
	/* A command cut short may not have come to it. */
	reserved_ports_update(s);
	return p;
}

static struct plan *apply(struct session *s, struct cli *c, struct changes *r)
{
	enum state_mode mode = r->dry_run ? STATE_READ : STATE_WRITE;
	struct plan *p;

	if (!session_open_near(s, c, mode, r->prune ? NULL : &r->objects))
		return NULL;
	p = carry_out(s, r);
	return !p && session_whole(s, mode) ? carry_out(s, r) : p;
}

int cmd_apply(struct cli *c, int argc, char **argv)
{
	struct changes r = { 0 };
	struct session s = { 0 };
	struct plan *p;

	if (!changes_parse(c, &r, argc, argv, apply_options))
		return EXIT_USAGE;
	if (!r.n_paths) {
		diag_error(c->d, NULL, NULL,
			   "apply what? Name files with -f FILE, -f DIR or -f -");
		return EXIT_USAGE;
	}
	if (!operands(c, &r, argc, argv))
		return EXIT_USAGE;
	if (!read_some(c, &r))
		return EXIT_ERROR;
	p = apply(&s, c, &r);
	session_close(&s);
	if (!p)
		return EXIT_ERROR;
	if (r.dry_run)
		print(p);
	changes_say(&r);
	return EXIT_OK;
}

int cmd_diff(struct cli *c, int argc, char **argv)
{
	struct changes r = { 0 };
	struct session s = { 0 };
	struct plan *p = NULL;

	if (!changes_parse(c, &r, argc, argv, diff_options) || !operands(c, &r, argc, argv) ||
	    !read_some(c, &r))
		return EXIT_USAGE;
	if (session_open(&s, c, STATE_READ))
		p = compare(&s, &r);
	session_close(&s);
	if (!p)
		return EXIT_USAGE;
	changes_show(&r);
	print(p);
	return r.n || !plan_empty(p) ? EXIT_DIFFERS : EXIT_OK;
}
