/* SPDX-License-Identifier: GPL-2.0 */
/* Words for what the kernel holds, for the verbs that print it. */
#ifndef SVCCTL_SHOW_H
#define SVCCTL_SHOW_H

#include "arena.h"
#include "dp.h"

const char *proto_name(uint8_t proto);
/* "10.0.0.1:80", "[fd00::1]:80" */
const char *addr_port(struct arena *a, const struct ip *ip, uint16_t port);
/* Is it of this namespace and Service? NULL: of any. */
bool dp_service_in(const struct dp_service *svc, const char *ns, const char *name);

#endif
