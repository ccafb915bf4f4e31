/* SPDX-License-Identifier: GPL-2.0 */
/* Address prefixes that hold for a whole namespace; immutable, swapped under RCU. */
#ifndef _SVCNAT_CONFIG_H
#define _SVCNAT_CONFIG_H

#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <linux/types.h>

#include "uapi/svcnat.h"

struct svcnat_prefix {
	union nf_inet_addr	addr;
	u8			family;
	u8			len;
};

struct svcnat_prefixes {
	u32			n;
	struct svcnat_prefix	v[SVCNAT_PREFIXES_MAX];
};

/* Source ranges of a service: as many as it needs. */
struct svcnat_ranges {
	u32			n;
	struct svcnat_prefix	v[];
};

/**
 * struct svcnat_config - what holds for the whole namespace
 * @cluster: sources inside are Pods
 * @nodeport: node ports answer on local addresses inside
 * @service: new flows to addresses inside that nobody holds are dropped
 * @node: sources inside are Pods of this node
 * @flags: SVCNAT_CONFIG_F_*
 * @pod_ifname: sources from a device of this name are Pods, if not empty
 * @pod_ifname_len: how much of it has to match: all with its end, or less
 */
struct svcnat_config {
	struct svcnat_prefixes	cluster;
	struct svcnat_prefixes	nodeport;
	struct svcnat_prefixes	service;
	struct svcnat_prefixes	node;
	u32			flags;
	char			pod_ifname[IFNAMSIZ];
	u8			pod_ifname_len;
};

bool svcnat_prefix_canonical(const struct svcnat_prefix *p);
bool svcnat_prefixes_have(const struct svcnat_prefixes *list, u8 family,
			  const union nf_inet_addr *addr);
bool svcnat_ranges_have(const struct svcnat_ranges *list, u8 family,
			const union nf_inet_addr *addr);
bool svcnat_prefixes_of_family(const struct svcnat_prefixes *list, u8 family);

#endif /* _SVCNAT_CONFIG_H */
