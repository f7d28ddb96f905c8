#!/bin/sh
# docs/memory/syscalls.md has every flag of the user-space headers for memory, and every test that it names is there.
. "$(dirname "$0")/_tap.sh"
LC_ALL=C
export LC_ALL

: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
page=$TOP/docs/memory/syscalls.md

# nothing NAME LINES: LINES is empty; otherwise each is shown.
nothing() {
	ok "$1" test -z "$2"
	[ -z "$2" ] || echo "$2" | sed 's/^/# /'
}

# macros HEADER: the names that it defines; symbols HEADER: those and its enumerators.
symbols() {
	echo "#include <linux/$1.h>" | i686-linux-gnu-gcc -E -dD - | grep -oE '[A-Z]+_[A-Z0-9_]+' | sort -u
}

for header in mman memfd membarrier mempolicy rseq shm fcntl; do
	symbols $header
done | grep -E '^(MAP|PROT|MADV|MREMAP|MS|MCL|MLOCK|MFD|PKEY|MEMBARRIER_CMD|MPOL|RSEQ|SHM|F_SEAL)_' | sort -u |
	grep -vE '^MPOL_(MAX|F_MOF|F_MORON|F_SHARED|F_|MF_INTERNAL)$|_BIT$|^RSEQ_CS_FLAG_NO_RESTART$|^RSEQ_(SCHED|CPU_ID|CS)$' >flags
ok "there are flags" test "$(wc -l <flags)" -gt 90
grep -oE '`[A-Z0-9_]+`' "$page" | tr -d '\140' | sort -u >told
nothing "every flag of the headers is on the page" "$(comm -23 flags told)"
{ symbols userfaultfd; symbols ipc; symbols fcntl; echo O_CLOEXEC; echo O_NONBLOCK; } | sort -u - flags >names
nothing "every feature of userfaultfd is on the page" "$(symbols userfaultfd | grep '^UFFD_FEATURE_' | comm -23 - told)"
nothing "and nothing that is none" "$(comm -13 names told)"

grep '^|' "$page" | awk -F'|' '{ print $4 }' | grep -oE '`[a-z0-9_]+`' | tr -d '\140' | sort -u >tests
nothing "every test that it names is there" "$(while read -r test; do
	[ -f "$TOP/tests/guest/$test.c" ] || echo "$test"
done <tests)"
nothing "what is done has a test" "$(grep '^|' "$page" | awk -F'|' '$3 ~ /^ done/ && $4 !~ /`/')"
grep -oE '`[a-z0-9_]+`' "$page" | tr -d '\140' | sort -u >words
nothing "every memory call is there" "$(for call in mmap2 munmap mprotect mremap brk remap_file_pages process_madvise \
	mlock mlock2 munlock mlockall munlockall msync mincore process_vm_readv process_vm_writev process_mrelease membarrier \
	rseq shmget shmat shmdt shmctl memfd_create pkey_alloc pkey_free pkey_mprotect set_mempolicy get_mempolicy mbind set_mempolicy_home_node migrate_pages \
	move_pages; do grep -qx "$call" words || echo "$call"; done)"
tap_done
