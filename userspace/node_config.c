// SPDX-License-Identifier: GPL-2.0
/* What holds for the node as a whole: who is a Pod, where node ports answer. */
#include "resolve.h"

static void prefix_add(struct arena *a, struct prefix **v, size_t *n, const struct prefix *p)
{
	*(struct prefix *)arena_push(a, v, n, sizeof(**v)) = *p;
}

static void prefixes_add_pods(struct model *m, const struct node *node, struct prefix **v, size_t *n)
{
	struct prefix p;

	for (size_t i = 0; node && i < node->pod_cidrs.n; i++)
		if (prefix_parse(node->pod_cidrs.v[i], &p))
			prefix_add(m->a, v, n, &p);
	if (node && !node->pod_cidrs.n && prefix_parse(node->pod_cidr, &p))
		prefix_add(m->a, v, n, &p);
}

/* False: they are more than the kernel takes, even joined. */
static bool tidy(struct prefix *v, size_t *n)
{
	dp_prefixes_sort(v, *n);
	*n = prefixes_join(v, *n);
	return *n <= SVCNAT_PREFIXES_MAX;
}

static void pod_cidrs(struct model *m, struct dp_config *c, struct diag *d)
{
	struct objects nodes = model_kind(m, KIND_NODE);
	const struct node *own = model_node(m, m->opt->node);

	for (size_t i = 0; i < nodes.n; i++)
		prefixes_add_pods(m, OBJ(node, nodes.v[i]), &c->cluster_cidrs, &c->n_cluster_cidrs);
	/* It is not among them if it is gone. */
	prefixes_add_pods(m, own, &c->cluster_cidrs, &c->n_cluster_cidrs);
	if (tidy(c->cluster_cidrs, &c->n_cluster_cidrs))
		return;
	diag_warn(d, NULL, NULL, "the Nodes' podCIDRs are %zu prefixes and the kernel takes %d: "
		  "no source counts as off the cluster until --cluster-cidr names them in one",
		  c->n_cluster_cidrs, SVCNAT_PREFIXES_MAX);
	c->n_cluster_cidrs = 0;
}

/* Only the first of a family counts, as kube-proxy has it. */
static void first_of_each(struct model *m, const struct prefix *v, size_t n, struct dp_config *c)
{
	bool v4 = false, v6 = false;

	for (size_t i = 0; i < n; i++) {
		bool *seen = v[i].ip.family == AF_INET ? &v4 : &v6;

		if (!*seen)
			prefix_add(m->a, &c->cluster_cidrs, &c->n_cluster_cidrs, &v[i]);
		*seen = true;
	}
}

/* Who is a Pod, and which Pods are this node's: its podCIDRs in the order they have there. */
static void pods(struct model *m, struct dp_config *c, struct diag *d)
{
	const struct options *opt = m->opt;

	if (opt->detect == DETECT_INTERFACE) {
		c->pod_interface = opt->pod_interface;
		return;
	}
	prefixes_add_pods(m, model_node(m, opt->node), &c->node_cidrs, &c->n_node_cidrs);
	if (opt->detect == DETECT_NODE_CIDR)
		first_of_each(m, c->node_cidrs, c->n_node_cidrs, c);
	else if (opt->cluster_cidrs.n)
		first_of_each(m, opt->cluster_cidrs.v, opt->cluster_cidrs.n, c);
	else
		pod_cidrs(m, c, d);
	if (opt->detect == DETECT_NODE_CIDR && !c->n_cluster_cidrs)
		diag_warn(d, NULL, NULL, "--detect-local node-cidr: the Node %s has no podCIDRs, so no "
			  "source counts as off the cluster", opt->node);
	if (!tidy(c->node_cidrs, &c->n_node_cidrs))
		c->n_node_cidrs = 0;
}

/* Where an address that no Service holds is refused: only what somebody said is one of these. */
static void service_cidrs(struct model *m, struct dp_config *c, struct diag *d)
{
	struct prefixes all = model_service_cidrs(m);
	size_t by_default = m->opt->service_cidrs_given ? 0 : m->opt->service_cidrs.n;

	for (size_t i = by_default; i < all.n; i++)
		prefix_add(m->a, &c->service_cidrs, &c->n_service_cidrs, &all.v[i]);
	if (tidy(c->service_cidrs, &c->n_service_cidrs))
		return;
	diag_warn(d, NULL, NULL, "the service CIDRs are %zu prefixes and the kernel takes %d: what is "
		  "sent to addresses in them that no Service holds goes on as if they were any other",
		  c->n_service_cidrs, SVCNAT_PREFIXES_MAX);
	c->n_service_cidrs = 0;
}

static bool node_address(const struct node *node, int family, const char *type, struct ip *ip)
{
	for (size_t i = 0; node && i < node->n_addresses; i++)
		if (str_is(node->addresses[i].type, type) &&
		    !ip_fault(node->addresses[i].address, ip) && ip->family == family)
			return true;
	return false;
}

/* By its Node object, which speaks for both families. */
static bool primary(const struct node *node, int family, struct prefix *out)
{
	struct ip ip;

	if (!node_address(node, family, "InternalIP", &ip) &&
	    !node_address(node, family, "ExternalIP", &ip))
		return false;
	*out = prefix_of(&ip);
	return true;
}

struct prefixes node_addresses(struct model *m, const struct prefixes *machine)
{
	static const struct prefixes none;
	const struct node *node = model_node(m, m->opt->node);
	struct prefixes out = { 0 };
	struct ip ip;

	if (!node)
		return machine ? *machine : none;
	for (size_t i = 0; i < node->n_addresses; i++) {
		const struct node_address *a = &node->addresses[i];
		struct prefix p;

		if ((!str_is(a->type, "InternalIP") && !str_is(a->type, "ExternalIP")) ||
		    ip_fault(a->address, &ip))
			continue;
		p = prefix_of(&ip);
		prefix_add(m->a, &out.v, &out.n, &p);
	}
	return out;
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
	diag_warn(d, NULL, NULL, "node ports answer on no %s address: %s", family_name(family),
		  opt->nodeport_mode == NODEPORT_CIDRS ?
		  "--nodeport-addresses names none of that family" :
		  "this node has none; name some by --nodeport-addresses");
}

static void nodeport_addrs(struct model *m, const struct prefixes *addrs, struct dp *dp,
			   int family, struct diag *d)
{
	const struct options *opt = m->opt;
	const struct node *node = model_node(m, opt->node);
	struct dp_config *c = &dp->config;
	size_t before = c->n_nodeport_addrs;
	struct prefix p = { .ip.family = (uint8_t)family };

	if (opt->nodeport_mode == NODEPORT_ALL ||
	    (opt->nodeport_mode == NODEPORT_PRIMARY && primary(node, family, &p)))
		prefix_add(m->a, &c->nodeport_addrs, &c->n_nodeport_addrs, &p);
	for (size_t i = 0; opt->nodeport_mode == NODEPORT_CIDRS && i < opt->nodeport_cidrs.n; i++)
		if (opt->nodeport_cidrs.v[i].ip.family == family)
			prefix_add(m->a, &c->nodeport_addrs, &c->n_nodeport_addrs,
				   &opt->nodeport_cidrs.v[i]);
	if (opt->nodeport_mode == NODEPORT_PRIMARY && !node) {
		/* The kernel sees at once what becomes of the machine's addresses. */
		c->flags |= SVCNAT_CONFIG_F_NODEPORT_PRIMARY;
		if (addrs && prefixes_have(addrs, family))
			return;
	}
	if (c->n_nodeport_addrs == before)
		nowhere(opt, dp, family, d);
}

/* Whose endpoints are local is decided by a name: one that nobody has is a slip. */
static void check_node_name(const struct model *m, struct diag *d)
{
	struct objects nodes = model_kind(m, KIND_NODE);

	if (model_find(m, KIND_NODE, NULL, m->opt->node))
		return;
	if (model_node(m, m->opt->node))
		diag_warn(d, NULL, NULL, "the Node %s is gone: this node goes on with the addresses, "
			  "podCIDRs and zone it had; apply it again, or name this node anew by --node",
			  m->opt->node);
	else if (nodes.n)
		diag_warn(d, NULL, NULL, "no Node object is called %s, so no endpoint counts as "
			  "local: name this node by --node, like %s", m->opt->node,
			  nodes.v[0]->name);
}

void node_config_make(struct model *m, const struct prefixes *node_addrs, struct dp *dp,
		      struct diag *d)
{
	check_node_name(m, d);
	pods(m, &dp->config, d);
	service_cidrs(m, &dp->config, d);
	nodeport_addrs(m, node_addrs, dp, AF_INET, d);
	nodeport_addrs(m, node_addrs, dp, AF_INET6, d);
	if (m->opt->masquerade_all)
		dp->config.flags |= SVCNAT_CONFIG_F_MASQUERADE_ALL;
	if (m->opt->no_fast_path)
		dp->config.flags |= SVCNAT_CONFIG_F_NO_SHORTCUT;
}
