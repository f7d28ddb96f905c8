#!/bin/sh
# What the options of run do in the guest.
. "$(dirname "$0")/_tap.sh"

mkdir -p folder/sub
echo one >folder/a
echo two >folder/sub/b
ln -s a folder/link

is "-e" "x y" "$(run -e 'V=x y' -c 'echo $V')"
is "-e takes over" taken "$(V=taken run -e V -c 'echo $V')"
is "-w makes and enters" /some/where "$(run -w /some/where -c pwd)"
is "-v of a file" one "$(run -v folder/a:/etc/x/y -c 'cat /etc/x/y')"
is "-v of a folder" "two one" "$(run -v ./folder:/f -c 'echo $(cat /f/sub/b /f/link)')"
is "-v :ro" "-r--r--r--" "$(run -v folder/a:/x:ro -c 'ls -l /x' | cut -c1-10)"
is "--smp" 2 "$(run --smp 2 -c nproc)"
total=$(run -m 512M -c "grep MemTotal /proc/meminfo" | tr -dc 0-9)
ok "-m 512M" test "$total" -gt 450000 -a "$total" -le 524288
is "--append" found "$(run --append some.word=7 -c 'grep -q some.word=7 /proc/cmdline && echo found')"
run --log kernel.log -c true
ok "--log has the kernel's messages" test "$(wc -l <kernel.log)" -gt 5
run -c 'echo only this' >out 2>err
is "nothing of the kernel's on stdout" "only this" "$(cat out)"
is "nothing on stderr" "" "$(cat err)"

mkdir -p root/bin
cp "$TOP/build/debs/busybox-static/bin/busybox" root/bin/sh
is "--root DIR" "bin" "$(run --root root -c 'cd /; for f in b*; do echo $f; done')"
is "hostname" isthmus "$(run -c hostname)"
is "orphans are reaped" 0 "$(run -c '(sleep 0.1 &); sleep 0.5; ps -o stat,comm | grep -c "^Z"')"
is "the status does not wait for what is left behind" 4 "$(status_of run -c 'sleep 1000 & exit 4')"
tap_done
