# Physical memory and the kernel's mappings, on the simulated machine with the real scheduler.

MM_PHYS_SRCS := $(SIM_SRCS) $(wildcard kernel/sched/*.c) \
	$(addprefix kernel/lib/,bitmap.c cmdline.c parse.c printf.c rbtree.c strutil.c) \
	$(addprefix kernel/mm/,buddy.c highmem.c init.c inspect_phys.c ioremap.c iov_iter.c kmalloc.c kmap_local.c \
	memblock.c page.c page_alloc.c page_lock.c pcplist.c pkmap.c slab.c slab_debug.c stack.c vmalloc.c vmstat.c zone.c)

MM_PHYS_TESTS := test_mm_buddy test_mm_fail test_mm_iov test_mm_kmap test_mm_slab test_mm_smp test_mm_vmalloc test_mm_zones
MM_PHYS_TSAN := test_mm_kmap test_mm_smp

UNIT_TESTS += $(MM_PHYS_TESTS)
UNIT_TSAN += $(MM_PHYS_TSAN)
$(foreach t,$(MM_PHYS_TESTS),$(eval $(t)_SRCS := $(MM_PHYS_SRCS)))

# The same with address spaces on top.
UNIT_TESTS += test_mm_space
UNIT_TSAN += test_mm_space
test_mm_space_SRCS := $(SIM_SRCS) $(wildcard kernel/sched/*.c kernel/mm/*.c) \
	$(addprefix kernel/lib/,bitmap.c cmdline.c hash.c parse.c printf.c rbtree.c strutil.c xarray.c)
