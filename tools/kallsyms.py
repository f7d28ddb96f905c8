#!/usr/bin/python3
"""nm -n of the kernel on stdin -> an assembler file with its text symbols on stdout, for kernel/lib/ksym.c.

The symbols come in ascending order, in blocks of 16, so that a search need not read them all:

  ksym_count    how many
  ksym_blocks   for each block its first symbol's offset from _stext, and where in ksym_stream it begins
  ksym_stream   for each symbol the distance from the one before (7 bits a byte, the highest bit: more follow; 0 for
                the first of a block), then its name: characters, and bytes from 128 up for words; a 0 ends it
  ksym_words    those words, each ended by a 0

No entry is an address, so that relocating the image leaves the table alone.
"""
import collections
import re
import sys

BLOCK, WORDS, NAME_MAX = 16, 128, 63


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
    return [(a - base, n[:NAME_MAX]) for a, n in sorted(symbols.items()) if a >= base and (not end or a < end)]


def phrases(name):
    """Up to four words of it in a row."""
    words = re.findall(r"[A-Za-z0-9]+_*|[._]+", name)
    for i in range(len(words)):
        for j in range(i + 1, min(len(words), i + 4) + 1):
            yield "".join(words[i:j])


def frequent(names):
    """The phrases that save most when a byte stands for each."""
    count = collections.Counter(phrase for name in names for phrase in phrases(name))
    return sorted(count, key=lambda phrase: (-(len(phrase) - 1) * count[phrase], phrase))[:WORDS]


def longest_of(words):
    """Matches the longest of them that stands somewhere."""
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))) or "$^")


def coded(name, words, longest):
    """Its bytes; words: phrase -> number."""
    out, at = [], 0
    for match in longest.finditer(name):
        out += name[at:match.start()].encode() + bytes([WORDS + words[match.group()]])
        at = match.end()
    return [*out, *name[at:].encode(), 0]


def distance(number):
    out = []
    while number >= 128:
        out.append(128 | number & 127)
        number >>= 7
    return [*out, number]


def main():
    symbols = text_symbols(sys.stdin)
    words = {phrase: i for i, phrase in enumerate(frequent([name for _, name in symbols]))}
    blocks, stream, last, longest = [], [], 0, longest_of(words)
    for i, (offset, name) in enumerate(symbols):
        if i % BLOCK == 0:
            blocks += [offset, len(stream)]
            last = offset
        stream += distance(offset - last) + coded(name, words, longest)
        last = offset
    out = ['.section .rodata.ksym, "a"', ".balign 4", ".globl ksym_count, ksym_blocks, ksym_stream, ksym_words"]
    out += [f"ksym_count: .long {len(symbols)}", "ksym_blocks:", *(f".long {number}" for number in blocks)]
    out += ["ksym_stream:", *(f".byte {','.join(map(str, stream[i:i + 32]))}" for i in range(0, len(stream), 32))]
    out += ["ksym_words:", *(f'.asciz "{word}"' for word in words), ".byte 0"]
    out.append('.section .note.GNU-stack, "", @progbits')
    print("\n".join(out))


main()
