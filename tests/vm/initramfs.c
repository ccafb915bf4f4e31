// SPDX-License-Identifier: GPL-2.0
/*
 * /init of a stock kernel's guest: loads the modules packed beside it, mounts
 * the host's files over virtio-9p and hands over to the real init. With
 * PROBE=1 in the environment it only proves that the kernel got this far.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "initramfs: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	exit(1);
}

/* Numbered in the order they depend on each other. */
static void load_modules(void)
{
	char path[32];
	int i, fd;

	for (i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/modules/%02d.ko", i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			die(path);
		close(fd);
	}
}

int main(void)
{
	char *init = getenv("GUEST_INIT");

	if (getenv("PROBE")) {
		puts("svcnat: the guest boots");
		fflush(stdout);
		reboot(RB_POWER_OFF);
	}
	if (!init)
		die("GUEST_INIT is not on the kernel's command line");

	load_modules();
	mkdir("/host", 0755);
	if (mount("root", "/host", "9p", MS_RDONLY,
		  "trans=virtio,version=9p2000.L,msize=524288,cache=loose"))
		die("mount of the host's files");
	if (chdir("/host") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		die("change of root");
	execl(init, init, NULL);
	die(init);
}
