/* SPDX-License-Identifier: MIT */
/*
 * Event logs, held against a naive account of them: records come, are read in pages and cleared,
 * rightly and wrongly; logs overflow; time, interrupt policy and resets change. What a log holds,
 * its status bit, its overflow, interrupts and news are compared after every step.
 */
#include "rig.h"
#include "wire/events.h"
#include "wire/generic.h"
#include "wire/registers.h"

#define MAX_RECORDS 12
#define LOGS SWCXL_LOGS

static struct test_device t, shadow;

static struct {
	struct {
		uint16_t handle[MAX_RECORDS];
		uint8_t tag[MAX_RECORDS]; /* first byte of the data */
		unsigned count;
		uint16_t last_handle;
		bool overflow;
		unsigned lost;
		uint64_t first_lost, last_lost;
	} log[LOGS];
	uint8_t policy[LOGS];
	uint64_t clock_base, clock_at; /* 0: not set */
	unsigned irqs[LOGS], news;
	unsigned limit; /* records in a page */
} model;

static uint64_t stamp(void)
{
	return model.clock_base ? model.clock_base + swcxl_now(t.dev) - model.clock_at : 0;
}

/* ---- operations ---- */

static void naive_add(unsigned log, uint8_t tag)
{
	if (model.log[log].count == MAX_RECORDS) {
		if (!model.log[log].overflow)
			model.log[log].first_lost = stamp();
		model.log[log].last_lost = stamp();
		model.log[log].overflow = true;
		model.log[log].lost = MIN(model.log[log].lost + 1, 65535);
		return;
	}
	if (!model.log[log].count) {
		model.news++;
		model.irqs[log] += model.policy[log] == EVENT_INTERRUPT_MSI;
	}
	model.log[log].last_handle = model.log[log].last_handle % 65535 + 1;
	model.log[log].handle[model.log[log].count] = model.log[log].last_handle;
	model.log[log].tag[model.log[log].count++] = tag;
}

static void naive_clear(unsigned log, unsigned n)
{
	model.log[log].count -= n;
	memmove(model.log[log].handle, model.log[log].handle + n,
		sizeof(uint16_t) * (MAX_RECORDS - n));
	memmove(model.log[log].tag, model.log[log].tag + n, MAX_RECORDS - n);
	model.log[log].overflow = false;
	model.log[log].lost = 0;
	model.log[log].first_lost = model.log[log].last_lost = 0;
}

static void op_add(void)
{
	const struct swcxl_event_header header = {.uuid = {1, 2, 3}, .flags = 4};
	unsigned log = (unsigned)below(LOGS), n = below(10) ? 1 + (unsigned)below(4) : 15;

	for (unsigned i = 0; i < n; i++) {
		uint8_t tag = (uint8_t)below(256);

		CHECK(!swcxl_event_inject(t.dev, log, &header, &tag, 1));
		naive_add(log, tag);
	}
}

/* The oldest of a log, as many as fit. */
static void op_get(void)
{
	uint8_t log = (uint8_t)below(LOGS + 1);
	unsigned count = log < LOGS ? model.log[log].count : 0, n = MIN(count, model.limit);
	unsigned severity = log == SWCXL_LOG_DYNAMIC_CAPACITY ? 0 : log;
	struct get_event_records_out out;

	CHECK(rig_run(&t, 0x0100, &log, 1) == (log < LOGS ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
	if (log == LOGS)
		return;
	CHECK(rig_len == sizeof(out) + n * SWCXL_EVENT_RECORD_SIZE);
	memcpy(&out, rig_out, sizeof(out));
	CHECK(rd(out.count) == n && !(out.flags & EVENTS_MORE) == (n == count));
	CHECK(!(out.flags & EVENTS_OVERFLOW) == !model.log[log].overflow);
	CHECK(rd(out.overflow_count) == model.log[log].lost);
	CHECK(rd(out.first_overflow) == model.log[log].first_lost);
	CHECK(rd(out.last_overflow) == model.log[log].last_lost);
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *record = rig_out + sizeof(out) + i * SWCXL_EVENT_RECORD_SIZE;
		const struct event_header *h = (const void *)record;

		CHECK(rd(h->handle) == model.log[log].handle[i]);
		CHECK(record[EVENT_DATA_OFFSET] == model.log[log].tag[i]);
		CHECK(rd(h->flags) == (4u | severity) && h->length == SWCXL_EVENT_RECORD_SIZE);
	}
}

static unsigned clear(unsigned log, uint8_t flags, const uint16_t *handles, unsigned n)
{
	uint8_t in[6 + 2 * (MAX_RECORDS + 1)] = {(uint8_t)log, flags, (uint8_t)n};

	for (unsigned i = 0; i < n; i++)
		le_store(in + 6 + 2 * i, 2, handles[i]);
	return rig_run(&t, 0x0101, in, 6 + 2 * n);
}

/* The oldest, in their order; or not quite those. */
static void op_clear(void)
{
	unsigned log = (unsigned)below(LOGS), n = (unsigned)below(model.log[log].count + 1);
	uint16_t handles[MAX_RECORDS + 1] = {0};
	bool wrong = n && below(3) == 0;

	memcpy(handles, model.log[log].handle, n * sizeof(handles[0]));
	if (wrong && below(3) == 0)
		handles[n++] = handles[0]; /* one twice, or one too many */
	else if (wrong && n > 1 && below(2))
		handles[0] = handles[n - 1];
	else if (wrong)
		handles[below(n)] += (uint16_t)(1 + below(65535));
	CHECK(clear(log, 0, handles, n) == (wrong ? SWCXL_INVALID_HANDLE : SWCXL_SUCCESS));
	if (!wrong && n)
		naive_clear(log, n);
}

static void op_clear_all(void)
{
	unsigned log = (unsigned)below(LOGS + 1), n = below(4) == 0;
	uint16_t handle = 1;
	bool ok = log < LOGS && model.log[log].overflow && !n;

	CHECK(clear(log, 1, &handle, n) == (ok ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
	if (ok)
		naive_clear(log, model.log[log].count);
}

/* Enabling is no event: a log that holds something already does not interrupt. Dynamic capacity
 * has no firmware interrupts. */
static void op_policy(void)
{
	uint8_t in[LOGS];
	bool ok = true;

	for (unsigned i = 0; i < LOGS; i++) {
		unsigned modes = i == SWCXL_LOG_DYNAMIC_CAPACITY ? 2 : 3;

		in[i] = (uint8_t)(below(20) ? below(modes) : modes);
		ok &= in[i] < modes;
	}
	CHECK(rig_run(&t, 0x0103, in, sizeof(in)) == (ok ? SWCXL_SUCCESS : SWCXL_INVALID_INPUT));
	if (ok)
		memcpy(model.policy, in, sizeof(in));
}

static void op_time(void)
{
	uint8_t in[8];

	if (below(2)) {
		swcxl_advance(t.dev, swcxl_now(t.dev) + below(1000));
		return;
	}
	model.clock_base = 1 + below(1ull << 40);
	model.clock_at = swcxl_now(t.dev);
	le_store(in, 8, model.clock_base);
	CHECK(rig_run(&t, 0x0301, in, sizeof(in)) == SWCXL_SUCCESS);
}

static void op_reset(void)
{
	enum swcxl_reset type = below(2) ? SWCXL_RESET_CXL : SWCXL_RESET_CONVENTIONAL;

	swcxl_reset(t.dev, type);
	if (type == SWCXL_RESET_CXL)
		return;
	memset(model.policy, 0, sizeof(model.policy));
	model.clock_base = 0;
}

static void op_limit(void)
{
	uint8_t n = (uint8_t)(8 + below(3));

	CHECK(rig_run(&t, 0x0004, &n, 1) == SWCXL_SUCCESS && rig_out[0] == n);
	model.limit = ((1u << n) - 32) / 128;
}

/* ---- comparing ---- */

static void check(void)
{
	unsigned status = 0;
	uint8_t reg[8];

	for (unsigned i = 0; i < LOGS; i++) {
		struct swcxl_log_status st;

		swcxl_query_log(t.dev, i, &st);
		CHECK(st.count == model.log[i].count && st.overflow == model.log[i].overflow);
		CHECK(st.lost == model.log[i].lost && st.first_lost == model.log[i].first_lost &&
		      st.last_lost == model.log[i].last_lost);
		CHECK(t.irqs[1 + i] == model.irqs[i]);
		status |= (unsigned)(st.count != 0) << i;
	}
	CHECK(t.notices[SWCXL_NOTICE_EVENT_RECORD] == model.news);
	CHECK(rig_run(&t, 0x0102, NULL, 0) == SWCXL_SUCCESS && rig_len == LOGS);
	for (unsigned i = 0; i < LOGS; i++)
		CHECK((rig_out[i] & EVENT_INTERRUPT_MODE) == model.policy[i]);
	/* Event Status, at the offset that the capabilities array gives for it */
	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, 0x10000 + DEVCAP_HEADER(0) + 4, reg, 4);
	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, 0x10000 + le_load(reg, 4), reg, 8);
	CHECK(le_load(reg, 8) == status);
}

static void begin(uint16_t records)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);

	c.event_log_max = records;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
	memset(&model, 0, sizeof(model));
	model.limit = (4096 - 32) / 128;
}

static void end(void)
{
	CHECK(!t.shadow_error && test_same_state(t.dev, shadow.dev));
	CHECK(rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

static void logs_do_as_the_naive_ones(void)
{
	static void (*const ops[])(void) = {op_add,   op_add,	 op_add,   op_get,
					    op_get,   op_clear,	 op_clear, op_clear_all,
					    op_limit, op_policy, op_time,  op_time};

	for (unsigned round = 0; round < 60; round++) {
		begin(MAX_RECORDS);
		for (unsigned step = 0; step < 300; step++) {
			if (below(40) == 0)
				op_reset();
			else
				ops[below(ARRAY_SIZE(ops))]();
			check();
		}
		end();
	}
}

/* ---- what takes many records ---- */

static void add(unsigned n)
{
	const struct swcxl_event_header header = {.uuid = {1}};

	while (n--)
		CHECK(!swcxl_event_inject(t.dev, SWCXL_LOG_FATAL, &header, NULL, 0));
}

static uint16_t handle_at(uint32_t index)
{
	const struct event_header *h =
		(const void *)swcxl_log_record(t.dev, SWCXL_LOG_FATAL, index);

	return rd(h->handle);
}

/* Handles go round, and 0 is none. */
static void handles_are_never_0_and_never_twice(void)
{
	uint16_t handle;

	begin(2);
	add(1);
	for (unsigned i = 1; i <= 70000; i++) {
		add(1);
		CHECK(handle_at(0) && handle_at(1) && handle_at(0) != handle_at(1));
		handle = handle_at(0);
		CHECK(clear(SWCXL_LOG_FATAL, 0, &handle, 1) == SWCXL_SUCCESS);
	}
	end();
}

/* Losses are counted up to FFFFh; the last one's time goes on. */
static void the_count_of_losses_sticks(void)
{
	struct swcxl_log_status st;

	begin(1);
	rig_run(&t, 0x0301, "\1\0\0\0\0\0\0\0", 8);
	add(1 + 65534);
	swcxl_query_log(t.dev, SWCXL_LOG_FATAL, &st);
	CHECK(st.lost == 65534 && st.first_lost == 1 && st.last_lost == 1);
	swcxl_advance(t.dev, 5);
	add(1);
	swcxl_advance(t.dev, 7);
	add(3);
	swcxl_query_log(t.dev, SWCXL_LOG_FATAL, &st);
	CHECK(st.lost == 65535 && st.first_lost == 1 && st.last_lost == 8);
	end();
}

/* The deepest log: every handle is in use, and only as many as a command can name go at once. */
static void the_deepest_log(void)
{
	uint8_t in[6 + 2 * 255] = {SWCXL_LOG_FATAL, 0, 255};

	begin(65535);
	add(65535);
	CHECK(handle_at(0) == 1 && handle_at(65534) == 65535);
	for (unsigned i = 0; i < 255; i++)
		le_store(in + 6 + 2 * i, 2, handle_at(i));
	CHECK(rig_run(&t, 0x0101, in, sizeof(in)) == SWCXL_SUCCESS);
	CHECK(handle_at(0) == 256);
	add(256); /* one too many */
	CHECK(handle_at(65534) == 255);
	in[0] = SWCXL_LOG_FATAL, in[1] = 1, in[2] = 0;
	CHECK(rig_run(&t, 0x0101, in, 6) == SWCXL_SUCCESS);
	add(1);
	CHECK(handle_at(0) == 256);
	end();
}

int main(void)
{
	RUN(logs_do_as_the_naive_ones);
	RUN(handles_are_never_0_and_never_twice);
	RUN(the_count_of_losses_sticks);
	RUN(the_deepest_log);
	return test_done();
}
