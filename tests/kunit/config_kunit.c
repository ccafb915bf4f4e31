// SPDX-License-Identifier: GPL-2.0
/* Prefixes: membership, canonical form. */

#include <kunit/test.h>
#include <linux/inet.h>
#include <linux/module.h>

#include "../../kmod/config.c"

static struct svcnat_prefix prefix(const char *s, u8 len)
{
	struct svcnat_prefix p = { .len = len };

	p.family = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (p.family == AF_INET)
		in4_pton(s, -1, (u8 *)&p.addr, -1, NULL);
	else
		in6_pton(s, -1, (u8 *)&p.addr, -1, NULL);
	return p;
}

static const struct {
	const char *prefix;
	u8 len;
	const char *addr;
	bool has, canonical;
} table[] = {
	{ "10.244.0.0", 16, "10.244.255.255", true, true },
	{ "10.244.0.0", 16, "10.245.0.0", false, true },
	{ "10.244.0.1", 16, "10.244.0.1", true, false },
	{ "0.0.0.0", 0, "255.1.2.3", true, true },
	{ "192.168.10.11", 32, "192.168.10.11", true, true },
	{ "192.168.10.11", 32, "192.168.10.10", false, true },
	{ "10.0.0.0", 8, "a00::", false, true },
	{ "fd00:10:244::", 48, "fd00:10:244:ffff::1", true, true },
	{ "fd00:10:244::", 48, "fd00:10:245::1", false, true },
	{ "fd00:10:244::1", 127, "fd00:10:244::1", true, false },
	{ "::", 0, "fe80::1", true, true },
	{ "::", 0, "10.0.0.1", false, true },
	{ "fd00::1", 128, "fd00::1", true, true },
	{ "fd00::1", 128, "fd00::2", false, true },
};

static void config_prefixes(struct kunit *test)
{
	struct svcnat_prefixes *list = kunit_kzalloc(test, sizeof(*list), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, list);
	list->n = 1;
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct svcnat_prefix addr = prefix(table[i].addr, 0);

		list->v[0] = prefix(table[i].prefix, table[i].len);
		KUNIT_EXPECT_EQ_MSG(test, svcnat_prefixes_have(list, addr.family, &addr.addr),
				    table[i].has, "%s/%d %s", table[i].prefix, table[i].len,
				    table[i].addr);
		KUNIT_EXPECT_EQ_MSG(test, svcnat_prefix_canonical(&list->v[0]),
				    table[i].canonical, "%s/%d", table[i].prefix, table[i].len);
		KUNIT_EXPECT_TRUE(test, svcnat_prefixes_of_family(list, list->v[0].family));
	}
	list->n = 0;
	KUNIT_EXPECT_FALSE(test, svcnat_prefixes_of_family(list, AF_INET));
}

static struct kunit_case cases[] = {
	KUNIT_CASE(config_prefixes),
	{}
};

static struct kunit_suite suite = {
	.name = "svcnat_config",
	.test_cases = cases,
};
kunit_test_suite(suite);

MODULE_DESCRIPTION("svcnat tests");
MODULE_LICENSE("GPL");
