/* SPDX-License-Identifier: GPL-2.0 */
/* The steps from the model to the data plane's state; see model_resolve(). */
#ifndef SVCCTL_RESOLVE_H
#define SVCCTL_RESOLVE_H

#include "model_impl.h"

/* A service of the data plane with the Service it came from. */
struct resolved {
	struct dp_service *dp;
	const struct service *svc;
};

/* Says @fmt of @svc, at its place in the input; without one it was said long ago. */
__attribute__((format(printf, 4, 5)))
void resolve_warn(const struct service *svc, const char *field, struct diag *d,
		  const char *fmt, ...);

/* frontends.c: those of @svc's @port in @family; sorted, none twice. */
void frontends_make(struct model *m, const struct service *svc, const struct service_port *port,
		    struct dp_service *s);
/* Of equal ones only the winner of §1.1.11 stays. */
void frontends_settle(struct arena *a, struct resolved *v, size_t n, struct diag *d);

/* node_config.c: the addresses of this node; and what holds for it as a whole. */
struct prefixes node_addresses(struct model *m, const struct prefixes *machine);
void node_config_make(struct model *m, const struct prefixes *node_addrs, struct dp *dp,
		      struct diag *d);

#endif
