// SPDX-License-Identifier: GPL-2.0
/* svcnat: Kubernetes Services in the kernel. Loading and unloading. */

#include <linux/module.h>
#include <net/netfilter/nf_nat_masquerade.h>

#include "address.h"
#include "backend.h"
#include "cache.h"
#include "compat.h"
#include "netlink.h"
#include "netns.h"
#include "pick.h"
#include "service.h"
#include "txn.h"
#include "vip.h"

static int __init svcnat_init(void)
{
	int err;

	svcnat_address_module_init();
	svcnat_pick_module_init();
	err = svcnat_service_module_init();
	if (err)
		return err;
	err = svcnat_backend_module_init();
	if (err)
		goto service;
	err = svcnat_vip_module_init();
	if (err)
		goto backend;
	err = svcnat_txn_module_init();
	if (err)
		goto vip;
	err = svcnat_cache_module_init();
	if (err)
		goto txn;
	err = nf_nat_masquerade_inet_register_notifiers();
	if (err)
		goto cache;
	err = svcnat_net_register();
	if (err)
		goto masquerade;
	err = svcnat_devices_module_init();
	if (err)
		goto net;
	err = svcnat_netlink_module_init();
	if (err)
		goto devices;
	return 0;

devices:
	svcnat_devices_module_exit();
net:
	svcnat_net_unregister();
masquerade:
	nf_nat_masquerade_inet_unregister_notifiers();
cache:
	svcnat_cache_module_exit();
txn:
	svcnat_txn_module_exit();
vip:
	svcnat_vip_module_exit();
backend:
	svcnat_backend_module_exit();
service:
	svcnat_service_module_exit();
	return err;
}

static void __exit svcnat_exit(void)
{
	svcnat_netlink_module_exit();
	svcnat_devices_module_exit();
	svcnat_net_unregister();
	nf_nat_masquerade_inet_unregister_notifiers();
	svcnat_cache_module_exit();
	svcnat_txn_module_exit();
	svcnat_vip_module_exit();
	svcnat_backend_module_exit();
	svcnat_service_module_exit();
}

module_init(svcnat_init);
module_exit(svcnat_exit);

MODULE_DESCRIPTION("Kubernetes Service data plane");
MODULE_LICENSE("GPL");
MODULE_VERSION(SVCNAT_VERSION);
MODULE_ALIAS_GENL_FAMILY(SVCNAT_GENL_NAME);
