// SPDX-License-Identifier: GPL-2.0
/* Which of the services that were sent the kernel's refusal is about. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "nl_impl.h"
#include "show.h"

static bool inside(const struct nlattr *a, const char *at)
{
	return at >= (const char *)a && at < (const char *)a + a->nla_len;
}

/* The attribute among @len bytes from @a that @at points into, or NULL. */
static const struct nlattr *attr_at(const struct nlattr *a, int len, const char *at)
{
	const struct nlattr *i;
	int rem;

	nla_for_each_attr(i, a, len, rem)
		if (inside(i, at))
			return i;
	return NULL;
}

static void say_where(char *out, size_t size, const char *noun, const struct nlattr *nest,
		      int addr_type, int port_type)
{
	const struct nlattr *addr = nla_find(nla_data(nest), nla_len(nest), addr_type);
	const struct nlattr *port = nla_find(nla_data(nest), nla_len(nest), port_type);
	size_t len = strlen(out);
	char buf[IP_STRLEN] = "";

	if (addr) {
		struct ip ip = knl_get_ip(addr);

		ip_str(&ip, buf);
	}
	snprintf(out + len, size - len, ", %s %s port %u", noun, buf, port ? knl_get_port(port) : 0);
}

static void say_service(char *out, size_t size, const struct nlattr *svc, const char *at)
{
	const struct nlattr *name = nla_find(nla_data(svc), nla_len(svc), SVCNAT_SERVICE_A_NAME);
	const struct nlattr *proto = nla_find(nla_data(svc), nla_len(svc), SVCNAT_SERVICE_A_PROTO);
	const struct nlattr *part = attr_at(nla_data(svc), nla_len(svc), at);

	if (!name)
		return;
	snprintf(out, size, "service %s%s%s", nla_get_string(name), proto ? " " : "",
		 proto ? proto_name(nla_get_u8(proto)) : "");
	if (part && nla_type(part) == SVCNAT_SERVICE_A_FRONTEND)
		say_where(out, size, "frontend", part, SVCNAT_FRONTEND_A_ADDR, SVCNAT_FRONTEND_A_PORT);
	else if (part && nla_type(part) == SVCNAT_SERVICE_A_BACKEND)
		say_where(out, size, "backend", part, SVCNAT_BACKEND_A_ADDR, SVCNAT_BACKEND_A_PORT);
	else if (part && nla_type(part) == SVCNAT_SERVICE_A_SOURCE_RANGE)
		snprintf(out + strlen(out), size - strlen(out), ", its source ranges");
}

void knl_blame(struct knl *nl, const char *buf, size_t len)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)buf;
	int rem = (int)len;

	for (; nlmsg_ok(h, rem); h = nlmsg_next((struct nlmsghdr *)h, &rem)) {
		const char *at = (const char *)h + nl->blame_offset;
		const struct nlattr *attr;

		if (h->nlmsg_seq != nl->blame_seq || nl->blame_offset >= h->nlmsg_len)
			continue;
		attr = attr_at(nlmsg_attrdata(h, GENL_HDRLEN), nlmsg_attrlen(h, GENL_HDRLEN), at);
		if (attr && (nla_type(attr) == SVCNAT_A_SERVICE || nla_type(attr) == SVCNAT_A_REMOVE))
			say_service(nl->blame, sizeof(nl->blame), attr, at);
		else if (attr && nla_type(attr) == SVCNAT_A_CONFIG)
			snprintf(nl->blame, sizeof(nl->blame), "the node's configuration");
	}
}
