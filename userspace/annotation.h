/* SPDX-License-Identifier: GPL-2.0 */
/* What a Service, its endpoints or its Pods ask of us beyond the Kubernetes API. */
#ifndef SVCCTL_ANNOTATION_H
#define SVCCTL_ANNOTATION_H

#include "diag.h"
#include "object.h"
#include "svcnat.h"

#define ANNOTATION(name) "svcnat.io/" name

/* Of a Service. */
#define ANNOTATION_SCHEDULER ANNOTATION("scheduler")	/* random, round-robin, ... */
#define ANNOTATION_REFUSE ANNOTATION("refuse")		/* reset, icmp */
#define ANNOTATION_CONNECTIONS ANNOTATION("max-connections") /* of one endpoint */
#define ANNOTATION_REMOVAL ANNOTATION("removal")	/* keep, drain=SECONDS, reset */
#define ANNOTATION_EJECT ANNOTATION("eject")		/* off, FAILS/SECONDS */
#define ANNOTATION_FAST_PATH ANNOTATION("fast-path")	/* on, off */
/* Of a Service, an EndpointSlice or Endpoints: ADDRESS=WEIGHT,... */
#define ANNOTATION_WEIGHTS ANNOTATION("weights")
/* Of a Pod. */
#define ANNOTATION_WEIGHT ANNOTATION("weight")

/* Where nothing is said: TCP backends that fail so often in a row sit out so long. */
#define EJECT_FAILS 5
#define EJECT_SECONDS 30

struct annotations {
	enum svcnat_sched sched;
	uint32_t flags;			/* SVCNAT_SERVICE_F_* */
	uint32_t conn_limit;		/* 0: none */
	enum svcnat_removal removal;
	uint32_t drain_seconds;
	uint32_t eject_fails, eject_seconds;
	int weight;			/* -1: not said */
};

/* Errors at values that are none, warnings at names that mean nothing on such an object. */
void annotations_check(const struct object *o, struct diag *d);
/* Those of @o, and the defaults of the others. */
struct annotations annotations_of(const struct object *o);

#endif
