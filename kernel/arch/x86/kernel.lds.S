/*
 * The image: linked at LINK_PAGE_OFFSET + 1 MB, loaded at 1 MB, moved to another split by the boot
 * stub through .packed_relocs, which is .rel.dyn in fewer bytes (tools/relocs.py). In memory order:
 *
 *   text, read-only data | data | what only the boot needs | bss
 *
 * each part on pages of its own, so that the page tables can protect it.
 */
#include "layout.h"
#undef i386

OUTPUT_FORMAT("elf32-i386")
OUTPUT_ARCH(i386)
ENTRY(_start)

PHDRS
{
	kernel PT_LOAD FLAGS(7);
}

SECTIONS
{
	. = LINK_PAGE_OFFSET + KERNEL_PHYS_BASE;
	_image_start = .;

	.text : AT(ADDR(.text) - LINK_PAGE_OFFSET) ALIGN(4096) {
		/* A symbol of this section, so that the relocation moves it as well. */
		__page_offset = . - KERNEL_PHYS_BASE;
		_stext = .;
		KEEP(*(.multiboot))
		. = ALIGN(4096);
		__entry_text_start = .;
		*(.entry.text)
		*(.entry.text.fixup)
		. = ALIGN(4096);
		__entry_text_end = .;
		*(.text.hot .text.hot.*)
		*(.text .text.*)
		*(.fixup)
		_etext = .;
	} :kernel = 0x90909090

	.rodata : AT(ADDR(.rodata) - LINK_PAGE_OFFSET) ALIGN(4096) {
		_srodata = .;
		*(.rodata..vdso)
		*(.rodata .rodata.*)
		. = ALIGN(4);
		__ex_table_start = .;
		KEEP(*(.ex_table))
		__ex_table_end = .;
		_erodata = .;
	} :kernel

	.data : AT(ADDR(.data) - LINK_PAGE_OFFSET) ALIGN(4096) {
		_sdata = .;
		KEEP(*(.data..page_aligned))
		*(.data .data.[!.]* .data.[!.]*.*)
		*(.got .got.plt)
		. = ALIGN(64);
		_edata = .;
	} :kernel

	.init : AT(ADDR(.init) - LINK_PAGE_OFFSET) ALIGN(4096) {
		__init_start = .;
		KEEP(*(.init.head))
		*(.init.text .init.text.*)
		*(.init.data .init.data.*)
		. = ALIGN(4);
		__smap_sites_start = .;
		KEEP(*(.smap_sites))
		__smap_sites_end = .;
		__pti_sites_start = .;
		KEEP(*(.pti_sites))
		__pti_sites_end = .;
		. = ALIGN(64);
		__percpu_start = .;
		*(.data..percpu .data..percpu.*)
		. = ALIGN(64);
		__percpu_end = .;
	} :kernel

	/* Behind all that it names: its own size moves none of that. */
	.packed_relocs : AT(ADDR(.packed_relocs) - LINK_PAGE_OFFSET) {
		__packed_relocs = .;
		KEEP(*(.packed_relocs))
	} :kernel

	.bss : AT(ADDR(.bss) - LINK_PAGE_OFFSET) ALIGN(4096) {
		__init_end = .;
		__bss_start = .;
		*(.bss..page_aligned)
		*(.bss .bss.* COMMON)
		. = ALIGN(64);
		__percpu_area0 = .;
		. += __percpu_end - __percpu_start;
		. = ALIGN(4096);
		__bss_end = .;
	} :kernel
	_image_end = .;

	/DISCARD/ : {
		*(.comment .note .note.* .eh_frame .eh_frame_hdr .interp .gnu.version*)
	}
	/* What .packed_relocs was made from; not loaded. */
	.rel.dyn 0 (INFO) : { *(.rel.*) } :NONE
	.dynamic 0 (INFO) : { *(.dynamic) }
	.dynsym 0 (INFO) : { *(.dynsym) }
	.dynstr 0 (INFO) : { *(.dynstr) }
	.hash 0 (INFO) : { *(.hash) }
	.gnu.hash 0 (INFO) : { *(.gnu.hash) }
	.debug_info 0 : { *(.debug_info) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_line 0 : { *(.debug_line) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_frame 0 : { *(.debug_frame) }
	.debug_macro 0 : { *(.debug_macro) }
}

/* The machine hands over to kernel/main.c: here, because no lower layer may name a higher one. */
boot_main = kernel_main;

ASSERT(__entry_text_end - __entry_text_start <= 0x2000, "entry text: two pages are what user mode may map")
ASSERT(_image_end - _image_start < 0x01000000, "the image does not fit below 16 MB")
