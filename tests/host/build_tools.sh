#!/bin/sh
# The build's own tools: the layer rule is seen in the objects, the tables of symbols and relocations are right, and a
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
is "in one block" ".long 0 .long 0" "$(sed -n '/^ksym_blocks/,/^ksym_stream/p' table.S | grep long | xargs)"
is "as distances, and a byte for each word" ".byte 0,129,0,16,128,0,48,130,0" "$(sed -n '/^ksym_stream/,/^ksym_words/p' table.S | grep byte)"
is "with the words" ".asciz second .asciz first .asciz third" "$(grep asciz table.S | xargs)"
ok "the table assembles" i686-linux-gnu-gcc -c -o table.o table.S

cat >relocations <<'EOF'
Relocation section '.rel.dyn' at offset 0x1000 contains 3 entries:
 Offset     Info    Type                Sym. Value  Symbol's Name
c0100200  00000008 R_386_RELATIVE
c0100010  00000008 R_386_RELATIVE
c0100014  00000008 R_386_RELATIVE
EOF
"$TOP/tools/relocs.py" <relocations >relocs.S
is "relocations in ascending order" ".byte 0; .long 0xc0100010 .byte 4 .byte 0; .long 0xc0100200 .byte 0; .long 0" "$(grep byte relocs.S | xargs)"
ok "their table assembles" i686-linux-gnu-gcc -c -o relocs.o relocs.S
echo 'c0100018  00000101 R_386_32          00000000   symbol' >>relocations
said=$("$TOP/tools/relocs.py" <relocations 2>&1 >/dev/null)
is "another kind is refused" "relocs.py: R_386_32 at c0100018: only R_386_RELATIVE is known" "$said"

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
