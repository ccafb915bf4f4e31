/* SPDX-License-Identifier: GPL-2.0 */
/* Passive ejection: a backend whose handshakes keep failing sits out for a while. */
#ifndef _SVCNAT_EJECT_H
#define _SVCNAT_EJECT_H

#include <linux/jiffies.h>

#include "backend.h"

bool svcnat_eject_failed(const struct svcnat_set *set, struct svcnat_backend *b);

/* A handshake was answered. Any context; writes only if there is something to forget. */
static inline void svcnat_eject_answered(struct svcnat_backend *b)
{
	if (READ_ONCE(b->fails))
		WRITE_ONCE(b->fails, 0);
}

/* Jiffies as kept in 32 bits, where 0 means none. */
static inline u32 svcnat_jiffies_after(unsigned long delay)
{
	return (u32)(jiffies + delay) ?: 1;
}

static inline bool svcnat_jiffies_passed(u32 at)
{
	return (s32)((u32)jiffies - at) >= 0;
}

/* Does it sit out now? */
static inline bool svcnat_ejected(const struct svcnat_backend *b)
{
	u32 until = READ_ONCE(b->ejected_until);

	return until && !svcnat_jiffies_passed(until);
}

#endif /* _SVCNAT_EJECT_H */
