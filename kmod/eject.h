/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Passive ejection: a backend whose handshakes keep failing sits out for a while.
 *
 * It is ejected by &svcnat_settings.eject_fails failures in a row, for at least
 * eject_seconds and less than a second more. Failures of connections made before do
 * not prolong that. Afterwards it is on probation: the next failure ejects it again,
 * an answer at any time clears it of what it was charged with, but does not end
 * the time it sits out.
 */
#ifndef _SVCNAT_EJECT_H
#define _SVCNAT_EJECT_H

#include <linux/ktime.h>

#include "set.h"

bool svcnat_eject_failed(const struct svcnat_set *set, struct svcnat_backend *b);

/* A handshake was answered. Any context; writes only if there is something to forget. */
static inline void svcnat_eject_answered(struct svcnat_backend *b)
{
	if (READ_ONCE(b->fails))
		WRITE_ONCE(b->fails, 0);
}

/*
 * How long it sits out still, 0 if it does not. &svcnat_backend.ejected_until is never
 * cleared, so it is in seconds of the monotonic clock: they do not wrap, as jiffies do.
 */
static inline u32 svcnat_ejected_seconds(const struct svcnat_backend *b)
{
	u32 until = READ_ONCE(b->ejected_until), now;

	if (likely(!until))
		return 0;
	now = ktime_get_seconds();
	return until > now ? until - now : 0;
}

/* Does it sit out now? */
static inline bool svcnat_ejected(const struct svcnat_backend *b)
{
	return svcnat_ejected_seconds(b);
}

#endif /* _SVCNAT_EJECT_H */
