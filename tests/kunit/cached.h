/* SPDX-License-Identifier: GPL-2.0 */
/* What suites of the flow cache share: random numbers and the slab of entries. */
#ifndef _SVCNAT_KUNIT_CACHED_H
#define _SVCNAT_KUNIT_CACHED_H

#include <kunit/test.h>
#include <linux/module.h>
#include <linux/prandom.h>

#include "../../kmod/cache.c"

struct workqueue_struct *svcnat_wq;

static struct rnd_state rnd;

static int suite_init(struct kunit_suite *suite)
{
	prandom_seed_state(&rnd, 20261129);
	return svcnat_cache_module_init();
}

static void suite_exit(struct kunit_suite *suite)
{
	svcnat_cache_module_exit();
}

#endif /* _SVCNAT_KUNIT_CACHED_H */
