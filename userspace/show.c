// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <netinet/in.h>
#include <string.h>

#include "show.h"

const char *proto_name(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "TCP";
	case IPPROTO_UDP:
		return "UDP";
	case IPPROTO_SCTP:
		return "SCTP";
	default:
		return "other";
	}
}

const char *sched_name(uint8_t sched)
{
	static const char *const names[__SVCNAT_SCHED_MAX] = {
		[SVCNAT_SCHED_RANDOM] = "random",
		[SVCNAT_SCHED_RR] = "round-robin",
		[SVCNAT_SCHED_LC] = "least-connection",
		[SVCNAT_SCHED_SH] = "source-hash",
		[SVCNAT_SCHED_MAGLEV] = "maglev",
	};

	return WORD(names, sched);
}

const char *addr_port(struct arena *a, const struct ip *ip, uint16_t port)
{
	char buf[IP_STRLEN];

	return arena_printf(a, ip->family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip_str(ip, buf), port);
}

const char *size_text(struct arena *a, uint64_t n)
{
	static const char units[] = "KMGTPE";
	double size = (double)n;
	int unit = -1;

	if (n < 10000)
		return arena_printf(a, "%llu", (unsigned long long)n);
	for (; size >= 1000 && units[unit + 1]; unit++)
		size /= 1024;
	return arena_printf(a, size < 9.95 ? "%.1f%ci" : "%.0f%ci", size, units[unit]);
}

/* Up to @below a unit is used, up to @parts with the next smaller one behind it. */
static const struct {
	uint64_t seconds, parts, below;
	char unit;
} ages[] = {
	{ 1, 0, 2 * 60, 's' },
	{ 60, 10 * 60, 3 * 3600, 'm' },
	{ 3600, 8 * 3600, 48 * 3600, 'h' },
	{ 86400, 8 * 86400, UINT64_MAX, 'd' },
};

const char *age_text(struct arena *a, uint64_t seconds)
{
	unsigned long long n, rest;
	size_t i = 0;

	while (seconds >= ages[i].below)
		i++;
	n = seconds / ages[i].seconds;
	rest = seconds < ages[i].parts ? seconds % ages[i].seconds / ages[i - 1].seconds : 0;
	if (rest)
		return arena_printf(a, "%llu%c%llu%c", n, ages[i].unit, rest, ages[i - 1].unit);
	return arena_printf(a, "%llu%c", n, ages[i].unit);
}

bool service_in(const char *service, const char *ns, const char *name)
{
	size_t len = ns ? strlen(ns) : 0;
	const char *slash = strchr(service, '/');

	if (ns && (strncmp(service, ns, len) || service[len] != '/'))
		return false;
	if (!name)
		return true;
	len = strlen(name);
	return slash && !strncmp(slash + 1, name, len) && slash[1 + len] == ':';
}

bool dp_has_service(const struct dp *dp, const char *ns, const char *name)
{
	for (size_t i = 0; i < dp->n_services; i++)
		if (service_in(dp->services[i].name, ns, name))
			return true;
	return false;
}

void not_in_kernel(struct diag *d, const char *ns, const char *name)
{
	diag_error(d, NULL, NULL, "service \"%s\" not found in the kernel, in %s%s", name,
		   ns ? "namespace " : "any namespace", ns ? ns : "");
}

const char *or_none(const char *s)
{
	return s && *s ? s : "<none>";
}

const char *join(struct arena *a, const char *list, const char *item)
{
	return list ? arena_printf(a, "%s,%s", list, item) : item;
}

const char *join_all(struct arena *a, const struct strings *v)
{
	size_t len = 0;
	char *text, *p;

	for (size_t i = 0; i < v->n; i++)
		len += strlen(v->v[i]) + 1;
	p = text = arena_alloc(a, len + 1);
	for (size_t i = 0; i < v->n; i++)
		p = stpcpy(i ? stpcpy(p, ",") : p, v->v[i]);
	return text;
}

void strings_add(struct arena *a, struct strings *v, const char *text)
{
	*(const char **)arena_push(a, &v->v, &v->n, sizeof(*v->v)) = text;
}

const char *join_pairs(struct arena *a, const struct map *m)
{
	const char *list = NULL;

	for (size_t i = 0; i < m->n; i++)
		list = join(a, list, arena_printf(a, "%s=%s", m->v[i].key, m->v[i].value));
	return list;
}
