// SPDX-License-Identifier: GPL-2.0
/* Annotations: every value that means something, and values that nearly do. */
#include "lab.h"
#include <netinet/in.h>
#include "annotation.h"
#include "show.h"

struct value {
	const char *name, *value;
	const char *want;	/* of show(), NULL: refused */
};

static const struct value values[] = {
	{ ANNOTATION_SCHEDULER, "random", "random" },
	{ ANNOTATION_SCHEDULER, "round-robin", "round-robin" },
	{ ANNOTATION_SCHEDULER, "weighted-round-robin", "round-robin" },
	{ ANNOTATION_SCHEDULER, "least-connection", "least-connection" },
	{ ANNOTATION_SCHEDULER, "source-hash", "source-hash" },
	{ ANNOTATION_SCHEDULER, "maglev", "maglev" },
	{ ANNOTATION_SCHEDULER, "Maglev", NULL },
	{ ANNOTATION_SCHEDULER, "", NULL },
	{ ANNOTATION_REFUSE, "reset", "random" },
	{ ANNOTATION_REFUSE, "icmp", "random icmp" },
	{ ANNOTATION_REFUSE, "rst", NULL },
	{ ANNOTATION_CONNECTIONS, "1", "random limit=1" },
	{ ANNOTATION_CONNECTIONS, "2147483647", "random limit=2147483647" },
	{ ANNOTATION_CONNECTIONS, "2147483648", NULL },
	{ ANNOTATION_CONNECTIONS, "99999999999999999999", NULL },
	{ ANNOTATION_CONNECTIONS, "0", NULL },
	{ ANNOTATION_CONNECTIONS, "-1", NULL },
	{ ANNOTATION_CONNECTIONS, " 1", NULL },
	{ ANNOTATION_CONNECTIONS, "1k", NULL },
	{ ANNOTATION_REMOVAL, "keep", "random" },
	{ ANNOTATION_REMOVAL, "reset", "random removal=2" },
	{ ANNOTATION_REMOVAL, "drain=30", "random removal=1 drain=30" },
	{ ANNOTATION_REMOVAL, "drain=30s", "random removal=1 drain=30" },
	{ ANNOTATION_REMOVAL, "drain=86400", "random removal=1 drain=86400" },
	{ ANNOTATION_REMOVAL, "drain=86401", NULL },
	{ ANNOTATION_REMOVAL, "drain=0", NULL },
	{ ANNOTATION_REMOVAL, "drain=", NULL },
	{ ANNOTATION_REMOVAL, "drain", NULL },
	{ ANNOTATION_REMOVAL, "drain 30s", NULL },
	{ ANNOTATION_REMOVAL, "drain=30sec", NULL },
	{ ANNOTATION_REMOVAL, "drain=1m", NULL },
	{ ANNOTATION_EJECT, "off", "random eject=0/0" },
	{ ANNOTATION_EJECT, "1/1", "random eject=1/1" },
	{ ANNOTATION_EJECT, "255/86400", "random eject=255/86400" },
	{ ANNOTATION_EJECT, "3/10s", "random eject=3/10" },
	{ ANNOTATION_EJECT, "0/30", NULL },
	{ ANNOTATION_EJECT, "256/30", NULL },
	{ ANNOTATION_EJECT, "5/0", NULL },
	{ ANNOTATION_EJECT, "5/", NULL },
	{ ANNOTATION_EJECT, "5", NULL },
	{ ANNOTATION_EJECT, "5/30/2", NULL },
	{ ANNOTATION_FAST_PATH, "on", "random" },
	{ ANNOTATION_FAST_PATH, "off", "random slow" },
	{ ANNOTATION_FAST_PATH, "false", NULL },
	{ ANNOTATION_FAST_PATH, "OFF", NULL },
	{ ANNOTATION_FAST_PATH, "", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=3", "random" },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=0,\tfd00::1=1000 ", "random" },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=1001", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=-1", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.300=1", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1=1,10.0.0.1=1", NULL },
	{ ANNOTATION_WEIGHTS, "10.0.0.1:80=1", NULL },
	{ ANNOTATION_WEIGHTS, "", NULL },
	{ ANNOTATION_WEIGHT, "0", "random weight=0" },
	{ ANNOTATION_WEIGHT, "1000", "random weight=1000" },
	{ ANNOTATION_WEIGHT, "1001", NULL },
	{ ANNOTATION_WEIGHT, "1.5", NULL },
};

static const char *show(struct lab *l, const struct annotations *s)
{
	const char *text = sched_name((uint8_t)s->sched);

	if (s->flags & SVCNAT_SERVICE_F_REJECT_ICMP)
		text = arena_printf(l->a, "%s icmp", text);
	if (s->flags & SVCNAT_SERVICE_F_NO_SHORTCUT)
		text = arena_printf(l->a, "%s slow", text);
	if (s->conn_limit)
		text = arena_printf(l->a, "%s limit=%u", text, s->conn_limit);
	if (s->removal)
		text = arena_printf(l->a, "%s removal=%d", text, (int)s->removal);
	if (s->drain_seconds)
		text = arena_printf(l->a, "%s drain=%u", text, s->drain_seconds);
	if (s->eject_fails != EJECT_FAILS || s->eject_seconds != EJECT_SECONDS)
		text = arena_printf(l->a, "%s eject=%u/%u", text, s->eject_fails, s->eject_seconds);
	if (s->weight >= 0)
		text = arena_printf(l->a, "%s weight=%d", text, s->weight);
	return text;
}

/* What is refused has said nothing: a state from before it was may hold it. */
static void test_values(void **state)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		const struct value *v = &values[i];
		bool pod = !strcmp(v->name, ANNOTATION_WEIGHT);
		struct pair pair = { v->name, v->value };
		struct object o = {
			.kind = pod ? KIND_POD : KIND_SERVICE, .annotations = { &pair, 1 },
		};
		struct lab *l = lab_new();
		struct annotations said = annotations_of(&o);

		annotations_check(&o, l->d);
		if (diag_errors(l->d) != !v->want || diag_warnings(l->d) ||
		    strcmp(show(l, &said), v->want ? v->want : "random"))
			fail_msg("%s: %s: %s%s, expected %s", v->name, v->value, lab_said(l),
				 show(l, &said), v->want ? v->want : "to be refused");
		lab_free(l);
	}
}

#define SERVICE(protocol, notes) \
	"---\n{apiVersion: v1, kind: Service, metadata: {name: web, annotations: {" notes "}}, spec: " \
	"{clusterIP: 10.96.0.1, ports: [{port: 80, protocol: " protocol "}]}}\n"
#define ALL "svcnat.io/removal: drain=7, svcnat.io/eject: 3/9, svcnat.io/max-connections: '4'"

static const struct {
	const char *yaml;
	uint32_t removal, drain, fails, seconds;
} protocols[] = {
	{ SERVICE("TCP", ""), SVCNAT_REMOVAL_KEEP, 0, EJECT_FAILS, EJECT_SECONDS },
	{ SERVICE("TCP", ALL), SVCNAT_REMOVAL_DRAIN, 7, 3, 9 },
	{ SERVICE("TCP", "svcnat.io/eject: 'off'"), SVCNAT_REMOVAL_KEEP, 0, 0, 0 },
	{ SERVICE("SCTP", ""), SVCNAT_REMOVAL_KEEP, 0, 0, 0 },
	{ SERVICE("SCTP", ALL), SVCNAT_REMOVAL_DRAIN, 7, 0, 0 },
	{ SERVICE("UDP", ""), SVCNAT_REMOVAL_KEEP, 0, 0, 0 },
	{ SERVICE("UDP", ALL), SVCNAT_REMOVAL_KEEP, 0, 0, 0 },
};

/* What a protocol has no use for is not sent with it. */
static void test_protocols(void **state)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
		struct lab *l = lab_new();
		struct dp *dp = model_resolve(lab_apply(l, protocols[i].yaml), NULL, l->d);
		const struct dp_service *s = &dp->services[0];

		assert_string_equal(lab_said(l), "");
		assert_int_equal(dp->n_services, 1);
		assert_int_equal(s->removal, protocols[i].removal);
		assert_int_equal(s->drain_seconds, protocols[i].drain);
		assert_int_equal(s->eject_fails, protocols[i].fails);
		assert_int_equal(s->eject_seconds, protocols[i].seconds);
		lab_free(l);
	}
}

/* One bit of the flags each, whichever comes first. */
static void test_flags(void **state)
{
	struct pair pairs[] = {
		{ ANNOTATION_FAST_PATH, "off" }, { ANNOTATION_REFUSE, "icmp" },
		{ ANNOTATION_FAST_PATH, "off" }, { ANNOTATION_REFUSE, "reset" },
	};
	struct object o = { .kind = KIND_SERVICE };

	for (size_t i = 0; i < 3; i++) {
		o.annotations.v = pairs + i;
		o.annotations.n = 2;
		assert_int_equal(annotations_of(&o).flags, SVCNAT_SERVICE_F_NO_SHORTCUT |
				 (i < 2 ? SVCNAT_SERVICE_F_REJECT_ICMP : 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_protocols),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
