/* SPDX-License-Identifier: GPL-2.0 */
/* Words for what is known and what the kernel holds, for the verbs that print it. */
#ifndef SVCCTL_SHOW_H
#define SVCCTL_SHOW_H

#include "arena.h"
#include "diag.h"
#include "dp.h"
#include "object.h"

/* Element @i of an array of words; a newer kernel may count further than we do. */
#define WORD(words, i) \
	((size_t)(i) < sizeof(words) / sizeof((words)[0]) && (words)[i] ? (words)[i] : "unknown")

const char *proto_name(uint8_t proto);
/* As the annotation svcnat.io/scheduler has them. */
const char *sched_name(uint8_t sched);
/* "10.0.0.1:80", "[fd00::1]:80" */
const char *addr_port(struct arena *a, const struct ip *ip, uint16_t port);
/* Bytes, of 10000 on rounded: "9999", "9.8Ki", "116Mi". */
const char *size_text(struct arena *a, uint64_t n);
/* As kubectl has it: "90s", "3m12s", "45m", "5h30m", "2d". */
const char *age_text(struct arena *a, uint64_t seconds);
/* Is "namespace/name:port" of this namespace and Service? NULL: of any. */
bool service_in(const char *service, const char *ns, const char *name);
bool dp_has_service(const struct dp *dp, const char *ns, const char *name);
/* Says that the kernel has no such Service. */
void not_in_kernel(struct diag *d, const char *ns, const char *name);

const char *or_none(const char *s);			/* "<none>" for nothing */
/* With commas between; for long lists the second, which writes them once. */
const char *join(struct arena *a, const char *list, const char *item);	/* @list may be NULL */
const char *join_all(struct arena *a, const struct strings *v);
void strings_add(struct arena *a, struct strings *v, const char *text);
const char *join_pairs(struct arena *a, const struct map *m);

#endif
