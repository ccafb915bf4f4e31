// SPDX-License-Identifier: GPL-2.0
/* Reads past an allocation: proof that KASAN of a test kernel works. */
#include <linux/module.h>
#include <linux/slab.h>

static int __init overrun_init(void)
{
	size_t len = 128;
	char *p = kzalloc(len, GFP_KERNEL);
	int past;

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(len);
	past = READ_ONCE(p[len]);
	kfree(p);
	return past ? -EIO : 0;
}

static void __exit overrun_exit(void)
{
}

module_init(overrun_init);
module_exit(overrun_exit);
MODULE_DESCRIPTION("Proof that the memory checker of a test kernel works");
MODULE_LICENSE("GPL");
