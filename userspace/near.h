/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a change of a few endpoints reaches, so that it costs what the change is
 * and not what there is.
 *
 * An EndpointSlice of a Service decides about the backends of that Service and
 * about nothing else. So where all changes are slices of Services that they were
 * slices of before, and the kernel still holds what the last command made of the
 * state, then those Services, their slices and Pods are all that has to be read:
 * from the state by key, from the kernel by name. Anything else is done as a whole,
 * and so is this, from the beginning, if somebody else commits before we do.
 *
 * What there is to warn of is said of what was read: of a change, and of what stands
 * for long by whatever reads all of it: restore, diff, and apply of anything else.
 */
#ifndef SVCCTL_NEAR_H
#define SVCCTL_NEAR_H

#include "session.h"

/*
 * What the kernel's state follows from besides objects and options: to be kept with
 * a commit. While it is the same, nothing else changed what the kernel holds.
 */
const char *near_basis(struct session *s, uint64_t generation);

/* Loads into s->known what @changes reach. False, and nothing said: all of it counts. */
bool near_load(struct session *s, const struct objects *changes);

/* What the kernel has of the services in s->want. Is that another's by now: s->astray. */
struct dp *near_dump(struct session *s);
/* What only the whole decides, s->want takes over from s->have: who of two holds a frontend. */
void near_settle(struct session *s);

#endif
