/* SPDX-License-Identifier: GPL-2.0 */
#ifndef HOLD_H
#define HOLD_H

#include <signal.h>
#include "tries.h"

/*
 * hold - keep one connection (UDP: one socket) and ask over it again and again
 * until *@stop, an answer missing for job->timeout, or the connection's end
 *
 * @ready_file is made after the first answer. Everything goes to job->tally.
 */
void hold(struct job *job, unsigned int interval_ms, const char *ready_file,
	  const volatile sig_atomic_t *stop);

#endif
