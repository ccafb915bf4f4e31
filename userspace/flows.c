// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "emit.h"
#include "flows.h"
#include "show.h"
#include "table.h"

void flows_init(struct flows *f, struct arena *a)
{
	f->a = a;
	addrmap_init(&f->names, a);
}

static const char *keep_name(struct flows *f, const struct knl_cached *c)
{
	const struct addr at = { .ip = c->flow.dst, .proto = c->flow.proto, .port = c->flow.dport };
	void **name;

	if (!c->service)
		return NULL;
	name = addrmap_at(&f->names, &at);
	if (!*name || strcmp(*name, c->service))
		*name = arena_strdup(f->a, c->service);
	return *name;
}

static bool is_wanted(const struct flows *f, const char *service)
{
	return service ? service_in(service, f->ns, f->name) : !f->ns && !f->name;
}

void flows_take(const struct knl_cached *c, void *flows)
{
	struct flows *f = flows;
	struct flow *x;

	if (!is_wanted(f, c->service))
		return;
	x = arena_push(f->a, &f->v, &f->n, sizeof(*f->v));
	x->service = keep_name(f, c);
	x->key = c->flow;
	x->key.iif = 0;
	x->backend = c->backend.ip;
	x->backend_port = c->backend.port;
	x->way[c->reply ? FLOW_OUT : FLOW_IN] = (struct way){
		.cached = true, .idle = c->idle, .ifindex = c->flow.iif, .age_ms = c->age_ms,
		.packets = c->packets, .bytes = c->bytes,
	};
}

static int key_cmp(const void *a, const void *b)
{
	const struct knl_flow *x = &((const struct flow *)a)->key;
	const struct knl_flow *y = &((const struct flow *)b)->key;
	int c = ip_cmp(&x->src, &y->src);

	if (!c)
		c = x->sport - y->sport;
	if (!c)
		c = x->proto - y->proto;
	if (!c)
		c = ip_cmp(&x->dst, &y->dst);
	return c ? c : x->dport - y->dport;
}

/* Nobody's come last. */
static int service_cmp(const void *a, const void *b)
{
	const char *x = ((const struct flow *)a)->service, *y = ((const struct flow *)b)->service;
	int c = x && y ? strcmp(x, y) : !x - !y;

	return c ? c : key_cmp(a, b);
}

/* An entry that was made anew during the dump may be there twice: the later one holds. */
static void merge(struct flow *into, const struct flow *from)
{
	if (!into->service)
		into->service = from->service;
	for (int i = 0; i < FLOW_WAYS; i++)
		if (from->way[i].cached)
			into->way[i] = from->way[i];
}

/* By the flow alone first: the frontend may have changed hands between its two entries. */
void flows_join(struct flows *f)
{
	size_t n = 0;

	if (!f->n)
		return;
	qsort(f->v, f->n, sizeof(*f->v), key_cmp);
	for (size_t i = 1; i < f->n; i++) {
		if (!key_cmp(&f->v[n], &f->v[i]))
			merge(&f->v[n], &f->v[i]);
		else
			f->v[++n] = f->v[i];
	}
	f->n = n + 1;
	qsort(f->v, f->n, sizeof(*f->v), service_cmp);
}

struct printing {
	const struct flows *f;
	struct table t;
	bool wide;
};

static const char *const directions[] = { NULL, "in", "out", "both" };

static const char *cached(const struct flow *x)
{
	return directions[x->way[FLOW_IN].cached | x->way[FLOW_OUT].cached << 1];
}

static const char *idle(const struct flow *x)
{
	return or_none(directions[x->way[FLOW_IN].idle | x->way[FLOW_OUT].idle << 1]);
}

/* "web:http"; "web" if the port has no name. */
static const char *name_of(struct arena *a, const char *service)
{
	const char *name = service ? strchr(service, '/') : NULL;
	size_t len;

	if (!name)
		return or_none(service);
	len = strlen(++name);
	return arena_strndup(a, name, len && name[len - 1] == ':' ? len - 1 : len);
}

static const char *namespace_of(struct arena *a, const char *service)
{
	return service ? arena_strndup(a, service, strcspn(service, "/")) : or_none(NULL);
}

static void number(struct printing *p, uint64_t n)
{
	table_add(&p->t, arena_printf(p->t.a, "%llu", (unsigned long long)n));
}

static void columns(struct printing *p)
{
	static const char *const few[] = {
		"NAMESPACE", "SERVICE", "PROTO", "CLIENT", "FRONTEND", "BACKEND", "CACHED", "AGE",
		"PACKETS", "BYTES",
	}, *const many[] = {
		"NAMESPACE", "SERVICE", "PROTO", "CLIENT", "FRONTEND", "BACKEND", "CACHED", "IDLE",
		"AGE", "PACKETS-IN", "BYTES-IN", "PACKETS-OUT", "BYTES-OUT",
	};
	size_t n = p->wide ? sizeof(many) / sizeof(many[0]) : sizeof(few) / sizeof(few[0]);

	for (size_t i = p->f->ns ? 1 : 0; i < n; i++)
		table_add(&p->t, p->wide ? many[i] : few[i]);
	p->t.columns = p->t.n;
}

/* What was counted of a direction that is not there is not known. */
static void traffic_of(struct printing *p, const struct way *way)
{
	if (way->cached) {
		number(p, way->packets);
		number(p, way->bytes);
	} else {
		table_add(&p->t, or_none(NULL));
		table_add(&p->t, or_none(NULL));
	}
}

static void row(struct printing *p, const struct flow *x)
{
	const struct way *in = &x->way[FLOW_IN], *out = &x->way[FLOW_OUT];
	struct arena *a = p->t.a;

	if (!p->f->ns)
		table_add(&p->t, namespace_of(a, x->service));
	table_add(&p->t, name_of(a, x->service));
	table_add(&p->t, proto_name(x->key.proto));
	table_add(&p->t, addr_port(a, &x->key.src, x->key.sport));
	table_add(&p->t, addr_port(a, &x->key.dst, x->key.dport));
	table_add(&p->t, addr_port(a, &x->backend, x->backend_port));
	table_add(&p->t, cached(x));
	if (p->wide)
		table_add(&p->t, idle(x));
	table_add(&p->t, age_text(a, (in->age_ms > out->age_ms ? in : out)->age_ms / 1000));
	if (p->wide) {
		traffic_of(p, in);
		traffic_of(p, out);
	} else {
		number(p, in->packets + out->packets);
		table_add(&p->t, size_text(a, in->bytes + out->bytes));
	}
}

void flows_print(FILE *out, const struct flows *f, bool wide)
{
	struct printing p = { .f = f, .t.a = f->a, .wide = wide };

	columns(&p);
	for (size_t i = 0; i < f->n; i++)
		row(&p, &f->v[i]);
	table_print(out, &p.t);
}

static void put_way(struct sink *s, const char *key, const struct way *way)
{
	if (!way->cached)
		return;
	s->key(s, key, strlen(key));
	s->map_begin(s);
	sink_number(s, "age_ms", way->age_ms);
	sink_boolean(s, "idle", way->idle);
	sink_number(s, "ifindex", way->ifindex);
	sink_number(s, "packets", way->packets);
	sink_number(s, "bytes", way->bytes);
	s->map_end(s);
}

static void put_end(struct sink *s, const char *key, const struct ip *ip, uint16_t port)
{
	char text[IP_STRLEN];

	s->key(s, key, strlen(key));
	s->map_begin(s);
	sink_string(s, "address", ip_str(ip, text));
	sink_number(s, "port", port);
	s->map_end(s);
}

static void put_flow(struct sink *s, const struct flow *x)
{
	s->map_begin(s);
	sink_string(s, "kind", "Flow");
	if (x->service)
		sink_string(s, "service", x->service);
	sink_string(s, "protocol", proto_name(x->key.proto));
	put_end(s, "client", &x->key.src, x->key.sport);
	put_end(s, "frontend", &x->key.dst, x->key.dport);
	put_end(s, "backend", &x->backend, x->backend_port);
	put_way(s, "in", &x->way[FLOW_IN]);
	put_way(s, "out", &x->way[FLOW_OUT]);
	s->map_end(s);
}

void flows_put(struct sink *s, const void *flows)
{
	const struct flows *f = flows;

	emit_list_begin(s);
	for (size_t i = 0; i < f->n; i++)
		put_flow(s, &f->v[i]);
	emit_list_end(s);
}
