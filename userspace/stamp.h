/* SPDX-License-Identifier: GPL-2.0 */
/* When objects came: of two that ask for the same the older one wins. */
#ifndef SVCCTL_STAMP_H
#define SVCCTL_STAMP_H

#include "arena.h"
#include "object.h"

/*
 * Gives each of @changes that does not say when it was created the time of the
 * known object it replaces, or, where there is none, one that is later than any
 * of @known: the clock counts seconds, and commands come faster. @known is sorted.
 */
void stamp_changes(struct arena *a, const struct objects *known, const struct objects *changes);

#endif
