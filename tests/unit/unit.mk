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
