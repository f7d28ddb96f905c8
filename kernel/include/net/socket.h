/*
 * Sockets: what the system calls (abi/socket.c) and the protocol families meet in.
 * socket(2), socket(7).
 *
 * A socket is made by its family, which embeds it in a structure of its own; it lives as long as
 * its family says. A file is given to it apart (socket_file), because a connection that nobody has
 * accepted yet has none.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "fs/file.h"
#include "lib/list.h"
#include "mm/iov_iter.h"
#include <asm/socket.h>
#include <linux/fcntl.h>
#include <linux/net.h>
#include <linux/socket.h>

/* <sys/socket.h>: Linux's headers for user space leave these to the C library. */
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_MAX 46
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_MAX 11
#define SOCK_TYPE_MASK 0xf
#define SOCK_CLOEXEC O_CLOEXEC
#define SOCK_NONBLOCK O_NONBLOCK

#define MSG_OOB 1u
#define MSG_PEEK 2u
#define MSG_CTRUNC 8u
#define MSG_TRUNC 0x20u
#define MSG_DONTWAIT 0x40u
#define MSG_EOR 0x80u
#define MSG_WAITALL 0x100u
#define MSG_NOSIGNAL 0x4000u
#define MSG_WAITFORONE 0x10000u
#define MSG_CMSG_CLOEXEC 0x40000000u

#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SCM_MAX_FD 253u

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2
#define SHUTDOWN_RECEIVE 1u
#define SHUTDOWN_SEND 2u
#define SHUTDOWN_BOTH 3u

struct ucred {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};

struct linger {
	int on, seconds;
};

struct control_header { /* struct cmsghdr of i386; what follows is aligned to 4 bytes */
	u32 len;        /* with this header */
	s32 level, type;
};

struct socket_address {
	unsigned len;
	union {
		u16 family;
		u8 bytes[128];
	};
};

/* Files on their way through a message. */
struct passed_files {
	unsigned count;
	bool in_flight;    /* counted: unix/gc.c */
	struct user *user; /* who sent them */
	struct file *file[];
};
/* Drop the files: those that nobody took. NULL allowed. Sleeps. */
void passed_files_free(struct passed_files *files);

/* One sendmsg(2) or recvmsg(2). */
struct message {
	struct iov_iter data;
	unsigned flags; /* MSG_* asked for */
	bool nonblock;
	/*
	 * to whom (send; NULL: to the peer); where to say from whom (receive; NULL: nobody asks,
	 * len 0: no name)
	 */
	struct socket_address *name;

	/*
	 * send: control_parse() fills them in; who takes the files sets NULL. receive: what is to
	 * be dropped in the end
	 */
	struct passed_files *files;
	struct ucred cred;
	bool has_cred;

	/* receive: room for control messages in user memory, and MSG_* that tell what happened */
	uaddr_t control;
	u32 control_room, control_used;
	unsigned told;
};

struct socket;
struct socket_operations {
	void (*release)(struct socket *sock); /* the file is gone */
	int (*bind)(struct socket *sock, const struct socket_address *address);
	int (*connect)(struct socket *sock, const struct socket_address *address, bool nonblock);
	int (*pair)(struct socket *a, struct socket *b); /* NULL: -EOPNOTSUPP */
	int (*listen)(struct socket *sock, int backlog);
	/* ERR_PTR; the caller gives it a file */
	struct socket *(*accept)(struct socket *sock, bool nonblock);
	int (*name)(struct socket *sock, struct socket_address *out, bool peer);
	ssize_t (*send)(struct socket *sock, struct message *m);
	ssize_t (*receive)(struct socket *sock, struct message *m);
	int (*shutdown)(struct socket *sock, unsigned how); /* SHUTDOWN_* */
	unsigned (*poll)(struct socket *sock, struct file *file, struct poll_table *pt);
	long (*ioctl)(struct socket *sock, unsigned cmd, unsigned long arg);
	bool (*is_listening)(struct socket *sock);
	/* referenced; NULL: none */
	void (*peer_cred)(struct socket *sock, pid_t *pid, const struct cred **cred);
	/* Levels other than SOL_SOCKET; NULL: -EOPNOTSUPP. */
	int (*set_option)(struct socket *sock, int level, int name, uaddr_t value, u32 len);
	int (*get_option)(struct socket *sock, int level, int name, uaddr_t value, uaddr_t len);
};

/* (k) constant   (a) a word that is read and written whole: no lock */
struct socket {
	const struct socket_operations *op; /* (k) */
	u16 family, type, protocol;         /* (k) */
	struct file *file;                  /* (k) not counted; NULL: not accepted yet */
	unsigned long options;              /* (a) bits SOCKET_* */
	u32 send_buffer, receive_buffer;    /* (a) bytes: SO_SNDBUF, SO_RCVBUF */
	u32 receive_low;                    /* (a) SO_RCVLOWAT */
	u64 send_timeout, receive_timeout;  /* (a) ns; SOCKET_FOREVER */
	int error;                          /* (a) positive: SO_ERROR, taken once */
	int priority;                       /* (a) SO_PRIORITY: kept, nothing depends on it */
	struct linger linger;               /* (a) the same */
};

#define SOCKET_FOREVER (~0ULL)

/* bit numbers in options */
enum socket_option_bit {
	SOCKET_PASSCRED,
	SOCKET_REUSEADDR,
	SOCKET_REUSEPORT,
	SOCKET_KEEPALIVE,
	SOCKET_BROADCAST,
	SOCKET_OOBINLINE,
	SOCKET_DONTROUTE,
	SOCKET_DEBUG,
	SOCKET_NO_CHECK,
};
static inline bool socket_has(const struct socket *sock, enum socket_option_bit bit)
{
	return READ_ONCE(sock->options) >> bit & 1;
}

/* Make @sock a socket with the defaults of the system. */
void socket_init(struct socket *sock, const struct socket_operations *op, int family, int type,
		 int protocol);
/* The pending error, once: 0 or -errno. */
int socket_take_error(struct socket *sock);
/* clock_ns() at which waiting ends: 0: at once, ~0: never. */
u64 socket_deadline(u64 timeout, bool nonblock);
/*
 * What a wait that ended with @err (of wait_event_..._until) is to the caller: -EAGAIN,
 * -EINTR, -ERESTARTSYS.
 */
int socket_wait_error(int err, u64 timeout);

/* ---- families ---- */
struct socket_family {
	int family;
	/* A new socket, or ERR_PTR(-EPROTONOSUPPORT, -ESOCKTNOSUPPORT, -ENOMEM). */
	struct socket *(*create)(int type, int protocol);
};
void socket_register_family(const struct socket_family *family);

/* ---- for the system calls ---- */
/* ERR_PTR(-EAFNOSUPPORT, -EINVAL, ...). The caller gives it a file or releases it. */
struct socket *socket_create(int family, int type, int protocol);
void socket_release(struct socket *sock);
/*
 * A file without a socket (O_NONBLOCK counts), and its socket: the file's last reference
 * releases it. ERR_PTR
 */
struct file *socket_file(int flags);
void socket_attach(struct file *file, struct socket *sock);
/* The socket of a file: NULL: it is none. */
struct socket *socket_of(const struct file *file);
ssize_t socket_send(struct socket *sock, struct message *m);
ssize_t socket_receive(struct socket *sock, struct message *m);
int socket_set_option(struct socket *sock, int level, int name, uaddr_t value, int len);
int socket_get_option(struct socket *sock, int level, int name, uaddr_t value, uaddr_t len);

/* ---- control messages: cmsg(3) ---- */
/*
 * Read those of a message that is to be sent: 0, -EINVAL, -EPERM, -ESRCH, -EBADF, -ETOOMANYREFS,
 * -ENOMEM. @control: kernel memory
 */
int control_parse(struct socket *sock, struct message *m, const u8 *control, u32 len);
/* Write one for the receiver, cut to its room (MSG_CTRUNC). */
void control_put(struct message *m, int level, int type, const void *data, u32 len);
/*
 * Hand files over: descriptors for as many as there is room for. Once a message; @files become
 * the message's.
 */
void control_put_files(struct message *m, struct passed_files *files);

/* Boot: the file system of sockets, the families. */
void net_init(void);

/* /proc/sys/net/core */
extern unsigned sysctl_wmem_default, sysctl_rmem_default, sysctl_wmem_max, sysctl_rmem_max,
	sysctl_somaxconn;

#endif
