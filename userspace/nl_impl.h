/* SPDX-License-Identifier: GPL-2.0 */
/* What the netlink files share among themselves. */
#ifndef SVCCTL_NL_IMPL_H
#define SVCCTL_NL_IMPL_H

#include <linux/genetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "nl.h"

struct knl {
	struct nl_sock *sock;
	struct nl_cb *cb;
	int family;
	uint32_t seq;

	/* The exchange at hand. */
	void (*handler)(struct knl *nl, int cmd, struct nlattr **tb);
	void *arg;
	bool done;
	bool interrupted;	/* a commit fell into the dump */
	uint32_t first;		/* its first message: answers to older ones come late */
	int error;		/* errno of the first refusal, 0 if none */
	char text[256];		/* the kernel's words for it */
	uint32_t blame_seq;	/* which message it is about, and where in it */
	uint32_t blame_offset;	/* 0: the kernel did not say */
	char blame[320];	/* what stands there, in our words */
};

/* A message of ours with its headers, room for @size bytes of attributes. */
struct nl_msg *knl_message(struct knl *nl, int cmd, int flags, size_t size);
/* Sends @msg, frees it, calls @handler for each reply until acknowledged; false on any error. */
bool knl_exchange(struct knl *nl, struct nl_msg *msg,
		 void (*handler)(struct knl *nl, int cmd, struct nlattr **tb), void *arg);
/* Receives until the acknowledgement of what was sent. */
bool knl_await(struct knl *nl);
void knl_begin(struct knl *nl, void (*handler)(struct knl *nl, int cmd, struct nlattr **tb),
	      void *arg);
/* Takes what has already come, without waiting. */
void knl_poll(struct knl *nl);
/* Names in nl->blame what was refused, if it is among the messages in @buf. */
void knl_blame(struct knl *nl, const char *buf, size_t len);
/* The sentence for nl->error, with the remedy; @what was being done. */
void knl_complain(struct knl *nl, struct diag *d, const char *what);

void knl_put_ip(struct nl_msg *msg, int attr, const struct ip *ip);
void knl_put_port(struct nl_msg *msg, int attr, uint16_t port);
struct ip knl_get_ip(const struct nlattr *a);
uint16_t knl_get_port(const struct nlattr *a);

uint64_t knl_get_u64(const struct nlattr *a);

/* nl_attr.c: attributes of SVCNAT_A_SERVICE into @svc, backends appended; others. */
void knl_get_service(struct arena *a, const struct nlattr *nest, struct dp_service *svc);
struct dp_backend knl_get_backend(const struct nlattr *nest);
void knl_get_info(const struct nlattr *nest, struct dp_info *info);
void knl_get_config(struct arena *a, const struct nlattr *nest, struct dp_config *c);

#endif
