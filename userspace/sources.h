/* SPDX-License-Identifier: GPL-2.0 */
/* What endpoints are made from, indexed once for a model. */
#ifndef SVCCTL_SOURCES_H
#define SVCCTL_SOURCES_H

#include "model_impl.h"
#include "pods.h"

struct slice_ref {
	const char *ns, *service;
	const struct slice *slice;
};

struct sources {
	struct slice_ref *slices;	/* by namespace, Service, name of the slice */
	size_t n_slices;
	struct pods *pods;		/* made when the first selector asks */
	bool pods_weigh;		/* some Pod has a weight of its own */
};

struct sources *sources_get(struct model *m);

/* The slices of @svc: a stretch of all, *n long. */
const struct slice_ref *sources_slices(const struct sources *s, const struct service *svc,
				       size_t *n);
/* Number of the port in @v that goes by name and protocol with the Service's, or 0. */
int64_t sources_port(const struct service_port *port, const struct ep_port *v, size_t n);
/* The Endpoints of @svc, NULL: none, or not to be mirrored. */
const struct endpoints *sources_endpoints(const struct model *m, const struct service *svc);
/* The Pods by label. */
const struct pods *sources_pods(struct model *m);

#endif
