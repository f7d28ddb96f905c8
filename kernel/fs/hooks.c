/*
 * The questions that file systems ask about their caller. proc/ answers them; before it does
 * (boot), the caller is the kernel: root.
 */
#include "fs/internal.h"

static uid_t boot_fsuid(void)
{
	return 0;
}
static gid_t boot_fsgid(void)
{
	return 0;
}
static bool boot_in_group(gid_t gid)
{
	return gid == 0;
}
static bool boot_capable(int cap)
{
	return cap >= 0;
}
static unsigned long boot_rlimit(unsigned resource)
{
	return resource == 7 ? 1024 : ~0UL;
} /* RLIMIT_NOFILE */
static void boot_signal(void)
{
}
static const struct cred *boot_cred_get(void)
{
	return NULL;
}
static void boot_cred_put(const struct cred *cred)
{
	(void)cred;
}
static u32 *boot_pipe_pages(const struct cred *cred)
{
	static u32 pages;

	(void)cred;
	return &pages;
}
static void boot_sigio(struct file *file, int fd, int band)
{
	(void)file;
	(void)fd;
	(void)band;
}

uid_t (*fs_current_fsuid)(void) = boot_fsuid;
gid_t (*fs_current_fsgid)(void) = boot_fsgid;
bool (*fs_in_group)(gid_t gid) = boot_in_group;
bool (*fs_capable)(int cap) = boot_capable;
unsigned long (*fs_rlimit)(unsigned resource) = boot_rlimit;
void (*fs_send_sigpipe)(void) = boot_signal;
void (*fs_send_sigxfsz)(void) = boot_signal;
const struct cred *(*fs_cred_get)(void) = boot_cred_get;
void (*fs_cred_put)(const struct cred *cred) = boot_cred_put;
u32 *(*fs_pipe_pages)(const struct cred *cred) = boot_pipe_pages;
void (*fs_send_sigio)(struct file *file, int fd, int band) = boot_sigio;
