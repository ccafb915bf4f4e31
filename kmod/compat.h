/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Supported: 6.1 (Debian 12), 6.12
 * (Debian 13) and the newest in Debian sid.
 */
#ifndef _SVCNAT_COMPAT_H
#define _SVCNAT_COMPAT_H

#include <linux/version.h>
#include <net/genetlink.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "svcnat needs Linux 6.1 or newer"
#endif

/* A dump's request, parsed: 6.7 moved it. */
static inline struct nlattr **svcnat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* Joining a multicast group needs CAP_NET_ADMIN: 6.8 gave the flag a name of its own. */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SVCNAT_GROUP_FLAGS GENL_MCAST_CAP_NET_ADMIN
#else
#define SVCNAT_GROUP_FLAGS GENL_UNS_ADMIN_PERM
#endif

#endif /* _SVCNAT_COMPAT_H */
