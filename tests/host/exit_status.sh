#!/bin/sh
# The exit status of run is the program's own: its exit code, or 128 + the signal that ended it.
. "$(dirname "$0")/_tap.sh"

program exit7 <<'EOF'
int main(void) { return 7; }
EOF
program crash <<'EOF'
int main(void) { *(volatile int *)0xC0100000 = 1; return 0; }
EOF
program aborts <<'EOF'
#include <stdlib.h>
int main(void) { abort(); }
EOF
cat >exit9.c <<'EOF'
#include <stdio.h>
int main(int argc, char **argv) { printf("%s has %d\n", argv[1], argc); return 9; }
EOF
"$MUSL_CC" -O1 -w -o exit9 exit9.c
printf '#!/bin/sh\necho "$# <$2>"; exit 3\n' >script.sh
chmod +x script.sh

is "a glibc program's exit code" 7 "$(status_of run -- ./exit7)"
is "a musl program's exit code" 9 "$(status_of run -- ./exit9 arg)"
is "its output and arguments" "arg has 2" "$(cat out)"
is "an absolute path" 7 "$(status_of run -- "$PWD/exit7")"
is "options end at the program without --" 7 "$(status_of run ./exit7 --help)"
is "SIGSEGV is 139" 139 "$(status_of run -- ./crash)"
is "SIGABRT is 134" 134 "$(status_of run -- ./aborts)"
is "a script's exit code" 3 "$(status_of run -- ./script.sh a 'b c')"
is "a script's arguments" "2 <b c>" "$(cat out)"
is "-c COMMANDS" 5 "$(status_of run -c 'exit 5')"
is "-c with arguments" 0 "$(status_of run -c 'echo $0 $1' -- zero one)"
is "they arrive" "zero one" "$(cat out)"
is "the guest's own program by name" 1 "$(status_of run -- false)"
is "stderr is apart from stdout" 0 "$(status_of run -c 'echo out; echo err >&2')"
is "stdout" out "$(cat out)"
is "stderr" err "$(cat err)"
tap_done
