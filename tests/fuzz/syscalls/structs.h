/* The structures that calls take by address: a row each, filled by fill_NAME() of structs.c. */
/* clang-format off */
#define STRUCTS(X) \
	X(bytes) X(words) X(offset) X(timespec) X(timespec64) X(timeval) X(itimerval) X(itimerspec) X(itimerspec64) \
	X(sigset) X(sigset_arg) X(sigaction_old) X(sigaction) X(siginfo) X(sigevent) X(altstack) \
	X(rlimit) X(rlimit64) X(iovec) X(sockaddr) X(msghdr) X(mmsghdr) X(pollfds) X(fdset) \
	X(old_select) X(epoll_event) X(mmap_args) X(sembuf) X(caps) X(cap_header) X(sched_param) \
	X(sched_attr) X(timex) X(times) X(user_desc) X(clone_args) X(open_how) X(cpumask) X(vector) \
	X(socketcall) X(size) X(varied)
enum {
#define X(name) S_##name,
	STRUCTS(X)
#undef X
};
/* clang-format on */

/* Kinds of text for string_fill(). */
enum { TEXT_ANY, TEXT_XATTR, TEXT_FSTYPE };
