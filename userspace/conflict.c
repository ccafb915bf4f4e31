// SPDX-License-Identifier: GPL-2.0
/*
 * What no two Services may both hold: a cluster IP, a node port of one protocol.
 * Addresses from outside may be shared; frontends.c finds the winner.
 */
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

/* Where a Service says what another one has. */
struct spot {
	const struct loc *loc;
	char field[48];
};

static struct spot cluster_ip_spot(const struct service *svc, const char *text)
{
	const struct strings *ips = &svc->cluster_ips;
	struct spot spot = { place_of(&svc->meta, &svc->at.cluster_ip, 0), "spec.clusterIP" };

	for (size_t i = 0; i < ips->n && i < svc->at.cluster_ips.n; i++) {
		if (strcmp(ips->v[i], text))
			continue;
		spot.loc = &svc->at.cluster_ips.v[i];
		snprintf(spot.field, sizeof(spot.field), "spec.clusterIPs[%zu]", i);
	}
	return spot;
}

static struct spot node_port_spot(const struct service *svc, const struct addr *key)
{
	struct spot spot = { place_of(&svc->meta, &svc->at.health_check_node_port, 0),
			     "spec.healthCheckNodePort" };

	for (size_t i = 0; i < svc->n_ports; i++) {
		const struct service_port *p = &svc->ports[i];

		if (p->node_port != key->port || proto_number(p->protocol) != key->proto)
			continue;
		spot.loc = p->loc.file ? &p->loc : &svc->meta.loc;
		snprintf(spot.field, sizeof(spot.field), "spec.ports[%zu].nodePort", i);
		break;
	}
	return spot;
}

/* The error is laid to the one that is new, of two new ones to the later. */
static const struct object *blamed(const struct catalog_entry *a, const struct catalog_entry *b)
{
	return b->changed ? b->obj : a->changed ? a->obj : NULL;
}

static void clash(struct conflict *c, const struct object *new, const struct object *old,
		  const struct spot *spot, const char *what, const char *remedy)
{
	char at[256];

	diag_error(c->d, spot->loc, spot->field,
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
		const struct catalog_entry *other;
		const struct object *new;
		struct spot spot;
		char what[80];

		if (!ip_parse(text, &ip))
			continue;
		other = take(c, &(struct addr){ .ip = ip }, e);
		new = other ? blamed(other, e) : NULL;
		if (!new)
			continue;
		spot = cluster_ip_spot(OBJ(service, new), text);
		snprintf(what, sizeof(what), "cluster IP %s", text);
		clash(c, new, new == e->obj ? other->obj : e->obj, &spot, what,
		      "expected another address, or none to have one allocated");
	}
}

static void node_port(struct conflict *c, struct catalog_entry *e, const char *protocol,
		      int64_t port)
{
	struct addr key = { .proto = proto_number(protocol), .port = (uint16_t)port };
	const struct catalog_entry *other;
	const struct object *new;
	struct spot spot;
	char what[48];

	other = port > 0 ? take(c, &key, e) : NULL;
	new = other ? blamed(other, e) : NULL;
	if (!new)
		return;
	spot = node_port_spot(OBJ(service, new), &key);
	snprintf(what, sizeof(what), "%s node port %d", protocol, (int)port);
	clash(c, new, new == e->obj ? other->obj : e->obj, &spot, what,
	      "expected another port, or none to have one allocated");
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
			node_port(&c, e, svc->ports[j].protocol, svc->ports[j].node_port);
		node_port(&c, e, "TCP", svc->health_check_node_port);
	}
}
