// SPDX-License-Identifier: GPL-2.0
/*
 * Plan to transaction: BEGIN, PUTs of up to 64 KiB, COMMIT. Messages are packed
 * one behind the other into a buffer and sent together, so a small change is one
 * datagram and one acknowledgement.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nl_impl.h"

#define DATAGRAM (128 << 10)
#define PUT_MAX (60 << 10)	/* of one message; a nested attribute's length has 16 bits */

struct packer {
	struct knl *nl;
	char *buf;
	size_t len;
	size_t sent;		/* what the buffer held when it was sent last */
	struct nlmsghdr *msg;	/* being filled, or NULL */
	uint32_t n_puts;
	bool failed;
};

static void flush(struct packer *p)
{
	struct sockaddr_nl peer = { .nl_family = AF_NETLINK,
				    .nl_pid = nl_socket_get_peer_port(p->nl->sock) };

	if (p->failed) {
		p->len = 0;
		return;
	}
	if (p->len &&
	    sendto(nl_socket_get_fd(p->nl->sock), p->buf, p->len, 0, (struct sockaddr *)&peer,
		   sizeof(peer)) < 0) {
		p->failed = true;
		p->nl->error = errno;
	}
	/* The kernel has judged it by now: stop at the first refusal. */
	knl_poll(p->nl);
	if (p->nl->error) {
		p->failed = true;
		knl_blame(p->nl, p->buf, p->len);
	}
	p->sent = p->len;
	p->len = 0;
}

static struct nlattr *put(struct packer *p, int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(p->buf + p->len);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len) {
		memcpy((char *)a + NLA_HDRLEN, data, len);
		memset((char *)a + NLA_HDRLEN + len, 0, NLA_ALIGN(len) - len);
	}
	p->len += NLA_HDRLEN + NLA_ALIGN(len);
	return a;
}

static struct nlattr *nest_begin(struct packer *p, int type)
{
	return put(p, type | NLA_F_NESTED, NULL, 0);
}

static void nest_end(struct packer *p, struct nlattr *a)
{
	a->nla_len = (uint16_t)(p->buf + p->len - (char *)a);
}

static void put_u8(struct packer *p, int type, uint8_t v)
{
	put(p, type, &v, sizeof(v));
}

static void put_u32(struct packer *p, int type, uint32_t v)
{
	put(p, type, &v, sizeof(v));
}

static void put_port(struct packer *p, int type, uint16_t port)
{
	port = htons(port);
	put(p, type, &port, sizeof(port));
}

static void message_end(struct packer *p)
{
	if (!p->msg)
		return;
	p->msg->nlmsg_len = (uint32_t)(p->buf + p->len - (char *)p->msg);
	p->msg = NULL;
}

static void message_begin(struct packer *p, int cmd, int flags)
{
	struct genlmsghdr *genl;

	message_end(p);
	if (p->len > DATAGRAM - PUT_MAX - 4096)
		flush(p);
	p->msg = (struct nlmsghdr *)(p->buf + p->len);
	*p->msg = (struct nlmsghdr) {
		.nlmsg_type = (uint16_t)p->nl->family,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = ++p->nl->seq,
		.nlmsg_pid = nl_socket_get_local_port(p->nl->sock),
	};
	genl = (struct genlmsghdr *)(p->msg + 1);
	*genl = (struct genlmsghdr) { .cmd = (uint8_t)cmd, .version = SVCNAT_GENL_VERSION };
	p->len += NLMSG_HDRLEN + GENL_HDRLEN;
}

static size_t message_len(const struct packer *p)
{
	return p->msg ? (size_t)(p->buf + p->len - (char *)p->msg) : 0;
}

static void put_begin(struct packer *p)
{
	message_begin(p, SVCNAT_CMD_PUT, 0);
	p->n_puts++;
}

/* Begins a PUT, or goes on with the one at hand if @need more bytes fit. */
static void put_room(struct packer *p, size_t need)
{
	if (!p->msg || message_len(p) + need > PUT_MAX)
		put_begin(p);
}

static void put_identity(struct packer *p, const struct dp_service *svc)
{
	put(p, SVCNAT_SERVICE_A_NAME, svc->name, strlen(svc->name) + 1);
	put_u8(p, SVCNAT_SERVICE_A_FAMILY, svc->family);
	put_u8(p, SVCNAT_SERVICE_A_PROTO, svc->proto);
}

static void put_frontend(struct packer *p, const struct dp_frontend *f)
{
	struct nlattr *nest = nest_begin(p, SVCNAT_SERVICE_A_FRONTEND);

	put_u8(p, SVCNAT_FRONTEND_A_KIND, (uint8_t)f->kind);
	if (f->ip.family)
		put(p, SVCNAT_FRONTEND_A_ADDR, f->ip.b, ip_len(&f->ip));
	put_port(p, SVCNAT_FRONTEND_A_PORT, f->port);
	if (f->flags)
		put_u32(p, SVCNAT_FRONTEND_A_FLAGS, f->flags);
	nest_end(p, nest);
}

static void put_backend(struct packer *p, const struct dp_backend *b)
{
	struct nlattr *nest = nest_begin(p, SVCNAT_SERVICE_A_BACKEND);

	put(p, SVCNAT_BACKEND_A_ADDR, b->ip.b, ip_len(&b->ip));
	put_port(p, SVCNAT_BACKEND_A_PORT, b->port);
	if (b->flags != SVCNAT_BACKEND_F_CLUSTER)
		put_u32(p, SVCNAT_BACKEND_A_FLAGS, b->flags);
	if (b->weight > 1)
		put_u32(p, SVCNAT_BACKEND_A_WEIGHT, b->weight);
	if (b->conn_limit)
		put_u32(p, SVCNAT_BACKEND_A_CONN_LIMIT, b->conn_limit);
	nest_end(p, nest);
}

static void put_prefixes(struct packer *p, int type, const struct prefix *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct nlattr *nest = nest_begin(p, type);

		put(p, SVCNAT_PREFIX_A_ADDR, v[i].ip.b, ip_len(&v[i].ip));
		put_u8(p, SVCNAT_PREFIX_A_LEN, v[i].len);
		nest_end(p, nest);
	}
}

static void put_settings(struct packer *p, const struct dp_service *svc)
{
	put_u8(p, SVCNAT_SERVICE_A_SCHED, svc->sched);
	if (svc->affinity_seconds)
		put_u32(p, SVCNAT_SERVICE_A_AFFINITY_SECONDS, svc->affinity_seconds);
	if (svc->removal)
		put_u8(p, SVCNAT_SERVICE_A_REMOVAL, svc->removal);
	if (svc->drain_seconds)
		put_u32(p, SVCNAT_SERVICE_A_DRAIN_SECONDS, svc->drain_seconds);
	if (svc->eject_fails) {
		put_u32(p, SVCNAT_SERVICE_A_EJECT_FAILS, svc->eject_fails);
		put_u32(p, SVCNAT_SERVICE_A_EJECT_SECONDS, svc->eject_seconds);
	}
	put_prefixes(p, SVCNAT_SERVICE_A_SOURCE_RANGE, svc->ranges, svc->n_ranges);
	for (size_t i = 0; i < svc->n_frontends; i++)
		put_frontend(p, &svc->frontends[i]);
}

/* The most an identity with plain settings takes, a frontend, a range and a backend. */
#define IDENTITY_MAX 512
#define FRONTEND_MAX 48
#define RANGE_MAX 32
#define BACKEND_MAX 64

static size_t head_max(const struct dp_service *svc)
{
	return IDENTITY_MAX + svc->n_frontends * FRONTEND_MAX + svc->n_ranges * RANGE_MAX;
}

static void put_service(struct packer *p, const struct dp_service *svc)
{
	size_t i = 0;

	do {
		uint32_t flags = i ? SVCNAT_SERVICE_F_CONTINUE : svc->flags;
		struct nlattr *nest;

		put_room(p, (i ? IDENTITY_MAX : head_max(svc)) + BACKEND_MAX);
		nest = nest_begin(p, SVCNAT_A_SERVICE);
		put_identity(p, svc);
		if (flags)
			put_u32(p, SVCNAT_SERVICE_A_FLAGS, flags);
		if (!i)
			put_settings(p, svc);
		while (i < svc->n_backends && message_len(p) + BACKEND_MAX < PUT_MAX)
			put_backend(p, &svc->backends[i++]);
		nest_end(p, nest);
	} while (i < svc->n_backends);
}

static void put_remove(struct packer *p, const struct dp_service *svc)
{
	struct nlattr *nest;

	put_room(p, IDENTITY_MAX);
	nest = nest_begin(p, SVCNAT_A_REMOVE);
	put_identity(p, svc);
	nest_end(p, nest);
}

static void put_config(struct packer *p, const struct dp_config *c)
{
	struct nlattr *nest;

	put_begin(p);
	nest = nest_begin(p, SVCNAT_A_CONFIG);
	put_prefixes(p, SVCNAT_CONFIG_A_CLUSTER_CIDR, c->cluster_cidrs, c->n_cluster_cidrs);
	put_prefixes(p, SVCNAT_CONFIG_A_NODEPORT_ADDR, c->nodeport_addrs, c->n_nodeport_addrs);
	put_prefixes(p, SVCNAT_CONFIG_A_SERVICE_CIDR, c->service_cidrs, c->n_service_cidrs);
	put_prefixes(p, SVCNAT_CONFIG_A_NODE_CIDR, c->node_cidrs, c->n_node_cidrs);
	if (c->pod_interface)
		put(p, SVCNAT_CONFIG_A_POD_INTERFACE, c->pod_interface, strlen(c->pod_interface) + 1);
	if (c->flags)
		put_u32(p, SVCNAT_CONFIG_A_FLAGS, c->flags);
	nest_end(p, nest);
}

static void put_plan(struct packer *p, const struct plan *plan)
{
	size_t i;

	if (plan->config)
		put_config(p, plan->config);
	for (i = 0; plan->replace && !p->failed && i < plan->want->n_services; i++)
		put_service(p, &plan->want->services[i]);
	for (i = 0; !plan->replace && !p->failed && i < plan->n; i++) {
		if (plan->steps[i].op == PLAN_REMOVE)
			put_remove(p, plan->steps[i].was);
		else
			put_service(p, plan->steps[i].want);
	}
}

static void on_commit(struct knl *nl, int cmd, struct nlattr **tb)
{
	if (cmd == SVCNAT_CMD_COMMIT && tb[SVCNAT_A_GENERATION])
		*(uint64_t *)nl->arg = nla_get_u64(tb[SVCNAT_A_GENERATION]);
}

enum knl_result knl_apply(struct knl *nl, const struct plan *plan, const uint8_t *apply_id,
			uint64_t *generation, struct diag *d)
{
	struct packer p = { .nl = nl, .buf = malloc(DATAGRAM) };
	bool ok;

	if (!p.buf) {
		diag_error(d, NULL, NULL, "out of memory");
		return KNL_FAILED;
	}
	knl_begin(nl, on_commit, generation);
	message_begin(&p, SVCNAT_CMD_BEGIN, 0);
	put(&p, SVCNAT_A_GENERATION, &plan->generation, sizeof(plan->generation));
	put_u32(&p, SVCNAT_A_TXN_FLAGS, plan->replace ? SVCNAT_TXN_F_REPLACE : 0);
	message_end(&p);
	put_plan(&p, plan);
	message_begin(&p, SVCNAT_CMD_COMMIT, NLM_F_ACK);
	put_u32(&p, SVCNAT_A_PUTS, p.n_puts);
	if (apply_id)
		put(&p, SVCNAT_A_APPLY_ID, apply_id, SVCNAT_APPLY_ID_LEN);
	message_end(&p);
	flush(&p);

	ok = !p.failed && knl_await(nl);
	if (!ok && !p.failed)
		knl_blame(nl, p.buf, p.sent);
	free(p.buf);
	if (ok)
		return KNL_OK;
	if (nl->error == ERESTART)
		return KNL_STALE;
	knl_complain(nl, d, "apply");
	return KNL_FAILED;
}
