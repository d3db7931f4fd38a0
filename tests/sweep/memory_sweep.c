/* SPDX-License-Identifier: MIT */
/*
 * A fixed life of the device in which one allocation fails, the first, the second, ... until all
 * have succeeded; and then one in which all fail from one on. What fails says so and changes
 * nothing, the device makes sense all the way, every change comes out, and nothing leaks.
 */
#include <errno.h>

#include "sweep.h"

#define LINE(n) ((n)*64ull)

static struct test_device t, shadow;
static struct swcxl_cci *second;
static bool all_fail; /* from the first failure on */
static long fail_at;

/* ---- operations: each says whether it reports success ---- */

static bool plant(uint64_t line, uint64_t lines, enum swcxl_source source, bool known)
{
	int rc = swcxl_plant(t.dev, LINE(line), LINE(lines), source, known, false);

	CHECK(rc == 0 || rc == -ENOSPC || rc == -ENOMEM);
	return rc == 0;
}

static bool write_lines(uint64_t line, uint64_t lines, uint8_t byte)
{
	static uint8_t data[64 * 64];
	int rc;

	memset(data, byte, sizeof(data));
	rc = swcxl_media_write(t.dev, LINE(line), data, LINE(lines));
	CHECK(rc == 0 || rc == -ENOSPC || rc == -ENOMEM);
	return rc == 0;
}

static bool read_lines(uint64_t line, uint64_t lines)
{
	static uint8_t data[64 * 64];
	int rc = swcxl_media_read(t.dev, LINE(line), data, LINE(lines));

	CHECK(rc == 0 || rc == -ENOSPC || rc == -ENOMEM);
	return rc == 0;
}

static bool command(unsigned channel, unsigned opcode, uint64_t first, uint64_t next)
{
	uint8_t in[ROW_INPUT_MAX] = {0};
	unsigned rc = SWCXL_UNSUPPORTED;

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].opcode != opcode)
			continue;
		le_store(in, 4, first & UINT32_MAX);
		le_store(in + 4, 4, first >> 32);
		if (rows[i].size >= 16)
			memset(in + 8, (int)next, rows[i].size - 8 > 9 ? 64 : 1);
		if (rows[i].size == 0x10 || rows[i].size == 0x11) {
			memset(in + 8, 0, 64);
			le_store(in + 8, 4, next);
		}
		rc = run_on(&t, channel, opcode, in, rows[i].size);
	}
	return rc <= SWCXL_BACKGROUND_STARTED;
}

/* Media Operations: zeros for the middle of each of some runs of poison. */
static bool operate(uint64_t first, unsigned n)
{
	uint8_t in[8 + 16 * 8] = {1, 1, 0, 0, (uint8_t)n};
	unsigned rc;

	for (unsigned i = 0; i < n; i++) {
		le_store(in + 8 + 16 * i, 4, LINE(first + 8 * i));
		le_store(in + 16 + 16 * i, 4, LINE(1));
	}
	rc = run_on(&t, CHANNEL_CONTROL, 0x4402, in, 8 + 16 * n);
	CHECK(rc == SWCXL_BACKGROUND_STARTED || rc == SWCXL_INTERNAL_ERROR);
	return rc == SWCXL_BACKGROUND_STARTED;
}

static bool forward(uint64_t ns)
{
	swcxl_advance(t.dev, swcxl_now(t.dev) + ns);
	return true;
}

static bool reset(enum swcxl_reset type)
{
	swcxl_reset(t.dev, type);
	return true;
}

static bool open_second(void)
{
	if (!second)
		second = swcxl_cci_new(t.dev);
	return second;
}

static bool close_second(void)
{
	swcxl_cci_free(second);
	second = NULL;
	return true;
}

static bool many(uint64_t first, unsigned n, bool known)
{
	bool ok = true;

	for (unsigned i = 0; i < n; i++)
		ok &= plant(first + 2 * i, 1, (enum swcxl_source)(i % 3), known);
	return ok;
}

enum { MANY = 200 };

/* ---- dynamic capacity: region 0 is ordinary, region 1 sharable and sanitized ---- */

#define BLOCK 4096ull /* bytes */
#define DC_LINE(region, block) ((2 + (region)) * (UNIT / 64) + (block) * (BLOCK / 64))

static bool offer(unsigned region, uint64_t first, uint64_t n)
{
	struct swcxl_dc_range r[] = {{first * BLOCK, n * BLOCK}, {(first + n + 1) * BLOCK, BLOCK}};
	struct swcxl_dc_add add = {
		.region = region,
		.selection = SWCXL_DC_SELECT_PRESCRIPTIVE,
		.tag = {1, (uint8_t)region, (uint8_t)first},
		.range = r,
		.ranges = 2,
	};
	enum swcxl_dc_error error = swcxl_dc_add(t.dev, &add);

	CHECK(!error || error == SWCXL_DC_E_LOG_FULL);
	return !error;
}

static bool take_back(unsigned region, uint64_t first, uint64_t n, bool forced)
{
	struct swcxl_dc_range r = {first * BLOCK, n * BLOCK};
	struct swcxl_dc_release release = {
		.region = region,
		.removal = SWCXL_DC_REMOVE_PRESCRIPTIVE,
		.forced = forced,
		.sanitize = true,
		.range = &r,
		.ranges = 1,
	};

	return !swcxl_dc_release(t.dev, &release);
}

/* 4802h and 4803h, in two payloads when there is one block more. */
static bool answer(unsigned opcode, unsigned region, uint64_t first, uint64_t n, uint64_t one_more)
{
	for (unsigned i = 0; i < 1 + (one_more > 0); i++) {
		uint8_t in[8 + 24] = {1, 0, 0, 0, one_more && !i};
		unsigned rc;

		wr((le64 *)(void *)(in + 8), LINE(DC_LINE(region, i ? one_more : first)));
		wr((le64 *)(void *)(in + 16), (i ? 1 : n) * BLOCK);
		rc = run_on(&t, CHANNEL_PRIMARY, opcode, in, sizeof(in));
		if (rc)
			return false;
	}
	return true;
}

static bool reference(bool hold)
{
	return !swcxl_dc_reference(t.dev, (const uint8_t[16]){1, 1, 8}, hold);
}

/* Offers until the event log is full, which is not cleared. */
static bool offer_many(void)
{
	bool ok = true;

	for (unsigned i = 0; i < 12; i++)
		ok &= offer(0, 100 + 4 * i, 2) && answer(0x4802, 0, 100 + 4 * i, 1, 0);
	return ok;
}

/* Its end: capacity comes and goes. */
static bool step_dc(unsigned n, bool *ok, bool *whole)
{
	/* clang-format off */
	switch (n) {
	case 0: return *ok = plant(DC_LINE(0, 0), 64 * 8, SWCXL_SOURCE_INTERNAL, true), true;
	case 1: return *ok = offer(0, 0, 4), true;
	case 2: return *ok = answer(0x4802, 0, 0, 4, 5), true;
	case 3: return *ok = plant(DC_LINE(0, 1), 64 * 2, SWCXL_SOURCE_VENDOR, false), true;
	case 4: return *ok = write_lines(DC_LINE(0, 2) + 8, 60, 0x44), true;
	case 5: return *ok = read_lines(DC_LINE(0, 1) + 8, 60), true;
	case 6: return *ok = command(CHANNEL_PRIMARY, 0x4301, LINE(DC_LINE(0, 3)), 0), true;
	case 7: return *ok = answer(0x4803, 0, 1, 1, 3), true;
	case 8: return *ok = take_back(0, 2, 1, false), true;
	case 9: return *ok = answer(0x4803, 0, 2, 1, 0), true;
	case 10: return *ok = take_back(0, 5, 1, true), true;
	case 11: return *ok = offer(1, 8, 3), true;
	case 12: return *ok = reference(true), true;
	case 13: return *ok = plant(DC_LINE(1, 9), 5, SWCXL_SOURCE_INTERNAL, true), true;
	case 14: return *whole = false, *ok = answer(0x4802, 1, 8, 3, 12), true; /* or a dead one */
	case 15: return *ok = take_back(1, 8, 5, true), true;
	case 16: return *ok = reference(false), true;
	case 17: return *whole = false, *ok = offer_many(), true;
	case 18: return *ok = command(CHANNEL_PRIMARY, 0x4304, 0, 4 * UNIT / 64), true;
	case 19: return *whole = false, *ok = forward(UNIT), true;
	case 20: return *whole = false, *ok = reset(SWCXL_RESET_CONVENTIONAL), true;
	default: return false;
	}
	/* clang-format on */
}

/* The script; each line is a step. Returns false behind its end. `*whole`: the step is one
 * operation, which changes nothing when it fails. */
static bool step(unsigned n, bool *ok, bool *whole)
{
	*whole = true;
	/* clang-format off */
	switch (n) {
	case 0: return *ok = open_second(), true;
	case 1: return *ok = plant(10, 5, SWCXL_SOURCE_INTERNAL, true), true;
	case 2: return *ok = plant(11, 2, SWCXL_SOURCE_EXTERNAL, true), true;
	case 3: return *ok = plant(30, 9, SWCXL_SOURCE_VENDOR, false), true;
	case 4: return *ok = write_lines(0, 40, 0x11), true;
	case 5: return *whole = false, *ok = many(100, MANY, false), true;
	case 6: return *whole = false, *ok = read_lines(100, 20), true;
	case 7: return *ok = command(CHANNEL_PRIMARY, 0x4301, LINE(50), 0), true;
	case 8: return *ok = command(CHANNEL_CONTROL, 0x4302, LINE(32), 0x22), true;
	case 9: return *ok = command(CHANNEL_CONTROL, 0x4304, 0, 3000), true;
	case 10: return *whole = false, *ok = forward(400), true;
	case 11: return *ok = command(CHANNEL_CONTROL, 0x4301, LINE(700), 0), true;
	case 12: return *whole = false, *ok = forward(100000), true;
	case 13: return *ok = command(CHANNEL_CONTROL, 0x4305, 0, 0), true;
	case 14: return *whole = false, *ok = many(1000, 60, true), true; /* the list overflows */
	case 15: return *ok = command(CHANNEL_PRIMARY, 0x4304, 0, 2 * UNIT / 64), true;
	case 16: return *whole = false, *ok = forward(UNIT), true; /* and is made anew */
	case 17: return *ok = command(CHANNEL_PRIMARY, 0x4300, 0, UNIT / 64), true;
	case 18: return *ok = plant(0, 2000, SWCXL_SOURCE_EXTERNAL, true), true;
	case 19: return *ok = write_lines(60, 64, 0x33), true;
	case 20: return *ok = write_lines(60, 64, 0), true;
	case 21: return *ok = command(CHANNEL_CONTROL, 0x4304, LINE(5), 4000), true;
	case 22: return *whole = false, *ok = forward(60), true;
	case 23: return *whole = false, *ok = reset(SWCXL_RESET_CXL), true;
	case 24: return *whole = false, *ok = reset(SWCXL_RESET_CONVENTIONAL), true;
	case 25: return *ok = close_second(), true;
	case 26: return *ok = plant(0, 100, SWCXL_SOURCE_INTERNAL, true), true;
	case 27: return *ok = operate(3, 8), true;
	case 28: return *whole = false, *ok = forward(4 * NS_PER_S), true;
	case 29: return *ok = command(CHANNEL_CONTROL, 0x4400, 0, 0), true;
	case 30: return *whole = false, *ok = forward(4 * NS_PER_S), true;
	default: return step_dc(n - 31, ok, whole);
	}
	/* clang-format on */
}

/* ---- one life ---- */

static void check_sense(void)
{
	struct swcxl_poison_row row;
	struct swcxl_status st;
	uint64_t lines = 0;

	swcxl_query(t.dev, &st);
	CHECK(st.list.count <= st.list.max && (!st.scan.running || st.background.running));
	CHECK(st.list.overflow || !st.list.overflow_timestamp);
	for (uint64_t at = 0; swcxl_poison_next(t.dev, at, UINT64_MAX, &row);
	     at = row.start + row.length) {
		CHECK(row.known || !row.listed);
		lines += row.length / 64;
	}
	CHECK(lines == st.poisoned_lines);
	CHECK(!t.shadow_error && test_same_state(t.dev, shadow.dev));
}

/* A scan that stopped says where to go on: behind all that its results hold. */
static void check_results(void)
{
	uint64_t restart, end = 0;

	t.fail_after = -1;
	while (run_on(&t, CHANNEL_CONTROL, 0x4305, NULL, 0) == SWCXL_SUCCESS) {
		for (size_t at = 32; at < sweep_len; at += 16) {
			uint64_t start = rd(*(le64 *)(void *)(sweep_out + at)) >> 6;

			CHECK(start >= end);
			end = start + le_load(sweep_out + at + 8, 4);
		}
		restart = rd(*(le64 *)(void *)sweep_out) >> 6;
		CHECK(!(sweep_out[16] & 2) || restart >= end);
		if (!(sweep_out[16] & 1))
			break;
	}
}

static bool one_life(void)
{
	struct swcxl_config c;
	bool ok, whole, failed = false;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = UNIT;
	c.poison_list_max = 40;
	c.event_log_max = 60;
	c.scan_ns_per_line = 1;
	c.payload_size = 256;
	c.dc_regions = 2;
	c.dc_region_size = UNIT;
	c.dc_block_size = BLOCK;
	c.dc_flags[1] = SWCXL_DC_SHARABLE | SWCXL_DC_SANITIZE | SWCXL_DC_NON_VOLATILE;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
	second = NULL;
	t.fail_after = fail_at;
	for (unsigned n = 0;; n++) {
		uint64_t before = fingerprint(t.dev);

		if (!step(n, &ok, &whole))
			break;
		failed |= t.fail_after < 0;
		if (!ok && !failed)
			fprintf(stderr, "step %u fails with memory\n", n);
		CHECK(ok || failed);
		if (!ok && whole && fingerprint(t.dev) != before)
			fprintf(stderr, "allocation %ld: step %u fails and changes\n", fail_at, n);
		CHECK(ok || !whole || fingerprint(t.dev) == before);
		check_sense();
		if (n == 13 || n == 17) {
			long left = t.fail_after;

			check_results();
			t.fail_after = left;
		}
		if (failed)
			t.fail_after = all_fail ? 0 : -1;
	}
	t.shadow = NULL;
	test_device_close(&t);
	test_device_close(&shadow);
	return failed;
}

static void one_allocation_fails(void)
{
	all_fail = false;
	for (fail_at = 0; one_life(); fail_at++)
		;
	CHECK(fail_at > 50);
}

/* The first allocation of every step fails. */
static void allocations_fail_again_and_again(void)
{
	all_fail = true;
	for (fail_at = 0; one_life(); fail_at += 1 + fail_at / 8)
		;
}

static void a_device_is_made_or_not(void)
{
	struct swcxl_dev *dev = NULL;
	struct swcxl_config c;
	size_t before;
	long n;
	int rc;

	swcxl_config_init(&c);
	c.lsa_size = 1280;
	c.dc_regions = 1;
	c.dc_region_size = UNIT;
	test_device_open(&t, &c);
	before = t.allocated;
	for (n = 0;; n++) {
		t.fail_after = n;
		rc = swcxl_new(&c, &t.host, &dev);
		if (rc == 0)
			break;
		CHECK(rc == -ENOMEM && t.allocated == before && t.fail_after < 0);
	}
	CHECK(n > 5 && t.fail_after >= 0);
	t.fail_after = -1;
	swcxl_free(dev);
	CHECK(t.allocated == before);
	swcxl_free(NULL);
	test_device_close(&t);
}

int main(void)
{
	RUN(a_device_is_made_or_not);
	RUN(one_allocation_fails);
	RUN(allocations_fail_again_and_again);
	return test_done();
}
