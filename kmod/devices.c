// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a namespace the flow cache is hooked into; see cache.h.
 *
 * All of them but loopback, as any may bring packets of a Service, from the first
 * connection on that is worth an entry: a namespace that has none pays nothing. The list
 * is guarded by the RTNL, which also orders it with devices that come and go. Entries
 * hold neighbours and those hold devices, so a device that goes down takes them along.
 */

#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/neighbour.h>

#include "cache.h"
#include "netns.h"

/**
 * struct hooked - a device
 * @ops: what was registered; @ops.dev is it
 * @link: in &svcnat_cache.devices
 * @rcu: frees it; "nft list hooks" reads @ops
 */
struct hooked {
	struct nf_hook_ops	ops;
	struct list_head	link;
	struct rcu_head		rcu;
};

/* Devices are followed; by the RTNL. */
static bool following;

static struct hooked *hooked_find(const struct svcnat_cache *cache, const struct net_device *dev)
{
	struct hooked *h;

	list_for_each_entry(h, &cache->devices, link)
		if (h->ops.dev == dev)
			return h;
	return NULL;
}

/* Without memory, or in a kernel without ingress hooks: it goes the slow road. */
static void hook(struct svcnat_net *sn, struct net_device *dev)
{
	struct hooked *h;

	ASSERT_RTNL();
	if (sn->cache.closed || dev->flags & IFF_LOOPBACK || hooked_find(&sn->cache, dev))
		return;
	h = kzalloc(sizeof(*h), GFP_KERNEL);
	if (!h)
		return;
	h->ops.hook = svcnat_hook_ingress;
	h->ops.pf = NFPROTO_NETDEV;
	h->ops.hooknum = NF_NETDEV_INGRESS;
	h->ops.priority = INT_MAX;	/* rules and flow tables at ingress come first */
	h->ops.priv = sn;
	h->ops.dev = dev;
	if (nf_register_net_hook(sn->net, &h->ops)) {
		kfree(h);
		return;
	}
	list_add(&h->link, &sn->cache.devices);
}

/* @h: may be NULL */
static void unhook(struct svcnat_net *sn, struct hooked *h)
{
	ASSERT_RTNL();
	if (!h)
		return;
	list_del(&h->link);
	nf_unregister_net_hook(sn->net, &h->ops);
	kfree_rcu(h, rcu);
}

static void begin_work(struct work_struct *work)
{
	struct svcnat_net *sn = container_of(work, struct svcnat_net, cache.begin);
	struct net_device *dev;

	rtnl_lock();
	if (following && !sn->cache.closed) {
		if (svcnat_cache_open(&sn->cache))
			WRITE_ONCE(sn->cache.asked, false);
		else
			for_each_netdev(sn->net, dev)
				hook(sn, dev);
	}
	rtnl_unlock();
}

/**
 * svcnat_devices_ask - somebody has a connection worth an entry
 * @sn: namespace whose cache has no table
 *
 * Any context. Does something once, if there is memory.
 */
void svcnat_devices_ask(struct svcnat_net *sn)
{
	if (IS_ENABLED(CONFIG_NETFILTER_INGRESS) && !READ_ONCE(sn->cache.asked) &&
	    !xchg(&sn->cache.asked, true))
		queue_work(svcnat_wq, &sn->cache.begin);
}

static bool is_through(const struct svcnat_cached *c, const void *data)
{
	const struct net_device *dev = data;

	return c->iif == dev->ifindex || c->dst->dev == dev || c->neigh->dev == dev;
}

static int device_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct svcnat_net *sn = svcnat_net_of(dev_net(dev));

	if (!rcu_access_pointer(sn->cache.table))
		return NOTIFY_DONE;
	switch (event) {
	case NETDEV_REGISTER:
		hook(sn, dev);
		break;
	case NETDEV_DOWN:
		if (dev->dismantle)	/* once is enough */
			break;
		fallthrough;
	case NETDEV_CHANGEMTU:
	case NETDEV_UNREGISTER:
		if (event == NETDEV_UNREGISTER)
			unhook(sn, hooked_find(&sn->cache, dev));
		svcnat_cache_del_all(&sn->cache, is_through, dev);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_event,
};

/**
 * svcnat_devices_init - hooked into nothing
 * @sn: namespace
 */
void svcnat_devices_init(struct svcnat_net *sn)
{
	INIT_LIST_HEAD(&sn->cache.devices);
	INIT_WORK(&sn->cache.begin, begin_work);
}

/**
 * svcnat_devices_leave - see no packets any more; those on their way take a grace period
 * @sn: namespace that goes
 */
void svcnat_devices_leave(struct svcnat_net *sn)
{
	struct hooked *h, *next;

	rtnl_lock();
	sn->cache.closed = true;
	list_for_each_entry_safe(h, next, &sn->cache.devices, link)
		unhook(sn, h);
	rtnl_unlock();
}

/**
 * svcnat_devices_exit - nothing of svcnat_devices_ask() is under way any more
 * @sn: namespace that was left, since a grace period
 */
void svcnat_devices_exit(struct svcnat_net *sn)
{
	cancel_work_sync(&sn->cache.begin);
}

/**
 * svcnat_devices_module_init - follow devices as they come and go
 *
 * Return: 0 or a negative errno.
 */
int svcnat_devices_module_init(void)
{
	int err = register_netdevice_notifier(&device_notifier);

	if (err)
		return err;
	rtnl_lock();
	following = true;
	rtnl_unlock();
	return 0;
}

/**
 * svcnat_devices_module_exit - leave all devices
 */
void svcnat_devices_module_exit(void)
{
	rtnl_lock();
	following = false;
	rtnl_unlock();
	/* Tells of each device that it goes. */
	unregister_netdevice_notifier(&device_notifier);
}
