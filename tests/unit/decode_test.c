// SPDX-License-Identifier: MIT
/* Commands and registers as text (src/decode/). */
#include <ctype.h>
#include <string.h>

#include "base/util.h"
#include "decode/decode.h"
#include "swcxl/swcxl.h"
#include "test.h"

static char buf[DECODE_TEXT_MAX + 1];

/* Digits as bytes. */
static struct span bytes(const char *hex, uint8_t *p)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned byte;

		CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
		p[i] = (uint8_t)byte;
	}
	return (struct span){p, n};
}

static const char *command(unsigned opcode, const char *in, unsigned rc, const char *out)
{
	static uint8_t a[512], b[512];
	struct text text = {buf, 0, DECODE_TEXT_MAX};

	decode_command(&text, opcode, bytes(in, a), rc, bytes(out, b));
	buf[text.len] = '\0';
	return buf;
}

static const char *wrote(const char *block, uint64_t offset, const char *in)
{
	static uint8_t a[64];
	struct text text = {buf, 0, DECODE_TEXT_MAX};

	decode_write(&text, block, offset, bytes(in, a));
	buf[text.len] = '\0';
	return buf;
}

static bool is_text(const char *text, const char *expected)
{
	if (strcmp(text, expected) != 0)
		fprintf(stderr, "%s\n%s\n", text, expected);
	return strcmp(text, expected) == 0;
}

#define IS(text, expected) CHECK(is_text(text, expected))

static void commands_read_like_calls(void)
{
	IS(command(0x4301, "0010000000000000", 0, ""), "Inject Poison(address=0x1000) = Success");
	IS(command(0x4301, "0010000000000000", 0xf, ""),
	   "Inject Poison(address=0x1000) = Invalid Physical Address");
	IS(command(0x4304, "0000000000000000000040000000000001", 1, ""),
	   "Scan Media(address=0x0, lines=0x400000, flags=no-event-log) = "
	   "Background Command Started");
	IS(command(0x4300, "01000000000000000100000000000000", 0,
		   "0200010000000000000001000000000000000000000000000000000000000000"
		   "03100000000000000100000000000000"),
	   "Get Poison List(address=0x0|restart, lines=0x1) = Success {flags=overflow, "
	   "overflow-timestamp=0x1, count=1, records=[{address=0x1000|injected, lines=1}]}");
	IS(command(0x4200, "", 0, "0103004bf6ff00000000000000000000000000000000"),
	   "Get Health Info() = Success {health-status=maintenance-needed, media-status=data-lost, "
	   "additional-status=0x0, life-used=75, temperature=-10, dirty-shutdown-count=0, "
	   "corrected-volatile-errors=0, corrected-persistent-errors=0, data=0}");
}

static void lists_and_what_follows_them(void)
{
	IS(command(0x0101, "020002000000010002000300", 0, ""),
	   "Clear Event Records(log=failure, flags=0, count=2, handles=[1, 2, 3]) = Success");
	IS(command(0x0600, "0100010010000000000000000000", 0, ""),
	   "Perform Maintenance(class=ppr, subclass=0, flags=query, address=0x1000, "
	   "nibble-mask=0x0) = Success");
	IS(command(0x4802, "0100000001000000000000400000000000002000000000000000000000000000", 0,
		   ""),
	   "Add Dynamic Capacity Response(count=1, flags=more, extents=[{start=0x40000000, "
	   "length=0x200000}]) = Success");
}

static void what_is_not_known_is_digits(void)
{
	IS(command(0xc123, "a5", 3, ""), "Command c123h(data=a5) = Unsupported");
	IS(command(0xc123, "", 0xfff, ""), "Command c123h() = code 0fffh");
	IS(command(0x4301, "00100000", 0x16, ""),
	   "Inject Poison(address=00100000) = Invalid Payload Length");
	IS(command(0x4503, "5555555555555555555555555555555555555555555555555555555555555555", 0,
		   ""),
	   "Unlock(current=...) = Success");
	IS(command(0x0100, "07", 2, ""), "Get Event Records(log=0x7) = Invalid Input");
}

static void what_is_long_is_cut(void)
{
	char hex[2 * 512 + 1] = "", *p = hex;

	for (unsigned i = 0; i < 100; i++)
		p += sprintf(p, "%02x", i + 1);
	IS(command(0xc123, hex, 0, ""),
	   "Command c123h(data=0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
	   "...<100 bytes>) = Success");
	p = hex + sprintf(hex, "000002000000");
	for (unsigned i = 0; i < 18; i++)
		p += sprintf(p, "%02x00", i + 1);
	IS(command(0x0101, hex, 0, ""),
	   "Clear Event Records(log=informational, flags=0, count=2, handles=[1, 2, 3, 4, 5, 6, 7, "
	   "8, 9, 10, 11, 12, 13, 14, 15, 16, ...<18 in all>]) = Success");
}

static void registers_have_names(void)
{
	IS(wrote("config", 0x4, "0604"), "command = 0x0406");
	IS(wrote("config", 0x5, "04"), "command+1 = 0x04");
	IS(wrote("config", 0xffc, "00000000"), "0xffc = 0x00000000");
	IS(wrote("component", 0x1144, "02000000"), "hdm-global-control = 0x00000002");
	IS(wrote("component", 0x1160 + 0x20, "00020000"), "hdm-decoder1-control = 0x00000200");
	IS(wrote("device", 0x10024, "02000000"), "mailbox-control = 0x00000002");
}

/* Every register that can be written, as the tables of the device say. */
static void each_register_that_can_be_written_has_a_name(void)
{
	static const struct {
		const char *block;
		unsigned offset;
		uint64_t written;
	} rows[] = {
#define REG(offset, width, reset, writable, clears) {"config", offset, (writable) | (clears)},
#include "tbl/config_space.tbl.h"
#define REG(offset, width, reset, writable, clears) {"component", offset, (writable) | (clears)},
#define DECODER(offset, width, reset, writable, clears) \
	{"component", 0x1150 + (offset), (writable) | (clears)},
#include "tbl/component.tbl.h"
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *text = wrote(rows[i].block, rows[i].offset, "00");

		if (rows[i].written &&
		    (strstr(text, "0x") < strchr(text, '=') || strchr(text, '+')))
			fprintf(stderr, "%s %#x: %s\n", rows[i].block, rows[i].offset, text);
		CHECK(!rows[i].written ||
		      (strstr(text, "0x") > strchr(text, '=') && !strchr(text, '+')));
	}
}

/* Whatever it gets, a line is one line of characters that no terminal minds, and has an end. */
static void no_input_breaks_a_line(void)
{
	static const unsigned opcodes[] = {
#define CMD(opcode, ...) (opcode),
#include "tbl/commands.tbl.h"
		0xffff};
	static uint8_t in[4096], out[4096];

	for (unsigned i = 0; i < 20000; i++) {
		unsigned opcode = opcodes[below(ARRAY_SIZE(opcodes))];
		struct text text = {buf, 0, DECODE_TEXT_MAX};
		size_t small = below(2) ? 200 : sizeof(in);
		struct span a = {in, below(small)}, b = {out, below(small)};

		for (size_t j = 0; j < small; j++) {
			in[j] = below(4) ? (uint8_t)next_random() : 0;
			out[j] = below(4) ? (uint8_t)next_random() : 0;
		}
		if (below(2))
			decode_command(&text, opcode, a, (unsigned)below(64), b);
		else
			decode_object(&text, a, b);
		CHECK(text.len < DECODE_TEXT_MAX);
		buf[text.len] = '\0';
		CHECK(!strstr(buf, " | "));
		for (size_t j = 0; j < text.len; j++)
			CHECK(isprint((unsigned char)buf[j]));
	}
}

int main(void)
{
	RUN(commands_read_like_calls);
	RUN(lists_and_what_follows_them);
	RUN(what_is_not_known_is_digits);
	RUN(what_is_long_is_cut);
	RUN(registers_have_names);
	RUN(each_register_that_can_be_written_has_a_name);
	RUN(no_input_breaks_a_line);
	return test_done();
}
