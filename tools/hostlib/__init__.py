"""The host side of ./isthmus. Reading order: options, elf, image, machine, link, session."""
