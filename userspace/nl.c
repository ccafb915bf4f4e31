// SPDX-License-Identifier: GPL-2.0
/*
 * Socket, family and errors; see nl.h.
 *
 * libnl has no ears for extended acknowledgements: errors are taken from the
 * raw error message in a callback, with the kernel's own text.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nl_impl.h"

static void take_text(struct knl *nl, const struct nlmsghdr *hdr, const struct nlmsgerr *e)
{
	size_t skip = sizeof(*e), left;
	const struct nlattr *a;

	nl->text[0] = '\0';
	if (!(hdr->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(hdr->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (hdr->nlmsg_len < NLMSG_HDRLEN + NLMSG_ALIGN(skip))
		return;
	a = (const struct nlattr *)((const char *)e + NLMSG_ALIGN(skip));
	left = hdr->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(skip);
	for (; nla_ok(a, (int)left); a = nla_next(a, (int *)&left)) {
		if (nla_type(a) == NLMSGERR_ATTR_MSG)
			snprintf(nl->text, sizeof(nl->text), "%.*s", nla_len(a),
				 (const char *)nla_data(a));
		else if (nla_type(a) == NLMSGERR_ATTR_OFFS && nla_len(a) == sizeof(uint32_t))
			nl->blame_offset = nla_get_u32(a);
	}
}

/* Is it an answer to the exchange at hand? Sequence numbers may wrap. */
static bool is_ours(const struct knl *nl, uint32_t seq)
{
	return seq - nl->first <= nl->seq - nl->first;
}

static int on_error(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	const struct nlmsghdr *hdr = (const struct nlmsghdr *)((char *)e - NLMSG_HDRLEN);
	struct knl *nl = arg;

	(void)who;
	if (!is_ours(nl, e->msg.nlmsg_seq))
		return NL_SKIP;
	nl->done = e->msg.nlmsg_seq == nl->seq;
	/* The first error of a transaction is its cause; more follow it. */
	if (!nl->error) {
		nl->error = -e->error;
		nl->blame_seq = e->msg.nlmsg_seq;
		take_text(nl, hdr, e);
	}
	return NL_SKIP;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct knl *nl = arg;

	nl->done = nl->done || nlmsg_hdr(msg)->nlmsg_seq == nl->seq;
	return nl->done ? NL_STOP : NL_SKIP;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct knl *nl = arg;

	if (nlmsg_datalen(hdr) >= (int)sizeof(int) && *(int *)nlmsg_data(hdr) < 0)
		nl->error = -*(int *)nlmsg_data(hdr);
	nl->done = true;
	return NL_STOP;
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *tb[SVCNAT_A_MAX + 1];
	struct knl *nl = arg;

	if (hdr->nlmsg_flags & NLM_F_DUMP_INTR)
		nl->interrupted = true;
	if (genlmsg_parse(hdr, 0, tb, SVCNAT_A_MAX, NULL) < 0)
		return NL_SKIP;
	nl->handler(nl, genlmsg_hdr(hdr)->cmd, tb);
	return NL_OK;
}

/* Room for a whole burst of PUTs on its way; beyond the limits of an ordinary socket. */
static void size_buffers(struct nl_sock *sock)
{
	int fd = nl_socket_get_fd(sock), size = 4 << 20;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static bool connect_socket(struct knl *nl, struct diag *d)
{
	const char *standin = getenv("SVCCTL_NETLINK");
	int on = 1, fd;
	int err = nl_connect(nl->sock, standin ? NETLINK_USERSOCK : NETLINK_GENERIC);

	if (err < 0) {
		diag_error(d, NULL, NULL, "cannot open a netlink socket: %s", nl_geterror(err));
		return false;
	}
	if (standin)
		nl_socket_set_peer_port(nl->sock, (uint32_t)strtoul(standin, NULL, 10));
	fd = nl_socket_get_fd(nl->sock);
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	size_buffers(nl->sock);
	nl_socket_set_msg_buf_size(nl->sock, 64 << 10);
	return true;
}

static bool find_family(struct knl *nl, struct diag *d)
{
	nl->family = genl_ctrl_resolve(nl->sock, SVCNAT_GENL_NAME);
	if (nl->family >= 0)
		return true;
	if (nl->family == -NLE_OBJ_NOTFOUND)
		diag_error(d, NULL, NULL, "the kernel has no svcnat: load it with \"modprobe svcnat\" "
			   "(\"make dkms-install\" installs it)");
	else
		diag_error(d, NULL, NULL, "cannot ask the kernel for svcnat: %s",
			   nl_geterror(nl->family));
	return false;
}

struct knl *knl_open(struct diag *d)
{
	struct knl *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return NULL;
	nl->sock = nl_socket_alloc();
	nl->cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!nl->sock || !nl->cb || !connect_socket(nl, d) || !find_family(nl, d)) {
		knl_close(nl);
		return NULL;
	}
	nl_socket_disable_auto_ack(nl->sock);
	nl_socket_disable_seq_check(nl->sock);
	nl_cb_err(nl->cb, NL_CB_CUSTOM, on_error, nl);
	nl_cb_set(nl->cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, nl);
	nl_cb_set(nl->cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, nl);
	nl_cb_set(nl->cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, nl);
	return nl;
}

void knl_close(struct knl *nl)
{
	if (!nl)
		return;
	nl_cb_put(nl->cb);
	nl_socket_free(nl->sock);
	free(nl);
}

struct nl_msg *knl_message(struct knl *nl, int cmd, int flags, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + size);

	genlmsg_put(msg, NL_AUTO_PORT, ++nl->seq, nl->family, 0, NLM_F_REQUEST | flags, (uint8_t)cmd,
		    SVCNAT_GENL_VERSION);
	return msg;
}

void knl_begin(struct knl *nl, void (*handler)(struct knl *nl, int cmd, struct nlattr **tb),
	      void *arg)
{
	nl->handler = handler;
	nl->arg = arg;
	nl->done = false;
	nl->interrupted = false;
	nl->first = nl->seq + 1;
	nl->error = 0;
	nl->text[0] = '\0';
	nl->blame_offset = 0;
	nl->blame[0] = '\0';
}

void knl_poll(struct knl *nl)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(nl->sock), .events = POLLIN };

	while (!nl->done && poll(&pfd, 1, 0) > 0)
		if (nl_recvmsgs(nl->sock, nl->cb) < 0)
			return;
}

bool knl_await(struct knl *nl)
{
	while (!nl->done) {
		int err = nl_recvmsgs(nl->sock, nl->cb);

		if (err < 0 && !nl->done) {
			nl->error = err == -NLE_NOMEM ? ENOBUFS : EIO;
			snprintf(nl->text, sizeof(nl->text), "%s", nl_geterror(err));
			return false;
		}
	}
	return !nl->error;
}

bool knl_exchange(struct knl *nl, struct nl_msg *msg,
		 void (*handler)(struct knl *nl, int cmd, struct nlattr **tb), void *arg)
{
	int err;

	knl_begin(nl, handler, arg);
	nl->first = nl->seq;	/* knl_message() gave it its number */
	err = nl_send_auto(nl->sock, msg);
	nlmsg_free(msg);
	if (err < 0) {
		nl->error = EIO;
		snprintf(nl->text, sizeof(nl->text), "%s", nl_geterror(err));
		return false;
	}
	return knl_await(nl);
}

void knl_complain(struct knl *nl, struct diag *d, const char *what)
{
	const char *why = nl->text[0] ? nl->text : strerror(nl->error);

	if (nl->error == EPERM)
		diag_error(d, NULL, NULL, "%s: not permitted: run svcctl as root (it needs CAP_NET_ADMIN)",
			   what);
	else if (nl->error == ENOMEM)
		diag_error(d, NULL, NULL, "%s: the kernel is out of memory, nothing was changed", what);
	else
		diag_error(d, NULL, NULL, "%s: the kernel refused%s%s: %s%s%s%s", what,
			   nl->blame[0] ? " " : "", nl->blame, why, nl->text[0] ? " (" : "",
			   nl->text[0] ? strerror(nl->error) : "", nl->text[0] ? ")" : "");
}

void knl_put_ip(struct nl_msg *msg, int attr, const struct ip *ip)
{
	nla_put(msg, attr, (int)ip_len(ip), ip->b);
}

void knl_put_port(struct nl_msg *msg, int attr, uint16_t port)
{
	nla_put_u16(msg, attr, htons(port));
}

struct ip knl_get_ip(const struct nlattr *a)
{
	struct ip ip = { .family = AF_INET6 };
	int len = nla_len(a);

	if (len == 4)
		ip.family = AF_INET;
	memcpy(ip.b, nla_data(a), len > 16 ? 16 : (size_t)len);
	return ip;
}

uint16_t knl_get_port(const struct nlattr *a)
{
	return ntohs(nla_get_u16(a));
}
