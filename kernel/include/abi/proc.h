/*
 * The system calls about processes, signals, time, futexes, credentials, limits and scheduling.
 * Each is named after its __NR_ name: sys_setuid() is the 16-bit call of number 23, sys_setuid32()
 * that of number 213. Arguments and errors: section 2 of the manual.
 *
 * Those that take struct regs need the registers of the caller (fork copies them, exec and
 * sigreturn replace them).
 */
#ifndef ABI_PROC_H
#define ABI_PROC_H

#include "arch/port.h"
#include "types.h"

/* process.c */
long sys_getpid(void);
long sys_gettid(void);
long sys_getppid(void);
long sys_fork(struct regs *regs);
long sys_vfork(struct regs *regs);
long sys_clone(struct regs *regs);
long sys_clone3(struct regs *regs);
long sys_exit(int code);
long sys_exit_group(int code);
long sys_waitpid(pid_t pid, uaddr_t status, int options);
long sys_wait4(pid_t pid, uaddr_t status, int options, uaddr_t rusage);
long sys_waitid(int type, pid_t id, uaddr_t info, int options, uaddr_t rusage);
long sys_setpgid(pid_t pid, pid_t pgid);
long sys_getpgid(pid_t pid);
long sys_getpgrp(void);
long sys_setsid(void);
long sys_getsid(pid_t pid);
long sys_set_tid_address(uaddr_t tid);
long sys_set_thread_area(uaddr_t desc);
long sys_modify_ldt(int func, uaddr_t ptr, unsigned long bytes);
long sys_get_thread_area(uaddr_t desc);
long sys_ptrace(int request, pid_t pid, u32 addr, uaddr_t data);
long sys_unshare(u32 flags);
long sys_pidfd_open(pid_t pid, u32 flags);
long sys_pidfd_send_signal(int fd, int sig, uaddr_t info, u32 flags);
long sys_pidfd_getfd(int pidfd, int fd, u32 flags);

/* exec.c */
long sys_execve(struct regs *regs);
long sys_execveat(struct regs *regs);

/* signal.c */
long sys_kill(pid_t pid, int sig);
long sys_tkill(pid_t tid, int sig);
long sys_tgkill(pid_t tgid, pid_t tid, int sig);
long sys_signal(int sig, uaddr_t handler);
long sys_sigaction(int sig, uaddr_t act, uaddr_t old);
long sys_rt_sigaction(int sig, uaddr_t act, uaddr_t old, u32 size);
long sys_sgetmask(void);
long sys_ssetmask(u32 mask);
long sys_sigprocmask(int how, uaddr_t set, uaddr_t old);
long sys_rt_sigprocmask(int how, uaddr_t set, uaddr_t old, u32 size);
long sys_sigpending(uaddr_t set);
long sys_rt_sigpending(uaddr_t set, u32 size);
long sys_sigsuspend(int unused, int unused2, u32 mask);
long sys_rt_sigsuspend(uaddr_t mask, u32 size);
long sys_pause(void);
long sys_rt_sigtimedwait(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size);
long sys_rt_sigtimedwait_time64(uaddr_t set, uaddr_t info, uaddr_t timeout, u32 size);
long sys_rt_sigqueueinfo(pid_t pid, int sig, uaddr_t info);
long sys_rt_tgsigqueueinfo(pid_t tgid, pid_t tid, int sig, uaddr_t info);
long sys_sigaltstack(uaddr_t stack, uaddr_t old);
long sys_sigreturn(struct regs *regs);
long sys_rt_sigreturn(struct regs *regs);
long sys_restart_syscall(void);

/* time.c */
long sys_time(uaddr_t out);
long sys_stime(uaddr_t in);
long sys_gettimeofday(uaddr_t tv, uaddr_t tz);
long sys_settimeofday(uaddr_t tv, uaddr_t tz);
long sys_times(uaddr_t out);
long sys_clock_gettime(int clock, uaddr_t ts);
long sys_clock_gettime64(int clock, uaddr_t ts);
long sys_clock_settime(int clock, uaddr_t ts);
long sys_clock_settime64(int clock, uaddr_t ts);
long sys_clock_getres(int clock, uaddr_t ts);
long sys_clock_getres_time64(int clock, uaddr_t ts);
long sys_nanosleep(uaddr_t request, uaddr_t remaining);
long sys_clock_nanosleep(int clock, int flags, uaddr_t request, uaddr_t remaining);
long sys_clock_nanosleep_time64(int clock, int flags, uaddr_t request, uaddr_t remaining);
long sys_alarm(u32 seconds);
long sys_getitimer(int which, uaddr_t value);
long sys_setitimer(int which, uaddr_t value, uaddr_t old);
long sys_timer_create(int clock, uaddr_t event, uaddr_t id);
long sys_timer_settime(int id, int flags, uaddr_t value, uaddr_t old);
long sys_timer_settime64(int id, int flags, uaddr_t value, uaddr_t old);
long sys_timer_gettime(int id, uaddr_t value);
long sys_timer_gettime64(int id, uaddr_t value);
long sys_timer_getoverrun(int id);
long sys_timer_delete(int id);
long sys_adjtimex(uaddr_t timex);
long sys_clock_adjtime(int clock, uaddr_t timex);
long sys_clock_adjtime64(int clock, uaddr_t timex);

/* futex.c */
long sys_futex(uaddr_t addr, int op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3);
long sys_futex_time64(uaddr_t addr, int op, u32 val, uaddr_t timeout, uaddr_t addr2, u32 val3);
long sys_rseq(uaddr_t addr, u32 len, u32 flags, u32 signature);
long sys_set_robust_list(uaddr_t head, u32 len);
long sys_get_robust_list(pid_t pid, uaddr_t head, uaddr_t len);

/* cred.c */
long sys_getuid(void);
long sys_getuid32(void);
long sys_geteuid(void);
long sys_geteuid32(void);
long sys_getgid(void);
long sys_getgid32(void);
long sys_getegid(void);
long sys_getegid32(void);
long sys_setuid(u16 uid);
long sys_setuid32(uid_t uid);
long sys_setgid(u16 gid);
long sys_setgid32(gid_t gid);
long sys_setreuid(u16 ruid, u16 euid);
long sys_setreuid32(uid_t ruid, uid_t euid);
long sys_setregid(u16 rgid, u16 egid);
long sys_setregid32(gid_t rgid, gid_t egid);
long sys_setresuid(u16 ruid, u16 euid, u16 suid);
long sys_setresuid32(uid_t ruid, uid_t euid, uid_t suid);
long sys_setresgid(u16 rgid, u16 egid, u16 sgid);
long sys_setresgid32(gid_t rgid, gid_t egid, gid_t sgid);
long sys_getresuid(uaddr_t ruid, uaddr_t euid, uaddr_t suid);
long sys_getresuid32(uaddr_t ruid, uaddr_t euid, uaddr_t suid);
long sys_getresgid(uaddr_t rgid, uaddr_t egid, uaddr_t sgid);
long sys_getresgid32(uaddr_t rgid, uaddr_t egid, uaddr_t sgid);
long sys_setfsuid(u16 uid);
long sys_setfsuid32(uid_t uid);
long sys_setfsgid(u16 gid);
long sys_setfsgid32(gid_t gid);
long sys_getgroups(int n, uaddr_t list);
long sys_getgroups32(int n, uaddr_t list);
long sys_setgroups(int n, uaddr_t list);
long sys_setgroups32(int n, uaddr_t list);
long sys_capget(uaddr_t header, uaddr_t data);
long sys_capset(uaddr_t header, uaddr_t data);

/* rlimit.c */
long sys_getrlimit(u32 resource, uaddr_t out);
long sys_ugetrlimit(u32 resource, uaddr_t out);
long sys_setrlimit(u32 resource, uaddr_t in);
long sys_prlimit64(pid_t pid, u32 resource, uaddr_t in, uaddr_t out);
long sys_getrusage(int who, uaddr_t out);

/* sched.c */
long sys_sched_yield(void);
long sys_sched_setscheduler(pid_t pid, int policy, uaddr_t param);
long sys_sched_getscheduler(pid_t pid);
long sys_sched_setparam(pid_t pid, uaddr_t param);
long sys_sched_getparam(pid_t pid, uaddr_t param);
long sys_sched_setattr(pid_t pid, uaddr_t attr, u32 flags);
long sys_sched_getattr(pid_t pid, uaddr_t attr, u32 size, u32 flags);
long sys_sched_get_priority_max(int policy);
long sys_sched_get_priority_min(int policy);
long sys_sched_rr_get_interval(pid_t pid, uaddr_t ts);
long sys_sched_rr_get_interval_time64(pid_t pid, uaddr_t ts);
long sys_sched_setaffinity(pid_t pid, u32 len, uaddr_t mask);
long sys_sched_getaffinity(pid_t pid, u32 len, uaddr_t mask);
long sys_getpriority(int which, int who);
long sys_setpriority(int which, int who, int nice);
long sys_nice(int increment);
long sys_ioprio_get(int which, int who);
long sys_ioprio_set(int which, int who, int ioprio);
long sys_getcpu(uaddr_t cpu, uaddr_t node, uaddr_t unused);

/* sysinfo.c */
long sys_uname(uaddr_t out);
long sys_olduname(uaddr_t out);
long sys_oldolduname(uaddr_t out);
long sys_sethostname(uaddr_t name, int len);
long sys_setdomainname(uaddr_t name, int len);
long sys_sysinfo(uaddr_t out);
long sys_syslog(int type, uaddr_t buf, int len);
long sys_reboot(u32 magic1, u32 magic2, u32 cmd, uaddr_t arg);

/* prctl.c */
long sys_prctl(int option, unsigned long a2, unsigned long a3, unsigned long a4, unsigned long a5);
long sys_personality(u32 persona);
long sys_arch_prctl(int option, unsigned long arg);
long sys_iopl(u32 level);
long sys_ioperm(unsigned long from, unsigned long count, int on);

#endif
