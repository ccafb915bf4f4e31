/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one place that knows kernel versions. Supported: 6.1 (Debian 12), 6.12
 * (Debian 13) and the newest in Debian sid. Everything the module calls today
 * has one form in all three.
 */
#ifndef _SVCNAT_COMPAT_H
#define _SVCNAT_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "svcnat needs Linux 6.1 or newer"
#endif

#endif /* _SVCNAT_COMPAT_H */
