// SPDX-License-Identifier: GPL-2.0
/* The addresses of this machine; see node_addrs.h. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node_addrs.h"

static struct ip ip_of(const struct sockaddr *sa)
{
	struct ip ip = { .family = (uint8_t)sa->sa_family };

	if (sa->sa_family == AF_INET)
		memcpy(ip.b, &((const struct sockaddr_in *)sa)->sin_addr, 4);
	else
		memcpy(ip.b, &((const struct sockaddr_in6 *)sa)->sin6_addr, 16);
	return ip;
}

static void add(struct arena *a, struct prefixes *list, const struct ip *ip)
{
	struct prefix *p;

	for (size_t i = 0; i < list->n; i++)
		if (!ip_cmp(&list->v[i].ip, ip))
			return;
	p = arena_push(a, &list->v, &list->n, sizeof(*list->v));
	p->ip = *ip;
	p->len = (uint8_t)(8 * ip_len(ip));
}

/* Connecting a datagram socket sends nothing; it only asks the routing table. */
static void add_preferred(struct arena *a, struct prefixes *list, int family)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(9) };
	struct sockaddr_storage self;
	socklen_t len = sizeof(self);
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ip ip;

	/* Addresses for documentation: nobody has a route of their own to them. */
	inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	if (fd < 0)
		return;
	if (!connect(fd, family == AF_INET ? (struct sockaddr *)&in : (struct sockaddr *)&in6,
		     family == AF_INET ? sizeof(in) : sizeof(in6)) &&
	    !getsockname(fd, (struct sockaddr *)&self, &len)) {
		ip = ip_of((struct sockaddr *)&self);
		add(a, list, &ip);
	}
	close(fd);
}

static bool usable(const struct ifaddrs *i)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)i->ifa_addr;

	if (!i->ifa_addr || (i->ifa_flags & IFF_LOOPBACK))
		return false;
	if (i->ifa_addr->sa_family == AF_INET6)
		return !IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
	return i->ifa_addr->sa_family == AF_INET;
}

struct prefixes node_addrs(struct arena *a)
{
	struct prefixes list = { 0 };
	struct ifaddrs *all, *i;

	add_preferred(a, &list, AF_INET);
	add_preferred(a, &list, AF_INET6);
	if (getifaddrs(&all) < 0)
		return list;
	for (i = all; i; i = i->ifa_next) {
		struct ip ip;

		if (!usable(i))
			continue;
		ip = ip_of(i->ifa_addr);
		add(a, &list, &ip);
	}
	freeifaddrs(all);
	return list;
}
