#!/bin/sh
# The build's own tools: the layer rule is seen in the objects, the symbol table is right, and a
# configuration word that does not exist is refused.
. "$(dirname "$0")/_tap.sh"

# object PATH <SOURCE
object() {
	mkdir -p "$(dirname "$1")"
	i686-linux-gnu-gcc -x c -w -c -o "$1" -
}

echo 'int low(void) { return 1; }' | object kernel/lib/low.o
echo 'int low(void); int mid(void) { return low(); }' | object kernel/mm/mid.o
echo 'int mid(void); int top(void) { return mid(); }' | object kernel/fs/top.o
echo 'int top(void); int bad(void) { return top(); }' | object kernel/sched/bad.o
echo 'int dev(void) { return 1; }' | object kernel/drivers/dev.o
echo 'int dev(void); int net(void) { return dev(); }' | object kernel/net/net.o

layers() {
	"$TOP/tools/check-layers" "$@" >out 2>&1
	echo $?
}

is "calls that go down" 0 "$(layers kernel/lib/low.o kernel/mm/mid.o kernel/fs/top.o)"
is "a call that goes up" 1 "$(layers kernel/lib/low.o kernel/mm/mid.o kernel/fs/top.o kernel/sched/bad.o)"
ok "is named" grep -q "kernel/sched/bad (sched) refers to top of kernel/fs/top (fs)" out
is "net may not call drivers" 1 "$(layers kernel/drivers/dev.o kernel/net/net.o)"

cat >symbols <<'EOF'
c0100000 T _stext
c0100000 T first
c0100010 t second
c0100020 D data
c0100040 T third
c0100080 T _etext
c0200000 T after
EOF
"$TOP/tools/kallsyms.py" <symbols >table.S
is "symbols in the table" "ksym_count: .long 3" "$(grep ksym_count: table.S)"
is "as offsets" ".long 0 .long 16 .long 64" "$(sed -n '/^ksym_offsets/,/^ksym_name_at/p' table.S | grep long | xargs)"
ok "the table assembles" i686-linux-gnu-gcc -c -o table.o table.S

config() {
	make -s -C "$TOP" O="$PWD/b" "$@" config >out 2>&1
	echo $?
}
is "an option that does not exist" 2 "$(config CONFIG_NOSUCH=y)"
ok "is named" grep -q CONFIG_NOSUCH out
is "another value" 0 "$(config CONFIG_X86_PAE=n)"
ok "is in the header" sh -c '! grep -q X86_PAE b/include/generated/config.h'
is "and stays" 0 "$(config)"
ok "for the next make" sh -c '! grep -q X86_PAE b/include/generated/config.h'
tap_done
