// SPDX-License-Identifier: GPL-2.0
// LIBS: nl-3
/*
 * A stand-in for the kernel's side of kmod/uapi/svcnat.h, where no module can be
 * loaded: a process on NETLINK_USERSOCK that svcctl is sent to by
 * SVCCTL_NETLINK=PORT. It keeps what it is given as it came, commits all of a
 * transaction or none, and checks generations; values it does not check. Node ports
 * are reserved on this machine all the same, unless SVCCTL_PROC names another /proc.
 *
 *	standin [OPTION]	prints its port, answers until standard input ends
 *
 *	--refuse	every COMMIT fails, as in a kernel short of memory
 *	--deny		everything is answered EPERM, as to who is not root
 *	--fail-at N	the Nth PUT is refused and spoils its transaction
 *	--stale N	the first N COMMITs find that somebody else was faster
 *	--stale-at N	the Nth COMMIT does
 *	--kill-at N	kill -9 whoever sends the Nth message, then carry it out:
 *			what a kernel does with a caller that dies in send()
 *	--meddle-at N	before the Nth message somebody else removes all there is
 *	--delay MS	before each COMMIT
 *	--linger	each service has one more backend, that left it with
 *			connections still active
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "standin/flows.h"
#include "standin/services.h"
#include "standin/wire.h"
#include "svcnat.h"

#define FAMILY 0x20
#define GROUP 1
#define BURST (48 << 10)	/* of a dump, as the kernel fills its messages */
#define PID_MASK 0x3fffff	/* libnl makes ports of pids, and something above */

struct txn {
	uint32_t port;		/* 0: free */
	uint64_t base;
	bool replace, spoiled;
	struct list staged;
	struct nlattr *config;
};

static struct txn txns[SVCNAT_TXNS_MAX];
static struct list services;
static struct nlattr *config;
static uint64_t generation;
static uint8_t apply_id[SVCNAT_APPLY_ID_LEN];
static bool has_id;
static bool refuse, deny, linger;
static long fail_at, stale, stale_at, kill_at, meddle_at, delay, n_messages, n_puts, n_commits;

static void family_get(const struct nlmsghdr *req)
{
	struct nlmsghdr *h = begin_genl(req, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 0);
	struct nlattr *groups, *group;
	uint16_t id = FAMILY;

	put(CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put(CTRL_ATTR_FAMILY_NAME, SVCNAT_GENL_NAME, sizeof(SVCNAT_GENL_NAME));
	put_u32(CTRL_ATTR_VERSION, 1);
	groups = nest(CTRL_ATTR_MCAST_GROUPS);
	group = nest(1);
	put_u32(CTRL_ATTR_MCAST_GRP_ID, GROUP);
	put(CTRL_ATTR_MCAST_GRP_NAME, SVCNAT_GENL_EVENTS, sizeof(SVCNAT_GENL_EVENTS));
	nest_end(group);
	nest_end(groups);
	end(h);
	send_out(peer, 0);
	acknowledge(req, 0);
}

static void put_info(void)
{
	struct nlattr *info = nest(SVCNAT_A_INFO);

	put_u32(SVCNAT_INFO_A_SERVICES, services.services);
	put_u32(SVCNAT_INFO_A_BACKENDS, services.backends);
	put(SVCNAT_INFO_A_MODULE_VERSION, "stand-in", sizeof("stand-in"));
	nest_end(info);
}

static void info_get(const struct nlmsghdr *req)
{
	struct nlmsghdr *h = begin_genl(req, FAMILY, SVCNAT_CMD_INFO_GET, 0);

	put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
	if (has_id)
		put(SVCNAT_A_APPLY_ID, apply_id, sizeof(apply_id));
	put_info();
	if (config)
		put_copy(config);
	end(h);
	send_out(peer, 0);
	acknowledge(req, 0);
}

/* On the last port, so that it is none of those put; of no set order in a dump. */
static void put_lingering(const struct nlattr *svc)
{
	static const uint8_t addr[16] = { 10, 255, 255, 254 };
	struct nlattr *family = nla_find(nla_data(svc), nla_len(svc), SVCNAT_SERVICE_A_FAMILY);
	struct nlattr *n = nest(SVCNAT_SERVICE_A_BACKEND);
	uint16_t port = 0xffff;

	put(SVCNAT_BACKEND_A_ADDR, addr, nla_get_u8(family) == AF_INET ? 4 : 16);
	put(SVCNAT_BACKEND_A_PORT, &port, sizeof(port));
	put_u32(SVCNAT_BACKEND_A_FLAGS, SVCNAT_BACKEND_F_GONE);
	put_u32(SVCNAT_BACKEND_A_ACTIVE, 3);
	nest_end(n);
}

static void put_service(const struct nlattr *svc)
{
	struct nlattr *n;

	if (!linger) {
		put_copy(svc);
		return;
	}
	n = nest(SVCNAT_A_SERVICE);
	if (!continues(svc))
		put_lingering(svc);
	put_raw(nla_data(svc), (size_t)nla_len(svc));
	nest_end(n);
}

/* @name: of that name only, or NULL. */
static void service_dump(const struct nlmsghdr *req, const struct nlattr *name)
{
	struct nlmsghdr *h;

	for (size_t i = 0; (i = name ? list_next(&services, name, i) : i) < services.n; i++) {
		if (pending_len() + services.v[i].attr->nla_len > BURST)
			send_out(peer, 0);
		h = begin_genl(req, FAMILY, SVCNAT_CMD_SERVICE_GET, NLM_F_MULTI);
		put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
		put_service(services.v[i].attr);
		end(h);
	}
	end_dump(req);
}

static bool same(struct nlattr *a, struct nlattr *b, int type_a, int type_b)
{
	struct nlattr *x = nla_find(nla_data(a), nla_len(a), type_a);
	struct nlattr *y = nla_find(nla_data(b), nla_len(b), type_b);

	return x && y && x->nla_len == y->nla_len &&
	       !memcmp(nla_data(x), nla_data(y), (size_t)nla_len(x));
}

/* The frontend of @svc that the flow meets, or NULL. Node ports it does not know. */
static struct nlattr *frontend_hit(struct nlattr *svc, struct nlattr *flow)
{
	struct nlattr *a;
	int rem;

	if (!same(svc, flow, SVCNAT_SERVICE_A_PROTO, SVCNAT_FLOW_A_PROTO))
		return NULL;
	nla_for_each_nested(a, svc, rem)
		if (nla_type(a) == SVCNAT_SERVICE_A_FRONTEND &&
		    same(a, flow, SVCNAT_FRONTEND_A_ADDR, SVCNAT_FLOW_A_DST) &&
		    same(a, flow, SVCNAT_FRONTEND_A_PORT, SVCNAT_FLOW_A_DPORT))
			return a;
	return NULL;
}

static void put_hit(struct nlattr *svc, struct nlattr *hit)
{
	struct nlattr *n = nest(SVCNAT_DECISION_A_SERVICE);

	for (int type = SVCNAT_SERVICE_A_NAME; type <= SVCNAT_SERVICE_A_PROTO; type++)
		put_copy(nla_find(nla_data(svc), nla_len(svc), type));
	put_copy(hit);
	nest_end(n);
}

/* Always the first backend, never masqueraded, and from the node. */
static void explain(const struct nlmsghdr *req, struct nlattr *flow)
{
	uint8_t verdict = SVCNAT_PASS, reason = SVCNAT_REASON_NO_FRONTEND, masq = SVCNAT_MASQ_NO;
	uint8_t shortcut = SVCNAT_SHORTCUT_FROM_NODE;
	struct nlmsghdr *h = begin_genl(req, FAMILY, SVCNAT_CMD_EXPLAIN, 0);
	struct nlattr *n, *svc, *hit = NULL, *b;

	put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
	n = nest(SVCNAT_A_DECISION);
	for (size_t i = 0; i < services.n && !hit; i++) {
		svc = services.v[i].attr;
		hit = frontend_hit(svc, flow);
	}
	if (hit) {
		put_hit(svc, hit);
		b = nla_find(nla_data(svc), nla_len(svc), SVCNAT_SERVICE_A_BACKEND);
		verdict = b ? SVCNAT_DNAT : SVCNAT_REJECT;
		reason = b ? SVCNAT_REASON_PICKED : SVCNAT_REASON_NO_ENDPOINTS;
		if (b) {
			put(SVCNAT_DECISION_A_BACKEND | NLA_F_NESTED, nla_data(b), (size_t)nla_len(b));
			put_u32(SVCNAT_DECISION_A_CANDIDATES, count(svc, SVCNAT_SERVICE_A_BACKEND));
		}
	}
	put(SVCNAT_DECISION_A_VERDICT, &verdict, 1);
	put(SVCNAT_DECISION_A_REASON, &reason, 1);
	put(SVCNAT_DECISION_A_MASQUERADE, &masq, 1);
	put(SVCNAT_DECISION_A_SHORTCUT, &shortcut, 1);
	nest_end(n);
	end(h);
	send_out(peer, 0);
	acknowledge(req, 0);
}

static void service_event(const struct change *c)
{
	struct nlmsghdr *h = begin_genl(NULL, FAMILY, SVCNAT_CMD_SERVICE_EVENT, 0);
	uint64_t next = generation + 1;

	put(SVCNAT_A_GENERATION, &next, sizeof(next));
	put(SVCNAT_A_EVENT, &c->what, 1);
	put(SVCNAT_A_SERVICE | NLA_F_NESTED, nla_data(c->svc), (size_t)nla_len(c->svc));
	put_u32(SVCNAT_A_BACKENDS_ADDED, c->added);
	put_u32(SVCNAT_A_BACKENDS_REMOVED, c->removed);
	end(h);
	send_out(0, GROUP);
}

static void commit_event(size_t changes)
{
	struct nlmsghdr *h = begin_genl(NULL, FAMILY, SVCNAT_CMD_COMMIT_EVENT, 0);

	put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
	if (has_id)
		put(SVCNAT_A_APPLY_ID, apply_id, sizeof(apply_id));
	put_info();
	put_u32(SVCNAT_A_CHANGES, (uint32_t)changes);
	end(h);
	send_out(0, GROUP);
}

static void services_take(const struct txn *t)
{
	if (t->replace)
		list_clear(&services);
	for (size_t i = 0; !t->replace && i < t->staged.n; i++)
		if (nla_type(t->staged.v[i].attr) == SVCNAT_A_REMOVE ||
		    !continues(t->staged.v[i].attr))
			list_drop(&services, t->staged.v[i].attr);
	for (size_t i = 0; i < t->staged.n; i++)
		if (nla_type(t->staged.v[i].attr) == SVCNAT_A_SERVICE)
			list_add(&services, t->staged.v[i].attr);
}

static void take_over(struct txn *t)
{
	size_t n;
	struct change *v = changes_find(&services, &t->staged, t->replace, &n);

	for (size_t i = 0; n <= SVCNAT_EVENTS_MAX && i < n; i++)
		service_event(&v[i]);
	free(v);
	services_take(t);
	if (t->config) {
		free(config);
		config = attr_copy(t->config);
	}
	generation++;
	commit_event(n);
}

static void txn_end(struct txn *t)
{
	list_clear(&t->staged);
	free(t->config);
	t->config = NULL;
	t->port = 0;
}

static struct txn *txn_of(uint32_t port)
{
	for (size_t i = 0; i < SVCNAT_TXNS_MAX; i++)
		if (txns[i].port == port)
			return &txns[i];
	return NULL;
}

/* A transaction dies with its socket, here with its process. */
static struct txn *txn_free(void)
{
	for (size_t i = 0; i < SVCNAT_TXNS_MAX; i++)
		if (txns[i].port && kill((pid_t)(txns[i].port & PID_MASK), 0) && errno == ESRCH)
			txn_end(&txns[i]);
	return txn_of(0);
}

static void txn_begin(const struct nlmsghdr *req, struct nlattr *base, struct nlattr *flags)
{
	struct txn *t = txn_of(peer) ? NULL : txn_free();

	if (t) {
		t->port = peer;
		t->base = nla_get_u64(base);
		t->replace = flags && (nla_get_u32(flags) & SVCNAT_TXN_F_REPLACE);
		t->spoiled = false;
	}
	acknowledge(req, t ? 0 : txn_of(peer) ? EBUSY : EMFILE);
}

static int commit_error(const struct txn *t)
{
	if (!t)
		return ENOENT;
	if (t->spoiled)
		return ECANCELED;
	if (refuse)
		return ENOMEM;
	if ((stale > 0 && stale--) || ++n_commits == stale_at)
		generation++;
	return t->base == generation ? 0 : ERESTART;
}

static void txn_commit(const struct nlmsghdr *req, struct nlattr *id)
{
	struct txn *t = txn_of(peer);
	int err = commit_error(t);
	struct nlmsghdr *h;

	if (delay)
		usleep((useconds_t)delay * 1000);
	if (!err) {
		has_id = id;
		if (id)
			memcpy(apply_id, nla_data(id), sizeof(apply_id));
		take_over(t);
		h = begin_genl(req, FAMILY, SVCNAT_CMD_COMMIT, 0);
		put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
		end(h);
		send_out(peer, 0);
	}
	if (t)
		txn_end(t);
	acknowledge(req, err);
}

static void txn_put(const struct nlmsghdr *req, struct nlattr *attrs, int len)
{
	struct txn *t = txn_of(peer);
	struct nlattr *a;
	int rem;

	if (!t) {
		acknowledge(req, ENOENT);
		return;
	}
	if (t->spoiled)
		return;
	if (++n_puts == fail_at) {
		t->spoiled = true;
		answer_error(req, EINVAL, "this one was to fail", attrs);
		return;
	}
	nla_for_each_attr(a, attrs, len, rem) {
		if (nla_type(a) == SVCNAT_A_CONFIG) {
			free(t->config);
			t->config = attr_copy(a);
		} else {
			list_add(&t->staged, a);
		}
	}
	acknowledge(req, 0);
}

static void meddle(void)
{
	list_clear(&services);
	free(config);
	config = NULL;
	has_id = false;
	generation++;
}

static void answer(const struct nlmsghdr *req)
{
	const struct genlmsghdr *g = (const struct genlmsghdr *)(req + 1);
	struct nlattr *attrs = (struct nlattr *)((char *)(g + 1));
	int len = (int)(req->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);

	if (req->nlmsg_type == GENL_ID_CTRL) {
		family_get(req);
		return;
	}
	if (++n_messages == kill_at)
		kill((pid_t)(peer & PID_MASK), SIGKILL);
	if (n_messages == meddle_at)
		meddle();
	if (deny) {
		acknowledge(req, EPERM);
		return;
	}
	switch (g->cmd) {
	case SVCNAT_CMD_INFO_GET:
		info_get(req);
		break;
	case SVCNAT_CMD_SERVICE_GET:
		service_dump(req, nla_find(attrs, len, SVCNAT_A_NAME));
		break;
	case SVCNAT_CMD_EXPLAIN:
		explain(req, nla_find(attrs, len, SVCNAT_A_FLOW));
		break;
	case SVCNAT_CMD_FLOW_GET:
		flows_dump(req, &services);
		break;
	case SVCNAT_CMD_BEGIN:
		txn_begin(req, nla_find(attrs, len, SVCNAT_A_GENERATION),
			  nla_find(attrs, len, SVCNAT_A_TXN_FLAGS));
		break;
	case SVCNAT_CMD_PUT:
		txn_put(req, attrs, len);
		break;
	case SVCNAT_CMD_COMMIT:
		txn_commit(req, nla_find(attrs, len, SVCNAT_A_APPLY_ID));
		break;
	default:
		acknowledge(req, EOPNOTSUPP);
	}
}

static void receive(char *buf)
{
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(socket_fd(), buf, BUFFER, 0, (struct sockaddr *)&from, &from_len);
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	peer = from.nl_pid;
	for (unsigned int left = len > 0 ? (unsigned int)len : 0; NLMSG_OK(h, left);
	     h = NLMSG_NEXT(h, left))
		answer(h);
}

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "refuse", no_argument, NULL, 'r' },
		{ "deny", no_argument, NULL, 'D' }, { "fail-at", required_argument, NULL, 'f' },
		{ "stale", required_argument, NULL, 's' },
		{ "stale-at", required_argument, NULL, 'S' }, { "kill-at", required_argument, NULL, 'k' },
		{ "meddle-at", required_argument, NULL, 'm' },
		{ "delay", required_argument, NULL, 'd' }, { "linger", no_argument, NULL, 'l' },
		{ 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == '?')
			exit(2);
		if (opt == 'r')
			refuse = true;
		else if (opt == 'D')
			deny = true;
		else if (opt == 'l')
			linger = true;
		else
			*(opt == 'f' ? &fail_at : opt == 's' ? &stale : opt == 'S' ? &stale_at :
			  opt == 'k' ? &kill_at : opt == 'm' ? &meddle_at : &delay) = atol(optarg);
	}
}

int main(int argc, char **argv)
{
	char *buf = malloc(BUFFER);
	uint32_t port;

	parse_options(argc, argv);
	port = open_socket();
	if (!port) {
		perror("standin");
		return 1;
	}
	printf("%u\n", port);
	fflush(stdout);
	for (;;) {
		struct pollfd fds[] = { { .fd = socket_fd(), .events = POLLIN }, { .events = POLLIN } };

		if (poll(fds, 2, -1) < 0)
			return 1;
		if (fds[0].revents)
			receive(buf);
		else if (fds[1].revents && read(STDIN_FILENO, buf, 1) <= 0)
			return 0;
	}
}
