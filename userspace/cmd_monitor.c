// SPDX-License-Identifier: GPL-2.0
/* monitor: what changes in the kernel, as it changes. */
#include <stdio.h>

#include "nl.h"
#include "output.h"
#include "show.h"

static const struct option monitor_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

struct monitor {
	struct cli *cli;
	enum output out;
};

static bool parse(struct monitor *m, int argc, char **argv)
{
	int opt;

	while ((opt = options_next(m->cli, argc, argv, "o:", monitor_options)) != -1)
		if (opt != 'o' || !output_parse(m->cli, optarg, OUTPUT_BIT(OUT_JSON), &m->out))
			return false;
	if (optind == argc)
		return true;
	diag_error(m->cli->d, NULL, NULL, "monitor \"%s\": expected nothing but options", argv[optind]);
	return false;
}

static const char *word(enum svcnat_event what)
{
	static const char *const words[] = {
		[SVCNAT_EVENT_ADDED] = "added", [SVCNAT_EVENT_CHANGED] = "changed",
		[SVCNAT_EVENT_REMOVED] = "removed",
	};

	return WORD(words, what);
}

static void put(struct sink *s, const void *what)
{
	const struct knl_event *ev = what;

	s->map_begin(s);
	sink_string(s, "event", ev->commit ? "commit" : word(ev->what));
	sink_number(s, "generation", ev->generation);
	if (ev->commit) {
		sink_number(s, "changes", ev->changes);
		sink_number(s, "services", ev->info.services);
		sink_number(s, "backends", ev->info.backends);
	} else {
		sink_string(s, "service", ev->service.name);
		sink_string(s, "protocol", proto_name(ev->service.proto));
		sink_number(s, "backends_added", ev->backends_added);
		sink_number(s, "backends_removed", ev->backends_removed);
	}
	s->map_end(s);
}

static void print_json(const struct knl_event *ev)
{
	struct arena *a = arena_new();
	size_t len;

	puts(sink_line(a, put, ev, &len));
	arena_free(a);
}

static bool print(const struct knl_event *ev, void *arg)
{
	const struct monitor *m = arg;
	unsigned long long gen = ev->generation;

	if (ev->lost)
		diag_warn(m->cli->d, NULL, NULL, "events came faster than they were read: some are lost");
	else if (m->out == OUT_JSON)
		print_json(ev);
	else if (ev->commit)
		printf("%llu commit: %u changed, now %u services, %u backends\n", gen, ev->changes,
		       ev->info.services, ev->info.backends);
	else
		printf("%llu service %s %s %s: +%u -%u backends\n", gen, ev->service.name,
		       proto_name(ev->service.proto), word(ev->what), ev->backends_added,
		       ev->backends_removed);
	return fflush(stdout) == 0;
}

int cmd_monitor(struct cli *c, int argc, char **argv)
{
	struct monitor m = { .cli = c };
	struct knl *knl;
	bool ok;

	if (!parse(&m, argc, argv))
		return EXIT_USAGE;
	output_until_signal();
	knl = knl_open(c->d);
	ok = knl && knl_listen(knl, c->d) && knl_monitor(knl, print, &m, c->d);
	knl_close(knl);
	return ok ? EXIT_OK : EXIT_ERROR;
}
