#!/bin/sh
# stdin and stdout carry any bytes, unchanged, when they are not terminals; nobody waits for ever.
. "$(dirname "$0")/_tap.sh"

program copy <<'EOF'
#include <unistd.h>
int main(void)
{
	static char buffer[10000];
	ssize_t n, done;

	while ((n = read(0, buffer, sizeof(buffer))) > 0)
		for (done = 0; done < n;)
			done += write(1, buffer + done, n - done);
	return n < 0;
}
EOF
head -c 1M /dev/urandom >data

is "1 MB through a program" 0 "$(run -- ./copy <data >copied; echo $?)"
ok "comes back the same" cmp data copied
is "1 MB through a pipe" 0 "$(cat data | run -- ./copy | cmp - data; echo $?)"
is "a program that reads nothing ends at once" 0 "$(run -c 'exit 0' <data; echo $?)"
is "a program that reads a little" abc "$(printf 'abc\ndef\n' | run -c 'head -1')"
is "endless input" y "$(yes | run -c 'head -1')"
is "endless output that nobody reads" y "$(run -c yes | head -1)"
is "no input is end of file" 0 "$(run -c 'wc -c' </dev/null)"
is "closed stdin is end of file" 0 "$(run -c 'wc -c' <&-)"
is "commands on stdin of the shell" 42 "$(echo 'echo $((6*7))' | run)"
tap_done
