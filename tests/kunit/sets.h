/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Backend sets for suites that pick from them. Backend i has the address 10.0.0.0 + i
 * and port 8080; what a specification leaves out is policy Cluster, weight 1, no limit.
 */
#include <kunit/test.h>
#include <linux/module.h>

#include "../../kmod/backend.c"
#include "../../kmod/set.c"
#include "../../kmod/sched.c"
#include "../../kmod/pick.c"
#include "../../kmod/eject.c"

#define C SVCNAT_BACKEND_F_CLUSTER
#define L SVCNAT_BACKEND_F_LOCAL
#define NEITHER 0x80	/* policies, where 0 would be none given */

struct spec {
	u8	flags;
	u16	weight;
	u32	limit;
};

static inline struct svcnat_settings settings_of(u8 sched)
{
	return (struct svcnat_settings) { .sched = sched };
}

static union nf_inet_addr addr_of(u32 i)
{
	return (union nf_inet_addr) { .ip = htonl(0x0a000000 + i) };
}

static inline u32 number_of(const struct svcnat_backend *b)
{
	return ntohl(b->addr.ip) - 0x0a000000;
}

/* Backends first, first + 1 and on, but without one (~0 for all of them). */
static struct svcnat_set *set_without(struct kunit *test, struct svcnat_settings settings,
				      const struct spec *specs, u32 n, u32 first, u32 without)
{
	struct svcnat_set *set = svcnat_set_alloc(NULL, &settings, n);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, set);
	for (i = 0; i < n; i++) {
		struct spec spec = specs ? specs[i] : (struct spec) { };
		struct svcnat_backend like = {
			.addr = addr_of(first + i),
			.port = htons(8080),
			.weight = spec.weight ?: 1,
			.limit = spec.limit,
			.flags = spec.flags ? spec.flags & (C | L) : C,
		};

		if (i != without)
			KUNIT_ASSERT_EQ(test, svcnat_set_append(&set, &like), 0);
	}
	KUNIT_ASSERT_EQ(test, svcnat_set_arrange(set), 0);
	return set;
}

static inline struct svcnat_set *set_of(struct kunit *test, struct svcnat_settings settings,
				 const struct spec *specs, u32 n)
{
	return set_without(test, settings, specs, n, 0, ~0U);
}

/* Backend i of a set, wherever it is. */
static inline struct svcnat_backend *find(const struct svcnat_set *set, u32 i)
{
	union nf_inet_addr addr = addr_of(i);

	return svcnat_set_find(set, &addr, htons(8080), NULL);
}

static inline void sit_out(struct svcnat_backend *b, u32 seconds)
{
	WRITE_ONCE(b->ejected_until, seconds ? ktime_get_seconds() + seconds : 0);
}

static inline void be_active(struct svcnat_backend *b, u32 connections)
{
	refcount_set(&b->refs, 1 + connections);
}

static inline void all_idle(struct svcnat_set *set)
{
	u32 i;

	for (i = 0; i < set->n; i++)
		be_active(set->backend[i], 0);
}

/* Backends that are active would be kept. */
static void set_done(struct svcnat_set *set)
{
	all_idle(set);
	svcnat_set_free(set);
}

static int sets_init(struct kunit_suite *suite)
{
	svcnat_pick_module_init();
	return svcnat_backend_module_init();
}

static void sets_exit(struct kunit_suite *suite)
{
	svcnat_backend_module_exit();
}
