// SPDX-License-Identifier: GPL-2.0
#include <strings.h>
#include "labels.h"
#include "pods.h"

/* Pods that carry one label: a stretch of pods.lists. */
struct posting {
	uint64_t hash;			/* of namespace, key and value; 0: empty */
	uint32_t from, n;
};

struct pods {
	struct pod_info *v;
	size_t n;
	struct posting *table;		/* a power of two, at most half full */
	size_t size;
	uint32_t *lists;
	struct host *hosts;		/* one for each Node object, in its order */
	struct objects nodes;
	struct model *m;
};

static uint64_t mix(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3;
	return (h ^ 0xff) * 0x100000001b3;
}

static uint64_t label_hash(const char *ns, const struct pair *label)
{
	uint64_t h = mix(mix(mix(0xcbf29ce484222325, ns), label->key), label->value);

	h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
	return h ? h : 1;
}

static struct posting *posting_of(const struct pods *p, uint64_t hash)
{
	size_t i = hash & (p->size - 1);

	while (p->table[i].hash && p->table[i].hash != hash)
		i = (i + 1) & (p->size - 1);
	return &p->table[i];
}

/* Hosts */

static void host_fill(struct host *h, const char **name, const char **zone,
		      const struct options *opt)
{
	h->name = *name;
	h->zone = *zone;
	h->name_hint = (struct strings){ name, 1 };
	h->zone_hint = (struct strings){ zone, *zone != NULL };
	h->local = opt->node && !strcasecmp(*name, opt->node);
}

static void hosts_make(struct pods *p)
{
	struct arena *a = p->m->a;

	p->nodes = model_kind(p->m, KIND_NODE);
	p->hosts = arena_alloc(a, p->nodes.n * sizeof(*p->hosts));
	for (size_t i = 0; i < p->nodes.n; i++) {
		const char **texts = arena_alloc(a, 2 * sizeof(*texts));

		texts[0] = p->nodes.v[i]->name;
		texts[1] = map_get(&p->nodes.v[i]->labels, LABEL_ZONE);
		host_fill(&p->hosts[i], &texts[0], &texts[1], p->m->opt);
	}
}

/* A node nobody described has a name all the same. */
static const struct host *host_of(struct pods *p, const char *name)
{
	struct arena *a = p->m->a;
	size_t lo = 0, hi = p->nodes.n;
	const struct node *was;
	const char **texts;
	struct host *h;

	if (!name || !*name)
		return NULL;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(p->hosts[mid].name, name);

		if (!c)
			return &p->hosts[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	texts = arena_alloc(a, 2 * sizeof(*texts));
	texts[0] = name;
	was = model_node(p->m, name);
	if (was)
		texts[1] = map_get(&was->meta.labels, LABEL_ZONE);
	h = arena_alloc(a, sizeof(*h));
	host_fill(h, &texts[0], &texts[1], p->m->opt);
	return h;
}

/* Addresses */

static void ip_take(struct pod_info *info, const char *text)
{
	struct ip ip;
	struct ip *slot;

	if (ip_fault(text, &ip))
		return;
	slot = &info->ip[ip.family == AF_INET6];
	if (!slot->family)
		*slot = ip;
}

static bool has_ip(const struct pod_info *info)
{
	return info->ip[0].family || info->ip[1].family;
}

static void node_ips_take(struct pod_info *info, const struct node *node)
{
	for (size_t i = 0; node && i < node->n_addresses; i++)
		if (str_is(node->addresses[i].type, "InternalIP"))
			ip_take(info, node->addresses[i].address);
}

static void ips_take(struct pods *p, struct pod_info *info)
{
	const struct pod *pod = info->pod;

	for (size_t i = 0; i < pod->n_pod_ips; i++)
		ip_take(info, pod->pod_ips[i].ip);
	if (!pod->n_pod_ips)
		ip_take(info, pod->pod_ip);
	if (pod->host_network != TRI_TRUE || has_ip(info))
		return;
	for (size_t i = 0; i < pod->n_host_ips; i++)
		ip_take(info, pod->host_ips[i].ip);
	if (!has_ip(info))
		ip_take(info, pod->host_ip);
	if (!has_ip(info) && pod->node_name)
		node_ips_take(info, model_node(p->m, pod->node_name));
}

bool pod_is_ready(const struct pod *pod)
{
	for (size_t i = 0; i < pod->n_conditions; i++)
		if (str_is(pod->conditions[i].type, "Ready"))
			return str_is(pod->conditions[i].status, "True");
	return !pod->n_conditions;
}

static void info_fill(struct pods *p, struct pod_info *info, const struct pod *pod)
{
	info->pod = pod;
	info->ready = pod_is_ready(pod);
	info->gone = str_is(pod->phase, "Succeeded") || str_is(pod->phase, "Failed");
	info->host = host_of(p, pod->node_name);
	ips_take(p, info);
}

/* Labels */

/* Counts first, so that each list lies in one piece, then fills in order of name. */
static void lists_make(struct pods *p, size_t n_labels)
{
	uint64_t *hashes = arena_alloc(p->m->a, n_labels * sizeof(*hashes));
	uint64_t *h = hashes;
	uint32_t from = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct object *o = &p->v[i].pod->meta;

		for (size_t j = 0; j < o->labels.n; j++, h++) {
			struct posting *post;

			*h = label_hash(o->ns, &o->labels.v[j]);
			post = posting_of(p, *h);
			post->hash = *h;
			post->n++;
		}
	}
	for (size_t i = 0; i < p->size; i++) {
		p->table[i].from = from;
		from += p->table[i].n;
		p->table[i].n = 0;
	}
	h = hashes;
	for (size_t i = 0; i < p->n; i++) {
		for (size_t j = 0; j < p->v[i].pod->meta.labels.n; j++) {
			struct posting *post = posting_of(p, *h++);

			p->lists[post->from + post->n++] = (uint32_t)i;
		}
	}
}

struct pods *pods_new(struct model *m)
{
	struct objects all = model_kind(m, KIND_POD);
	struct pods *p = arena_alloc(m->a, sizeof(*p));
	size_t n_labels = 0;

	p->m = m;
	p->n = all.n;
	p->v = arena_alloc(m->a, all.n * sizeof(*p->v));
	hosts_make(p);
	for (size_t i = 0; i < all.n; i++) {
		info_fill(p, &p->v[i], OBJ(pod, all.v[i]));
		n_labels += all.v[i]->labels.n;
	}
	for (p->size = 16; p->size < n_labels * 2;)
		p->size *= 2;
	p->table = arena_alloc(m->a, p->size * sizeof(*p->table));
	p->lists = arena_alloc(m->a, n_labels * sizeof(*p->lists));
	lists_make(p, n_labels);
	return p;
}

const uint32_t *pods_candidates(const struct pods *p, const char *ns,
				const struct map *selector, size_t *n)
{
	const struct posting *best = NULL;

	for (size_t i = 0; i < selector->n; i++) {
		const struct posting *post = posting_of(p, label_hash(ns, &selector->v[i]));

		if (!best || post->n < best->n)
			best = post;
	}
	*n = best ? best->n : 0;
	return best ? p->lists + best->from : NULL;
}

const struct pod_info *pods_get(const struct pods *p, uint32_t number)
{
	return &p->v[number];
}

bool pod_matches(const struct pod *pod, const char *ns, const struct map *selector)
{
	if (strcmp(pod->meta.ns, ns))
		return false;
	for (size_t i = 0; i < selector->n; i++)
		if (!str_is(map_get(&pod->meta.labels, selector->v[i].key), selector->v[i].value))
			return false;
	return true;
}

static uint16_t port_in(const struct container *c, const char *name, const char *protocol)
{
	for (size_t i = 0; i < c->n_ports; i++)
		if (str_is(c->ports[i].name, name) && str_same(c->ports[i].protocol, protocol) &&
		    c->ports[i].port > 0)
			return (uint16_t)c->ports[i].port;
	return 0;
}

uint16_t pod_port(const struct pod *pod, const char *name, const char *protocol)
{
	uint16_t port = 0;

	for (size_t i = 0; i < pod->n_containers && !port; i++)
		port = port_in(&pod->containers[i], name, protocol);
	/* An init container that stays, a sidecar, serves as well. */
	for (size_t i = 0; i < pod->n_init_containers && !port; i++)
		if (str_is(pod->init_containers[i].restart_policy, "Always"))
			port = port_in(&pod->init_containers[i], name, protocol);
	return port;
}
