/* SPDX-License-Identifier: GPL-2.0 */
/* FNV-1a, 64 bits. What it makes of names is kept by kernels and states: it stays as it is. */
#ifndef SVCCTL_FNV_H
#define SVCCTL_FNV_H

#include <stddef.h>
#include <stdint.h>

#define FNV_BEGIN 0xcbf29ce484222325

static inline uint64_t fnv(uint64_t h, const void *data, size_t len)
{
	for (const uint8_t *p = data, *end = p + len; p < end; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

#endif
