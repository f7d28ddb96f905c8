/*
 * file_io - read(2), write(2), pread(2), readv(2), preadv(2), lseek(2), ftruncate(2), fallocate(2),
 * sendfile(2), copy_file_range(2), fsync(2): offsets, holes, sizes, and their errors.
 */
#include "t.h"
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <linux/falloc.h>

#define BIG (5ll << 30) /* an offset beyond 32 bits */

static bool zeros(const char *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

static void check_offsets(void)
{
	int fd = t_file("f", "0123456789", 10);
	char buf[32];

	eq(lseek(fd, 0, SEEK_CUR), 10, "write moves the offset");
	eq(lseek(fd, 3, SEEK_SET), 3, "SEEK_SET");
	eq(lseek(fd, 2, SEEK_CUR), 5, "SEEK_CUR");
	eq(lseek(fd, -1, SEEK_END), 9, "SEEK_END");
	fails(lseek(fd, -11, SEEK_END), EINVAL, "a negative result is EINVAL");
	eq(lseek(fd, 0, SEEK_CUR), 9, "and leaves the offset");
	fails(lseek(fd, 0, 9), EINVAL, "an unknown whence is EINVAL");
	eq(read(fd, buf, 32), 1, "read stops at the end");
	eq(read(fd, buf, 32), 0, "at the end it is 0");
	eq(lseek(fd, 100, SEEK_SET), 100, "seeking behind the end is allowed");
	eq(read(fd, buf, 32), 0, "reading there is 0");
	eq(lseek(fd, 0, SEEK_END), 10, "and the size stays");
	eq(lseek(fd, BIG, SEEK_SET), BIG, "an offset of 5 GB");
	eq(lseek(fd, 1, SEEK_CUR), BIG + 1, "is kept in 64 bits");
	fails(syscall(SYS_lseek, fd, 0, SEEK_CUR), EOVERFLOW,
	      "the old 32-bit lseek says EOVERFLOW");
	eq(pread(fd, buf, 4, 2), 4, "pread");
	ok(memcmp(buf, "2345", 4) == 0, "reads at its offset");
	eq(lseek(fd, 0, SEEK_CUR), BIG + 1, "and does not move the other");
	fails(pread(fd, buf, 4, -1), EINVAL, "pread at -1 is EINVAL");
	fails(pwrite(fd, buf, 4, -1), EINVAL, "pwrite at -1 is EINVAL");
	eq(read(fd, buf, 0), 0, "reading 0 bytes is 0");
	int p[2];
	pipe(p);
	fails(lseek(p[0], 0, SEEK_CUR), ESPIPE, "lseek of a pipe is ESPIPE");
	fails(pread(p[0], buf, 1, 0), ESPIPE, "pread too");
	fails(syscall(SYS__llseek, 999, 0, 0, &(long long){0}, SEEK_SET), EBADF,
	      "_llseek of a closed one is EBADF");
	close(p[0]);
	close(p[1]);
	close(fd);
}

static void check_vectors(void)
{
	int fd = t_file("v", "", 0);
	char a[4] = "aaa", b[6] = "bbbbb", x[2], y[20];
	struct iovec out[] = {{a, 3}, {NULL, 0}, {b, 5}}, in[] = {{x, 2}, {y, 20}};
	static struct iovec many[1025];

	eq(writev(fd, out, 3), 8, "writev writes all parts");
	lseek(fd, 1, SEEK_SET);
	eq(readv(fd, in, 2), 7, "readv fills part after part");
	ok(memcmp(x, "aa", 2) == 0 && memcmp(y, "bbbbb", 5) == 0, "in order");
	eq(preadv(fd, in, 2, 6), 2, "preadv at an offset");
	eq(pwritev(fd, out, 1, 20), 3, "pwritev at an offset");
	eq(lseek(fd, 0, SEEK_CUR), 8, "neither moves the offset");
	eq(writev(fd, out, 0), 0, "no parts is 0");
	fails(syscall(SYS_writev, fd, out, -1), EINVAL, "a count of -1 is EINVAL");
	fails(writev(fd, many, 1025), EINVAL, "1025 parts are EINVAL");
	eq(writev(fd, many, 1024), 0, "1024 empty parts are 0");
	out[0].iov_len = 0x80000000;
	fails(writev(fd, out, 3), EINVAL, "a part of 2 GB is EINVAL");
	close(fd);
}

static void check_sparse(void)
{
	int fd = t_file("s", "", 0);
	char buf[64];
	struct stat st;

	eq(pwrite(fd, "end", 3, BIG), 3, "a write at 5 GB");
	fstat(fd, &st);
	eq(st.st_size, BIG + 3, "makes the file that long");
	ok(st.st_blocks <= 64, "but takes only its own blocks");
	eq(pread(fd, buf, 64, BIG - 60), 63, "reading across the hole's end");
	ok(zeros(buf, 60) && memcmp(buf + 60, "end", 3) == 0, "gives zeros and data");
	eq(lseek(fd, 0, SEEK_HOLE), 0, "SEEK_HOLE finds the hole at 0");
	eq(lseek(fd, 0, SEEK_DATA), BIG, "SEEK_DATA finds the data");
	eq(lseek(fd, BIG, SEEK_HOLE), BIG + 3, "behind it the end counts as a hole");
	fails(lseek(fd, BIG + 3, SEEK_DATA), ENXIO, "SEEK_DATA at the end is ENXIO");
	fails(lseek(fd, BIG + 4, SEEK_HOLE), ENXIO, "SEEK_HOLE behind it too");
	fails(syscall(SYS_stat, "s", buf), EOVERFLOW,
	      "the old stat of a file of 5 GB is EOVERFLOW");
	close(fd);
	unlink("s");
}

static void check_truncate(void)
{
	int fd = t_file("t", "0123456789", 10);
	struct stat st;
	char buf[64];

	eq(ftruncate(fd, 4), 0, "ftruncate shortens");
	eq(ftruncate(fd, 8), 0, "and lengthens");
	eq(pread(fd, buf, 64, 0), 8, "to 8 bytes");
	ok(memcmp(buf, "0123\0\0\0\0", 8) == 0, "with zeros where there was data before");
	eq(lseek(fd, 0, SEEK_CUR), 10, "the offset stays");
	fails(ftruncate(fd, -1), EINVAL, "a negative length is EINVAL");
	eq(truncate("t", 2), 0, "truncate by name");
	stat("t", &st);
	eq(st.st_size, 2, "does the same");
	mkdir("d", 0755);
	fails(truncate("d", 0), EISDIR, "of a directory: EISDIR");
	fails(truncate("no", 0), ENOENT, "of nothing: ENOENT");
	int p[2];
	pipe(p);
	fails(ftruncate(p[1], 0), EINVAL, "of a pipe: EINVAL");
	close(p[0]);
	close(p[1]);
	ftruncate(fd, 3 * T_PAGE);
	pwrite(fd, "A", 1, T_PAGE + 10);
	ftruncate(fd, T_PAGE + 10);
	ftruncate(fd, 3 * T_PAGE);
	eq(pread(fd, buf, 1, T_PAGE + 10), 1, "a byte cut off in the middle of a page");
	eq(buf[0], 0, "does not come back");
	close(fd);
}

static void check_fallocate(void)
{
	int fd = t_file("a", "data", 4);
	struct stat st;
	char buf[8];

	eq(fallocate(fd, 0, 0, 8 * T_PAGE), 0, "fallocate");
	fstat(fd, &st);
	eq(st.st_size, 8 * T_PAGE, "lengthens the file");
	ok(st.st_blocks >= 64, "and takes its blocks");
	eq(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 16 * T_PAGE), 0, "with KEEP_SIZE");
	fstat(fd, &st);
	eq(st.st_size, 8 * T_PAGE, "the size stays");
	eq(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, T_PAGE), 0, "PUNCH_HOLE");
	pread(fd, buf, 4, 0);
	ok(zeros(buf, 4), "leaves zeros");
	fails(fallocate(fd, 0, -1, 1), EINVAL, "a negative offset is EINVAL");
	fails(fallocate(fd, 0, 0, 0), EINVAL, "length 0 is EINVAL");
	fails(fallocate(fd, 0x1000, 0, 1), EOPNOTSUPP, "an unknown mode is EOPNOTSUPP");
	close(fd);
}

static void check_copies(void)
{
	int in = t_file("in", "0123456789", 10), out = t_file("out", "", 0), p[2];
	off_t offset = 2;
	char buf[16] = "";

	lseek(in, 0, SEEK_SET);
	eq(sendfile(out, in, NULL, 4), 4, "sendfile copies from the offset");
	eq(lseek(in, 0, SEEK_CUR), 4, "and moves it");
	eq(sendfile(out, in, &offset, 100), 8, "or from the one given, to the end");
	eq(offset, 10, "and moves that");
	eq(lseek(in, 0, SEEK_CUR), 4, "only");
	pread(out, buf, 16, 0);
	ok(strcmp(buf, "012323456789") == 0, "the bytes are right");
	pipe(p);
	lseek(in, 0, SEEK_SET);
	eq(sendfile(p[1], in, NULL, 10), 10, "sendfile to a pipe");
	eq(read(p[0], buf, 16), 10, "arrives");
	fails(sendfile(out, p[0], NULL, 1), EINVAL, "from a pipe it is EINVAL");
	lseek(in, 0, SEEK_SET);
	close(p[0]);
	close(p[1]);
	close(in);
	close(out);
}

static int file_size_limit(void *arg)
{
	struct rlimit limit = {1000, 1000};
	char buf[600] = {0};
	int fd = t_file("big", "", 0);

	need(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	signal(SIGXFSZ, SIG_IGN);
	need(write(fd, buf, 600) == 600);
	need(write(fd, buf, 600) == 400);
	need(write(fd, buf, 1) == -1 && errno == EFBIG);
	need(ftruncate(fd, 1001) == -1 && errno == EFBIG);
	need(ftruncate(fd, 1000) == 0);
	signal(SIGXFSZ, SIG_DFL);
	lseek(fd, 1000, SEEK_SET);
	write(fd, buf, 1);
	return 1;
}

/* Two descriptors of one open share the offset; two opens do not. */
static void check_sharing(void)
{
	int a = t_file("sh", "abcdef", 6), b = dup(a), c = open("sh", O_RDWR);
	char x;

	lseek(a, 0, SEEK_SET);
	read(a, &x, 1);
	read(b, &x, 1);
	eq(x, 'b', "a duplicate shares the offset");
	read(c, &x, 1);
	eq(x, 'a', "another open has its own");
	write(c, "X", 1);
	pread(a, &x, 1, 1);
	eq(x, 'X', "but the same data");
	close(a);
	close(b);
	close(c);
}

static void check_pages(void)
{
	static char data[10 * T_PAGE + 123], back[sizeof(data)];
	int fd = t_file("p", "", 0), wrong = 0;

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + i / 251;
	for (unsigned at = 0; at < sizeof(data); at += 777)
		wrong +=
			write(fd, data + at, at + 777 < sizeof(data) ? 777 : sizeof(data) - at) < 0;
	eq(wrong, 0, "41,083 bytes written in pieces of 777");
	eq(pread(fd, back, sizeof(back), 0), sizeof(data), "are read in one");
	ok(memcmp(data, back, sizeof(data)) == 0, "and are the same");
	for (unsigned at = 0; at < sizeof(data); at += 4097)
		wrong += pread(fd, back, 1, at) != 1 || back[0] != data[at];
	eq(wrong, 0, "byte by byte across pages");
	eq(fsync(fd), 0, "fsync works");
	eq(fdatasync(fd), 0, "fdatasync works");
	fails(fsync(999), EBADF, "fsync of a closed descriptor is EBADF");
	sync();
	close(fd);
	int p[2];
	pipe(p);
	fails(fsync(p[0]), EINVAL, "fsync of a pipe is EINVAL");
	fd = open("/proc/meminfo", O_RDONLY);
	fails(fsync(fd), EINVAL, "fsync of a file that the kernel makes is EINVAL");
	close(fd);
	fd = open(".", O_RDONLY);
	eq(fsync(fd), 0, "fsync of a directory works");
	close(fd);
	close(p[0]);
	close(p[1]);
}

/* memfd files lie on a file system of their own. */
static void check_other_file_system(void)
{
	int from = t_file("from", "text", 4), to = (int)syscall(SYS_memfd_create, "to", 0);
	long long at = 0;

	fails(syscall(SYS_copy_file_range, from, &at, to, NULL, 4, 0), EXDEV,
	      "copy_file_range to another file system is EXDEV");
	eq(syscall(SYS_listxattr, "from", NULL, 0), 0, "a file has no attributes: listxattr is 0");
	close(to);
	close(from);
}

int main(void)
{
	t_tmpdir();
	check_offsets();
	check_vectors();
	check_sparse();
	check_truncate();
	check_fallocate();
	check_copies();
	check_other_file_system();
	dies(file_size_limit, NULL, SIGXFSZ,
	     "RLIMIT_FSIZE cuts writes, then EFBIG, and SIGXFSZ kills");
	check_sharing();
	check_pages();
	return t_done();
}
