/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options every verb takes, from the command line, SVCCTL_* in the environment
 * or --config FILE ("name: value" lines, YAML), in this order of precedence. What
 * decides what the kernel holds is kept in the state with what was applied, and
 * holds for later commands that are not given it.
 */
#ifndef SVCCTL_OPTIONS_H
#define SVCCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ip.h"

enum nodeport_mode { NODEPORT_PRIMARY, NODEPORT_ALL, NODEPORT_CIDRS };

/* Which sources are Pods: those inside the cluster's CIDRs, the node's, or from a device. */
enum detect_mode { DETECT_CLUSTER_CIDR, DETECT_NODE_CIDR, DETECT_INTERFACE };

#define OPTIONS_KEPT 11

struct options {
	const char *node;		/* --node, default: host name; trimmed, lower case */
	struct prefixes cluster_cidrs;	/* --cluster-cidr; empty: the Nodes' podCIDRs */
	struct prefixes service_cidrs;	/* --service-cidr, default 10.96.0.0/12, fd00:10:96::/112 */
	bool service_cidrs_given;	/* not by default: unused addresses in them are dropped */
	struct prefixes lb_pools;	/* --lb-pool; default none: no LB address is allocated */
	struct prefixes external_ips;	/* --external-ips, default none: externalIPs are ignored */
	enum nodeport_mode nodeport_mode; /* --nodeport-addresses primary|all|CIDR,… */
	struct prefixes nodeport_cidrs;
	uint16_t nodeport_min;		/* --nodeport-range, default 30000-32767 */
	uint16_t nodeport_max;
	enum detect_mode detect;	/* --detect-local, default cluster-cidr */
	const char *pod_interface;	/* with DETECT_INTERFACE: bridge=NAME, or prefix=NAME as "NAME*" */
	bool strict_ranges;		/* --source-ranges kube-proxy|strict, default kube-proxy */
	bool masquerade_all;		/* --masquerade-all, default no */
	bool no_fast_path;		/* --fast-path=no; default yes */
	const char *state;		/* --state, default /var/lib/svcctl/state.db */
	const char *text[OPTIONS_KEPT];	/* those kept, as given; NULL: by default */
};

#endif
