// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "annotation.h"
#include "weights.h"

#define CONNECTIONS_MAX 2147483647
#define EJECT_FAILS_MAX 255

#define ON(kind) (1u << KIND_##kind)

static int find(const char *const *words, const char *value)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], value))
			return i;
	return -1;
}

/* @text up to its end or to @end: digits only, @min to @max. Where it stopped, or NULL. */
static const char *number(const char *text, char end, long min, long max, uint32_t *out)
{
	char *stop;
	long n;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	n = strtol(text, &stop, 10);
	if (errno || n < min || n > max || (*stop && *stop != end))
		return NULL;
	*out = (uint32_t)n;
	return stop;
}

/* The same of seconds: "30" or "30s", to the end. */
static bool seconds(const char *text, uint32_t *out)
{
	uint32_t n;
	const char *stop = number(text, 's', 1, SVCNAT_SECONDS_MAX, &n);

	if (!stop || (*stop && stop[1]))
		return false;
	*out = n;
	return true;
}

static bool take_scheduler(const char *value, struct annotations *out)
{
	static const char *const words[] = {
		"random", "round-robin", "weighted-round-robin", "least-connection", "source-hash",
		"maglev", NULL,
	};
	static const enum svcnat_sched scheds[] = {
		SVCNAT_SCHED_RANDOM, SVCNAT_SCHED_RR, SVCNAT_SCHED_RR, SVCNAT_SCHED_LC,
		SVCNAT_SCHED_SH, SVCNAT_SCHED_MAGLEV,
	};
	int i = find(words, value);

	if (i >= 0)
		out->sched = scheds[i];
	return i >= 0;
}

/* One of two words, in this order without @flag and with it. */
static bool take_flag(const char *value, const char *const *words, uint32_t flag,
		      struct annotations *out)
{
	int i = find(words, value);

	if (i >= 0)
		out->flags = i ? out->flags | flag : out->flags & ~flag;
	return i >= 0;
}

static bool take_refuse(const char *value, struct annotations *out)
{
	static const char *const words[] = { "reset", "icmp", NULL };

	return take_flag(value, words, SVCNAT_SERVICE_F_REJECT_ICMP, out);
}

static bool take_fast_path(const char *value, struct annotations *out)
{
	static const char *const words[] = { "on", "off", NULL };

	return take_flag(value, words, SVCNAT_SERVICE_F_NO_SHORTCUT, out);
}

static bool take_connections(const char *value, struct annotations *out)
{
	return number(value, '\0', 1, CONNECTIONS_MAX, &out->conn_limit);
}

static bool take_removal(const char *value, struct annotations *out)
{
	static const char *const words[] = { "keep", "reset", NULL };
	static const enum svcnat_removal removals[] = { SVCNAT_REMOVAL_KEEP, SVCNAT_REMOVAL_RESET };
	int i = find(words, value);

	if (i >= 0)
		out->removal = removals[i];
	else if (!strncmp(value, "drain=", 6) && seconds(value + 6, &out->drain_seconds))
		out->removal = SVCNAT_REMOVAL_DRAIN;
	else
		return false;
	return true;
}

static bool take_eject(const char *value, struct annotations *out)
{
	uint32_t fails, secs;
	const char *stop;

	if (!strcmp(value, "off")) {
		out->eject_fails = 0;
		out->eject_seconds = 0;
		return true;
	}
	stop = number(value, '/', 1, EJECT_FAILS_MAX, &fails);
	if (!stop || !*stop || !seconds(stop + 1, &secs))
		return false;
	out->eject_fails = fails;
	out->eject_seconds = secs;
	return true;
}

static bool take_weight(const char *value, struct annotations *out)
{
	uint32_t weight;

	if (!number(value, '\0', 0, SVCNAT_WEIGHT_MAX, &weight))
		return false;
	out->weight = (int)weight;
	return true;
}

/* Only whether they are some: weights.c reads them where they are wanted. */
static bool take_weights(const char *value, struct annotations *out)
{
	struct arena *a = arena_new();
	struct weights w;
	bool ok = weights_parse(a, value, &w);

	(void)out;
	arena_free(a);
	return ok;
}

static const struct annotation {
	const char *name;
	unsigned int kinds;
	bool (*take)(const char *value, struct annotations *out);
	const char *expected;
} known[] = {
	{ ANNOTATION_SCHEDULER, ON(SERVICE), take_scheduler, "random, round-robin, "
	  "weighted-round-robin, least-connection, source-hash or maglev" },
	{ ANNOTATION_REFUSE, ON(SERVICE), take_refuse, "reset or icmp" },
	{ ANNOTATION_CONNECTIONS, ON(SERVICE), take_connections, "a number of connections, 1 or more" },
	{ ANNOTATION_REMOVAL, ON(SERVICE), take_removal, "keep, reset, or drain=SECONDS of 1 to "
	  "86400 seconds, such as drain=30" },
	{ ANNOTATION_EJECT, ON(SERVICE), take_eject, "off, or FAILS/SECONDS such as 5/30: after 1 to "
	  "255 failed handshakes out for 1 to 86400 seconds" },
	{ ANNOTATION_FAST_PATH, ON(SERVICE), take_fast_path, "on or off" },
	{ ANNOTATION_WEIGHTS, ON(SERVICE) | ON(SLICE) | ON(ENDPOINTS), take_weights,
	  "ADDRESS=WEIGHT,... with weights from 0 to 1000 and no address twice, such as "
	  "10.0.0.1=3,10.0.0.2=1" },
	{ ANNOTATION_WEIGHT, ON(POD), take_weight, "a number from 0 to 1000" },
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static bool is_ours(const char *key)
{
	return !strncmp(key, ANNOTATION(""), strlen(ANNOTATION("")));
}

static const struct annotation *known_on(enum kind kind, const char *key)
{
	for (size_t i = 0; i < N_KNOWN; i++)
		if (known[i].kinds & 1u << kind && !strcmp(known[i].name, key))
			return &known[i];
	return NULL;
}

static void unknown(const struct object *o, const struct loc *loc, const char *key, struct diag *d)
{
	char names[256] = " none";
	size_t len = 0;

	for (size_t i = 0; i < N_KNOWN && len < sizeof(names); i++)
		if (known[i].kinds & 1u << o->kind)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s %s",
						len ? "," : "", known[i].name);
	diag_warn(d, loc, "metadata.annotations", "%s is unknown here and ignored: of svcnat.io a "
		  "%s may have%s", key, kind_name(o->kind), names);
}

void annotations_check(const struct object *o, struct diag *d)
{
	for (size_t i = 0; i < o->annotations.n; i++) {
		const char *key = o->annotations.v[i].key, *value = o->annotations.v[i].value;
		const struct loc *loc = place_of(o, &o->at.annotations, i);
		const struct annotation *a;
		struct annotations out = { 0 };

		if (!is_ours(key))
			continue;
		a = known_on(o->kind, key);
		if (!a)
			unknown(o, loc, key, d);
		else if (!a->take(value, &out))
			diag_error(d, loc, "metadata.annotations", "%s: \"%s\" is not understood: "
				   "expected %s", key, value, a->expected);
	}
}

struct annotations annotations_of(const struct object *o)
{
	struct annotations out = {
		.eject_fails = EJECT_FAILS, .eject_seconds = EJECT_SECONDS, .weight = -1,
	};

	for (size_t i = 0; i < o->annotations.n; i++) {
		const struct pair *p = &o->annotations.v[i];
		const struct annotation *a = is_ours(p->key) ? known_on(o->kind, p->key) : NULL;

		if (a && a->take != take_weights)
			a->take(p->value, &out);
	}
	return out;
}
