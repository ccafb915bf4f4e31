// SPDX-License-Identifier: GPL-2.0
/* What holds for the node as a whole: who is a Pod, where node ports answer. */
#include "resolve.h"

static void prefix_add(struct arena *a, struct prefix **v, size_t *n, const struct prefix *p)
{
	*(struct prefix *)arena_push(a, v, n, sizeof(**v)) = *p;
}

static struct prefix host_prefix(const struct ip *ip)
{
	return (struct prefix){ .ip = *ip, .len = (uint8_t)(ip_len(ip) * 8) };
}

/* Are @a and @b, in this order, the two halves of one prefix? */
static bool halves(const struct prefix *a, const struct prefix *b)
{
	unsigned int bit = a->len ? a->len - 1u : 0;
	struct ip joined = b->ip;

	if (!a->len || a->len != b->len)
		return false;
	joined.b[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
	return !ip_cmp(&a->ip, &joined) && ip_cmp(&a->ip, &b->ip);
}

/* The same addresses in as few prefixes as possible; @v is sorted. Returns how many. */
static size_t aggregate(struct prefix *v, size_t n)
{
	size_t top = 0;

	for (size_t i = 0; i < n; i++) {
		if (top && prefix_has(&v[top - 1], &v[i].ip))
			continue;
		v[top++] = v[i];
		while (top > 1 && halves(&v[top - 2], &v[top - 1]))
			v[--top - 1].len--;
	}
	return top;
}

static void pod_cidrs(struct model *m, struct dp_config *c, struct diag *d)
{
	struct objects nodes = model_kind(m, KIND_NODE);
	struct prefix p;

	for (size_t i = 0; i < nodes.n; i++) {
		const struct node *node = OBJ(node, nodes.v[i]);

		for (size_t j = 0; j < node->pod_cidrs.n; j++)
			if (prefix_parse(node->pod_cidrs.v[j], &p))
				prefix_add(m->a, &c->cluster_cidrs, &c->n_cluster_cidrs, &p);
		if (!node->pod_cidrs.n && prefix_parse(node->pod_cidr, &p))
			prefix_add(m->a, &c->cluster_cidrs, &c->n_cluster_cidrs, &p);
	}
	dp_prefixes_sort(c->cluster_cidrs, c->n_cluster_cidrs);
	c->n_cluster_cidrs = aggregate(c->cluster_cidrs, c->n_cluster_cidrs);
	if (c->n_cluster_cidrs <= SVCNAT_PREFIXES_MAX)
		return;
	diag_warn(d, NULL, NULL, "the Nodes' podCIDRs are %zu prefixes and the kernel takes %d: "
		  "no source counts as off the cluster until --cluster-cidr names them in one",
		  c->n_cluster_cidrs, SVCNAT_PREFIXES_MAX);
	c->n_cluster_cidrs = 0;
}

/* Only the first of a family counts, as kube-proxy has it. */
static void cluster_cidrs(struct model *m, struct dp_config *c, struct diag *d)
{
	const struct prefixes *given = &m->opt->cluster_cidrs;
	bool v4 = false, v6 = false;

	if (!given->n) {
		pod_cidrs(m, c, d);
		return;
	}
	for (size_t i = 0; i < given->n; i++) {
		bool *seen = given->v[i].ip.family == AF_INET ? &v4 : &v6;

		if (!*seen)
			prefix_add(m->a, &c->cluster_cidrs, &c->n_cluster_cidrs, &given->v[i]);
		*seen = true;
	}
}

static bool node_address(const struct node *node, int family, const char *type, struct ip *ip)
{
	for (size_t i = 0; node && i < node->n_addresses; i++)
		if (str_is(node->addresses[i].type, type) &&
		    !ip_fault(node->addresses[i].address, ip) && ip->family == family)
			return true;
	return false;
}

/* A Node object speaks for both families; only without one is the machine asked. */
static bool primary(const struct node *node, const struct prefixes *addrs, int family,
		    struct prefix *out)
{
	struct ip ip;

	if (node_address(node, family, "InternalIP", &ip) ||
	    node_address(node, family, "ExternalIP", &ip)) {
		*out = host_prefix(&ip);
		return true;
	}
	for (size_t i = 0; !node && addrs && i < addrs->n; i++) {
		if (addrs->v[i].ip.family == family) {
			*out = host_prefix(&addrs->v[i].ip);
			return true;
		}
	}
	return false;
}

static bool has_node_port(const struct dp *dp, int family)
{
	for (size_t i = 0; i < dp->n_services; i++) {
		const struct dp_service *s = &dp->services[i];

		for (size_t j = 0; s->family == family && j < s->n_frontends; j++)
			if (s->frontends[j].kind == SVCNAT_FRONTEND_NODE_PORT)
				return true;
	}
	return false;
}

static void nowhere(const struct options *opt, const struct dp *dp, int family, struct diag *d)
{
	if (!has_node_port(dp, family))
		return;
	if (opt->nodeport_mode == NODEPORT_LOCALHOST)
		diag_warn(d, NULL, NULL, "--nodeport-addresses localhost is not supported yet: no "
			  "node port answers; use primary, all or CIDRs");
	else
		diag_warn(d, NULL, NULL, "node ports answer on no %s address: %s",
			  family_name(family), opt->nodeport_mode == NODEPORT_CIDRS ?
			  "--nodeport-addresses names none of that family" :
			  "this node has none; name some by --nodeport-addresses");
}

static void nodeport_addrs(struct model *m, const struct prefixes *addrs, struct dp *dp,
			   int family, struct diag *d)
{
	const struct options *opt = m->opt;
	const struct node *node = OBJ(node, model_find(m, KIND_NODE, NULL, opt->node));
	struct dp_config *c = &dp->config;
	size_t before = c->n_nodeport_addrs;
	struct prefix p = { .ip.family = (uint8_t)family };

	if (opt->nodeport_mode == NODEPORT_ALL ||
	    (opt->nodeport_mode == NODEPORT_PRIMARY && primary(node, addrs, family, &p)))
		prefix_add(m->a, &c->nodeport_addrs, &c->n_nodeport_addrs, &p);
	for (size_t i = 0; opt->nodeport_mode == NODEPORT_CIDRS && i < opt->nodeport_cidrs.n; i++)
		if (opt->nodeport_cidrs.v[i].ip.family == family)
			prefix_add(m->a, &c->nodeport_addrs, &c->n_nodeport_addrs,
				   &opt->nodeport_cidrs.v[i]);
	if (c->n_nodeport_addrs == before)
		nowhere(opt, dp, family, d);
}

/* Whose endpoints are local is decided by a name: one that nobody has is a slip. */
static void check_node_name(const struct model *m, struct diag *d)
{
	struct objects nodes = model_kind(m, KIND_NODE);

	if (nodes.n && !model_find(m, KIND_NODE, NULL, m->opt->node))
		diag_warn(d, NULL, NULL, "no Node object is called %s, so no endpoint counts as "
			  "local: name this node by --node, like %s", m->opt->node,
			  nodes.v[0]->name);
}

void node_config_make(struct model *m, const struct prefixes *node_addrs, struct dp *dp,
		      struct diag *d)
{
	check_node_name(m, d);
	cluster_cidrs(m, &dp->config, d);
	nodeport_addrs(m, node_addrs, dp, AF_INET, d);
	nodeport_addrs(m, node_addrs, dp, AF_INET6, d);
}
