// SPDX-License-Identifier: GPL-2.0
/* Building and sending messages; see wire.h. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "wire.h"

static int sock;
static char *out;
static size_t out_len;
uint32_t peer;

void send_out(uint32_t port, uint32_t group)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = group };

	if (out_len)
		sendto(sock, out, out_len, 0, (struct sockaddr *)&to, sizeof(to));
	out_len = 0;
}

struct nlmsghdr *begin(const struct nlmsghdr *req, int type, int flags)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(out + out_len);

	*h = (struct nlmsghdr) { .nlmsg_type = (uint16_t)type, .nlmsg_flags = (uint16_t)flags };
	if (req) {
		h->nlmsg_seq = req->nlmsg_seq;
		h->nlmsg_pid = peer;
	}
	out_len += NLMSG_HDRLEN;
	return h;
}

void put_raw(const void *data, size_t len)
{
	memcpy(out + out_len, data, len);
	out_len += len;
}

struct nlattr *put(int type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(out + out_len);

	a->nla_type = (uint16_t)type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((char *)a + NLA_HDRLEN, data, len);
	out_len += NLA_HDRLEN + NLA_ALIGN(len);
	return a;
}

void put_u32(int type, uint32_t v)
{
	put(type, &v, sizeof(v));
}

struct nlattr *nest(int type)
{
	return put(type | NLA_F_NESTED, NULL, 0);
}

void nest_end(struct nlattr *a)
{
	a->nla_len = (uint16_t)(out + out_len - (char *)a);
}

void put_copy(const struct nlattr *a)
{
	put_raw(a, a->nla_len);
	out_len += NLA_ALIGN(a->nla_len) - a->nla_len;
}

void end(struct nlmsghdr *h)
{
	h->nlmsg_len = (uint32_t)(out + out_len - (char *)h);
	out_len = (size_t)((char *)h - out) + NLMSG_ALIGN(h->nlmsg_len);
}

struct nlmsghdr *begin_genl(const struct nlmsghdr *req, int type, int cmd, int flags)
{
	struct nlmsghdr *h = begin(req, type, flags);
	struct genlmsghdr *g = (struct genlmsghdr *)(h + 1);

	*g = (struct genlmsghdr) { .cmd = (uint8_t)cmd, .version = 1 };
	out_len += GENL_HDRLEN;
	return h;
}

/* @text may be NULL; @at: the attribute that is to blame, or NULL. */
void answer_error(const struct nlmsghdr *req, int err, const char *text,
			 const struct nlattr *at)
{
	struct nlmsgerr e = { .error = -err, .msg = *req };
	struct nlmsghdr *h;

	if (!err && !(req->nlmsg_flags & NLM_F_ACK))
		return;
	h = begin(req, NLMSG_ERROR, NLM_F_CAPPED | (text ? NLM_F_ACK_TLVS : 0));
	put_raw(&e, NLMSG_ALIGN(sizeof(e)));
	if (text)
		put(NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	if (at)
		put_u32(NLMSGERR_ATTR_OFFS, (uint32_t)((const char *)at - (const char *)req));
	end(h);
	send_out(peer, 0);
}

void acknowledge(const struct nlmsghdr *req, int err)
{
	answer_error(req, err, NULL, NULL);
}

void end_dump(const struct nlmsghdr *req)
{
	struct nlmsghdr *h = begin(req, NLMSG_DONE, NLM_F_MULTI);
	int zero = 0;

	put_raw(&zero, sizeof(zero));
	end(h);
	send_out(peer, 0);
}

size_t pending_len(void)
{
	return out_len;
}

uint32_t open_socket(void)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(self);
	int size = 8 << 20;

	out = malloc(2 * BUFFER);
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK);
	if (!out || sock < 0 || bind(sock, (struct sockaddr *)&self, len) < 0 ||
	    getsockname(sock, (struct sockaddr *)&self, &len) < 0)
		return 0;
	if (setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return self.nl_pid;
}

int socket_fd(void)
{
	return sock;
}
