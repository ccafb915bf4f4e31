// SPDX-License-Identifier: GPL-2.0
/*
 * bench_tcp - what TCP to a Service costs, measured where a Pod sees it:
 *
 *   bench_tcp http|bulk CLIENT SERVER ADDRESS PORT LISTEN BYTES
 *
 * CLIENT and SERVER are network namespaces (ip netns NAME). The client connects
 * to ADDRESS and PORT, the server accepts at port LISTEN of all its addresses.
 *
 *   http   a connection a request: connect, GET, an answer of BYTES, close.
 *          Timed from connect() to the client's close(); the server closes first
 *   bulk   one connection, and BYTES after BYTES over it. Timed from the first byte
 *          handed to the sender's socket to the last one the receiver takes
 *
 * Standard input says how many, a number a line; as many lines of nanoseconds answer
 * it. So the caller can let several of these take turns. Anything that is not as it
 * should be, one byte in an answer, ends the process.
 *
 * One thread is both ends, so no scheduler is between them: what is measured are the
 * system calls and what packets do within them.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BYTES_MAX	1048576
#define TURN_MAX	100000

struct talk {
	struct sockaddr_in to;
	int listener;
	size_t bytes;
	int sender, receiver;		/* of bulk */
	size_t answer_len;
};

/* What is sent, and what of it came. */
static char out[BYTES_MAX + 200], in[sizeof(out) + 1];

static const char question[] =
	"GET / HTTP/1.1\r\nHost: web.default.svc.cluster.local\r\nUser-Agent: bench_tcp\r\n"
	"Accept: */*\r\nConnection: close\r\n\r\n";

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("bench_tcp: ", stderr);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int netns_open(const char *name)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void netns_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		die("setns: %s", strerror(errno));
}

static int tcp_socket(void)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("socket: %s", strerror(errno));
	return fd;
}

static void listen_at(struct talk *t, const char *netns, unsigned int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = netns_open(netns);

	netns_enter(fd);
	close(fd);
	t->listener = tcp_socket();
	if (bind(t->listener, (struct sockaddr *)&at, sizeof(at)) || listen(t->listener, 128))
		die("listen at port %u: %s", port, strerror(errno));
}

/* The address is nobody's: who answers there was translated. */
static void connect_to(const struct talk *t, int fd)
{
	if (connect(fd, (const struct sockaddr *)&t->to, sizeof(t->to)))
		die("connect: %s", strerror(errno));
}

static int accept_one(const struct talk *t)
{
	int fd = accept4(t->listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		die("accept: %s", strerror(errno));
	return fd;
}

static void put(int fd, const char *data, size_t len)
{
	ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

	if (n != (ssize_t)len)
		die("sent %zd bytes of %zu: %s", n, len, strerror(errno));
}

static size_t get(int fd, char *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size, 0);

	if (n < 0)
		die("recv: %s", strerror(errno));
	return n;
}

/* Reads what a request ends with and answers. */
static void serve(const struct talk *t)
{
	char buf[sizeof(question)];
	int fd = accept_one(t);
	size_t n = 0, more;

	while (n < 4 || memcmp(buf + n - 4, "\r\n\r\n", 4)) {
		more = get(fd, buf + n, sizeof(buf) - n);
		if (!more)
			die("a request ended after %zu bytes", n);
		n += more;
	}
	if (strncmp(buf, "GET / ", 6))
		die("somebody else's request came");
	put(fd, out, t->answer_len);
	close(fd);
}

static void read_answer(const struct talk *t, int fd)
{
	size_t n = 0, more;

	while ((more = get(fd, in + n, sizeof(in) - n)))
		n += more;
	if (n != t->answer_len || memcmp(in, out, n))
		die("an answer of %zu bytes is not the one that was sent", n);
}

static long long http(struct talk *t)
{
	int fd = tcp_socket();
	long long start = now();

	connect_to(t, fd);
	put(fd, question, sizeof(question) - 1);
	serve(t);
	read_answer(t, fd);
	close(fd);
	return now() - start;
}

static void write_answer(struct talk *t)
{
	int head = snprintf(out, sizeof(out),
			    "HTTP/1.1 200 OK\r\nServer: bench_tcp\r\nContent-Type: text/plain\r\n"
			    "Content-Length: %zu\r\nConnection: close\r\n\r\n", t->bytes);

	memset(out + head, 'a', t->bytes);
	t->answer_len = head + t->bytes;
}

static void wait_for(const struct talk *t, bool to_send)
{
	struct pollfd p[] = { { t->receiver, POLLIN, 0 }, { t->sender, POLLOUT, 0 } };

	if (poll(p, to_send ? 2 : 1, 5000) <= 0)
		die("nothing moved for 5 s");
}

/* 0 if it has to wait. */
static size_t moved(ssize_t n)
{
	if (n < 0 && errno != EAGAIN)
		die("bulk: %s", strerror(errno));
	return n < 0 ? 0 : n;
}

static long long bulk(struct talk *t)
{
	size_t sent = 0, got = 0, put_now, got_now;
	long long start = now();

	while (got < t->bytes) {
		put_now = sent == t->bytes ? 0 : moved(send(t->sender, out + sent, t->bytes - sent,
							    MSG_DONTWAIT | MSG_NOSIGNAL));
		sent += put_now;
		got_now = moved(recv(t->receiver, in + got, t->bytes - got, MSG_DONTWAIT));
		got += got_now;
		if (!put_now && !got_now)
			wait_for(t, sent < t->bytes);
	}
	return now() - start;
}

static void connect_bulk(struct talk *t)
{
	t->sender = tcp_socket();
	connect_to(t, t->sender);
	t->receiver = accept_one(t);
}

static void turns(struct talk *t, long long (*one)(struct talk *t))
{
	static long long taken[TURN_MAX];
	unsigned long count;
	char line[32];

	while (fgets(line, sizeof(line), stdin)) {
		count = strtoul(line, NULL, 10);
		if (!count || count > TURN_MAX)
			die("%lu at once: 1 to %d", count, TURN_MAX);
		for (unsigned long i = 0; i < count; i++)
			taken[i] = one(t);
		for (unsigned long i = 0; i < count; i++)
			printf("%lld\n", taken[i]);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	struct talk t = { .to.sin_family = AF_INET };
	int client_ns;
	bool is_http = argc == 8 && !strcmp(argv[1], "http");

	if (argc != 8 || (!is_http && strcmp(argv[1], "bulk")) ||
	    inet_pton(AF_INET, argv[4], &t.to.sin_addr) != 1) {
		fprintf(stderr,
			"usage: bench_tcp http|bulk CLIENT SERVER ADDRESS PORT LISTEN BYTES\n");
		return 2;
	}
	t.bytes = strtoul(argv[7], NULL, 10);
	if (!t.bytes || t.bytes > BYTES_MAX)
		die("%s bytes: 1 to %d", argv[7], BYTES_MAX);
	t.to.sin_port = htons(atoi(argv[5]));
	client_ns = netns_open(argv[2]);
	listen_at(&t, argv[3], atoi(argv[6]));
	netns_enter(client_ns);
	if (is_http)
		write_answer(&t);
	else
		connect_bulk(&t);
	turns(&t, is_http ? http : bulk);
	return 0;
}
