# How unit.mk's tests are built and run. Objects are shared between the tests of one sanitizer.

UNIT_WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
UNIT_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv \
	-Ikernel/include -Ikernel -Ikernel/arch/sim/include \
	-Itests/unit -I$(O)/include -include $(CONFIG_H) $(UNIT_WARNINGS) \
	$(addprefix -DCONFIG_DEBUG_,$(addsuffix =1,KERNEL LOCKS KMAP PAGE_POISON SLAB VM))
UNIT_SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_SANITIZE_tsan := -fsanitize=thread -Wno-tsan
UNIT_SANITIZE_cov := --coverage -fprofile-update=atomic -fno-inline -DSIM_COVERAGE

# $(1) sanitizer, $(2) test
unit_binary = $(O)/unit/$(1)/$(2)
unit_objects = $(patsubst %.c,$(O)/unit/$(1)/%.o,tests/unit/$(2).c $($(2)_SRCS))

define unit_compile
$(O)/unit/$(1)/%.o: %.c $(CONFIG_H)
	$$(call say,HOSTCC,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(HOSTCC) $(UNIT_CFLAGS) $(UNIT_SANITIZE_$(1)) -MMD -MP -c -o $$@ $$<
endef

define unit_link
$(call unit_binary,$(1),$(2)): $(call unit_objects,$(1),$(2)) $($(2)_OBJS)
	$$(call say,HOSTLD,$$@)
	$$(Q)$(HOSTCC) $(UNIT_SANITIZE_$(1)) -o $$@ $$^ -lcmocka -lpthread
-include $(patsubst %.o,%.d,$(call unit_objects,$(1),$(2)))
UNIT_BINARIES_$(1) += $(call unit_binary,$(1),$(2))
endef

$(eval $(call unit_compile,asan))
$(eval $(call unit_compile,tsan))
$(eval $(call unit_compile,cov))
$(foreach t,$(sort $(UNIT_TESTS)),$(eval $(call unit_link,asan,$(t))))
$(foreach t,$(sort $(UNIT_TSAN)),$(eval $(call unit_link,tsan,$(t))))
$(foreach t,$(sort $(UNIT_TESTS)),$(eval $(call unit_link,cov,$(t))))
UNIT_BINARIES = $(UNIT_BINARIES_asan) $(UNIT_BINARIES_tsan)

# A symbol table as tools/kallsyms.py makes it, of the functions that test_ksym.c knows: the i-th is
# called word_i and lies at 3 * i * i.
$(O)/unit/ksym_table.o: tools/kallsyms.py tests/unit/rules.mk
	@mkdir -p $(@D)
	$(Q)awk 'BEGIN { split("get put release_page", word); print "00000000 T _stext"; \
		for (i = 0; i < 300; i++) printf "%08x t %s_%d\n", 3 * i * i, word[i % 3 + 1], i; \
		print "00050000 T _etext" }' | $(PYTHON) tools/kallsyms.py >$(@:.o=.S)
	$(Q)printf '%s\n' '.bss' '.globl _stext, _etext' '_stext: .space 0x50000' '_etext:' >>$(@:.o=.S)
	$(Q)$(HOSTCC) -c -o $@ $(@:.o=.S)

.PHONY: unit unit-build unit-list
unit-build: $(UNIT_BINARIES)
unit-list:
	@printf '%s\n' $(UNIT_BINARIES)
unit: unit-build
	$(Q)status=0; for t in $(UNIT_BINARIES); do echo "== $$t"; $$t || status=1; done; exit $$status

# Which lines of kernel/mm and kernel/lib the tests run, file by file; fails below 90 %. Whether the
# tests pass is not asked here: without a sanitizer those that expect it to stop them do not.
# Not counted, because a host cannot run them: the i386 string instructions and 64-bit arithmetic of
# libgcc (memory.c, libgcc.c, atomic64.c), and a benchmark of windows that only a machine has
# (kmap_bench.c).
COVERAGE_MIN := 90
COVERAGE_NOT := lib/atomic64.c lib/libgcc.c lib/memory.c mm/kmap_bench.c

.PHONY: coverage coverage-build
coverage-build: $(UNIT_BINARIES_cov)
coverage: coverage-build
	$(Q)find $(O)/unit/cov -name '*.gcda' -delete
	$(Q)for t in $(UNIT_BINARIES_cov); do $$t >$$t.log 2>&1 || echo "$$t: see $$t.log"; done
	$(Q)gcovr --root . --filter kernel/mm/ --filter kernel/lib/ --filter kernel/include/mm/ --filter kernel/include/lib/ \
		$(addprefix --exclude kernel/,$(COVERAGE_NOT)) --fail-under-line $(COVERAGE_MIN) \
		--output $(O)/unit/coverage.txt $(O)/unit/cov; status=$$?; cat $(O)/unit/coverage.txt; exit $$status
	$(Q)for f in $(filter-out $(COVERAGE_NOT),$(patsubst kernel/%,%,$(wildcard kernel/mm/*.c kernel/lib/*.c))); do \
		grep -q "^kernel/$$f" $(O)/unit/coverage.txt || { echo "no test has kernel/$$f"; exit 1; }; done

# make unit-test_list: build and run one test.
unit-%: $(O)/unit/asan/%
	$<
