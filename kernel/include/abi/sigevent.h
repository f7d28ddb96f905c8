/* struct sigevent as i386 programs pass it: sigevent(7). */
#ifndef ABI_SIGEVENT_H
#define ABI_SIGEVENT_H

#include "types.h"

struct user_sigevent {
	u32 value;
	s32 signo, notify;
	s32 tid; /* SIGEV_THREAD_ID */
	u32 rest[12];
};

#endif
