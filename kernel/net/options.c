/*
 * The options of level SOL_SOCKET: socket(7). What needs a network beneath is not here:
 * -ENOPROTOOPT.
 */
#include "lib/div64.h"
#include "lib/string.h"
#include "net.h"
#include "net/socket.h"
#include "proc/cred.h"
#include <asm/socket.h>
#include <limits.h>
#include <linux/capability.h>

struct timeval_32 {
	s32 sec, usec;
};
struct timeval_64 {
	s64 sec, usec;
};

/* Options that are one bit each, and mean nothing more to get and set. */
static const struct {
	u8 name, bit;
} flags[] = {
	{SO_REUSEADDR, SOCKET_REUSEADDR}, {SO_REUSEPORT, SOCKET_REUSEPORT},
	{SO_KEEPALIVE, SOCKET_KEEPALIVE}, {SO_BROADCAST, SOCKET_BROADCAST},
	{SO_OOBINLINE, SOCKET_OOBINLINE}, {SO_DONTROUTE, SOCKET_DONTROUTE},
	{SO_PASSCRED, SOCKET_PASSCRED},   {SO_DEBUG, SOCKET_DEBUG},
	{SO_NO_CHECK, SOCKET_NO_CHECK},
};

static int flag_bit(int name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(flags); i++) {
		if (flags[i].name == name)
			return flags[i].bit;
	}
	return -1;
}

static void set_flag(struct socket *sock, int bit, bool on)
{
	if (on)
		atomic_or(&sock->options, BIT(bit));
	else
		atomic_and(&sock->options, ~BIT(bit));
}

/* ---- times ---- */

static int set_timeout(u64 *timeout, uaddr_t value, int len, bool wide)
{
	struct timeval_64 tv;

	if (wide) {
		if (len < (int)sizeof(tv))
			return -EINVAL;
		if (copy_from_user(&tv, value, sizeof(tv)))
			return -EFAULT;
	} else {
		struct timeval_32 small;

		if (len < (int)sizeof(small))
			return -EINVAL;
		if (copy_from_user(&small, value, sizeof(small)))
			return -EFAULT;
		tv.sec = small.sec;
		tv.usec = small.usec;
	}
	if (tv.usec < 0 || tv.usec >= 1000000)
		return -EDOM;
	if (tv.sec < 0)
		*timeout = 0; /* as Linux has it: do not wait at all */
	else if ((!tv.sec && !tv.usec) || tv.sec >= (s64)(INT64_MAX / NSEC_PER_SEC))
		*timeout = SOCKET_FOREVER;
	else
		*timeout = (u64)tv.sec * NSEC_PER_SEC + (u64)tv.usec * NSEC_PER_USEC;
	return 0;
}

static unsigned fill_timeout(void *out, u64 timeout, bool wide)
{
	struct timeval_64 tv = {0, 0};
	u32 nsec;

	if (timeout != SOCKET_FOREVER) {
		tv.sec = (s64)div_u64_rem(timeout, NSEC_PER_SEC, &nsec);
		tv.usec = nsec / NSEC_PER_USEC;
	}
	if (wide) {
		memcpy(out, &tv, sizeof(tv));
		return sizeof(tv);
	}
	memcpy(out, &(struct timeval_32){(s32)tv.sec, (s32)tv.usec}, sizeof(struct timeval_32));
	return sizeof(struct timeval_32);
}

/* ---- setting ---- */

/* The kernel doubles what is asked for, to leave room for its own structures: socket(7). */
static void set_buffer(u32 *buffer, int value, unsigned max, unsigned min)
{
	u32 asked = MIN((u32)value, max);

	WRITE_ONCE(*buffer, MAX(asked <= INT_MAX / 2 ? asked * 2 : (u32)INT_MAX, min));
}

static int set_linger(struct socket *sock, uaddr_t value, int len)
{
	struct linger l;

	if (len < (int)sizeof(l))
		return -EINVAL;
	if (copy_from_user(&l, value, sizeof(l)))
		return -EFAULT;
	l.on = l.on != 0;
	sock->linger = l;
	return 0;
}

static int set_priority(struct socket *sock, int value)
{
	if ((value < 0 || value > 6) && !capable(CAP_NET_ADMIN))
		return -EPERM;
	sock->priority = value;
	return 0;
}

static int set_number(struct socket *sock, int name, int value)
{
	int bit = flag_bit(name);

	switch (name) {
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR: return -ENOPROTOOPT;
	case SO_DEBUG:
		if (value && !capable(CAP_NET_ADMIN))
			return -EACCES;
		break;
	case SO_SNDBUF:
		set_buffer(&sock->send_buffer, value, READ_ONCE(sysctl_wmem_max), SEND_BUFFER_MIN);
		return 0;
	case SO_RCVBUF:
		set_buffer(&sock->receive_buffer, value, READ_ONCE(sysctl_rmem_max),
			   RECEIVE_BUFFER_MIN);
		return 0;
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		if (name == SO_SNDBUFFORCE)
			set_buffer(&sock->send_buffer, MAX(value, 0), INT_MAX, SEND_BUFFER_MIN);
		else
			set_buffer(&sock->receive_buffer, MAX(value, 0), INT_MAX,
				   RECEIVE_BUFFER_MIN);
		return 0;
	case SO_PRIORITY: return set_priority(sock, value);
	case SO_RCVLOWAT:
		WRITE_ONCE(sock->receive_low, value < 0 ? INT_MAX : value ? (u32)value : 1);
		return 0;
	case SO_BSDCOMPAT: return 0; /* obsolete, taken and ignored by Linux too */
	case SO_PEEK_OFF: return -EOPNOTSUPP;
	}
	if (bit < 0)
		return -ENOPROTOOPT;
	set_flag(sock, bit, value);
	return 0;
}

int socket_set_option(struct socket *sock, int level, int name, uaddr_t value, int len)
{
	u32 number;

	if (len < 0)
		return -EINVAL;
	if (level != SOL_SOCKET)
		return sock->op->set_option
			       ? sock->op->set_option(sock, level, name, value, (u32)len)
			       : -EOPNOTSUPP;
	if (len < (int)sizeof(number))
		return -EINVAL;
	if (get_user_u32(&number, value))
		return -EFAULT;
	switch (name) {
	case SO_LINGER: return set_linger(sock, value, len);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return set_timeout(&sock->receive_timeout, value, len, name == SO_RCVTIMEO_NEW);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return set_timeout(&sock->send_timeout, value, len, name == SO_SNDTIMEO_NEW);
	}
	return set_number(sock, name, (int)number);
}

/* ---- getting ---- */

static int get_number(struct socket *sock, int name, u32 *value)
{
	int bit = flag_bit(name);

	switch (name) {
	case SO_TYPE: *value = sock->type; return 0;
	case SO_DOMAIN: *value = sock->family; return 0;
	case SO_PROTOCOL: *value = sock->protocol; return 0;
	case SO_ERROR: *value = (u32)-socket_take_error(sock); return 0;
	case SO_SNDBUF: *value = READ_ONCE(sock->send_buffer); return 0;
	case SO_RCVBUF: *value = READ_ONCE(sock->receive_buffer); return 0;
	case SO_RCVLOWAT: *value = READ_ONCE(sock->receive_low); return 0;
	case SO_SNDLOWAT: *value = 1; return 0;
	case SO_PRIORITY: *value = (u32)sock->priority; return 0;
	case SO_ACCEPTCONN: *value = sock->op->is_listening(sock); return 0;
	case SO_BSDCOMPAT: *value = 0; return 0;
	}
	if (bit < 0)
		return -ENOPROTOOPT;
	*value = socket_has(sock, (enum socket_option_bit)bit);
	return 0;
}

static void fill_peer_cred(struct socket *sock, struct ucred *out)
{
	const struct cred *cred;

	*out = (struct ucred){0, (uid_t)-1, (gid_t)-1};
	sock->op->peer_cred(sock, &out->pid, &cred);
	if (!cred)
		return;
	out->uid = cred->euid;
	out->gid = cred->egid;
	cred_put(cred);
}

static int put_value(const void *from, u32 have, u32 room, uaddr_t value, uaddr_t len)
{
	u32 n = MIN(have, room);

	if (copy_to_user(value, from, n) || put_user_u32(n, len))
		return -EFAULT;
	return 0;
}

static int get_peer_groups(struct socket *sock, u32 room, uaddr_t value, uaddr_t len)
{
	const struct cred *cred;
	pid_t pid;
	u32 need;
	int err = 0;

	sock->op->peer_cred(sock, &pid, &cred);
	if (!cred)
		return -ENODATA;
	need = cred->ngroups * (u32)sizeof(gid_t);
	if (room < need)
		err = put_user_u32(need, len) ? -EFAULT : -ERANGE;
	else
		err = put_value(cred->groups, need, need, value, len);
	cred_put(cred);
	return err;
}

static int get_peer_name(struct socket *sock, u32 room, uaddr_t value, uaddr_t len)
{
	struct socket_address name;
	int err = sock->op->name(sock, &name, true);

	if (err)
		return -ENOTCONN;
	if (name.len < room)
		return -EINVAL;
	return put_value(name.bytes, room, room, value, len);
}

int socket_get_option(struct socket *sock, int level, int name, uaddr_t value, uaddr_t len)
{
	union {
		u32 number;
		struct linger linger;
		struct ucred cred;
		struct timeval_64 time;
	} out;
	u32 room, have = sizeof(u32);
	int err;

	if (level != SOL_SOCKET)
		return sock->op->get_option ? sock->op->get_option(sock, level, name, value, len)
					    : -EOPNOTSUPP;
	if (get_user_u32(&room, len))
		return -EFAULT;
	if ((s32)room < 0)
		return -EINVAL;
	switch (name) {
	case SO_LINGER:
		out.linger = sock->linger;
		have = sizeof(out.linger);
		break;
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		have = fill_timeout(&out, sock->receive_timeout, name == SO_RCVTIMEO_NEW);
		break;
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		have = fill_timeout(&out, sock->send_timeout, name == SO_SNDTIMEO_NEW);
		break;
	case SO_PEERCRED:
		fill_peer_cred(sock, &out.cred);
		have = sizeof(out.cred);
		break;
	case SO_PEERGROUPS: return get_peer_groups(sock, room, value, len);
	case SO_PEERNAME: return get_peer_name(sock, room, value, len);
	default:
		err = get_number(sock, name, &out.number);
		if (err)
			return err;
	}
	return put_value(&out, have, room, value, len);
}
