/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The difference between two data plane states, as operations. Pure: two sorted
 * states in, operations out; `diff` prints them, `apply` sends them.
 */
#ifndef SVCCTL_PLAN_H
#define SVCCTL_PLAN_H

#include <stdio.h>
#include "arena.h"
#include "dp.h"

enum plan_op { PLAN_ADD, PLAN_CHANGE, PLAN_REMOVE };

struct plan_step {
	enum plan_op op;
	const struct dp_service *was;	/* NULL with ADD */
	const struct dp_service *want;	/* NULL with REMOVE */
};

struct plan {
	uint64_t generation;		/* of the state it was computed from */
	bool replace;			/* send as a whole state: cheaper, most of it changes */
	const struct dp_config *config;	/* NULL: unchanged */
	const struct dp_config *config_was;
	const struct dp *want;		/* the whole desired state, for replace */
	struct plan_step *steps;	/* sorted by identity */
	size_t n;
};

struct plan *plan_make(struct arena *a, const struct dp *have, const struct dp *want);
bool plan_empty(const struct plan *p);
/* Unified-diff flavoured text, a line a service, frontend and backend. */
void plan_print(FILE *f, const struct plan *p);

#endif
