/*
 * System V shared memory: shmget(2), shmop(2), shmctl(2), sysvipc(7), through the calls of their
 * own numbers and through ipc(2) with both shapes of its structures.
 */
// needs: mem=128M
#include "t.h"
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SHM_DEST
#define SHM_DEST 01000
#define SHM_LOCKED 02000
#endif

/* Everything of ipc(2) and of IPC_64, by number: libc chooses its own way. */
#define CALL_SHMAT 21
#define CALL_SHMDT 22
#define CALL_SHMGET 23
#define CALL_SHMCTL 24
#define CMD_64 0x100
#define CMD_STAT 2 /* musl's IPC_STAT says more */

/* The structures as i386 programs of before IPC_64 know them. */
struct old_perm {
	int key;
	unsigned short uid, gid, cuid, cgid, mode, seq;
};
struct old_shmid {
	struct old_perm perm;
	int segsz;
	int atime, dtime, ctime;
	unsigned short cpid, lpid, nattch, unused;
	void *unused2, *unused3;
};
struct perm64 {
	int key;
	unsigned uid, gid, cuid, cgid;
	unsigned short mode, pad1, seq, pad2;
	unsigned long unused[2];
};
struct shmid64 {
	struct perm64 perm;
	unsigned long segsz;
	unsigned long atime, atime_high, dtime, dtime_high, ctime, ctime_high;
	int cpid, lpid;
	unsigned long nattch, unused[2];
};

#define KEY 0x15f00001
#define NOBODY 65534

static struct shmid_ds stat_of(int id)
{
	struct shmid_ds ds;

	memset(&ds, 0, sizeof(ds));
	t_must(shmctl(id, IPC_STAT, &ds) == 0);
	return ds;
}

static int attaches(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) ? -1 : (int)ds.shm_nattch;
}

static int make(size_t size, int flags)
{
	int id = shmget(IPC_PRIVATE, size, flags | 0600);

	t_must(id >= 0);
	return id;
}

static char *attach(int id)
{
	char *p = shmat(id, NULL, 0);

	t_must(p != (void *)-1);
	return p;
}

static void drop(int id)
{
	shmctl(id, IPC_RMID, NULL);
}

static void become(uid_t uid, gid_t gid)
{
	need(setgroups(0, NULL) == 0);
	need(setresgid(gid, gid, gid) == 0);
	need(setresuid(uid, uid, uid) == 0);
}

/* -- shmget -------------------------------------------------------------------------------- */

static void test_get(void)
{
	int id, other;

	fails(shmget(KEY, 4096, 0), ENOENT, "a key that nobody has is not found");
	id = shmget(KEY, 5000, IPC_CREAT | 0640);
	works(id, "IPC_CREAT makes it");
	eq(shmget(KEY, 0, 0), id, "its key finds it, size 0 asks for nothing");
	eq(shmget(KEY, 5000, IPC_CREAT), id, "IPC_CREAT finds what exists");
	fails(shmget(KEY, 5001, 0), EINVAL, "a size that is larger than the segment is refused");
	fails(shmget(KEY, 5000, IPC_CREAT | IPC_EXCL), EEXIST, "IPC_EXCL wants a new one");
	fails(shmget(KEY, 5001, IPC_CREAT | IPC_EXCL), EEXIST, "EEXIST comes before the size");
	fails(shmget(IPC_PRIVATE, 0, 0600), EINVAL, "a new segment has at least one byte");
	fails(shmget(IPC_PRIVATE, 0xff000000u, 0600), EINVAL, "and at most SHMMAX");
	other = shmget(IPC_PRIVATE, 1, 0600);
	ok(other >= 0 && other != id, "IPC_PRIVATE makes a new one each time, without IPC_CREAT");
	fails(shmget(IPC_PRIVATE, 4096, SHM_HUGETLB | 0600), ENOMEM,
	      "without a pool of huge pages SHM_HUGETLB is ENOMEM");
	fails(shmget(IPC_PRIVATE, 4096, SHM_HUGETLB | 13 << 26 | 0600), EINVAL,
	      "and a size of page that does not exist EINVAL");
	drop(other);
	eq(shmctl(id, IPC_RMID, NULL), 0, "IPC_RMID removes");
	fails(shmget(KEY, 0, 0), ENOENT, "its key then means nobody");
	fails(shmctl(id, IPC_RMID, NULL), EINVAL, "nor does its id");
}

static void test_ids(void)
{
	int first = make(1, 0), last = first, id, repeated = 0, i;

	drop(first);
	for (i = 0; i < 200; i++) {
		id = make(1, 0);
		repeated += id == first || id == last;
		last = id;
		drop(id);
	}
	eq(repeated, 0, "an id is not given out again soon");
	fails(shmctl(first, IPC_STAT, &(struct shmid_ds){0}), EINVAL,
	      "an old id with the index of a new segment means nobody");
}

static void test_commit(void)
{
	long long before = t_field("/proc/meminfo", "Committed_AS"), now;
	int id = make(8 << 20, 0);

	now = t_field("/proc/meminfo", "Committed_AS");
	ok(now - before >= 8192 - 512 && now - before < 16384,
	   "a segment's pages count as committed when it is made");
	drop(id);
	before = t_field("/proc/meminfo", "Committed_AS");
	id = make(8 << 20, 010000 /* SHM_NORESERVE */);
	now = t_field("/proc/meminfo", "Committed_AS");
	ok(now - before < 4096, "but not with SHM_NORESERVE");
	drop(id);
}

/* -- shmat --------------------------------------------------------------------------------- */

static void test_attach(void)
{
	struct t_map map;
	char name[40], *p, *q, *hole;
	int id = shmget(KEY, 3 * T_PAGE - 100, IPC_CREAT | 0600);

	t_must(id >= 0);
	fails_p(shmat(-1, NULL, 0), EINVAL, "an id is not negative");
	p = attach(id);
	ok(((unsigned long)p & (T_PAGE - 1)) == 0, "the kernel finds a place");
	ok(p[0] == 0 && p[3 * T_PAGE - 1] == 0,
	   "a segment begins as zeros, to the end of its last page");
	q = attach(id);
	p[4097] = 'x';
	ok(q != p && q[4097] == 'x', "two attaches are the same memory");
	t_must(t_map_at(p, &map));
	snprintf(name, sizeof(name), "/SYSV%08x (deleted)", KEY);
	ok(strstr(map.name, name), "maps names it by its key");
	ok(map.inode == (unsigned long)id && map.major == 0 && map.offset == 0,
	   "with the id as inode");
	ok(strcmp(map.prot, "rw-s") == 0 && map.end - map.start == 3 * T_PAGE,
	   "shared, whole pages");
	eq(attaches(id), 2, "both count");

	hole = mmap(NULL, 8 * T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fails_p(shmat(id, hole, 0), EINVAL, "an address that is taken is refused");
	fails_p(shmat(id, hole + 7 * T_PAGE, 0), EINVAL, "wholly or in part");
	fails_p(shmat(id, hole + 1, 0), EINVAL, "so is one that is no page's");
	fails_p(shmat(id, NULL, SHM_REMAP), EINVAL, "SHM_REMAP needs an address");
	fails_p(shmat(id, (void *)1, SHM_REMAP | SHM_RND), EINVAL,
		"of a page that is not the first");
	fails_p(shmat(id, (void *)0xfffff000, 0), EINVAL, "the kernel's addresses are refused");
	ok(shmat(id, hole + T_PAGE + 5, SHM_RND | SHM_REMAP) == hole + T_PAGE,
	   "SHM_RND rounds down, SHM_REMAP takes the place of what is there");
	ok(hole[T_PAGE + 4097] == 'x', "which is the segment now");
	munmap(hole, 8 * T_PAGE);
	ok(shmat(id, hole, 0) == hole, "a free address is taken as it is");
	eq(attaches(id), 3, "unmapping detached, attaching attached");
	eq(shmdt(hole), 0, "shmdt detaches");
	fails(shmdt(hole), EINVAL, "once");
	fails(shmdt(p + 1), EINVAL, "at an address of a page");
	fails(shmdt(p + T_PAGE), EINVAL, "where it was attached");
	eq(shmdt(p), 0, "one");
	ok(q[4097] == 'x', "the other stays");
	eq(shmdt(q), 0, "and the other");
	eq(attaches(id), 0, "nobody is attached");
	p = attach(id);
	ok(p[4097] == 'x', "a segment keeps its contents without attaches");
	shmdt(p);
	drop(id);
}

static void test_access(void)
{
	struct t_map map;
	int id = make(T_PAGE, 0);
	char *p = attach(id), *r = shmat(id, NULL, SHM_RDONLY), *x;

	p[5] = 'a';
	ok(r != (void *)-1 && r[5] == 'a', "SHM_RDONLY reads");
	faulted(t_write(r), SIGSEGV, SEGV_ACCERR, r, "and does not write");
	fails(mprotect(r, T_PAGE, PROT_READ | PROT_WRITE), EACCES, "nor may it be made to");
	t_must(t_map_at(r, &map));
	ok(strcmp(map.prot, "r--s") == 0, "maps shows it read-only and shared");
	x = shmat(id, NULL, SHM_EXEC);
	t_must(x != (void *)-1 && t_map_at(x, &map));
	ok(strcmp(map.prot, "rwxs") == 0, "SHM_EXEC makes it executable");
	x[0] = (char)0xc3; /* ret */
	eq(t_call(x).sig, 0, "and it executes");
	eq(mprotect(p, T_PAGE, PROT_READ | PROT_EXEC), 0, "mprotect is as for files");
	shmdt(p);
	shmdt(r);
	shmdt(x);
	drop(id);
}

/* -- counting ------------------------------------------------------------------------------ */

static int tell_attaches(void *arg)
{
	return attaches(*(int *)arg);
}

static int just_exit(void *arg)
{
	return 0;
}

static int exec_child(void *arg)
{
	int id = *(int *)arg;

	need(attaches(id) == 2);
	execl("/proc/self/exe", "shm_sysv", "attaches", (char *)NULL);
	return 99;
}

static void test_count(void)
{
	struct shmid_ds ds;
	int id = make(8 * T_PAGE, 0);
	char *p = attach(id), *q = attach(id), *moved;
	char prots[80];

	t_child(just_exit, NULL);
	eq(attaches(id), 2, "exit detaches what the child had");
	exits(tell_attaches, &id, 4, "fork attaches for the child");
	shmdt(q);

	eq(munmap(p + 2 * T_PAGE, T_PAGE), 0, "munmap makes a hole");
	eq(attaches(id), 2, "and two areas, which count as two attaches");
	mprotect(p + 5 * T_PAGE, T_PAGE, PROT_READ);
	eq(attaches(id), 4, "so does a change of protection of a part");
	mprotect(p + 5 * T_PAGE, T_PAGE, PROT_READ | PROT_WRITE);
	t_maps_in(p, 8 * T_PAGE, prots, sizeof(prots));
	eq(attaches(id), t_maps_in(p, 8 * T_PAGE, prots, sizeof(prots)), "each area is one attach");
	eq(munmap(p + 7 * T_PAGE, T_PAGE), 0, "a part may go at the end");
	eq(shmdt(p), 0, "shmdt takes all areas of the attach");
	eq(t_maps_in(p, 8 * T_PAGE, prots, sizeof(prots)), 0, "and leaves none");
	eq(attaches(id), 0, "nobody is attached");

	p = attach(id);
	munmap(p, 2 * T_PAGE);
	eq(shmdt(p), 0, "shmdt knows the address although the first pages are gone");
	eq(attaches(id), 0, "and detaches the rest");

	p = attach(id);
	p[3 * T_PAGE] = 'm';
	moved = mremap(p + 3 * T_PAGE, T_PAGE, T_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       (char *)mmap(NULL, T_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	ok(moved != MAP_FAILED && moved[0] == 'm', "mremap moves a page of a segment");
	eq(attaches(id), 3, "three areas");
	fails(shmdt(moved), EINVAL, "the moved one is not where an attach begins");
	eq(shmdt(moved - 3 * T_PAGE), 0, "but where its attach would begin it is found");
	shmdt(p);
	eq(attaches(id), 0, "nobody is attached");

	p = attach(id);
	q = mremap(p, 0, 8 * T_PAGE, MREMAP_MAYMOVE);
	ok(q != MAP_FAILED && q != p, "mremap of length 0 maps a segment once more");
	q[77] = 7;
	ok(p[77] == 7 && attaches(id) == 2, "the same one");
	eq(shmdt(q) | shmdt(p), 0, "both detach");

	p = attach(id);
	ds = stat_of(id);
	ok(ds.shm_lpid == getpid() && ds.shm_cpid == getpid(), "creator and last user are told");
	munmap(p, 8 * T_PAGE);
	eq(attaches(id), 0, "munmap of all of it detaches");
	drop(id);
}

/*
 * remap_file_pages(2) makes areas of the segment as mmap does; shmdt takes those that lie
 * where they were.
 */
static void test_remap(void)
{
	int id = make(4 * T_PAGE, 0600);
	char *p = attach(id);

	for (int i = 0; i < 4; i++)
		p[i * T_PAGE] = '0' + i;
	works(syscall(SYS_remap_file_pages, p, T_PAGE, 0, 3, 0), "remap_file_pages of a segment");
	ok(p[0] == '3' && p[T_PAGE] == '1' && p[3 * T_PAGE] == '3', "shows another page of it");
	p[0] = 'x';
	eq(p[3 * T_PAGE], 'x', "which is the same");
	eq(attaches(id), 2, "the areas are two");
	works(syscall(SYS_remap_file_pages, p + 2 * T_PAGE, T_PAGE, 0, 0, 0),
	      "again in the middle");
	eq(p[2 * T_PAGE], '0', "shows the first page");
	eq(attaches(id), 4, "the areas are four");
	works(syscall(SYS_remap_file_pages, p + T_PAGE, 2 * T_PAGE, 0, 1, 0), "and over two areas");
	ok(p[T_PAGE] == '1' && p[2 * T_PAGE] == '2', "shows two pages");
	drop(id);
	works(shmdt(p), "shmdt of what is left");
	eq(p[0], 'x', "leaves what was moved");
	munmap(p, 4 * T_PAGE);
	eq(shmget(KEY, 0, 0), -1, "and it goes with the last area");
}

static void test_exec(void)
{
	int id = shmget(KEY, 4096, IPC_CREAT | 0600);
	char *p = attach(id);

	exits(exec_child, &id, 1, "exec detaches");
	shmdt(p);
	drop(id);
}

static int detach_and_reattach(void *arg)
{
	int id = *(int *)arg;
	char *p;

	p = shmat(id, NULL, 0);
	need(p != (void *)-1 && p[9] == 9);
	need(shmdt(p) == 0);
	return 0;
}

static void test_remove(void)
{
	struct shmid_ds ds;
	long long before, now;
	struct t_map map;
	int id = shmget(KEY, 4 << 20, IPC_CREAT | 0600), other;
	char *p = attach(id);

	memset(p, 9, 4 << 20);
	before = t_field("/proc/meminfo", "Shmem");
	eq(shmctl(id, IPC_RMID, NULL), 0, "IPC_RMID of an attached segment");
	ok(p[1 << 20] == 9, "its memory stays");
	ds = stat_of(id);
	ok((ds.shm_perm.mode & SHM_DEST) && ds.shm_nattch == 1, "its id stays, marked SHM_DEST");
	eq(ds.shm_perm.__key, IPC_PRIVATE, "its key is gone");
	other = shmget(KEY, 100, IPC_CREAT | IPC_EXCL | 0600);
	ok(other >= 0 && other != id, "and free for another one");
	exits(detach_and_reattach, &id, 0, "it can still be attached by its id");
	eq(shmctl(id, IPC_RMID, NULL), 0, "removing it again changes nothing");
	t_must(t_map_at(p, &map));
	ok(strstr(map.name, "/SYSV15f00001 (deleted)"), "maps shows the old key");
	eq(shmdt(p), 0, "the last detach");
	fails(shmctl(id, IPC_STAT, &ds), EINVAL, "destroys it");
	now = t_field("/proc/meminfo", "Shmem");
	ok(before - now >= 4000, "and frees its pages: Shmem has them no longer");
	drop(other);
}

/* -- what is told of a segment ------------------------------------------------------------- */

static void test_stat(void)
{
	struct shmid_ds ds, other;
	struct shminfo info;
	struct shm_info totals;
	time_t start = time(NULL) - 1;
	int id = shmget(KEY, 10000, IPC_CREAT | 0640), index, before, i;
	char *p;

	ds = stat_of(id);
	ok(ds.shm_perm.__key == KEY && ds.shm_perm.mode == 0640, "IPC_STAT tells key and mode");
	ok(ds.shm_segsz == 10000, "the size in bytes");
	ok(ds.shm_atime == 0 && ds.shm_dtime == 0 && ds.shm_lpid == 0, "no attach, no detach");
	ok(ds.shm_ctime >= start && ds.shm_ctime <= time(NULL) + 1, "the time of its making");
	p = attach(id);
	ds = stat_of(id);
	ok(ds.shm_atime >= start && ds.shm_dtime == 0, "attaching sets atime");
	shmdt(p);
	ds = stat_of(id);
	ok(ds.shm_dtime >= start && ds.shm_lpid == getpid(), "detaching sets dtime and lpid");

	ds.shm_perm.mode = 07777;
	ds.shm_perm.uid = 12;
	ds.shm_perm.gid = 34;
	eq(shmctl(id, IPC_SET, &ds), 0, "IPC_SET");
	ds = stat_of(id);
	ok(ds.shm_perm.mode == 0777 && ds.shm_perm.uid == 12 && ds.shm_perm.gid == 34,
	   "changes owner, group and the nine bits of the mode");
	ok(ds.shm_perm.cuid == 0 && ds.shm_perm.cgid == 0, "the creator stays");
	ds.shm_perm.uid = -1;
	fails(shmctl(id, IPC_SET, &ds), EINVAL, "-1 is no owner");
	fails(syscall(SYS_shmctl, id, IPC_SET, T_KERNEL), EFAULT, "IPC_SET reads user memory only");
	fails(syscall(SYS_shmctl, id, CMD_STAT, T_KERNEL), EFAULT,
	      "CMD_STAT writes user memory only");
	fails(shmctl(id, 99, &ds), EINVAL, "there is no command 99");
	fails(shmctl(-1, IPC_STAT, &ds), EINVAL, "ids are not negative");

	index = shmctl(0, SHM_INFO, (void *)&totals);
	ok(index >= 0 && totals.used_ids >= 1 && totals.shm_tot >= 3,
	   "SHM_INFO counts segments and their pages");
	before = (int)totals.shm_rss;
	p = attach(id);
	memset(p, 1, 10000);
	shmctl(0, SHM_INFO, (void *)&totals);
	eq((int)totals.shm_rss - before, 3, "and those in memory");
	shmdt(p);
	eq(shmctl(0, IPC_INFO, (void *)&info), index, "IPC_INFO returns the highest index, too");
	ok(info.shmmin == 1 && info.shmmni == 4096 && info.shmseg == 4096 &&
		   info.shmmax == ULONG_MAX - (1UL << 24) && info.shmall == ULONG_MAX - (1UL << 24),
	   "and the limits");
	for (i = 0; i <= index; i++)
		if (shmctl(i, SHM_STAT, &other) == id)
			break;
	ok(i <= index, "SHM_STAT finds it by one of the indices up to that, and returns its id");
	eq(other.shm_segsz, 10000, "with what IPC_STAT tells");
	eq(shmctl(i, SHM_STAT_ANY, &other), id, "so does SHM_STAT_ANY");
	fails(shmctl(32767, SHM_STAT, &other), EINVAL, "an index without a segment is EINVAL");
	drop(id);
}

static int nobody_stat(void *arg)
{
	struct shmid_ds ds;
	int *ids = arg;

	become(NOBODY, NOBODY);
	need(shmctl(ids[0], IPC_STAT, &ds) == -1 && errno == EACCES);
	need(shmctl(ids[1], SHM_STAT, &ds) == -1 && errno == EACCES);
	need(shmctl(ids[1], SHM_STAT_ANY, &ds) == ids[0]);
	need(shmctl(ids[0], IPC_RMID, NULL) == -1 && errno == EPERM);
	need(shmctl(ids[0], IPC_SET, &ds) == -1 && errno == EPERM);
	need(shmat(ids[0], NULL, SHM_RDONLY) == (void *)-1 && errno == EACCES);
	need(shmget(KEY, 0, 0) == ids[0]);
	need(shmget(KEY, 0, 0400) == -1 && errno == EACCES);
	return 0;
}

static int others_read(void *arg)
{
	int *ids = arg;

	become(NOBODY, NOBODY);
	need(shmat(ids[0], NULL, 0) == (void *)-1 && errno == EACCES);
	need(shmat(ids[0], NULL, SHM_EXEC | SHM_RDONLY) == (void *)-1 && errno == EACCES);
	need(shmat(ids[0], NULL, SHM_RDONLY) != (void *)-1);
	need(shmget(KEY, 0, 0444) == ids[0]);
	need(shmget(KEY, 0, 0666) == -1 && errno == EACCES);
	return 0;
}

static int group_writes(void *arg)
{
	gid_t group = 77;
	int *ids = arg;

	need(setgroups(1, &group) == 0);
	need(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
	need(shmat(ids[0], NULL, 0) != (void *)-1);
	return 0;
}

/* CAP_IPC_OWNER and nothing else */
static int cap_owner(void *arg)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};
	int *ids = arg;

	need(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	become(NOBODY, NOBODY);
	data[0].effective = data[0].permitted = 1u << CAP_IPC_OWNER;
	need(syscall(SYS_capset, &head, data) == 0);
	need(shmat(ids[0], NULL, 0) != (void *)-1);
	need(shmctl(ids[0], IPC_RMID, NULL) == -1 && errno == EPERM);
	return 0;
}

static void set_mode(int id, uid_t uid, gid_t gid, int mode)
{
	struct shmid_ds ds = stat_of(id);

	ds.shm_perm.uid = uid;
	ds.shm_perm.gid = gid;
	ds.shm_perm.mode = mode;
	t_must(shmctl(id, IPC_SET, &ds) == 0);
}

static void test_permissions(void)
{
	struct shmid_ds ds;
	int ids[2], highest;

	ids[0] = shmget(KEY, 100, IPC_CREAT | 0600);
	highest = shmctl(0, SHM_INFO, (void *)&ds);
	for (ids[1] = 0; ids[1] < highest; ids[1]++)
		if (shmctl(ids[1], SHM_STAT_ANY, &ds) == ids[0])
			break;
	exits(nobody_stat, ids, 0, "who has no permission neither looks nor attaches");
	set_mode(ids[0], 0, 0, 0604);
	exits(others_read, ids, 0, "others have the last three bits");
	set_mode(ids[0], 0, 77, 0660);
	exits(group_writes, ids, 0, "members of the group the middle three");
	set_mode(ids[0], 0, 0, 0);
	exits(cap_owner, ids, 0, "CAP_IPC_OWNER has access, but no control");
	eq(shmdt(attach(ids[0])), 0, "root's capabilities need no bits");
	drop(ids[0]);
}

static int owner_without_bits(void *arg)
{
	struct shmid_ds ds;
	int *id = arg;

	become(55, 55);
	need(shmat(*id, NULL, SHM_RDONLY) == (void *)-1 && errno == EACCES);
	need(shmctl(*id, IPC_STAT, &ds) == -1 && errno == EACCES);
	need(shmctl(*id, IPC_RMID, NULL) == 0);
	return 0;
}

static void test_owner(void)
{
	int id = shmget(KEY, 100, IPC_CREAT | 0600);

	set_mode(id, 55, 0, 0077);
	exits(owner_without_bits, &id, 0, "an owner without bits may still remove");
	fails(shmget(KEY, 0, 0), ENOENT, "and has");
}

/* -- SHM_LOCK ------------------------------------------------------------------------------ */

static int lock_as_user(void *arg)
{
	struct rlimit none = {0, 0}, some = {64 << 10, 64 << 10};
	int *ids = arg;

	need(setrlimit(RLIMIT_MEMLOCK, &some) == 0);
	become(55, 55);
	need(shmctl(ids[1], SHM_LOCK, NULL) == -1 && errno == EPERM); /* root's */
	need(shmctl(ids[0], SHM_LOCK, NULL) == 0);                    /* 48 KB */
	need(stat_of(ids[0]).shm_perm.mode & SHM_LOCKED);
	need(shmctl(ids[0], SHM_LOCK, NULL) == 0);                     /* again: nothing */
	need(shmctl(ids[2], SHM_LOCK, NULL) == -1 && errno == ENOMEM); /* too much */
	need(shmctl(ids[0], SHM_UNLOCK, NULL) == 0);
	need(!(stat_of(ids[0]).shm_perm.mode & SHM_LOCKED));
	need(shmctl(ids[2], SHM_LOCK, NULL) == 0);
	need(shmctl(ids[2], SHM_UNLOCK, NULL) == 0);
	need(shmctl(ids[2], SHM_UNLOCK, NULL) == 0);
	need(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
	need(shmctl(ids[0], SHM_LOCK, NULL) == -1 && errno == EPERM);
	need(shmctl(ids[0], SHM_UNLOCK, NULL) == 0);
	return 0;
}

static void test_lock(void)
{
	int ids[3] = {make(48 << 10, 0), make(4096, 0), make(48 << 10, 0)};

	set_mode(ids[0], 55, 0, 0600);
	set_mode(ids[2], 55, 0, 0600);
	exits(lock_as_user, ids, 0, "a user locks own segments, up to RLIMIT_MEMLOCK");
	eq(shmctl(ids[0], SHM_LOCK, NULL), 0, "root locks any");
	ok(stat_of(ids[0]).shm_perm.mode & SHM_LOCKED, "the mode shows it");
	drop(ids[0]);
	drop(ids[1]);
	drop(ids[2]);
}

/* -- /proc --------------------------------------------------------------------------------- */

static bool proc_line(int id, char *line, size_t size)
{
	static char text[65536];
	char *at, *end;
	int key, found;

	if (t_slurp("/proc/sysvipc/shm", text, sizeof(text)) < 0)
		return false;
	for (at = strchr(text, '\n'); at && at[1]; at = strchr(at + 1, '\n')) {
		if (sscanf(at + 1, "%d %d", &key, &found) != 2 || found != id)
			continue;
		end = strchr(at + 1, '\n');
		snprintf(line, size, "%.*s", (int)(end - at - 1), at + 1);
		return true;
	}
	return false;
}

static void write_sysctl(const char *name, const char *text)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", name);
	fd = open(path, O_WRONLY);
	t_must(fd >= 0);
	t_must(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static int make_and_exit(void *arg)
{
	*(int *)arg = make(4096, 0);
	return 0;
}

static void test_proc(void)
{
	static const char header[] =
		"       key      shmid perms       size  cpid  lpid nattch   uid   gid  cuid  cgid"
		"      atime      dtime      ctime        rss       swap\n";
	char text[300], want[300], line[300];
	struct shmid_ds ds;
	int id = shmget(KEY, 10000, IPC_CREAT | 0640), *shared;
	char *p = attach(id);

	t_slurp("/proc/sysvipc/shm", text, sizeof(header));
	ok(strcmp(text, header) == 0, "/proc/sysvipc/shm has its header");
	p[0] = 1;
	ds = stat_of(id);
	snprintf(
		want, sizeof(want),
		"%10d %10d  %4o %10lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu %10llu %10lu %10lu",
		KEY, id, 0640, 10000ul, getpid(), getpid(), 1ul, 0, 0, 0, 0,
		(long long)ds.shm_atime, (long long)ds.shm_dtime, (long long)ds.shm_ctime, 4096ul,
		0ul);
	ok(proc_line(id, line, sizeof(line)) && strcmp(line, want) == 0, "and a line for each");
	shmdt(p);
	drop(id);
	ok(!proc_line(id, line, sizeof(line)), "until it is removed");

	eq(t_field("/proc/sys/kernel/shmmni", ""), 4096, "shmmni");
	write_sysctl("shmmax", "8192");
	fails(shmget(IPC_PRIVATE, 8193, 0600), EINVAL, "shmmax limits new segments");
	write_sysctl("shmmax", "4278190079");
	shmctl(0, SHM_INFO, (void *)&ds);
	write_sysctl("shmall", "1");
	fails(shmget(IPC_PRIVATE, 8192, 0600), ENOSPC, "shmall all of them together");
	write_sysctl("shmall", "4278190079");
	write_sysctl("shmmni", "0");
	fails(shmget(IPC_PRIVATE, 4096, 0600), ENOSPC, "shmmni their number");
	write_sysctl("shmmni", "4096");

	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	t_child(make_and_exit, shared);
	eq(attaches(*shared), 0, "a segment outlives its creator");
	id = make(4096, 0);
	write_sysctl("shm_rmid_forced", "1");
	eq(attaches(*shared), -1, "shm_rmid_forced destroys those whose creator has ended");
	eq(attaches(id), 0, "but not those whose creator lives");
	t_child(make_and_exit, shared);
	eq(attaches(*shared), -1, "and with it they go when the creator ends");
	shmdt(attach(id));
	eq(attaches(id), -1, "or with the last detach");
	write_sysctl("shm_rmid_forced", "0");
}

/* -- ipc(2) -------------------------------------------------------------------------------- */

static void test_ipc_call(void)
{
	struct shmid64 ds64;
	struct old_shmid old;
	int info[5];
	unsigned long addr = 0;
	char *p;
	int id = (int)syscall(SYS_ipc, CALL_SHMGET, KEY, 70000, IPC_CREAT | 0600, 0, 0);

	works(id, "ipc(SHMGET)");
	eq(syscall(SYS_ipc, CALL_SHMAT, id, 0, &addr, 0, 0), 0, "ipc(SHMAT) returns 0");
	p = (char *)addr;
	ok(addr && (p[0] = 1), "and the address through its fourth argument");
	fails(syscall(SYS_ipc, CALL_SHMAT | 1 << 16, id, 0, &addr, 0, 0), EINVAL,
	      "version 1 is not served");
	fails(syscall(SYS_ipc, CALL_SHMAT, id, 0, T_KERNEL, 0, 0), EFAULT,
	      "a bad pointer for the result is EFAULT, and the segment attached");
	eq(syscall(SYS_ipc, CALL_SHMCTL, id, CMD_STAT | CMD_64, 0, &ds64, 0), 0,
	   "ipc(SHMCTL) with IPC_64");
	ok(ds64.perm.key == KEY && ds64.perm.mode == 0600 && ds64.segsz == 70000 &&
		   ds64.cpid == getpid() && ds64.nattch == 2 && ds64.atime_high == 0,
	   "fills the new structure");
	eq(syscall(SYS_ipc, CALL_SHMCTL, id, CMD_STAT, 0, &old, 0), 0, "and without it");
	ok(old.perm.key == KEY && old.perm.mode == 0600 && old.segsz == 70000 &&
		   old.cpid == (unsigned short)getpid() && old.nattch == 2 &&
		   (unsigned)old.ctime == ds64.ctime,
	   "the old one");
	old.perm.uid = 7;
	old.perm.gid = 8;
	old.perm.mode = 0666;
	eq(syscall(SYS_ipc, CALL_SHMCTL, id, IPC_SET, 0, &old, 0), 0, "IPC_SET from the old one");
	syscall(SYS_ipc, CALL_SHMCTL, id, CMD_STAT | CMD_64, 0, &ds64, 0);
	ok(ds64.perm.uid == 7 && ds64.perm.gid == 8 && ds64.perm.mode == 0666,
	   "has the same effect");
	ds64.perm.uid = 100000;
	eq(syscall(SYS_ipc, CALL_SHMCTL, id, IPC_SET | CMD_64, 0, &ds64, 0), 0,
	   "a uid above 65535 needs the new one");
	syscall(SYS_ipc, CALL_SHMCTL, id, CMD_STAT, 0, &old, 0);
	eq(old.perm.uid, 65534, "the old one shows the overflow uid");
	works(syscall(SYS_ipc, CALL_SHMCTL, 0, IPC_INFO, 0, info, 0), "the old IPC_INFO");
	ok(info[0] == INT_MAX && info[1] == 1 && info[2] == 4096,
	   "has ints, SHMMAX at most INT_MAX");
	fails(syscall(SYS_shmctl, id, CMD_STAT | CMD_64, &ds64), EINVAL,
	      "the call of its own number has no IPC_64");
	eq(syscall(SYS_shmctl, id, CMD_STAT, &ds64), 0, "and always the new structure");
	ok(ds64.perm.uid == 100000 && ds64.segsz == 70000, "indeed");
	eq(syscall(SYS_ipc, CALL_SHMDT, 0, 0, 0, p, 0), 0, "ipc(SHMDT)");
	fails(syscall(SYS_ipc, 99, 0, 0, 0, 0, 0), ENOSYS, "unknown calls of ipc are ENOSYS");
	eq(syscall(SYS_ipc, CALL_SHMCTL, id, IPC_RMID, 0, 0, 0), 0, "IPC_RMID without IPC_64");
	ok(stat_of(id).shm_perm.mode & SHM_DEST, "removes as well");
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "attaches") == 0)
		return attaches(shmget(KEY, 0, 0));
	test_get();
	test_ids();
	test_commit();
	test_attach();
	test_access();
	test_count();
	test_exec();
	test_remap();
	test_remove();
	test_stat();
	test_permissions();
	test_owner();
	test_lock();
	test_proc();
	test_ipc_call();
	return t_done();
}
