// SPDX-License-Identifier: GPL-2.0
/* Backends: what the kernel holds and how they do. */
#include "backend_state.h"
#include "get.h"
#include "show.h"

struct backend {
	const struct dp_service *svc;
	const struct dp_backend *b;
};

static const char *policy(uint32_t flags)
{
	static const char *const words[] = {
		"no new connections", "cluster", "local", "cluster,local",
	};

	return words[flags & SVCNAT_BACKEND_F_MASK];
}

static void add(const struct request *r, struct items *out, const struct dp_service *svc,
		const struct dp_backend *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct backend *b = arena_alloc(r->a, sizeof(*b));

		*b = (struct backend){ svc, &v[i] };
		item_add(r, out, arena_printf(r->a, "%s %s %s", svc->name, proto_name(svc->proto),
					      addr_port(r->a, &v[i].ip, v[i].port)), b);
	}
}

static bool match(const struct request *r, const struct view *v, const char *name,
		  struct items *out)
{
	bool found = false;

	for (size_t i = 0; i < r->dp->n_services; i++) {
		const struct dp_service *svc = &r->dp->services[i];

		if (!service_in(svc->name, r->ns, name))
			continue;
		found = true;
		add(r, out, svc, svc->backends, svc->n_backends);
		add(r, out, svc, svc->gone, svc->n_gone);
	}
	return found;
}

static void number(struct table *t, uint64_t n)
{
	table_add(t, arena_printf(t->a, "%llu", (unsigned long long)n));
}

/* The kernel has one for whom nobody picks, too. */
static uint32_t share(const struct dp_backend *b)
{
	return b->flags & SVCNAT_BACKEND_F_MASK ? b->weight : 0;
}

static void row(const struct request *r, struct table *t, const void *thing)
{
	const struct backend *x = thing;
	const struct dp_backend *b = x->b;

	table_add(t, x->svc->name);
	table_add(t, proto_name(x->svc->proto));
	table_add(t, addr_port(t->a, &b->ip, b->port));
	table_add(t, policy(b->flags));
	table_add(t, backend_state_now(t->a, b));
	if (r->out == OUT_WIDE) {
		number(t, share(b));
		if (b->conn_limit)
			number(t, b->conn_limit);
		else
			table_add(t, or_none(NULL));
		number(t, b->active);
	}
	number(t, b->connections);
}

static void put(struct sink *s, const void *thing)
{
	const struct backend *b = thing;
	char ip[IP_STRLEN];

	s->map_begin(s);
	sink_string(s, "kind", "Backend");
	sink_string(s, "service", b->svc->name);
	sink_string(s, "protocol", proto_name(b->svc->proto));
	sink_string(s, "address", ip_str(&b->b->ip, ip));
	sink_number(s, "port", b->b->port);
	sink_boolean(s, "cluster", b->b->flags & SVCNAT_BACKEND_F_CLUSTER);
	sink_boolean(s, "local", b->b->flags & SVCNAT_BACKEND_F_LOCAL);
	sink_string(s, "state", backend_state(b->b));
	if (b->b->ejected_seconds)
		sink_number(s, "ejected_seconds", b->b->ejected_seconds);
	sink_number(s, "weight", share(b->b));
	sink_number(s, "limit", b->b->conn_limit);
	sink_number(s, "active", b->b->active);
	sink_number(s, "connections", b->b->connections);
	s->map_end(s);
}

const struct view backends_view = {
	"backends", KIND_MAX,
	"SERVICE PROTO BACKEND POLICY ~STATE |WEIGHT |LIMIT |~ACTIVE ~CONNECTIONS", row, put, match,
};
