/* SPDX-License-Identifier: GPL-2.0 */
/* Whom a load balancer lets in: loadBalancerSourceRanges, features.md §1.1.8. */
#ifndef SVCCTL_RANGES_H
#define SVCCTL_RANGES_H

#include "model_impl.h"

/* As an API server takes them: blanks around it, bits beyond the length. */
bool range_parse(const char *text, struct prefix *out);

/*
 * ranges_make - the source ranges of @svc in the family of @s, once its frontends
 * are there, and which of these they hold for
 *
 * @nodes: the addresses of this node.
 */
void ranges_make(struct model *m, const struct service *svc, const struct prefixes *nodes,
		 struct dp_service *s, struct diag *d);

#endif
