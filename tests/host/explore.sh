#!/bin/sh
# explore, in the guest, shows each state that memory can be in. The same on Linux (--on-linux).
. "$(dirname "$0")/_tap.sh"

RUN_OPTIONS="$RUN_OPTIONS -m 2G"

# step TEXT PATTERN: the line of the table that begins with TEXT ends in PATTERN.
step() {
	ok "$1: $2" grep -qE "^$1.* $2\$" out
}

is "the life of a page" 0 "$(status_of run -c 'explore life')"
step "mmap: addresses are promised" "no entry"
step "the first read" "the zero page, for everybody"
step "the first write" "frame [0-9a-f]+ +HighMem +mapped by 1"
step "fork" "mapped by 2"
step "the child writes" "mapped by 1"
step "the parent writes" "mapped by 1"
step "munmap" "no entry"
frame() { sed -n "s/^$1.*frame \([0-9a-f]*\).*/\1/p" out; }
is "fork shares the frame" "$(frame 'the first write')" "$(frame fork)"
ok "the child's write gives it another" test "$(frame fork)" != "$(frame 'the child writes')"
is "and leaves the parent the old one" "$(frame 'the first write')" "$(frame 'the parent writes')"

is "lazy memory" 0 "$(status_of run -c 'explore lazy')"
# column STEP N: the number in column N of the table.
column() { sed -n "s/^$1 *\([0-9].*\)/\1/p" out | awk "{ print \$$2 }"; }
is "mmap adds to the size" 262144 $(($(column 'mmap of 256 MB' 1) - $(column before 1)))
is "and nothing to what is resident" "$(column before 2)" "$(column 'mmap of 256 MB' 2)"
is "reading adds nothing either" "$(column before 2)" "$(column 'the first 1 MB read' 2)"
is "but faults, one a page" 256 "$(column 'the first 1 MB read' 6)"
is "writing adds the pages" 1024 $(($(column 'the same 1 MB written' 2) - $(column before 2)))
is "all of it is resident once it is written" 262144 $(($(column 'all 256 MB written' 2) - $(column before 2)))
is "munmap gives it back" "$(column before 2)" "$(column munmap 2)"

is "zones" 0 "$(status_of run -c 'explore zones')"
for zone in DMA Normal HighMem; do
	ok "zone $zone" grep -qE "^$zone +[0-9a-f]+-[0-9a-f]+ +[0-9]+ +[0-9]+" out
done
is "an unknown tour is refused" 2 "$(status_of run -c 'explore nothing')"
ok "with the list of those there are" grep -q 'usage: explore TOUR' err
tap_done
