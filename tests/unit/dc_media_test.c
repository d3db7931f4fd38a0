/* SPDX-License-Identifier: MIT */
/*
 * Media management across dynamic capacity: list, scans, patrol, sanitizing and resets while
 * extents come and go (D-45 to D-47, E); and what CDAT has of its regions. Lines are counted from
 * the bottom of region 0.
 */
#include "core/features.h"
#include "dc_rig.h"
#include "wire/cdat.h"
#include "wire/doe.h"
#include "wire/media.h"
#include "wire/registers.h"

#define TOP(regions) ((2 + (regions)) * UNIT_LINES)
#define ENTRY sizeof(struct cdat_dsmas) /* all of CDAT's are as long */
#define IN(block) ((block)*BLOCK_LINES) /* its first line */

static struct test_device t;

static struct swcxl_config config(unsigned regions)
{
	struct swcxl_config c = dc_config(regions);

	c.scan_ns_per_line = 1;
	c.sanitize_ns = 1000;
	return c;
}

static void open_regions(unsigned regions)
{
	struct swcxl_config c = config(regions);

	dc_open(&t, &c);
}

static void plant(uint64_t line, uint64_t lines, bool known)
{
	CHECK(!rig_plant(&t, BOTTOM + line, lines, known));
}

static void plant_permanent(uint64_t line, bool known)
{
	CHECK(!swcxl_plant(t.dev, (BOTTOM + line) * 64, 64, SWCXL_SOURCE_INTERNAL, known, true));
}

static void step(uint64_t ns)
{
	swcxl_advance(t.dev, swcxl_now(t.dev) + ns);
}

static void say_lines(struct dc_text *s, uint64_t line, uint64_t lines)
{
	say(s, "%s%u+%u", s->len ? " " : "", (unsigned)(line - BOTTOM), (unsigned)lines);
}

/* What the host's poison list has of dynamic capacity. */
static bool list_is(const char *want)
{
	uint64_t top = TOP(swcxl_get_config(t.dev)->dc_regions);
	static struct dc_text s;

	s.len = 0, s.text[0] = 0;
	for (bool restart = true;; restart = false) {
		unsigned n;

		CHECK(rig_list(&t, BOTTOM, top - BOTTOM, restart) == SWCXL_SUCCESS);
		n = (unsigned)le_load(rig_out + 10, 2);
		for (unsigned i = 0; i < n; i++)
			say_lines(&s, rig_line(i), rig_lines(i));
		if (!(rig_out[0] & POISON_LIST_MORE))
			break;
	}
	return dc_same(&s, want);
}

static bool results_are(const char *want)
{
	static struct dc_text s;
	unsigned n;

	s.len = 0, s.text[0] = 0;
	CHECK(rig_run(&t, 0x4305, NULL, 0) == SWCXL_SUCCESS);
	n = (unsigned)le_load(rig_out + 18, 2);
	for (unsigned i = 0; i < n; i++)
		say_lines(&s, rig_line(i), rig_lines(i));
	return dc_same(&s, want);
}

/* What events of failure tell of, in their order. They are cleared. */
static bool failures_are(const char *want)
{
	static struct dc_text s;
	const uint8_t *record;

	s.len = 0, s.text[0] = 0;
	while ((record = swcxl_log_record(t.dev, SWCXL_LOG_FAILURE, 0))) {
		uint8_t in[8] = {SWCXL_LOG_FAILURE, 0, 1};

		say_lines(&s, le_load(record + EVENT_DATA_OFFSET, 8) / 64, 1);
		memcpy(in + 6, record + 0x14, 2);
		CHECK(rig_run(&t, 0x0101, in, sizeof(in)) == SWCXL_SUCCESS);
	}
	return dc_same(&s, want);
}

static bool overflowed(void)
{
	return rig_status(&t).list.overflow;
}

static void scan(uint64_t line, uint64_t lines)
{
	CHECK(rig_scan(&t, line, lines, false) == SWCXL_BACKGROUND_STARTED);
}

static bool is_scanning(void)
{
	return rig_status(&t).background.running;
}

/* All that there is, from its beginning to its end. */
static void scan_all(void)
{
	uint64_t lines = TOP(swcxl_get_config(t.dev)->dc_regions);

	scan(0, lines);
	step(lines - 1);
	CHECK(is_scanning()); /* E-4: in the time of all lines */
	step(1);
	CHECK(!is_scanning());
}

/* ---- what the list is about ---- */

static void errors_come_and_go_with_their_capacity(void)
{
	open_regions(2);
	plant(IN(0), 1, true);
	plant(IN(1) + 5, 2, true);
	plant(IN(1) + 7, 2, false);
	plant(IN(2), 1, true);
	CHECK(list_is("") && failures_are(""));			      /* E-8: nobody is told */
	CHECK(!offer(&t, 0, PARTS({0, 2})) && list_is("0+1 1029+2")); /* E-2 */
	CHECK(update(&t, RESPOND, PARTS({1, 1})) == SWCXL_SUCCESS && list_is("1029+2"));
	CHECK(rig_inject(&t, BOTTOM + IN(0)) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	CHECK(rig_clear(&t, BOTTOM + IN(0), 0) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	plant(IN(1) - 3, 6, true); /* over the end of what it has, and of what is not listed */
	CHECK(failures_are("1024+1") && list_is("1024+3 1029+2"));
	give(&t, 0, PARTS({0, 1}));
	CHECK(list_is("0+1 1021+6 1029+2")); /* D-47, and one record over two extents */
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS && list_is("0+1 1021+3"));
	CHECK(!take(&t, FORCED, PARTS({0, 1})) && list_is(""));
	give(&t, 0, PARTS({0, 3}));
	CHECK(list_is("0+1 1021+6 1029+2 2048+1") && failures_are("") && !overflowed());
	test_device_close(&t);
}

/* A record never spans regions (D-11: they are different ranges), whatever is between extents. */
static void records_end_with_regions(void)
{
	open_regions(2);
	give(&t, 0, PARTS({REGION - 1, 1}));
	give(&t, 0, PARTS({REGION, 1}));
	plant(IN(REGION) - 2, 4, true);
	CHECK(list_is("4194302+2 4194304+2"));
	scan_all();
	CHECK(results_are("4194302+2 4194304+2"));
	test_device_close(&t);
}

/* Giving back the middle of a record is two: D-18, when they do not fit at last. */
static void a_record_is_cut_in_two(void)
{
	struct swcxl_config c = config(1);

	c.poison_list_max = 2;
	dc_open(&t, &c);
	give(&t, 0, PARTS({0, 3}));
	plant(IN(0), 3 * BLOCK_LINES, true);
	CHECK(list_is("0+3072"));
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS);
	CHECK(list_is("0+1024 2048+1024") && !overflowed());
	give(&t, 0, PARTS({1, 1}));
	CHECK(list_is("0+3072"));
	/* the first goes as well: there is room in the end, if not on the way */
	give(&t, 0, PARTS({8, 1}));
	plant(IN(8), 1, true);
	CHECK(update(&t, RELEASE, PARTS({1, 1}, {0, 1})) == SWCXL_SUCCESS);
	CHECK(list_is("2048+1024 8192+1") && !overflowed());
	give(&t, 0, PARTS({0, 2}));
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS && overflowed());
	test_device_close(&t);
}

/* ---- overflow ---- */

static void overflow(void)
{
	plant(IN(0), 1, true);
	plant(IN(0) + 2, 1, true);
	plant(IN(0) + 4, 1, true);
	CHECK(overflowed());
}

static void open_overflowed(void)
{
	struct swcxl_config c = config(1);

	c.poison_list_max = 2;
	dc_open(&t, &c);
	give(&t, 0, PARTS({0, 1}));
	overflow();
	CHECK(rig_clear(&t, BOTTOM + 2, 0) == SWCXL_SUCCESS && overflowed()); /* */
}

/* D-23, E-6: what came after an overflow has to be scanned, even where a scan has been. */
static void coverage_is_of_what_the_host_has(void)
{
	open_overflowed();
	scan(0, BOTTOM + IN(1));
	step(BOTTOM + IN(1) - 1);
	CHECK(overflowed());
	step(1);
	CHECK(!overflowed() &&
	      list_is("0+1 4+1")); /* all that it has: free capacity does not count */
	test_device_close(&t);

	open_overflowed();
	give(&t, 0, PARTS({9, 1}));
	scan(0, BOTTOM + IN(9));
	step(BOTTOM + IN(9));
	CHECK(overflowed());
	scan(BOTTOM + IN(9), BLOCK_LINES);
	step(BLOCK_LINES);
	CHECK(!overflowed());
	test_device_close(&t);

	open_overflowed();
	scan(0, TOP(1));
	step(BOTTOM + IN(20));
	give(&t, 0, PARTS({9, 1})); /* behind the scan */
	give(&t, 0, PARTS({30, 1}));
	step(TOP(1));
	CHECK(!is_scanning() && overflowed());
	scan(BOTTOM + IN(9), BLOCK_LINES);
	step(BLOCK_LINES);
	CHECK(!overflowed());
	test_device_close(&t);
}

/* It was given back and offered again: it is other capacity. And what is gone need not be scanned,
 * which the next scan sees. */
static void coverage_goes_with_capacity(void)
{
	open_overflowed();
	give(&t, 0, PARTS({9, 1}));
	scan(BOTTOM, IN(10));
	step(IN(10));
	CHECK(update(&t, RELEASE, PARTS({9, 1})) == SWCXL_SUCCESS);
	give(&t, 0, PARTS({9, 1}));
	scan(0, BOTTOM);
	step(BOTTOM);
	CHECK(overflowed());
	CHECK(!take(&t, FORCED, PARTS({9, 1})) && overflowed());
	scan(0, 1);
	step(1);
	CHECK(!overflowed() && list_is("0+1 4+1"));
	test_device_close(&t);
}

/* An overflow over what goes: frozen and true (P-6), until a scan. */
static void frozen_records_go_with_capacity(void)
{
	open_overflowed();
	give(&t, 0, PARTS({4, 1}));
	plant(IN(4), 1, true);
	CHECK(list_is("0+1") && overflowed());
	CHECK(update(&t, RELEASE, PARTS({0, 1})) == SWCXL_SUCCESS && list_is("") && overflowed());
	CHECK(rig_clear(&t, BOTTOM + 4, 0) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	give(&t, 0, PARTS({0, 1}));
	CHECK(rig_clear(&t, BOTTOM + 4, 0) == SWCXL_SUCCESS);
	CHECK(list_is("") && overflowed()); /* P-13: nothing enters */
	scan_all();
	CHECK(!overflowed() && list_is("0+1 4096+1"));
	test_device_close(&t);
}

/* ---- scans ---- */

static void a_scan_sees_what_is_there_when_it_passes(void)
{
	open_regions(1);
	for (unsigned i = 0; i < 10; i++)
		plant(IN(i), 2, false);
	give(&t, 0, PARTS({0, 1}, {2, 1}, {4, 1}, {6, 1}));
	CHECK(!offer(&t, 0, PARTS({7, 1})));
	scan(BOTTOM, IN(10));
	step(IN(1));
	CHECK(failures_are("0+1"));
	CHECK(update(&t, RELEASE, PARTS({0, 1}, {4, 1})) == SWCXL_SUCCESS); /* behind; ahead */
	step(IN(1));
	CHECK(failures_are(""));
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS); /* block 7 is nobody's now */
	give(&t, 0, PARTS({1, 1}, {9, 1}));		      /* behind; ahead */
	CHECK(!offer(&t, 0, PARTS({8, 1})));
	step(IN(10));
	CHECK(!is_scanning() && failures_are("2048+1 6144+1 8192+1 9216+1"));
	CHECK(results_are("0+2 2048+2 6144+2 8192+2 9216+2"));
	CHECK(list_is("2048+2 6144+2 8192+2 9216+2"));
	test_device_close(&t);
}

/* In the middle of a run: what is left of it is found where it goes on. */
static void a_run_goes_under_a_scan(void)
{
	open_regions(1);
	plant(IN(0), 3 * BLOCK_LINES, false);
	give(&t, 0, PARTS({0, 3}));
	scan(BOTTOM, IN(4));
	step(10);
	CHECK(list_is("0+10"));
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS);
	step(IN(4));
	CHECK(results_are("0+1024 2048+1024") && failures_are("0+1 2048+1"));
	CHECK(list_is("0+1024 2048+1024"));
	give(&t, 0, PARTS({1, 1}));
	CHECK(list_is("0+1024 2048+1024")); /* it is latent there */
	scan(BOTTOM, IN(4));
	step(IN(4));
	CHECK(results_are("0+3072") && list_is("0+3072"));
	test_device_close(&t);
}

/* K-1, E-4: neither the estimate nor the time tells how much is there. */
static void estimates_are_of_lines(void)
{
	uint8_t in[16];
	uint64_t want;

	open_regions(2);
	wr((le64 *)(void *)in, BOTTOM * 64);
	wr((le64 *)(void *)(in + 8), 2 * UNIT_LINES);
	CHECK(rig_run(&t, 0x4303, in, 16) == SWCXL_SUCCESS);
	want = le_load(rig_out, 4);
	give(&t, 0, PARTS({0, 100}));
	CHECK(rig_run(&t, 0x4303, in, 16) == SWCXL_SUCCESS && le_load(rig_out, 4) == want && want);
	wr((le64 *)(void *)(in + 8), 2 * UNIT_LINES + 1); /* E-1 */
	CHECK(rig_run(&t, 0x4303, in, 16) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	scan_all();
	test_device_close(&t);
}

/* ---- the patrol ---- */

static void the_patrol_passes_what_nobody_has(void)
{
	const uint64_t hour = 3600 * NS_PER_S;
	uint8_t in[0x22] = {0};

	open_regions(1);
	memcpy(in, features[FEATURE_PATROL_SCRUB].uuid, 16);
	in[0x16] = features[FEATURE_PATROL_SCRUB].version;
	in[0x20] = 1, in[0x21] = 1;
	CHECK(rig_run(&t, 0x0502, in, sizeof(in)) == SWCXL_SUCCESS);
	for (unsigned i = 0; i < 4; i++)
		plant(IN(i), 1, false);
	give(&t, 0, PARTS({0, 1}));
	CHECK(!offer(&t, 0, PARTS({2, 1})));
	step(hour);
	CHECK(failures_are("0+1 2048+1") && list_is("0+1 2048+1"));
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS && list_is("0+1"));
	give(&t, 0, PARTS({1, 1}, {3, 1}));
	step(hour); /* the next lap */
	CHECK(failures_are("1024+1 3072+1") && list_is("0+1 1024+1 3072+1"));
	test_device_close(&t);
}

/* ---- sanitizing ---- */

static bool is_written(unsigned block)
{
	uint8_t data[64];

	CHECK(!swcxl_media_read(t.dev, (BOTTOM + IN(block) + 9) * 64, data, 64));
	return data[0] == 0x5a && data[63] == 0x5a;
}

static void write_block(unsigned block)
{
	uint8_t data[64];

	memset(data, 0x5a, sizeof(data));
	CHECK(!swcxl_media_write(t.dev, (BOTTOM + IN(block) + 9) * 64, data, 64));
}

/* E-5: free capacity is sanitized where that was wanted, as far as it was released. */
static void released_capacity_is_sanitized(void)
{
	open_regions(1);
	give(&t, 0, PARTS({0, 6}));
	for (unsigned i = 0; i < 6; i++) {
		write_block(i);
		plant(IN(i), 1, true);
	}
	plant_permanent(IN(1) + 1, true);
	plant_permanent(IN(1) + 3, false);
	CHECK(!take(&t, ASK | SANITIZE, PARTS({1, 2})) && !take(&t, ASK, PARTS({3, 1})));
	CHECK(update(&t, RELEASE, PARTS({0, 2}, {3, 1})) == SWCXL_SUCCESS);
	CHECK(!take(&t, FORCED | SANITIZE, PARTS({4, 1})));
	CHECK(list_is("2048+1 5120+1"));
	give(&t, 0, PARTS({0, 2}, {3, 2}));
	CHECK(list_is("0+1 1025+1 2048+1 3072+1 5120+1")); /* the latent one is as it was */
	for (unsigned i = 0; i < 6; i++)
		CHECK(is_written(i) == (i != 1 && i != 4));
	test_device_close(&t);
}

/* Offers that are refused were never used, but for what was held (7.6.7.6.6). */
static void refused_capacity_is_as_it_was(void)
{
	struct swcxl_config c = config(1);

	c.dc_flags[0] = SWCXL_DC_SHARABLE;
	dc_open(&t, &c);
	plant(IN(0), 1, true);
	CHECK(!offer(&t, 1, PARTS({0, 1})) && update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 1, PARTS({0, 1})) && !take(&t, FORCED | SANITIZE, PARTS({0, 1})));
	CHECK(update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	give(&t, 1, PARTS({0, 1}));
	CHECK(list_is("0+1"));
	write_block(0);
	CHECK(!refer(&t, 1, true) && !take(&t, ASK | SANITIZE, PARTS({0, 1})));
	CHECK(update(&t, RELEASE, PARTS({0, 1})) == SWCXL_SUCCESS && extents_are(&t, "H0+1/1*"));
	CHECK(rig_status(&t).poisoned_lines == 1); /* not yet free */
	CHECK(!choose(&t, 0, SWCXL_DC_SELECT_SHARED, 1, 0) && list_is("0+1"));
	CHECK(!refer(&t, 1, false) && update(&t, RESPOND, NULL, 0) == SWCXL_SUCCESS);
	CHECK(!rig_status(&t).poisoned_lines);
	give(&t, 2, PARTS({0, 1}));
	CHECK(list_is("") && !is_written(0));
	test_device_close(&t);
}

/* 4400h is about all media, and the list about what the host knows of (D-41, E-8). */
static void a_sanitize_of_the_device(void)
{
	open_regions(1);
	give(&t, 0, PARTS({0, 2}));
	write_block(0);
	write_block(1);
	for (unsigned i = 0; i < 4; i++) {
		plant(IN(i), 1, true);
		plant_permanent(IN(i) + 2, true);
	}
	CHECK(rig_run(&t, 0x4400, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 0, PARTS({2, 1})));
	step(1000);
	CHECK(list_is("2+1 2050+1") && !overflowed() && rig_status(&t).poisoned_lines == 4);
	CHECK(extents_are(&t, "A0+1 P2+1"));
	CHECK(update(&t, RESPOND, PARTS({2, 1})) == SWCXL_SUCCESS);
	give(&t, 0, PARTS({1, 1}, {3, 1}));
	CHECK(list_is("2+1 1026+1 2050+1 3074+1") && !is_written(0) && !is_written(1));
	test_device_close(&t);
}

static unsigned operate(uint64_t line, uint64_t lines)
{
	uint8_t in[24] = {1, 0, 0, 0, 1};

	wr((le64 *)(void *)(in + 8), (BOTTOM + line) * 64);
	wr((le64 *)(void *)(in + 16), lines * 64);
	return rig_run(&t, 0x4402, in, sizeof(in));
}

/* E-3; and what was released before the end of the operation is not its business. */
static void media_operations_are_about_what_the_host_has(void)
{
	open_regions(1);
	give(&t, 0, PARTS({0, 2}));
	CHECK(!offer(&t, 0, PARTS({2, 1})));
	for (unsigned i = 0; i < 3; i++)
		plant(IN(i), 2, true);
	CHECK(operate(IN(0), 3 * BLOCK_LINES) == SWCXL_INVALID_INPUT);
	CHECK(operate(IN(2), 1) == SWCXL_INVALID_INPUT && operate(IN(9), 1) == SWCXL_INVALID_INPUT);
	CHECK(operate((uint64_t)-1, 2) == SWCXL_BACKGROUND_STARTED); /* over the bound */
	step(1000);
	CHECK(list_is("1+1 1024+2 2048+2"));
	CHECK(operate(IN(0), 2 * BLOCK_LINES) == SWCXL_BACKGROUND_STARTED);
	CHECK(update(&t, RELEASE, PARTS({1, 1})) == SWCXL_SUCCESS);
	step(1000);
	CHECK(list_is("2048+2") && rig_status(&t).poisoned_lines == 4);
	test_device_close(&t);
}

/* ---- resets ---- */

static void resets(void)
{
	struct swcxl_config c = config(2);

	c.dc_flags[1] = SWCXL_DC_NON_VOLATILE;
	for (unsigned cxl = 0; cxl < 2; cxl++) {
		dc_open(&t, &c);
		for (unsigned i = 0; i < 2; i++) {
			uint64_t block = i * REGION;

			give(&t, 0, PARTS({block, 2}));
			write_block((unsigned)block);
			plant(IN(block), 1, true);
			plant_permanent(IN(block) + 2, true);
			CHECK(rig_inject(&t, BOTTOM + IN(block) + 4) == SWCXL_SUCCESS);
			plant(IN(block + 2), 1, true); /* nobody's */
			plant_permanent(IN(block + 2) + 2, true);
		}
		scan(0, TOP(2));
		step(10);
		swcxl_reset(t.dev, cxl ? SWCXL_RESET_CXL : SWCXL_RESET_CONVENTIONAL);
		CHECK(!is_scanning() && !overflowed());
		if (cxl) { /* D-40: nothing but injected poison goes (I-5) */
			CHECK(extents_are(&t, "A0+2 A4096+2"));
			CHECK(list_is("0+1 2+1 4194304+1 4194306+1") && is_written(0));
			give(&t, 0, PARTS({2, 1}, {3, 1}));
			CHECK(list_is("0+1 2+1 2048+1 2050+1 4194304+1 4194306+1"));
		} else { /* D-39, DC-9 */
			CHECK(extents_are(&t, "A4096+2") && list_is("4194304+1 4194306+1"));
			give(&t, 0, PARTS({0, 3}));
			CHECK(list_is("2+1 2050+1 4194304+1 4194306+1") && !is_written(0));
		}
		CHECK(is_written(REGION));
		give(&t, 0, PARTS({REGION + 2, 1}));
		CHECK(rig_saves_well(&t));
		test_device_close(&t);
	}
}

/* ---- CDAT ---- */

/* Reads the entry of a handle; returns the next handle. */
static unsigned read_entry(unsigned handle, uint8_t entry[ENTRY])
{
	const uint32_t request[] = {0x1e98 | 2 << 16, 3, (uint32_t)handle << 16};
	uint32_t reply[3 + ENTRY / 4] = {0};

	for (unsigned i = 0; i < ARRAY_SIZE(request); i++)
		rig_put_doe(&t, DOE_WRITE_MAILBOX, request[i]);
	rig_put_doe(&t, DOE_CONTROL, DOE_CONTROL_GO);
	for (unsigned i = 0; rig_doe(&t, DOE_STATUS) & DOE_STATUS_READY; i++) {
		CHECK(i < ARRAY_SIZE(reply));
		reply[i] = rig_doe(&t, DOE_READ_MAILBOX);
		rig_put_doe(&t, DOE_READ_MAILBOX, 0);
	}
	CHECK(!(rig_doe(&t, DOE_STATUS) & DOE_STATUS_ERROR));
	for (unsigned i = 0; i < ENTRY / 4; i++)
		le_store(entry + 4 * i, 4, reply[3 + i]);
	return reply[2] >> 16;
}

/* A range for each region, of any flags: those that are of it and not of its release, where the
 * DSMAS has them; the handle that 4800h tells; persistent where it is non-volatile. */
static void ranges_of_all_flags(void)
{
	for (unsigned flags = 0; flags < 256; flags += 8) {
		struct swcxl_config c = config(8);
		unsigned handle = 0, regions = 0;

		for (unsigned i = 0; i < 8; i++)
			c.dc_flags[i] = (flags + i) & SWCXL_DC_FLAGS;
		dc_open(&t, &c);
		do {
			uint8_t entry[ENTRY];
			const struct cdat_dsmas *e = (const void *)entry;
			unsigned i;

			handle = read_entry(handle, entry);
			i = e->handle - 2u;
			if (rd(e->length) != sizeof(*e) || entry[0] != CDAT_TYPE_DSMAS || i >= 8)
				continue;
			CHECK(i == regions++);
			CHECK(e->flags == ((c.dc_flags[i] & 0x5c) | DSMAS_DYNAMIC_CAPACITY));
			CHECK(rd(e->base) == (BOTTOM + i * UNIT_LINES) * 64);
			CHECK(rd(e->size) == SWCXL_CAPACITY_UNIT);
		} while (handle != DOE_LAST_ENTRY);
		CHECK(regions == 8);
		test_device_close(&t);
	}
}

int main(void)
{
	RUN(errors_come_and_go_with_their_capacity);
	RUN(records_end_with_regions);
	RUN(a_record_is_cut_in_two);
	RUN(coverage_is_of_what_the_host_has);
	RUN(coverage_goes_with_capacity);
	RUN(frozen_records_go_with_capacity);
	RUN(a_scan_sees_what_is_there_when_it_passes);
	RUN(a_run_goes_under_a_scan);
	RUN(estimates_are_of_lines);
	RUN(the_patrol_passes_what_nobody_has);
	RUN(released_capacity_is_sanitized);
	RUN(refused_capacity_is_as_it_was);
	RUN(a_sanitize_of_the_device);
	RUN(media_operations_are_about_what_the_host_has);
	RUN(resets);
	RUN(ranges_of_all_flags);
	return test_done();
}
