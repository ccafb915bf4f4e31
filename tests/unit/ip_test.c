// SPDX-License-Identifier: GPL-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "ip.h"

#define COUNT(v) (sizeof(v) / sizeof(*(v)))

static void addresses(void **state)
{
	static const struct {
		const char *text;
		int family;
		const char *back;
	} v[] = {
		{ "10.0.0.1", AF_INET, "10.0.0.1" },
		{ "0.0.0.0", AF_INET, "0.0.0.0" },
		{ "fd00:10:96::1", AF_INET6, "fd00:10:96::1" },
		{ "FD00:0:0::0001", AF_INET6, "fd00::1" },
		{ "::ffff:10.0.0.1", AF_INET6, "::ffff:10.0.0.1" },
		{ "10.0.0.256", 0, "none" },
		{ "10.0.0", 0, "none" },
		{ "010.0.0.1", 0, "none" },
		{ " 10.0.0.1", 0, "none" },
		{ "10.0.0.1 ", 0, "none" },
		{ "10.0.0.1/32", 0, "none" },
		{ "fe80::1%eth0", 0, "none" },
		{ "", 0, "none" },
		{ "None", 0, "none" },
	};
	char buf[IP_STRLEN];
	struct ip ip;

	for (size_t i = 0; i < COUNT(v); i++) {
		assert_int_equal(ip_parse(v[i].text, &ip), v[i].family != 0);
		assert_int_equal(ip.family, v[i].family);
		assert_string_equal(ip_str(&ip, buf), v[i].back);
	}
	assert_false(ip_parse(NULL, &ip));
}

static void prefixes(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} v[] = {
		{ "10.96.0.0/12", true }, { "0.0.0.0/0", true }, { "10.0.0.1/32", true },
		{ "fd00:10:96::/112", true }, { "::/0", true }, { "::1/128", true },
		{ "10.96.0.1/12", false },	/* host bits */
		{ "fd00::1/64", false },
		{ "10.0.0.0/33", false }, { "::/129", false }, { "10.0.0.0/", false },
		{ "10.0.0.0", false }, { "10.0.0.0/-1", false }, { "10.0.0.0/08", false },
		{ "10.0.0.0/8 ", false }, { "/8", false }, { "10.0.0.0/1000000000", false },
	};
	char buf[PREFIX_STRLEN];
	struct prefix p;

	for (size_t i = 0; i < COUNT(v); i++) {
		if (prefix_parse(v[i].text, &p) != v[i].ok)
			fail_msg("%s", v[i].text);
		if (v[i].ok)
			assert_string_equal(prefix_str(&p, buf), v[i].text);
	}
}

static void membership(void **state)
{
	static const struct {
		const char *prefix, *ip;
		bool in;
	} v[] = {
		{ "10.96.0.0/12", "10.111.255.255", true }, { "10.96.0.0/12", "10.112.0.0", false },
		{ "10.96.0.0/12", "10.95.255.255", false }, { "0.0.0.0/0", "1.2.3.4", true },
		{ "0.0.0.0/0", "::1", false }, { "10.0.0.1/32", "10.0.0.1", true },
		{ "10.0.0.1/32", "10.0.0.2", false }, { "fd00::/9", "fd7f::1", true },
		{ "fd00::/9", "fd80::1", false }, { "::/0", "10.0.0.1", false },
	};
	struct prefix p;
	struct ip ip;

	for (size_t i = 0; i < COUNT(v); i++) {
		assert_true(prefix_parse(v[i].prefix, &p) && ip_parse(v[i].ip, &ip));
		if (prefix_has(&p, &ip) != v[i].in)
			fail_msg("%s in %s", v[i].ip, v[i].prefix);
	}
	assert_true(prefix_parse("0.0.0.0/0", &p));
	assert_false(prefix_has(&p, &(struct ip){ 0 }));
}

static void order(void **state)
{
	static const char *const sorted[] = { "9.0.0.0", "10.0.0.1", "10.0.0.2", "::", "::1", "fd00::" };
	struct ip a, b;

	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			assert_true(ip_parse(sorted[i], &a) && ip_parse(sorted[j], &b));
			assert_int_equal((ip_cmp(&a, &b) > 0) - (ip_cmp(&a, &b) < 0),
					 (i > j) - (i < j));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(membership),
		cmocka_unit_test(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
