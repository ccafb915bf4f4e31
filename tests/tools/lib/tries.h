/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tries: short TCP connections (an HTTP GET), UDP questions or SCTP associations
 * of one question to a Pod (tests/tools/pod.c), many at once, from one thread and any network namespace.
 *
 * A job is a destination asked several times; the tally says who answered, which
 * source address each answerer saw, and what went wrong how often. A process
 * start costs more than fifty tries in User-Mode Linux, so a test gives one
 * process as many jobs as it can.
 */
#ifndef TRIES_H
#define TRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define TRIES_NAME_MAX 64
#define TRIES_ADDR_MAX 46

enum outcome {
	ANSWERED,
	RST,			/* refused by a TCP reset; SCTP: refused */
	ICMP_PORT,		/* refused by ICMP or ICMPv6 port unreachable */
	UNREACHABLE,		/* any other ICMP error */
	TOO_BIG,		/* the path's MTU is smaller than the question */
	DENIED,			/* the sender's own kernel refused to send */
	TIMEOUT,		/* nothing came back in time */
	BROKEN,			/* connected, then reset or cut short */
	OUTCOMES
};

struct answer {			/* of one Pod to one source address */
	char name[TRIES_NAME_MAX];
	char source[TRIES_ADDR_MAX];
	unsigned int count;
};

struct tally {
	struct answer *v;	/* sorted by name, source when the job is done */
	size_t n;
	unsigned int outcomes[OUTCOMES];
	unsigned int mtu;	/* with TOO_BIG: the last one heard of */
	const char **order;	/* names in the order of the answers, if asked for */
	size_t n_order;
};

enum more { ENOUGH, LATER, ANOTHER };

struct job {
	const char *netns;	/* name below /run/netns, NULL: this one */
	int proto;		/* IPPROTO_TCP, IPPROTO_UDP or IPPROTO_SCTP */
	struct sockaddr_storage to;
	unsigned int payload;	/* UDP: bytes of the question, fragmenting forbidden */
	unsigned int parallel;	/* tries under way at once, at least 1 */
	double timeout;		/* seconds a try waits */
	enum more (*more)(const struct job *job);	/* asked before each new try */
	void *arg;		/* of more() */
	bool keep_order;
	struct tally tally;
	unsigned int started, running;	/* so far, now */
};

/* Fills @job->to; false if @addr is not an address. */
bool job_to(struct job *job, const char *addr, uint16_t port);
/* A socket for @job, in its namespace; exits with a sentence. */
int job_socket(const struct job *job, int flags);
/* Opens the namespace called @name (NULL: the present one); exits with a sentence. */
void netns_enter(const char *name);
/* Runs all to their end, up to @limit tries under way in all. */
void jobs_run(struct job *v, size_t n, unsigned int limit);
void job_free(struct job *job);

const char *outcome_name(enum outcome o);
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));
double now(void);		/* monotonic seconds */

#endif
