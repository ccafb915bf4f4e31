/* SPDX-License-Identifier: GPL-2.0 */
/* All objects of a model: sorted by kind, namespace and name, each once. */
#ifndef SVCCTL_CATALOG_H
#define SVCCTL_CATALOG_H

#include "arena.h"
#include "diag.h"
#include "object.h"

struct catalog_entry {
	struct object *obj;
	struct object *was;	/* the known object it replaces, or NULL */
	bool changed;		/* from the changes */
};

struct catalog {
	struct catalog_entry *v;
	struct object **objects;	/* the same, as lists hand them out */
	size_t n;
	size_t first[KIND_MAX + 1];	/* where each kind begins */
	bool *gone;		/* marked by catalog_remove() */
	bool holes;
};

/* An object twice in @changes is an error to @d. @known may be NULL. */
struct catalog *catalog_new(struct arena *a, const struct objects *known,
			    const struct objects *changes, struct diag *d);
struct object *catalog_find(const struct catalog *c, enum kind k, const char *ns,
			    const char *name);
/* All of one kind; those of one namespace. Valid until something is removed. */
struct objects catalog_kind(struct catalog *c, enum kind k);
struct objects catalog_namespace(struct catalog *c, enum kind k, const char *ns);
void catalog_remove(struct catalog *c, enum kind k, const char *ns, const char *name);

#endif
