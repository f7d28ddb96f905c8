/*
 * The 8254 timer, channel 0, and the battery clock beside it.
 */
#include "apic.h"
#include <machine/io.h>

#define CHANNEL0 0x40
#define COMMAND 0x43
#define LATCH_CHANNEL0 0x00
#define CHANNEL0_RATE 0x34     /* mode 2, low then high byte */
#define CHANNEL0_ONE_SHOT 0x30 /* mode 0 */

#define RTC_INDEX 0x70
#define RTC_DATA 0x71
#define RTC_UPDATE_SPINS 20000

void pit_free_run(void)
{
	outb(COMMAND, CHANNEL0_RATE);
	outb(CHANNEL0, 0);
	outb(CHANNEL0, 0);
}

u16 pit_read(void)
{
	u8 low;

	outb(COMMAND, LATCH_CHANNEL0);
	low = inb(CHANNEL0);
	return (u16)(low | inb(CHANNEL0) << 8);
}

void pit_one_shot(u16 count)
{
	outb(COMMAND, CHANNEL0_ONE_SHOT);
	outb(CHANNEL0, (u8)count);
	outb(CHANNEL0, (u8)(count >> 8));
}

static u8 cmos(u8 reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

struct rtc_time {
	u8 second, minute, hour, day, month, year;
};

static void rtc_read_once(struct rtc_time *t)
{
	for (unsigned i = 0; (cmos(10) & 0x80) && i < RTC_UPDATE_SPINS; i++)
		cpu_relax();
	t->second = cmos(0);
	t->minute = cmos(2);
	t->hour = cmos(4);
	t->day = cmos(7);
	t->month = cmos(8);
	t->year = cmos(9);
}

static u8 from_bcd(u8 v)
{
	return (u8)((v >> 4) * 10 + (v & 15));
}

static void rtc_decode(struct rtc_time *t)
{
	u8 format = cmos(11);
	bool pm = !(format & 2) && (t->hour & 0x80);

	t->hour &= 0x7f;
	if (!(format & 4)) {
		t->second = from_bcd(t->second);
		t->minute = from_bcd(t->minute);
		t->hour = from_bcd(t->hour);
		t->day = from_bcd(t->day);
		t->month = from_bcd(t->month);
		t->year = from_bcd(t->year);
	}
	if (!(format & 2))
		t->hour = (u8)(t->hour % 12 + (pm ? 12 : 0));
}

/* Days from 1970-01-01: the year begins in March here, so that the leap day is its last. */
static u32 days_since_1970(u32 year, u32 month, u32 day)
{
	if (month < 3) {
		month += 12;
		year--;
	}
	return 365 * year + year / 4 - year / 100 + year / 400 + (153 * (month - 3) + 2) / 5 + day -
	       719469;
}

u64 rtc_read_seconds(void)
{
	struct rtc_time t, again;
	u32 year;

	rtc_read_once(&t);
	do {
		again = t;
		rtc_read_once(&t);
	} while (t.second != again.second);
	rtc_decode(&t);
	if (!t.month || t.month > 12 || !t.day)
		return 0;
	year = t.year + (t.year < 70 ? 2000u : 1900u);
	return (u64)days_since_1970(year, t.month, t.day) * 86400 + t.hour * 3600u +
	       t.minute * 60u + t.second;
}
