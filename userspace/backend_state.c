// SPDX-License-Identifier: GPL-2.0
#include "backend_state.h"

const char *backend_state(const struct dp_backend *b)
{
	if (b->flags & SVCNAT_BACKEND_F_GONE)
		return "leaving";
	if (b->ejected_seconds)
		return "ejected";
	return b->flags & SVCNAT_BACKEND_F_MASK ? "ready" : "serving";
}

const char *backend_state_now(struct arena *a, const struct dp_backend *b)
{
	if ((b->flags & SVCNAT_BACKEND_F_GONE) || !b->ejected_seconds)
		return backend_state(b);
	return arena_printf(a, "%s %us", backend_state(b), b->ejected_seconds);
}
