// SPDX-License-Identifier: GPL-2.0
/* Loses memory on purpose: proof that the leak checker of a test kernel works. */
#include <linux/module.h>
#include <linux/slab.h>

static int __init leak_init(void)
{
	int i;

	for (i = 0; i < 8; i++)
		if (!kmalloc(128, GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static void __exit leak_exit(void)
{
}

module_init(leak_init);
module_exit(leak_exit);
MODULE_DESCRIPTION("Proof that the leak checker of a test kernel works");
MODULE_LICENSE("GPL");
