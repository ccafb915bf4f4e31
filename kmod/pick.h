/* SPDX-License-Identifier: GPL-2.0 */
/* Which backend of a set a new flow goes to. */
#ifndef _SVCNAT_PICK_H
#define _SVCNAT_PICK_H

#include "backend.h"

u32 svcnat_pick_count(const struct svcnat_set *set, bool local);
struct svcnat_backend *svcnat_pick(const struct svcnat_set *set, bool local);

#endif /* _SVCNAT_PICK_H */
