// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include "ranges.h"
#include "resolve.h"

#define BLANKS " \t\n\r"

static void mask(struct prefix *p)
{
	for (unsigned int i = p->len; i < ip_len(&p->ip) * 8; i++)
		p->ip.b[i / 8] &= (uint8_t)~(0x80 >> i % 8);
}

bool range_parse(const char *text, struct prefix *out)
{
	char buf[PREFIX_STRLEN + 16];
	char *slash, *end;
	long len;

	snprintf(buf, sizeof(buf), "%s", text + strspn(text, BLANKS));
	slash = strchr(buf, '/');
	if (!slash)
		return false;
	*slash++ = '\0';
	if (*slash < '0' || *slash > '9' || !ip_parse(buf, &out->ip))
		return false;
	len = strtol(slash, &end, 10);
	if (end[strspn(end, BLANKS)] || len > (long)ip_len(&out->ip) * 8)
		return false;
	out->len = (uint8_t)len;
	mask(out);
	return true;
}

/* Those of the family of @s, joined. False: everybody of it may come in. */
static bool collect(struct model *m, const struct service *svc, struct dp_service *s)
{
	struct prefix p;

	for (size_t i = 0; i < svc->source_ranges.n; i++) {
		if (!range_parse(svc->source_ranges.v[i], &p) || p.ip.family != s->family)
			continue;
		if (!p.len)
			return false;
		*(struct prefix *)arena_push(m->a, &s->ranges, &s->n_ranges, sizeof(p)) = p;
	}
	dp_prefixes_sort(s->ranges, s->n_ranges);
	s->n_ranges = prefixes_join(s->ranges, s->n_ranges);
	return s->n_ranges || m->opt->strict_ranges;
}

static bool holds_for(const struct options *opt, const struct dp_frontend *fe)
{
	return fe->kind == SVCNAT_FRONTEND_LOAD_BALANCER ||
	       (opt->strict_ranges && fe->kind != SVCNAT_FRONTEND_CLUSTER_IP);
}

/*
 * Who asks a load balancer's address from a machine that has it as its own comes
 * from that address: a node that is let in is let in under this one too.
 */
static void add_own(struct model *m, const struct service *svc, struct dp_service *s,
		    struct diag *d)
{
	struct prefixes given = { s->ranges, s->n_ranges };

	for (size_t i = 0; i < s->n_frontends; i++) {
		const struct dp_frontend *fe = &s->frontends[i];

		if (fe->kind != SVCNAT_FRONTEND_LOAD_BALANCER || prefixes_cover(&given, &fe->ip))
			continue;
		if (s->n_ranges == SVCNAT_RANGES_MAX)
			resolve_warn(svc, "spec.loadBalancerSourceRanges", d, "with %d ranges there "
				     "is no room left to let in the load balancer addresses "
				     "themselves: a node that has them as its own is kept out",
				     SVCNAT_RANGES_MAX);
		else
			*(struct prefix *)arena_push(m->a, &s->ranges, &s->n_ranges,
						     sizeof(*s->ranges)) = prefix_of(&fe->ip);
	}
}

void ranges_make(struct model *m, const struct service *svc, const struct prefixes *nodes,
		 struct dp_service *s, struct diag *d)
{
	struct prefixes given;
	bool used = false;

	if (!svc->source_ranges.n)
		return;
	if (!collect(m, svc, s)) {
		s->n_ranges = 0;
		return;
	}
	for (size_t i = 0; i < s->n_frontends; i++) {
		if (!holds_for(m->opt, &s->frontends[i]))
			continue;
		s->frontends[i].flags |= SVCNAT_FRONTEND_F_RANGES;
		used = true;
	}
	if (!used)
		s->n_ranges = 0;
	given = (struct prefixes){ s->ranges, s->n_ranges };
	for (size_t i = 0; i < nodes->n; i++) {
		if (prefixes_cover(&given, &nodes->v[i].ip)) {
			add_own(m, svc, s, d);
			return;
		}
	}
}
