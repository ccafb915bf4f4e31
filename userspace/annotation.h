/* SPDX-License-Identifier: GPL-2.0 */
/* What a Service asks of us beyond the Kubernetes API, by annotations. */
#ifndef SVCCTL_ANNOTATION_H
#define SVCCTL_ANNOTATION_H

#include "diag.h"
#include "object.h"
#include "svcnat.h"

#define ANNOTATION_SCHEDULER "svcnat.io/scheduler"	/* random, round-robin */
#define ANNOTATION_REFUSE "svcnat.io/refuse"		/* reset, icmp */

/* Errors at values that are none, warnings at names that are none. */
void annotations_check(const struct service *svc, struct diag *d);
enum svcnat_sched annotation_sched(const struct service *svc);
uint32_t annotation_flags(const struct service *svc);	/* SVCNAT_SERVICE_F_* */

#endif
