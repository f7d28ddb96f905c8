/*
 * The table: each call of the kernel's syscall_table.h, with the types of its arguments. A call
 * that stands there and not here gets arguments of any kind until it has a row (step.c).
 */
#include "fuzz.h"
#include "structs.h"
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include <linux/userfaultfd.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif

enum {
#define SET(name, ...) SET_##name,
#include "sets.h"
#undef SET
};

#define SET(name, ...) static const u32 set_##name[] = {__VA_ARGS__};
#include "sets.h"
#undef SET

const struct set sets[] = {
#define SET(name, ...) {set_##name, COUNT(set_##name)},
#include "sets.h"
#undef SET
};

#define ANY T_ANY
#define SMALL T_SMALL
#define LEN T_LEN
#define MAPLEN T_MAPLEN
#define ADDR T_ADDR
#define FD T_FD
#define FDK(kind) (T_FD | K_##kind << 8)
#define DFD T_DIRFD
#define PATH T_PATH
#define OWN T_OWNPATH
#define PID T_PID
#define TGT T_TARGET
#define SIG T_SIG
#define OFF T_OFF
#define HIGH T_HIGH
#define MODE T_MODE
#define UID T_UID
#define CLOCK T_CLOCK
#define TIMER T_TIMER
#define ID T_ID
#define KEY T_KEY
#define MS T_MS
#define FLAGS(set) (T_FLAGS | SET_##set << 8)
#define ONE(set) (T_ONE | SET_##set << 8)
#define ST(name) (T_STRUCT | S_##name << 8)
#define OUT(size) (T_OUT | (size) << 8)
#define BUF T_BUF /* and its length is the next argument */
#define TEXT T_STRING
#define XATTR (T_STRING | TEXT_XATTR << 8)
#define FSTYPE (T_STRING | TEXT_FSTYPE << 8)
#define VARIES T_VARIES
#define EXACT(size) (T_EXACT | (size) << 8)
#define SIGSIZE EXACT(8)
#define ZERO T_ZERO
#define NUM T_COUNT /* of the array that is the argument before */
#define ADDR0 (T_ADDR | 1 << 8)
#define DIR T_OWNDIR

#define CALL(name, what, ...) {#name, __NR_##name, what, {__VA_ARGS__}},
const struct call calls[] = {
#include "calls.h"
};
const unsigned calls_count = COUNT(calls);
