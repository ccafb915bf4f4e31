// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"

/* More than any line is. A sysctl is read by one call, or its end is never seen. */
#define LINE_MAX_LEN (512 << 10)

const char *proc_path(struct arena *a, const char *name)
{
	const char *root = getenv("SVCCTL_PROC");

	return arena_printf(a, "%s/%s", root ? root : "/proc", name);
}

const char *proc_line(struct arena *a, const char *name)
{
	int fd = open(proc_path(a, name), O_RDONLY | O_CLOEXEC), err;
	const char *line = NULL;
	size_t cap = 0;
	char *buf;
	ssize_t n;

	if (fd < 0)
		return NULL;
	buf = mem_grow(NULL, &cap, LINE_MAX_LEN);
	n = read(fd, buf, LINE_MAX_LEN - 1);
	err = errno;
	if (n >= 0) {
		buf[n] = '\0';
		line = arena_strndup(a, buf, strcspn(buf, "\n"));
	}
	free(buf);
	close(fd);
	errno = err;
	return line;
}
