/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the model share among themselves; model.h is for the rest. */
#ifndef SVCCTL_MODEL_IMPL_H
#define SVCCTL_MODEL_IMPL_H

#include <netinet/in.h>
#include <string.h>
#include "catalog.h"
#include "model.h"

/* One mistake in a template is as many errors as there are objects: a few tell it. */
#define MODEL_ERRORS_MAX 21

struct sources;

struct model {
	struct arena *a;
	const struct options *opt;
	struct catalog *catalog;
	struct sources *sources;	/* endpoints.c, made on first use */
	struct object *node_was;	/* our Node, should it be gone now */
	struct prefixes cidrs;		/* model_service_cidrs(), made on first use */
	bool has_cidrs;
};

static inline bool str_is(const char *s, const char *what)
{
	return s && !strcmp(s, what);
}

/* Equal, where absent and empty are the same. */
static inline bool str_same(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

static inline bool service_is_headless(const struct service *svc)
{
	return str_is(svc->cluster_ip, "None");
}

static inline bool service_is_alias(const struct service *svc)
{
	return str_is(svc->type, "ExternalName");
}

static inline bool service_is_lb(const struct service *svc)
{
	return str_is(svc->type, "LoadBalancer");
}

static inline bool service_has_node_ports(const struct service *svc)
{
	return str_is(svc->type, "NodePort") || service_is_lb(svc);
}

/* Its load balancer answers health checks on a port of their own. */
static inline bool service_has_health_port(const struct service *svc)
{
	return service_is_lb(svc) && str_is(svc->external_traffic_policy, "Local");
}

/* Of a port: absent is TCP. */
static inline uint8_t proto_number(const char *protocol)
{
	return str_is(protocol, "UDP") ? IPPROTO_UDP : str_is(protocol, "SCTP") ? IPPROTO_SCTP :
	       IPPROTO_TCP;
}

/* Saved from an API server, which checked it and decided what we would decide. */
static inline bool object_is_decided(const struct object *o)
{
	return o->uid || o->resource_version;
}

/* The Node object of that name, the one we remember if it is gone; or NULL. */
const struct node *model_node(const struct model *m, const char *name);

/* defaults.c: what an API server fills in; may be applied again. */
void defaults_apply(struct arena *a, const struct options *opt, struct object *o);
void object_home(struct object *o);		/* its namespace, "default" or none */
const char *family_name(int family);		/* "IPv4", "IPv6" */
int family_parse(const char *name);		/* AF_INET, AF_INET6, 0 */
bool prefixes_have(const struct prefixes *p, int family);	/* one of it */

/* overlay.c: what was allocated for @was and is not written in @svc, its successor. */
void overlay_service(struct arena *a, const struct service *was, struct service *svc);

/* check.c: one object by itself, its labels or a selector; check_service.c: one Service. */
void check_labels(const struct object *o, const struct map *m, const struct places *at,
		  const char *field, struct diag *d);
void check_object(struct model *m, const struct object *o, struct diag *d);
void check_service(struct model *m, const struct service *svc, struct diag *d);

/* fault.c: NULL, or how the sentence "VALUE …" goes on. */
const char *ip_fault(const char *text, struct ip *ip);
const char *label_fault(const char *name);	/* DNS label */
const char *domain_fault(const char *name);	/* DNS labels with dots between */
const char *label_key_fault(const char *key);
const char *label_value_fault(const char *value);
const char *port_name_fault(const char *name);	/* of a container port */

/*
 * conflict.c: what two Services may not both hold; at least one of them changed.
 * Ends when @most errors were said.
 */
void conflict_check(struct model *m, unsigned int most, struct diag *d);

#endif
