/* execve(2), execveat(2). */
#include "abi/proc.h"
#include "fs/file.h"
#include "proc/process.h"
#include <linux/fcntl.h>

static long execute(int dirfd, uaddr_t filename, uaddr_t argv, uaddr_t envp, int flags)
{
	char *name = getname(filename, flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0);
	long err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = process_execve(dirfd, name, argv, envp, flags);
	putname(name);
	return err;
}

long sys_execve(struct regs *regs)
{
	return execute(AT_FDCWD, regs_arg(regs, 0), regs_arg(regs, 1), regs_arg(regs, 2), 0);
}

long sys_execveat(struct regs *regs)
{
	int flags = (int)regs_arg(regs, 4);

	if (flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return execute((int)regs_arg(regs, 0), regs_arg(regs, 1), regs_arg(regs, 2),
		       regs_arg(regs, 3), flags);
}
