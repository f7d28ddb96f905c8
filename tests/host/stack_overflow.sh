#!/bin/sh
# A kernel stack that overflows ends in a report that says so, not in a reboot: the guard page below it, and the double fault's own task.
. "$(dirname "$0")/_tap.sh"

run -m 64M --timeout 60 --append "provoke=stack_overflow" --log log -c true >out 2>&1
ok "the machine does not come up" test $? -ne 0
ok "the log says what happened" grep -q "kernel stack overflow: stack pointer [0-9a-f]*, in the guard page below the stack" log
ok "the registers are those of the overflow" grep -q "EIP: 0060:[0-9a-f]* .*overflow_stack" log
pointer=$(sed -n 's/.*kernel stack overflow: stack pointer \([0-9a-f]*\),.*/\1/p' log)
is "ESP is the stack pointer that overflowed" "$pointer" "$(sed -n 's/.* ESP: \([0-9a-f]*\).*/\1/p' log | head -n 1)"
ok "the calls that led there are named" sh -c 'test "$(grep -c "\] overflow_stack" log)" -ge 10'
ok "the kernel stops there" grep -q "panic.*Fatal exception" log
tap_done
