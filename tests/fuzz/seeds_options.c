/* SPDX-License-Identifier: MIT */
/* Command lines: each option with its bounds and a few values of its kind. */
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "seeds.h"
#include "swcxl/swcxl.h"

/* clang-format off */
enum kind { SIZE, TIME, NUMBER, HEX, CHOICE, ONOFF, FLAG, REGIONS, TEXT };
static const struct {
	const char *name;
	enum kind kind;
	const char *argument;
	uint64_t min, max;
} rows[] = {
#define DEVICE_OPTION(name, field, kind, argument, min, max, ...) {name, kind, argument, min, max},
#define PROCESS_OPTION DEVICE_OPTION
#define ACTION(name, ...) {name, FLAG, "", 0, 0},
#include "tbl/options.tbl.h"
};
/* clang-format on */

static void argument(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void argument(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	add_bytes(text, strlen(text) + 1);
}

/* One line for each value, which may be none. */
static void line(const char *option, const char *value, unsigned n)
{
	char name[64];

	argument("--fd=0");
	argument("--%s", option);
	if (value)
		argument("%s", value);
	snprintf(name, sizeof(name), "%s-%u", option, n);
	save("options", name);
}

static void every_choice(const char *option, const char *words)
{
	char text[32];

	for (unsigned n = 0; *words; n++) {
		size_t len = strcspn(words, "|");

		memcpy(text, words, len);
		text[len] = 0;
		line(option, text, n);
		word("options", "%s", text);
		words += len + (words[len] == '|');
	}
}

static void every_option(void)
{
	static const char *const values[][4] = {
		[SIZE] = {"256M", "0x10", "1T", "64"},
		[TIME] = {"5ms", "1h", "3", "7ns"},
		[NUMBER] = {"0", "7", "18446744073709551616", "-1"},
		[HEX] = {"0xabcdef", "10000000000000000", "g", "1"},
		[REGIONS] = {"0=sharable,read-only", "1=0x5d", "7=sanitize", "8=non-volatile"},
		[TEXT] = {"a", "/x/y", "b.sock", "root"},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		word("options", "--%s", rows[i].name);
		if (rows[i].kind == FLAG)
			line(rows[i].name, NULL, 0);
		else if (rows[i].kind == CHOICE || rows[i].kind == ONOFF)
			every_choice(rows[i].name, rows[i].argument);
		for (unsigned n = 0; n < 4 && values[rows[i].kind][0]; n++)
			line(rows[i].name, values[rows[i].kind][n], n);
		for (unsigned n = 0; n < 2 && rows[i].max; n++) {
			snprintf(text, sizeof(text), rows[i].kind == HEX ? "%" PRIx64 : "%" PRIu64,
				 n ? rows[i].max : rows[i].min);
			line(rows[i].name, text, 4 + n);
		}
	}
}

void seeds_options(void)
{
	static const char *const words[] = {
		"sanitize", "non-volatile", "sharable", "hw-coherency", "read-only",
		"0=",	    "ns",	    "us",	"ms",		"256M",
		"0x",	    "16T",	    ",",	"--",		"=",
	};
	static const char *const parts[] = {"0x1000+4K", "1G-2G", "0x4300", "4300h",
					    "00:ff aB",	 "0xa5",  "250ms",  "18446744073709551615"};

	every_option();
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		word("options", "%s", words[i]);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		argument("%s", parts[i]);
	save("options", "of-swcxlctl");
	argument("--persistent=512M");
	argument("--dc-regions=8");
	argument("--dc-region-size=256M");
	argument("--dc-block-size=64");
	argument("--dc-flags=7=sanitize,hw-coherency");
	argument("--cxl-revision=3.0");
	argument("--run=true");
	save("options", "dc");
}
