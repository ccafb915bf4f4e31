// SPDX-License-Identifier: GPL-2.0
/* Backends that left a service's sets; see gone.h. Process context, mutex held. */

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "gone.h"

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

/**
 * svcnat_gone_prune - forget those that have no connection any more
 * @gone: or NULL
 * @grace: grace period after which no packet can find them any more
 */
void svcnat_gone_prune(struct svcnat_gone *gone, unsigned long grace)
{
	u32 i, n = 0;

	if (!gone || !poll_state_synchronize_rcu(grace))
		return;
	for (i = 0; i < gone->n; i++) {
		struct svcnat_backend *b = gone->backend[i];

		svcnat_breathe(i);
		if (svcnat_backend_active(b)) {
			gone->backend[n++] = b;
			continue;
		}
		svcnat_backend_totals(b, &gone->past);
		svcnat_backend_put(b);
	}
	gone->n = n;
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
	for (i = 0; i < gone->n; i++)
		svcnat_backend_totals(gone->backend[i], t);
}
