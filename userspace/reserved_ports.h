/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ip_local_reserved_ports: what the kernel gives to no connection by itself. A
 * node port among them is nobody's source port, so that no reply to one of the
 * machine's own connections comes to a port that is served.
 */
#ifndef SVCCTL_RESERVED_PORTS_H
#define SVCCTL_RESERVED_PORTS_H

#include "port_set.h"
#include "session.h"

/*
 * @now: what is reserved; @ours: what of it we put there; @want: what is to be.
 * What others put there stays. @now and @ours become what they are afterwards.
 */
void reserved_ports_merge(struct port_set *now, struct port_set *ours,
			  const struct port_set *want);

/*
 * After the kernel's commit: reserves the node ports of session.want and the health check
 * ports of session.model (NULL: there are none), and gives back what is served no
 * more. Remembers in the state what is ours. What fails is warned of:
 * false.
 */
bool reserved_ports_update(struct session *s);

#endif
