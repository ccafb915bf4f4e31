// SPDX-License-Identifier: GPL-2.0
/*
 * Takes two locks in both orders. Nothing hangs, but lockdep must complain:
 * a debugging kernel that stays silent here proves nothing about svcnat.
 */
#include <linux/module.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);

static void take(spinlock_t *outer, spinlock_t *inner)
{
	spin_lock(outer);
	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock(outer);
}

static int __init deadlock_init(void)
{
	take(&first, &second);
	take(&second, &first);
	return 0;
}

static void __exit deadlock_exit(void)
{
}

module_init(deadlock_init);
module_exit(deadlock_exit);
MODULE_DESCRIPTION("Proof that the lock checker of a test kernel works");
MODULE_LICENSE("GPL");
