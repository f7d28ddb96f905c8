/*
 * The contents of a core file: an ELF file of type ET_CORE. elf(5), core(5)
 *
 *   header, program headers   one PT_NOTE, and a PT_LOAD for each area
 *   notes                     the signal, and the registers of each thread: who died first
 *   contents of the areas     from the next page on; pages that were never touched are holes
 *
 * The notes are written twice, the first time only to know how long they are.
 */
#include "proc/coredump.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/div64.h"
#include "mm/inspect_virt.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/internal.h"
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#define PROGRAM_ARGS 80
#define FILES_NOTE_MAX (4u << 20)
#define FILES_NOTE_MIN 4096u
#define PAGES_AT_ONCE 32

/* What gdb and readelf know as elf_prstatus and elf_prpsinfo: <sys/procfs.h>. */
struct core_status {
	s32 signo, code, error;
	s16 current_signal;
	u32 pending, blocked;
	pid_t pid, ppid, pgrp, sid;
	struct __kernel_old_timeval user, system, children_user, children_system;
	u32 regs[ARCH_USER_REGS];
	s32 fp_valid;
};
_Static_assert(sizeof(struct core_status) == 144, "i386 ABI");

struct core_program {
	char state, state_letter, zombie, nice;
	u32 flags;
	u16 uid, gid;
	pid_t pid, ppid, pgrp, sid;
	char name[16], args[PROGRAM_ARGS];
};
_Static_assert(sizeof(struct core_program) == 124, "i386 ABI");

/* ---- writing ---- */

struct writer {
	struct file *file;   /* NULL: only count */
	loff_t pos, written; /* what lies between them is a hole */
	u64 limit;
};

static bool put(struct writer *w, const void *data, size_t n)
{
	size_t done = 0;

	if (!w->file) {
		w->pos += n;
		return true;
	}
	if ((u64)w->pos + n > w->limit)
		return false;
	while (done < n) {
		ssize_t r =
			file_write_kernel(w->file, (const char *)data + done, n - done, &w->pos);

		if (r <= 0)
			return false;
		done += (size_t)r;
	}
	w->written = w->pos;
	return true;
}

static bool put_zeroes(struct writer *w, size_t n)
{
	static const char zeroes[64];

	for (size_t part; n; n -= part) {
		part = MIN(n, sizeof(zeroes));
		if (!put(w, zeroes, part))
			return false;
	}
	return true;
}

/* ---- notes ---- */

static bool put_note(struct writer *w, const char *owner, u32 type, const void *data, size_t n)
{
	struct elf32_note note = {(u32)strlen(owner) + 1, (u32)n, type};

	return put(w, &note, sizeof(note)) && put(w, owner, note.n_namesz) &&
	       put_zeroes(w, -note.n_namesz % 4) && put(w, data, n) && put_zeroes(w, -n % 4);
}

static struct __kernel_old_timeval timeval_of(u64 ns)
{
	u32 rest;
	u32 seconds = (u32)div_u64_rem(ns, (u32)NSEC_PER_SEC, &rest);

	return (struct __kernel_old_timeval){(long)seconds, (long)(rest / 1000)};
}

static pid_t parent_of(const struct process *p)
{
	pid_t nr;

	rcu_read_lock();
	nr = rcu_dereference(rcu_dereference(p->parent)->leader)->tgid;
	rcu_read_unlock();
	return nr;
}

static bool put_status(struct writer *w, const struct core_dump *core, struct task *t)
{
	struct process *p = t->process;
	struct core_status s = {
		.signo = core->info->si_signo,
		.current_signal = (s16)core->info->si_signo,
		.pending = (u32)t->pending_set,
		.blocked = (u32)t->blocked,
		.pid = t->pid,
		.ppid = parent_of(p),
		.pgrp = task_pgrp_nr(t),
		.sid = task_session_nr(t),
		.children_user = timeval_of(p->children_usage.utime_ns),
		.children_system = timeval_of(p->children_usage.stime_ns),
		.fp_valid = 1,
	};
	u64 user, system;

	if (t == p->leader)
		process_cpu_time(p, &user, &system);
	else
		task_cpu_time(t, &user, &system);
	s.user = timeval_of(user);
	s.system = timeval_of(system);
	arch_get_user_regs(&t->thread, s.regs);
	return put_note(w, "CORE", NT_PRSTATUS, &s, sizeof(s));
}

static bool put_fpu(struct writer *w, struct task *t)
{
	u8 state[ARCH_FXREGS_SIZE];

	arch_get_fpregs(&t->thread, state);
	if (!put_note(w, "CORE", NT_PRFPREG, state, ARCH_FPREGS_SIZE))
		return false;
	arch_get_fxregs(&t->thread, state);
	return put_note(w, "LINUX", NT_PRXFPREG, state, ARCH_FXREGS_SIZE);
}

static void read_args(struct mm *mm, char out[PROGRAM_ARGS])
{
	size_t n = MIN((size_t)(mm->arg_end - mm->arg_start), (size_t)PROGRAM_ARGS - 1);

	n = mm_access(mm, mm->arg_start, out, n, false);
	for (size_t i = 0; i < n; i++)
		if (!out[i])
			out[i] = ' ';
}

static bool put_program(struct writer *w, struct task *t)
{
	struct core_program p = {
		.state_letter = 'R',
		.nice = (char)t->se.nice,
		.flags = t->flags,
		.uid = (u16)t->cred->uid,
		.gid = (u16)t->cred->gid,
		.pid = t->tgid,
		.ppid = parent_of(t->process),
		.pgrp = task_pgrp_nr(t),
		.sid = task_session_nr(t),
	};

	task_get_comm(t, p.name);
	read_args(t->mm, p.args);
	return put_note(w, "CORE", NT_PRPSINFO, &p, sizeof(p));
}

static bool put_siginfo(struct writer *w, const siginfo_t *info)
{
	siginfo_t copy = *info;

	siginfo_clear_rest(&copy);
	return put_note(w, "CORE", NT_SIGINFO, &copy, sizeof(copy));
}

static bool put_auxv(struct writer *w, const struct mm *mm)
{
	return put_note(w, "CORE", NT_AUXV, mm->saved_auxv, auxv_bytes(mm));
}

/* ---- the areas ---- */

struct area {
	uaddr_t start, end;
	u32 flags;
	u32 size;    /* bytes from its start that are in the file */
	bool header; /* nothing else is in the file: the first page, if it has an ELF header */
	bool sparse;
};

struct layout {
	struct area *areas;
	unsigned n;
	u32 *files; /* NT_FILE */
	size_t files_size;
};

/* How much of the area the filter lets through, from its start. => mmap_lock held */
static u32 dumped_size(const struct vma *vma, u32 filter)
{
	u32 all = vma->end - vma->start;
	bool wanted;

	if (vma->start == vma->mm->vdso)
		return all;
	if (vma->flags & (VM_DONTDUMP | VM_IO))
		return 0;
	if (vma->flags & VM_SHARED) {
		wanted = filter & (vma->file && vma->file->inode->nlink ? MMF_DUMP_FILE_SHARED
									: MMF_DUMP_ANON_SHARED);
		return wanted ? all : 0;
	}
	if (vma->anon_id && (filter & MMF_DUMP_ANON_PRIVATE))
		return all;
	if (!vma->file)
		return 0;
	return filter & MMF_DUMP_FILE_PRIVATE ? all : 0;
}

/* The first page of an area that is not in the file otherwise, if it is that of a program. */
static bool is_header_wanted(const struct vma *vma, u32 filter)
{
	return (filter & MMF_DUMP_ELF_HEADERS) && vma->file && !vma->pgoff &&
	       (vma->flags & (VM_READ | VM_SHARED | VM_DONTDUMP | VM_IO)) == VM_READ;
}

/* => mmap_lock held */
static void list_areas(struct mm *mm, struct layout *l)
{
	l->n = 0;
	for (struct vma *vma = mm->areas.first; vma; vma = vma->next)
		l->areas[l->n++] = (struct area){
			.start = vma->start,
			.end = vma->end,
			.flags = vma->flags,
			.size = dumped_size(vma, mm->flags),
			.header = is_header_wanted(vma, mm->flags),
			.sparse = !vma->mapping,
		};
}

/*
 * Count, page size, {start, end, page in the file} of each area of a file, then their names.
 * False: there is not room for it. => mmap_lock held
 */
static bool list_files(struct mm *mm, struct layout *l)
{
	u32 *word = l->files + 2, count = 0;
	char *name, *end = (char *)l->files + l->files_size;

	for (struct vma *vma = mm->areas.first; vma; vma = vma->next)
		count += vma->file != NULL;
	name = (char *)(word + 3 * count);
	if (name > end)
		return false;
	l->files[0] = count;
	l->files[1] = PAGE_SIZE;
	for (struct vma *vma = mm->areas.first; vma; vma = vma->next) {
		char *at;
		size_t n;

		if (!vma->file)
			continue;
		at = mm_file_name(vma->file, name, (size_t)(end - name));
		if (IS_ERR(at))
			return false;
		n = strlen(at) + 1;
		memmove(name, at, n);
		name += n;
		*word++ = vma->start;
		*word++ = vma->end;
		*word++ = vma->pgoff;
	}
	l->files_size = (size_t)(name - (char *)l->files);
	return true;
}

static int list_with_room(struct mm *mm, struct layout *l, unsigned room)
{
	int err = -ENOMEM;

	l->areas = kvmalloc(room * sizeof(struct area), GFP_KERNEL);
	l->files = kvmalloc(l->files_size, GFP_KERNEL);
	if (l->areas && l->files) {
		down_read(&mm->mmap_lock);
		err = -EAGAIN;
		if (mm->areas.count <= room) {
			list_areas(mm, l);
			err = list_files(mm, l) ? 0 : -EFBIG;
		}
		up_read(&mm->mmap_lock);
	}
	if (!err)
		return 0;
	kvfree(l->areas);
	kvfree(l->files);
	return err;
}

/* 0 or -ENOMEM. Other processes may change the memory that they share. */
static int list_memory(struct mm *mm, struct layout *l)
{
	size_t files_size = FILES_NOTE_MIN;
	int err;

	do {
		l->files_size = files_size;
		err = list_with_room(mm, l, READ_ONCE(mm->areas.count));
		if (err == -EFBIG)
			files_size *= 2;
	} while (err == -EAGAIN || (err == -EFBIG && files_size <= FILES_NOTE_MAX));
	return err;
}

static void add_headers(struct mm *mm, struct layout *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		struct area *area = &l->areas[i];
		char magic[SELFMAG];

		if (area->header && !area->size &&
		    mm_access(mm, area->start, magic, SELFMAG, false) == SELFMAG &&
		    memcmp(magic, ELFMAG, SELFMAG) == 0)
			area->size = PAGE_SIZE;
	}
}

/* ---- the parts of the file ---- */

static bool put_notes(struct writer *w, const struct core_dump *core, const struct layout *l)
{
	struct task *t = core->dumper;

	if (!put_status(w, core, t) || !put_program(w, t) || !put_siginfo(w, core->info) ||
	    !put_auxv(w, t->mm) || !put_note(w, "CORE", NT_FILE, l->files, l->files_size) ||
	    !put_fpu(w, t))
		return false;
	for (const struct core_thread *other = core->threads; other; other = other->next)
		if (!put_status(w, core, other->task) || !put_fpu(w, other->task))
			return false;
	return true;
}

static bool put_header(struct writer *w, unsigned segments)
{
	struct elf32_hdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = EM_386,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(struct elf32_hdr),
		.e_ehsize = sizeof(struct elf32_hdr),
		.e_phentsize = sizeof(struct elf32_phdr),
		.e_phnum = (u16)segments,
	};

	return put(w, &header, sizeof(header));
}

static u32 elf_flags(u32 vm_flags)
{
	return (vm_flags & VM_READ ? PF_R : 0) | (vm_flags & VM_WRITE ? PF_W : 0) |
	       (vm_flags & VM_EXEC ? PF_X : 0);
}

static bool put_segments(struct writer *w, const struct layout *l, u32 notes_at, u32 notes_size)
{
	struct elf32_phdr notes = {.p_type = PT_NOTE, .p_offset = notes_at, .p_filesz = notes_size};
	u32 offset = ALIGN_UP(notes_at + notes_size, (u32)PAGE_SIZE);

	if (!put(w, &notes, sizeof(notes)))
		return false;
	for (unsigned i = 0; i < l->n; i++) {
		const struct area *area = &l->areas[i];
		struct elf32_phdr load = {
			.p_type = PT_LOAD,
			.p_offset = offset,
			.p_vaddr = area->start,
			.p_filesz = area->size,
			.p_memsz = area->end - area->start,
			.p_flags = elf_flags(area->flags),
			.p_align = PAGE_SIZE,
		};

		if (!put(w, &load, sizeof(load)))
			return false;
		offset += area->size;
	}
	return true;
}

/* A page that cannot be read, or was never touched, is a hole. */
static bool put_page(struct writer *w, struct mm *mm, uaddr_t addr, void *buffer)
{
	if (mm_access(mm, addr, buffer, PAGE_SIZE, false) == PAGE_SIZE)
		return put(w, buffer, PAGE_SIZE);
	w->pos += PAGE_SIZE;
	return (u64)w->pos <= w->limit;
}

static bool put_area(struct writer *w, struct mm *mm, const struct area *area, void *buffer)
{
	u64 states[PAGES_AT_ONCE];
	uaddr_t at = area->start, end = area->start + area->size;

	while (at < end) {
		unsigned n = MIN((end - at) >> PAGE_SHIFT, (uaddr_t)PAGES_AT_ONCE);

		if (area->sparse && inspect_pagemap(mm, at, n, states))
			return false;
		for (unsigned i = 0; i < n; i++, at += PAGE_SIZE) {
			if (area->sparse && !(states[i] & (PAGEMAP_PRESENT | PAGEMAP_SWAP)))
				w->pos += PAGE_SIZE;
			else if (!put_page(w, mm, at, buffer))
				return false;
		}
	}
	return true;
}

/* A hole at the end needs a byte behind it, or the file is too short. */
static void fill_end(struct writer *w)
{
	if (w->written == w->pos)
		return;
	w->pos--;
	put_zeroes(w, 1);
}

static void put_memory(struct writer *w, struct mm *mm, const struct layout *l)
{
	void *buffer = get_free_pages(GFP_KERNEL, 0);

	if (!buffer)
		return;
	w->pos = ALIGN_UP(w->pos, (loff_t)PAGE_SIZE);
	for (unsigned i = 0; i < l->n; i++)
		if (!put_area(w, mm, &l->areas[i], buffer))
			break;
	fill_end(w);
	put_free_pages(buffer, 0);
}

static bool put_file(struct writer *w, const struct core_dump *core, const struct layout *l)
{
	struct writer counter = {.file = NULL};
	u32 notes_at = sizeof(struct elf32_hdr) + (l->n + 1) * sizeof(struct elf32_phdr);

	put_notes(&counter, core, l);
	if (!put_header(w, l->n + 1))
		return false;
	if (put_segments(w, l, notes_at, (u32)counter.pos) && put_notes(w, core, l))
		put_memory(w, core->dumper->mm, l);
	return true;
}

bool core_file_write(struct file *file, const struct core_dump *core, u64 limit)
{
	struct writer w = {.file = file, .limit = limit};
	struct mm *mm = core->dumper->mm;
	struct layout layout;
	bool written;

	if (list_memory(mm, &layout))
		return false;
	add_headers(mm, &layout);
	arch_thread_save();
	written = put_file(&w, core, &layout);
	kvfree(layout.areas);
	kvfree(layout.files);
	return written;
}
