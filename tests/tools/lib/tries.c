// SPDX-License-Identifier: GPL-2.0
/*
 * One epoll loop over all tries. Each try is a socket made in its job's
 * namespace (a socket stays in the namespace it was made in) and a deadline.
 */
#include "tries.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>
#include "tally.h"

#define MAX_RUNNING 512

struct try {
	struct job *job;	/* NULL: free */
	int fd;
	bool asked;
	double deadline;
	size_t got;
	char text[512];
};

static struct try tries[MAX_RUNNING];
static int epfd;

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

bool job_to(struct job *job, const char *addr, uint16_t port)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&job->to;
	struct sockaddr_in *four = (struct sockaddr_in *)&job->to;

	memset(&job->to, 0, sizeof(job->to));
	if (inet_pton(AF_INET, addr, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return true;
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return inet_pton(AF_INET6, addr, &six->sin6_addr) == 1;
}

void netns_enter(const char *name)
{
	static char present[128];
	char path[160];
	int fd;

	if (!name || !strcmp(name, present))
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die("network namespace %s: %s", name, strerror(errno));
	close(fd);
	snprintf(present, sizeof(present), "%s", name);
}

/* What the kernel heard of this socket's packets, told by its error queue. */
static enum outcome icmp_outcome(struct try *t, int err)
{
	char control[512], data[1];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	const struct sock_extended_err *ee;
	struct cmsghdr *c;

	if (recvmsg(t->fd, &msg, MSG_ERRQUEUE) < 0 || !(c = CMSG_FIRSTHDR(&msg)))
		return err == ECONNREFUSED ? RST : err == EPERM ? DENIED :
		       err == ECONNRESET ? BROKEN : UNREACHABLE;
	ee = (const struct sock_extended_err *)CMSG_DATA(c);
	if (ee->ee_errno == EMSGSIZE) {
		t->job->tally.mtu = ee->ee_info;
		return TOO_BIG;
	}
	if ((ee->ee_origin == SO_EE_ORIGIN_ICMP && ee->ee_type == ICMP_DEST_UNREACH &&
	     ee->ee_code == ICMP_PORT_UNREACH) ||
	    (ee->ee_origin == SO_EE_ORIGIN_ICMP6 && ee->ee_type == ICMPV6_DEST_UNREACH &&
	     ee->ee_code == ICMPV6_PORT_UNREACH))
		return ICMP_PORT;
	return UNREACHABLE;
}

static void finish(struct try *t, enum outcome o)
{
	t->job->tally.outcomes[o]++;
	t->job->running--;
	close(t->fd);
	t->job = NULL;
}

/*
 * The one address routing chooses: an SCTP socket of any address tells its peer of
 * all of them, and an association of two addresses does not survive translation.
 */
static void bind_one(const struct job *job, int fd)
{
	int udp = socket(job->to.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);

	if (job->to.ss_family == AF_INET6)
		setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (udp >= 0 && !connect(udp, (const struct sockaddr *)&job->to, sizeof(job->to)) &&
	    !getsockname(udp, (struct sockaddr *)&from, &len)) {
		((struct sockaddr_in6 *)&from)->sin6_port = 0;
		bind(fd, (struct sockaddr *)&from, len);
	}
	close(udp);
}

int job_socket(const struct job *job, int flags)
{
	int type = job->proto == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, fd;

	netns_enter(job->netns);
	fd = socket(job->to.ss_family, type | flags | SOCK_CLOEXEC, job->proto);
	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (job->proto == IPPROTO_SCTP)
		bind_one(job, fd);
	return fd;
}

static int open_socket(const struct job *job)
{
	bool six = job->to.ss_family == AF_INET6;
	int one = 1, fd = job_socket(job, SOCK_NONBLOCK);

	setsockopt(fd, six ? SOL_IPV6 : SOL_IP, six ? IPV6_RECVERR : IP_RECVERR,
		   &one, sizeof(one));
	if (job->payload) {
		int probe = six ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;

		setsockopt(fd, six ? SOL_IPV6 : SOL_IP,
			   six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &probe, sizeof(probe));
	}
	return fd;
}

static void ask(struct try *t)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n";
	static const char question[65536] = "who?\n";
	size_t len = t->job->payload ? t->job->payload : 5;

	t->asked = true;
	if (t->job->proto == IPPROTO_TCP ? send(t->fd, get, sizeof(get) - 1, MSG_NOSIGNAL) < 0 :
	    send(t->fd, question, len, MSG_NOSIGNAL) < 0)
		finish(t, icmp_outcome(t, errno));
}

static void start(struct job *job)
{
	struct epoll_event ev = { .events = EPOLLOUT };
	struct try *t = tries;

	while (t->job)
		t++;
	memset(t, 0, offsetof(struct try, text));
	t->job = job;
	t->fd = open_socket(job);
	t->deadline = now() + job->timeout;
	job->started++;
	job->running++;
	if (connect(t->fd, (struct sockaddr *)&job->to, sizeof(job->to)) && errno != EINPROGRESS) {
		finish(t, icmp_outcome(t, errno));
		return;
	}
	if (job->proto == IPPROTO_UDP) {
		ask(t);
		ev.events = EPOLLIN;
	}
	ev.data.ptr = t;
	if (t->job && epoll_ctl(epfd, EPOLL_CTL_ADD, t->fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
}

/* The body of an HTTP answer, or a message; NULL if it is not whole. */
static const char *body(struct try *t)
{
	char *p;

	t->text[t->got] = '\0';
	if (t->job->proto != IPPROTO_TCP)
		return t->text;
	p = strstr(t->text, "\r\n\r\n");
	return p && !strncmp(t->text, "HTTP/1.1 200", 12) ? p + 4 : NULL;
}

static void hear(struct try *t)
{
	ssize_t n = recv(t->fd, t->text + t->got, sizeof(t->text) - 1 - t->got, 0);
	const char *p;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n < 0) {
		enum outcome o = icmp_outcome(t, errno);

		finish(t, t->job->proto == IPPROTO_UDP || o != RST ? o : BROKEN);
		return;
	}
	t->got += n;
	if (n && t->job->proto == IPPROTO_TCP)
		return;		/* the Pod closes after its answer */
	p = body(t);
	finish(t, p ? tally_text(&t->job->tally, p, t->job->keep_order) : BROKEN);
}

static void handle(struct try *t)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = t };
	socklen_t len = sizeof(int);
	int err = 0;

	if (t->asked) {
		hear(t);
		return;
	}
	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err) {
		finish(t, icmp_outcome(t, err));
		return;
	}
	ask(t);
	if (t->job)
		epoll_ctl(epfd, EPOLL_CTL_MOD, t->fd, &ev);
}

/* Ends what is overdue; returns the seconds until the next is. */
static double expire(void)
{
	double at = now(), next = 1;

	for (struct try *t = tries; t < tries + MAX_RUNNING; t++) {
		if (t->job && t->deadline <= at)
			finish(t, TIMEOUT);
		else if (t->job && t->deadline - at < next)
			next = t->deadline - at;
	}
	return next;
}

static unsigned int under_way(const struct job *v, size_t n)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i].running;
	return sum;
}

/* Starts what may be started, a try of each job in turn; says what is still to come. */
static enum more launch(struct job *v, size_t n, unsigned int limit)
{
	enum more left = ENOUGH;
	bool started = true;

	while (started) {
		started = false;
		for (size_t i = 0; i < n && under_way(v, n) < limit; i++) {
			enum more more = v[i].running < v[i].parallel ? v[i].more(&v[i]) : ENOUGH;

			if (more == LATER)
				left = LATER;
			if (more != ANOTHER)
				continue;
			start(&v[i]);
			started = true;
		}
	}
	return left;
}

void jobs_run(struct job *v, size_t n, unsigned int limit)
{
	struct epoll_event ev[64];

	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (epfd < 0)
		die("epoll: %s", strerror(errno));
	if (limit > MAX_RUNNING)
		limit = MAX_RUNNING;
	for (;;) {
		bool later = launch(v, n, limit) == LATER;
		double wait;
		int got;

		if (!later && !under_way(v, n))
			break;
		wait = expire();
		if (!later && !under_way(v, n))
			continue;
		got = epoll_wait(epfd, ev, 64, later ? 5 : (int)(wait * 1000) + 1);

		for (int i = 0; i < got; i++) {
			struct try *t = ev[i].data.ptr;

			if (t->job)
				handle(t);
		}
	}
	close(epfd);
	for (size_t i = 0; i < n; i++)
		tally_sort(&v[i].tally);
}

void job_free(struct job *job)
{
	tally_free(&job->tally);
}
