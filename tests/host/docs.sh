#!/bin/sh
# The book names every source file once and nothing that is not there, and no link of any document leads nowhere.
. "$(dirname "$0")/_tap.sh"
LC_ALL=C
export LC_ALL

: "${TOP:=$(cd "$(dirname "$0")/../.." && pwd)}"
book=$TOP/docs/README.md

# tracked FOLDER-OR-PATTERN...: files under git that still exist; all files where there is no git.
tracked() {
	(cd "$TOP" && { git ls-files -- "$@" 2>/dev/null || find . -type f | sed 's|^\./||'; }) |
		while read -r file; do
			[ ! -f "$TOP/$file" ] || echo "$file"
		done
}

# links FILE: the targets of its links, without anchors; code does not count.
links() {
	awk '/^ *```/ { code = !code; next } !code { gsub(/`[^`]*`/, "`"); print }' "$1" |
		grep -o '\]([^) ]*)' | sed 's/^](//; s/)$//; s/#.*//' | grep -v -e '^$' -e '^[a-z]*:'
}

# lost DOCUMENTS...: each link that leads nowhere.
lost() {
	for document; do
		folder=$(dirname "$TOP/$document")
		for target in $(links "$TOP/$document"); do
			[ -e "$folder/$target" ] || echo "$document: $target"
		done
	done
}

# nothing NAME LINES: LINES is empty; otherwise each is shown.
nothing() {
	ok "$1" test -z "$2"
	[ -z "$2" ] || echo "$2" | sed 's/^/# /'
}

tracked kernel user tools | grep -E '^(kernel|user|tools)/' | sort >sources
grep -oE '\]\(\.\./(kernel|user|tools)/[^)]*\)' "$book" | sed 's|^](\.\./||; s/)$//' | sort >named
ok "there are sources" test "$(wc -l <sources)" -gt 100
nothing "the book names every source file" "$(comm -23 sources named)"
nothing "and nothing else" "$(uniq named | comm -13 sources -)"
nothing "and each once" "$(uniq -d named)"

tracked '*.md' | grep '\.md$' | grep -v '^build' >documents
nothing "every chapter is in the book's reading order" "$(grep '^docs/.*\.md$' documents | grep -v '^docs/README.md$' |
	sed 's|^docs/||' | while read -r chapter; do grep -qF "]($chapter)" "$book" || echo "docs/$chapter"; done)"
# shellcheck disable=SC2046
nothing "no link leads nowhere" "$(lost $(cat documents))"

echo '#include <asm/unistd.h>' | i686-linux-gnu-gcc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/\1/p' | sort >calls
sed -n 's/^ROW[A-Z_]*(\([a-z0-9_]*\),.*/\1/p' "$TOP/kernel/abi/syscall_table.h" | sort | comm -23 calls - >missing
sed -n '/^```missing/,/^```$/p' "$TOP/docs/CAVEATS.md" | grep -v '^```' | tr ' ' '\n' | sort >listed
nothing "the caveats name every system call that is missing" "$(comm -23 missing listed)"
nothing "and none that is there" "$(comm -13 missing listed)"
tap_done
