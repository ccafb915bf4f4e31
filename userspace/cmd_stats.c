// SPDX-License-Identifier: GPL-2.0
/* stats: connections and refusals, as the kernel counted them. */
#include <stdio.h>

#include "nl.h"
#include "output.h"
#include "show.h"

static const struct option stats_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

struct stats {
	struct cli *cli;
	const char *ns;			/* NULL: all */
	const char *name;		/* of a Service; NULL: all */
	enum output out;
	const struct dp *dp;
};

static bool parse(struct stats *st, int argc, char **argv)
{
	const unsigned int forms = OUTPUT_BIT(OUT_JSON) | OUTPUT_BIT(OUT_YAML);
	int opt;

	while ((opt = options_next(st->cli, argc, argv, "o:n:A", stats_options)) != -1) {
		if (opt == 'n')
			st->ns = optarg;
		else if (opt == 'A')
			st->ns = NULL;
		else if (opt != 'o' || !output_parse(st->cli, optarg, forms, &st->out))
			return false;
	}
	st->name = optind < argc ? argv[optind++] : NULL;
	if (optind == argc)
		return true;
	diag_error(st->cli->d, NULL, NULL, "stats \"%s\": expected one name of a Service, or none",
		   argv[optind]);
	return false;
}

static void put_service(struct sink *s, struct arena *a, const struct dp_service *svc)
{
	s->map_begin(s);
	sink_string(s, "service", svc->name);
	sink_string(s, "protocol", proto_name(svc->proto));
	sink_number(s, "connections", svc->connections);
	sink_number(s, "refused", svc->refused);
	sink_number(s, "dropped", svc->dropped);
	sink_seq_begin(s, "backends");
	for (size_t i = 0; i < svc->n_backends; i++) {
		const struct dp_backend *b = &svc->backends[i];

		s->map_begin(s);
		sink_string(s, "backend", addr_port(a, &b->ip, b->port));
		sink_number(s, "connections", b->connections);
		s->map_end(s);
	}
	s->seq_end(s);
	s->map_end(s);
}

static void put(struct sink *s, const void *what)
{
	const struct stats *st = what;
	const struct dp_info *all = &st->dp->info;

	s->map_begin(s);
	sink_seq_begin(s, "services");
	for (size_t i = 0; i < st->dp->n_services; i++)
		if (dp_service_in(&st->dp->services[i], st->ns, st->name))
			put_service(s, st->cli->a, &st->dp->services[i]);
	s->seq_end(s);
	sink_number(s, "connections", all->connections);
	sink_number(s, "refused", all->refused);
	sink_number(s, "dropped", all->dropped);
	sink_number(s, "unused_port", all->unused_port);
	sink_number(s, "nat_failed", all->nat_failed);
	s->map_end(s);
}

static void print_service(struct arena *a, const struct dp_service *svc)
{
	printf("%-40s %-5s %12llu %9llu %9llu\n", svc->name, proto_name(svc->proto),
	       (unsigned long long)svc->connections, (unsigned long long)svc->refused,
	       (unsigned long long)svc->dropped);
	for (size_t i = 0; i < svc->n_backends; i++)
		printf("  %-44s %12llu\n",
		       addr_port(a, &svc->backends[i].ip, svc->backends[i].port),
		       (unsigned long long)svc->backends[i].connections);
}

static void print(const struct stats *st)
{
	const struct dp_info *all = &st->dp->info;

	printf("%-40s %-5s %12s %9s %9s\n", "SERVICE", "PROTO", "CONNECTIONS", "REFUSED", "DROPPED");
	for (size_t i = 0; i < st->dp->n_services; i++)
		if (dp_service_in(&st->dp->services[i], st->ns, st->name))
			print_service(st->cli->a, &st->dp->services[i]);
	printf("all: %llu connections; refused: %llu no endpoint; dropped: %llu no local endpoint; refused: %llu unused port of a cluster IP; %llu not bound\n",
	       (unsigned long long)all->connections, (unsigned long long)all->refused,
	       (unsigned long long)all->dropped, (unsigned long long)all->unused_port,
	       (unsigned long long)all->nat_failed);
}

int cmd_stats(struct cli *c, int argc, char **argv)
{
	struct stats st = { .cli = c, .ns = "default" };
	struct knl *knl;

	if (!parse(&st, argc, argv))
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
	if (st.out == OUT_TABLE)
		print(&st);
	else
		output_document(st.out, put, &st);
	return EXIT_OK;
}
