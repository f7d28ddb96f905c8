# The benchmark: one static i386 program, $(O)/bench/bench, and the tiny one that it starts. With glibc,
# as most programs are.
BENCH_SRCS := $(filter-out bench/tiny.c,$(wildcard bench/*.c))
BENCH_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -pthread

.PHONY: bench
bench: $(O)/bench/bench $(O)/bench/tiny $(O)/bench/firmware $(O)/bench/qemu-profile.so

$(O)/bench/bench: $(BENCH_SRCS) bench/bench.h bench/bench.mk
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(BENCH_CFLAGS) -static -s -o $@ $(BENCH_SRCS)
$(O)/bench/tiny: bench/tiny.c bench/bench.mk
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -std=gnu17 -O2 -Wall -Werror -nostdlib -static -s -Wl,--build-id=none -o $@ $<
$(O)/bench/firmware: bench/firmware.S bench/bench.mk
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) -nostdlib -static -s -Wl,--build-id=none,-Ttext-segment=0x100000 -o $@ $<

# A plugin of the host's QEMU, for ./isthmus profile.
$(O)/bench/qemu-profile.so: tools/qemu-profile.c bench/bench.mk
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu17 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -o $@ $<
