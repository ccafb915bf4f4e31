/* SPDX-License-Identifier: GPL-2.0 */
/* Endpoints of a Service port, gathered into a list that is used again and again. */
#ifndef SVCCTL_ENDPOINTS_H
#define SVCCTL_ENDPOINTS_H

#include "model_impl.h"

struct endpoint_buf {
	struct endpoint *v;	/* sorted by ip, port; unique */
	size_t n, cap;
};

void endpoints_collect(struct model *m, const struct service *svc,
		       const struct service_port *port, int family, struct endpoint_buf *out,
		       struct diag *d);

/* Are they those of its Endpoints object, if there is one? */
bool endpoints_by_hand(struct model *m, const struct service *svc);

/* The zone of options.node by its Node object, or NULL. */
const char *model_zone(const struct model *m);

#endif
