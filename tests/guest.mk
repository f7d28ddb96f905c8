# The guest tests: each tests/guest/*.c is one static i386 Linux program. Built twice: with musl
# (small: the machine of 64 MB) in $(O)/guest, with glibc in $(O)/guest-glibc.
GUEST_TESTS := $(patsubst tests/guest/%.c,%,$(wildcard tests/guest/*.c))
GUEST_HEADERS := $(wildcard tests/guest/*.h)
GUEST_MUSL := $(addprefix $(O)/guest/,$(GUEST_TESTS))
GUEST_GLIBC := $(addprefix $(O)/guest-glibc/,$(GUEST_TESTS))
GUEST_TEST_CFLAGS := -std=gnu17 -O1 -g -Wall -pthread

.PHONY: guest
guest: $(GUEST_MUSL) $(GUEST_GLIBC) $(O)/user/driver

$(GUEST_MUSL): $(O)/guest/%: tests/guest/%.c $(GUEST_HEADERS)
	$(call say,MUSLCC,$@)
	@mkdir -p $(@D)
	$(Q)tools/musl-cc $(GUEST_TEST_CFLAGS) -s -o $@ $<
$(GUEST_GLIBC): $(O)/guest-glibc/%: tests/guest/%.c $(GUEST_HEADERS)
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(GUEST_CC) $(GUEST_TEST_CFLAGS) -static -s -o $@ $<

# The long stress: tests/stress/*.c, with musl.
STRESS_TESTS := $(patsubst tests/stress/%.c,$(O)/stress/%,$(wildcard tests/stress/*.c))
.PHONY: stress
stress: $(STRESS_TESTS)

$(STRESS_TESTS): $(O)/stress/%: tests/stress/%.c $(GUEST_HEADERS)
	$(call say,MUSLCC,$@)
	@mkdir -p $(@D)
	$(Q)tools/musl-cc $(GUEST_TEST_CFLAGS) -s -o $@ $<

# The system-call fuzzer: tests/fuzz/syscalls, one program of several files. Its lives have no thread-local storage to trust.
SYSCALL_FUZZ_SOURCES := $(wildcard tests/fuzz/syscalls/*.c)
.PHONY: syscalls
syscalls: $(O)/syscalls

$(O)/syscalls: $(SYSCALL_FUZZ_SOURCES) $(wildcard tests/fuzz/syscalls/*.h) kernel/abi/syscall_table.h $(GUEST_HEADERS)
	$(call say,MUSLCC,$@)
	@mkdir -p $(@D)
	$(Q)tools/musl-cc $(GUEST_TEST_CFLAGS) -fno-stack-protector -s -o $@ $(SYSCALL_FUZZ_SOURCES)

# Runs the guest tests, one after the other.
$(O)/user/driver: user/driver/main.c
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(INIT_CC) $(GUEST_CFLAGS) -s -o $@ $<
