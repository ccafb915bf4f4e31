// SPDX-License-Identifier: GPL-2.0
/*
 * A List of Services and their EndpointSlices as an API server writes them, with
 * every field it adds (managedFields, ownerReferences, targetRef …), for tests
 * and benchmarks at scale. The same arguments give the same bytes.
 *
 *   gen_objects [--services N] [--endpoints M] [--yaml]
 *
 *   --yaml	as "kubectl get -o yaml" prints them, which leaves managedFields out
 */
#include <ctype.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES 100
#define STAMP "2026-11-23T22:34:21Z"

static bool yaml;
static int depth;
static bool first = true;	/* nothing written yet in the map or list that is open */
static bool dash;		/* YAML: the next key or value stands behind "- " */

/* YAML: a number or a time, unless it is in quotes. */
static bool ambiguous(const char *s)
{
	return isdigit((unsigned char)*s) && !s[strspn(s, "0123456789-:TZ")];
}

static void text(const char *fmt, va_list ap)
{
	char buf[256];

	vsnprintf(buf, sizeof(buf), fmt, ap);
	if (yaml && !ambiguous(buf)) {
		fputs(buf, stdout);
		return;
	}
	putchar('"');
	for (const char *p = buf; *p; p++) {
		if (*p == '"')
			putchar('\\');
		putchar(*p);
	}
	putchar('"');
}

static void lead(void)
{
	if (!yaml) {
		if (!first)
			putchar(',');
	} else if (!dash) {
		printf("\n%*s", 2 * depth, "");
	}
	first = dash = false;
}

static void key(const char *fmt, ...)
{
	va_list ap;

	lead();
	va_start(ap, fmt);
	text(fmt, ap);
	va_end(ap);
	putchar(':');
}

/* Before the value of a key, if that is on the same line. */
static void space(void)
{
	if (yaml)
		putchar(' ');
}

static void raw(const char *name, const char *value)
{
	key("%s", name);
	space();
	fputs(value, stdout);
}

static void number(const char *name, int n)
{
	key("%s", name);
	space();
	printf("%d", n);
}

static void string(const char *name, const char *fmt, ...)
{
	va_list ap;

	key("%s", name);
	space();
	va_start(ap, fmt);
	text(fmt, ap);
	va_end(ap);
}

/* A list in YAML stands no deeper than its key. */
static int deeper(char c)
{
	return !yaml || c == '{' || c == '}';
}

static void open(char c)
{
	if (!yaml)
		putchar(c);
	depth += deeper(c);
	first = true;
}

static void close(char c)
{
	if (!yaml)
		putchar(c);
	depth -= deeper(c);
	first = false;
}

static void map(const char *name)
{
	key("%s", name);
	open('{');
}

static void list(const char *name)
{
	key("%s", name);
	open('[');
}

static void element(void)
{
	lead();
	if (yaml) {
		printf("- ");
		dash = true;
	}
	open('{');
}

static void strings(const char *name, const char *value)
{
	list(name);
	lead();
	printf(yaml ? "- %s" : "\"%s\"", value);
	close(']');
}

/* Names in managedFields: each an empty map. */
static void marks(const char *const *names)
{
	for (; *names; names++)
		raw(*names, "{}");
}
#define MARKS(...) marks((const char *const []){ __VA_ARGS__, NULL })

/* Random looking, and always the same. */
static void uid(const char *name, unsigned int kind, unsigned int i)
{
	uint64_t x = ((uint64_t)kind << 32 | i) * 0x9e3779b97f4a7c15 + 0x1234567;
	uint64_t y = (x ^ x >> 29) * 0xbf58476d1ce4e5b9;

	string(name, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned int)(y >> 32),
	       (unsigned int)(y & 0xffff), (unsigned int)(x >> 52), (unsigned int)(x & 0xfff),
	       (y ^ x << 7) & 0xffffffffffff);
}

static void managed_begin(const char *manager, const char *api)
{
	list("managedFields");
	element();
	string("manager", "%s", manager);
	string("operation", "Update");
	string("apiVersion", "%s", api);
	string("time", STAMP);
	string("fieldsType", "FieldsV1");
	map("fieldsV1");
}

static void managed_end(void)
{
	close('}');
	close('}');
	close(']');
}

static void service_managed(void)
{
	managed_begin("kubectl-create", "v1");
	map("f:metadata");
	map("f:labels");
	MARKS(".", "f:app");
	close('}');
	close('}');
	map("f:spec");
	raw("f:internalTrafficPolicy", "{}");
	map("f:ports");
	raw(".", "{}");
	map("k:{\"port\":80,\"protocol\":\"TCP\"}");
	MARKS(".", "f:name", "f:port", "f:protocol", "f:targetPort");
	close('}');
	close('}');
	MARKS("f:selector", "f:sessionAffinity", "f:type");
	close('}');
	managed_end();
}

static void service(unsigned int i)
{
	unsigned int ip = (10u << 24 | 96 << 16) + 256 + i;
	char addr[16];

	snprintf(addr, sizeof(addr), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
		 ip & 255);
	element();
	string("apiVersion", "v1");
	string("kind", "Service");
	map("metadata");
	string("name", "svc-%u", i);
	string("namespace", "default");
	uid("uid", 1, i);
	string("resourceVersion", "%u", 1000 + i);
	string("creationTimestamp", STAMP);
	map("labels");
	string("app", "app-%u", i);
	close('}');
	if (!yaml)
		service_managed();
	close('}');
	map("spec");
	list("ports");
	element();
	string("name", "http");
	string("protocol", "TCP");
	number("port", 80);
	number("targetPort", 8080);
	close('}');
	close(']');
	map("selector");
	string("app", "app-%u", i);
	close('}');
	string("clusterIP", "%s", addr);
	strings("clusterIPs", addr);
	string("type", "ClusterIP");
	string("sessionAffinity", "None");
	strings("ipFamilies", "IPv4");
	string("ipFamilyPolicy", "SingleStack");
	string("internalTrafficPolicy", "Cluster");
	close('}');
	map("status");
	raw("loadBalancer", "{}");
	close('}');
	close('}');
}

static void slice_managed(void)
{
	managed_begin("kube-controller-manager", "discovery.k8s.io/v1");
	MARKS("f:addressType", "f:endpoints");
	map("f:metadata");
	map("f:annotations");
	MARKS(".", "f:endpoints.kubernetes.io/last-change-trigger-time");
	close('}');
	raw("f:generateName", "{}");
	map("f:labels");
	MARKS(".", "f:endpointslice.kubernetes.io/managed-by", "f:kubernetes.io/service-name");
	close('}');
	map("f:ownerReferences");
	MARKS(".");
	close('}');
	close('}');
	raw("f:ports", "{}");
	managed_end();
}

static void slice_meta(unsigned int i)
{
	map("metadata");
	string("name", "svc-%u-%05x", i, i * 2654435761u >> 12);
	string("generateName", "svc-%u-", i);
	string("namespace", "default");
	uid("uid", 2, i);
	string("resourceVersion", "%u", 500000 + i);
	number("generation", 1);
	string("creationTimestamp", STAMP);
	map("labels");
	string("endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io");
	string("kubernetes.io/service-name", "svc-%u", i);
	close('}');
	map("annotations");
	string("endpoints.kubernetes.io/last-change-trigger-time", STAMP);
	close('}');
	list("ownerReferences");
	element();
	string("apiVersion", "v1");
	string("kind", "Service");
	string("name", "svc-%u", i);
	uid("uid", 1, i);
	raw("controller", "true");
	raw("blockOwnerDeletion", "true");
	close('}');
	close(']');
	if (!yaml)
		slice_managed();
	close('}');
}

static void endpoint(unsigned int i, unsigned int pod)
{
	unsigned int ip = (10u << 24 | 244 << 16) + 256 + pod;
	char addr[16];

	snprintf(addr, sizeof(addr), "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255,
		 ip & 255);
	element();
	strings("addresses", addr);
	map("conditions");
	raw("ready", "true");
	raw("serving", "true");
	raw("terminating", "false");
	close('}');
	map("targetRef");
	string("kind", "Pod");
	string("namespace", "default");
	string("name", "app-%u-%05x", i, pod * 2654435761u >> 12);
	uid("uid", 3, pod);
	close('}');
	string("nodeName", "node-%u", pod % NODES);
	string("zone", "zone-%u", pod % NODES % 3);
	close('}');
}

static void slice(unsigned int i, unsigned int endpoints)
{
	element();
	string("apiVersion", "discovery.k8s.io/v1");
	string("kind", "EndpointSlice");
	slice_meta(i);
	string("addressType", "IPv4");
	list("endpoints");
	for (unsigned int j = 0; j < endpoints; j++)
		endpoint(i, i * endpoints + j);
	close(']');
	list("ports");
	element();
	string("name", "http");
	string("protocol", "TCP");
	number("port", 8080);
	close('}');
	close(']');
	close('}');
}

static unsigned int count(const char *s, unsigned int max)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (!*s || *end || n > max) {
		fprintf(stderr, "gen_objects: %s: expected a number up to %u\n", s, max);
		exit(2);
	}
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "services", required_argument, NULL, 's' },
		{ "endpoints", required_argument, NULL, 'e' },
		{ "yaml", no_argument, NULL, 'y' },
		{ 0 }
	};
	unsigned int services = 10000, endpoints = 10;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			services = count(optarg, 900000);
		else if (c == 'e')
			endpoints = count(optarg, 1000);
		else if (c == 'y')
			yaml = true;
		else
			return 2;
	}
	if (!yaml)
		putchar('{');
	dash = true;
	string("apiVersion", "v1");
	string("kind", "List");
	list("items");
	for (unsigned int i = 0; i < services; i++)
		service(i);
	for (unsigned int i = 0; i < services; i++)
		slice(i, endpoints);
	close(']');
	puts(yaml ? "" : "}");
	return fflush(stdout) || ferror(stdout);
}
