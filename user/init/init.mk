# Our init for the guest: one static i386 program, $(O)/user/init.
INIT_SRCS := $(wildcard user/init/*.c)
GUEST_CC := $(CROSS)gcc
GUEST_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror

.PHONY: init
init: $(O)/user/init
$(O)/user/init: $(INIT_SRCS) $(wildcard user/init/*.h)
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_CFLAGS) -static -s -o $@ $(INIT_SRCS)
