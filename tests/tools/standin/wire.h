/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The stand-in's socket, and the one buffer its answers are built in: messages
 * pile up in it until send_out().
 */
#ifndef STANDIN_WIRE_H
#define STANDIN_WIRE_H

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

#define BUFFER (1 << 20)

extern uint32_t peer;		/* the port that is being answered */

/* The port, 0 and errno if there is none. */
uint32_t open_socket(void);
int socket_fd(void);

void send_out(uint32_t port, uint32_t group);
size_t pending_len(void);	/* of what was not sent yet */

/* @req: what is answered, NULL with an event. */
struct nlmsghdr *begin(const struct nlmsghdr *req, int type, int flags);
struct nlmsghdr *begin_genl(const struct nlmsghdr *req, int type, int cmd, int flags);
void end(struct nlmsghdr *h);

void put_raw(const void *data, size_t len);
struct nlattr *put(int type, const void *data, size_t len);
void put_u32(int type, uint32_t v);
void put_copy(const struct nlattr *a);
struct nlattr *nest(int type);
void nest_end(struct nlattr *a);

/* @text may be NULL; @at: the attribute that is to blame, or NULL. */
void answer_error(const struct nlmsghdr *req, int err, const char *text, const struct nlattr *at);
/* The message after the last of a dump. */
void end_dump(const struct nlmsghdr *req);
void acknowledge(const struct nlmsghdr *req, int err);

#endif
