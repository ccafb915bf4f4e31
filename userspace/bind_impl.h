/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of bind share; nobody else includes this. */
#ifndef SVCCTL_BIND_IMPL_H
#define SVCCTL_BIND_IMPL_H

#include <sys/types.h>
#include "bind.h"
#include "schema.h"

#define DEPTH_MAX 64
#define ERRORS_MAX 20
#define LEVELS_MAX 8		/* lists within lists within one object; 3 exist */
#define PATH_LEN 256

enum mode {
	M_ROOT,		/* between documents */
	M_OBJECT,	/* a map whose kind is not known yet: logged */
	M_ITEMS,	/* the objects of a List */
	M_STRUCT,	/* a map with the fields of .schema */
	M_LIST,		/* structs of .schema */
	M_STRINGS,
	M_MAP,		/* string to string */
};

struct frame {
	enum mode mode;
	uint8_t level;			/* lists above this one within the object */
	bool root;			/* M_STRUCT: a whole object or List */
	uint8_t next;			/* M_STRUCT: where to look for the next field first */
	const struct schema *schema;
	const struct field *field;	/* M_STRUCT: whose value comes; lists: the list's own */
	char *base;			/* M_STRUCT: what is filled; lists: the struct list to be set */
	size_t n;			/* lists: elements so far */
	uint64_t seen;			/* M_STRUCT: a bit for each field that came */
};

/*
 * Beside a frame that is an object or the items of a List. A kind is only known
 * once apiVersion and kind have both come, or the List around it says it: until
 * then events go to the log and are replayed when it is.
 */
struct head {
	const char *kind, *api;		/* M_ITEMS: of each item, NULL = says so itself */
	uint64_t place, api_place;
	size_t log;			/* the first event of this one in the log */
	struct object *obj;
	unsigned int errors;		/* before it */
	enum { PENDING_NONE, PENDING_KIND, PENDING_API, PENDING_ITEMS } pending;
	/* "items" came before "kind": objects and messages count only if it is a List. */
	bool tentative;
	size_t out_mark, said_mark;
	bool known;			/* M_ITEMS: the List's kind is known */
	bool foreign;			/* a List of a kind that is not ours, or only called like one */
};

struct event {
	enum { EV_MAP, EV_MAP_END, EV_SEQ, EV_SEQ_END, EV_KEY, EV_SCALAR } type;
	enum scalar scalar;
	size_t text, len;		/* in log.text */
	size_t mark;			/* how much text there was before */
	uint64_t place;
};

struct log {
	struct event *ev;
	size_t n, cap;
	char *text;
	size_t text_n, text_cap;
};

struct scratch {			/* elements of a list that is still growing */
	char *p;
	size_t used, cap;
};

struct text {
	const char *s;
	size_t len;
};

struct said {				/* a message that waits for a List's kind */
	bool error;
	struct loc loc;
	const char *field, *text;
};

struct skipped {
	const char *what;
	size_t n;
	struct loc first;
};

#define SKIPPED_MAX 32		/* kinds told apart */
#define INTERN_SLOTS 256

struct bind {
	struct arena *arena;
	struct source *src;
	struct objects *out;
	struct diag *diag;
	struct frame *top;
	size_t skip;			/* maps and sequences open in a value that is passed over */
	size_t logging;			/* the same for one that is logged */
	unsigned int depth, errors, tentative;
	bool stop, replaying;
	uint64_t replay_place;
	const char *map_key;		/* M_MAP: whose value comes */
	struct text odd_key;		/* an unknown field, while it is complained about */
	struct log log;
	struct scratch scratch[LEVELS_MAX];
	struct scratch places;		/* uint64_t: of the elements of the list at hand */
	struct said *said;
	size_t n_said;
	struct skipped *skipped;
	size_t n_skipped;
	struct text intern[INTERN_SLOTS];
	/* From here on not zeroed: made for every object that comes from the state. */
	struct frame stack[DEPTH_MAX + 2];
	struct head heads[DEPTH_MAX + 2];
};

static inline struct head *head_of(struct bind *b, const struct frame *f)
{
	return &b->heads[f - b->stack];
}

#define SHOWN_LEN 80

/* bind.c */
struct frame *bind_push(struct bind *b, enum mode mode, const struct schema *schema);
const char *bind_text(struct bind *b, const char *s, size_t len);
uint64_t bind_here(const struct bind *b);

/* bind_scalar.c; false: wrong, and said */
void bind_field_set(struct bind *b, const struct field *f, void *at, enum scalar type,
		    const char *s, size_t len);
bool bind_string_set(struct bind *b, const struct field *f, const char **at, const char *s,
		     size_t len);
bool bind_has_nul(struct bind *b, const char *s, size_t len);

/* bind_object.c: events in M_ROOT, M_OBJECT and M_ITEMS, and of whole objects */
void bind_object_begin(struct bind *b);
void bind_object_key(struct bind *b, struct frame *f, const char *s, size_t len);
void bind_object_scalar(struct bind *b, struct frame *f, enum scalar type, const char *s,
			size_t len);
void bind_object_value(struct bind *b, struct frame *f, int event);
void bind_object_map_end(struct bind *b, struct frame *f);
void bind_object_done(struct bind *b, struct frame *f);
void bind_object_kind(struct bind *b, const char *s, size_t len);
void bind_items_begin(struct bind *b, struct frame *list);
void bind_items_end(struct bind *b, struct frame *f);

/* bind_say.c */
void bind_say(struct bind *b, bool error, uint64_t place, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* The field or element the frames stand at, "spec.ports[0].port"; NULL: none. */
const char *bind_path(const struct bind *b, char buf[PATH_LEN]);
#define bind_say_here(b, error, ...) do { \
	char path_[PATH_LEN]; \
	bind_say(b, error, bind_here(b), bind_path(b, path_), __VA_ARGS__); \
} while (0)
/* @got, a scalar or "a map", "a list", is not what @f takes; NULL: an element of the top list. */
void bind_wrong(struct bind *b, const struct field *f, enum scalar type, const char *s, size_t len);
void bind_wrong_shape(struct bind *b, const struct field *f, const char *got);
void bind_unknown_field(struct bind *b, const struct schema *schema, const char *s, size_t len);
void bind_say_skipped(struct bind *b);
/* The waiting messages: those from @mark on are forgotten, or all said if nothing is tentative. */
void bind_said_settle(struct bind *b, size_t mark, bool keep);
/* @s in quotes as it can be shown in a message: no control characters, not too long. */
const char *bind_shown(const char *s, size_t len, char buf[SHOWN_LEN]);

#endif
