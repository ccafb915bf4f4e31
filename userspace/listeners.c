// SPDX-License-Identifier: GPL-2.0
/* Who listens, from /proc/net and the open files of processes; see listeners.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listeners.h"
#include "port_set.h"
#include "proc.h"
#include "show.h"

/* In /proc/net, for every protocol; an unconnected UDP socket is called closed. */
enum { ESTABLISHED = 0x01, CLOSE = 0x07, LISTEN = 0x0a };

static const struct {
	const char *file;
	uint8_t proto;
} tables[] = {
	{ "net/tcp", IPPROTO_TCP }, { "net/tcp6", IPPROTO_TCP },
	{ "net/udp", IPPROTO_UDP }, { "net/udp6", IPPROTO_UDP },
};

struct search {
	struct arena *a;
	const struct dp *want;
	struct port_set ports[2][3];	/* newly served: is it IPv6; TCP, UDP, SCTP */
	struct listener *found;		/* one a port and protocol */
	size_t n;
	size_t nameless;		/* of these, without a process so far */
};

/* Words of 32 bits as the machine has them, in hexadecimal. */
static bool address(const char *hex, struct ip *ip)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	size_t words = strspn(hex, "0123456789ABCDEF") / 8;
	uint32_t word;

	*ip = (struct ip){ .family = words == 1 ? AF_INET : AF_INET6 };
	if (words != 1 && words != 4)
		return false;
	for (size_t i = 0; i < words; i++) {
		if (sscanf(hex + 8 * i, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(ip->b + 4 * i, &word, sizeof(word));
	}
	if (words == 4 && !memcmp(ip->b, mapped, sizeof(mapped))) {
		*ip = (struct ip){ .family = AF_INET };
		memcpy(ip->b, &word, sizeof(word));
	}
	return true;
}

bool listener_parse(const char *line, uint8_t proto, struct listener *out)
{
	unsigned int port, state;
	char local[33];

	*out = (struct listener){ .proto = proto };
	if (sscanf(line, "%*u: %32[0-9A-F]:%4X %*[0-9A-F]:%*X %2X %*s %*s %*s %*u %*u %" SCNu64,
		   local, &port, &state, &out->inode) != 4)
		return false;
	out->port = (uint16_t)port;
	return address(local, &out->ip) && state == (proto == IPPROTO_TCP ? LISTEN : CLOSE);
}

/* A line of /proc/net/sctp/eps up to its addresses, which are returned; NULL: it is none. */
static const char *parse_sctp(const char *line, struct listener *out)
{
	unsigned int port, state;
	int used;

	*out = (struct listener){ .proto = IPPROTO_SCTP };
	if (sscanf(line, "%*s %*s %*u %u %*u %u %*u %" SCNu64 "%n", &state, &port, &out->inode,
		   &used) != 3 || state != LISTEN)
		return NULL;
	out->port = (uint16_t)port;
	return line + used;
}

/* The next of the addresses; NULL: that was the last one. */
static const char *next_address(const char *list, struct ip *ip)
{
	char text[IP_STRLEN];
	size_t len;

	list += strspn(list, " \n");
	len = strcspn(list, " \n");
	if (!len || len >= sizeof(text))
		return NULL;
	memcpy(text, list, len);
	text[len] = '\0';
	return ip_parse(text, ip) ? list + len : NULL;
}

static struct port_set *ports_of(struct search *s, int family, uint8_t proto)
{
	int i = proto == IPPROTO_TCP ? 0 : proto == IPPROTO_UDP ? 1 : 2;

	return &s->ports[family == AF_INET6][i];
}

static void for_node_ports(struct search *s, const struct dp *dp,
			   void (*each)(struct port_set *set, uint16_t port))
{
	for (size_t i = 0; i < dp->n_services; i++) {
		const struct dp_service *svc = &dp->services[i];

		for (size_t j = 0; j < svc->n_frontends; j++)
			if (svc->frontends[j].kind == SVCNAT_FRONTEND_NODE_PORT)
				each(ports_of(s, svc->family, svc->proto), svc->frontends[j].port);
	}
}

static bool none_is_new(const struct search *s)
{
	for (int six = 0; six < 2; six++)
		for (int proto = 0; proto < 3; proto++)
			if (!port_set_empty(&s->ports[six][proto]))
				return false;
	return true;
}

static bool is_any(const struct ip *ip)
{
	static const struct ip zero;

	return !memcmp(ip->b, zero.b, sizeof(zero.b));
}

static bool is_loopback(const struct ip *ip)
{
	static const struct ip six = { .family = AF_INET6, .b = { [15] = 1 } };

	return ip->family == AF_INET ? ip->b[0] == 127 : !ip_cmp(ip, &six);
}

/* Do node ports answer where it listens? On loopback they never do. */
static bool answers(const struct search *s, const struct listener *l, int family)
{
	const struct dp_config *c = &s->want->config;
	struct prefixes at = { c->nodeport_addrs, c->n_nodeport_addrs };

	/* Only the kernel knows where: any address may be. */
	if (c->flags & SVCNAT_CONFIG_F_NODEPORT_PRIMARY)
		return !is_loopback(&l->ip);
	for (size_t i = 0; is_any(&l->ip) && i < at.n; i++)
		if (at.v[i].ip.family == family)
			return true;
	return !is_loopback(&l->ip) && prefixes_cover(&at, &l->ip);
}

static bool in_the_way(struct search *s, const struct listener *l)
{
	int family = l->ip.family;

	if (port_set_has(ports_of(s, family, l->proto), l->port) && answers(s, l, family))
		return true;
	return family == AF_INET6 && is_any(&l->ip) &&
	       port_set_has(ports_of(s, AF_INET, l->proto), l->port) && answers(s, l, AF_INET);
}

static bool is_found(const struct search *s, const struct listener *l)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->found[i].port == l->port && s->found[i].proto == l->proto)
			return true;
	return false;
}

static void consider(struct search *s, const struct listener *l)
{
	if (!in_the_way(s, l) || is_found(s, l))
		return;
	*(struct listener *)arena_push(s->a, &s->found, &s->n, sizeof(*l)) = *l;
	s->nameless++;
}

/* TCP's listening sockets come before all others, which may be a million. */
static void read_table(struct search *s, const char *file, uint8_t proto)
{
	FILE *f = fopen(proc_path(s->a, file), "re");
	char line[512];
	struct listener l;

	if (!f)
		return;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	while (fgets(line, sizeof(line), f)) {
		bool listens = listener_parse(line, proto, &l);

		if (!listens && proto == IPPROTO_TCP)
			break;
		if (listens)
			consider(s, &l);
	}
	fclose(f);
}

/* Not there before somebody used SCTP. A line is as long as its socket has addresses. */
static void read_sctp(struct search *s)
{
	FILE *f = fopen(proc_path(s->a, "net/sctp/eps"), "re");
	const char *list;
	char *line = NULL;
	size_t cap = 0;
	struct listener l;

	if (!f)
		return;
	while (getline(&line, &cap, f) > 0)
		for (list = parse_sctp(line, &l); list && (list = next_address(list, &l.ip));)
			consider(s, &l);
	free(line);
	fclose(f);
}

/* A process calls itself what it likes; a terminal is not to obey it. */
static const char *process_name(struct arena *a, const char *pid)
{
	const char *line = proc_line(a, arena_printf(a, "%s/comm", pid));
	char *name = line ? arena_strdup(a, line) : NULL;

	for (char *p = name; p && *p; p++)
		if (!isprint((unsigned char)*p))
			*p = '?';
	return name;
}

static void name_it(struct search *s, uint64_t inode, const char *pid)
{
	for (size_t i = 0; i < s->n; i++) {
		struct listener *l = &s->found[i];

		if (l->inode != inode || l->process)
			continue;
		l->process = process_name(s->a, pid);
		l->pid = (pid_t)atol(pid);
		s->nameless -= l->process != NULL;
	}
}

static void look_into(struct search *s, const char *pid)
{
	DIR *dir = opendir(proc_path(s->a, arena_printf(s->a, "%s/fd", pid)));
	struct dirent *fd;

	while (dir && (fd = readdir(dir))) {
		char to[64] = "";
		uint64_t inode;

		if (readlinkat(dirfd(dir), fd->d_name, to, sizeof(to) - 1) > 0 &&
		    sscanf(to, "socket:[%" SCNu64 "]", &inode) == 1)
			name_it(s, inode, pid);
	}
	if (dir)
		closedir(dir);
}

static void find_processes(struct search *s)
{
	DIR *dir = opendir(proc_path(s->a, ""));
	struct dirent *pid;

	while (dir && s->nameless && (pid = readdir(dir)))
		if (isdigit((unsigned char)*pid->d_name))
			look_into(s, pid->d_name);
	if (dir)
		closedir(dir);
}

static const char *service_of(const struct search *s, const struct listener *l)
{
	for (size_t i = 0; i < s->want->n_services; i++) {
		const struct dp_service *svc = &s->want->services[i];

		for (size_t j = 0; svc->proto == l->proto && j < svc->n_frontends; j++)
			if (svc->frontends[j].kind == SVCNAT_FRONTEND_NODE_PORT &&
			    svc->frontends[j].port == l->port)
				return svc->name;
	}
	return "";
}

static void warn(const struct search *s, const struct listener *l, struct diag *d)
{
	const char *service = service_of(s, l), *who = "a process";

	if (l->process)
		who = arena_printf(s->a, "%s (pid %d)", l->process, (int)l->pid);
	diag_warn(d, NULL, NULL, "port %u %s: %s listens on it, and will not see connections to "
		  "the node port of Service %.*s: give one of them another port", l->port,
		  proto_name(l->proto), who, (int)strcspn(service, ":"), service);
}

void listeners_warn(struct arena *a, const struct dp *have, const struct dp *want,
		    struct diag *d)
{
	struct search *s;

	s = arena_alloc(a, sizeof(*s));
	s->a = a;
	s->want = want;
	for_node_ports(s, want, port_set_add);
	for_node_ports(s, have, port_set_drop);
	if (none_is_new(s))
		return;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		read_table(s, tables[i].file, tables[i].proto);
	read_sctp(s);
	if (s->n)
		find_processes(s);
	for (size_t i = 0; i < s->n; i++)
		warn(s, &s->found[i], d);
}
