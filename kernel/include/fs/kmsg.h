/*
 * The kernel's log as programs read it: /dev/kmsg and syslog(2).
 */
#ifndef FS_KMSG_H
#define FS_KMSG_H

#include "types.h"

/* /proc/sys/kernel/dmesg_restrict: 0 lets everybody read the log. proc(5) */
extern unsigned sysctl_dmesg_restrict;

/* The caller may read the log. */
bool kmsg_may_read(void);

#endif
