/*
 * Framing on the link's line: the virtio console, or the second serial port. See link.h.
 */
#include "link.h"
#include "init.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static int line = -1;
static uint8_t input[LINK_HEADER + LINK_PAYLOAD];
static size_t have;

bool link_open(void)
{
	line = tty_open("/dev/hvc0", true);
	if (line < 0)
		line = tty_open("/dev/ttyS1", true);
	return line >= 0;
}

int link_fd(void)
{
	return line;
}

void link_send(enum link_frame type, const void *data, size_t size)
{
	uint8_t frame[LINK_HEADER + LINK_PAYLOAD] = {LINK_MAGIC, type, size & 0xff, size >> 8};

	if (size)
		memcpy(frame + LINK_HEADER, data, size);
	write_all(line, frame, LINK_HEADER + size);
}

void link_send_u32(enum link_frame type, uint32_t value)
{
	link_send(type, &value, sizeof(value));
}

static size_t frame_length(void)
{
	return LINK_HEADER + (input[2] | input[3] << 8);
}

bool link_receive(void (*take)(void *arg, int type, const uint8_t *data, size_t size), void *arg)
{
	ssize_t n = read(line, input + have, sizeof(input) - have);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (!n)
		return false;
	have += n;
	while (have >= LINK_HEADER) {
		size_t length = frame_length();

		if (input[0] != LINK_MAGIC || length > sizeof(input)) {
			complain("the link to the host carries nonsense");
			return false;
		}
		if (have < length)
			break;
		take(arg, input[1], input + LINK_HEADER, length - LINK_HEADER);
		have -= length;
		memmove(input, input + length, have);
	}
	return true;
}
