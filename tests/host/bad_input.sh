#!/bin/sh
# What cannot work is said in one line that names it, with the exit status a shell would give; the
# machine is not even started.
. "$(dirname "$0")/_tap.sh"

# bad NAME STATUS WORD-IN-THE-MESSAGE ARGUMENTS...
bad() {
	name=$1 status=$2 word=$3
	shift 3
	is "$name: status" "$status" "$(status_of "$ISTHMUS" "$@")"
	ok "$name: one line" one_line err
	ok "$name: names it" grep -q -e "$word" err
}

echo 'int main(void) { return 0; }' >p.c
i686-linux-gnu-gcc -static -o good p.c
i686-linux-gnu-gcc -o dynamic p.c
i686-linux-gnu-gcc -c -o object p.c
chmod +x object
head -c 60 good >short
head -c 3000 /dev/urandom >junk
: >empty
chmod +x short junk empty
cp good plain
chmod -x plain
cp /bin/ls host-ls

bad "no such command" 125 frobnicate frobnicate
bad "a command that is not there yet" 125 lab lab
bad "unknown option" 125 --foo run --foo
bad "option without its value" 125 "needs a value" run -m
bad "-m 2" 125 2G run -m 2
bad "-m nonsense" 125 lots run -m lots
bad "-m 100G" 125 64G run -m 100G
bad "--smp 0" 125 CPUs run --smp 0
bad "--timeout x" 125 seconds run --timeout x
bad "-v without a guest path" 125 HOST:GUEST run -v ./good
bad "-v of nothing" 125 nothere run -v ./nothere:/x
bad "-w that is relative" 125 "begins with /" run -w x
bad "no kernel there" 125 nokernel run --kernel nokernel
bad "no root there" 125 noroot run --root noroot -c true
bad "two kernels" 125 on-linux run --kernel good --on-linux
bad "missing program" 127 nosuch run -- ./nosuch
bad "not executable" 126 chmod run -- ./plain
bad "a folder" 126 directory run -- /tmp/
bad "the host's own program" 126 i386 run -- ./host-ls
bad "a dynamic program" 126 static run -- ./dynamic
bad "an object file" 126 object run -- ./object
bad "a cut-off program" 126 short run -- ./short
bad "junk" 126 junk run -- ./junk
bad "an empty file" 126 empty run -- ./empty
bad "config of nothing" 125 NAME=VALUE config x
bad "test of nothing" 125 nonsense test nonsense
tap_done
