/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TALLY_H
#define TALLY_H

#include "tries.h"

/* Counts the answer in @text; says whether it was one. */
enum outcome tally_text(struct tally *t, const char *text, bool keep_order);
void tally_sort(struct tally *t);
void tally_free(struct tally *t);

#endif
