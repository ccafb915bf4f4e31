/* SPDX-License-Identifier: GPL-2.0 */
/* Files of /proc. For tests, SVCCTL_PROC names a directory that stands for it. */
#ifndef SVCCTL_PROC_H
#define SVCCTL_PROC_H

#include "arena.h"

/* "sys/kernel/ostype" → "/proc/sys/kernel/ostype" */
const char *proc_path(struct arena *a, const char *name);
/* Its first line without the newline, or NULL with errno set. */
const char *proc_line(struct arena *a, const char *name);

#endif
