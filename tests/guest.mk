# The guest tests: each tests/guest/*.c is one static i386 Linux program, $(O)/guest/NAME.
GUEST_TESTS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))

.PHONY: guest
guest: $(addprefix $(O)/guest/,$(GUEST_TESTS))
$(O)/guest/%: tests/guest/%.c $(wildcard tests/guest/*.h)
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -pthread -static -o $@ $<
