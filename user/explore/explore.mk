# explore, a guest program that shows what becomes of a page: $(O)/user/explore.
EXPLORE_SRCS := $(wildcard user/explore/*.c)

.PHONY: explore
explore: $(O)/user/explore
$(O)/user/explore: $(EXPLORE_SRCS) $(wildcard user/explore/*.h) tools/musl-cc
	$(call say,GUESTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(INIT_CC) $(GUEST_CFLAGS) -s -o $@ $(EXPLORE_SRCS)
