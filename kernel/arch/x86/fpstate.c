/*
 * FXSAVE's image and the old format of the x87 state, one into the other. The old format has two
 * bits of tag a register where FXSAVE has one, and no SSE state.
 */
#include "fpstate.h"
#include "lib/string.h"

#define MXCSR_MASK_DEFAULT 0xffbf

void fpu_clean_mxcsr(struct fxsave_area *fx)
{
	fx->mxcsr &= fx->mxcsr_mask ? fx->mxcsr_mask : MXCSR_MASK_DEFAULT;
}

/* One tag of 2 bits a register from FXSAVE's one bit: 0 valid, 1 zero, 2 special, 3 empty. */
static u32 tag_of(const u8 st[16])
{
	u16 exponent = (u16)((st[8] | st[9] << 8) & 0x7fff);
	u32 low, high;

	memcpy(&low, st, sizeof(low));
	memcpy(&high, st + 4, sizeof(high));
	if (exponent == 0x7fff)
		return 2;
	if (exponent == 0)
		return low | high ? 2 : 1;
	return high & 0x80000000 ? 0 : 2;
}

static u32 full_tags(const struct fxsave_area *fx)
{
	u32 top = fx->swd >> 11 & 7, tags = 0xffff0000;

	for (u32 i = 0; i < 8; i++) {
		u32 tag = fx->twd >> i & 1 ? tag_of(fx->st[(i - top) & 7]) : 3;

		tags |= tag << (2 * i);
	}
	return tags;
}

static u16 short_tags(u32 tags)
{
	u16 bits = 0;

	for (u32 i = 0; i < 8; i++)
		if ((tags >> (2 * i) & 3) != 3)
			bits |= (u16)(1u << i);
	return bits;
}

void fpu_encode_header(struct fp_header *h, const struct fxsave_area *fx)
{
	h->cw = fx->cwd | 0xffff0000;
	h->sw = fx->swd | 0xffff0000;
	h->tag = fx->twd ? full_tags(fx) : 0xffffffff;
	h->ipoff = fx->fip;
	h->cssel = (fx->fcs & 0xffff) | (u32)fx->fop << 16;
	h->dataoff = fx->foo;
	h->datasel = fx->fos;
	for (unsigned i = 0; i < 8 && fx->twd; i++)
		memcpy(&h->st[i], fx->st[i], sizeof(h->st[i]));
	h->status = fx->swd;
	h->magic = X86_FXSR_MAGIC;
}

void fpu_decode_header(struct fxsave_area *fx, const struct fp_header *h, u32 mxcsr_mask)
{
	fx->cwd = (u16)h->cw;
	fx->swd = (u16)h->sw;
	fx->twd = (u16)h->tag == 0xffff ? 0 : short_tags(h->tag);
	fx->fop = (u16)(h->cssel >> 16);
	fx->fip = h->ipoff;
	fx->fcs = h->cssel & 0xffff;
	fx->foo = h->dataoff;
	fx->fos = h->datasel;
	for (unsigned i = 0; i < 8; i++)
		memcpy(fx->st[i], &h->st[i], sizeof(h->st[i]));
	fx->mxcsr_mask = mxcsr_mask;
	fpu_clean_mxcsr(fx);
}
