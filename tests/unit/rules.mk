# How unit.mk's tests are built and run. Objects are shared between the tests of one sanitizer.

UNIT_WARNINGS := -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
UNIT_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing -fwrapv \
	-Ikernel/include -Ikernel -Ikernel/arch/sim/include \
	-Itests/unit -I$(O)/include -include $(CONFIG_H) $(UNIT_WARNINGS) \
	$(addprefix -DCONFIG_DEBUG_,$(addsuffix =1,KERNEL LOCKS KMAP PAGE_POISON SLAB VM))
UNIT_SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_SANITIZE_tsan := -fsanitize=thread -Wno-tsan

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
$(call unit_binary,$(1),$(2)): $(call unit_objects,$(1),$(2))
	$$(call say,HOSTLD,$$@)
	$$(Q)$(HOSTCC) $(UNIT_SANITIZE_$(1)) -o $$@ $$^ -lcmocka -lpthread
-include $(patsubst %.o,%.d,$(call unit_objects,$(1),$(2)))
UNIT_BINARIES += $(call unit_binary,$(1),$(2))
endef

$(eval $(call unit_compile,asan))
$(eval $(call unit_compile,tsan))
$(foreach t,$(sort $(UNIT_TESTS)),$(eval $(call unit_link,asan,$(t))))
$(foreach t,$(sort $(UNIT_TSAN)),$(eval $(call unit_link,tsan,$(t))))

.PHONY: unit unit-build unit-list
unit-build: $(UNIT_BINARIES)
unit-list:
	@printf '%s\n' $(UNIT_BINARIES)
unit: unit-build
	$(Q)status=0; for t in $(UNIT_BINARIES); do echo "== $$t"; $$t || status=1; done; exit $$status

# make unit-test_list: build and run one test.
unit-%: $(O)/unit/asan/%
	$<
