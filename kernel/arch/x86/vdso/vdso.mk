# The vDSO: a shared object of its own, with the ordinary calling convention, embedded in the kernel
# together with the offsets that the kernel must know.

VDSO_SRC := kernel/arch/x86/vdso
VDSO_OUT := $(O)/$(VDSO_SRC)
VDSO_CFLAGS := -std=gnu17 -O2 -m32 -march=i686 -mno-sse -mno-mmx -fpic -fvisibility=hidden -ffreestanding \
	-fno-stack-protector -fno-strict-aliasing -fcf-protection=none -fasynchronous-unwind-tables \
	-fomit-frame-pointer $(WARNINGS)
VDSO_LDFLAGS := -m elf_i386 -shared -soname linux-gate.so.1 --hash-style=both --eh-frame-hdr --build-id=none \
	-z noexecstack -z norelro -z max-page-size=4096 -Bsymbolic --no-undefined --no-warn-rwx-segments

KOBJS += $(VDSO_OUT)/image.o

$(VDSO_OUT)/clock.o: $(VDSO_SRC)/clock.c $(O)/.flags $(CONFIG_H) $(VDSO_SRC)/vdso.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCPPFLAGS) $(VDSO_CFLAGS) -MMD -MP -c -o $@ $<

$(VDSO_OUT)/gate.o: $(VDSO_SRC)/gate.S $(O)/.flags $(CONFIG_H) $(VDSO_SRC)/vdso.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCPPFLAGS) -m32 -march=i686 -D__ASSEMBLY__ -MMD -MP -c -o $@ $<

$(VDSO_OUT)/vdso.so: $(VDSO_SRC)/vdso.lds.S $(VDSO_OUT)/gate.o $(VDSO_OUT)/clock.o
	$(call say,LD,$@)
	$(Q)$(LD) $(VDSO_LDFLAGS) -T $< -o $@ $(filter %.o,$^)

# The image and its offsets; whole pages, since user space sees all of them.
$(VDSO_OUT)/image.S: $(VDSO_OUT)/vdso.so $(VDSO_SRC)/vdso.mk
	$(Q)$(CROSS)objcopy --strip-all $< $(VDSO_OUT)/stripped.so
	$(Q){ printf '.section .rodata..vdso, "a"\n.balign 4096\n.globl vdso_start, vdso_end\n'; \
	printf 'vdso_start: .incbin "%s"\n.balign 4096\nvdso_end:\n' $(VDSO_OUT)/stripped.so; \
	printf '.section .rodata\n.balign 4\n'; \
	for s in vsyscall sigreturn rt_sigreturn; do \
		printf '.globl vdso_%s_offset\nvdso_%s_offset: .long 0x%s\n' $$s $$s \
			$$($(NM) $< | sed -n "s/ T __kernel_$$s\(@.*\)\?$$//p"); done; \
	printf '.section .note.GNU-stack, "", @progbits\n'; } >$@

$(VDSO_OUT)/image.o: $(VDSO_OUT)/image.S
	$(call say,AS,$@)
	$(Q)$(KCC) -m32 -c -o $@ $<

-include $(VDSO_OUT)/clock.d $(VDSO_OUT)/gate.d
