#!/bin/sh
# mm.trace=fault: page faults as lines in the log, with the row of the table that served each.
. "$(dirname "$0")/_tap.sh"

program t <<'EOF'
#include <sys/mman.h>
int main(void)
{
	char *p = mmap((void *)0x20000000, 8192, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	volatile char c = p[0];
	p[0] = 1;
	p[4096] = 1;
	*(volatile int *)0x123 = 1;
}
EOF
is "the program ends as it would" 139 "$(status_of run --append 'mm.trace=fault loglevel=8' --log log -- ./t)"
line() {
	grep -q "fault: t\\[[0-9/]*\\] $1; [0-9]* cycles" log
}
frame='\(HighMem\|Normal\|DMA\) frame [0-9a-f]*'
ok "the text of the program is a page of its file" line "[0-9a-f]* exec user: 3 .*, $frame; /.*/t"
ok "a first read" line "20000000 read user: 1 the zero page, $frame; anonymous"
ok "a write there" line "20000000 write user: 6 a fresh page in place of the zero page, $frame; anonymous"
ok "a first write" line "20001000 write user: 2 a fresh zeroed page, $frame; anonymous"
ok "a bad address" line "00000123 write user: SIGSEGV SEGV_MAPERR: no area there; no area"
ok "at debug level, with the areas around it" grep -q "  080[0-9a-f]*-[0-9a-f]* r-xp /.*/t" log
run --log log -c true
ok "without the word, no line" sh -c '! grep -q "fault: " log'
tap_done
