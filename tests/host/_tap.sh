# Sourced by the host tests: TAP, and small programs to run in the guest. A test runs in an empty
# folder of its own, with $ISTHMUS (the command), $RUN_OPTIONS and $MUSL_CC.

tap_count=0
tap_failed=0

# ok NAME COMMAND...: the command succeeds.
ok() {
	tap_name=$1
	shift
	tap_count=$((tap_count + 1))
	if "$@"; then
		echo "ok $tap_count - $tap_name"
	else
		echo "not ok $tap_count - $tap_name"
		tap_failed=$((tap_failed + 1))
	fi
}

# is NAME WANTED GOT
is() {
	ok "$1" test "$2" = "$3"
	[ "$2" = "$3" ] || echo "# wanted '$2', got '$3'"
}

tap_done() {
	echo "1..$tap_count"
	[ $tap_failed = 0 ]
	exit
}

# run OPTIONS AND PROGRAM...: in the guest, never for ever.
run() {
	# shellcheck disable=SC2086
	"$ISTHMUS" run $RUN_OPTIONS --timeout "${RUN_TIMEOUT:-120}" "$@"
}

# status_of COMMAND...: prints its exit status; what it said is in out and err.
status_of() {
	"$@" >out 2>err
	echo $?
}

# program NAME [FLAGS...] <SOURCE: compiles a static i386 program with glibc.
program() {
	tap_program=$1
	shift
	cat >"$tap_program.c"
	i686-linux-gnu-gcc -O1 -static -w -o "$tap_program" "$tap_program.c" "$@"
}

one_line() {
	test "$(wc -l <"$1")" = 1
}
