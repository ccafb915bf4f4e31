/* SPDX-License-Identifier: GPL-2.0 */
/* The addresses of this machine, where no Node object says what they are. */
#ifndef SVCCTL_NODE_ADDRS_H
#define SVCCTL_NODE_ADDRS_H

#include "arena.h"
#include "options.h"

/*
 * Global addresses as host prefixes; the first of a family is its primary one:
 * the preferred source of the default route, else the first there is.
 */
struct prefixes node_addrs(struct arena *a);

#endif
