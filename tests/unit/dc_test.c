/* SPDX-License-Identifier: MIT */
/* Dynamic capacity as its host has it: 4800h to 4803h, rules A and B, at their limits. */
#include "dc_rig.h"

static struct test_device t;

static void open_regions(unsigned regions)
{
	struct swcxl_config c = dc_config(regions);

	dc_open(&t, &c);
}

/* ---- 4800h, 4801h ---- */

static uint64_t at(unsigned offset, unsigned size)
{
	return le_load(rig_out + offset, size);
}

static unsigned get_config(unsigned count, unsigned start)
{
	uint8_t in[2] = {(uint8_t)count, (uint8_t)start};

	return rig_run(&t, 0x4800, in, sizeof(in));
}

static void configuration(void)
{
	struct swcxl_config c = dc_config(3);

	c.dc_flags[0] = SWCXL_DC_SANITIZE;
	c.dc_flags[2] = SWCXL_DC_FLAGS & ~SWCXL_DC_SANITIZE;
	for (unsigned bytes = 0; bytes < 2; bytes++) {
		c.dc_decode_bytes = bytes;
		dc_open(&t, &c);
		give(&t, 7, PARTS({0, 1}, {2, 1}));
		CHECK(get_config(255, 0) == SWCXL_SUCCESS && rig_len == 8 + 3 * 40 + 16);
		CHECK(rig_out[0] == 3 && rig_out[1] == 3 && !at(2, 6));
		for (unsigned i = 0; i < 3; i++) {
			unsigned r = 8 + i * 40;

			CHECK(at(r, 8) == (2 + i) * SWCXL_CAPACITY_UNIT);
			CHECK(at(r + 8, 8) == (bytes ? SWCXL_CAPACITY_UNIT : 1));
			CHECK(at(r + 16, 8) == SWCXL_CAPACITY_UNIT && at(r + 24, 8) == BLOCK);
			CHECK(at(r + 32, 4) == 2 + i && at(r + 36, 4) == (i == 0));
		}
		CHECK(at(128, 4) == 1024 && at(132, 4) == 1022);
		CHECK(at(136, 4) == 256 && at(140, 4) == 255);
		CHECK(get_config(1, 2) == SWCXL_SUCCESS && rig_len == 8 + 40 + 16);
		CHECK(rig_out[0] == 3 && rig_out[1] == 1 && at(8 + 32, 4) == 4);
		CHECK(get_config(0, 1) == SWCXL_SUCCESS && rig_len == 8 + 16 && !rig_out[1]);
		CHECK(get_config(1, 3) == SWCXL_INVALID_INPUT);
		CHECK(get_config(0, 255) == SWCXL_INVALID_INPUT);
		test_device_close(&t);
	}
}

/* Pages of the smallest payload; before 3.1 there is nothing behind the regions. */
static void configuration_in_pages(void)
{
	struct swcxl_config c = dc_config(8);

	c.payload_size = 256;
	dc_open(&t, &c);
	CHECK(get_config(8, 0) == SWCXL_SUCCESS && rig_len == 8 + 5 * 40 + 16);
	CHECK(rig_out[0] == 8 && rig_out[1] == 5 && at(8 + 4 * 40 + 32, 4) == 6);
	CHECK(get_config(8, 5) == SWCXL_SUCCESS && rig_len == 8 + 3 * 40 + 16);
	CHECK(rig_out[1] == 3 && at(8 + 32, 4) == 7 && at(8 + 3 * 40, 4) == 1024);
	test_device_close(&t);
	c.revision = SWCXL_CXL_3_0;
	dc_open(&t, &c);
	CHECK(get_config(8, 0) == SWCXL_SUCCESS && rig_len == 8 + 6 * 40 && rig_out[1] == 6);
	CHECK(get_config(8, 6) == SWCXL_SUCCESS && rig_len == 8 + 2 * 40);
	test_device_close(&t);
}

static unsigned get_list(uint32_t count, uint32_t start)
{
	uint8_t in[8];

	le_store(in, 4, count);
	le_store(in + 4, 4, start);
	return rig_run(&t, 0x4801, in, sizeof(in));
}

/* The host's list, page by page of so many: DC-4. */
static bool list_is(uint32_t page, const char *want)
{
	static struct dc_text s;
	uint32_t next = 0, total;

	s.len = 0, s.text[0] = 0;
	do {
		CHECK(get_list(page, next) == SWCXL_SUCCESS);
		total = (uint32_t)at(4, 4);
		CHECK(at(0, 4) <= page && rig_len == 16 + at(0, 4) * 40 && !at(12, 4));
		CHECK(at(8, 4) == rig_status(&t).dc.generation);
		for (unsigned i = 0; i < at(0, 4); i++, next++)
			say_extent(&s, 0, at(16 + i * 40, 8), at(24 + i * 40, 8),
				   rig_out + 32 + i * 40, (unsigned)at(48 + i * 40, 2));
	} while (at(0, 4));
	CHECK(next == total);
	return dc_same(&s, want);
}

static void extent_list_in_pages(void)
{
	struct swcxl_config c = dc_config(2);

	c.payload_size = 256;
	c.dc_flags[1] = SWCXL_DC_SHARABLE;
	dc_open(&t, &c);
	CHECK(list_is(9, "") && get_list(0, 1) == SWCXL_INVALID_INPUT);
	give(&t, 0, PARTS({20, 1}, {0, 2}, {4, 1}, {6, 1}, {8, 1}));
	give(&t, 5, PARTS({REGION, 1}, {REGION + 9, 4}));
	CHECK(!offer(&t, 6, PARTS({2, 1})));
	CHECK(!take(&t, ASK, PARTS({4, 1}))); /* DC-4: it is still there */
	for (uint32_t page = 1; page < 9; page++)
		CHECK(list_is(page, "0+2 4+1 6+1 8+1 20+1 4096+1/5 4105+4/5:1"));
	CHECK(list_is(UINT32_MAX, "0+2 4+1 6+1 8+1 20+1 4096+1/5 4105+4/5:1"));
	CHECK(get_list(100, 0) == SWCXL_SUCCESS && at(0, 4) == 6); /* what fits */
	CHECK(get_list(0, 0) == SWCXL_SUCCESS && rig_len == 16 && at(4, 4) == 7);
	CHECK(get_list(1, 7) == SWCXL_SUCCESS && !at(0, 4));
	CHECK(get_list(1, 8) == SWCXL_INVALID_INPUT);
	CHECK(get_list(1, UINT32_MAX) == SWCXL_INVALID_INPUT);
	test_device_close(&t);
}

/* It counts changes of the list, and no others. */
static void generation(void)
{
	struct swcxl_config c = dc_config(1);
	uint32_t was;

	c.dc_flags[0] = SWCXL_DC_SHARABLE;
	dc_open(&t, &c);
	was = rig_status(&t).dc.generation;
	CHECK(!offer(&t, 1, PARTS({0, 4})) && update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 1, PARTS({0, 4})) && !refer(&t, 1, true));
	CHECK(rig_status(&t).dc.generation == was);
	CHECK(update(&t, RESPOND, PARTS({0, 4})) == SWCXL_SUCCESS);
	CHECK(rig_status(&t).dc.generation == ++was);
	CHECK(!take(&t, ASK, PARTS({0, 4})) && !refer(&t, 1, false) && !refer(&t, 1, true));
	CHECK(rig_status(&t).dc.generation == was);
	CHECK(update(&t, RELEASE, PARTS({0, 4})) == SWCXL_SUCCESS);
	CHECK(rig_status(&t).dc.generation == ++was);
	CHECK(!choose(&t, 0, SWCXL_DC_SELECT_SHARED, 1, 0) && !refer(&t, 1, false));
	CHECK(rig_status(&t).dc.generation == was);
	CHECK(update(&t, RESPOND, PARTS({0, 4})) == SWCXL_SUCCESS);
	CHECK(!take(&t, FORCED, PARTS({0, 4})) && rig_status(&t).dc.generation == was + 2);
	test_device_close(&t);
}

/* ---- 4802h ---- */

#define AT(block) (BOTTOM * 64 + (uint64_t)(block)*BLOCK)

struct wrong {
	struct raw entry[3];
	size_t n;
	enum swcxl_rc rc;
};

/* Each is refused for what it says, and changes nothing. */
static void check_refused(unsigned opcode, const struct wrong *w, size_t n, const char *extents)
{
	for (size_t i = 0; i < n; i++) {
		unsigned rc = update_raw(&t, opcode, w[i].entry, w[i].n);

		if (rc != w[i].rc)
			fprintf(stderr, "row %zu: %s\n", i, swcxl_rc_name(rc));
		CHECK(rc == w[i].rc && extents_are(&t, extents));
		/* so it is in a payload that others are to follow */
		CHECK(update_raw(&t, opcode | MORE, w[i].entry, w[i].n) == w[i].rc);
	}
	CHECK(extents_are(&t, extents) && heard_is(""));
}

#define BAD_ADDRESS SWCXL_INVALID_PHYSICAL_ADDRESS
#define BAD_LIST SWCXL_INVALID_EXTENT_LIST

static void responses_refused(void)
{
	const struct wrong wrong[] = {
		{{{AT(16), BLOCK}}, 1, BAD_ADDRESS},	 /* the next group's */
		{{{AT(4), BLOCK}}, 1, BAD_ADDRESS},	 /* nobody's */
		{{{AT(3), 2 * BLOCK}}, 1, BAD_ADDRESS},	 /* more than was offered */
		{{{AT(0), 12 * BLOCK}}, 1, BAD_ADDRESS}, /* what is between, too */
		{{{AT(8), 8 * BLOCK}}, 1, BAD_ADDRESS},	 /* two extents, side by side */
		{{{AT(24), BLOCK}}, 1, BAD_ADDRESS},	 /* added already */
		{{{AT(-1), BLOCK}}, 1, BAD_ADDRESS},	 /* static capacity */
		{{{AT(-1), 2 * BLOCK}}, 1, BAD_ADDRESS},
		{{{0, BLOCK}}, 1, BAD_ADDRESS},
		{{{AT(2 * REGION - 1), 2 * BLOCK}}, 1, BAD_ADDRESS}, /* the top */
		{{{AT(2 * REGION), BLOCK}}, 1, BAD_ADDRESS},
		{{{-(uint64_t)BLOCK, 2 * BLOCK}}, 1, BAD_ADDRESS}, /* wraps */
		{{{AT(0), -(uint64_t)BLOCK}}, 1, BAD_ADDRESS},
		{{{AT(0), 0}}, 1, BAD_LIST}, /* */
		{{{AT(4), 0}}, 1, BAD_LIST},
		{{{AT(0) + 64, BLOCK}}, 1, BAD_LIST},
		{{{AT(0), BLOCK - 64}}, 1, BAD_LIST},
		{{{AT(0), BLOCK + 1}}, 1, BAD_LIST},
		{{{1, 1}}, 1, BAD_LIST}, /* before its address is looked at */
		{{{AT(0), 2 * BLOCK}, {AT(1), 2 * BLOCK}}, 2, BAD_LIST},
		{{{AT(1), BLOCK}, {AT(0), 4 * BLOCK}}, 2, BAD_LIST},
		{{{AT(8), BLOCK}, {AT(0), BLOCK}, {AT(8), BLOCK}}, 3, BAD_LIST},
		{{{AT(0), BLOCK}, {AT(4), BLOCK}}, 2, BAD_ADDRESS}, /* all or nothing */
		{{{AT(0), BLOCK}, {AT(1) + 64, BLOCK}}, 2, BAD_LIST},
	};
	const char *is = "P0+4 P8+4 P12+4 P16+4 A24+1";

	open_regions(2);
	give(&t, 0, PARTS({24, 1}));
	CHECK(!offer(&t, 0, PARTS({0, 4}, {8, 4}, {12, 4})) && !offer(&t, 0, PARTS({16, 4})));
	check_refused(RESPOND, wrong, ARRAY_SIZE(wrong), is);
	/* it can be answered again: any part, in any order; the rest is free */
	CHECK(update(&t, RESPOND, PARTS({12, 4}, {9, 1}, {0, 1}, {1, 1})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A0+1 A1+1 A9+1 A12+4 P16+4 A24+1") && offers_are(&t, 1, 0));
	CHECK(heard_is("+0+1 +1+1 -2+2 -8+1 +9+1 -10+2 +12+4"));
	/* these were the last group's, and are added by now */
	CHECK(update(&t, RESPOND, PARTS({0, 1})) == BAD_ADDRESS);
	CHECK(update(&t, RESPOND, PARTS({10, 1})) == BAD_ADDRESS);
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS && heard_is("-16+4"));
	CHECK(extents_are(&t, "A0+1 A1+1 A9+1 A12+4 A24+1") && offers_are(&t, 0, 0));
	test_device_close(&t);
}

/* a response for each group, in order; none without one. Lengths come before that. */
static void responses_in_order(void)
{
	uint8_t in[8 + 24] = {2};

	open_regions(1);
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_INVALID_INPUT);
	CHECK(update(&t, RESPOND | MORE, NULL, 0) == SWCXL_INVALID_INPUT);
	CHECK(update(&t, RESPOND, PARTS({0, 1})) == SWCXL_INVALID_INPUT);
	CHECK(rig_run(&t, 0x4802, in, sizeof(in)) == SWCXL_INVALID_PAYLOAD_LENGTH);
	CHECK(rig_run(&t, 0x4802, in, 8) == SWCXL_INVALID_PAYLOAD_LENGTH);
	CHECK(rig_run(&t, 0x4802, in, 7) == SWCXL_INVALID_PAYLOAD_LENGTH);
	in[0] = 0;
	CHECK(rig_run(&t, 0x4802, in, sizeof(in)) == SWCXL_INVALID_PAYLOAD_LENGTH);
	le_store(in, 4, 0x0aaaaaab); /* times 24 bytes that is 8 in 32 bits */
	CHECK(rig_run(&t, 0x4802, in, 16) == SWCXL_INVALID_PAYLOAD_LENGTH);
	for (unsigned i = 0; i < 3; i++)
		CHECK(!offer(&t, i, PARTS({i * 2, 1})));
	for (unsigned i = 0; i < 3; i++) {
		struct swcxl_dc_extent e;

		CHECK(swcxl_dc_extent_get(t.dev, 2, &e) && e.offer == 3 - i);
		CHECK(update(&t, RESPOND, PARTS({i * 2, 1})) == SWCXL_SUCCESS);
	}
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_INVALID_INPUT);
	CHECK(extents_are(&t, "A0+1 A2+1/1 A4+1/2") && heard_is("+0+1 +2+1/1 +4+1/2"));
	test_device_close(&t);
}

/* D-2, and before 3.1 there is no More. */
static void reserved_bits(void)
{
	struct swcxl_config c = dc_config(1);

	for (unsigned strict = 0; strict < 2; strict++)
		for (unsigned old = 0; old < 2; old++) {
			unsigned rc = strict ? SWCXL_INVALID_INPUT : SWCXL_SUCCESS;

			c.strict = strict;
			c.revision = old ? SWCXL_CXL_3_0 : SWCXL_CXL_3_2;
			dc_open(&t, &c);
			for (unsigned bit = 33; bit < 64; bit++) {
				uint8_t in[8];

				CHECK(!offer(&t, 0, PARTS({0, 1})));
				wr((le64 *)(void *)in, 1ull << bit);
				CHECK(rig_run(&t, 0x4802, in, 8) == rc);
				CHECK(!strict || update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
			}
			for (unsigned byte = 24; byte < 32; byte++) {
				uint8_t in[32] = {1};

				CHECK(!offer(&t, 0, PARTS({0, 1})));
				wr((le64 *)(void *)(in + 8), AT(0));
				wr((le64 *)(void *)(in + 16), BLOCK);
				in[byte] = 1;
				CHECK(rig_run(&t, 0x4802, in, 32) == rc);
				in[byte] = 0;
				CHECK(!strict || rig_run(&t, 0x4802, in, 32) == SWCXL_SUCCESS);
				CHECK(!take(&t, FORCED, PARTS({0, 1})));
			}
			CHECK(!offer(&t, 0, PARTS({0, 1})));
			CHECK(update(&t, RESPOND | MORE, NULL, 0) == (old ? rc : SWCXL_SUCCESS));
			CHECK(offers_are(&t, old && !strict ? 0 : 1, 0));
			test_device_close(&t);
		}
}

/* shared capacity as a whole, however it is named, or not at all. */
static void shared_responses(void)
{
	struct swcxl_config c = dc_config(2);

	c.dc_flags[1] = SWCXL_DC_SHARABLE;
	dc_open(&t, &c);
	CHECK(!offer(&t, 3, PARTS({REGION + 8, 2}, {REGION, 4})));
	CHECK(log_is(&t, "A4096+4/3:1> A4104+2/3")); /* numbered as they were named */
	CHECK(update(&t, RESPOND, PARTS({REGION, 4})) == BAD_LIST);
	CHECK(update(&t, RESPOND, PARTS({REGION, 3}, {REGION + 8, 2})) == BAD_LIST);
	CHECK(update(&t, RESPOND, PARTS({REGION, 6})) == BAD_ADDRESS);
	CHECK(update(&t, RESPOND | MORE, PARTS({REGION, 4})) == SWCXL_SUCCESS);
	CHECK(update(&t, RESPOND, NULL, 0) == BAD_LIST);
	CHECK(extents_are(&t, "P4096+4/3:1 P4104+2/3"));
	CHECK(update(&t, RESPOND | MORE, PARTS({REGION + 8, 2}, {REGION, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RESPOND, PARTS({REGION + 2, 2}, {REGION + 1, 1})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A4096+4/3:1 A4104+2/3") && heard_is("+4096+4/3:1 +4104+2/3"));
	CHECK(!offer(&t, 4, PARTS({REGION + 20, 1}, {REGION + 30, 1})));
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A4096+4/3:1 A4104+2/3"));
	test_device_close(&t);
}

/* ---- payloads that belong together (A-2, B-4) ---- */

static void identify(void)
{
	CHECK(rig_run(&t, 0x0001, NULL, 0) == SWCXL_SUCCESS);
}

static void unknown_command(void)
{
	CHECK(rig_run(&t, 0xffff, NULL, 0) == SWCXL_UNSUPPORTED);
}

static void other_update(void)
{
	CHECK(update(&t, RELEASE, PARTS({40, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 0, PARTS({0, 8})));
}

static void bad_part(void)
{
	CHECK(update(&t, RESPOND | MORE, PARTS({0, 1})) == BAD_LIST); /* twice */
}

static void bad_address(void)
{
	CHECK(update(&t, RESPOND, PARTS({9, 1})) == BAD_ADDRESS);
}

static void bad_length(void)
{
	CHECK(rig_run(&t, 0x4802, "", 1) == SWCXL_INVALID_PAYLOAD_LENGTH);
}

static void flr(void)
{
	swcxl_reset(t.dev, SWCXL_RESET_FUNCTION);
}

static void cxl_reset(void)
{
	swcxl_reset(t.dev, SWCXL_RESET_CXL);
}

static void attach(void)
{
	swcxl_reset(t.dev, SWCXL_RESET_ATTACH);
}

/* What comes between payloads drops those before it. */
static void chains_are_dropped(void)
{
	static void (*const between[])(void) = {identify, unknown_command, other_update,
						bad_part, bad_address,	   bad_length,
						flr,	  cxl_reset,	   attach};

	for (unsigned i = 0; i < ARRAY_SIZE(between); i++) {
		open_regions(1);
		give(&t, 0, PARTS({40, 1}));
		CHECK(!offer(&t, 0, PARTS({0, 8})));
		CHECK(update(&t, RESPOND | MORE, PARTS({0, 1})) == SWCXL_SUCCESS);
		between[i]();
		CHECK(update(&t, RESPOND, PARTS({2, 1})) == SWCXL_SUCCESS);
		CHECK(extents_are(&t, between[i] == other_update ? "A2+1" : "A2+1 A40+1"));
		test_device_close(&t);
	}
}

static void chains(void)
{
	struct swcxl_cci *other, *mine;

	open_regions(1);
	CHECK(!offer(&t, 0, PARTS({0, 8})));
	CHECK(update(&t, RESPOND | MORE, PARTS({4, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RESPOND | MORE, NULL, 0) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "P0+8") && heard_is("")); /* nothing, until the last */
	/* another channel's commands are not in between, and its parts not among these */
	CHECK((other = swcxl_cci_new(t.dev)));
	mine = t.cci, t.cci = other;
	CHECK(update(&t, RESPOND | MORE, PARTS({5, 1})) == SWCXL_SUCCESS);
	identify();
	t.cci = mine;
	CHECK(update(&t, RESPOND, PARTS({0, 1}, {7, 1})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A0+1 A4+1 A7+1"));
	swcxl_cci_free(other);

	CHECK(update(&t, RELEASE | MORE, PARTS({0, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RELEASE | MORE, NULL, 0) == SWCXL_INVALID_INPUT); /* and drops it */
	CHECK(update(&t, RELEASE | MORE, PARTS({4, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RELEASE, PARTS({4, 1})) == BAD_LIST);
	CHECK(update(&t, RELEASE | MORE, PARTS({7, 1})) == SWCXL_SUCCESS &&
	      heard_is("+0+1 -1+3 +4+1 -5+2 +7+1"));
	CHECK(update(&t, RELEASE, PARTS({4, 1})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A0+1") && heard_is("^4+1 ^7+1"));
	test_device_close(&t);
}

/* An offer that is taken back while its answer comes: what comes is one to a dead group. */
static void chain_of_a_dead_group(void)
{
	open_regions(1);
	CHECK(!offer(&t, 0, PARTS({0, 2})) && !offer(&t, 0, PARTS({4, 2})));
	CHECK(update(&t, RESPOND | MORE, PARTS({0, 1})) == SWCXL_SUCCESS);
	CHECK(!take(&t, FORCED, PARTS({0, 2})) && offers_are(&t, 1, 1));
	CHECK(update(&t, RESPOND, NULL, 0) == BAD_ADDRESS && offers_are(&t, 1, 0));
	CHECK(update(&t, RESPOND, PARTS({4, 2})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A4+2"));
	test_device_close(&t);
}

/* ---- 4803h ---- */

static void releases_refused(void)
{
	const struct wrong wrong[] = {
		{{{0, 0}}, 0, SWCXL_INVALID_INPUT},
		{{{AT(4), BLOCK}}, 1, BAD_ADDRESS}, /* B-1 */
		{{{AT(3), 2 * BLOCK}}, 1, BAD_ADDRESS},
		{{{AT(20), BLOCK}}, 1, BAD_ADDRESS}, /* pending */
		{{{AT(30), BLOCK}}, 1, BAD_ADDRESS}, /* held */
		{{{AT(-1), BLOCK}}, 1, BAD_ADDRESS},
		{{{AT(2 * REGION - 1), 2 * BLOCK}}, 1, BAD_ADDRESS},
		{{{-(uint64_t)BLOCK, BLOCK}}, 1, BAD_ADDRESS},
		{{{-(uint64_t)BLOCK, 2 * BLOCK}}, 1, BAD_ADDRESS},
		{{{AT(0), 0}}, 1, BAD_LIST}, /* B-2 */
		{{{AT(0) + 64, BLOCK}}, 1, BAD_LIST},
		{{{AT(0), BLOCK / 2}}, 1, BAD_LIST},
		{{{AT(0), 2 * BLOCK}, {AT(1), BLOCK}}, 2, BAD_LIST},
		{{{AT(8), BLOCK}, {AT(0), BLOCK}, {AT(0), BLOCK}}, 3, BAD_LIST},
		{{{AT(0), BLOCK}, {AT(4), BLOCK}}, 2, BAD_ADDRESS},
	};
	const char *is = "A0+4 A8+4/1 A12+4/2 P20+4 A4095+1 A4096+2/9 H4126+1/8*";
	struct swcxl_config c = dc_config(2);

	c.dc_flags[1] = SWCXL_DC_SHARABLE;
	dc_open(&t, &c);
	give(&t, 0, PARTS({0, 4}, {REGION - 1, 1}));
	give(&t, 1, PARTS({8, 4}));
	give(&t, 2, PARTS({12, 4}));
	give(&t, 9, PARTS({REGION, 2}));
	give(&t, 8, PARTS({REGION + 30, 1}));
	CHECK(!refer(&t, 8, true));
	CHECK(update(&t, RELEASE, PARTS({REGION + 30, 1})) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 0, PARTS({20, 4})) && heard_is("^4126+1/8"));
	check_refused(RELEASE, wrong, ARRAY_SIZE(wrong), is);
	/* a part of shared capacity: the last payload shows it */
	CHECK(update(&t, RELEASE, PARTS({REGION, 1})) == BAD_LIST);
	CHECK(update(&t, RELEASE, PARTS({0, 1}, {REGION + 1, 1})) == BAD_LIST);
	CHECK(update(&t, RELEASE | MORE, PARTS({REGION, 1})) == SWCXL_SUCCESS);
	CHECK(update(&t, RELEASE, PARTS({0, 1})) == BAD_LIST && extents_are(&t, is));
	/* an entry may span extents, and regions */
	CHECK(update(&t, RELEASE, PARTS({9, 5}, {REGION - 1, 3})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A0+4 A8+1/1 A14+2/2 P20+4 H4126+1/8*"));
	CHECK(heard_is("^9+3/1 ^12+2/2 ^4095+1 ^4096+2/9"));
	CHECK(update(&t, RELEASE, PARTS({9, 1})) == BAD_ADDRESS); /* before */
	/* B-5 */
	CHECK(update(&t, RELEASE, PARTS({1, 1}, {15, 1})) == SWCXL_SUCCESS);
	CHECK(extents_are(&t, "A0+1 A2+2 A8+1/1 A14+1/2 P20+4 H4126+1/8*"));
	test_device_close(&t);
}

/* ---- as many as there can be ---- */

static struct part many[2048];

/* n parts of so many blocks, each so far from the one before. */
static const struct part *parts(unsigned first, unsigned n, unsigned blocks, unsigned apart)
{
	for (unsigned i = 0; i < n; i++)
		many[i] = (struct part){first + i * apart, blocks};
	return many;
}

/* A-6, B-3, over several payloads. */
static void limit_of_entries(void)
{
	open_regions(1);
	CHECK(!choose(&t, 0, SWCXL_DC_SELECT_CONTIGUOUS, 0, REGION) && left_are(&t, 1023, 256));
	CHECK(update_all(&t, RESPOND, parts(0, 1025, 1, 2), 1025) == SWCXL_RESOURCES_EXHAUSTED);
	CHECK(left_are(&t, 1023, 256) && extents_are(&t, "P0+4096"));
	CHECK(update_all(&t, RESPOND, parts(0, 1024, 1, 2), 1024) == SWCXL_SUCCESS);
	CHECK(left_are(&t, 0, 256));
	CHECK(offer(&t, 0, PARTS({1, 1})) == SWCXL_DC_E_TOO_MANY);
	CHECK(update_all(&t, RELEASE, parts(0, 1024, 1, 2), 1024) == SWCXL_SUCCESS);
	CHECK(left_are(&t, 1024, 256) && extents_are(&t, ""));
	test_device_close(&t);
}

static void limit_of_extents(void)
{
	open_regions(1);
	CHECK(offer(&t, 0, parts(0, 1025, 1, 2), 1025) == SWCXL_DC_E_TOO_MANY);
	CHECK(!log_count(&t) && left_are(&t, 1024, 256));
	CHECK(!offer(&t, 0, parts(0, 1023, 3, 4), 1023) && left_are(&t, 1, 256));
	CHECK(update_all(&t, RESPOND, parts(0, 1023, 3, 4), 1023) == SWCXL_SUCCESS);
	log_clear(&t);
	CHECK(!offer(&t, 0, PARTS({4092, 3})) && left_are(&t, 0, 256));
	CHECK(offer(&t, 0, PARTS({3, 1})) == SWCXL_DC_E_TOO_MANY); /* pending ones count (DC-8) */
	/* the part of it that would be two */
	CHECK(update(&t, RESPOND, PARTS({4092, 1}, {4094, 1})) == SWCXL_RESOURCES_EXHAUSTED);
	CHECK(offers_are(&t, 1, 0));
	CHECK(update(&t, RESPOND, PARTS({4092, 3})) == SWCXL_SUCCESS);
	/* B-3: a split; but not when as many go, wherever they are */
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_RESOURCES_EXHAUSTED);
	CHECK(update(&t, RELEASE, PARTS({0, 1}, {2, 1}, {6, 1}, {9, 1})) ==
	      SWCXL_RESOURCES_EXHAUSTED);
	CHECK(left_are(&t, 0, 256));
	CHECK(update(&t, RELEASE, PARTS({1, 1}, {4, 3})) == SWCXL_SUCCESS && left_are(&t, 0, 256));
	CHECK(update(&t, RELEASE, PARTS({8, 3}, {13, 1})) == SWCXL_SUCCESS && left_are(&t, 0, 256));
	/* so it is with what is taken */
	CHECK(take(&t, FORCED, PARTS({17, 1})) == SWCXL_DC_E_TOO_MANY);
	CHECK(!take(&t, FORCED, PARTS({17, 1}, {20, 3})) && left_are(&t, 0, 256));
	test_device_close(&t);
}

/* What an endpoint of the FM API answers: none of its return codes but these (7.6.7.6.5, .6). */
static void errors_have_codes(void)
{
	const uint64_t codes = 1ull << SWCXL_UNSUPPORTED | 1ull << SWCXL_INVALID_INPUT |
			       1ull << SWCXL_INVALID_EXTENT_LIST |
			       1ull << SWCXL_INVALID_PHYSICAL_ADDRESS |
			       1ull << SWCXL_RESOURCES_EXHAUSTED | 1ull << SWCXL_RETRY_REQUIRED;

	CHECK(swcxl_dc_error_rc(SWCXL_DC_OK) == SWCXL_SUCCESS);
	CHECK(!swcxl_dc_error_text(SWCXL_DC_OK));
	for (unsigned e = SWCXL_DC_OK + 1; e <= SWCXL_DC_E_LOG_FULL; e++) {
		CHECK(codes >> swcxl_dc_error_rc((enum swcxl_dc_error)e) & 1);
		CHECK(*swcxl_dc_error_text((enum swcxl_dc_error)e));
	}
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_NO_REGIONS) == SWCXL_UNSUPPORTED);
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_BAD_REGION) == SWCXL_INVALID_INPUT);
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_ALREADY_ADDED) == SWCXL_INVALID_EXTENT_LIST);
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_NOT_THERE) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_NO_SPACE) == SWCXL_RESOURCES_EXHAUSTED);
	CHECK(swcxl_dc_error_rc(SWCXL_DC_E_LOG_FULL) == SWCXL_RETRY_REQUIRED);
}

int main(void)
{
	RUN(configuration);
	RUN(configuration_in_pages);
	RUN(extent_list_in_pages);
	RUN(generation);
	RUN(responses_refused);
	RUN(responses_in_order);
	RUN(reserved_bits);
	RUN(shared_responses);
	RUN(chains_are_dropped);
	RUN(chains);
	RUN(chain_of_a_dead_group);
	RUN(releases_refused);
	RUN(limit_of_entries);
	RUN(limit_of_extents);
	RUN(errors_have_codes);
	return test_done();
}
