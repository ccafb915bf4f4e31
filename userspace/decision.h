/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel would do with a flow, and why, in words. */
#ifndef SVCCTL_DECISION_H
#define SVCCTL_DECISION_H

#include <stdio.h>

#include "nl.h"
#include "sink.h"

struct answer {
	struct arena *a;
	struct knl_flow flow;			/* what was asked */
	struct knl_decision d;
	struct dp_config config;
	const struct dp_service *service;	/* that of the decision in full, or NULL */
};

/* Whether answer.service is wanted: it costs a dump. */
bool decision_wants_service(const struct knl_decision *d);

/* What happens, then a line for each fact about it. */
void decision_print(FILE *f, const struct answer *w);
void decision_put(struct sink *s, const void *answer);

#endif
