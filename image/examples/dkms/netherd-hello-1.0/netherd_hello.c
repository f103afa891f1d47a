// SPDX-License-Identifier: MIT
/* The smallest module that can be seen to work: it says a word when it is loaded, and shows it as a parameter. */
#include <linux/init.h>
#include <linux/module.h>

static char *word = "hello";
module_param(word, charp, 0444);
MODULE_PARM_DESC(word, "what it says");

static int __init netherd_hello_init(void)
{
	pr_info("netherd_hello: %s\n", word);
	return 0;
}

static void __exit netherd_hello_exit(void)
{
}

module_init(netherd_hello_init);
module_exit(netherd_hello_exit);

MODULE_DESCRIPTION("netherd's example of a module that is not in the kernel's source");
/* The kernel wants GPL-compatible words; "Dual MIT/GPL" is what include/linux/module.h has for MIT. */
MODULE_LICENSE("Dual MIT/GPL");
