// SPDX-License-Identifier: GPL-2.0
// LIBS: microhttpd
/*
 * pod - what runs in a Pod: HTTP over TCP and an answer to UDP and SCTP questions,
 * both families, on the given ports. Every answer is one line: the Pod's name, the
 * client's address and its port as the server saw them.
 *
 *   pod [-r FILE] POD [and POD]...
 *                                POD: -N NETNS -n NAME [-t PORT] [-u PORT] [-s PORT] ...
 *
 * A process a Pod, started by one, so that a cluster costs one program start.
 * Prints a line "PID NAME" for each and makes FILE when all of them listen;
 * SIGTERM to the first process ends them all, as does its own end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <microhttpd.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/tries.h"

#define PORTS_MAX 16

struct pod {
	const char *netns;
	const char *name;
	unsigned int tcp[PORTS_MAX], udp[PORTS_MAX], sctp[PORTS_MAX];
	size_t n_tcp, n_udp, n_sctp;
};

/* What is polled: UDP sockets, then those that listen for SCTP, then associations. */
struct polled {
	struct pollfd *v;
	size_t n, n_udp, n_listen;
};

/* "NAME ADDRESS PORT\n"; an IPv4 client of the dual-stack socket is written as one. */
static size_t line(const struct pod *pod, const struct sockaddr *sa, char *buf, size_t size)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_in *four = (const struct sockaddr_in *)sa;
	char addr[INET6_ADDRSTRLEN] = "?";
	in_port_t port = sa->sa_family == AF_INET ? four->sin_port : six->sin6_port;

	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &four->sin_addr, addr, sizeof(addr));
	else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
		inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], addr, sizeof(addr));
	else
		inet_ntop(AF_INET6, &six->sin6_addr, addr, sizeof(addr));
	return snprintf(buf, size, "%s %s %u\n", pod->name, addr, ntohs(port));
}

static enum MHD_Result http_answer(void *arg, struct MHD_Connection *conn, const char *url,
				   const char *method, const char *version, const char *data,
				   size_t *data_size, void **state)
{
	const union MHD_ConnectionInfo *info;
	struct MHD_Response *response;
	enum MHD_Result ret;
	char buf[160];
	size_t len;

	(void)url, (void)method, (void)version, (void)data, (void)data_size;
	/* An answer before the request was read to its end closes the connection. */
	if (!*state) {
		*state = conn;
		return MHD_YES;
	}
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	len = line(arg, info->client_addr, buf, sizeof(buf));
	response = MHD_create_response_from_buffer(len, buf, MHD_RESPMEM_MUST_COPY);
	if (!response)
		return MHD_NO;
	ret = MHD_queue_response(conn, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return ret;
}

static void http_listen(struct pod *pod, unsigned int port)
{
	if (!MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_DUAL_STACK,
			      port, NULL, NULL, http_answer, pod,
			      MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024u, MHD_OPTION_END))
		die("pod: %s: cannot listen on TCP port %u: %s", pod->name, port, strerror(errno));
}

static int udp_listen(const struct pod *pod, unsigned int port)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, off = 0;
	int bytes = 1 << 20;

	/* All tries of a probe at once, should they come before this process has a turn. */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	if (fd < 0 || setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &off, sizeof(off)) ||
	    setsockopt(fd, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&sa, sizeof(sa)))
		die("pod: %s: cannot listen on UDP port %u: %s", pod->name, port, strerror(errno));
	return fd;
}

/* Answers from the address that was asked: a node has several. */
static void udp_answer(const struct pod *pod, int fd)
{
	char buf[65536], control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct sockaddr_in6 from;
	struct iovec iov = { buf, sizeof(buf) };
	struct msghdr msg = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov,
			      .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };

	if (recvmsg(fd, &msg, 0) < 0)
		return;
	iov.iov_len = line(pod, (struct sockaddr *)&from, buf, sizeof(buf));
	sendmsg(fd, &msg, 0);
}

static void poll_add(struct polled *p, int fd)
{
	p->v = reallocarray(p->v, p->n + 1, sizeof(*p->v));
	if (!p->v)
		die("out of memory");
	p->v[p->n++] = (struct pollfd){ fd, POLLIN, 0 };
}

/*
 * A socket an address: a listener of all of them would tell its clients of the
 * others, and an association of two addresses does not survive translation.
 */
static void sctp_listen(const struct pod *pod, struct polled *p, unsigned int port)
{
	struct ifaddrs *all, *one;

	if (getifaddrs(&all))
		die("pod: %s: getifaddrs: %s", pod->name, strerror(errno));
	for (one = all; one; one = one->ifa_next) {
		struct sockaddr_in6 *six = (struct sockaddr_in6 *)one->ifa_addr;
		struct sockaddr_in *four = (struct sockaddr_in *)one->ifa_addr;
		bool is_six = six && six->sin6_family == AF_INET6;
		int fd;

		if (!six || (!is_six && six->sin6_family != AF_INET) ||
		    one->ifa_flags & IFF_LOOPBACK ||
		    (is_six ? IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) :
			      (ntohl(four->sin_addr.s_addr) >> 16) == 0xa9fe))
			continue;
		*(is_six ? &six->sin6_port : &four->sin_port) = htons(port);
		fd = socket(six->sin6_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    IPPROTO_SCTP);
		if (fd < 0 || bind(fd, one->ifa_addr, is_six ? sizeof(*six) : sizeof(*four)) ||
		    listen(fd, 1024))
			die("pod: %s: cannot listen on SCTP port %u: %s", pod->name, port,
			    strerror(errno));
		poll_add(p, fd);
		p->n_listen++;
	}
	freeifaddrs(all);
}

static void sctp_accept(struct polled *p, int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0)
		poll_add(p, fd);
}

/* False when the association is over. */
static bool sctp_answer(const struct pod *pod, int fd)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	char buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n <= 0 || getpeername(fd, (struct sockaddr *)&from, &len))
		return false;
	n = line(pod, (struct sockaddr *)&from, buf, sizeof(buf));
	return send(fd, buf, n, MSG_NOSIGNAL) == n;
}

static void answer_all(const struct pod *pod, struct polled *p)
{
	for (size_t i = p->n; i-- > 0; ) {
		int fd = p->v[i].fd;

		if (!p->v[i].revents)
			continue;
		if (i < p->n_udp) {
			udp_answer(pod, fd);
		} else if (i < p->n_udp + p->n_listen) {
			sctp_accept(p, fd);
		} else if (!sctp_answer(pod, fd)) {
			close(fd);
			p->v[i] = p->v[--p->n];
		}
	}
}

static void serve(struct pod *pod, int ready)
{
	struct polled polled = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	netns_enter(pod->netns);
	for (size_t i = 0; i < pod->n_tcp; i++)
		http_listen(pod, pod->tcp[i]);
	for (size_t i = 0; i < pod->n_udp; i++)
		poll_add(&polled, udp_listen(pod, pod->udp[i]));
	polled.n_udp = polled.n;
	for (size_t i = 0; i < pod->n_sctp; i++)
		sctp_listen(pod, &polled, pod->sctp[i]);
	if (write(ready, "", 1) != 1)
		exit(1);
	close(ready);
	for (;;) {
		poll(polled.v, polled.n, -1);
		answer_all(pod, &polled);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: pod [-r FILE] -n NAME [-N NETNS] [-t PORT]... [-u PORT]... [-s PORT]...\n"
		"           [and ...]\n");
	return 2;
}

/* Reads one Pod's options from @argv; false at anything else. */
static bool parse(int argc, char **argv, struct pod *pod, const char **ready_file)
{
	int c;

	memset(pod, 0, sizeof(*pod));
	optind = 0;
	while ((c = getopt(argc, argv, "+N:n:t:u:s:r:")) != -1) {
		if (c == 'N')
			pod->netns = optarg;
		else if (c == 'n')
			pod->name = optarg;
		else if (c == 't' && pod->n_tcp < PORTS_MAX)
			pod->tcp[pod->n_tcp++] = atoi(optarg);
		else if (c == 'u' && pod->n_udp < PORTS_MAX)
			pod->udp[pod->n_udp++] = atoi(optarg);
		else if (c == 's' && pod->n_sctp < PORTS_MAX)
			pod->sctp[pod->n_sctp++] = atoi(optarg);
		else if (c == 'r')
			*ready_file = optarg;
		else
			return false;
	}
	return pod->name && optind == argc;
}

/* Starts a Pod and waits until it listens. */
static void pod_start(struct pod *pod)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe2(ready, O_CLOEXEC))
		die("pod: pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("pod: fork: %s", strerror(errno));
	if (!pid)
		serve(pod, ready[1]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		exit(1);
	close(ready[0]);
	printf("%d %s\n", pid, pod->name);
}

int main(int argc, char **argv)
{
	const char *ready_file = NULL;
	struct pod pod;
	int first = 1;

	if (argc < 2)
		return usage();
	for (int i = 1; i <= argc; i++) {
		if (i < argc && strcmp(argv[i], "and"))
			continue;
		if (!parse(i - first + 1, argv + first - 1, &pod, &ready_file))
			return usage();
		pod_start(&pod);
		first = i + 1;
	}
	fflush(stdout);
	if (ready_file)
		close(open(ready_file, O_CREAT | O_CLOEXEC, 0666));
	while (wait(NULL) > 0)
		;
	return 0;
}
