// SPDX-License-Identifier: GPL-2.0
/* Node ports among the kernel's reserved ones; see reserved_ports.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "model_impl.h"
#include "proc.h"
#include "reserved_ports.h"

#define FILE_NAME "sys/net/ipv4/ip_local_reserved_ports"

void reserved_ports_merge(struct port_set *now, struct port_set *ours,
			  const struct port_set *want)
{
	struct port_set others = *now;

	port_set_minus(&others, ours);
	*now = others;
	port_set_union(now, want);
	*ours = *want;
	port_set_minus(ours, &others);
}

static void add_node_ports(struct port_set *out, const struct dp *dp)
{
	for (size_t i = 0; i < dp->n_services; i++) {
		const struct dp_service *s = &dp->services[i];

		for (size_t j = 0; j < s->n_frontends; j++)
			if (s->frontends[j].kind == SVCNAT_FRONTEND_NODE_PORT)
				port_set_add(out, s->frontends[j].port);
	}
}

static void add_health_ports(struct port_set *out, const struct model *m)
{
	struct objects services = model_kind(m, KIND_SERVICE);

	for (size_t i = 0; i < services.n; i++) {
		const struct service *svc = OBJ(service, services.v[i]);

		if (service_has_health_port(svc) && svc->health_check_node_port > 0)
			port_set_add(out, (uint16_t)svc->health_check_node_port);
	}
}

/* What was reserved before this boot, or elsewhere, is so no more. */
static const char *epoch(struct arena *a)
{
	const char *boot = proc_line(a, "sys/kernel/random/boot_id");
	char ns[64] = "";

	if (readlink(proc_path(a, "self/ns/net"), ns, sizeof(ns) - 1) < 0)
		ns[0] = '\0';
	return arena_printf(a, "%s,%s", boot ? boot : "", ns);
}

/* "EPOCH PORTS", as it is kept in the state. */
static void recall(struct session *s, const char *when, struct port_set *ours)
{
	const char *kept = state_reserved(s->state, s->cli->a);
	size_t len = strlen(when);

	if (strncmp(kept, when, len) || kept[len] != ' ' || !port_set_parse(kept + len + 1, ours))
		*ours = (struct port_set){ 0 };
}

static bool keep(struct session *s, const char *when, const struct port_set *ours)
{
	struct arena *a = s->cli->a;

	return state_reserve(s->state, arena_printf(a, "%s %s", when, port_set_print(a, ours)),
			     s->cli->d);
}

/* What one call does not take is added by the next. A list of nothing is a newline. */
static bool write_ports(struct arena *a, const struct port_set *ports)
{
	const char *text = arena_printf(a, "%s\n", port_set_print(a, ports));
	int fd = open(proc_path(a, FILE_NAME), O_WRONLY | O_TRUNC | O_CLOEXEC), err;
	size_t left = strlen(text);
	ssize_t n = 0;

	if (fd < 0)
		return false;
	for (; left && (n = write(fd, text, left)) > 0; text += n)
		left -= (size_t)n;
	err = errno;
	close(fd);
	errno = err;
	return !left;
}

static bool warn(struct session *s, const char *what, const struct port_set *want)
{
	int port = port_set_next(want, 0);

	if (port < 0)
		diag_warn(s->cli->d, NULL, NULL, "%s cannot be %s (%s): node ports that are no "
			  "longer served stay reserved", proc_path(s->cli->a, FILE_NAME), what,
			  strerror(errno));
	else
		diag_warn(s->cli->d, NULL, NULL, "%s cannot be %s (%s): a connection of this "
			  "machine's own may be given a node port, like %d, as its source port",
			  proc_path(s->cli->a, FILE_NAME), what, strerror(errno), port);
	return false;
}

/*
 * Whatever is ours is in the state before it is in the kernel, and until it is
 * out of it: cut short between the two, the next command makes it good.
 */
static bool reserve(struct session *s, const char *when, const struct port_set *want,
		    const struct port_set *was_ours)
{
	const char *text = proc_line(s->cli->a, FILE_NAME);
	struct port_set was, now, ours = *was_ours, both;

	if (!text || !port_set_parse(text, &now)) {
		errno = text ? EINVAL : errno;
		return warn(s, "read", want);
	}
	was = now;
	reserved_ports_merge(&now, &ours, want);
	both = ours;
	port_set_union(&both, was_ours);
	if (!port_set_equal(&both, was_ours) && !keep(s, when, &both))
		return false;
	if (!port_set_equal(&now, &was) && !write_ports(s->cli->a, &now))
		return warn(s, "written", want);
	return port_set_equal(&ours, &both) || keep(s, when, &ours);
}

bool reserved_ports_update(struct session *s)
{
	struct port_set want = { 0 }, ours;
	const char *when;

	/* Which ports are node ports was not looked at, and has not changed. */
	if (s->near)
		return true;
	when = epoch(s->cli->a);
	if (s->want)
		add_node_ports(&want, s->want);
	if (s->want && s->model)
		add_health_ports(&want, s->model);
	recall(s, when, &ours);
	return (port_set_empty(&want) && port_set_empty(&ours)) || reserve(s, when, &want, &ours);
}
