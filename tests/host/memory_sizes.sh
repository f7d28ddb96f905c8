#!/bin/sh
# How much memory a machine may have, and options that cannot be obeyed: said in the log, and the machine comes up all the same.
. "$(dirname "$0")/_tap.sh"

field() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" out
}

ok "5 MB are enough for a shell" run -m 5M -c 'grep -q MemTotal /proc/meminfo'
run -m 64G -c 'cat /proc/meminfo; tail -n 2 /proc/zoneinfo' >out
ok "64 GB: all is there but the hole for devices" test "$(field MemTotal)" -gt $((62 << 20))
ok "and 450 MB of low memory are free" test "$(field LowFree)" -gt $((450 << 10))

# options SIZE WORDS: boots with them; what meminfo says in out, the log in log.
options() {
	run -m "$1" --append "$2" --log log -c 'sed "s/:  */=/;s/ kB//" /proc/meminfo | grep -E "^(Mem|High|Low|Vmalloc)"' >out
}
# refused SIZE WORDS LINE
refused() {
	options "$1" "$2"
	ok "$2 is refused in words" grep -q "$3" log
	ok "and the machine comes up" grep -q "^MemTotal=" out
}
refused 64M "vmsplit=3.5G" "vmsplit=3.5G: the splits are 3G, 3G_OPT, 2G, 2G_OPT and 1G; 3G is used"
refused 64M "vmalloc=1G highmem=60M mem=2M" "vmalloc= must be 8 MB to 983 MB with this split: ignored"
ok "each of them" sh -c 'grep -q "mem= leaves no room" log && grep -q "highmem= must leave 16 MB" log'
refused 8M "vmsplit=1G vmalloc=2900M" "vmalloc= needs page tables"
options 64M "vmsplit=2G_OPT vmalloc=600M highmem=32M mem=60M"
is "options that fit together are obeyed" "HighTotal=32768 VmallocTotal=614400" "$(grep -E '^(HighT|VmallocT)' out | xargs)"
options 2G "vmsplit=1G highmem=1G"
is "highmem= moves the border down" "HighTotal=1048576" "$(grep HighT out)"
is "the configuration in the guest is that of the kernel" 0 "$(status_of run -c 'zcat /proc/config.gz | cmp - /boot/config-$(uname -r)')"

# instructions OPTIONS: of a first touch, by icount
instructions() {
	"$ISTHMUS" bench touch-4k --on isthmus -m 512M "$@" --json >out && python3 -c 'import json; print(round(json.load(open("out"))["rows"][0]["isthmus"]))'
}
ok "a page of low memory costs no more than one of high memory" test "$(instructions)" -le "$(instructions --append highmem=384M)"
tap_done
