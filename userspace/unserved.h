/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses a Service has and does not answer on. */
#ifndef SVCCTL_UNSERVED_H
#define SVCCTL_UNSERVED_H

#include "arena.h"
#include "dp.h"
#include "object.h"

/* Of one port, each with the reason; @dp is what model_resolve() made. NULL: none. */
const char *unserved(struct arena *a, const struct dp *dp,
		     const struct service *svc, const struct service_port *port);

#endif
