#!/usr/bin/python3
"""Bring BUILD/.config, config.h and auto.mk in line with Kconfig.

usage: kconfig.py OUT [--defaults] [CONFIG_NAME=VALUE ...]

Reads OUT/.config (if it is there), applies the overrides, and writes
  OUT/.config                          the whole configuration, also packed into the kernel
  OUT/include/generated/config.h       CONFIG_NAME macros (rewritten only when they change)
  OUT/include/generated/auto.mk        the same for make
"""
import os
import sys

import kconfiglib


def write_if_changed(path, text):
    try:
        with open(path) as f:
            if f.read() == text:
                return
    except OSError:
        pass
    with open(path + ".tmp", "w") as f:
        f.write(text)
    os.replace(path + ".tmp", path)


def die(message):
    sys.exit(f"kconfig: {message}")


def override(kconf, word):
    name, _, value = word.partition("=")
    name = name.removeprefix("CONFIG_")
    sym = kconf.syms.get(name)
    if sym is None or not sym.nodes:
        die(f"no option CONFIG_{name}; Kconfig lists them (make menuconfig)")
    value = value.strip('"')
    if not sym.set_value(value):
        die(f"'{value}' is no value for CONFIG_{name}")
    if sym.orig_type in (kconfiglib.BOOL, kconfiglib.TRISTATE) and sym.str_value != value:
        die(f"CONFIG_{name} cannot be '{value}' here; another option decides it (see Kconfig)")


def render(kconf):
    header = ["/* Made from Kconfig and .config; edit those. */"]
    make = ["# Made from Kconfig and .config; edit those."]
    for sym in kconf.unique_defined_syms:
        value = sym.str_value
        if sym.orig_type in (kconfiglib.BOOL, kconfiglib.TRISTATE):
            if value == "y":
                header.append(f"#define CONFIG_{sym.name} 1")
                make.append(f"CONFIG_{sym.name} := y")
        elif value:
            quoted = f'"{value}"' if sym.orig_type == kconfiglib.STRING else value
            header.append(f"#define CONFIG_{sym.name} {quoted}")
            make.append(f"CONFIG_{sym.name} := {value}")
    return "\n".join(header) + "\n", "\n".join(make) + "\n"


def main():
    args = sys.argv[1:]
    if not args:
        die("usage: kconfig.py OUT [--defaults] [CONFIG_NAME=VALUE ...]")
    out, words = args[0], args[1:]
    generated = os.path.join(out, "include/generated")
    os.makedirs(generated, exist_ok=True)
    kconf = kconfiglib.Kconfig("Kconfig", warn_to_stderr=True)
    config = os.path.join(out, ".config")
    if os.path.exists(config) and "--defaults" not in words:
        kconf.load_config(config)
    for word in words:
        if word != "--defaults":
            override(kconf, word)
    kconf.write_config(config, header="# Isthmus kernel configuration\n")
    header, make = render(kconf)
    write_if_changed(os.path.join(generated, "config.h"), header)
    with open(os.path.join(generated, "auto.mk"), "w") as f:
        f.write(make)


main()
