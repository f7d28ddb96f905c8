#!/usr/bin/python3
"""readelf -rW of the kernel on stdin -> an assembler file with its relocations in few bytes.

Every relocation is R_386_RELATIVE: the distance between two splits is added to a word. The table that boot/head.S
reads lists where those words are, in ascending order, each as its distance from the one before, a byte; or as a 0 and
its address, four bytes. The address 0 ends it. An address is a number here, so that relocating leaves the table alone.
"""
import sys


def positions(lines):
    found = []
    for words in map(str.split, lines):
        if len(words) < 3 or not words[2].startswith("R_386_"):
            continue
        if words[2] != "R_386_RELATIVE":
            sys.exit(f"relocs.py: {words[2]} at {words[0]}: only R_386_RELATIVE is known")
        found.append(int(words[0], 16))
    return sorted(found)


def main():
    out, last = ['.section .packed_relocs, "a"'], 0
    for position in positions(sys.stdin):
        far = not 0 < position - last < 256
        out.append(f".byte 0; .long {position:#x}" if far else f".byte {position - last}")
        last = position
    out += [".byte 0; .long 0", '.section .note.GNU-stack, "", @progbits']
    print("\n".join(out))


main()
