/* SPDX-License-Identifier: GPL-2.0 */
/* What a backend is to new connections, in a word. */
#ifndef SVCCTL_BACKEND_STATE_H
#define SVCCTL_BACKEND_STATE_H

#include "arena.h"
#include "dp.h"

/*
 * "ready": gets some; "serving": keeps what it has; "leaving": left the Service, but
 * connections of it are still active; "ejected": sits out after failed handshakes.
 */
const char *backend_state(const struct dp_backend *b);
/* The same, with the time that is left: "ejected 12s". */
const char *backend_state_now(struct arena *a, const struct dp_backend *b);

#endif
