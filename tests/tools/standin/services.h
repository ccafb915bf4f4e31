/* SPDX-License-Identifier: GPL-2.0 */
/* Services as they came, and what a transaction changes in them. */
#ifndef STANDIN_SERVICES_H
#define STANDIN_SERVICES_H

#include <netlink/attr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A service, or a continuation of the one before it. */
struct record {
	uint32_t name, identity;	/* hashes of them */
	struct nlattr *attr;
};

struct list {
	struct record *v;
	size_t n, cap;
	uint32_t services, backends;
};

struct change {
	uint8_t what;		/* enum svcnat_event */
	struct nlattr *svc;
	uint32_t added, removed;	/* backends */
};

/* Keeps a copy of @a. */
void list_add(struct list *l, const struct nlattr *a);
void list_clear(struct list *l);
/* Takes out the service that @a is of. */
void list_drop(struct list *l, struct nlattr *a);

struct nlattr *attr_copy(const struct nlattr *a);
bool continues(const struct nlattr *svc);
/* The first record of that name from the @i-th on, l->n if there is none. */
size_t list_next(const struct list *l, const struct nlattr *name, size_t i);
/* Attributes of that type in @svc, a continuation not counted. */
uint32_t count(const struct nlattr *svc, int type);

/* What @staged changes in @now; free() it. With @replace what is not staged goes. */
struct change *changes_find(const struct list *now, const struct list *staged, bool replace,
			    size_t *n);

#endif
