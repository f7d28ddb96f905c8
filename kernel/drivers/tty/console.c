/*
 * /dev/console: the terminal that console= names last, ttyS0 where none is named. An open of it is
 * an open of that terminal.
 */
#include "drivers/tty.h"
#include "lib/string.h"
#include "lib/parse.h"

static kdev_t console_dev = MKDEV(4, 64);

/*
 * "console=ttyS1,115200n8": only the line matters here, the speed is the loader's and the
 * user's business.
 */
void console_select(const char *value)
{
	if (!strncmp(value, "ttyS", 4) && value[4] >= '0' && value[4] <= '3')
		console_dev = MKDEV(4, 64 + (unsigned)(value[4] - '0'));
}

static struct tty *find_console(unsigned minor)
{
	(void)minor;
	return tty_find(console_dev);
}

static struct tty_driver console_driver = {.find = find_console};

void console_init(void)
{
	if (tty_driver_register(&console_driver, MKDEV(5, 1), 1, "console") == 0)
		devtmpfs_create("console", 0600, MKDEV(5, 1));
}
