"""initramfs archives: cpio "newc". Archives may simply follow one another in one file."""
import os
import stat


class Archive:
    """Collects entries into self.parts (a list of bytes). Paths are without a leading slash."""

    def __init__(self):
        self.parts = []
        self.made = set()
        self.inode = 1

    def entry(self, path, mode, data=b"", mtime=0, device=(0, 0), owner=(0, 0)):
        name = path.encode() + b"\0"
        fields = (self.inode, mode, *owner, 1, mtime, len(data), 0, 0, *device, len(name), 0)
        header = b"070701" + b"".join(b"%08X" % (field & 0xFFFFFFFF) for field in fields)
        self.inode += 1
        self.made.add(path)
        self.parts.append(pad(header + name))
        if data:
            self.parts.append(pad(data))

    def directory(self, path, mode=0o755):
        """With its parents; a folder that is already there is left alone."""
        path = path.strip("/")
        if not path or path in self.made:
            return
        self.directory(os.path.dirname(path))
        self.entry(path, stat.S_IFDIR | mode)

    def file(self, path, data, mode=0o644, mtime=0):
        path = path.strip("/")
        self.directory(os.path.dirname(path))
        self.entry(path, stat.S_IFREG | mode, data, mtime)

    def symlink(self, path, target):
        path = path.strip("/")
        self.directory(os.path.dirname(path))
        self.entry(path, stat.S_IFLNK | 0o777, target.encode())

    def device(self, path, kind, major, minor, mode=0o600):
        path = path.strip("/")
        self.directory(os.path.dirname(path))
        self.entry(path, kind | mode, device=(major, minor))

    def copy(self, host, guest, read_only=False):
        """A host file, link or folder with all below it, under the guest's path."""
        guest = guest.strip("/")
        status = os.lstat(host)
        mode = stat.S_IMODE(status.st_mode) & (~0o222 if read_only else ~0)
        if stat.S_ISLNK(status.st_mode):
            self.symlink(guest, os.readlink(host))
        elif stat.S_ISDIR(status.st_mode):
            self.directory(os.path.dirname(guest))
            if guest and guest not in self.made:
                self.entry(guest, stat.S_IFDIR | mode, mtime=int(status.st_mtime))
            for name in sorted(os.listdir(host)):
                self.copy(os.path.join(host, name), f"{guest}/{name}", read_only)
        elif stat.S_ISREG(status.st_mode):
            with open(host, "rb") as f:
                self.file(guest, f.read(), mode, int(status.st_mtime))
        elif stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
            device = (os.major(status.st_rdev), os.minor(status.st_rdev))
            self.entry(guest, status.st_mode, device=device)
        elif stat.S_ISFIFO(status.st_mode):
            self.entry(guest, status.st_mode)

    def write(self, out):
        self.entry("TRAILER!!!", 0)
        size = 0
        for part in self.parts:
            out.write(part)
            size += len(part)
        out.write(bytes(-size % 512))


def pad(data):
    return data + bytes(-len(data) % 4)
