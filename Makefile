# Isthmus: one make, no recursion. Sources are found by wildcard: a new file needs no edit here.
#
#   make                            build/isthmus.elf
#   make O=build-2l CONFIG_X86_PAE=n   another output folder, another configuration
#   make CC=clang                   with clang
#   make unit                       build and run the host tests (tests/unit)
#   make check-layers check lint    the layer rule; static checks
#   make help                       all targets

O ?= build
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
V ?= 0
Q := $(if $(filter 0,$(V)),@)
say = $(if $(filter 0,$(V)),@printf '  %-7s %s\n' $(1) '$(patsubst $(O)/%,%,$(2))')

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all
all: $(O)/isthmus.elf

# ---- configuration -------------------------------------------------------------------------------

GENERATED := $(O)/include/generated
CONFIG_H := $(GENERATED)/config.h
OVERRIDES := $(foreach v,$(filter CONFIG_%,$(.VARIABLES)),$(if $(filter command,$(origin $(v))),$(v)='$($(v))'))
NO_CONFIG_GOALS := clean distclean help menuconfig defconfig format format-check
ifneq ($(filter-out $(NO_CONFIG_GOALS),$(or $(MAKECMDGOALS),all)),)
include $(GENERATED)/auto.mk
endif

# Overrides are looked at once per make, not again after make has re-read its makefiles.
$(GENERATED)/auto.mk: Kconfig tools/kconfig.py $(wildcard $(O)/.config) \
		$(if $(OVERRIDES),$(if $(MAKE_RESTARTS),,FORCE))
	$(Q)$(PYTHON) tools/kconfig.py $(O) $(OVERRIDES)
$(CONFIG_H): $(GENERATED)/auto.mk ;

.PHONY: menuconfig defconfig config
menuconfig:
	$(Q)mkdir -p $(O)
	KCONFIG_CONFIG=$(O)/.config $(PYTHON) -m menuconfig Kconfig
defconfig:
	$(Q)$(PYTHON) tools/kconfig.py $(O) --defaults $(OVERRIDES)
config: $(GENERATED)/auto.mk

# ---- tools and flags -----------------------------------------------------------------------------

CROSS ?= i686-linux-gnu-
HOSTCC ?= gcc
ifeq ($(origin CC),default)
CC := $(CROSS)gcc
endif
LD := $(CROSS)ld
NM := $(CROSS)nm
READELF := $(CROSS)readelf
ifneq ($(findstring clang,$(CC)),)
KCC := $(CC) --target=i686-linux-gnu
COMPILER_INCLUDE := $(shell $(CC) -print-resource-dir)/include
else
KCC := $(CC)
COMPILER_INCLUDE := $(shell $(CC) -print-file-name=include)
endif
LIBGCC := $(shell $(CROSS)gcc -print-libgcc-file-name)
UAPI := /usr/i686-linux-gnu/include

# A table may give a default for all rows, [0 ... N] = x, and then the rows that differ.
# i386 aligns 64-bit members to 4 bytes; cmpxchg8b takes them as they are.
ACCEPTED := $(if $(findstring clang,$(CC)),-Wno-initializer-overrides -Wno-atomic-alignment,-Wno-override-init)
WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror $(ACCEPTED)
KCPPFLAGS := -nostdinc -isystem $(COMPILER_INCLUDE) -isystem $(UAPI) -Ikernel/include \
	-Ikernel -Ikernel/arch/x86/include -I$(O)/include -DISTHMUS_KERNEL -include $(CONFIG_H)
# No SSE, so nothing on the stack needs more than the 4 bytes of a word.
STACK_4 := $(if $(findstring clang,$(CC)),-mstack-alignment=4,-mpreferred-stack-boundary=2)
KARCH := -m32 -march=i686 -mtune=generic $(STACK_4) -mregparm=3 -mno-sse -mno-mmx -msoft-float -mno-80387
# What the compiler puts between functions and in front of loops would be a tenth of the code.
KALIGN := -falign-functions=4 -falign-loops=1 $(if $(findstring clang,$(CC)),,-falign-jumps=1 -falign-labels=1)
KCFLAGS := -std=gnu17 -O2 -g -ffreestanding -fno-pic -fno-pie $(KARCH) $(KALIGN) -fno-strict-aliasing \
	-fno-common -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables \
	-fno-delete-null-pointer-checks -fwrapv -fcf-protection=none \
	-fstack-protector-strong -mstack-protector-guard=global \
	$(if $(filter y,$(CONFIG_FRAME_POINTER)),-fno-omit-frame-pointer) $(WARNINGS) $(EXTRA_CFLAGS)
KAFLAGS := -g $(KARCH) -D__ASSEMBLY__ $(EXTRA_AFLAGS)

# libgcc takes its arguments on the stack, kernel code passes them in registers: kernel/lib/libgcc.c
# stands between the two.
LIBGCC_WRAP := $(addprefix --wrap=,__udivdi3 __umoddi3 __divdi3 __moddi3 __udivmoddi4 __divmoddi4)
KLDFLAGS := -m elf_i386 -pie -z notext --no-dynamic-linker --gc-sections -z noexecstack \
	-z max-page-size=4096 --build-id=none --no-warn-rwx-segments --orphan-handling=place

# ---- kernel sources ------------------------------------------------------------------------------

KDIRS := $(wildcard $(addprefix kernel/,lib arch/x86 sched mm fs proc drivers net abi))
KSRCS := $(wildcard kernel/*.[cS] kernel/arch/*.[cS]) \
	$(shell find $(KDIRS) -name '*.[cS]' ! -name '*.lds.S' ! -path 'kernel/arch/x86/vdso/*' 2>/dev/null | sort)
# x.c becomes x.o and x.S becomes x.S.o: a C file and an assembly file may share a name.
KOBJS := $(patsubst %.c,$(O)/%.o,$(filter %.c,$(KSRCS))) $(patsubst %.S,$(O)/%.S.o,$(filter %.S,$(KSRCS)))
LAYER_OBJS := $(KOBJS)
LDSCRIPT := $(O)/kernel.lds

# vdso.mk has rules of its own and may add to KOBJS (its output goes below $(O)/kernel/arch/x86/vdso).
-include kernel/arch/x86/vdso/vdso.mk

KOBJS += $(O)/kconfig_gz.o

# Objects are rebuilt when the command that makes them changes.
define stamp
$(shell mkdir -p $(O); printf '%s\n' '$(2)' | cmp -s - $(O)/$(1) 2>/dev/null || printf '%s\n' '$(2)' >$(O)/$(1))
endef
$(call stamp,.flags,$(KCC) $(KCPPFLAGS) $(KCFLAGS) $(KAFLAGS))
$(call stamp,.objects,$(KOBJS) $(KLDFLAGS) $(LIBGCC_WRAP))

$(O)/%.o: %.c $(O)/.flags $(CONFIG_H)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCPPFLAGS) $(KCFLAGS) -MMD -MP -c -o $@ $<

$(O)/%.S.o: %.S $(O)/.flags $(CONFIG_H)
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(KCC) $(KCPPFLAGS) $(KAFLAGS) -MMD -MP -c -o $@ $<

$(LDSCRIPT): kernel/arch/x86/kernel.lds.S $(O)/.flags $(CONFIG_H)
	$(call say,LDS,$@)
	$(Q)$(KCC) $(KCPPFLAGS) -D__ASSEMBLY__ -DLINKER_SCRIPT -E -P -x assembler-with-cpp -MMD -MP \
		-MT $@ -MF $@.d -o $@ $<

# /proc/config.gz: the configuration, the same bytes for the same configuration.
$(O)/kconfig_gz.o: $(GENERATED)/auto.mk
	$(call say,GEN,$@)
	$(Q)gzip -9nc $(O)/.config >$(O)/kconfig.gz
	$(Q)printf '%s\n' '.section .rodata.kconfig, "a"' '.globl kconfig_gz_start, kconfig_gz_end' \
		'kconfig_gz_start: .incbin "$(O)/kconfig.gz"' 'kconfig_gz_end:' \
		'.section .note.GNU-stack, "", @progbits' | $(KCC) -m32 -c -x assembler -o $@ -

# The symbol table for backtraces is part of the image that it describes: link with an empty one,
# then with one of the right size, then with the right one. So is the table of relocations, which lies
# behind everything it describes: it comes with the last link, and is compared with what that one made.
link = $(LD) $(KLDFLAGS) $(LIBGCC_WRAP) -T $(LDSCRIPT) -o $@ $(filter %.o,$^) $(LIBGCC)
LINK_INPUT := $(KOBJS) $(LDSCRIPT) $(O)/.objects

$(O)/ksym0.S: tools/kallsyms.py
	$(Q)mkdir -p $(@D); $(PYTHON) tools/kallsyms.py </dev/null >$@
$(O)/ksym1.S $(O)/ksym2.S: $(O)/ksym%.S: $(O)/isthmus%.elf tools/kallsyms.py
	$(Q)$(NM) -n $< | $(PYTHON) tools/kallsyms.py >$@
$(O)/relocs0.S: tools/relocs.py
	$(Q)mkdir -p $(@D); $(PYTHON) tools/relocs.py </dev/null >$@
$(O)/relocs1.S: $(O)/isthmus2.elf tools/relocs.py
	$(Q)$(READELF) -rW $< | $(PYTHON) tools/relocs.py >$@
TABLES := $(foreach table,ksym0 ksym1 ksym2 relocs0 relocs1,$(O)/$(table))
$(TABLES:=.o): %.o: %.S
	$(Q)$(KCC) -m32 -c -o $@ $<
$(O)/isthmus1.elf: $(LINK_INPUT) $(O)/ksym0.o $(O)/relocs0.o
	$(call say,LD,$@)
	$(Q)$(link)
$(O)/isthmus2.elf: $(LINK_INPUT) $(O)/ksym1.o $(O)/relocs0.o
	$(Q)$(link)
$(O)/isthmus.elf: $(LINK_INPUT) $(O)/ksym2.o $(O)/relocs1.o
	$(call say,LD,$@)
	$(Q)$(link)
	$(Q)$(READELF) -rW $@ | $(PYTHON) tools/relocs.py | cmp - $(O)/relocs1.S || { rm $@; exit 1; }
.SECONDARY: $(TABLES:=.S) $(TABLES:=.o) $(O)/isthmus1.elf $(O)/isthmus2.elf

-include $(KOBJS:.o=.d) $(LDSCRIPT).d

# ---- guest programs of our own -------------------------------------------------------------------

include user/init/init.mk
include user/explore/explore.mk
include tests/guest.mk
include bench/bench.mk

# ---- host tests ----------------------------------------------------------------------------------

include tests/unit/unit.mk
include tests/unit/rules.mk
include tests/fuzz/fuzz.mk

# ---- checks --------------------------------------------------------------------------------------

CHECK_SRCS := $(filter %.c,$(KSRCS))
FORMAT_FILES = $(shell find bench kernel tools user tests -name '*.[ch]' 2>/dev/null)

.PHONY: check-layers format format-check tidy cppcheck sparse lint compile_commands.json
check-layers: $(LAYER_OBJS)
	$(Q)$(PYTHON) tools/check-layers --nm $(NM) --prefix $(O)/ $(LAYER_OBJS)
format:
	clang-format -i $(FORMAT_FILES)
format-check:
	$(Q)clang-format --dry-run --Werror $(FORMAT_FILES)
tidy: compile_commands.json
	$(Q)clang-tidy --quiet -p . $(CHECK_SRCS)
cppcheck: $(CONFIG_H)
	$(Q)mkdir -p $(O)/cppcheck
	$(Q)cppcheck --quiet --std=c17 --platform=unix32 --error-exitcode=1 --inline-suppr \
		--enable=warning,portability --suppressions-list=tools/cppcheck.txt -j$(shell nproc) \
		--cppcheck-build-dir=$(O)/cppcheck -Ikernel/include -Ikernel -Ikernel/arch/x86/include \
		-DISTHMUS_KERNEL -D__cppcheck__ --include=$(CONFIG_H) $(CHECK_SRCS)
sparse: $(CONFIG_H)
	$(Q)status=0; for f in $(CHECK_SRCS); do \
		sparse -m32 -std=gnu17 -ffreestanding -D__float128='long double' '-D__builtin_assume_aligned(p, ...)=(p)' \
		-U__CHECKER__ -D__VERSION__='"sparse"' -Wsparse-error $(KCPPFLAGS) $$f || status=1; done; exit $$status
lint: format-check cppcheck sparse
compile_commands.json: $(GENERATED)/auto.mk
	$(Q)$(PYTHON) tools/compile-commands.py '$(KCC) $(KCPPFLAGS) $(KCFLAGS)' $(CHECK_SRCS) >$@

# ---- the rest ------------------------------------------------------------------------------------

.PHONY: clean distclean help FORCE
clean:
	rm -rf $(O)/kernel $(O)/unit $(O)/user $(O)/guest $(O)/isthmus*.elf $(O)/ksym* $(O)/*.o
distclean:
	rm -rf $(O) compile_commands.json
help:
	@echo 'make [O=DIR] [CC=clang] [CONFIG_NAME=VALUE...] [V=1] [TARGET]'
	@echo '  all (default)  $(O)/isthmus.elf'
	@echo '  defconfig menuconfig   the configuration, $(O)/.config'
	@echo '  unit           build and run the host tests; unit-test_X for one'
	@echo '  init guest     our init; the guest test programs'
	@echo '  check-layers   no lower layer may refer to a symbol of a higher one'
	@echo '  format format-check tidy cppcheck sparse lint'
	@echo '  compile_commands.json'
	@echo '  clean distclean'
FORCE:
