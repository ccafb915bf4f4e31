/* SPDX-License-Identifier: GPL-2.0 */
/* Weights of endpoints by address, as an annotation lists them. */
#ifndef SVCCTL_WEIGHTS_H
#define SVCCTL_WEIGHTS_H

#include "arena.h"
#include "ip.h"

struct weights {
	struct weight { struct ip ip; uint32_t weight; } *v;	/* sorted by ip */
	size_t n;
};

/* "10.0.0.1=3,fd00::1=0"; false: it is not so, or an address is in it twice. */
bool weights_parse(struct arena *a, const char *text, struct weights *out);
/* That of @ip, -1: not listed. */
int weights_find(const struct weights *w, const struct ip *ip);

#endif
