/* SPDX-License-Identifier: GPL-2.0 */
/* Moments in jiffies as kept in 32 bits, good for half their range; 0 may mean none. */
#ifndef _SVCNAT_DEADLINE_H
#define _SVCNAT_DEADLINE_H

#include <linux/jiffies.h>

/* A moment that is not 0. */
static inline u32 svcnat_jiffies_after(unsigned long delay)
{
	return (u32)(jiffies + delay) ?: 1;
}

static inline bool svcnat_jiffies_passed(u32 at)
{
	return (s32)((u32)jiffies - at) >= 0;
}

#endif /* _SVCNAT_DEADLINE_H */
