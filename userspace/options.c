// SPDX-License-Identifier: GPL-2.0
/*
 * Options every verb takes; see cli.h. One table serves the command line, the
 * environment (SVCCTL_NODE for --node) and --config FILE (node: value).
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "cli.h"
#include "object.h"
#include "similar.h"

#define COMMON 1000	/* val of the first common option */

static const char *const names[] = {
	"node", "cluster-cidr", "service-cidr", "lb-pool", "external-ips", "nodeport-addresses",
	"nodeport-range", "detect-local", "masquerade-all", "source-ranges", "fast-path", "state",
	"config", "help",
};

/* The first OPTIONS_KEPT are kept. */
enum { NODE, CLUSTER_CIDR, SERVICE_CIDR, LB_POOL, EXTERNAL_IPS, NODEPORT_ADDRESSES,
       NODEPORT_RANGE, DETECT_LOCAL, MASQUERADE_ALL, SOURCE_RANGES, FAST_PATH, STATE, CONFIG, HELP,
       N_NAMES };

_Static_assert(STATE == OPTIONS_KEPT, "what is where belongs to the command");

/* Alone it means yes. */
static bool is_switch(int which)
{
	return which == MASQUERADE_ALL || which == FAST_PATH;
}

static bool bad(struct cli *c, const char *where, int which, const char *value,
		const char *expected)
{
	diag_error(c->d, NULL, NULL, "%s%s: \"%s\": expected %s", where, names[which], value,
		   expected);
	return false;
}

/* Comma list of prefixes; with @bare an address is one of its own length. Returns what is none. */
static const char *take_prefixes(struct cli *c, const char *value, bool bare, struct prefixes *out)
{
	char *list = arena_strdup(c->a, value), *item, *save;

	*out = (struct prefixes) { 0 };
	for (item = strtok_r(list, ", ", &save); item; item = strtok_r(NULL, ", ", &save)) {
		struct prefix p = { 0 };

		if (bare && ip_parse(item, &p.ip))
			p.len = (uint8_t)(8 * ip_len(&p.ip));
		else if (!prefix_parse(item, &p))
			return item;
		*(struct prefix *)arena_push(c->a, &out->v, &out->n, sizeof(*out->v)) = p;
	}
	return NULL;
}

static bool take_range(struct options *o, const char *value)
{
	unsigned int min, max;
	char end;

	if (sscanf(value, "%u-%u%c", &min, &max, &end) != 2 || !min || min > max || max > 65535)
		return false;
	o->nodeport_min = (uint16_t)min;
	o->nodeport_max = (uint16_t)max;
	return true;
}

/* Does all of @p lie among the loopback addresses? */
static bool is_loopback(const struct prefix *p)
{
	static const struct prefix v4 = { { AF_INET, { 127 } }, 8 };
	static const struct prefix v6 = { { AF_INET6, { [15] = 1 } }, 128 };

	return (p->len >= v4.len && prefix_has(&v4, &p->ip)) ||
	       (p->len >= v6.len && prefix_has(&v6, &p->ip));
}

static bool no_loopback(struct cli *c, const char *where, const char *value)
{
	diag_error(c->d, NULL, NULL, "%snodeport-addresses: \"%s\": node ports cannot be served on "
		   "loopback addresses: without the sysctl route_localnet the kernel drops what is "
		   "translated from or to 127.0.0.0/8, with it everything that listens on loopback is "
		   "open to the network (CVE-2020-8558), and for ::1 there is no such sysctl; use an "
		   "address of the node's own", where, value);
	return false;
}

static bool take_nodeport_addresses(struct cli *c, const char *where, const char *value)
{
	struct options *o = &c->opt;
	const char *wrong;

	o->nodeport_mode = !strcmp(value, "primary") ? NODEPORT_PRIMARY :
			   !strcmp(value, "all") ? NODEPORT_ALL : NODEPORT_CIDRS;
	if (!strcmp(value, "localhost"))
		return no_loopback(c, where, value);
	if (o->nodeport_mode != NODEPORT_CIDRS)
		return true;
	wrong = take_prefixes(c, value, true, &o->nodeport_cidrs);
	if (wrong)
		return bad(c, where, NODEPORT_ADDRESSES, wrong, "primary, all or prefixes such as "
			   "192.168.10.0/24, no bits set behind their length");
	for (size_t i = 0; i < o->nodeport_cidrs.n; i++)
		if (is_loopback(&o->nodeport_cidrs.v[i]))
			return no_loopback(c, where, value);
	return true;
}

/* A device may be called so, with @room for more behind it. */
static bool interface_name(const char *name, size_t room)
{
	size_t len = strlen(name);

	return len && len + room < IF_NAMESIZE && !name[strcspn(name, " \t\n\r\v\f/:*")] &&
	       strcmp(name, ".") && strcmp(name, "..");
}

static bool take_detect(struct cli *c, const char *value)
{
	struct options *o = &c->opt;
	bool prefix = !strncmp(value, "prefix=", 7);

	o->pod_interface = NULL;
	o->detect = !strcmp(value, "cluster-cidr") ? DETECT_CLUSTER_CIDR :
		    !strcmp(value, "node-cidr") ? DETECT_NODE_CIDR : DETECT_INTERFACE;
	if (o->detect != DETECT_INTERFACE)
		return true;
	if ((!prefix && strncmp(value, "bridge=", 7)) || !interface_name(value + 7, prefix))
		return false;
	o->pod_interface = arena_printf(c->a, "%s%s", value + 7, prefix ? "*" : "");
	return true;
}

/* One of two words, in this order no and yes. */
static bool take_choice(const char *value, const char *no, const char *yes, bool *out)
{
	*out = !strcmp(value, yes);
	return *out || !strcmp(value, no);
}

static bool take_switch(const char *value, bool *out)
{
	return take_choice(value, "no", "yes", out) || take_choice(value, "false", "true", out);
}

/* The other way round: what is on by default. */
static bool take_off_switch(const char *value, bool *out)
{
	return take_choice(value, "yes", "no", out) || take_choice(value, "true", "false", out);
}

static const char *node_name(struct arena *a, const char *value)
{
	char *name;

	while (isspace((unsigned char)*value))
		value++;
	name = arena_strdup(a, value);
	for (char *p = name; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (char *p = name + strlen(name); p > name && isspace((unsigned char)p[-1]); )
		*--p = '\0';
	return name;
}

/* @where: how the option was given, up to its name: "--", or a file. */
static bool take_value(struct cli *c, const char *where, int which, const char *value)
{
	struct options *o = &c->opt;
	struct prefixes *lists[N_NAMES] = {
		[CLUSTER_CIDR] = &o->cluster_cidrs, [SERVICE_CIDR] = &o->service_cidrs,
		[LB_POOL] = &o->lb_pools, [EXTERNAL_IPS] = &o->external_ips,
	};

	if (lists[which]) {
		const char *wrong = take_prefixes(c, value, which == LB_POOL ||
						  which == EXTERNAL_IPS, lists[which]);

		return !wrong || bad(c, where, which, wrong, "prefixes such as 10.96.0.0/12,"
				     "fd00:10:96::/112, no bits set behind their length");
	}
	switch (which) {
	case NODE:
		o->node = node_name(c->a, value);
		return *o->node || bad(c, where, which, value, "the name of a node");
	case NODEPORT_ADDRESSES:
		return take_nodeport_addresses(c, where, value);
	case NODEPORT_RANGE:
		return take_range(o, value) ||
		       bad(c, where, which, value, "a range within 1-65535 such as 30000-32767");
	case DETECT_LOCAL:
		return take_detect(c, value) ||
		       bad(c, where, which, value, "cluster-cidr, node-cidr, bridge=NAME of a device, "
			   "or prefix=NAME that the names of devices begin with");
	case MASQUERADE_ALL:
		return take_switch(value, &o->masquerade_all) || bad(c, where, which, value, "yes or no");
	case FAST_PATH:
		return take_off_switch(value, &o->no_fast_path) || bad(c, where, which, value, "yes or no");
	case SOURCE_RANGES:
		return take_choice(value, "kube-proxy", "strict", &o->strict_ranges) ||
		       bad(c, where, which, value, "kube-proxy or strict");
	case STATE:
		o->state = arena_strdup(c->a, value);
		return true;
	}
	return true;
}

static bool take(struct cli *c, const char *where, int which, const char *value)
{
	if (!take_value(c, where, which, value))
		return false;
	if (which == SERVICE_CIDR)
		c->opt.service_cidrs_given = true;
	if (which < OPTIONS_KEPT) {
		char *text = arena_strdup(c->a, value);

		for (char *p = text; (p = strchr(p, '\n')); )
			*p = ' ';
		c->opt.text[which] = text;
	}
	return true;
}

static int name_find(const char *name)
{
	for (int i = 0; i < CONFIG; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}

static bool config_entry(struct cli *c, const char *path, const char *key, const char *value)
{
	char *where = arena_printf(c->a, "%s: ", path);
	int which = name_find(key);

	if (which >= 0)
		return take(c, where, which, value);
	diag_error(c->d, NULL, NULL, "%s%s: no such option", where, key);
	return false;
}

static bool config_events(struct cli *c, const char *path, yaml_parser_t *parser)
{
	char *key = NULL;
	yaml_event_t ev;
	bool ok = true, more = true;
	int depth = 0;

	while (ok && more) {
		if (!yaml_parser_parse(parser, &ev)) {
			diag_error(c->d, NULL, NULL, "%s:%zu: %s: expected lines \"name: value\"", path,
				   parser->problem_mark.line + 1, parser->problem);
			return false;
		}
		more = ev.type != YAML_STREAM_END_EVENT;
		if (ev.type == YAML_MAPPING_START_EVENT)
			ok = ++depth == 1;
		else if (ev.type == YAML_SEQUENCE_START_EVENT || ev.type == YAML_ALIAS_EVENT)
			ok = false;
		else if (ev.type == YAML_SCALAR_EVENT && key) {
			if (!config_entry(c, path, key, (const char *)ev.data.scalar.value)) {
				yaml_event_delete(&ev);
				return false;
			}
			key = NULL;
		} else if (ev.type == YAML_SCALAR_EVENT) {
			key = arena_strdup(c->a, (const char *)ev.data.scalar.value);
		}
		yaml_event_delete(&ev);
	}
	if (ok && key) {
		diag_error(c->d, NULL, NULL, "%s: \"%s\": expected lines \"name: value\"", path, key);
		return false;
	}
	if (!ok)
		diag_error(c->d, NULL, NULL, "%s: expected lines \"name: value\" and nothing deeper", path);
	return ok;
}

static bool read_config(struct cli *c, const char *path)
{
	FILE *f = fopen(path, "r");
	yaml_parser_t parser;
	bool ok;

	if (!f || !yaml_parser_initialize(&parser)) {
		diag_error(c->d, NULL, NULL, "--config %s: %s", path, strerror(errno));
		if (f)
			fclose(f);
		return false;
	}
	yaml_parser_set_input_file(&parser, f);
	ok = config_events(c, path, &parser);
	yaml_parser_delete(&parser);
	fclose(f);
	return ok;
}

static bool read_environment(struct cli *c)
{
	for (int i = 0; i < CONFIG; i++) {
		char *name = arena_printf(c->a, "SVCCTL_%s", names[i]);
		const char *value;

		for (char *p = name; *p; p++)
			*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
		value = getenv(name);
		if (value && !take(c, "in the environment: ", i, value))
			return false;
	}
	return true;
}

/* --config is wanted before the environment, and that before the command line. */
static const char *find_config(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "--config=", 9))
			return argv[i] + 9;
		if (!strcmp(argv[i], "--config") && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

int options_words(const char *arg)
{
	static const struct { const char *name; int words; } also[] = {
		{ "-n", 2 }, { "--namespace", 2 }, { "-o", 2 }, { "--output", 2 },
		{ "-A", 1 }, { "--all-namespaces", 1 },
	};
	size_t len = strcspn(arg, "=");

	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++)
		if (!strncmp(arg, also[i].name, len) && !also[i].name[len])
			return arg[len] ? 1 : also[i].words;
	for (int i = 0; i < HELP && !strncmp(arg, "--", 2); i++)
		if (!strncmp(arg + 2, names[i], len - 2) && !names[i][len - 2])
			return arg[len] || is_switch(i) ? 1 : 2;
	return 0;
}

bool options_init(struct cli *c, int argc, char **argv)
{
	const char *config = find_config(argc, argv);
	char host[256] = "localhost";

	c->config = config;
	if (!config)
		config = getenv("SVCCTL_CONFIG");
	gethostname(host, sizeof(host) - 1);
	c->opt.node = node_name(c->a, host);
	c->opt.nodeport_min = 30000;
	c->opt.nodeport_max = 32767;
	c->opt.state = "/var/lib/svcctl/state.db";
	take_value(c, "", SERVICE_CIDR, "10.96.0.0/12,fd00:10:96::/112");
	return (!config || read_config(c, config)) && read_environment(c);
}

/* A line an option: "name=value". */
const char *options_keep(struct cli *c)
{
	const char *text = "";

	for (int i = 0; i < OPTIONS_KEPT; i++)
		if (c->opt.text[i])
			text = arena_printf(c->a, "%s%s=%s\n", text, names[i], c->opt.text[i]);
	return text;
}

bool options_recall(struct cli *c, const char *kept)
{
	char *text = arena_strdup(c->a, kept), *line, *save;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');
		int which;

		if (!value)
			continue;
		*value++ = '\0';
		which = name_find(line);
		if (which >= 0 && which < OPTIONS_KEPT && !c->opt.text[which] &&
		    !take(c, "kept in the state: ", which, value))
			return false;
	}
	return true;
}

/* After getopt's own complaint; an abbreviation of several is explained by that. */
static void suggest(const char *verb, const char *written, const struct option *all)
{
	struct similar s = { .word = written + 2, .len = strcspn(written + 2, "=") };

	if (strncmp(written, "--", 2))
		return;
	for (; all->name; all++) {
		if (!strncmp(all->name, s.word, s.len))
			return;
		similar_try(&s, all->name);
	}
	if (s.best)
		fprintf(stderr, "%s: did you mean '--%s'?\n", verb, s.best);
}

int options_next(struct cli *c, int argc, char **argv, const char *verb_short,
		 const struct option *verb_long)
{
	char letters[16];
	struct option all[64];
	size_t n = 0;
	int opt;

	for (; verb_long[n].name; n++)
		all[n] = verb_long[n];
	for (int i = 0; i < N_NAMES; i++)
		all[n++] = (struct option) { names[i], i == HELP ? no_argument :
					     is_switch(i) ? optional_argument :
					     required_argument, NULL, COMMON + i };
	all[n] = (struct option) { 0 };
	snprintf(letters, sizeof(letters), "%sh", verb_short);
	while ((opt = getopt_long(argc, argv, letters, all, NULL)) >= COMMON || opt == 'h') {
		if (opt == COMMON + HELP || opt == 'h') {
			verb_help(c->verb);
			exit(EXIT_OK);
		}
		if (!take(c, "--", opt - COMMON, optarg ? optarg : "yes"))
			return '?';
		if (opt == COMMON + CONFIG && (!c->config || strcmp(optarg, c->config))) {
			diag_error(c->d, NULL, NULL, "--config %s: write --config in full, and once",
				   optarg);
			return '?';
		}
	}
	if (opt == '?' && !optopt)
		suggest(c->verb, argv[optind - 1], all);
	return opt;
}

int kind_from_word(const char *word)
{
	static const struct { const char *word; enum kind kind; } words[] = {
		{ "service", KIND_SERVICE }, { "services", KIND_SERVICE }, { "svc", KIND_SERVICE },
		{ "pod", KIND_POD }, { "pods", KIND_POD }, { "po", KIND_POD },
		{ "endpoints", KIND_ENDPOINTS }, { "ep", KIND_ENDPOINTS },
		{ "endpointslice", KIND_SLICE }, { "endpointslices", KIND_SLICE },
		{ "node", KIND_NODE }, { "nodes", KIND_NODE }, { "no", KIND_NODE },
		{ "namespace", KIND_NAMESPACE }, { "namespaces", KIND_NAMESPACE }, { "ns", KIND_NAMESPACE },
		{ "servicecidr", KIND_SERVICE_CIDR }, { "servicecidrs", KIND_SERVICE_CIDR },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(word, words[i].word))
			return words[i].kind;
	return KIND_MAX;
}
