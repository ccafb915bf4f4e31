/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the model share: objects from YAML, what was said about
 * them, and golden files. UPDATE=1 in the environment writes the latter anew.
 */
#ifndef TESTS_UNIT_LAB_H
#define TESTS_UNIT_LAB_H

#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "input.h"
#include "model.h"
#include "plan.h"

struct lab {
	struct arena *a;
	struct options opt;
	struct objects known, touched;
	struct diag *d;
	FILE *said_stream;
	char *said;		/* what was said so far, after lab_said() */
	size_t said_len;
};

static inline void lab_prefix(struct lab *l, struct prefixes *list, const char *text)
{
	struct prefix *p = arena_push(l->a, &list->v, &list->n, sizeof(*p));

	assert_true(prefix_parse(text, p));
}

/* Options as a user gets them by default, on node-a. */
static inline struct lab *lab_new(void)
{
	struct lab *l = calloc(1, sizeof(*l));

	assert_non_null(l);
	l->a = arena_new();
	l->said_stream = open_memstream(&l->said, &l->said_len);
	l->d = diag_new(l->said_stream);
	l->opt = (struct options){
		.node = "node-a", .nodeport_min = 30000, .nodeport_max = 32767,
	};
	lab_prefix(l, &l->opt.service_cidrs, "10.96.0.0/12");
	lab_prefix(l, &l->opt.service_cidrs, "fd00:10:96::/112");
	return l;
}

static inline void lab_free(struct lab *l)
{
	diag_free(l->d);
	fclose(l->said_stream);
	free(l->said);
	arena_free(l->a);
	free(l);
}

static inline const char *lab_said(struct lab *l)
{
	fflush(l->said_stream);
	return l->said;
}

static inline struct objects lab_read(struct lab *l, const char *yaml)
{
	struct objects out = { 0 };

	if (!input_yaml(l->a, "t.yaml", yaml, strlen(yaml), &out, l->d))
		fail_msg("the test's own input is wrong:\n%s", lab_said(l));
	return out;
}

/* The model of @yaml over what lab_keep() kept; NULL if it was refused. */
static inline struct model *lab_build(struct lab *l, const char *yaml)
{
	struct objects in = lab_read(l, yaml);

	return model_build(l->a, &l->known, &in, &l->opt, l->d);
}

/* As an apply does: built, allocated, and known from now on. */
static inline struct model *lab_apply(struct lab *l, const char *yaml)
{
	struct model *m = lab_build(l, yaml);

	l->touched = (struct objects){ 0 };
	if (!m || !model_allocate(m, &l->touched, l->d))
		fail_msg("refused:\n%s", lab_said(l));
	l->known = (struct objects){ 0 };
	for (int k = 0; k < KIND_MAX; k++) {
		struct objects all = model_kind(m, k);

		for (size_t i = 0; i < all.n; i++)
			*(struct object **)arena_push(l->a, &l->known.v, &l->known.n,
						      sizeof(*l->known.v)) = all.v[i];
	}
	return m;
}

static inline struct service *lab_service(struct model *m, const char *name)
{
	struct object *o = model_find(m, KIND_SERVICE, "default", name);

	assert_non_null(o);
	return OBJ(service, o);
}

static inline void lab_strings(FILE *f, const char *what, const struct strings *s)
{
	fprintf(f, " %s=", what);
	for (size_t i = 0; i < s->n; i++)
		fprintf(f, "%s%s", i ? "," : "", s->v[i]);
}

/* The fields the model fills in, on one line. */
static inline const char *lab_show(struct lab *l, const struct service *s)
{
	char *text, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, "%s %s", s->meta.name, s->type);
	lab_strings(f, "ips", &s->cluster_ips);
	lab_strings(f, "families", &s->ip_families);
	fprintf(f, " policy=%s", s->ip_family_policy ? s->ip_family_policy : "-");
	for (size_t i = 0; i < s->n_ports; i++) {
		const struct service_port *p = &s->ports[i];

		fprintf(f, " %s/%d>", p->protocol, (int)p->port);
		if (p->target_port.str)
			fputs(p->target_port.str, f);
		else
			fprintf(f, "%d", (int)p->target_port.num);
		if (p->node_port > 0)
			fprintf(f, "@%d", (int)p->node_port);
	}
	if (s->health_check_node_port > 0)
		fprintf(f, " health=%d", (int)s->health_check_node_port);
	for (size_t i = 0; i < s->n_ingress; i++)
		fprintf(f, " lb=%s", s->ingress[i].ip ? s->ingress[i].ip : s->ingress[i].hostname);
	fclose(f);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

/* @dp as a plan from nothing to it. */
static inline const char *lab_dp(struct lab *l, const struct dp *dp)
{
	struct dp nothing = { 0 };
	char *text, *copy;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	plan_print(f, plan_make(l->a, &nothing, dp));
	fclose(f);
	copy = arena_strdup(l->a, text);
	free(text);
	return copy;
}

/* Tests run in the root of the repository. */
static inline void lab_golden(const char *name, const char *text)
{
	char path[256], *want;
	FILE *f;
	long len;

	snprintf(path, sizeof(path), "tests/unit/golden/%s", name);
	if (getenv("UPDATE")) {
		f = fopen(path, "w");
		assert_non_null(f);
		fputs(text, f);
		assert_int_equal(fclose(f), 0);
		return;
	}
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s is missing: UPDATE=1 writes it, in the root of the repository", path);
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	rewind(f);
	want = calloc(1, (size_t)len + 1);
	assert_int_equal(fread(want, 1, (size_t)len, f), len);
	fclose(f);
	if (strcmp(text, want)) {
		snprintf(path, sizeof(path), "build/%s.got", name);
		f = fopen(path, "w");
		fputs(text, f);
		fclose(f);
		free(want);
		fail_msg("differs from tests/unit/golden/%s: see diff -u of it and %s", name, path);
	}
	free(want);
}

/* A small generator of its own: the same numbers on every machine. */
static inline uint32_t lab_random(uint64_t *state)
{
	*state = *state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)(*state >> 33);
}

#endif
