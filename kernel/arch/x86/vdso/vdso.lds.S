/*
 * The vDSO as a shared object linked at 0: everything in one read-only, executable piece, as the
 * kernel maps it. The clock page lies right before it.
 */
SECTIONS
{
	PROVIDE_HIDDEN(vdso_vvar = -4096);
	. = SIZEOF_HEADERS;
	.hash : { *(.hash) } :text
	.gnu.hash : { *(.gnu.hash) }
	.dynsym : { *(.dynsym) }
	.dynstr : { *(.dynstr) }
	.gnu.version : { *(.gnu.version) }
	.gnu.version_d : { *(.gnu.version_d) }
	.dynamic : { *(.dynamic) } :text :dynamic
	.rodata : { *(.rodata .rodata.* .got .got.plt .data .data.* .bss .bss.*) } :text
	.note : { *(.note.*) } :text :note
	.eh_frame_hdr : { *(.eh_frame_hdr) } :text :eh_frame_hdr
	.eh_frame : { KEEP(*(.eh_frame)) } :text
	.text : { *(.text .text.*) } :text = 0x90909090
	/DISCARD/ : { *(.comment .note.GNU-stack .note.gnu.property .gnu.version_r) }
}

PHDRS
{
	text PT_LOAD FILEHDR PHDRS FLAGS(5);
	dynamic PT_DYNAMIC FLAGS(4);
	note PT_NOTE FLAGS(4);
	eh_frame_hdr PT_GNU_EH_FRAME;
}

VERSION
{
	LINUX_2.5 {
	global:
		__kernel_vsyscall;
		__kernel_sigreturn;
		__kernel_rt_sigreturn;
	local: *;
	};
	LINUX_2.6 {
	global:
		__vdso_clock_gettime;
		__vdso_clock_gettime64;
		__vdso_clock_getres;
		__vdso_gettimeofday;
		__vdso_time;
	};
}
