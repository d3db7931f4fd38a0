/* SPDX-License-Identifier: MIT */
/* Integers and layouts on the wire, bounded views, range checks, register blocks. */
#include <string.h>

#include "base/le.h"
#include "base/span.h"
#include "base/util.h"
#include "base/wire.h"
#include "core/regs.h"
#include "test.h"

static void integers_lie_little_endian(void)
{
	uint8_t b[9];

	for (unsigned n = 1; n <= 8; n++) {
		uint64_t v = 0x8877665544332211u & (n < 8 ? (1ull << 8 * n) - 1 : UINT64_MAX);

		memset(b, 0xee, sizeof(b));
		le_store(b, n, v);
		CHECK(b[n] == 0xee && le_load(b, n) == v);
		for (unsigned i = 0; i < n; i++)
			CHECK(b[i] == 0x11 * (i + 1));
	}
}

#define SAMPLE(F)            \
	F(0x00, u8, byte)    \
	F(0x01, le16, two)   \
	F(0x03, le24, three) \
	F(0x06, le32, four)  \
	F(0x0a, le64, eight) \
	F(0x12, u8, more, [3])
WIRE_STRUCT(sample, 0x15, SAMPLE)

static void fields_go_through_two_doors(void)
{
	struct sample s;

	memset(&s, 0xff, sizeof(s));
	CHECK(rd(s.two) == UINT16_MAX && rd(s.three) == 0xffffff);
	CHECK(rd(s.four) == UINT32_MAX && rd(s.eight) == UINT64_MAX);
	wr(&s.two, 0x0102);
	wr(&s.three, 0x010203);
	wr(&s.four, 0x01020304);
	wr(&s.eight, 0x0102030405060708);
	CHECK(!memcmp(&s, "\xff\2\1\3\2\1\4\3\2\1\10\7\6\5\4\3\2\1\xff\xff\xff", sizeof(s)));
	CHECK(rd(s.two) == 0x0102 && rd(s.three) == 0x010203);
	CHECK(rd(s.four) == 0x01020304 && rd(s.eight) == 0x0102030405060708);
}

static void ranges_do_not_wrap(void)
{
	CHECK(range_fits(0, 0, 0) && range_fits(5, 0, 5) && range_fits(0, 5, 5));
	CHECK(!range_fits(6, 0, 5) && !range_fits(5, 1, 5) && !range_fits(0, 6, 5));
	CHECK(!range_fits(UINT64_MAX, 2, 5) && !range_fits(1, UINT64_MAX, 5));
	CHECK(range_fits(0, UINT64_MAX, UINT64_MAX) && !range_fits(1, UINT64_MAX, UINT64_MAX));
	CHECK(!is_pow2(0) && is_pow2(1) && !is_pow2(3) && is_pow2(1ull << 63));
}

static void a_sink_never_overflows(void)
{
	uint8_t room[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct sink sink = {room, 0, 6};

	CHECK(sink_add(&sink, 4) == room && sink.len == 4 && !room[3] && room[4] == 1);
	CHECK(!sink_add(&sink, 3) && !sink_add(&sink, SIZE_MAX) && sink.len == 4);
	CHECK(sink_add(&sink, 0) == room + 4 && sink_add(&sink, 2) == room + 4);
	CHECK(!sink_add(&sink, 1) && room[6] == 1);
}

/* ---- registers ---- */

static const struct reg_row rows[] = {
	{0x04, 4, 0x11223344, 0x0000ff0f, 0},
	{0x08, 8, 0x00000000000000ff, 0, 0x00000000000000f0},
	{0x13, 1, 0x80, 0x7f, 0x80},
};

static void registers_do_what_each_byte_says(void)
{
	uint8_t value[0x20] = {0}, writable[0x20] = {0}, clear[0x20] = {0}, in[40], out[40];
	struct regs regs;

	CHECK(regs_init(&regs, &test_mem, sizeof(value)));
	regs_define(&regs, 0, rows, ARRAY_SIZE(rows));
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		le_store(value + rows[i].offset, rows[i].width, rows[i].reset);
		le_store(writable + rows[i].offset, rows[i].width, rows[i].writable);
		le_store(clear + rows[i].offset, rows[i].width, rows[i].clear);
	}
	for (unsigned step = 0; step < 20000; step++) {
		uint64_t at = below(48);
		uint32_t len = (uint32_t)below(20);

		for (unsigned i = 0; i < len; i++) {
			in[i] = (uint8_t)next_random();
			if (at + i < sizeof(value)) {
				uint8_t *v = &value[at + i];

				*v = (uint8_t)((*v & ~writable[at + i]) |
					       (in[i] & writable[at + i]));
				*v &= (uint8_t) ~(in[i] & clear[at + i]);
			}
		}
		regs_write(&regs, at, in, len);
		at = below(48);
		len = (uint32_t)below(sizeof(out));
		regs_read(&regs, at, out, len);
		for (unsigned i = 0; i < len; i++)
			CHECK(out[i] == (at + i < sizeof(value) ? value[at + i] : 0));
	}
	CHECK(regs_get(&regs, 0x04, 4) == le_load(value + 4, 4));
	regs_set(&regs, 0x08, 8, UINT64_MAX);
	CHECK(regs_get(&regs, 0x08, 8) == UINT64_MAX);
	regs_define(&regs, 0, rows, ARRAY_SIZE(rows)); /* starts over */
	CHECK(regs_get(&regs, 0x08, 8) == 0xff && regs_get(&regs, 0x04, 4) == 0x11223344);
	regs_fini(&regs, &test_mem);
	CHECK(memory.blocks == 0);
}

static void accesses_far_away_touch_nothing(void)
{
	uint8_t data[8] = {0};
	struct regs regs;

	CHECK(regs_init(&regs, &test_mem, 16));
	regs_write(&regs, UINT64_MAX - 3, data, 8);
	regs_write(&regs, UINT64_MAX, data, 8);
	memset(data, 1, sizeof(data));
	regs_read(&regs, UINT64_MAX - 3, data, 8);
	CHECK(le_load(data, 8) == 0);
	regs_fini(&regs, &test_mem);
	CHECK(regs_touches(4, 1, 4, 4) && regs_touches(7, 1, 4, 4) && regs_touches(0, 5, 4, 4));
	CHECK(!regs_touches(8, 1, 4, 4) && !regs_touches(0, 4, 4, 4) && !regs_touches(5, 0, 8, 4));
	memory.left = 0;
	CHECK(!regs_init(&regs, &test_mem, 16));
	regs_fini(&regs, &test_mem);
	CHECK(memory.blocks == 0);
}

int main(void)
{
	RUN(integers_lie_little_endian);
	RUN(fields_go_through_two_doors);
	RUN(ranges_do_not_wrap);
	RUN(a_sink_never_overflows);
	RUN(registers_do_what_each_byte_says);
	RUN(accesses_far_away_touch_nothing);
	return test_done();
}
