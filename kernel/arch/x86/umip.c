/*
 * What UMIP forbids to programs: sgdt, sidt, sldt, str and smsw, which would tell where the
 * kernel's tables are (Intel SDM 3A, 2.5, CR4.UMIP). Old programs look at them all the same, so
 * they get an answer, as from Linux: constants that say nothing.
 *
 *   0f 00 /0 sldt   /1 str     0f 01 /0 sgdt   /1 sidt   /4 smsw
 *
 * Only in the flat code segment, and to memory that needs no segment base: all else stays the
 * general protection fault that it was.
 */
#include "thread.h"
#include "desc.h"
#include "ldt.h"
#include "cpu.h"
#include "lib/string.h"

#define INSN_MAX 15
#define GDT_TOLD 0xfffe0000u
#define IDT_TOLD 0xffff0000u
#define CR0_TOLD \
	(X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM | X86_CR0_PG)

struct insn {
	u8 bytes[INSN_MAX + 1];
	unsigned have, at; /* bytes that could be read; the next to look at */
	bool short_operand;
};

struct answer {
	u8 bytes[6];
	unsigned size; /* in memory */
	u32 value;     /* in a register */
	bool in_register;
};

/* What lies behind the end is 0, and is_whole() tells. */
static u8 next(struct insn *i)
{
	return i->at++ < i->have ? i->bytes[i->at - 1] : 0;
}

static u32 next_word(struct insn *i)
{
	u32 v = 0;

	for (unsigned n = 0; n < sizeof(v); n++)
		v |= (u32)next(i) << 8 * n;
	return v;
}

static bool is_whole(const struct insn *i)
{
	return i->at <= i->have;
}

static void fetch(struct insn *i, uaddr_t ip)
{
	size_t left = copy_from_user(i->bytes, ip, INSN_MAX);

	i->have = INSN_MAX - (unsigned)left;
}

static u32 *register_of(struct regs *r, unsigned n)
{
	u32 *const all[] = {&r->ax, &r->cx, &r->dx, &r->bx, &r->sp, &r->bp, &r->si, &r->di};

	return all[n & 7];
}

/* The address that a ModRM byte with a memory operand names, 32-bit addressing. */
static uaddr_t address_of(struct insn *i, struct regs *regs, u8 modrm)
{
	unsigned mod = modrm >> 6, base = modrm & 7;
	uaddr_t address = 0;

	if (base == 4) {
		u8 sib = next(i);

		base = sib & 7;
		if ((sib >> 3 & 7) != 4)
			address = *register_of(regs, sib >> 3) << (sib >> 6);
	}
	if (mod == 0 && base == 5)
		return address + next_word(i);
	address += *register_of(regs, base);
	if (mod == 1)
		address += (u32)(s32)(s8)next(i);
	else if (mod == 2)
		address += next_word(i);
	return address;
}

static void tell_table(struct answer *a, u32 base)
{
	memset(a->bytes, 0, sizeof(a->bytes)); /* the limit comes first */
	memcpy(a->bytes + 2, &base, sizeof(base));
	a->size = sizeof(a->bytes);
}

static void tell_word(struct answer *a, u32 value)
{
	memcpy(a->bytes, &value, sizeof(value));
	a->size = sizeof(u16);
	a->value = value;
	a->in_register = true;
}

static bool answer_for(struct answer *a, u8 opcode, unsigned operation)
{
	a->in_register = false;
	switch (opcode << 4 | operation) {
	case 0x00: tell_word(a, this_cpu_read(loaded_ldt) ? LDT_SEL : 0); return true;
	case 0x01: tell_word(a, TSS_SEL); return true;
	case 0x10: tell_table(a, GDT_TOLD); return true;
	case 0x11: tell_table(a, IDT_TOLD); return true;
	case 0x14: tell_word(a, CR0_TOLD); return true;
	}
	return false;
}

/* Prefixes, up to the opcode: false for those that are not understood here. */
static bool skip_prefixes(struct insn *i)
{
	for (;;) {
		switch (next(i)) {
		case 0x66: i->short_operand = true; break;
		case 0x3e: break; /* ds, which is flat or the access stays refused */
		case 0x0f: return true;
		default: return false;
		}
	}
}

static void write_register(u32 *to, const struct insn *i, const struct answer *a)
{
	memcpy(to, &a->value, i->short_operand ? sizeof(u16) : sizeof(u32));
}

/* As if the CPU had met a page fault there. */
static void fail_at(struct regs *regs, uaddr_t address)
{
	struct arch_thread *t = current_thread();

	t->trap_nr = 14;
	t->trap_error = FAULT_USER | FAULT_WRITE;
	t->trap_address = address;
	arch_hooks.page_fault(regs, address, FAULT_USER | FAULT_WRITE);
}

/* => interrupts on */
bool umip_emulate(struct regs *regs)
{
	struct insn i = {.have = 0};
	struct answer a;
	u8 opcode, modrm;
	uaddr_t address;

	if (!(cpu.f7_ecx & CPU_UMIP) || (u16)regs->cs != USER_CS || (u16)regs->ds != USER_DS ||
	    (u16)regs->ss != USER_DS)
		return false;
	fetch(&i, regs->ip);
	if (!skip_prefixes(&i))
		return false;
	opcode = next(&i);
	modrm = next(&i);
	if (opcode > 1 || !is_whole(&i) || !answer_for(&a, opcode, modrm >> 3 & 7))
		return false;
	if (modrm >> 6 == 3) {
		if (!a.in_register)
			return false;
		write_register(register_of(regs, modrm), &i, &a);
	} else {
		address = address_of(&i, regs, modrm);
		if (!is_whole(&i))
			return false;
		if (copy_to_user(address, a.bytes, a.size)) {
			fail_at(regs, address);
			return true;
		}
	}
	regs->ip += i.at;
	return true;
}
