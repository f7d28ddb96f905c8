/*
 * signalfd(2): pending signals of the reader as a file. Signals are proc/'s: it registers
 * how to take one.
 */
#include "fs/poll.h"
#include "fs/internal.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/signalfd.h>

const struct signalfd_provider *signalfd_provider;

struct signalfd {
	u64 mask;
};

static const struct file_operations signalfd_fops;

/*
 * siginfo_t as the file gives it; which fields mean something depends on where the
 * signal came from.
 */
static void convert(struct signalfd_siginfo *out, const siginfo_t *in)
{
	memset(out, 0, sizeof(*out));
	out->ssi_signo = (u32)in->si_signo;
	out->ssi_errno = in->si_errno;
	out->ssi_code = in->si_code;
	switch (in->si_code) {
	case SI_TIMER:
		out->ssi_tid = (u32)in->si_tid;
		out->ssi_overrun = (u32)in->si_overrun;
		out->ssi_ptr = (u64)(uintptr_t)in->si_ptr;
		out->ssi_int = in->si_int;
		return;
	case SI_QUEUE:
	case SI_MESGQ:
		out->ssi_ptr = (u64)(uintptr_t)in->si_ptr;
		out->ssi_int = in->si_int;
		break;
	default: break;
	}
	if (in->si_code > 0 && in->si_signo == SIGPOLL) {
		out->ssi_band = (u32)in->si_band;
		out->ssi_fd = in->si_fd;
		return;
	}
	if (in->si_code > 0 &&
	    (in->si_signo == SIGSEGV || in->si_signo == SIGBUS || in->si_signo == SIGILL ||
	     in->si_signo == SIGFPE || in->si_signo == SIGTRAP)) {
		out->ssi_addr = (u64)(uintptr_t)in->si_addr;
		return;
	}
	out->ssi_pid = (u32)in->si_pid;
	out->ssi_uid = (u32)in->si_uid;
	if (in->si_signo == SIGCHLD && in->si_code > 0) {
		out->ssi_status = in->si_status;
		out->ssi_utime = (u64)in->si_utime;
		out->ssi_stime = (u64)in->si_stime;
	}
}

static ssize_t signalfd_read(struct file *file, struct iov_iter *to, loff_t *pos)
{
	struct signalfd *s = file->private;
	struct signalfd_siginfo out;
	ssize_t done = 0;
	siginfo_t info;
	int err;

	(void)pos;
	if (to->count < sizeof(out))
		return -EINVAL;
	if (!signalfd_provider)
		return -EAGAIN;
	while (to->count >= sizeof(out)) {
		if (!signalfd_provider->dequeue(s->mask, &info)) {
			if (done)
				break;
			if (file->flags & O_NONBLOCK)
				return -EAGAIN;
			err = wait_event_interruptible(signalfd_provider->wait_queue(),
						       signalfd_provider->pending() & s->mask);
			if (err)
				return err;
			continue;
		}
		convert(&out, &info);
		if (copy_to_iter(&out, sizeof(out), to) != sizeof(out))
			return done ? done : -EFAULT;
		done += (ssize_t)sizeof(out);
	}
	return done;
}

static unsigned signalfd_poll(struct file *file, struct poll_table *pt)
{
	struct signalfd *s = file->private;

	if (!signalfd_provider)
		return 0;
	poll_wait(file, signalfd_provider->wait_queue(), pt);
	return signalfd_provider->pending() & s->mask ? POLLIN : 0;
}

static void signalfd_release(struct inode *inode, struct file *file)
{
	(void)inode;
	kfree(file->private);
}

static void signalfd_show_fdinfo(struct file *file, struct seq_file *m)
{
	struct signalfd *s = file->private;

	seq_printf(m, "sigmask:\t%016llx\n", (unsigned long long)s->mask);
}

static const struct file_operations signalfd_fops = {
	.read_iter = signalfd_read,
	.poll = signalfd_poll,
	.release = signalfd_release,
	.llseek = noop_llseek,
	.show_fdinfo = signalfd_show_fdinfo,
};

/* SIGKILL and SIGSTOP are never given. */
static u64 clean_mask(u64 mask)
{
	return mask & ~(1ULL << (SIGKILL - 1) | 1ULL << (SIGSTOP - 1));
}

struct file *signalfd_create(u64 mask, int flags)
{
	struct signalfd *s;
	struct file *file;

	if (flags & ~(SFD_CLOEXEC | SFD_NONBLOCK))
		return ERR_PTR(-EINVAL);
	s = kmalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->mask = clean_mask(mask);
	file = file_anon("[signalfd]", &signalfd_fops, s, O_RDWR | (flags & SFD_NONBLOCK));
	if (IS_ERR(file))
		kfree(s);
	return file;
}

int signalfd_set_mask(struct file *file, u64 mask)
{
	struct signalfd *s = file->private;

	if (file->op != &signalfd_fops)
		return -EINVAL;
	s->mask = clean_mask(mask);
	if (signalfd_provider)
		wake_up(signalfd_provider->wait_queue());
	return 0;
}
