/* SPDX-License-Identifier: MIT */
/* Faults that were found and mended, each with the input that showed it. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../model/device.h"
#include "base/le.h"
#include "wire/registers.h"

#define BLOCK 0x10000
#define PRIMARY (BLOCK + 0x1fe0)
#define HDM 0x1140

static size_t traced;

static void on_trace(void *ctx, const struct swcxl_trace *trace)
{
	const uint8_t *in = trace->in;

	(void)ctx;
	for (size_t i = 0; i < trace->in_len; i++)
		traced += in[i]; /* a reader of the whole input, as a trace file is */
}

static void write32(struct swcxl_dev *dev, unsigned bar, uint64_t offset, uint32_t value)
{
	uint8_t b[4];

	le_store(b, 4, value);
	swcxl_bar_write(dev, bar, offset, b, 4);
}

static uint32_t read32(struct swcxl_dev *dev, unsigned bar, uint64_t offset)
{
	uint8_t b[4];

	swcxl_bar_read(dev, bar, offset, b, 4);
	return (uint32_t)le_load(b, 4);
}

static uint32_t rc(struct swcxl_dev *dev)
{
	return read32(dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_STATUS + 4) & 0xffff;
}

/* The trace of a command whose length exceeds the payload read past the mailbox's buffer. */
static void trace_of_a_length_beyond_the_payload(void)
{
	struct swcxl_config c;
	struct test_device t;
	struct swcxl_dev *dev;
	uint8_t reg[8];

	swcxl_config_init(&c);
	test_device_open(&t, &c);
	t.host.trace = on_trace;
	assert(swcxl_new(&c, &t.host, &dev) == 0);
	for (unsigned opcode = 0x4000; opcode <= 0x4fff; opcode += 0xfff) {
		le_store(reg, 8, opcode | 0x1fffffull << 16);
		swcxl_bar_write(dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_COMMAND, reg, 8);
		write32(dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_CONTROL, 1);
		assert(rc(dev) ==
		       (opcode == 0x4000 ? SWCXL_INVALID_PAYLOAD_LENGTH : SWCXL_UNSUPPORTED));
	}
	swcxl_free(dev);
	test_device_close(&t);
}

/*
 * A guest could change the ways of a committed decoder to a reserved code; the next commit
 * divided by it.
 */
static void reserved_ways_in_a_committed_decoder(void)
{
	const uint32_t d0 = HDM + HDM_DECODER(0), d1 = HDM + HDM_DECODER(1);
	struct swcxl_config c;
	struct test_device t;

	swcxl_config_init(&c);
	test_device_open(&t, &c);
	write32(t.dev, 0, d0 + HDM_SIZE_LOW, 0x10000000);
	write32(t.dev, 0, d0 + HDM_CONTROL, HDM_CONTROL_COMMIT);
	assert(read32(t.dev, 0, d0 + HDM_CONTROL) & HDM_CONTROL_COMMITTED);
	write32(t.dev, 0, d0 + HDM_CONTROL, HDM_CONTROL_COMMIT | 0x70);
	assert(HDM_CONTROL_IW(read32(t.dev, 0, d0 + HDM_CONTROL)) == 0);
	write32(t.dev, 0, d0 + HDM_SIZE_LOW, 0xf0000000);
	assert(read32(t.dev, 0, d0 + HDM_SIZE_LOW) == 0x10000000);
	write32(t.dev, 0, d1 + HDM_BASE_LOW, 0x10000000);
	write32(t.dev, 0, d1 + HDM_SIZE_LOW, 0x10000000);
	write32(t.dev, 0, d1 + HDM_CONTROL, HDM_CONTROL_COMMIT);
	assert(read32(t.dev, 0, d1 + HDM_CONTROL) & HDM_CONTROL_COMMITTED);
	/* released, it can be set anew */
	write32(t.dev, 0, d1 + HDM_CONTROL, 0);
	write32(t.dev, 0, d1 + HDM_SIZE_LOW, 0);
	assert(read32(t.dev, 0, d1 + HDM_SIZE_LOW) == 0);
	test_device_close(&t);
}

static struct swcxl_config config(uint32_t list_max)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = 256 << 20;
	c.poison_list_max = list_max;
	return c;
}

static unsigned command(struct test_device *t, unsigned opcode, uint64_t line, uint64_t lines,
			size_t in_len)
{
	static uint8_t out[1 << 20];
	uint8_t in[72] = {0};
	size_t len;

	le_store(in, 8, line * 64);
	if (in_len > 8)
		le_store(in + 8, 8, lines);
	return test_execute(t, opcode, in, in_len, out, &len);
}

static void inject(struct test_device *t, uint64_t line)
{
	assert(command(t, 0x4301, line, 0, 8) == SWCXL_SUCCESS);
}

static void scan(struct test_device *t, uint64_t line, uint64_t lines)
{
	assert(command(t, 0x4304, line, lines, 17) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t->dev, swcxl_now(t->dev) + lines * 500);
}

static struct swcxl_status status(const struct test_device *t)
{
	struct swcxl_status st;

	swcxl_query(t->dev, &st);
	return st;
}

/*
 * Trimming the front of a record moved its key under a stale separator into a full leaf, which
 * then split without a reservation: a guest with injections and clears alone ended the process.
 */
static void trims_under_stale_separators(void)
{
	struct swcxl_config c = config(1024);
	struct test_device t;

	test_device_open(&t, &c);
	for (uint64_t i = 0; i < 820; i++)
		inject(&t, 1000 + 4 * i);
	for (uint64_t k = 1; k <= 14; k++) {
		uint64_t s = 1000 + 216 * k;

		inject(&t, s - 1);
		for (uint64_t j = 1; j <= 8; j++)
			inject(&t, s + 4 * j + 2);
	}
	for (uint64_t k = 1; k <= 14; k++)
		assert(command(&t, 0x4302, 1000 + 216 * k - 1, 0, 72) == SWCXL_SUCCESS);
	for (uint64_t line = 900; line < 5000; line++)
		assert(command(&t, 0x4302, line, 0, 72) == SWCXL_SUCCESS);
	assert(status(&t).list.count == 0 && status(&t).ranges == 0);
	test_device_close(&t);
}

/* Coverage in as many pieces as there may be ranges never grew any more, not even together. */
static void coverage_at_the_limit_of_ranges(void)
{
	struct swcxl_config c = config(1);
	struct test_device t;
	uint8_t data[64] = {0};

	c.ranges_max = 2;
	test_device_open(&t, &c);
	assert(swcxl_plant(t.dev, 0, 64, SWCXL_SOURCE_INTERNAL, true, false) == 0);
	assert(swcxl_plant(t.dev, 6400, 64, SWCXL_SOURCE_INTERNAL, true, false) == 0);
	assert(status(&t).list.overflow);
	assert(swcxl_media_write(t.dev, 0, data, 64) == 0);
	scan(&t, 0, 1);
	scan(&t, 10, 1);
	scan(&t, 20, 1); /* one piece too many: not counted */
	scan(&t, 0, (256 << 20) / 64);
	assert(!status(&t).list.overflow && status(&t).list.count == 1);
	test_device_close(&t);
}

/* D-24: a rebuild fills the list to its limit, also with a part of what is longer than a record. */
static void rebuild_enters_what_fits_of_a_long_range(void)
{
	struct swcxl_config c = config(3);
	struct test_device t;

	c.volatile_size = 64ull << 30;
	c.scan_ns_per_line = 1;
	test_device_open(&t, &c);
	assert(swcxl_plant(t.dev, 0, 64, SWCXL_SOURCE_INTERNAL, true, false) == 0);
	assert(swcxl_plant(t.dev, 8ull << 30, 40ull << 30, SWCXL_SOURCE_INTERNAL, true, false) ==
	       0);
	assert(status(&t).list.overflow && status(&t).list.count == 3);
	scan(&t, 0, (64ull << 30) / 64);
	assert(status(&t).list.overflow && status(&t).list.count == 3);
	test_device_close(&t);
}

/* D-11, D-12: what was cut into two records for its length is one again when it is short enough. */
static void trimmed_records_join(void)
{
	struct swcxl_config c = config(2);
	struct test_device t;
	static uint8_t data[20 * 64];

	c.volatile_size = 8ull << 30;
	test_device_open(&t, &c);
	assert(swcxl_plant(t.dev, 0, ((1ull << 26) + 9) * 64, SWCXL_SOURCE_INTERNAL, true, false) ==
	       0);
	assert(status(&t).list.count == 2);
	assert(swcxl_media_write(t.dev, 0, data, sizeof(data)) == 0);
	assert(status(&t).list.count == 1);
	test_device_close(&t);
}

/* D-23, D-39: an attach aborts a scan, but that does not complete coverage and change the list. */
static void attach_does_not_rebuild_the_list(void)
{
	struct swcxl_config c = config(1);
	struct test_device t;
	const uint64_t half = (128 << 20) / 64;

	test_device_open(&t, &c);
	assert(swcxl_plant(t.dev, 0, 64, SWCXL_SOURCE_INTERNAL, true, false) == 0);
	assert(swcxl_plant(t.dev, 6400, 64, SWCXL_SOURCE_VENDOR, true, false) == 0);
	assert(command(&t, 0x4302, 0, 0, 72) == SWCXL_SUCCESS);
	scan(&t, half, half);
	assert(command(&t, 0x4304, 0, half + 1, 17) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, swcxl_now(t.dev) + half * 500);
	swcxl_reset(t.dev, SWCXL_RESET_ATTACH);
	assert(status(&t).list.overflow && status(&t).list.count == 0);
	test_device_close(&t);
}

/* A reset raises no interrupt for the operation that it aborts. */
static void resets_raise_no_interrupt(void)
{
	struct swcxl_config c = config(1);
	struct test_device t;
	uint8_t range[17] = {0}, reg[8];

	test_device_open(&t, &c);
	le_store(range + 8, 8, 1000);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_PAYLOAD, range, 17);
	le_store(reg, 8, 0x4304 | 17 << 16);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_COMMAND, reg, 8);
	write32(t.dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_CONTROL, 5);
	assert(rc(t.dev) == SWCXL_BACKGROUND_STARTED);
	swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
	assert(t.irqs[0] == 0 && !status(&t).background.running);
	test_device_close(&t);
}

/* 9.1: a CXL Reset leaves RAS masks and locked decoders as they are. */
static void cxl_reset_keeps_what_is_sticky_or_locked(void)
{
	const uint32_t d0 = HDM + HDM_DECODER(0), mask = 0x1084;
	struct swcxl_config c = config(1);
	struct test_device t;

	test_device_open(&t, &c);
	write32(t.dev, 0, mask, 0);
	write32(t.dev, 0, d0 + HDM_SIZE_LOW, 0x10000000);
	write32(t.dev, 0, d0 + HDM_CONTROL, HDM_CONTROL_COMMIT | HDM_CONTROL_LOCK);
	swcxl_reset(t.dev, SWCXL_RESET_CXL);
	write32(t.dev, 0, d0 + HDM_CONTROL, 0);
	assert(read32(t.dev, 0, d0 + HDM_CONTROL) & HDM_CONTROL_COMMITTED);
	assert(read32(t.dev, 0, mask) == 0);
	swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
	assert(read32(t.dev, 0, d0 + HDM_CONTROL) == 0);
	assert(read32(t.dev, 0, mask) == 0x3cfff);
	test_device_close(&t);
}

/* A decoder below a committed one could be committed anew, larger, over the other's addresses. */
static void decoders_commit_in_order_only(void)
{
	const uint32_t d0 = HDM + HDM_DECODER(0), d1 = HDM + HDM_DECODER(1);
	struct swcxl_config c = config(1);
	struct test_device t;

	c.volatile_size = 1 << 30;
	test_device_open(&t, &c);
	write32(t.dev, 0, d0 + HDM_SIZE_LOW, 0x10000000);
	write32(t.dev, 0, d0 + HDM_CONTROL, HDM_CONTROL_COMMIT);
	write32(t.dev, 0, d1 + HDM_BASE_LOW, 0x10000000);
	write32(t.dev, 0, d1 + HDM_SIZE_LOW, 0x10000000);
	write32(t.dev, 0, d1 + HDM_CONTROL, HDM_CONTROL_COMMIT);
	write32(t.dev, 0, d0 + HDM_CONTROL, 0);
	write32(t.dev, 0, d0 + HDM_SIZE_LOW, 0x20000000);
	write32(t.dev, 0, d0 + HDM_CONTROL, HDM_CONTROL_COMMIT);
	assert(read32(t.dev, 0, d0 + HDM_CONTROL) & HDM_CONTROL_ERROR);
	test_device_close(&t);
}

/* Before 3.0 the interrupt policy has four bytes; a fifth is one too many. */
static void five_byte_policy_is_too_long_for_2_0(void)
{
	struct swcxl_config c = config(1);
	struct test_device t;

	c.revision = SWCXL_CXL_2_0;
	test_device_open(&t, &c);
	assert(command(&t, 0x0103, 0, 0, 4) == SWCXL_SUCCESS);
	assert(command(&t, 0x0103, 0, 0, 5) == SWCXL_INVALID_PAYLOAD_LENGTH);
	test_device_close(&t);
}

/* The reservation of a large change stayed for good. */
static void large_changes_give_their_memory_back(void)
{
	struct swcxl_config c = config(1);
	struct test_device t;
	size_t before;

	test_device_open(&t, &c);
	before = t.allocated;
	for (uint64_t i = 0; i < 200000; i++)
		assert(swcxl_plant(t.dev, i * 128, 64, SWCXL_SOURCE_INTERNAL, false, false) == 0);
	assert(swcxl_plant(t.dev, 0, 200000 * 128, SWCXL_SOURCE_INTERNAL, false, false) == 0);
	assert(status(&t).ranges == 1 && t.allocated < before + 40);
	test_device_close(&t);
}

#define DC_BLOCK (2ull << 20)

/* Two regions; the host has a stretch of four blocks at the bottom of the first. */
static void open_with_extent(struct test_device *t, uint16_t log_max)
{
	struct swcxl_dc_range r = {0, 4 * DC_BLOCK};
	struct swcxl_dc_add add = {
		.selection = SWCXL_DC_SELECT_PRESCRIPTIVE, .range = &r, .ranges = 1};
	struct swcxl_config c = config(1);
	uint8_t in[32] = {1}, out[4096];
	size_t len;

	c.dc_regions = 2;
	c.dc_region_size = SWCXL_CAPACITY_UNIT;
	c.event_log_max = log_max;
	test_device_open(t, &c);
	assert(!swcxl_dc_add(t->dev, &add));
	le_store(in + 8, 8, c.volatile_size + c.persistent_size);
	le_store(in + 16, 8, 4 * DC_BLOCK);
	assert(test_execute(t, 0x4802, in, sizeof(in), out, &len) == SWCXL_SUCCESS);
}

/* A walk over what of an extent is released did not end when the extent went on behind it. */
static void the_first_half_of_an_extent_is_released(void)
{
	struct swcxl_dc_extent e;
	struct test_device t;
	uint8_t in[32] = {1}, out[4096];
	size_t len;

	open_with_extent(&t, 16);
	le_store(in + 8, 8, swcxl_get_config(t.dev)->volatile_size);
	le_store(in + 16, 8, 2 * DC_BLOCK);
	assert(test_execute(&t, 0x4803, in, sizeof(in), out, &len) == SWCXL_SUCCESS); /* B-5 */
	assert(swcxl_dc_extent_get(t.dev, 0, &e) && e.length == 2 * DC_BLOCK);
	assert(!swcxl_dc_extent_get(t.dev, 1, &e));
	test_device_close(&t);
}

/* A forced release of two parts into a log with room for one left it with a More for ever. */
static void a_chain_without_room_ends_where_the_log_does(void)
{
	struct swcxl_dc_range r[] = {{0, DC_BLOCK}, {2 * DC_BLOCK, DC_BLOCK}};
	struct swcxl_dc_release release = {
		.removal = SWCXL_DC_REMOVE_PRESCRIPTIVE, .forced = true, .range = r, .ranges = 2};
	struct swcxl_log_status log;
	struct test_device t;

	open_with_extent(&t, 2);
	assert(!swcxl_dc_release(t.dev, &release));
	swcxl_query_log(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, &log);
	assert(log.count == 2 && log.overflow && log.lost == 1);
	assert(swcxl_log_record(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, 1)[0x30] == 2);
	assert(!swcxl_log_record(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, 1)[0x35]);
	test_device_close(&t);
}

/* A state file brought a record without a handle, which no host could clear, and an overflow that
 * had lost nothing. */
static void logs_that_no_device_had(void)
{
	uint8_t record[SWCXL_EVENT_RECORD_SIZE] = {0}, lost[18] = {0};
	struct swcxl_change add = {
		.kind = SWCXL_CHANGE_EVENT, .length = sizeof(record), .data = record};
	struct swcxl_change overflow = {
		.kind = SWCXL_CHANGE_EVENT_LOST, .length = sizeof(lost), .data = lost};
	struct swcxl_config c;
	struct test_device t;

	swcxl_config_init(&c);
	test_device_open(&t, &c);
	record[0x10] = sizeof(record);
	assert(swcxl_apply(t.dev, &add) == -EINVAL);
	record[0x14] = 1;
	assert(!swcxl_apply(t.dev, &add));
	record[0x10] = 0;
	assert(swcxl_apply(t.dev, &add) == -EINVAL);
	assert(!swcxl_apply(t.dev, &overflow));
	overflow.attr = 1;
	assert(swcxl_apply(t.dev, &overflow) == -EINVAL);
	lost[0] = 1;
	assert(!swcxl_apply(t.dev, &overflow));
	overflow.attr = 0;
	assert(swcxl_apply(t.dev, &overflow) == -EINVAL);
	test_device_close(&t);
}

/* An operation that was stuck and is let go has its time behind it: it was due in the past. */
static void what_was_stuck_is_due_no_earlier_than_now(void)
{
	struct swcxl_fault stuck = {.kind = SWCXL_FAULT_STUCK_BACKGROUND, .opcode = 0x4304};
	uint8_t in[17] = {0}, out[512];
	struct swcxl_status status;
	struct swcxl_config c;
	struct test_device t;
	size_t len;

	swcxl_config_init(&c);
	c.payload_size = sizeof(out);
	test_device_open(&t, &c);
	assert(!swcxl_plant(t.dev, 64, 64, SWCXL_SOURCE_INTERNAL, false, false));
	assert(!swcxl_fault_add(t.dev, &stuck));
	in[8] = 4;
	assert(swcxl_execute(t.cci, 0x4304, in, sizeof(in), out, &len) == SWCXL_BACKGROUND_STARTED);
	assert(swcxl_advance(t.dev, 1000000000) == SWCXL_NO_DEADLINE);
	swcxl_faults_clear(t.dev);
	assert(swcxl_advance(t.dev, 0) > 1000000000);
	swcxl_query(t.dev, &status);
	assert(!status.background.running && status.list.count == 1);
	test_device_close(&t);
}

int main(void)
{
	trace_of_a_length_beyond_the_payload();
	reserved_ways_in_a_committed_decoder();
	trims_under_stale_separators();
	coverage_at_the_limit_of_ranges();
	rebuild_enters_what_fits_of_a_long_range();
	trimmed_records_join();
	attach_does_not_rebuild_the_list();
	resets_raise_no_interrupt();
	cxl_reset_keeps_what_is_sticky_or_locked();
	decoders_commit_in_order_only();
	five_byte_policy_is_too_long_for_2_0();
	large_changes_give_their_memory_back();
	the_first_half_of_an_extent_is_released();
	a_chain_without_room_ends_where_the_log_does();
	logs_that_no_device_had();
	what_was_stuck_is_due_no_earlier_than_now();
	printf("ok\n");
	return 0;
}
