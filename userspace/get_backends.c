// SPDX-License-Identifier: GPL-2.0
/* Backends: what the kernel holds, with its counters. */
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

static bool match(const struct request *r, const struct view *v, const char *name,
		  struct items *out)
{
	bool found = false;

	for (size_t i = 0; i < r->dp->n_services; i++) {
		const struct dp_service *svc = &r->dp->services[i];

		if (!dp_service_in(svc, r->ns, name))
			continue;
		found = true;
		for (size_t k = 0; k < svc->n_backends; k++) {
			struct backend *b = arena_alloc(r->a, sizeof(*b));

			*b = (struct backend){ svc, &svc->backends[k] };
			item_add(r, out, arena_printf(r->a, "%s %s %s", svc->name,
						      proto_name(svc->proto),
						      addr_port(r->a, &b->b->ip, b->b->port)), b);
		}
	}
	return found;
}

static void row(const struct request *r, struct table *t, const void *thing)
{
	const struct backend *b = thing;

	table_add(t, b->svc->name);
	table_add(t, proto_name(b->svc->proto));
	table_add(t, addr_port(t->a, &b->b->ip, b->b->port));
	table_add(t, policy(b->b->flags));
	table_add(t, arena_printf(t->a, "%llu", (unsigned long long)b->b->connections));
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
	sink_number(s, "connections", b->b->connections);
	s->map_end(s);
}

const struct view backends_view = {
	"backends", KIND_MAX, "SERVICE PROTO BACKEND POLICY ~CONNECTIONS", row, put, match,
};
