/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What get, and describe, share: which things are asked for, where they are
 * read, how they are printed.
 *
 *   cmd_get.c       the command           cmd_describe.c  the other one
 *   get_wish.c      TYPE[,TYPE] [NAME...], TYPE/NAME...
 *   get_load.c      the state, or the kernel, as of now
 *   get_views.c     the types: what there is of each, its columns
 *   get_backends.c  the type that is the kernel's
 *   get_print.c     rows, names, documents
 *   get_watch.c     -w
 */
#ifndef SVCCTL_GET_H
#define SVCCTL_GET_H

#include "emit.h"
#include "model.h"
#include "output.h"
#include "table.h"

struct request;

/* An object or a backend. */
struct item {
	const char *key;		/* of its view: no other has it */
	const void *thing;
	const char *said;		/* get_watch.c */
};

struct items {
	struct item *v;
	size_t n;
};

struct view {
	const char *word;		/* "services" */
	enum kind kind;			/* KIND_MAX: backends */
	/* After NAMESPACE and NAME; '|' before one of -o wide, then '~' if it is no news. */
	const char *columns;
	void (*row)(const struct request *r, struct table *t, const void *thing);
	sink_fn *put;
	/* Adds those of that name (NULL: all) in the namespace asked for; false: there is none. */
	bool (*match)(const struct request *r, const struct view *v, const char *name,
		      struct items *out);
};

/* A TYPE with the names asked for; none: all. */
struct wish {
	const struct view *view;
	const char **names;
	size_t n_names;
};

struct request {
	struct cli *cli;
	const char *ns;			/* NULL: all */
	enum output out;
	bool watch;
	struct wish *wishes;		/* each another type */
	size_t n_wishes;

	struct arena *a;		/* of what follows and what is made of it */
	struct model *model;
	struct dp *dp;			/* instead, for backends */
};

/* Operands into wishes; false after an error was said. */
bool wishes_read(struct request *r, int argc, char **argv);
/* Is it exactly one thing, by its name? */
bool wishes_one(const struct request *r);

/* What the wishes need; nothing stays open. False after an error was said. */
bool request_load(struct request *r);

/* Items of @w; false if a name has none, which is an error if you @say so. */
bool wish_items(const struct request *r, const struct wish *w, bool say, struct items *out);

#define VIEW_WORDS \
	"services, endpoints, pods, nodes, namespaces, endpointslices, servicecidrs or backends"

extern const struct view backends_view;
const struct view *view_of(const char *word);	/* or NULL */
bool view_has_namespace(const struct view *v);

struct item *item_add(const struct request *r, struct items *list, const char *key,
		      const void *thing);

/* Columns of @v, then rows of items, in a table; the head alone prints as one line. */
void print_head(const struct request *r, const struct view *v, struct table *t);
void print_row(const struct request *r, const struct view *v, struct table *t, const void *thing);
/* One item in any form. */
void print_item(const struct request *r, const struct view *v, struct table *t, const void *thing);
/* What of it would be news, as text. */
const char *print_news(const struct request *r, const struct view *v, const void *thing);
/* @lists: one a wish. */
void print_list(const struct request *r, const struct items *lists);
/* Says that there is nothing, where kubectl does: in place of a table. */
void print_nothing(const struct request *r);

int get_watch(struct request *r);

#endif
