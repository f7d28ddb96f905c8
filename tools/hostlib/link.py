"""The link to the guest's init: framing. user/init/link.h is the other end."""
import struct

MAGIC, VERSION, HEADER, PAYLOAD, WINDOW = 0xA9, 1, 4, 4096, 2048

HELLO, STARTED, EXEC_FAILED, STDOUT, STDERR = b"H", b"S", b"F", b"O", b"E"
CREDIT, STDIN_SHUT, LOG, EXIT = b"C", b"Q", b"L", b"X"
STDIN, STDIN_EOF, SIZE, SIGNAL, OUTPUT_SHUT = b"I", b"Z", b"W", b"K", b"o"


class Nonsense(Exception):
    pass


def frame(kind, data=b""):
    return struct.pack("<BcH", MAGIC, kind, len(data)) + data


class Parser:
    """feed() bytes as they come; it returns the frames that are complete, as (kind, data)."""

    def __init__(self):
        self.data = bytearray()

    def feed(self, data):
        self.data += data
        frames, at = [], 0
        while len(self.data) - at >= HEADER:
            magic, kind, size = struct.unpack_from("<BcH", self.data, at)
            if magic != MAGIC or size > PAYLOAD:
                raise Nonsense(bytes(self.data[at : at + 16]))
            if len(self.data) - at < HEADER + size:
                break
            frames.append((kind, bytes(self.data[at + HEADER : at + HEADER + size])))
            at += HEADER + size
        del self.data[:at]
        return frames
