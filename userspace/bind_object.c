// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and Lists. Keys come in any order: "kubectl get -o json" sorts them,
 * so "items" stands before the List's "kind" and "endpoints" before a slice's,
 * and in a ServiceList the items have no kind at all. Until apiVersion and kind
 * are known an object's events are logged; then they are replayed into the
 * struct of that kind. Two things keep the log short:
 *
 *   - discovery.k8s.io/v1 has one kind with endpoints, ports or addressType;
 *   - items before the List's kind are objects at once if they say their own
 *     kind. Only those that do not wait in the log for the List's.
 */
#include <string.h>
#include "bind_impl.h"

/*
 * What is logged during a replay is text of the log already, and stays where it
 * is: events on their way through the frames point into it.
 */
static size_t log_text(struct log *l, const char *s, size_t len)
{
	if (!len)
		return l->text_n;
	if (l->text_n && s >= l->text && s < l->text + l->text_n)
		return (size_t)(s - l->text);
	l->text = mem_grow(l->text, &l->text_cap, l->text_n + len);
	memcpy(l->text + l->text_n, s, len);
	l->text_n += len;
	return l->text_n - len;
}

static void log_add(struct bind *b, int type, enum scalar scalar, const char *s, size_t len)
{
	struct log *l = &b->log;
	size_t cap = l->cap * sizeof(*l->ev), mark = l->text_n;

	l->ev = mem_grow(l->ev, &cap, (l->n + 1) * sizeof(*l->ev));
	l->cap = cap / sizeof(*l->ev);
	l->ev[l->n++] = (struct event){
		.type = (uint8_t)type,
		.scalar = scalar,
		.text = log_text(l, s, len),
		.len = len,
		.mark = mark,
		.place = bind_here(b),
	};
}

static void log_cut(struct log *l, size_t n)
{
	if (n >= l->n)
		return;
	l->text_n = l->ev[n].mark;
	l->n = n;
}

static void replay_one(struct bind *b, const struct event *ev)
{
	const char *s = b->log.text + ev->text;

	switch (ev->type) {
	case EV_MAP:
		bind_map_begin(b);
		break;
	case EV_MAP_END:
		bind_map_end(b);
		break;
	case EV_SEQ:
		bind_seq_begin(b);
		break;
	case EV_SEQ_END:
		bind_seq_end(b);
		break;
	case EV_KEY:
		bind_key(b, s, ev->len);
		break;
	case EV_SCALAR:
		bind_scalar(b, ev->scalar, s, ev->len);
		break;
	}
}

static void replay(struct bind *b, size_t from, size_t to)
{
	uint64_t place = b->replay_place;
	bool was = b->replaying;

	b->replaying = true;
	for (size_t i = from; i < to && !b->stop; i++) {
		struct event ev = b->log.ev[i];

		b->replay_place = ev.place;
		replay_one(b, &ev);
	}
	b->replaying = was;
	b->replay_place = place;
}

static bool kind_find(const char *name, size_t len, enum kind *k)
{
	for (*k = 0; *k < KIND_MAX; (*k)++)
		if (strlen(kind_name(*k)) == len && !memcmp(kind_name(*k), name, len))
			return true;
	return false;
}

/* "ServiceList" → 7, the length of "Service"; "List" → 0; −1: not a list. */
static ssize_t list_of(const char *kind)
{
	size_t len = strlen(kind);

	return len >= 4 && !strcmp(kind + len - 4, "List") ? (ssize_t)len - 4 : -1;
}

/* Others may have a Service, too (serving.knative.dev); apps, batch and *.k8s.io have not. */
static bool api_foreign(const char *api)
{
	size_t len = strcspn(api, "/");

	return api[len] && memchr(api, '.', len) &&
	       (len < 6 || memcmp(api + len - 6, "k8s.io", 6));
}

static void skipped_add(struct bind *b, const char *what, uint64_t place)
{
	struct skipped *s;

	if (b->n_skipped == SKIPPED_MAX)
		what = b->skipped[SKIPPED_MAX - 1].what;
	for (size_t i = 0; i < b->n_skipped; i++) {
		if (!strcmp(b->skipped[i].what, what)) {
			b->skipped[i].n++;
			return;
		}
	}
	s = arena_push(b->arena, &b->skipped, &b->n_skipped, sizeof(*s));
	s->what = what;
	s->n = 1;
	if (b->diag)
		b->src->locate(b->src, place, &s->first);
}

/* What came while it was open whether this is a List: count it or not. */
static void settle(struct bind *b, struct head *h, bool is_list)
{
	if (!h->tentative)
		return;
	h->tentative = false;
	b->tentative--;
	if (!is_list)
		b->out->n = h->out_mark;
	bind_said_settle(b, h->said_mark, is_list);
}

/* The rest of the object in the top frame is passed over. */
static void leave(struct bind *b, struct head *h)
{
	log_cut(&b->log, h->log);
	b->top--;
	b->skip = 1;
}

static bool api_check(struct bind *b, const struct head *h, const char *kind, const char *want)
{
	if (!strcmp(h->api, want))
		return true;
	if (!strcmp(h->api, "discovery.k8s.io/v1beta1"))
		bind_say(b, true, h->api_place, "apiVersion",
			 "\"%s\" was removed in Kubernetes 1.25: expected \"%s\" for kind %s",
			 h->api, want, kind);
	else
		bind_say(b, true, h->api_place, "apiVersion",
			 "\"%s\" has no kind %s: expected \"%s\"", h->api, kind, want);
	return false;
}

static void become(struct bind *b, struct frame *f, const struct schema *schema, void *base)
{
	struct head *h = head_of(b, f);
	size_t from = h->log + 1, to = b->log.n;	/* without its own EV_MAP */

	f->mode = M_STRUCT;
	f->root = true;
	f->schema = schema;
	f->base = base;
	replay(b, from, to);
	log_cut(&b->log, h->log);
}

static void become_object(struct bind *b, struct frame *f, enum kind k)
{
	struct head *h = head_of(b, f);
	const struct schema *schema = schema_of(k);

	h->errors = b->errors;
	h->obj = arena_alloc(b->arena, schema->size);
	schema_init(schema, h->obj);
	h->obj->kind = k;
	if (b->diag)
		b->src->locate(b->src, h->place, &h->obj->loc);
	become(b, f, schema, h->obj);
}

static void become_list(struct bind *b, struct frame *f)
{
	become(b, f, &schema_list, head_of(b, f));	/* fills nothing */
}

/* Kind and apiVersion are known: from now on the object's events go where they belong. */
static void resolve(struct bind *b, struct frame *f)
{
	struct head *h = head_of(b, f);
	ssize_t of = list_of(h->kind);
	size_t len = of > 0 ? (size_t)of : strlen(h->kind);
	enum kind k = KIND_MAX;
	const char *want;

	settle(b, h, of >= 0);
	if (of && (!kind_find(h->kind, len, &k) || api_foreign(h->api))) {
		if (of > 0) {
			h->foreign = true;
			become_list(b, f);
			return;
		}
		skipped_add(b, k == KIND_MAX ? h->kind :
			    arena_printf(b->arena, "%s (%s)", h->kind, h->api), h->place);
		leave(b, h);
		return;
	}
	want = of ? schema_api(k) : "v1";
	if (!api_check(b, h, h->kind, want))
		leave(b, h);
	else if (of >= 0)
		become_list(b, f);
	else
		become_object(b, f, k);
}

void bind_object_begin(struct bind *b)
{
	struct frame *list = b->top;
	struct frame *f = bind_push(b, M_OBJECT, NULL);
	struct head *h = head_of(b, f);

	f->level = 0;
	*h = (struct head){
		.place = bind_here(b),
		.log = b->log.n,
	};
	log_add(b, EV_MAP, 0, NULL, 0);
	if (list->mode != M_ITEMS || !head_of(b, list)->kind)
		return;
	h->kind = head_of(b, list)->kind;
	h->api = head_of(b, list)->api;
	h->api_place = h->place;
	resolve(b, f);
}

static bool is(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && !memcmp(s, word, len);
}

void bind_object_key(struct bind *b, struct frame *f, const char *s, size_t len)
{
	struct head *h = head_of(b, f);

	if (b->logging) {
		log_add(b, EV_KEY, 0, s, len);
		return;
	}
	if (h->api && !h->kind && !strcmp(h->api, schema_api(KIND_SLICE)) &&
	    (is(s, len, "endpoints") || is(s, len, "ports") || is(s, len, "addressType"))) {
		h->kind = kind_name(KIND_SLICE);
		resolve(b, f);
		bind_key(b, s, len);
		return;
	}
	log_add(b, EV_KEY, 0, s, len);
	h->pending = is(s, len, "kind") ? PENDING_KIND :
		     is(s, len, "apiVersion") ? PENDING_API :
		     is(s, len, "items") ? PENDING_ITEMS : PENDING_NONE;
}

void bind_object_scalar(struct bind *b, struct frame *f, enum scalar type, const char *s,
			size_t len)
{
	struct head *h = head_of(b, f);

	if (f->mode == M_ROOT || f->mode == M_ITEMS) {
		if (f->mode == M_ITEMS)
			f->n++;
		else if (type == SCALAR_NULL)	/* an empty document */
			return;
		bind_say_here(b, true,
			      "not an object: expected a map with apiVersion, kind and metadata");
		return;
	}
	log_add(b, EV_SCALAR, type, s, len);
	if (b->logging || type != SCALAR_STRING || memchr(s, '\0', len))
		return;
	if (h->pending == PENDING_KIND && !h->kind) {
		h->kind = bind_text(b, s, len);
	} else if (h->pending == PENDING_API && !h->api) {
		h->api = bind_text(b, s, len);
		h->api_place = bind_here(b);
	} else {
		return;
	}
	if (h->kind && h->api)
		resolve(b, f);
}

/* Items of a List that has not said yet what it is. */
static void items_begin_tentative(struct bind *b, struct head *h)
{
	log_add(b, EV_SEQ, 0, NULL, 0);
	if (!h->tentative) {
		h->tentative = true;
		h->out_mark = b->out->n;
		h->said_mark = b->n_said;
		b->tentative++;
	}
	*head_of(b, bind_push(b, M_ITEMS, NULL)) = (struct head){ .known = false };
}

void bind_object_value(struct bind *b, struct frame *f, int event)
{
	if (f->mode == M_OBJECT) {
		if (!b->logging && event == EV_SEQ && head_of(b, f)->pending == PENDING_ITEMS) {
			items_begin_tentative(b, head_of(b, f));
			return;
		}
		log_add(b, event, 0, NULL, 0);
		if (event == EV_MAP || event == EV_SEQ)
			b->logging++;
		else
			b->logging--;
		return;
	}
	if (f->mode == M_ITEMS)
		f->n++;
	if (event == EV_MAP) {
		bind_object_begin(b);
		return;
	}
	bind_say_here(b, true, "a list is not an object: expected a map with apiVersion, kind "
		      "and metadata; several objects are separate documents, or a v1 List");
	b->skip = 1;
}

/* The end of an object without kind or apiVersion. */
void bind_object_map_end(struct bind *b, struct frame *f)
{
	struct head *h = head_of(b, f);
	enum kind k;

	if (b->logging) {
		bind_object_value(b, f, EV_MAP_END);
		return;
	}
	b->top--;
	if (b->top->mode == M_ITEMS && !head_of(b, b->top)->known) {
		log_add(b, EV_MAP_END, 0, NULL, 0);	/* the List may say it */
		settle(b, h, true);
		return;
	}
	settle(b, h, true);
	if (h->kind)
		bind_say(b, true, h->place, "apiVersion", "missing: expected \"%s\"",
			 kind_find(h->kind, strlen(h->kind), &k) ? schema_api(k) : "v1");
	else
		bind_say(b, true, h->place, "kind", "missing: expected what this object is, "
			 "for instance Service");
	log_cut(&b->log, h->log);
}

/* F_KIND of an object whose kind is known: it must be that one. */
void bind_object_kind(struct bind *b, const char *s, size_t len)
{
	const struct object *o = head_of(b, b->top)->obj;
	char buf[SHOWN_LEN];

	if (!is(s, len, kind_name(o->kind)))
		bind_say_here(b, true, "%s does not fit: expected %s here",
			      bind_shown(s, len, buf), kind_name(o->kind));
}

static void list_done(struct bind *b, struct frame *f)
{
	struct head *h = head_of(b, f);
	bool items = false;

	for (unsigned int i = 0; i < f->schema->n; i++)
		if (f->schema->fields[i].type == F_ITEMS)
			items = f->seen & 1ull << i;
	/* A kind of somebody's that is called like a List and is none. */
	if (!items && h->foreign)
		skipped_add(b, h->kind, h->place);
}

void bind_object_done(struct bind *b, struct frame *f)
{
	struct head *h = head_of(b, f);
	struct object *o = h->obj;

	b->top--;
	if (!o) {
		list_done(b, f);
		return;
	}
	if (!o->api_version)
		o->api_version = schema_api(o->kind);
	else if (strcmp(o->api_version, schema_api(o->kind)))
		bind_say(b, true, h->place, "apiVersion", "\"%s\" has no kind %s: expected \"%s\"",
			 o->api_version, kind_name(o->kind), schema_api(o->kind));
	if ((!o->name || !*o->name) && b->errors == h->errors)
		bind_say(b, true, h->place, "metadata.name", "missing: expected the %s's name",
			 kind_name(o->kind));
	if (!kind_has_namespace(o->kind) || (o->ns && !*o->ns))
		o->ns = NULL;
	if (b->errors == h->errors)
		*(struct object **)arena_push(b->arena, &b->out->v, &b->out->n, sizeof(o)) = o;
}

void bind_items_begin(struct bind *b, struct frame *list)
{
	const struct head *of = head_of(b, list);
	struct head *h = head_of(b, bind_push(b, M_ITEMS, NULL));
	ssize_t len = list_of(of->kind);

	*h = (struct head){ .known = true };
	if (len > 0) {
		h->kind = arena_strndup(b->arena, of->kind, (size_t)len);
		h->api = of->api;
	}
}

void bind_items_end(struct bind *b, struct frame *f)
{
	bool known = head_of(b, f)->known;

	b->top--;
	if (!known)
		log_add(b, EV_SEQ_END, 0, NULL, 0);
}
