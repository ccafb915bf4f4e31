/* SPDX-License-Identifier: GPL-2.0 */
/* The word that somebody meant who wrote another one. */
#ifndef SVCCTL_SIMILAR_H
#define SVCCTL_SIMILAR_H

#include <stddef.h>

struct similar {
	const char *word;	/* as written, @len bytes of it */
	size_t len;
	const char *best;	/* of those tried, the one most like it, or NULL */
	size_t shared, of;	/* bytes, of both words' length */
};

/* It has to share more than half of @candidate. */
void similar_try(struct similar *s, const char *candidate);

#endif
