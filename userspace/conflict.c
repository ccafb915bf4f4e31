// SPDX-License-Identifier: GPL-2.0
/*
 * What no two Services may both hold: a cluster IP, a node port of one protocol.
 * Addresses from outside may be shared; frontends.c finds the winner.
 */
#include <netinet/in.h>
#include <stdio.h>
#include "addrmap.h"
#include "model_impl.h"

struct conflict {
	struct addrmap held;		/* → struct catalog_entry */
	struct diag *d;
};

static const char *place(char *buf, size_t size, const struct object *o)
{
	if (!o->loc.file || !o->loc.line)
		snprintf(buf, size, "applied before");
	else
		snprintf(buf, size, "%s:%u", o->loc.file, o->loc.line);
	return buf;
}

/* The error is laid to the one that is new, of two new ones to the later. */
static void clash(struct conflict *c, const struct catalog_entry *a,
		  const struct catalog_entry *b, const char *field, const char *what,
		  const char *remedy)
{
	const struct object *old = a->obj, *new = b->obj;
	char at[256];

	if (!a->changed && !b->changed)
		return;
	if (!b->changed) {
		old = b->obj;
		new = a->obj;
	}
	diag_error(c->d, &new->loc, field,
		   "Service %s/%s: %s is that of Service %s/%s (%s): %s", new->ns, new->name,
		   what, old->ns, old->name, place(at, sizeof(at), old), remedy);
}

/* @e takes @key, unless another Service has it already: that one is returned. */
static struct catalog_entry *take(struct conflict *c, const struct addr *key,
				  struct catalog_entry *e)
{
	void **slot = addrmap_at(&c->held, key);

	if (*slot && *slot != e)
		return *slot;
	*slot = e;
	return NULL;
}

static void cluster_ips(struct conflict *c, struct catalog_entry *e)
{
	const struct service *svc = OBJ(service, e->obj);
	struct ip ip;

	for (size_t i = 0; i < svc->cluster_ips.n; i++) {
		const char *text = svc->cluster_ips.v[i];
		struct catalog_entry *other;
		char what[80];

		if (!ip_parse(text, &ip))
			continue;
		other = take(c, &(struct addr){ .ip = ip }, e);
		snprintf(what, sizeof(what), "cluster IP %s", text);
		if (other)
			clash(c, other, e, "spec.clusterIP", what,
			      "expected another address, or none to have one allocated");
	}
}

static uint8_t proto_number(const char *name)
{
	return str_is(name, "UDP") ? IPPROTO_UDP : str_is(name, "SCTP") ? IPPROTO_SCTP :
	       IPPROTO_TCP;
}

/* @field: "ports" means its element @i. */
static void node_port(struct conflict *c, struct catalog_entry *e, const char *field, size_t i,
		      const char *protocol, int64_t port)
{
	struct addr key = { .proto = proto_number(protocol), .port = (uint16_t)port };
	struct catalog_entry *other;
	char what[48], where[48];

	if (port <= 0)
		return;
	other = take(c, &key, e);
	if (!other)
		return;
	snprintf(what, sizeof(what), "%s node port %d", protocol, (int)port);
	snprintf(where, sizeof(where), "spec.%s", field);
	if (!strcmp(field, "ports"))
		snprintf(where, sizeof(where), "spec.ports[%zu].nodePort", i);
	clash(c, other, e, where, what, "expected another port, or none to have one allocated");
}

void conflict_check(struct model *m, unsigned int most, struct diag *d)
{
	struct conflict c = { .d = d };
	size_t end = m->catalog->first[KIND_SERVICE + 1];

	addrmap_init(&c.held, m->a);
	for (size_t i = m->catalog->first[KIND_SERVICE]; i < end && diag_errors(d) < most; i++) {
		struct catalog_entry *e = &m->catalog->v[i];
		const struct service *svc = OBJ(service, e->obj);

		cluster_ips(&c, e);
		for (size_t j = 0; j < svc->n_ports; j++)
			node_port(&c, e, "ports", j, svc->ports[j].protocol,
				  svc->ports[j].node_port);
		node_port(&c, e, "healthCheckNodePort", 0, "TCP", svc->health_check_node_port);
	}
}
