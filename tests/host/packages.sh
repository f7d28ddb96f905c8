#!/bin/sh
# A root of Debian's i386 packages: dynamic programs with Debian's own loader and C library.
. "$(dirname "$0")/_tap.sh"

# shellcheck disable=SC2016
run --packages bash -- bash -c 'a=(x y); echo "${BASH_VERSINFO[0]} ${a[1]}"; while read -r _ p _ _ _ f; do echo "$p $f"; done </proc/$$/maps;
	ls -ln /bin/sh | wc -l; grep -c -E "^(www-data|user):" /etc/passwd' >out
is "--packages runs Debian's bash" "5 y" "$(head -n 1 out)"
ok "with Debian's C library" grep -q '^r-xp .*i386-linux-gnu/libc.so.6' out
is "busybox has the other tools; accounts are Debian's" "1 2" "$(tail -n 2 out | xargs)"

is "root makes a folder" 0 "$(status_of "$ISTHMUS" root folder libc-bin)"
is "which --root takes" "UTF-8" "$(run --root folder -e LC_ALL=C.UTF-8 -- locale charmap)"
i686-linux-gnu-gcc -O1 -x c - -o dynamic <<'EOF'
#include <stdio.h>
int main(void) { return puts("hello") < 0; }
EOF
is "a dynamic program of the host's runs in it" hello "$(run --root folder -- ./dynamic)"

is "root leaves a folder alone that is there" 125 "$(status_of "$ISTHMUS" root folder bash)"
ok "and says so in a line" one_line err
is "a package that is not there" 125 "$(status_of "$ISTHMUS" root other no-such-package)"
ok "is named" grep -q no-such-package err
is "nothing is left of it" 0 "$(find . -name 'other*' | wc -l)"
is "a word that is no package" 125 "$(status_of "$ISTHMUS" root other -o Dir=/)"
is "--root and --packages" 125 "$(status_of run --root folder --packages bash -c true)"
tap_done
