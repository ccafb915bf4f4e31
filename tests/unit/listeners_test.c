// SPDX-License-Identifier: GPL-2.0
/* Who is said to listen in vain, from tables and processes laid out in a directory. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "listeners.h"

#define COUNT(v) (sizeof(v) / sizeof(*(v)))
#define HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TAIL "00000000:00000000 00:00000000 00000000     0        0"

static char root[] = "/tmp/svcctl-proc-XXXXXX";

static void line(char *out, size_t len, const char *addr, unsigned int port, unsigned int rport,
		 unsigned int state, unsigned int inode)
{
	uint32_t w[4] = { 0 };
	char local[33] = "";
	bool six = strchr(addr, ':');

	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, addr, w), 1);
	for (int i = 0; i < (six ? 4 : 1); i++)
		sprintf(local + 8 * i, "%08X", w[i]);
	snprintf(out, len, "   7: %s:%04X %0*X:%04X %02X " TAIL " %u 1 00000000648c73a1 100 0 0 10 0\n",
		 local, port, six ? 32 : 8, 0, rport, state, inode);
}

static void lines(void **state)
{
	static const struct {
		const char *addr, *back;
		uint8_t proto;
		unsigned int port, rport, state;
		bool listens;
	} v[] = {
		{ "0.0.0.0", "0.0.0.0", IPPROTO_TCP, 30080, 0, 0x0a, true },
		{ "127.0.0.1", "127.0.0.1", IPPROTO_TCP, 1, 0, 0x0a, true },
		{ "192.168.10.11", "192.168.10.11", IPPROTO_TCP, 65535, 0, 0x0a, true },
		{ "::", "::", IPPROTO_TCP, 80, 0, 0x0a, true },
		{ "fd00:10::1", "fd00:10::1", IPPROTO_TCP, 80, 0, 0x0a, true },
		{ "::ffff:10.0.0.1", "10.0.0.1", IPPROTO_TCP, 80, 0, 0x0a, true },
		{ "10.0.0.1", "10.0.0.1", IPPROTO_TCP, 80, 4000, 0x01, false },
		{ "10.0.0.1", "10.0.0.1", IPPROTO_TCP, 80, 4000, 0x06, false },
		{ "0.0.0.0", "0.0.0.0", IPPROTO_UDP, 53, 0, 0x07, true },
		{ "10.0.0.1", "10.0.0.1", IPPROTO_UDP, 53, 4000, 0x01, false },
	};
	char text[512], ip[IP_STRLEN];
	struct listener l;

	for (size_t i = 0; i < COUNT(v); i++) {
		line(text, sizeof(text), v[i].addr, v[i].port, v[i].rport, v[i].state, 4000000000u);
		assert_int_equal(listener_parse(text, v[i].proto, &l), v[i].listens);
		assert_string_equal(ip_str(&l.ip, ip), v[i].back);
		assert_int_equal(l.port, v[i].port);
		assert_true(l.inode == 4000000000u);
	}
	assert_false(listener_parse(HEAD, IPPROTO_TCP, &l));
	assert_false(listener_parse("", IPPROTO_TCP, &l));
	assert_false(listener_parse("   0: 0000:0050 00000000:0000 0A " TAIL " 1", IPPROTO_TCP, &l));
}

static FILE *create(const char *name)
{
	char path[256], *p;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (p = path + strlen(root) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(path, 0700);
	}
	return fopen(path, "w");
}

struct socket_at {
	const char *file, *addr;
	unsigned int port, state, inode;
};

static void lay_out(const struct socket_at *v, size_t n)
{
	static const char *const files[] = { "net/tcp", "net/tcp6", "net/udp", "net/udp6" };
	char text[512];

	for (size_t k = 0; k < COUNT(files); k++) {
		FILE *f = create(files[k]);

		fputs(HEAD, f);
		for (size_t i = 0; i < n; i++) {
			if (strcmp(v[i].file, files[k]))
				continue;
			line(text, sizeof(text), v[i].addr, v[i].port, 0, v[i].state, v[i].inode);
			fputs(text, f);
		}
		fclose(f);
	}
}

static void process(int pid, const char *comm, unsigned int inode)
{
	char name[64], path[256], to[64];
	FILE *f;

	snprintf(name, sizeof(name), "%d/fd/0", pid);
	fclose(create(name));
	snprintf(name, sizeof(name), "%d/comm", pid);
	f = create(name);
	fprintf(f, "%s\n", comm);
	fclose(f);
	snprintf(path, sizeof(path), "%s/%d/fd/3", root, pid);
	snprintf(to, sizeof(to), "socket:[%u]", inode);
	assert_int_equal(symlink(to, path), 0);
}

/* As net/sctp/proc.c writes them. */
#define EPS " ENDPT     SOCK   STY SST HBKT LPORT   UID INODE LADDRS\n"
#define EP(state, port, inode, list) \
	"(____ptrval____) 00000000a2b4c6d8 2   " state "  26   " port "     0 " inode " " list "\n"
#define ANY_6 "0000:0000:0000:0000:0000:0000:0000:0000 "

static void lay_out_sctp(const char *text)
{
	FILE *f = create("net/sctp/eps");

	fputs(text, f);
	fclose(f);
}

/* Node ports of TCP, UDP and SCTP, 30080 in both families; on 192.168.10.0/24 and fd00::/16. */
static struct dp *served(struct arena *a)
{
	static const struct { const char *name; uint8_t family, proto; uint16_t port; } v[] = {
		{ "default/dns:dns", AF_INET, IPPROTO_UDP, 30053 },
		{ "default/web:http", AF_INET, IPPROTO_TCP, 30080 },
		{ "default/web:http", AF_INET6, IPPROTO_TCP, 30080 },
		{ "default/six:", AF_INET6, IPPROTO_TCP, 30066 },
		{ "default/sigtran:", AF_INET, IPPROTO_SCTP, 30132 },
		{ "default/sigtran-six:", AF_INET6, IPPROTO_SCTP, 30133 },
	};
	struct dp *dp = arena_alloc(a, sizeof(*dp));

	for (size_t i = 0; i < COUNT(v); i++) {
		struct dp_service *s = arena_push(a, &dp->services, &dp->n_services, sizeof(*s));
		struct dp_frontend *fe = arena_push(a, &s->frontends, &s->n_frontends, sizeof(*fe));

		s->name = v[i].name;
		s->family = v[i].family;
		s->proto = v[i].proto;
		*fe = (struct dp_frontend){ .kind = SVCNAT_FRONTEND_NODE_PORT, .port = v[i].port };
	}
	arena_push(a, &dp->config.nodeport_addrs, &dp->config.n_nodeport_addrs,
		   sizeof(struct prefix));
	arena_push(a, &dp->config.nodeport_addrs, &dp->config.n_nodeport_addrs,
		   sizeof(struct prefix));
	assert_true(prefix_parse("192.168.10.0/24", &dp->config.nodeport_addrs[0]));
	assert_true(prefix_parse("fd00::/16", &dp->config.nodeport_addrs[1]));
	return dp;
}

static void assert_warns(const struct dp *have, const struct dp *want, const char *text)
{
	struct arena *a = arena_new();
	char *said = NULL;
	size_t len;
	FILE *f = open_memstream(&said, &len);
	struct diag *d = diag_new(f);

	listeners_warn(a, have, want, d);
	diag_free(d);
	fclose(f);
	assert_string_equal(said, text);
	free(said);
	arena_free(a);
}

#define WARNS(what, who, service) "warning: port " what ": " who " listens on it, and will not " \
	"see connections to the node port of Service " service ": give one of them another port\n"

static void warnings(void **state)
{
	static const struct {
		struct socket_at at[4];
		const char *says;
	} v[] = {
		{ { { "net/tcp", "0.0.0.0", 30080, 0x0a, 11 } },
		  WARNS("30080 TCP", "nginx (pid 4007)", "default/web") },
		{ { { "net/tcp", "192.168.10.11", 30080, 0x0a, 12 } },
		  WARNS("30080 TCP", "odd?[31m (pid 4008)", "default/web") },
		{ { { "net/tcp6", "::", 30080, 0x0a, 99 } },
		  WARNS("30080 TCP", "a process", "default/web") },
		{ { { "net/tcp6", "fd00::7", 30066, 0x0a, 11 } },
		  WARNS("30066 TCP", "nginx (pid 4007)", "default/six") },
		/* An IPv6 wildcard takes IPv4 as well. */
		{ { { "net/udp6", "::", 30053, 0x07, 11 } },
		  WARNS("30053 UDP", "nginx (pid 4007)", "default/dns") },
		/* Once a port, however many sockets, in whatever family. */
		{ { { "net/tcp", "0.0.0.0", 30080, 0x0a, 11 },
		    { "net/tcp", "192.168.10.11", 30080, 0x0a, 12 },
		    { "net/tcp6", "::", 30080, 0x0a, 12 },
		    { "net/udp", "192.168.10.11", 30053, 0x07, 12 } },
		  WARNS("30080 TCP", "nginx (pid 4007)", "default/web")
		  WARNS("30053 UDP", "odd?[31m (pid 4008)", "default/dns") },
		/* Elsewhere: another address, protocol, family, port or state. */
		{ { { "net/tcp", "127.0.0.1", 30080, 0x0a, 11 },
		    { "net/tcp", "10.0.0.1", 30080, 0x0a, 11 },
		    { "net/tcp6", "fe80::1", 30080, 0x0a, 11 } }, "" },
		{ { { "net/udp", "0.0.0.0", 30080, 0x07, 11 },
		    { "net/tcp", "0.0.0.0", 30053, 0x0a, 11 },
		    { "net/tcp", "0.0.0.0", 30066, 0x0a, 11 } }, "" },
		{ { { "net/tcp", "0.0.0.0", 30081, 0x0a, 11 },
		    { "net/udp", "0.0.0.0", 30053, 0x01, 11 },
		    { "net/tcp", "192.168.10.11", 30080, 0x01, 11 } }, "" },
	};
	struct arena *a = arena_new();
	struct dp *want = served(a), none = { 0 };

	process(4007, "nginx", 11);
	process(4008, "odd\033[31m", 12);
	for (size_t i = 0; i < COUNT(v); i++) {
		size_t n = 0;

		while (n < COUNT(v[i].at) && v[i].at[n].file)
			n++;
		lay_out(v[i].at, n);
		assert_warns(&none, want, v[i].says);
		/* Served before, it was said before. */
		assert_warns(want, want, "");
		assert_warns(want, &none, "");
	}
	/* Every address, which the loopback ones are not among. */
	want->config.nodeport_addrs[0].len = 0;
	lay_out(v[6].at, 1);
	assert_warns(&none, want, "");
	want->config.n_nodeport_addrs = 0;
	lay_out(v[0].at, 1);
	assert_warns(&none, want, "");
	arena_free(a);
}

static void sctp(void **state)
{
	static const struct { const char *at, *says; } v[] = {
		{ EP("10", "30132", "   21", "0.0.0.0 "),
		  WARNS("30132 SCTP", "sctp_darn (pid 4009)", "default/sigtran") },
		{ EP("10", "30132", "   21", ANY_6),
		  WARNS("30132 SCTP", "sctp_darn (pid 4009)", "default/sigtran") },
		/* Any of its addresses. */
		{ EP("10", "30132", "99999", "127.0.0.1 10.0.0.1 192.168.10.11 "),
		  WARNS("30132 SCTP", "a process", "default/sigtran") },
		{ EP("10", "30133", "99999", "10.0.0.1 fd00:0000:0000:0000:0000:0000:0000:0007 "),
		  WARNS("30133 SCTP", "a process", "default/sigtran-six") },
		/* Once, and beside others. */
		{ EP("10", "5000 ", "   22", "0.0.0.0 ") EP("10", "30132", "   21", "192.168.10.11 ")
		  EP("10", "30132", "   22", "192.168.10.12 "),
		  WARNS("30132 SCTP", "sctp_darn (pid 4009)", "default/sigtran") },
		/* Elsewhere: another address, family, port, protocol or state. */
		{ EP("10", "30132", "   21", "127.0.0.1 10.0.0.1 "), "" },
		{ EP("10", "30133", "   21", "0.0.0.0 "), "" },
		{ EP("10", "30080", "   21", "0.0.0.0 ") EP("10", "30053", "   21", ANY_6), "" },
		{ EP("7 ", "30132", "   21", "0.0.0.0 "), "" },
		{ EP("10", "30132", "   21", ""), "" },
		{ EP("10", "30132", "   21", "nonsense 0.0.0.0 "), "" },
	};
	struct arena *a = arena_new();
	struct dp *want = served(a), none = { 0 };
	char text[1024];

	process(4009, "sctp_darn", 21);
	lay_out(NULL, 0);
	for (size_t i = 0; i < COUNT(v); i++) {
		snprintf(text, sizeof(text), EPS "%s", v[i].at);
		lay_out_sctp(text);
		assert_warns(&none, want, v[i].says);
		assert_warns(want, want, "");
	}
	lay_out_sctp("");
	assert_warns(&none, want, "");
	arena_free(a);
}

static int set_up(void **state)
{
	return !mkdtemp(root) || setenv("SVCCTL_PROC", root, 1);
}

static int tear_down(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(warnings),
		cmocka_unit_test(sctp),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
