/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the fields of each kind are called, what they may hold and where in the
 * structs of object.h they live. The one description both bind.c (reading) and
 * emit.c (writing) go by.
 */
#ifndef SVCCTL_SCHEMA_H
#define SVCCTL_SCHEMA_H

#include <stddef.h>
#include <stdint.h>
#include "object.h"

enum field_type {
	F_ANY,		/* known, not ours: passed over whole */
	F_KIND,		/* the object's own kind */
	F_ITEMS,	/* objects of a List */
	F_STRING,	/* const char *; one of .values if there are any */
	F_INT,		/* int64_t within .min to .max */
	F_BOOL,		/* enum tri */
	F_INT_OR_STR,	/* struct int_or_str; a number within .min to .max */
	F_MAP,		/* struct map */
	F_STRINGS,	/* struct strings; each one of .values if there are any */
	F_STRUCT,	/* fields of .sub, .offset from here */
	F_LIST,		/* pointer to elements of .sub, and their number behind it */
};

#define FIELD_ZERO_UNSET 1	/* 0 is how an API server writes "none" */

struct schema;

struct field {
	const char *name;
	uint8_t len;
	uint8_t type;
	uint8_t flags;
	uint32_t offset;
	uint32_t places;		/* offset of its struct places, 0 = not kept */
	int32_t min, max;
	const char *noun;		/* "a port", for messages */
	const char *const *values;	/* ends with NULL */
	const struct schema *sub;
};

/* Fields are sorted by name: what kubectl prints, and mostly what it is given. */
struct schema {
	const struct field *fields;
	uint8_t n;			/* at most 64: bind.c keeps a bit each */
	uint32_t size;			/* of an element or object */
	uint32_t loc;			/* offset of its struct loc, 0 = none */
};

extern const struct schema schema_list;	/* v1 List and typed lists */

const struct schema *schema_of(enum kind k);
/* "v1", "discovery.k8s.io/v1" */
const char *schema_api(enum kind k);

/* Makes zeroed memory of @s what an absent object is: numbers are -1. */
void schema_init(const struct schema *s, void *base);

/* The list behind an F_LIST field: its elements and their number are neighbours. */
struct list {
	char *v;
	size_t n;
};

#endif
