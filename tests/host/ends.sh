#!/bin/sh
# How a machine ends when its program does not: timeout, signals, a panic, a power-off.
. "$(dirname "$0")/_tap.sh"

begin=$(date +%s)
is "--timeout" 124 "$(RUN_TIMEOUT=10 status_of run -c 'sleep 1000')"
ok "in time" test $(($(date +%s) - begin)) -lt 20
ok "and says so in one line" one_line err

# signal_status SIGNAL COMMANDS: what run returns when it gets the signal while they run.
signal_status() {
	# What whoever runs the tests ignores (nohup) is ignored by the command too: not here.
	env --default-signal=HUP "$ISTHMUS" run $RUN_OPTIONS --timeout 60 -c "$2" >out 2>err &
	pid=$!
	tries=0
	until grep -q ready out || [ $tries = 300 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	kill -s "$1" $pid
	wait $pid
	echo $?
}

is "SIGTERM reaches the program" 143 "$(signal_status TERM 'echo ready; exec sleep 1000')"
is "which may handle it" 9 "$(signal_status TERM 'trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done')"
is "SIGHUP" 129 "$(signal_status HUP 'echo ready; exec sleep 1000')"
is "poweroff -f before the end is no success" 125 "$(status_of run -c 'poweroff -f; sleep 1000')"
is "a full disk for the log does not stop it" 6 "$(status_of run --log /dev/full -c 'exit 6')"
if [ -n "$RUN_OPTIONS" ]; then
	is "a panic is 125" 125 "$(status_of run -c 'echo c >/proc/sysrq-trigger; sleep 1000')"
	ok "with the kernel's last lines" grep -q "isthmus: the kernel's last lines" err
fi
tap_done
