# Address spaces on the simulated machine: faults, fork, copy-on-write, shootdown, the page cache.

MM_ALL_SRCS = $(SIM_SRCS) $(wildcard kernel/sched/*.c kernel/mm/*.c) \
	$(addprefix kernel/lib/,bitmap.c cmdline.c hash.c parse.c printf.c rbtree.c strutil.c xarray.c)

UNIT_TESTS += test_mm_limits test_mm_others test_mm_pressure test_mm_trace test_mm_userfaultfd test_mm_virt test_mm_virt_smp
UNIT_TSAN += test_mm_trace test_mm_userfaultfd test_mm_virt_smp
test_mm_limits_SRCS = $(MM_ALL_SRCS)
test_mm_others_SRCS = $(MM_ALL_SRCS)
test_mm_pressure_SRCS = $(MM_ALL_SRCS)
test_mm_trace_SRCS = $(MM_ALL_SRCS)
test_mm_userfaultfd_SRCS = $(MM_ALL_SRCS)
test_mm_virt_SRCS = $(MM_ALL_SRCS)
test_mm_virt_smp_SRCS = $(MM_ALL_SRCS)

# Whole address spaces against a model, with the oracle after each operation.
MM_WORLD_SRCS = $(MM_ALL_SRCS) tests/unit/mm_oracle.c $(addprefix tests/unit/,mm_world.c mm_world_areas.c mm_world_use.c)

UNIT_TESTS += test_mm_every_failure test_mm_huge test_mm_huge_smp test_mm_model test_mm_model_smp test_mm_pti
UNIT_TSAN += test_mm_huge_smp test_mm_model_smp
test_mm_huge_SRCS = $(MM_ALL_SRCS) tests/unit/mm_oracle.c
test_mm_huge_smp_SRCS = $(MM_ALL_SRCS) tests/unit/mm_oracle.c
test_mm_model_smp_SRCS = $(MM_WORLD_SRCS)
test_mm_every_failure_SRCS = $(MM_WORLD_SRCS)
test_mm_model_SRCS = $(MM_WORLD_SRCS)
test_mm_pti_SRCS = $(MM_WORLD_SRCS)
