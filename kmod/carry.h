/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A set takes another's place: backends in both stay what they are, others leave, and
 * some that left are back.
 */
#ifndef _SVCNAT_CARRY_H
#define _SVCNAT_CARRY_H

#include "gone.h"
#include "set.h"

/**
 * struct svcnat_carry - what came of it
 * @room: for those that leave, and those that left before; NULL if nobody leaves
 * @carried: how many backends are in both sets
 * @changed: one of those that stay or are back has another weight or limit
 * @cutting: connections are to be cut
 */
struct svcnat_carry {
	struct svcnat_gone	*room;
	u32			carried;
	bool			changed;
	bool			cutting;
};

int svcnat_carry_prepare(struct svcnat_carry *c, const struct svcnat_set *new,
			 const struct svcnat_set *old, const struct svcnat_gone *gone);
void svcnat_carry_over(struct svcnat_carry *c, struct svcnat_set *new, struct svcnat_set *old,
		       struct svcnat_gone **gone);
void svcnat_carry_none(struct svcnat_carry *c, struct svcnat_set *set,
		       struct svcnat_gone *gone);

#endif /* _SVCNAT_CARRY_H */
