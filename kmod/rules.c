// SPDX-License-Identifier: GPL-2.0
/* What is done about a change of rules; see rules.h. */

#include "rules.h"

/**
 * svcnat_rules_init - of nothing yet
 * @rules: zeroed
 */
void svcnat_rules_init(struct svcnat_rules *rules)
{
	rules->at = jiffies - SVCNAT_RULES_SETTLE;
	spin_lock_init(&rules->lock);
}

/**
 * svcnat_rules_changed - a packet saw that they did
 * @rules: of its namespace
 * @net: the namespace
 *
 * Any context. On return all connections are to pass the rules again, now or within
 * SVCNAT_RULES_SETTLE.
 */
void svcnat_rules_changed(struct svcnat_rules *rules, const struct net *net)
{
	bool soon;
	u32 nft;

	spin_lock_bh(&rules->lock);
	nft = svcnat_nft_gen(net);
	if (rules->nft != nft) {
		/*
		 * Then what passed since the last one is good for no longer than that. Not so
		 * at the end of that time: somebody may find it over who passed the rules before.
		 */
		soon = jiffies - rules->at < SVCNAT_RULES_SETTLE / 2;
		/* Pairs with svcnat_rules_settling(). */
		smp_store_release(&rules->at, jiffies);
		if (!soon)
			/* Who sees it counted sees @at; pairs with svcnat_cached_gen(). */
			smp_store_release(&rules->gen, rules->gen + 1);
		smp_store_release(&rules->nft, nft);	/* pairs with svcnat_rules_hear() */
	}
	spin_unlock_bh(&rules->lock);
}
