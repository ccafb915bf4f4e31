/* SPDX-License-Identifier: GPL-2.0 */
/* What schedulers draw from: tables made with the set, read by pick.c. */
#ifndef _SVCNAT_SCHED_H
#define _SVCNAT_SCHED_H

#include "backend.h"

/**
 * struct svcnat_table - slots that lead to backends of one policy
 * @n: slots
 * @slot: indices, 0 to svcnat_set_count() - 1, as often as weights ask for
 */
struct svcnat_table {
	u32			n;
	u32			slot[];
};

int svcnat_sched_prepare(struct svcnat_set *set);
void svcnat_sched_free(struct svcnat_set *set);

#endif /* _SVCNAT_SCHED_H */
