/* SPDX-License-Identifier: GPL-2.0 */
/*
 * That netfilter's rules changed, as far as one can know. The flow cache asks with every
 * packet, so that connections pass new rules at once.
 *
 * Nftables tells which generation of rules is in use. But some of a transaction (sets of
 * ranges, a chain's policy) comes into effect a moment after that, and packets are on
 * their way that passed the rules before. So for SVCNAT_RULES_SETTLE after a change what
 * passed the rules is good for only that long; which will do for further changes within
 * half of it, too: who changes rules all the time does not end the cache.
 *
 * What has no generation (legacy iptables, ipset, elements that expire or that packets
 * add) nobody hears of.
 */
#ifndef _SVCNAT_RULES_H
#define _SVCNAT_RULES_H

#include <linux/jiffies.h>
#include <linux/spinlock.h>

#include "compat.h"

#define SVCNAT_RULES_SETTLE	HZ

/**
 * struct svcnat_rules - of a namespace
 * @nft: svcnat_nft_gen() when a packet looked last
 * @gen: counts changes that all connections are to hear of
 * @at: the last change was seen (jiffies)
 * @lock: guards writing, and that what is written to @nft is newer than what was there
 */
struct svcnat_rules {
	u32		nft;
	u32		gen;
	unsigned long	at;
	spinlock_t	lock;
};

void svcnat_rules_init(struct svcnat_rules *rules);
void svcnat_rules_changed(struct svcnat_rules *rules, const struct net *net);

/* Before @gen is looked at. Any context, without @lock. */
static inline void svcnat_rules_hear(struct svcnat_rules *rules, const struct net *net)
{
	/* Who sees it up to date sees @gen, too; pairs with svcnat_rules_changed(). */
	if (unlikely(smp_load_acquire(&rules->nft) != svcnat_nft_gen(net)))
		svcnat_rules_changed(rules, net);
}

/* May a packet have passed other rules than the next one will? */
static inline bool svcnat_rules_settling(const struct svcnat_rules *rules)
{
	unsigned long at = smp_load_acquire(&rules->at);	/* jiffies after it: not older */

	return jiffies - at < SVCNAT_RULES_SETTLE;
}

#endif /* _SVCNAT_RULES_H */
