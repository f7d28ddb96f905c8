#!/bin/sh
# Runs in the guest: each word is a stressor of stress-ng and how much of it, NAME:OPS or NAME with $SECONDS_EACH.
# Two instances of each, with --verify; between "#= start NAME" and "#= end NAME OUTCOME" what stress-ng said if it did not pass.
# The outcome: pass, fail, skip (it has nothing to run on here), hang (killed after $PATIENCE seconds).
cd /tmp || exit

outcome() {
	case $1 in
	0) if grep -q 'skipping stressor\|not implemented' said; then echo skip; else echo pass; fi ;;
	1) if grep -q 'No stress workers invoked' said; then echo skip; else echo fail; fi ;;
	3 | 4) echo skip ;;
	137) echo hang ;;
	*) echo fail ;;
	esac
}

for word; do
	name=${word%%:*} ops=${word#*:}
	mkdir work && cd work || exit
	echo "#= start $name"
	if [ "$name" = "$word" ]; then
		set -- --timeout "$SECONDS_EACH"
	else
		set -- --timeout "$SECONDS_EACH" "--$name-ops" "$ops"
	fi
	timeout -s KILL "$PATIENCE" stress-ng --verify "--$name" 2 "$@" >../said 2>&1 </dev/null
	status=$?
	cd ..
	outcome=$(outcome $status)
	[ "$outcome" = pass ] || sed 's/^stress-ng: //' said | tail -n 10
	[ "$outcome" != hang ] || killall -9 stress-ng 2>/dev/null
	rm -rf work said
	echo "#= end $name $outcome"
done
