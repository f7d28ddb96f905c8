/*
 * The first process. It begins as a kernel function with the root file system empty; it unpacks the
 * initramfs there, opens /dev/console as descriptors 0, 1 and 2, and becomes /init by execve: from
 * then on it is an ordinary process.
 */
#include "boot.h"
#include "arch/log.h"
#include "arch/port.h"
#include "fs/file.h"
#include "mm/memblock.h"
#include "proc/process.h"
#include <linux/fcntl.h>

static void say_freed(const char *what, unsigned long pages)
{
	pr_info("Freeing %s memory: %luK\n", what, pages << (PAGE_SHIFT - 10));
}

static paddr_t initrd_left; /* the rest of it, from here */
static unsigned long initrd_freed;

/*
 * The archive and its files need not fit into memory both: what is unpacked makes room
 * for what comes.
 */
static void free_initrd(size_t bytes)
{
	paddr_t upto = ALIGN_DOWN(boot_info.initrd_start + bytes, PAGE_SIZE);

	if (upto <= initrd_left)
		return;
	initrd_freed += mm_free_range(initrd_left, upto);
	initrd_left = upto;
}

static void unpack_initramfs(void)
{
	paddr_t start = boot_info.initrd_start, end = boot_info.initrd_end;
	int err;

	if (start == end)
		return;
	initrd_left = start;
	err = initramfs_unpack(lowmem_ptr(start), (size_t)(end - start), free_initrd);
	if (err)
		pr_err("Initramfs unpacking failed: error %d\n", err);
	initrd_freed += mm_free_range(initrd_left, end);
	say_freed("initrd", initrd_freed);
}

static void open_console(void)
{
	struct file *file = file_open(AT_FDCWD, "/dev/console", O_RDWR | O_NOCTTY, 0);
	int fd;

	if (IS_ERR(file)) {
		pr_err("Warning: unable to open an initial console (error %ld).\n", PTR_ERR(file));
		return;
	}
	for (int want = 0; want < 3; want++) {
		fd = fd_reserve(want, 0);
		if (fd < 0)
			break;
		file_get(file);
		fd_install(fd, file);
	}
	fput(file);
}

static int try_init(const char *path)
{
	int err;

	init_parameters.argv[0] = path;
	pr_info("Run %s as init process\n", path);
	err = kernel_execve(path, init_parameters.argv, init_parameters.envp);
	if (err && err != -ENOENT)
		pr_err("Starting init: %s exists but couldn't execute it (error %d)\n", path, err);
	return err;
}

static bool exists(const char *path)
{
	struct path found;

	if (path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW, &found))
		return false;
	path_put(&found);
	return true;
}

/*
 * An initramfs without /dev/console gets one: programs that are started without descriptors 0
 * to 2 misbehave.
 */
static void ensure_console_node(void)
{
	if (!exists("/dev/console"))
		vfs_mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
}

/* What a kernel does that calls itself too often. */
static noinline u32 overflow_stack(u32 depth)
{
	volatile u32 frame[32];

	frame[depth % 32] = depth;
	return depth ? overflow_stack(depth - 1) + frame[depth % 32] : 0;
}

void init_main(void *arg)
{
	static const char *const fallback[] = {"/sbin/init", "/etc/init", "/bin/init", "/bin/sh"};

	(void)arg;
	unpack_initramfs();
	say_freed("init", mm_free_range((paddr_t)lowmem_paddr((void *)windows.init_start),
					(paddr_t)lowmem_paddr((void *)windows.init_end)));
	mm_boot_done();
	ensure_console_node();
	open_console();
	if (unlikely(init_parameters.overflow_stack))
		overflow_stack(~0u);
	if (init_parameters.rdinit && exists(init_parameters.rdinit) &&
	    !try_init(init_parameters.rdinit))
		return;
	if (init_parameters.init) {
		if (!try_init(init_parameters.init))
			return;
		panic("Requested init %s failed.", init_parameters.init);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(fallback); i++) {
		if (!try_init(fallback[i]))
			return;
	}
	panic("No working init found. Give an initramfs with /init, or rdinit=PROGRAM on the command line.");
}
