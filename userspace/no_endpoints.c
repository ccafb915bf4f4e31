// SPDX-License-Identifier: GPL-2.0
/* Why a port has no endpoints, for who asks; from where endpoints.c takes them. */
#include "sources.h"

/* "TCP port named http" */
static const char *port_text(struct model *m, const char *protocol, const char *name)
{
	return arena_printf(m->a, "%s port %s%s", protocol, name && *name ? "named " : "without a name",
			    name ? name : "");
}

/* NULL: it has no slices. */
static const char *of_slices(struct model *m, const struct service *svc,
			     const struct service_port *port)
{
	size_t n, with_port = 0;
	const struct slice_ref *refs = sources_slices(sources_get(m), svc, &n);

	for (size_t i = 0; i < n; i++)
		with_port += sources_port(port, refs[i].slice->ports, refs[i].slice->n_ports) > 0;
	if (n && !with_port)
		return arena_printf(m->a, "no EndpointSlice of it has a %s",
				    port_text(m, port->protocol, port->name));
	return n ? "its EndpointSlices list none of its IP families" : NULL;
}

static const char *of_endpoints(const struct model *m, const struct service *svc)
{
	if (sources_endpoints(m, svc))
		return "its Endpoints list none for this port and its IP families";
	if (model_find(m, KIND_ENDPOINTS, svc->meta.ns, svc->meta.name))
		return "its Endpoints are marked as not to be mirrored";
	return "no selector, and neither EndpointSlices nor Endpoints";
}

static const char *of_pods(struct model *m, const struct service *svc,
			   const struct service_port *port)
{
	const char *name = port->target_port.str;
	size_t n, over = 0, live = 0, named = 0;
	const struct pods *pods = sources_pods(m);
	const uint32_t *found = pods_candidates(pods, svc->meta.ns, &svc->selector, &n);

	for (size_t i = 0; i < n; i++) {
		const struct pod_info *info = pods_get(pods, found[i]);

		if (!pod_matches(info->pod, svc->meta.ns, &svc->selector))
			continue;
		over += info->gone;
		live += !info->gone;
		named += !info->gone && (!name || pod_port(info->pod, name, port->protocol));
	}
	if (live && !named)
		return arena_printf(m->a, "no selected Pod has a %s",
				    port_text(m, port->protocol, name));
	if (live)
		return "no selected Pod with its port has an address of its IP families";
	if (over)
		return "every Pod it selects has Succeeded or Failed";
	return arena_printf(m->a, "no Pod in namespace %s matches its selector", svc->meta.ns);
}

const char *model_no_endpoints(struct model *m, const struct service *svc,
			       const struct service_port *port)
{
	const char *why = of_slices(m, svc, port);

	if (why)
		return why;
	return svc->selector.n ? of_pods(m, svc, port) : of_endpoints(m, svc);
}
