// SPDX-License-Identifier: GPL-2.0
#include "backend_state.h"
#include "model_impl.h"
#include "show.h"
#include "stats.h"
#include "table.h"

/* What is counted of a service port and of a backend alike. */
struct traffic {
	uint64_t connections, active, packets_in, bytes_in, packets_out, bytes_out;
	uint64_t repicks, ejections;
};

#define TRAFFIC(x) ((struct traffic){ \
	(x)->connections, (x)->active, (x)->packets_in, (x)->bytes_in, (x)->packets_out, \
	(x)->bytes_out, (x)->repicks, (x)->ejections })

/* New flows of a service port that got no backend. */
static const struct {
	const char *key;
	size_t at;
} refusals[] = {
	{ "refused", offsetof(struct dp_service, refused) },
	{ "dropped", offsetof(struct dp_service, dropped) },
	{ "not_allowed", offsetof(struct dp_service, not_allowed) },
	{ "overloaded", offsetof(struct dp_service, overloaded) },
};

#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

static const struct {
	const char *key, *text;
	size_t at;
} totals[] = {
	{ "refused", "refused: no endpoint", offsetof(struct dp_info, refused) },
	{ "dropped", "dropped: no local endpoint under policy Local",
	  offsetof(struct dp_info, dropped) },
	{ "not_allowed", "dropped: source outside the source ranges",
	  offsetof(struct dp_info, not_allowed) },
	{ "overloaded", "refused: every backend at its connection limit",
	  offsetof(struct dp_info, overloaded) },
	{ "unused_port", "refused: unused port of a cluster IP",
	  offsetof(struct dp_info, unused_port) },
	{ "unallocated", "dropped: address of the service CIDRs that no service has",
	  offsetof(struct dp_info, unallocated) },
	{ "nat_failed", "dropped: conntrack could not bind the flow",
	  offsetof(struct dp_info, nat_failed) },
	{ "repicks", "sent to another backend: the first did not answer, or left",
	  offsetof(struct dp_info, repicks) },
	{ "ejections", "ejections of a backend after failed handshakes",
	  offsetof(struct dp_info, ejections) },
	{ "resets", "connections reset as their backend left",
	  offsetof(struct dp_info, resets) },
	{ "unpinned", "served without session affinity: its table was full",
	  offsetof(struct dp_info, unpinned) },
	{ "fast_path_packets", "packets sent on by the fast path",
	  offsetof(struct dp_info, shortcuts) },
};

#define N_TOTALS (sizeof(totals) / sizeof(totals[0]))

static uint64_t number_at(const void *of, size_t at)
{
	return *(const uint64_t *)((const char *)of + at);
}

static bool is_shown(const struct stats *st, size_t i)
{
	return service_in(st->dp->services[i].name, st->ns, st->name);
}

static uint64_t active_of_all(const struct dp *dp)
{
	uint64_t n = 0;

	for (size_t i = 0; i < dp->n_services; i++)
		n += dp->services[i].active;
	return n;
}

static void put_traffic(struct sink *s, const struct traffic *t)
{
	sink_number(s, "connections", t->connections);
	sink_number(s, "active", t->active);
	sink_number(s, "packets_in", t->packets_in);
	sink_number(s, "bytes_in", t->bytes_in);
	sink_number(s, "packets_out", t->packets_out);
	sink_number(s, "bytes_out", t->bytes_out);
	sink_number(s, "repicks", t->repicks);
	sink_number(s, "ejections", t->ejections);
}

static void put_backends(struct sink *s, const struct dp_backend *v, size_t n)
{
	char ip[IP_STRLEN];

	for (size_t i = 0; i < n; i++) {
		s->map_begin(s);
		sink_string(s, "address", ip_str(&v[i].ip, ip));
		sink_number(s, "port", v[i].port);
		sink_string(s, "state", backend_state(&v[i]));
		if (v[i].ejected_seconds)
			sink_number(s, "ejected_seconds", v[i].ejected_seconds);
		put_traffic(s, &TRAFFIC(&v[i]));
		s->map_end(s);
	}
}

static void put_service(struct sink *s, const struct dp_service *svc)
{
	s->map_begin(s);
	sink_string(s, "service", svc->name);
	sink_string(s, "family", family_name(svc->family));
	sink_string(s, "protocol", proto_name(svc->proto));
	put_traffic(s, &TRAFFIC(svc));
	for (size_t i = 0; i < N_REFUSALS; i++)
		sink_number(s, refusals[i].key, number_at(svc, refusals[i].at));
	sink_seq_begin(s, "backends");
	put_backends(s, svc->backends, svc->n_backends);
	put_backends(s, svc->gone, svc->n_gone);
	s->seq_end(s);
	s->map_end(s);
}

static void put_totals(struct sink *s, const struct dp *dp)
{
	const struct dp_info *all = &dp->info;

	s->key(s, "totals", strlen("totals"));
	s->map_begin(s);
	sink_number(s, "connections", all->connections);
	sink_number(s, "active", active_of_all(dp));
	for (size_t i = 0; i < N_TOTALS; i++)
		sink_number(s, totals[i].key, number_at(all, totals[i].at));
	sink_number(s, "pins", all->pins);
	sink_number(s, "fast_path_entries", all->cached);
	s->map_end(s);
}

void stats_put(struct sink *s, const void *stats)
{
	const struct stats *st = stats;

	s->map_begin(s);
	sink_seq_begin(s, "services");
	for (size_t i = 0; i < st->dp->n_services; i++)
		if (is_shown(st, i))
			put_service(s, &st->dp->services[i]);
	s->seq_end(s);
	put_totals(s, st->dp);
	s->map_end(s);
}

struct printing {
	const struct stats *st;
	struct table t;
	bool wide;
};

static void number(struct printing *p, uint64_t n)
{
	table_add(&p->t, arena_printf(p->t.a, "%llu", (unsigned long long)n));
}

static void bytes(struct printing *p, uint64_t n)
{
	if (p->wide)
		number(p, n);
	else
		table_add(&p->t, size_text(p->t.a, n));
}

static void columns(struct printing *p)
{
	static const char *const few[] = {
		"SERVICE", "PROTO", "CONNS", "ACTIVE", "BYTES-IN", "BYTES-OUT", "REFUSED", "STATE",
	}, *const many[] = {
		"SERVICE", "PROTO", "CONNS", "ACTIVE", "PACKETS-IN", "BYTES-IN", "PACKETS-OUT",
		"BYTES-OUT", "REFUSED", "DROPPED", "NOT-ALLOWED", "OVERLOADED", "REPICKS",
		"EJECTIONS", "STATE",
	};
	size_t n = p->wide ? sizeof(many) / sizeof(many[0]) : sizeof(few) / sizeof(few[0]);

	p->t.columns = n;
	for (size_t i = 0; i < n; i++)
		table_add(&p->t, p->wide ? many[i] : few[i]);
}

/* @svc: whose row it is, NULL: a backend's. */
static void row(struct printing *p, const char *name, const struct dp_service *svc,
		const struct traffic *t, const char *state)
{
	uint64_t sum = 0;

	table_add(&p->t, name);
	table_add(&p->t, svc ? proto_name(svc->proto) : "");
	number(p, t->connections);
	number(p, t->active);
	if (p->wide)
		number(p, t->packets_in);
	bytes(p, t->bytes_in);
	if (p->wide)
		number(p, t->packets_out);
	bytes(p, t->bytes_out);
	for (size_t i = 0; i < N_REFUSALS; i++) {
		if (svc)
			sum += number_at(svc, refusals[i].at);
		if (p->wide && svc)
			number(p, number_at(svc, refusals[i].at));
		else if (p->wide)
			table_add(&p->t, "");
	}
	if (p->wide) {
		number(p, t->repicks);
		number(p, t->ejections);
	} else if (svc) {
		number(p, sum);
	} else {
		table_add(&p->t, "");
	}
	table_add(&p->t, state);
}

static void backend_rows(struct printing *p, const struct dp_backend *v, size_t n)
{
	struct arena *a = p->t.a;

	for (size_t i = 0; i < n; i++)
		row(p, arena_printf(a, "  %s", addr_port(a, &v[i].ip, v[i].port)), NULL,
		    &TRAFFIC(&v[i]), backend_state_now(a, &v[i]));
}

static void service_rows(struct printing *p, const struct dp_service *svc)
{
	size_t ready = 0;

	for (size_t i = 0; i < svc->n_backends; i++)
		ready += str_is(backend_state(&svc->backends[i]), "ready");
	row(p, svc->name, svc, &TRAFFIC(svc),
	    arena_printf(p->t.a, "%zu/%zu ready", ready, svc->n_backends));
	backend_rows(p, svc->backends, svc->n_backends);
	backend_rows(p, svc->gone, svc->n_gone);
}

static void print_totals(FILE *f, const struct dp *dp, bool wide)
{
	const struct dp_info *all = &dp->info;

	fprintf(f, "\nall services:\n");
	fprintf(f, "  %llu connections, %llu active\n", (unsigned long long)all->connections,
		(unsigned long long)active_of_all(dp));
	for (size_t i = 0; i < N_TOTALS; i++)
		if (wide || number_at(all, totals[i].at))
			fprintf(f, "  %llu %s\n", (unsigned long long)number_at(all, totals[i].at),
				totals[i].text);
	if (wide || all->pins)
		fprintf(f, "  %u sources pinned by session affinity\n", all->pins);
	if (wide || all->cached)
		fprintf(f, "  %u entries of the fast path, one a direction of a flow\n", all->cached);
}

void stats_print(FILE *f, const struct stats *st, bool wide)
{
	struct printing p = { .st = st, .t.a = st->a, .wide = wide };

	columns(&p);
	for (size_t i = 0; i < st->dp->n_services; i++)
		if (is_shown(st, i))
			service_rows(&p, &st->dp->services[i]);
	table_print(f, &p.t);
	print_totals(f, st->dp, wide);
}
