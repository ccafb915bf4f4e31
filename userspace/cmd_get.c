// SPDX-License-Identifier: GPL-2.0
/* get, describe: what the state knows, as kubectl shows it. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli.h"
#include "emit.h"
#include "model.h"
#include "nl.h"
#include "show.h"
#include "state.h"
#include "table.h"

enum output { OUT_TABLE, OUT_WIDE, OUT_JSON, OUT_YAML, OUT_NAME };

struct request {
	struct cli *cli;
	const char *ns;		/* NULL: all */
	const char *name;	/* NULL: all */
	enum output out;
	struct model *model;
};

static const struct option get_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

static bool parse_output(struct request *r, const char *word)
{
	static const char *const words[] = { "", "wide", "json", "yaml", "name" };

	for (int i = OUT_WIDE; i <= OUT_NAME; i++) {
		if (!strcmp(word, words[i])) {
			r->out = (enum output)i;
			return true;
		}
	}
	diag_error(r->cli->d, NULL, NULL, "-o \"%s\": expected wide, json, yaml or name", word);
	return false;
}

static bool parse(struct request *r, int argc, char **argv)
{
	int opt;

	r->ns = "default";
	while ((opt = options_next(r->cli, argc, argv, "o:n:A", get_options)) != -1) {
		if (opt == 'n')
			r->ns = optarg;
		else if (opt == 'A')
			r->ns = NULL;
		else if (opt != 'o' || !parse_output(r, optarg))
			return false;
	}
	return true;
}

/*
 * A command was cut short: only the kernel knows whether it happened. A kernel
 * that cannot be asked holds nothing of it.
 */
static bool settle(struct request *r, struct state *s)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct diag *d = diag_new(nowhere ? nowhere : stderr);
	struct knl *knl = knl_open(d);
	struct dp info = { 0 };
	bool known = knl && knl_info(knl, r->cli->a, &info, d) && info.has_apply_id;

	knl_close(knl);
	diag_free(d);
	if (nowhere)
		fclose(nowhere);
	return state_settle(s, known ? info.apply_id : NULL, r->cli->d);
}

/* The state as it is stored; nothing is checked, allocated or warned of again. */
static bool load(struct request *r)
{
	const struct objects none = { 0 };
	struct objects known = { 0 };
	struct state *s = state_open(r->cli->opt.state, STATE_READ, r->cli->d);
	bool ok = s && (!state_pending(s) || settle(r, s)) && state_load(s, r->cli->a, KIND_MAX, &known, r->cli->d);

	state_close(s);
	if (ok)
		r->model = model_build(r->cli->a, &known, &none, &r->cli->opt, r->cli->d);
	return ok && r->model;
}

static bool wanted(const struct request *r, const struct object *o)
{
	return (!r->ns || !o->ns || !strcmp(o->ns, r->ns)) &&
	       (!r->name || !strcmp(o->name, r->name));
}

static const char *age(struct arena *a, const struct object *o)
{
	struct tm tm = { 0 };
	double s;

	if (!o->created || !strptime(o->created, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "<unknown>";
	s = difftime(time(NULL), timegm(&tm));
	if (s < 120)	/* a stamp may be ahead of the clock: see stamp.h */
		return arena_printf(a, "%.0fs", s < 0 ? 0 : s);
	if (s < 7200)
		return arena_printf(a, "%.0fm", s / 60);
	return s < 172800 ? arena_printf(a, "%.0fh", s / 3600) : arena_printf(a, "%.0fd", s / 86400);
}

static const char *join(struct arena *a, const char *list, const char *item)
{
	return list ? arena_printf(a, "%s,%s", list, item) : item;
}

static const char *or_none(const char *s)
{
	return s && *s ? s : "<none>";
}

static const char *external_of(struct arena *a, const struct service *s)
{
	const char *list = s->external_name;
	size_t i;

	for (i = 0; i < s->n_ingress; i++)
		list = join(a, list, s->ingress[i].ip ? s->ingress[i].ip : s->ingress[i].hostname);
	for (i = 0; i < s->external_ips.n; i++)
		list = join(a, list, s->external_ips.v[i]);
	if (!list && s->type && !strcmp(s->type, "LoadBalancer"))
		return "<pending>";
	return or_none(list);
}

static const char *ports_of(struct arena *a, const struct service *s)
{
	const char *list = NULL;

	for (size_t i = 0; i < s->n_ports; i++) {
		const struct service_port *p = &s->ports[i];
		const char *proto = p->protocol ? p->protocol : "TCP";

		list = join(a, list, p->node_port > 0 ?
			    arena_printf(a, "%lld:%lld/%s", (long long)p->port,
					 (long long)p->node_port, proto) :
			    arena_printf(a, "%lld/%s", (long long)p->port, proto));
	}
	return or_none(list);
}

static const char *pairs_of(struct arena *a, const struct map *m)
{
	const char *list = NULL;

	for (size_t i = 0; i < m->n; i++)
		list = join(a, list, arena_printf(a, "%s=%s", m->v[i].key, m->v[i].value));
	return or_none(list);
}

/* Addresses and ports that serve, at most @max of them. */
static const char *endpoints_of(struct request *r, const struct service *s, size_t max)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct arena *a = r->cli->a;
	const char *list = NULL;
	size_t more = 0, n = 0;

	for (size_t i = 0; i < s->n_ports; i++) {
		for (size_t f = 0; f < 2; f++) {
			struct endpoint_list l = model_endpoints(r->model, s, &s->ports[i],
								 families[f], NULL);

			for (size_t k = 0; k < l.n; k++) {
				if (!l.v[k].ready)
					continue;
				if (n++ < max)
					list = join(a, list, addr_port(a, &l.v[k].ip, l.v[k].port));
				else
					more++;
			}
		}
	}
	return more ? arena_printf(a, "%s + %zu more...", list, more) : or_none(list);
}

static void service_row(struct request *r, struct table *t, const struct object *o)
{
	const struct service *s = OBJ(service, o);

	table_add(t, s->type ? s->type : "ClusterIP");
	table_add(t, or_none(s->cluster_ip));
	table_add(t, external_of(t->a, s));
	table_add(t, ports_of(t->a, s));
	table_add(t, age(t->a, o));
	if (r->out == OUT_WIDE)
		table_add(t, pairs_of(t->a, &s->selector));
}

static void endpoints_row(struct request *r, struct table *t, const struct object *o)
{
	table_add(t, endpoints_of(r, OBJ(service, o), r->out == OUT_WIDE ? SIZE_MAX : 3));
	table_add(t, age(t->a, o));
}

static bool pod_ready(const struct pod *p)
{
	for (size_t i = 0; i < p->n_conditions; i++)
		if (p->conditions[i].type && !strcmp(p->conditions[i].type, "Ready"))
			return p->conditions[i].status && !strcmp(p->conditions[i].status, "True");
	return !p->n_conditions;
}

static void pod_row(struct request *r, struct table *t, const struct object *o)
{
	const struct pod *p = OBJ(pod, o);

	table_add(t, pod_ready(p) ? "yes" : "no");
	table_add(t, o->deleted ? "Terminating" : p->phase ? p->phase : "Running");
	table_add(t, or_none(p->pod_ip ? p->pod_ip : p->n_pod_ips ? p->pod_ips[0].ip : NULL));
	table_add(t, or_none(p->node_name));
	if (r->out == OUT_WIDE)
		table_add(t, pairs_of(t->a, &o->labels));
}

static void slice_row(struct request *r, struct table *t, const struct object *o)
{
	const struct slice *s = OBJ(slice, o);

	table_add(t, or_none(s->address_type));
	table_add(t, arena_printf(t->a, "%zu", s->n_endpoints));
	table_add(t, or_none(map_get(&o->labels, "kubernetes.io/service-name")));
}

static void node_row(struct request *r, struct table *t, const struct object *o)
{
	const struct node *n = OBJ(node, o);
	const char *list = NULL;

	for (size_t i = 0; i < n->n_addresses; i++)
		if (n->addresses[i].type && !strcmp(n->addresses[i].type, "InternalIP"))
			list = join(t->a, list, n->addresses[i].address);
	table_add(t, or_none(list));
	table_add(t, or_none(map_get(&o->labels, "topology.kubernetes.io/zone")));
}

static void no_row(struct request *r, struct table *t, const struct object *o)
{
}

/* Columns after NAMESPACE and NAME; the one after '|' only with -o wide. */
static const struct view {
	const char *word;
	enum kind kind;
	const char *columns;
	void (*row)(struct request *r, struct table *t, const struct object *o);
} views[] = {
	{ "services", KIND_SERVICE, "TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE |SELECTOR", service_row },
	{ "endpoints", KIND_SERVICE, "ENDPOINTS AGE", endpoints_row },
	{ "pods", KIND_POD, "READY STATUS IP NODE |LABELS", pod_row },
	{ "endpointslices", KIND_SLICE, "ADDRESSTYPE ENDPOINTS SERVICE", slice_row },
	{ "nodes", KIND_NODE, "INTERNAL-IP ZONE", node_row },
	{ "namespaces", KIND_NAMESPACE, "", no_row },
};

static const struct view *view_of(const char *word)
{
	int kind = kind_from_word(word);

	if (kind == KIND_ENDPOINTS)
		return &views[1];
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
		if ((int)views[i].kind == kind)
			return &views[i];
	return NULL;
}

static void headers(struct request *r, struct table *t, const struct view *v)
{
	char *list = arena_strdup(t->a, v->columns), *save, *word;

	if (!r->ns)
		table_add(t, "NAMESPACE");
	table_add(t, "NAME");
	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (*word != '|')
			table_add(t, word);
		else if (r->out == OUT_WIDE)
			table_add(t, word + 1);
	t->columns = t->n;
}

static void print_table(struct request *r, const struct view *v, const struct objects *list)
{
	struct table t = { .a = r->cli->a };

	headers(r, &t, v);
	for (size_t i = 0; i < list->n; i++) {
		if (!r->ns)
			table_add(&t, list->v[i]->ns);
		table_add(&t, list->v[i]->name);
		v->row(r, &t, list->v[i]);
	}
	table_print(stdout, &t);
}

static void print_names(const struct objects *list)
{
	for (size_t i = 0; i < list->n; i++) {
		for (const char *p = kind_name(list->v[i]->kind); *p; p++)
			putchar(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p);
		printf("/%s\n", list->v[i]->name);
	}
}

static int print_objects(struct request *r, const struct view *v)
{
	struct objects all = model_kind(r->model, v->kind), list = { 0 };

	for (size_t i = 0; i < all.n; i++)
		if (wanted(r, all.v[i]))
			*(struct object **)arena_push(r->cli->a, &list.v, &list.n,
						      sizeof(*list.v)) = all.v[i];
	if (!list.n && r->name) {
		diag_error(r->cli->d, NULL, NULL, "%s \"%s\" not found in namespace %s", v->word,
			   r->name, r->ns ? r->ns : "(any)");
		return EXIT_ERROR;
	}
	if (r->out == OUT_JSON)
		emit_json_pretty(stdout, list.v, list.n);
	else if (r->out == OUT_YAML)
		emit_yaml(stdout, list.v, list.n);
	else if (r->out == OUT_NAME)
		print_names(&list);
	else if (list.n)
		print_table(r, v, &list);
	else if (r->ns)
		fprintf(stderr, "No resources found in %s namespace.\n", r->ns);
	else
		fprintf(stderr, "No resources found.\n");
	return EXIT_OK;
}

static const char *backend_policy(uint32_t flags)
{
	if (!flags)
		return "no new connections";
	if (flags == SVCNAT_BACKEND_F_CLUSTER)
		return "cluster";
	return flags == SVCNAT_BACKEND_F_LOCAL ? "local" : "cluster,local";
}

/* Backends are the kernel's, with their counters. */
static int get_backends(struct request *r)
{
	struct table t = { .a = r->cli->a, .columns = 5 };
	static const char *const heads[] = { "SERVICE", "PROTO", "BACKEND", "POLICY", "CONNECTIONS" };
	struct knl *knl = knl_open(r->cli->d);
	struct dp *dp = knl ? knl_dump(knl, t.a, NULL, r->cli->d) : NULL;

	for (size_t i = 0; i < 5; i++)
		table_add(&t, heads[i]);
	for (size_t i = 0; dp && i < dp->n_services; i++) {
		const struct dp_service *s = &dp->services[i];

		for (size_t k = 0; dp_service_in(s, r->ns, r->name) && k < s->n_backends; k++) {
			const struct dp_backend *b = &s->backends[k];

			table_add(&t, s->name);
			table_add(&t, proto_name(s->proto));
			table_add(&t, addr_port(t.a, &b->ip, b->port));
			table_add(&t, backend_policy(b->flags));
			table_add(&t, arena_printf(t.a, "%llu", (unsigned long long)b->connections));
		}
	}
	knl_close(knl);
	if (!dp)
		return EXIT_ERROR;
	table_print(stdout, &t);
	return EXIT_OK;
}

int cmd_get(struct cli *c, int argc, char **argv)
{
	struct request r = { .cli = c };
	const struct view *v;

	if (!parse(&r, argc, argv))
		return EXIT_USAGE;
	if (optind >= argc) {
		diag_error(c->d, NULL, NULL, "get what? services, endpoints, pods, nodes, endpointslices or backends");
		return EXIT_USAGE;
	}
	r.name = optind + 1 < argc ? argv[optind + 1] : NULL;
	if (!strcasecmp(argv[optind], "backends") || !strcasecmp(argv[optind], "backend"))
		return get_backends(&r);
	v = view_of(argv[optind]);
	if (!v) {
		diag_error(c->d, NULL, NULL, "get: \"%s\" is no kind of object: expected services, endpoints, pods, nodes, endpointslices or backends",
			   argv[optind]);
		return EXIT_USAGE;
	}
	return load(&r) ? print_objects(&r, v) : EXIT_ERROR;
}

static void line(const char *name, const char *value)
{
	printf("%-26s%s\n", name, or_none(value));
}

static void describe_port(struct request *r, const struct service *s, const struct service_port *p)
{
	struct service one = *s;

	one.ports = (struct service_port *)p;
	one.n_ports = 1;
	printf("%-26s%s  %lld/%s\n", "Port:", or_none(p->name), (long long)p->port,
	       p->protocol ? p->protocol : "TCP");
	if (p->node_port > 0)
		printf("%-26s%lld/%s\n", "NodePort:", (long long)p->node_port,
		       p->protocol ? p->protocol : "TCP");
	line("Endpoints:", endpoints_of(r, &one, SIZE_MAX));
}

static void describe(struct request *r, const struct service *s)
{
	struct arena *a = r->cli->a;

	line("Name:", s->meta.name);
	line("Namespace:", s->meta.ns);
	line("Labels:", pairs_of(a, &s->meta.labels));
	line("Annotations:", pairs_of(a, &s->meta.annotations));
	line("Selector:", pairs_of(a, &s->selector));
	line("Type:", s->type);
	line("IP:", s->cluster_ip);
	line("External:", external_of(a, s));
	line("Internal Traffic Policy:", s->internal_traffic_policy);
	line("External Traffic Policy:", s->external_traffic_policy);
	for (size_t i = 0; i < s->n_ports; i++)
		describe_port(r, s, &s->ports[i]);
}

int cmd_describe(struct cli *c, int argc, char **argv)
{
	struct request r = { .cli = c };
	const struct object *o;

	if (!parse(&r, argc, argv))
		return EXIT_USAGE;
	if (argc - optind != 2 || kind_from_word(argv[optind]) != KIND_SERVICE) {
		diag_error(c->d, NULL, NULL, "describe what? service NAME");
		return EXIT_USAGE;
	}
	if (!load(&r))
		return EXIT_ERROR;
	o = model_find(r.model, KIND_SERVICE, r.ns ? r.ns : "default", argv[optind + 1]);
	if (!o) {
		diag_error(c->d, NULL, NULL, "service \"%s\" not found in namespace %s",
			   argv[optind + 1], r.ns ? r.ns : "default");
		return EXIT_ERROR;
	}
	describe(&r, OBJ(service, o));
	return EXIT_OK;
}
