// SPDX-License-Identifier: GPL-2.0
// LIBS: nl-3
/*
 * A stand-in for the kernel's side of kmod/uapi/svcnat.h, where no module can be
 * loaded: a process on NETLINK_USERSOCK that svcctl is sent to by
 * SVCCTL_NETLINK=PORT. It acknowledges, keeps and gives back; it checks nothing
 * but generations.
 *
 *	standin [--refuse]	prints its port, answers until standard input ends
 *
 * --refuse: every COMMIT is refused, as a kernel short of memory would.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "svcnat.h"

#define FAMILY 0x20
#define BUFFER (1 << 20)

/* Attributes as they came: services, or what is staged. */
struct list {
	struct nlattr **v;
	size_t n, cap;
};

static int sock;
static uint32_t peer;
static char *out;
static size_t out_len;
static struct list services, staged;
static bool replace_all, refuse;
static uint64_t generation, base;
static uint8_t apply_id[SVCNAT_APPLY_ID_LEN];
static bool has_id;
static struct nlattr *config, *staged_config;

static struct nlattr *copy(const struct nlattr *a)
{
	return memcpy(malloc(NLA_ALIGN(a->nla_len)), a, a->nla_len);
}

static void list_add(struct list *l, const struct nlattr *a)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = copy(a);
}

static void list_clear(struct list *l)
{
	while (l->n)
		free(l->v[--l->n]);
}

static void send_out(void)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = peer };

	if (out_len)
		sendto(sock, out, out_len, 0, (struct sockaddr *)&to, sizeof(to));
	out_len = 0;
}

static struct nlmsghdr *begin(const struct nlmsghdr *req, int type, int flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(out + out_len);

	*h = (struct nlmsghdr) { .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)flags,
				 .nlmsg_seq = req->nlmsg_seq, .nlmsg_pid = peer };
	out_len += NLMSG_HDRLEN;
	return h;
}

static void put(int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(out + out_len);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy((char *)a + NLA_HDRLEN, data, len);
	out_len += NLA_HDRLEN + NLA_ALIGN(len);
}

static void end(struct nlmsghdr *h)
{
	h->nlmsg_len = (uint32_t)(out + out_len - (char *)h);
	out_len = (size_t)((char *)h - out) + NLMSG_ALIGN(h->nlmsg_len);
}

static struct nlmsghdr *begin_genl(const struct nlmsghdr *req, int type, int cmd, int flags)
{
	struct nlmsghdr *h = begin(req, type, flags);
	struct genlmsghdr *g = (struct genlmsghdr *)(h + 1);

	*g = (struct genlmsghdr) { .cmd = (uint8_t)cmd, .version = 1 };
	out_len += GENL_HDRLEN;
	return h;
}

static void acknowledge(const struct nlmsghdr *req, int err)
{
	struct nlmsghdr *h;
	struct nlmsgerr e = { .error = -err, .msg = *req };

	if (!err && !(req->nlmsg_flags & NLM_F_ACK))
		return;
	h = begin(req, NLMSG_ERROR, NLM_F_CAPPED);
	memcpy(out + out_len, &e, sizeof(e));
	out_len += NLMSG_ALIGN(sizeof(e));
	end(h);
	send_out();
}

static void family_get(const struct nlmsghdr *req)
{
	struct nlmsghdr *h = begin_genl(req, GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, 0);
	uint16_t id = FAMILY;
	uint32_t version = 1;

	put(CTRL_ATTR_FAMILY_ID, &id, sizeof(id));
	put(CTRL_ATTR_FAMILY_NAME, SVCNAT_GENL_NAME, sizeof(SVCNAT_GENL_NAME));
	put(CTRL_ATTR_VERSION, &version, sizeof(version));
	end(h);
	send_out();
	acknowledge(req, 0);
}

static void info_get(const struct nlmsghdr *req)
{
	struct nlmsghdr *h = begin_genl(req, FAMILY, SVCNAT_CMD_INFO_GET, 0);
	struct nlattr *nest;
	uint32_t n = (uint32_t)services.n;

	put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
	if (has_id)
		put(SVCNAT_A_APPLY_ID, apply_id, sizeof(apply_id));
	nest = (struct nlattr *)(out + out_len);
	put(SVCNAT_A_INFO | NLA_F_NESTED, NULL, 0);
	put(SVCNAT_INFO_A_SERVICES, &n, sizeof(n));
	put(SVCNAT_INFO_A_MODULE_VERSION, "stand-in", sizeof("stand-in"));
	nest->nla_len = (uint16_t)(out + out_len - (char *)nest);
	if (config) {
		memcpy(out + out_len, config, config->nla_len);
		out_len += NLA_ALIGN(config->nla_len);
	}
	end(h);
	send_out();
	acknowledge(req, 0);
}

static void service_dump(const struct nlmsghdr *req)
{
	struct nlmsghdr *h;
	int zero = 0;

	for (size_t i = 0; i < services.n; i++) {
		if (out_len > BUFFER / 2)
			send_out();
		h = begin_genl(req, FAMILY, SVCNAT_CMD_SERVICE_GET, NLM_F_MULTI);
		put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
		memcpy(out + out_len, services.v[i], services.v[i]->nla_len);
		out_len += NLA_ALIGN(services.v[i]->nla_len);
		end(h);
	}
	h = begin(req, NLMSG_DONE, NLM_F_MULTI);
	memcpy(out + out_len, &zero, sizeof(zero));
	out_len += sizeof(zero);
	end(h);
	send_out();
}

static bool same_identity(struct nlattr *a, struct nlattr *b)
{
	for (int type = SVCNAT_SERVICE_A_NAME; type <= SVCNAT_SERVICE_A_PROTO; type++) {
		struct nlattr *x = nla_find(nla_data(a), nla_len(a), type);
		struct nlattr *y = nla_find(nla_data(b), nla_len(b), type);

		if (!x || !y || x->nla_len != y->nla_len ||
		    memcmp(nla_data(x), nla_data(y), (size_t)nla_len(x)) != 0)
			return false;
	}
	return true;
}

static void services_drop(struct nlattr *which)
{
	size_t kept = 0;

	for (size_t i = 0; i < services.n; i++) {
		if (same_identity(services.v[i], which))
			free(services.v[i]);
		else
			services.v[kept++] = services.v[i];
	}
	services.n = kept;
}

static void take_over(void)
{
	if (replace_all)
		list_clear(&services);
	for (size_t i = 0; !replace_all && i < staged.n; i++)
		services_drop(staged.v[i]);
	for (size_t i = 0; i < staged.n; i++)
		if (nla_type(staged.v[i]) == SVCNAT_A_SERVICE)
			list_add(&services, staged.v[i]);
	list_clear(&staged);
	if (staged_config) {
		free(config);
		config = staged_config;
		staged_config = NULL;
	}
	generation++;
}

static void commit(const struct nlmsghdr *req, struct nlattr *id)
{
	struct nlmsghdr *h;

	if (refuse || base != generation) {
		list_clear(&staged);
		acknowledge(req, refuse ? ENOMEM : ERESTART);
		return;
	}
	take_over();
	has_id = id;
	if (id)
		memcpy(apply_id, nla_data(id), sizeof(apply_id));
	h = begin_genl(req, FAMILY, SVCNAT_CMD_COMMIT, 0);
	put(SVCNAT_A_GENERATION, &generation, sizeof(generation));
	end(h);
	send_out();
	acknowledge(req, 0);
}

static void stage(struct nlattr *attrs, int len)
{
	struct nlattr *a;
	int rem;

	nla_for_each_attr(a, attrs, len, rem) {
		if (nla_type(a) == SVCNAT_A_CONFIG)
			staged_config = copy(a);
		else
			list_add(&staged, a);
	}
}

static void answer(const struct nlmsghdr *req)
{
	const struct genlmsghdr *g = (const struct genlmsghdr *)(req + 1);
	struct nlattr *attrs = (struct nlattr *)((char *)(g + 1));
	int len = (int)(req->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	struct nlattr *flags;

	if (req->nlmsg_type == GENL_ID_CTRL) {
		family_get(req);
		return;
	}
	switch (g->cmd) {
	case SVCNAT_CMD_INFO_GET:
		info_get(req);
		break;
	case SVCNAT_CMD_SERVICE_GET:
		service_dump(req);
		break;
	case SVCNAT_CMD_BEGIN:
		list_clear(&staged);
		flags = nla_find(attrs, len, SVCNAT_A_TXN_FLAGS);
		replace_all = flags && (nla_get_u32(flags) & SVCNAT_TXN_F_REPLACE);
		base = nla_get_u64(nla_find(attrs, len, SVCNAT_A_GENERATION));
		acknowledge(req, 0);
		break;
	case SVCNAT_CMD_PUT:
		stage(attrs, len);
		acknowledge(req, 0);
		break;
	case SVCNAT_CMD_COMMIT:
		commit(req, nla_find(attrs, len, SVCNAT_A_APPLY_ID));
		break;
	default:
		acknowledge(req, EOPNOTSUPP);
	}
}

static void receive(char *buf)
{
	struct sockaddr_nl from;
	socklen_t from_len = sizeof(from);
	ssize_t len = recvfrom(sock, buf, BUFFER, 0, (struct sockaddr *)&from, &from_len);
	struct nlmsghdr *h = (struct nlmsghdr *)buf;

	peer = from.nl_pid;
	for (unsigned int left = len > 0 ? (unsigned int)len : 0; NLMSG_OK(h, left);
	     h = NLMSG_NEXT(h, left))
		answer(h);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	int size = 8 << 20;
	char *buf = malloc(BUFFER);

	refuse = argc > 1 && !strcmp(argv[1], "--refuse");
	out = malloc(2 * BUFFER);
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	if (!buf || !out || sock < 0 || bind(sock, (struct sockaddr *)&self, len) < 0 ||
	    getsockname(sock, (struct sockaddr *)&self, &len) < 0) {
		perror("standin");
		return 1;
	}
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	printf("%u\n", self.nl_pid);
	fflush(stdout);
	for (;;) {
		struct pollfd fds[] = { { .fd = sock, .events = POLLIN }, { .events = POLLIN } };

		if (poll(fds, 2, -1) < 0)
			return 1;
		if (fds[0].revents)
			receive(buf);
		else if (fds[1].revents && read(STDIN_FILENO, buf, 1) <= 0)
			return 0;
	}
}
