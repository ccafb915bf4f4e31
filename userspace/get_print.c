// SPDX-License-Identifier: GPL-2.0
/* Items as rows, names or documents. */
#define _GNU_SOURCE
#include <string.h>

#include "get.h"

struct column {
	const char *name;
	bool news;		/* a change of it is one */
};

static size_t columns(const struct request *r, const struct view *v, struct column *out)
{
	char *list = arena_strdup(r->a, v->columns), *save, *word;
	size_t n = 0;

	if (view_has_namespace(v) && !r->ns)
		out[n++] = (struct column){ "NAMESPACE", true };
	if (v != &backends_view)
		out[n++] = (struct column){ "NAME", true };
	for (word = strtok_r(list, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		bool wide = *word == '|', news = *(word += wide) != '~';

		if (!wide || r->out == OUT_WIDE)
			out[n++] = (struct column){ word + !news, news };
	}
	return n;
}

void print_head(const struct request *r, const struct view *v, struct table *t)
{
	struct column c[TABLE_COLUMNS_MAX];

	t->a = r->a;
	t->columns = columns(r, v, c);
	for (size_t i = 0; i < t->columns; i++)
		table_add(t, c[i].name);
}

/* "service/web" */
static const char *full_name(const struct request *r, const struct object *o)
{
	char *name = arena_printf(r->a, "%s/%s", kind_name(o->kind), o->name);

	for (char *p = name; *p != '/'; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p;
	return name;
}

void print_row(const struct request *r, const struct view *v, struct table *t, const void *thing)
{
	const struct object *o = thing;

	t->a = r->a;
	if (view_has_namespace(v) && !r->ns)
		table_add(t, o->ns);
	if (v != &backends_view)
		table_add(t, r->n_wishes > 1 ? full_name(r, o) : o->name);
	v->row(r, t, thing);
}

void print_item(const struct request *r, const struct view *v, struct table *t, const void *thing)
{
	if (r->out == OUT_NAME) {
		printf("%s\n", full_name(r, thing));
	} else if (r->out == OUT_JSON || r->out == OUT_YAML) {
		output_document(r->out, v->put, thing);
	} else {
		if (!t->columns)
			print_head(r, v, t);
		print_row(r, v, t, thing);
	}
}

const char *print_news(const struct request *r, const struct view *v, const void *thing)
{
	struct column c[TABLE_COLUMNS_MAX];
	size_t n = columns(r, v, c), len;
	struct table t = { .a = r->a };
	const char *text = "";

	if (r->out != OUT_TABLE && r->out != OUT_WIDE)
		return sink_line(r->a, v->put, thing, &len);
	print_row(r, v, &t, thing);
	for (size_t i = 0; i < n; i++)
		if (c[i].news)
			text = arena_printf(r->a, "%s\t%s", text, t.cells[i]);
	return text;
}

struct listing {
	const struct request *r;
	const struct items *lists;	/* one a wish */
};

static void put_list(struct sink *s, const void *what)
{
	const struct listing *l = what;

	emit_list_begin(s);
	for (size_t i = 0; i < l->r->n_wishes; i++)
		for (size_t k = 0; k < l->lists[i].n; k++)
			l->r->wishes[i].view->put(s, l->lists[i].v[k].thing);
	emit_list_end(s);
}

static void print_tables(const struct request *r, const struct items *lists)
{
	bool first = true;

	for (size_t i = 0; i < r->n_wishes; i++) {
		const struct view *v = r->wishes[i].view;
		struct table t = { 0 };

		/* The kernel's table is there even when it is empty. */
		if (v == &backends_view)
			print_head(r, v, &t);
		for (size_t k = 0; k < lists[i].n; k++)
			print_item(r, v, &t, lists[i].v[k].thing);
		if (!t.columns)
			continue;
		if (!first)
			putchar('\n');
		first = false;
		table_print(stdout, &t);
	}
}

void print_list(const struct request *r, const struct items *lists)
{
	if (r->out == OUT_TABLE || r->out == OUT_WIDE)
		print_tables(r, lists);
	else if (r->out != OUT_NAME && wishes_one(r) && lists[0].n == 1)
		output_document(r->out, r->wishes[0].view->put, lists[0].v[0].thing);
	else if (r->out != OUT_NAME)
		output_document(r->out, put_list, &(struct listing){ r, lists });
	else
		for (size_t i = 0; i < r->n_wishes; i++)
			for (size_t k = 0; k < lists[i].n; k++)
				printf("%s\n", full_name(r, lists[i].v[k].thing));
}

void print_nothing(const struct request *r)
{
	bool in_namespace = false;

	if ((r->out != OUT_TABLE && r->out != OUT_WIDE) || r->wishes[0].view == &backends_view)
		return;
	for (size_t i = 0; i < r->n_wishes; i++)
		in_namespace |= view_has_namespace(r->wishes[i].view);
	if (r->ns && in_namespace)
		fprintf(stderr, "No resources found in %s namespace.\n", r->ns);
	else
		fprintf(stderr, "No resources found.\n");
}
