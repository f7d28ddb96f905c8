#!/bin/sh
# ./isthmus bench: what it prints, and what it refuses. The figures themselves are `./isthmus test bench`.
. "$(dirname "$0")/_tap.sh"

is_table() {
	grep -q "^# Isthmus: Linux 6.1" table && grep -Eq "^null-int80 +instr +[1-9][0-9.]* " table
}

is_json() {
	python3 -c '
import json, sys
data = json.load(open("json"))
row, = data["rows"]
sys.exit(not (row["name"] == "null-int80" and row["isthmus"] > 10 and data["mode"] == "icount"))'
}

refuses() {
	"$ISTHMUS" bench "$@" >out 2>&1
	[ $? = 125 ]
}

"$ISTHMUS" bench null-int80 --on isthmus >table
ok "a row gives status 0" test $? = 0
ok "the table has a header and the row" is_table
"$ISTHMUS" bench null-int80 --on isthmus --again | grep -v '^#' >again
grep -v '^#' table >first
ok "a second run measures the same" cmp -s first again
"$ISTHMUS" bench null-int80 --on isthmus --json >json
ok "--json has the same row" is_json
ok "a row that is not there is refused" refuses no-such-row
ok "a system that is not there is refused" refuses --on plan9
ok "an option that is not there is refused" refuses --fast
ok "--list names the families" sh -c '"$ISTHMUS" bench --list | grep -q ^memory:'
"$ISTHMUS" bench curves lookup-10 --on isthmus --plot plots >curve
ok "a curve has its sizes and an exponent near 0" grep -Eq '^Isthmus +[0-9,]+ +[0-9,]+ +[0-9,]+ +[0-9,]+ +[0-9,]+ +-?0\.0' curve
ok "--plot draws it" grep -q '</svg>' plots/lookup-10.svg
ok "a curve that is not there is refused" refuses curves null-int80
ok "so are CPUs that are no number" refuses cpus many
ok "size takes no words" refuses size all
ok "curves --list names what they go over" sh -c '"$ISTHMUS" bench curves --list | grep -q "over entries of a folder"'
tap_done
