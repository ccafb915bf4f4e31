// SPDX-License-Identifier: GPL-2.0
/* A long-lived connection, for what must survive. */
#include "hold.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>
#include "tally.h"

static int connected(const struct job *job)
{
	struct timeval tv = { (time_t)job->timeout,
			      (job->timeout - (time_t)job->timeout) * 1000000 };
	int fd = job_socket(job, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (!connect(fd, (const struct sockaddr *)&job->to, sizeof(job->to)))
		return fd;
	close(fd);
	return -1;
}

static enum outcome missing(void)
{
	return errno == EAGAIN || errno == EINPROGRESS || errno == ETIMEDOUT ? TIMEOUT :
	       errno == ECONNREFUSED ? RST : BROKEN;
}

/* The whole answer's body in @buf, or NULL and why. */
static const char *answer(int fd, bool message, char *buf, size_t size, enum outcome *why)
{
	size_t got = 0;
	char *p;

	*why = BROKEN;
	while (got < size - 1) {
		ssize_t n = recv(fd, buf + got, size - 1 - got, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*why = n < 0 ? missing() : BROKEN;
			return NULL;
		}
		got += n;
		buf[got] = '\0';
		if (message)
			return buf;
		p = strstr(buf, "\r\n\r\n");
		if (p && strchr(p + 4, '\n'))
			return p + 4;
	}
	return NULL;
}

static enum outcome ask_once(int fd, struct job *job)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: pod\r\n\r\n";
	bool message = job->proto != IPPROTO_TCP;
	const char *q = message ? "who?\n" : get, *text;
	enum outcome why;
	char buf[512];

	if (send(fd, q, strlen(q), MSG_NOSIGNAL) < 0)
		return missing();
	text = answer(fd, message, buf, sizeof(buf), &why);
	return text ? tally_text(&job->tally, text, job->keep_order) : why;
}

void hold(struct job *job, unsigned int interval_ms, const char *ready_file,
	  const volatile sig_atomic_t *stop)
{
	int fd = connected(job);
	enum outcome o;

	if (fd < 0) {
		job->tally.outcomes[missing()]++;
		return;
	}
	do {
		o = ask_once(fd, job);
		job->tally.outcomes[o]++;
		if (o == ANSWERED && ready_file) {
			close(open(ready_file, O_CREAT | O_CLOEXEC, 0666));
			ready_file = NULL;
		}
		usleep(interval_ms * 1000);
	} while (o == ANSWERED && !*stop);
	close(fd);
	tally_sort(&job->tally);
}
