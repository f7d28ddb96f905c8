#!/usr/bin/python3
"""nm -n of the kernel on stdin -> an assembler file with its text symbols on stdout.

The table is what kernel/lib/ksym.c reads: ksym_count, sorted 32-bit offsets from _stext, for each
symbol the 32-bit offset of its name, and the names. No entry is an address, so that relocating
the image leaves the table alone.
"""
import sys


def text_symbols(lines):
    symbols, base, end = {}, None, None
    for line in lines:
        words = line.split()
        if len(words) != 3:
            continue
        address, kind, name = int(words[0], 16), words[1], words[2]
        if name == "_stext":
            base = address
        elif name == "_etext":
            end = address
        elif kind in "tTwW" and not name.startswith((".L", "__pfx_")):
            if address not in symbols or kind in "TW":
                symbols[address] = name
    if base is None:
        return []
    return [(a - base, n) for a, n in sorted(symbols.items()) if a >= base and (not end or a < end)]


def main():
    symbols = text_symbols(sys.stdin)
    names, position = {}, 0
    for _, name in symbols:
        if name not in names:
            names[name] = position
            position += len(name) + 1
    out = ['.section .rodata.ksym, "a"', ".balign 4", ".globl ksym_count, ksym_offsets, ksym_name_at, ksym_names"]
    out.append(f"ksym_count: .long {len(symbols)}")
    out.append("ksym_offsets:")
    out += [f".long {offset}" for offset, _ in symbols]
    out.append("ksym_name_at:")
    out += [f".long {names[name]}" for _, name in symbols]
    out.append("ksym_names:")
    out += [f'.asciz "{name}"' for name in names]
    out += [".byte 0", '.section .note.GNU-stack, "", @progbits']
    print("\n".join(out))


main()
