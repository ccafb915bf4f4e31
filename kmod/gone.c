// SPDX-License-Identifier: GPL-2.0
/* Backends that left a service's sets; see gone.h. Process context, mutex held. */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "gone.h"

#define MANY 1024

/**
 * svcnat_gone_alloc - nobody gone yet
 * @n: backends there is room for
 *
 * Return: it, or NULL.
 */
struct svcnat_gone *svcnat_gone_alloc(u32 n)
{
	struct svcnat_gone *gone;

	return kvzalloc(struct_size(gone, backend, n), GFP_KERNEL_ACCOUNT);
}

/**
 * svcnat_gone_free - free it, and drop its references
 * @gone: what nobody looks at any more, or NULL
 */
void svcnat_gone_free(struct svcnat_gone *gone)
{
	u32 i;

	for (i = 0; gone && i < gone->n; i++) {
		svcnat_backend_put(gone->backend[i]);
		svcnat_breathe(i);
	}
	kvfree(gone);
}

/* Those with connections stay. */
static void forget_idle(struct svcnat_gone *gone)
{
	u32 i, n = 0;

	for (i = 0; i < gone->n; i++) {
		struct svcnat_backend *b = gone->backend[i];

		svcnat_breathe(i);
		if (svcnat_backend_active(b)) {
			gone->backend[n++] = b;
			continue;
		}
		/* What its last connection counted, ahead of giving up its reference. */
		smp_acquire__after_ctrl_dep();
		svcnat_backend_totals(b, &gone->past);
		svcnat_backend_put(b);
	}
	gone->n = n;
}

/**
 * svcnat_gone_prune - forget those that have no connection any more
 * @gone: of a service; takes less memory once nobody is left
 * @grace: grace period after which no packet can find them any more
 *
 * If it is not over nothing happens, unless there are many: commits that follow each
 * other fast would let them become ever more, so then it is waited for.
 */
void svcnat_gone_prune(struct svcnat_gone **gone, unsigned long grace)
{
	struct svcnat_gone *was = *gone, *less;

	if (!was || !was->n)
		return;
	if (was->n >= MANY)
		cond_synchronize_rcu(grace);
	else if (!poll_state_synchronize_rcu(grace))
		return;
	forget_idle(was);
	if (was->n)
		return;
	less = svcnat_gone_alloc(0);
	if (!less)
		return;
	less->past = was->past;
	*gone = less;
	kvfree(was);
}

/**
 * svcnat_gone_totals - add what those that left counted
 * @gone: or NULL
 * @t: in and out
 */
void svcnat_gone_totals(const struct svcnat_gone *gone, struct svcnat_totals *t)
{
	u32 i;
	int dir;

	if (!gone)
		return;
	t->connections += gone->past.connections;
	for (dir = 0; dir < 2; dir++) {
		t->packets[dir] += gone->past.packets[dir];
		t->bytes[dir] += gone->past.bytes[dir];
	}
	for (i = 0; i < gone->n; i++) {
		svcnat_backend_totals(gone->backend[i], t);
		svcnat_breathe(i);
	}
}
