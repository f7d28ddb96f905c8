# Our init for the guest: one static i386 program, $(O)/user/init.
INIT_SRCS := $(wildcard user/init/*.c)
GUEST_CC := $(CROSS)gcc
GUEST_CFLAGS := -std=gnu17 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
# musl's static programs are a tenth of glibc's, which counts on a machine of 4 MB.
INIT_CC := $(if $(wildcard build/debs/musl-dev/.version),tools/musl-cc,$(GUEST_CC) -static)

.PHONY: init
init: $(O)/user/init
$(O)/user/init: $(INIT_SRCS) $(wildcard user/init/*.h) tools/musl-cc
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(INIT_CC) $(GUEST_CFLAGS) -s -o $@ $(INIT_SRCS)
