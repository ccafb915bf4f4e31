/* SPDX-License-Identifier: GPL-2.0 */
/* Sockets of this machine that wait on a node port, and wait in vain. */
#ifndef SVCCTL_LISTENERS_H
#define SVCCTL_LISTENERS_H

#include <sys/types.h>

#include "arena.h"
#include "diag.h"
#include "dp.h"

struct listener {
	uint8_t proto;
	struct ip ip;		/* all zero: any address; :: is any of both families */
	uint16_t port;
	uint64_t inode;
	const char *process;	/* its name, NULL: not known */
	pid_t pid;
};

/*
 * A line of /proc/net/tcp, tcp6, udp or udp6. False: it tells of no socket, or of
 * one that does not listen: a TCP socket in another state, a connected UDP socket.
 */
bool listener_parse(const char *line, uint8_t proto, struct listener *out);

/*
 * Warns of listeners on node ports that are served in @want and not in @have, on
 * addresses where node ports answer.
 */
void listeners_warn(struct arena *a, const struct dp *have, const struct dp *want,
		    struct diag *d);

#endif
