// SPDX-License-Identifier: GPL-2.0
#include "schema_impl.h"

LIST_PAIR(service, ports);
LIST_PAIR(service, ingress);
LIST_PAIR(endpoints, subsets);
LIST_PAIR(ep_subset, addresses);
LIST_PAIR(ep_subset, not_ready);
LIST_PAIR(ep_subset, ports);
LIST_PAIR(slice, endpoints);
LIST_PAIR(slice, ports);
LIST_PAIR(node, addresses);

const char *const schema_protocols[] = { "TCP", "UDP", "SCTP", NULL };
static const char *const families[] = { "IPv4", "IPv6", NULL };
static const char *const policies[] = { "Cluster", "Local", NULL };

static const struct field schema_meta_fields[] = {
	PLACED_MAP("annotations", object, annotations),
	ANY("clusterName"),
	STRING("creationTimestamp", object, created),
	ANY("deletionGracePeriodSeconds"),
	STRING("deletionTimestamp", object, deleted),
	ANY("finalizers"),
	ANY("generateName"),
	ANY("generation"),
	PLACED_MAP("labels", object, labels),
	ANY("managedFields"),
	PLACED_STRING("name", object, name),
	PLACED_STRING("namespace", object, ns),
	ANY("ownerReferences"),
	STRING("resourceVersion", object, resource_version),
	ANY("selfLink"),
	STRING("uid", object, uid),
};
SCHEMA_SHARED(schema_meta, struct object);

/* Service */

static const char *const service_types[] = {
	"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL
};
static const char *const affinities[] = { "None", "ClientIP", NULL };
static const char *const family_policies[] = {
	"SingleStack", "PreferDualStack", "RequireDualStack", NULL
};
static const char *const ip_modes[] = { "VIP", "Proxy", NULL };

static const struct field service_port_fields[] = {
	STRING("appProtocol", service_port, app_protocol),
	STRING("name", service_port, name),
	PORT_OR_0("nodePort", service_port, node_port),
	PORT("port", service_port, port),
	ENUM("protocol", service_port, protocol, schema_protocols),
	{ NAME("targetPort"), .type = F_INT_OR_STR, .flags = FIELD_ZERO_UNSET,
	  .offset = offsetof(struct service_port, target_port), .min = 1, .max = 65535,
	  .noun = "a port" },
};
SCHEMA_LOC(service_port, struct service_port, offsetof(struct service_port, loc));

static const struct field client_ip_fields[] = {
	INT("timeoutSeconds", service, affinity_timeout, 1, 86400, "a time in seconds"),
};
SCHEMA(client_ip, struct service);

static const struct field affinity_config_fields[] = {
	INLINE("clientIP", client_ip),
};
SCHEMA(affinity_config, struct service);

static const struct field service_spec_fields[] = {
	BOOL("allocateLoadBalancerNodePorts", service, allocate_node_ports),
	PLACED_STRING("clusterIP", service, cluster_ip),
	PLACED_STRINGS("clusterIPs", service, cluster_ips),
	PLACED_STRINGS("externalIPs", service, external_ips),
	PLACED_STRING("externalName", service, external_name),
	ENUM("externalTrafficPolicy", service, external_traffic_policy, policies),
	{ NAME("healthCheckNodePort"), .type = F_INT, .flags = FIELD_ZERO_UNSET,
	  PLACED(service, health_check_node_port), .min = 1, .max = 65535, .noun = "a port" },
	ENUM("internalTrafficPolicy", service, internal_traffic_policy, policies),
	{ NAME("ipFamilies"), .type = F_STRINGS, PLACED(service, ip_families),
	  .values = families },
	ENUM("ipFamilyPolicy", service, ip_family_policy, family_policies),
	STRING("loadBalancerClass", service, load_balancer_class),
	PLACED_STRING("loadBalancerIP", service, load_balancer_ip),
	PLACED_STRINGS("loadBalancerSourceRanges", service, source_ranges),
	LIST("ports", service, ports, service_port),
	BOOL("publishNotReadyAddresses", service, publish_not_ready),
	PLACED_MAP("selector", service, selector),
	ENUM("sessionAffinity", service, session_affinity, affinities),
	INLINE("sessionAffinityConfig", affinity_config),
	ANY("topologyKeys"),
	STRING("trafficDistribution", service, traffic_distribution),
	ENUM("type", service, type, service_types),
};
SCHEMA(service_spec, struct service);

static const struct field ingress_fields[] = {
	STRING("hostname", ingress_ip, hostname),
	STRING("ip", ingress_ip, ip),
	ENUM("ipMode", ingress_ip, ip_mode, ip_modes),
	ANY("ports"),
};
SCHEMA(ingress, struct ingress_ip);

static const struct field load_balancer_fields[] = {
	LIST("ingress", service, ingress, ingress),
};
SCHEMA(load_balancer, struct service);

static const struct field service_status_fields[] = {
	ANY("conditions"),
	INLINE("loadBalancer", load_balancer),
};
SCHEMA(service_status, struct service);

static const struct field service_fields[] = {
	HEAD,
	INLINE("spec", service_spec),
	INLINE("status", service_status),
};
SCHEMA(service, struct service);

/* Endpoints and EndpointSlice */

static const struct field target_fields[] = {
	ANY("apiVersion"),
	ANY("fieldPath"),
	STRING("kind", target_ref, kind),
	STRING("name", target_ref, name),
	STRING("namespace", target_ref, ns),
	ANY("resourceVersion"),
	STRING("uid", target_ref, uid),
};
SCHEMA(target, struct target_ref);

static const struct field ep_port_fields[] = {
	STRING("appProtocol", ep_port, app_protocol),
	STRING("name", ep_port, name),
	INT("port", ep_port, port, 0, 65535, "a port"),
	ENUM("protocol", ep_port, protocol, schema_protocols),
};
SCHEMA(ep_port, struct ep_port);

static const struct field ep_address_fields[] = {
	STRING("hostname", ep_address, hostname),
	STRING("ip", ep_address, ip),
	STRING("nodeName", ep_address, node_name),
	STRUCT_AT("targetRef", offsetof(struct ep_address, target), target),
};
SCHEMA_LOC(ep_address, struct ep_address, offsetof(struct ep_address, loc));

static const struct field subset_fields[] = {
	LIST("addresses", ep_subset, addresses, ep_address),
	LIST("notReadyAddresses", ep_subset, not_ready, ep_address),
	LIST("ports", ep_subset, ports, ep_port),
};
SCHEMA(subset, struct ep_subset);

static const struct field endpoints_fields[] = {
	HEAD,
	LIST("subsets", endpoints, subsets, subset),
};
SCHEMA(endpoints, struct endpoints);

static const char *const address_types[] = { "IPv4", "IPv6", "FQDN", NULL };

static const struct field slice_conditions_fields[] = {
	BOOL("ready", slice_endpoint, ready),
	BOOL("serving", slice_endpoint, serving),
	BOOL("terminating", slice_endpoint, terminating),
};
SCHEMA(slice_conditions, struct slice_endpoint);

/* {name: X}, an element of a struct strings */
static const struct field hint_fields[] = {
	{ NAME("name"), .type = F_STRING, .offset = 0 },
};
SCHEMA(hint, const char *);

static const struct field hints_fields[] = {
	LIST("forNodes", slice_endpoint, hint_nodes, hint),
	LIST("forZones", slice_endpoint, hint_zones, hint),
};
SCHEMA(hints, struct slice_endpoint);

static const struct field slice_endpoint_fields[] = {
	STRINGS("addresses", slice_endpoint, addresses),
	INLINE("conditions", slice_conditions),
	ANY("deprecatedTopology"),
	INLINE("hints", hints),
	STRING("hostname", slice_endpoint, hostname),
	STRING("nodeName", slice_endpoint, node_name),
	STRUCT_AT("targetRef", offsetof(struct slice_endpoint, target), target),
	STRING("zone", slice_endpoint, zone),
};
SCHEMA_LOC(slice_endpoint, struct slice_endpoint, offsetof(struct slice_endpoint, loc));

static const struct field slice_fields[] = {
	ENUM("addressType", slice, address_type, address_types),
	STRING("apiVersion", object, api_version),
	LIST("endpoints", slice, endpoints, slice_endpoint),
	{ NAME("kind"), .type = F_KIND },
	INLINE("metadata", schema_meta),
	LIST("ports", slice, ports, ep_port),
};
SCHEMA(slice, struct slice);

/* Node, Namespace, ServiceCIDR, List */

static const struct field node_spec_fields[] = {
	ANY("configSource"),
	ANY("externalID"),
	STRING("podCIDR", node, pod_cidr),
	STRINGS("podCIDRs", node, pod_cidrs),
	ANY("providerID"),
	ANY("taints"),
	ANY("unschedulable"),
};
SCHEMA(node_spec, struct node);

static const struct field node_address_fields[] = {
	STRING("address", node_address, address),
	STRING("type", node_address, type),
};
SCHEMA(node_address, struct node_address);

static const struct field node_status_fields[] = {
	LIST("addresses", node, addresses, node_address),
	ANY("allocatable"),
	ANY("capacity"),
	ANY("conditions"),
	ANY("config"),
	ANY("daemonEndpoints"),
	ANY("declaredFeatures"),
	ANY("features"),
	ANY("images"),
	ANY("nodeInfo"),
	ANY("phase"),
	ANY("runtimeHandlers"),
	ANY("volumesAttached"),
	ANY("volumesInUse"),
};
SCHEMA(node_status, struct node);

static const struct field node_fields[] = {
	HEAD,
	INLINE("spec", node_spec),
	INLINE("status", node_status),
};
SCHEMA(node, struct node);

static const struct field namespace_fields[] = {
	HEAD,
	ANY("spec"),
	ANY("status"),
};
SCHEMA(namespace, struct namespace);

static const struct field cidr_spec_fields[] = {
	PLACED_STRINGS("cidrs", service_cidr, cidrs),
};
SCHEMA(cidr_spec, struct service_cidr);

static const struct field service_cidr_fields[] = {
	HEAD,
	INLINE("spec", cidr_spec),
	ANY("status"),
};
SCHEMA(service_cidr, struct service_cidr);

static const struct field list_fields[] = {
	ANY("apiVersion"),
	{ NAME("items"), .type = F_ITEMS },
	ANY("kind"),
	ANY("metadata"),
};

const struct schema schema_list = {
	.fields = list_fields,
	.n = sizeof(list_fields) / sizeof(*list_fields),
};

const struct schema *schema_of(enum kind k)
{
	static const struct schema *const of[KIND_MAX] = {
		[KIND_SERVICE] = &service,
		[KIND_POD] = &schema_pod,
		[KIND_ENDPOINTS] = &endpoints,
		[KIND_SLICE] = &slice,
		[KIND_NODE] = &node,
		[KIND_NAMESPACE] = &namespace,
		[KIND_SERVICE_CIDR] = &service_cidr,
	};

	return of[k];
}

const char *schema_api(enum kind k)
{
	return k == KIND_SLICE ? "discovery.k8s.io/v1" :
	       k == KIND_SERVICE_CIDR ? "networking.k8s.io/v1" : "v1";
}

void schema_init(const struct schema *s, void *base)
{
	for (const struct field *f = s->fields; f < s->fields + s->n; f++) {
		void *at = (char *)base + f->offset;

		if (f->type == F_INT)
			*(int64_t *)at = -1;
		else if (f->type == F_INT_OR_STR)
			((struct int_or_str *)at)->num = -1;
		else if (f->type == F_STRUCT)
			schema_init(f->sub, at);
	}
}
