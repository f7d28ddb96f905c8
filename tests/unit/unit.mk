# Host unit tests. One line names the test, one its kernel sources; the test itself is
# tests/unit/test_X.c (cmocka, its own main). The sources are compiled for the host, with
# -Ikernel/include, ASan and UBSan. Whole folders of the simulated machine can be taken with SIM_SRCS.
#
#	UNIT_TESTS += test_list
#	test_list_SRCS := kernel/lib/list.c
#
# A test with threads is also built with TSan when it is named in UNIT_TSAN:
#
#	UNIT_TSAN += test_pkmap
#
# Several people write here: keep one test's lines together, in alphabetical order of the tests.

SIM_SRCS := $(wildcard kernel/arch/*.c kernel/arch/sim/*.c)

UNIT_TESTS += test_boot_limits test_boot_limits_2l
test_boot_limits_SRCS := kernel/lib/cmdline.c kernel/lib/parse.c kernel/lib/strutil.c
test_boot_limits_2l_SRCS := $(test_boot_limits_SRCS)

UNIT_TESTS += test_inflate
test_inflate_SRCS := kernel/lib/inflate.c kernel/lib/crc32.c

UNIT_TESTS += test_ksym
test_ksym_SRCS := kernel/lib/ksym.c
test_ksym_OBJS := $(O)/unit/ksym_table.o

UNIT_TESTS += test_lib
test_lib_SRCS := kernel/lib/bitmap.c kernel/lib/chacha20.c kernel/lib/crc32.c kernel/lib/hash.c kernel/lib/sort.c \
	kernel/lib/strutil.c

UNIT_TESTS += test_parse
test_parse_SRCS := kernel/lib/parse.c kernel/lib/cmdline.c kernel/lib/strutil.c

UNIT_TESTS += test_printf
test_printf_SRCS := kernel/lib/printf.c

UNIT_TESTS += test_rbtree
test_rbtree_SRCS := kernel/lib/rbtree.c

UNIT_TESTS += test_string
test_string_SRCS :=

UNIT_TESTS += test_xarray
test_xarray_SRCS := kernel/lib/xarray.c kernel/lib/bitmap.c

UNIT_TESTS += test_vma test_vma_all
test_vma_SRCS := tests/unit/vma_model.c kernel/mm/vma.c kernel/lib/rbtree.c
test_vma_all_SRCS := $(test_vma_SRCS)

include $(wildcard tests/unit/mm_*.mk)

UNIT_TESTS += test_sched
UNIT_TSAN += test_sched
test_sched_SRCS = $(MM_PHYS_SRCS)

UNIT_TESTS += test_seq_file
test_seq_file_SRCS = $(MM_PHYS_SRCS) kernel/fs/seq_file.c
