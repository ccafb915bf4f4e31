/* SPDX-License-Identifier: GPL-2.0 */
/* How the tables of schema.c and schema_pod.c are written; nobody else includes this. */
#ifndef SVCCTL_SCHEMA_IMPL_H
#define SVCCTL_SCHEMA_IMPL_H

#include <assert.h>
#include "schema.h"

#define NAME(s) .name = (s), .len = sizeof(s) - 1
#define ANY(s) { NAME(s), .type = F_ANY }
#define STRING(s, t, m) { NAME(s), .type = F_STRING, .offset = offsetof(struct t, m) }
/* The same for values whose place is kept: what is checked against others later. */
#define PLACED(t, m) .offset = offsetof(struct t, m), .places = offsetof(struct t, at.m)
#define PLACED_STRING(s, t, m) { NAME(s), .type = F_STRING, PLACED(t, m) }
#define PLACED_MAP(s, t, m) { NAME(s), .type = F_MAP, PLACED(t, m) }
#define PLACED_STRINGS(s, t, m) { NAME(s), .type = F_STRINGS, PLACED(t, m) }
#define ENUM(s, t, m, v) \
	{ NAME(s), .type = F_STRING, .offset = offsetof(struct t, m), .values = (v) }
#define INT(s, t, m, lo, hi, what) \
	{ NAME(s), .type = F_INT, .offset = offsetof(struct t, m), .min = (lo), .max = (hi), \
	  .noun = (what) }
#define PORT(s, t, m) INT(s, t, m, 1, 65535, "a port")
#define PORT_OR_0(s, t, m) \
	{ NAME(s), .type = F_INT, .flags = FIELD_ZERO_UNSET, .offset = offsetof(struct t, m), \
	  .min = 1, .max = 65535, .noun = "a port" }
#define BOOL(s, t, m) { NAME(s), .type = F_BOOL, .offset = offsetof(struct t, m) }
#define MAP(s, t, m) { NAME(s), .type = F_MAP, .offset = offsetof(struct t, m) }
#define STRINGS(s, t, m) { NAME(s), .type = F_STRINGS, .offset = offsetof(struct t, m) }
#define STRUCT_AT(s, off, sch) { NAME(s), .type = F_STRUCT, .offset = (off), .sub = &(sch) }
/* A struct in the input whose fields lie in ours without a struct of their own. */
#define INLINE(s, sch) STRUCT_AT(s, 0, sch)
#define LIST_AT(s, off, sch) { NAME(s), .type = F_LIST, .offset = (off), .sub = &(sch) }
#define LIST(s, t, m, sch) LIST_AT(s, offsetof(struct t, m), sch)

/* bind.c and emit.c take an F_LIST's number from behind its pointer. */
#define LIST_PAIR(t, m) \
	static_assert(offsetof(struct t, n_##m) == offsetof(struct t, m) + sizeof(void *), #m)

#define SCHEMA_OF(scope, name_, t, loc_) \
	static_assert(sizeof(name_##_fields) / sizeof(*name_##_fields) <= 64, #name_); \
	scope const struct schema name_ = { \
		.fields = name_##_fields, \
		.n = sizeof(name_##_fields) / sizeof(*name_##_fields), \
		.size = sizeof(t), \
		.loc = (loc_), \
	}
#define SCHEMA_LOC(name_, t, loc_) SCHEMA_OF(static, name_, t, loc_)
#define SCHEMA(name_, t) SCHEMA_LOC(name_, t, 0)
/* One that the other file uses too. */
#define SCHEMA_SHARED(name_, t) SCHEMA_OF(, name_, t, 0)

#define HEAD \
	STRING("apiVersion", object, api_version), \
	{ NAME("kind"), .type = F_KIND }, \
	INLINE("metadata", schema_meta)

extern const struct schema schema_meta, schema_pod;
extern const char *const schema_protocols[];

#endif
