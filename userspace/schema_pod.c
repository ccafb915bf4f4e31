// SPDX-License-Identifier: GPL-2.0
/* The fields of a Pod, most of them not ours. */
#include "schema_impl.h"

LIST_PAIR(pod, containers);
LIST_PAIR(pod, init_containers);
LIST_PAIR(pod, pod_ips);
LIST_PAIR(pod, host_ips);
LIST_PAIR(pod, conditions);
LIST_PAIR(container, ports);

static const char *const phases[] = {
	"Pending", "Running", "Succeeded", "Failed", "Unknown", NULL
};
static const char *const statuses[] = { "True", "False", "Unknown", NULL };

static const struct field container_port_fields[] = {
	PORT("containerPort", container_port, port),
	ANY("hostIP"),
	PORT_OR_0("hostPort", container_port, host_port),
	STRING("name", container_port, name),
	ENUM("protocol", container_port, protocol, schema_protocols),
};
SCHEMA(container_port, struct container_port);

static const struct field container_fields[] = {
	ANY("args"),
	ANY("command"),
	ANY("env"),
	ANY("envFrom"),
	ANY("image"),
	ANY("imagePullPolicy"),
	ANY("lifecycle"),
	ANY("livenessProbe"),
	STRING("name", container, name),
	LIST("ports", container, ports, container_port),
	ANY("readinessProbe"),
	ANY("resizePolicy"),
	ANY("resources"),
	STRING("restartPolicy", container, restart_policy),
	ANY("restartPolicyRules"),
	ANY("securityContext"),
	ANY("startupProbe"),
	ANY("stdin"),
	ANY("stdinOnce"),
	ANY("terminationMessagePath"),
	ANY("terminationMessagePolicy"),
	ANY("tty"),
	ANY("volumeDevices"),
	ANY("volumeMounts"),
	ANY("workingDir"),
};
SCHEMA(container, struct container);

static const struct field pod_spec_fields[] = {
	ANY("activeDeadlineSeconds"),
	ANY("affinity"),
	ANY("automountServiceAccountToken"),
	LIST("containers", pod, containers, container),
	ANY("dnsConfig"),
	ANY("dnsPolicy"),
	ANY("enableServiceLinks"),
	ANY("ephemeralContainers"),
	ANY("hostAliases"),
	ANY("hostIPC"),
	BOOL("hostNetwork", pod, host_network),
	ANY("hostPID"),
	ANY("hostUsers"),
	STRING("hostname", pod, hostname),
	ANY("hostnameOverride"),
	ANY("imagePullSecrets"),
	LIST("initContainers", pod, init_containers, container),
	STRING("nodeName", pod, node_name),
	ANY("nodeSelector"),
	ANY("os"),
	ANY("overhead"),
	ANY("preemptionPolicy"),
	ANY("priority"),
	ANY("priorityClassName"),
	ANY("readinessGates"),
	ANY("resourceClaims"),
	ANY("resources"),
	ANY("restartPolicy"),
	ANY("runtimeClassName"),
	ANY("schedulerName"),
	ANY("schedulingGates"),
	ANY("schedulingGroup"),
	ANY("securityContext"),
	ANY("serviceAccount"),
	ANY("serviceAccountName"),
	ANY("setHostnameAsFQDN"),
	ANY("shareProcessNamespace"),
	STRING("subdomain", pod, subdomain),
	ANY("terminationGracePeriodSeconds"),
	ANY("tolerations"),
	ANY("topologySpreadConstraints"),
	ANY("volumes"),
	ANY("workloadRef"),
};
SCHEMA(pod_spec, struct pod);

static const struct field ip_entry_fields[] = {
	STRING("ip", ip_entry, ip),
};
SCHEMA_LOC(ip_entry, struct ip_entry, offsetof(struct ip_entry, loc));

static const struct field condition_fields[] = {
	ANY("lastProbeTime"),
	ANY("lastTransitionTime"),
	ANY("message"),
	ANY("observedGeneration"),
	ANY("reason"),
	ENUM("status", condition, status, statuses),
	STRING("type", condition, type),
};
SCHEMA(condition, struct condition);

static const struct field pod_status_fields[] = {
	ANY("allocatedResources"),
	LIST("conditions", pod, conditions, condition),
	ANY("containerStatuses"),
	ANY("ephemeralContainerStatuses"),
	ANY("extendedResourceClaimStatus"),
	STRING("hostIP", pod, host_ip),
	LIST("hostIPs", pod, host_ips, ip_entry),
	ANY("initContainerStatuses"),
	ANY("message"),
	ANY("nodeAllocatableResourceClaimStatuses"),
	ANY("nominatedNodeName"),
	ANY("observedGeneration"),
	ENUM("phase", pod, phase, phases),
	PLACED_STRING("podIP", pod, pod_ip),
	LIST("podIPs", pod, pod_ips, ip_entry),
	ANY("qosClass"),
	ANY("reason"),
	ANY("resize"),
	ANY("resourceClaimStatuses"),
	ANY("resources"),
	ANY("startTime"),
};
SCHEMA(pod_status, struct pod);

static const struct field schema_pod_fields[] = {
	HEAD,
	INLINE("spec", pod_spec),
	INLINE("status", pod_status),
};
SCHEMA_SHARED(schema_pod, struct pod);
