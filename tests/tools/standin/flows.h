/* SPDX-License-Identifier: GPL-2.0 */
/* A flow cache: what there might be in it, for every service that is. */
#ifndef STANDIN_FLOWS_H
#define STANDIN_FLOWS_H

#include <linux/netlink.h>

#include "services.h"

/*
 * SVCNAT_CMD_FLOW_GET: of each TCP and UDP service with an address and a backend one
 * connection in both directions and one of which only the client's is there, idle.
 */
void flows_dump(const struct nlmsghdr *req, const struct list *services);

#endif
