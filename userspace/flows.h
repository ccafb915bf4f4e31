/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections on the fast path. The kernel has an entry for each direction; here the
 * two are one, as a row of a table or an item of a document.
 */
#ifndef SVCCTL_FLOWS_H
#define SVCCTL_FLOWS_H

#include <stdio.h>

#include "addrmap.h"
#include "nl.h"
#include "sink.h"

enum { FLOW_IN, FLOW_OUT, FLOW_WAYS };	/* from the client, to the client */

struct flow {
	const char *service;		/* "namespace/name:port", NULL: nobody's any more */
	struct knl_flow key;		/* as the client sends it; iif 0 */
	struct ip backend;
	uint16_t backend_port;
	struct way {
		bool cached, idle;
		uint32_t ifindex, age_ms;
		uint64_t packets, bytes;
	} way[FLOW_WAYS];
};

struct flows {
	struct arena *a;
	const char *ns, *name;		/* which are wanted; NULL: all */
	struct addrmap names;		/* of services, by their frontend: each kept once */
	struct flow *v;
	size_t n;
};

void flows_init(struct flows *f, struct arena *a);
/* Keeps an entry if it is wanted; a knl_flow_fn. What is nobody's is wanted with all only. */
void flows_take(const struct knl_cached *c, void *flows);
/* When all are taken: one flow of both directions, sorted by service, then client. */
void flows_join(struct flows *f);

/* @wide: each direction by itself, sizes not rounded. */
void flows_print(FILE *out, const struct flows *f, bool wide);
/* A List of kind Flow. */
void flows_put(struct sink *s, const void *flows);

#endif
