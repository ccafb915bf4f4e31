// SPDX-License-Identifier: GPL-2.0
/* describe: all about a Service, laid out as kubectl does. */
#include <stdio.h>
#include <string.h>

#include "get.h"
#include "model_impl.h"
#include "node_addrs.h"
#include "show.h"
#include "unserved.h"

struct line {
	const char *name, *value;
};

struct page {
	const struct request *r;
	struct arena *a;
	const struct service *svc;
	const struct dp *dp;		/* what the kernel should hold */
	struct line *lines;
	size_t n;
};

static void line(struct page *p, const char *name, const char *value)
{
	*(struct line *)arena_push(p->a, &p->lines, &p->n, sizeof(*p->lines)) =
		(struct line){ name, or_none(value) };
}

/* Left out if there is nothing to say. */
static void line_if(struct page *p, const char *name, const char *value)
{
	if (value && *value)
		line(p, name, value);
}

static void lines_of_map(struct page *p, const char *name, const struct map *m, const char *is)
{
	if (!m->n)
		line(p, name, NULL);
	for (size_t i = 0; i < m->n; i++)
		line(p, i ? "" : name,
		     arena_printf(p->a, "%s%s%s", m->v[i].key, is, m->v[i].value));
}

static const char *ingress_of(struct page *p)
{
	const char *list = NULL, *why = model_no_ingress(p->r->model, p->svc);

	if (why)
		return arena_printf(p->a, "<none> (%s)", why);
	for (size_t i = 0; i < p->svc->n_ingress; i++) {
		const struct ingress_ip *in = &p->svc->ingress[i];

		list = join(p->a, list, !in->ip ? in->hostname :
			    arena_printf(p->a, "%s (%s)", in->ip, in->ip_mode ? in->ip_mode : "VIP"));
	}
	return list;
}

/* Endpoints of a port that are ready, or those that are not. */
static const char *endpoints_of(struct page *p, const struct service_port *port, bool ready)
{
	const struct strings *families = &p->svc->ip_families;
	struct strings list = { 0 };

	for (size_t i = 0; i < families->n; i++) {
		struct endpoint_list l = model_endpoints(p->r->model, p->svc, port,
							 family_parse(families->v[i]), NULL);

		for (size_t k = 0; k < l.n; k++) {
			const struct endpoint *e = &l.v[k];
			const char *text = addr_port(p->a, &e->ip, e->port);

			if (e->terminating)
				text = arena_printf(p->a, "%s (terminating)", text);
			if (e->ready == ready)
				strings_add(p->a, &list, text);
		}
	}
	return join_all(p->a, &list);
}

/* Of each family; a load balancer that checks this node's health is told the same. */
static const char *local_ready(struct page *p)
{
	const struct strings *families = &p->svc->ip_families;
	const char *list = NULL;

	for (size_t i = 0; i < families->n; i++)
		list = arena_printf(p->a, "%s%s%zu (%s)", list ? list : "", list ? ", " : "",
				    model_local_ready(p->r->model, p->svc,
						      family_parse(families->v[i])), families->v[i]);
	return list;
}

static void endpoints(struct page *p, const struct service_port *port)
{
	const char *ready = endpoints_of(p, port, true), *others = endpoints_of(p, port, false);

	if (!*ready && !*others && !service_is_alias(p->svc))
		ready = arena_printf(p->a, "<none> (%s)",
				     model_no_endpoints(p->r->model, p->svc, port));
	line(p, "Endpoints:", ready);
	line_if(p, "Not Ready:", others);
}

static void describe_port(struct page *p, const struct service_port *port)
{
	const char *name = port->name && *port->name ? port->name : "<unset>";

	line(p, "Port:", arena_printf(p->a, "%s  %lld/%s", name, (long long)port->port,
				      port->protocol));
	line(p, "TargetPort:", port->target_port.str ?
	     arena_printf(p->a, "%s/%s", port->target_port.str, port->protocol) :
	     arena_printf(p->a, "%lld/%s", (long long)port->target_port.num, port->protocol));
	if (port->node_port > 0)
		line(p, "NodePort:", arena_printf(p->a, "%s  %lld/%s", name,
						  (long long)port->node_port, port->protocol));
	endpoints(p, port);
	line_if(p, "Not Served:", unserved(p->a, p->dp, p->svc, port));
}

static void describe(struct page *p)
{
	const struct service *s = p->svc;

	line(p, "Name:", s->meta.name);
	line(p, "Namespace:", s->meta.ns);
	lines_of_map(p, "Labels:", &s->meta.labels, "=");
	lines_of_map(p, "Annotations:", &s->meta.annotations, ": ");
	line(p, "Selector:", join_pairs(p->a, &s->selector));
	line(p, "Type:", s->type);
	line_if(p, "IP Family Policy:", s->ip_family_policy);
	line(p, "IP Families:", join_all(p->a, &s->ip_families));
	line(p, "IP:", s->cluster_ip);
	line(p, "IPs:", join_all(p->a, &s->cluster_ips));
	line_if(p, "External IPs:", join_all(p->a, &s->external_ips));
	line_if(p, "Desired LoadBalancer IP:", s->load_balancer_ip);
	line_if(p, "External Name:", s->external_name);
	line_if(p, "LoadBalancer Ingress:", ingress_of(p));
	for (size_t i = 0; i < s->n_ports; i++)
		describe_port(p, &s->ports[i]);
	line(p, "Session Affinity:", s->session_affinity);
	line_if(p, "External Traffic Policy:", s->external_traffic_policy);
	line_if(p, "Internal Traffic Policy:", s->internal_traffic_policy);
	line_if(p, "Traffic Distribution:", s->traffic_distribution);
	if (s->health_check_node_port > 0) {
		line(p, "HealthCheck NodePort:",
		     arena_printf(p->a, "%lld", (long long)s->health_check_node_port));
		line(p, "Local Endpoints:", local_ready(p));
	}
	line_if(p, "LoadBalancer Source Ranges:", join_all(p->a, &s->source_ranges));
}

static void print(const struct page *p)
{
	int width = 0;

	for (size_t i = 0; i < p->n; i++)
		if ((int)strlen(p->lines[i].name) > width)
			width = (int)strlen(p->lines[i].name);
	for (size_t i = 0; i < p->n; i++)
		printf("%-*s  %s\n", width, p->lines[i].name, p->lines[i].value);
}

/* What apply warned of is not said again. */
static struct dp *resolve(struct request *r)
{
	FILE *nowhere = fopen("/dev/null", "w");
	struct diag *d = diag_new(nowhere ? nowhere : stderr);
	struct prefixes addrs = node_addrs(r->a);
	struct dp *dp = model_resolve(r->model, &addrs, d);

	diag_free(d);
	if (nowhere)
		fclose(nowhere);
	return dp;
}

static const struct option describe_options[] = {
	{ "namespace", required_argument, NULL, 'n' },
	{ "all-namespaces", no_argument, NULL, 'A' },
	{ NULL, 0, NULL, 0 },
};

static bool parse(struct request *r, int argc, char **argv)
{
	int opt;

	while ((opt = options_next(r->cli, argc, argv, "n:A", describe_options)) != -1) {
		if (opt == 'n')
			r->ns = optarg;
		else if (opt == 'A')
			r->ns = NULL;
		else
			return false;
	}
	if (optind < argc && !wishes_read(r, argc - optind, argv + optind))
		return false;
	if (r->n_wishes == 1 && r->wishes[0].view->kind == KIND_SERVICE)
		return true;
	diag_error(r->cli->d, NULL, NULL, "describe what? service [NAME...]");
	return false;
}

int cmd_describe(struct cli *c, int argc, char **argv)
{
	struct request r = { .cli = c, .a = c->a, .ns = "default" };
	struct items list = { 0 };
	const struct dp *dp;
	bool found;

	if (!parse(&r, argc, argv))
		return EXIT_USAGE;
	if (!request_load(&r))
		return EXIT_ERROR;
	found = wish_items(&r, r.wishes, true, &list);
	dp = resolve(&r);
	for (size_t i = 0; i < list.n; i++) {
		struct page p = { .r = &r, .a = r.a, .svc = list.v[i].thing, .dp = dp };

		if (i)
			printf("\n\n");
		describe(&p);
		print(&p);
	}
	if (!list.n && found)
		print_nothing(&r);
	return found ? EXIT_OK : EXIT_ERROR;
}
