# Fuzz targets: tests/fuzz/README.md. One line names the target, one its sources; the target itself is
# tests/fuzz/fuzz_X.c, its corpus tests/fuzz/corpus/X. Built with clang's libFuzzer, ASan and UBSan.

FUZZCC ?= clang
FUZZ_FLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -Itests/fuzz \
	-Wno-pointer-to-int-cast -Wno-initializer-overrides -Wno-unknown-warning-option -Wno-gnu-variable-sized-type-not-at-end

FUZZ_TARGETS += elf
fuzz_elf_SRCS = $(MM_ALL_SRCS) tests/unit/mm_oracle.c kernel/proc/elf.c

FUZZ_TARGETS += inflate
fuzz_inflate_SRCS := kernel/lib/inflate.c kernel/lib/crc32.c

FUZZ_TARGETS += initramfs
fuzz_initramfs_SRCS = $(MM_ALL_SRCS) kernel/fs/initramfs.c kernel/lib/inflate.c kernel/lib/crc32.c

FUZZ_TARGETS += mm
fuzz_mm_SRCS = $(MM_WORLD_SRCS)

FUZZ_TARGETS += printf
fuzz_printf_SRCS := kernel/lib/printf.c

FUZZ_TARGETS += text
fuzz_text_SRCS := kernel/lib/cmdline.c kernel/lib/parse.c kernel/lib/strutil.c

FUZZ_TARGETS += trees
fuzz_trees_SRCS := kernel/lib/xarray.c kernel/lib/bitmap.c kernel/lib/rbtree.c

FUZZ_TARGETS += vma
fuzz_vma_SRCS := tests/unit/vma_model.c kernel/mm/vma.c kernel/lib/rbtree.c

$(O)/fuzz/%.o: %.c $(CONFIG_H)
	$(call say,FUZZCC,$@)
	@mkdir -p $(@D)
	$(Q)$(FUZZCC) $(UNIT_CFLAGS) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<

fuzz_objects = $(patsubst %.c,$(O)/fuzz/%.o,tests/fuzz/fuzz_$(1).c $(fuzz_$(1)_SRCS))

define fuzz_link
$(O)/fuzz/$(1): $(call fuzz_objects,$(1))
	$$(call say,FUZZLD,$$@)
	$$(Q)$(FUZZCC) -fsanitize=fuzzer,address,undefined -o $$@ $$^ -lcmocka -lpthread
-include $(patsubst %.o,%.d,$(call fuzz_objects,$(1)))
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz_link,$(t))))

.PHONY: fuzz-build fuzz-list
fuzz-build: $(addprefix $(O)/fuzz/,$(FUZZ_TARGETS))
fuzz-list:
	@printf '%s\n' $(FUZZ_TARGETS)
