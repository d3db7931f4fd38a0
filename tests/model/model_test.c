/* SPDX-License-Identifier: MIT */
/*
 * Random operations on a device and on the naive model, compared after every step: the media's
 * truth, the poison list as Get Poison List pages it, overflow and its time, the scan, its
 * results as Get Scan Media Results pages them, events, news. Now and then the state that came
 * out as changes is compared with what the device itself would save. Some of the devices have
 * dynamic capacity, which dc_test.c offers, takes and compares.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/util.h"
#include "model_test.h"

#define SANITIZE_NS 1000u
#define MAINTENANCE_NS 700u
#define RANGE 40 /* lines that are written, read, planted at a time */

#define DISTANCE 96u /* of lines in play to the next bound; with dynamic capacity there are more */
#define DISTANCE_DC 32u

struct naive model;
struct test_device t;
char what[160];
static struct test_device shadow;
static uint64_t seed, rng, step;

void test_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: seed %" PRIu64 " step %" PRIu64 " (%s): %s\n", file, line, seed,
		step, what, condition);
	exit(1);
}

/* xorshift64*: the same everywhere, for a seed to mean something. */
static uint64_t next(void)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return rng * 2685821657736338717u;
}

uint64_t below(uint64_t n)
{
	return (next() >> 11) % n;
}

bool one_in(unsigned n)
{
	return below(n) == 0;
}

uint64_t some_line(void)
{
	return model.line[below(model.lines)].address;
}

/* ---- comparing ---- */

static void check_media(void)
{
	struct swcxl_poison_row row;
	uint64_t pos = 0;
	uint32_t i = 0;

	while (swcxl_poison_next(t.dev, pos, UINT64_MAX, &row)) {
		for (; i < model.lines && model.line[i].address < row.start / 64; i++)
			CHECK(!model.line[i].poison && !model.line[i].listed);
		for (pos = row.start; pos < row.start + row.length; pos += 64, i++) {
			const struct naive_line *l = &model.line[i];

			CHECK(i < model.lines && l->address == pos / 64);
			CHECK(l->poison && l->source == row.source && l->known == row.known);
			CHECK(l->permanent == row.permanent && l->listed == row.listed);
		}
	}
	for (; i < model.lines; i++)
		CHECK(!model.line[i].poison && !model.line[i].listed);
}

static void check_records(const uint8_t *records, uint32_t n, const struct naive_record *want)
{
	for (uint32_t i = 0; i < n; i++) {
		uint64_t address = le_load(records + 16 * i, 8);

		CHECK(address >> 6 == want[i].start && (address & 7) == want[i].source);
		CHECK(le_load(records + 16 * i + 8, 4) == want[i].lines);
	}
}

/* The records of one range, in pages of the payload, from a restart on; returns how many. */
static uint32_t check_pages(uint64_t start, uint64_t lines, const struct naive_record *want,
			    uint32_t max)
{
	uint8_t in[16], out[PAYLOAD];
	uint32_t got = 0, count;
	size_t len;

	le_store(in, 8, start * 64 | 1);
	le_store(in + 8, 8, lines);
	do {
		CHECK(test_execute(&t, 0x4300, in, 16, out, &len) == OK);
		count = (uint32_t)le_load(out + 10, 2);
		CHECK(len == 32 + 16 * count && got + count <= max);
		check_records(out + 32, count, want + got);
		got += count;
		CHECK(!(out[0] & 2) == !model.overflow && !(out[0] & 4) == !model.running);
		CHECK(le_load(out + 2, 8) == (model.overflow ? model.overflow_ts : 0));
		CHECK(!(out[0] & 8) == (model.before_3_1 || !(in[0] & 1)));
		in[0] = 0;
	} while (out[0] & 1);
	return got;
}

static void check_list(void)
{
	struct naive_record want[PLAY];
	uint32_t n = naive_list(&model, want), got;

	CHECK(n <= model.list_max);
	if (model.span_reject) { /* a range may not span the partitions (D-5) */
		got = check_pages(0, model.border, want, n);
		got += check_pages(model.border, model.top - model.border, want + got, n - got);
	} else {
		got = check_pages(0, model.top, want, n);
	}
	CHECK(got == n);
}

/* A range somewhere, often within records: clipped (D-10). */
static void check_part_of_list(void)
{
	uint64_t start = some_line(), lines = 1 + below(one_in(8) ? model.top : 12);
	struct naive_record all[PLAY], want[PLAY];
	uint32_t n = naive_list(&model, all), m = 0;

	if (lines > model.top - start || (start < model.border && start + lines > model.border))
		lines = 1;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t a = all[i].start, b = a + all[i].lines;

		a = a > start ? a : start;
		b = b < start + lines ? b : start + lines;
		if (a < b)
			want[m++] = (struct naive_record){a, b - a, all[i].source};
	}
	CHECK(check_pages(start, lines, want, m) == m);
}

static void check_results(void)
{
	uint8_t out[PAYLOAD];
	uint32_t got = 0;
	size_t len;

	if (!model.called || model.running) {
		CHECK(test_execute(&t, 0x4305, NULL, 0, out, &len) ==
		      (model.running ? BUSY : UNSUP));
		return;
	}
	do {
		uint32_t count;

		CHECK(test_execute(&t, 0x4305, NULL, 0, out, &len) == OK);
		count = (uint32_t)le_load(out + 18, 2);
		CHECK(len == 32 + 16 * count && got + count <= model.results);
		check_records(out + 32, count, model.result + got);
		got += count;
		CHECK(!(out[16] & 2) == !model.stopped);
		CHECK(le_load(out, 8) == model.restart * 64);
		CHECK(le_load(out + 8, 8) == model.restart_lines);
	} while (out[16] & 1);
	CHECK(got == model.results);
}

static uint32_t raised(unsigned log)
{
	struct swcxl_log_status st;

	swcxl_query_log(t.dev, log, &st);
	return st.count;
}

/* The last record of a log that is about media: what modules tell is only counted. */
static const uint8_t *last_of_media(unsigned log)
{
	for (uint32_t n = model.events[log]; n-- > 0;) {
		const uint8_t *r = swcxl_log_record(t.dev, log, n);

		if (r[0] == 0xfb)
			return r;
	}
	return NULL;
}

static void check_last_event(void)
{
	bool found = false, any = false;

	for (unsigned log = 0; log < 3; log++) {
		const uint8_t *r;

		CHECK(raised(log) == model.events[log]);
		r = last_of_media(log);
		if (!r)
			continue;
		any = true;
		found |= le_load(r + 0x30, 8) >> 6 == model.event_line &&
			 r[0x38] == model.event_descriptor && r[0x39] == 0 &&
			 r[0x3a] == model.event_transaction &&
			 le_load(r + 0x18, 8) == model.event_ts &&
			 (r[0x30] & 1) == naive_is_volatile(&model, model.event_line);
	}
	CHECK(found || !any);
}

static void check_all(void)
{
	struct swcxl_status st;
	uint32_t injected = 0;

	for (uint32_t i = 0; i < model.lines; i++)
		injected += model.line[i].poison && model.line[i].source == INJECTED;
	check_media();
	check_list();
	check_part_of_list();
	check_results();
	check_last_event();
	swcxl_query(t.dev, &st);
	CHECK(st.injected_lines == injected);
	CHECK(st.health.status == model.sick);
	CHECK(st.scan.running == model.running && st.background.running == model.running);
	CHECK(!model.running || st.scan.position == model.pos * 64);
	CHECK(model.running || st.background.rc == (enum swcxl_rc)model.bg_rc);
	CHECK(model.running || st.background.percent == model.bg_percent);
	CHECK(t.notices[SWCXL_NOTICE_OVERFLOW] == model.overflows);
	CHECK(t.shadow_error == 0);
	check_dc();
	if (step % 64 == 0)
		CHECK(test_same_state(t.dev, shadow.dev));
}

/* ---- operations ---- */

/* A few lines that are neighbours, all of them in play. */
static void some_range(uint64_t *line, uint64_t *n)
{
	uint32_t i = (uint32_t)below(model.lines);
	uint64_t max = 1 + below(one_in(3) ? RANGE : 4);

	*line = model.line[i].address;
	for (*n = 1; *n < max && i + *n < model.lines; ++*n)
		if (model.line[i + *n].address != *line + *n)
			break;
}

static void op_plant(void)
{
	static const uint8_t sources[] = {UNKNOWN, EXTERNAL, INTERNAL, INJECTED, VENDOR};
	uint8_t source = sources[below(5)];
	bool known = !one_in(3), permanent = one_in(12);
	uint64_t line, n;

	some_range(&line, &n);
	snprintf(what, sizeof(what), "plant %" PRIu64 "+%" PRIu64 " %u %d %d", line, n, source,
		 known, permanent);
	naive_plant(&model, line, n, source, known, permanent);
	CHECK(swcxl_plant(t.dev, line * 64, n * 64, source, known, permanent) == 0);
}

static void op_inject(void)
{
	uint64_t line = some_line();
	uint8_t in[8], out[PAYLOAD];
	size_t len;

	snprintf(what, sizeof(what), "inject %" PRIu64, line);
	le_store(in, 8, line * 64);
	CHECK(test_execute(&t, 0x4301, in, 8, out, &len) == naive_inject(&model, line));
}

static void op_clear(void)
{
	uint64_t line = some_line();
	uint8_t in[72], out[PAYLOAD], data = (uint8_t)below(3);
	size_t len;

	snprintf(what, sizeof(what), "clear %" PRIu64, line);
	le_store(in, 8, line * 64);
	memset(in + 8, data, 64);
	CHECK(test_execute(&t, 0x4302, in, 72, out, &len) == naive_clear(&model, line, data));
}

static void op_write(void)
{
	uint8_t buf[RANGE * 64], data = (uint8_t)below(3);
	uint64_t line, n;

	some_range(&line, &n);
	snprintf(what, sizeof(what), "write %" PRIu64 "+%" PRIu64, line, n);
	memset(buf, data, n * 64);
	naive_write(&model, line, n, data);
	CHECK(swcxl_media_write(t.dev, line * 64, buf, n * 64) == 0);
}

static void op_read(void)
{
	uint8_t buf[RANGE * 64];
	uint64_t line, n;

	some_range(&line, &n);
	snprintf(what, sizeof(what), "read %" PRIu64 "+%" PRIu64, line, n);
	naive_read(&model, line, n);
	CHECK(swcxl_media_read(t.dev, line * 64, buf, n * 64) == 0);
	for (uint64_t i = 0; i < n * 64; i++) {
		const struct naive_line *l = &model.line[naive_first(&model, line) + i / 64];

		CHECK(buf[i] == (l->has ? l->data : 0xff)); /* DC-6 */
	}
}

/* Often where the last scan stopped, so that coverage is put together from pieces. */
static void op_scan(void)
{
	uint64_t start = one_in(3) ? 0 : some_line(), lines;
	bool no_events = one_in(2);
	uint8_t in[17], out[PAYLOAD];
	size_t len;

	lines = one_in(3) ? model.top - start : one_in(8) ? below(PLAY) : some_line() + 1 - start;
	if (start && lines > model.top)
		lines = 5;
	if (model.stopped && !model.running && one_in(2)) {
		start = model.restart;
		lines = model.restart_lines;
	}
	if (one_in(40))
		lines = model.top - start + one_in(2); /* at, and one past, the top */
	snprintf(what, sizeof(what), "scan %" PRIu64 "+%" PRIu64, start, lines);
	le_store(in, 8, start * 64);
	le_store(in + 8, 8, lines);
	in[16] = no_events;
	CHECK(test_execute(&t, 0x4304, in, 17, out, &len) ==
	      naive_scan(&model, start, lines, no_events));
}

/* All of it, with a start before it that is aborted now and then. */
static void op_sanitize(void)
{
	uint8_t out[PAYLOAD];
	enum naive_rc rc;
	size_t len;

	snprintf(what, sizeof(what), "sanitize");
	if (!model.running && one_in(3)) {
		CHECK(test_execute(&t, 0x4400, NULL, 0, out, &len) == BG);
		CHECK(test_execute(&t, 0x0005, NULL, 0, out, &len) == OK);
	}
	rc = naive_sanitize(&model, SANITIZE_NS);
	CHECK(test_execute(&t, 0x4400, NULL, 0, out, &len) == rc);
	if (rc == BG)
		swcxl_advance(t.dev, model.now);
}

static void op_operate(void)
{
	uint8_t in[8 + 16 * 4] = {1, (uint8_t)below(2)}, out[PAYLOAD];
	uint64_t ranges[4][2];
	uint32_t n = 1 + (uint32_t)below(4);
	enum naive_rc rc;
	size_t len;

	snprintf(what, sizeof(what), "media operation, %u ranges", n);
	le_store(in + 4, 4, n);
	for (uint32_t i = 0; i < n; i++) {
		some_range(&ranges[i][0], &ranges[i][1]);
		le_store(in + 8 + 16 * i, 8, ranges[i][0] * 64);
		le_store(in + 16 + 16 * i, 8, ranges[i][1] * 64);
	}
	rc = naive_operate(&model, ranges, n, SANITIZE_NS);
	CHECK(test_execute(&t, 0x4402, in, 8 + 16 * n, out, &len) == rc);
	if (rc == BG)
		swcxl_advance(t.dev, model.now);
}

/* Rows all over the lines in play; what is found broken there most often. */
static void op_repair(void)
{
	bool hard = !model.before_3_1 && one_in(6); /* before 3.1 they are the last spares */
	uint64_t line = some_line();
	uint8_t in[14] = {1, hard}, out[PAYLOAD];
	enum naive_rc rc;
	size_t len;

	snprintf(what, sizeof(what), "%s repair of %" PRIu64, hard ? "hard" : "soft", line);
	le_store(in + 3, 8, line * 64);
	rc = naive_repair(&model, line, hard, MAINTENANCE_NS);
	CHECK(test_execute(&t, 0x0600, in, 14, out, &len) == rc);
	if (rc == BG)
		swcxl_advance(t.dev, model.now);
}

static void op_abort(void)
{
	uint8_t out[PAYLOAD];
	size_t len;

	snprintf(what, sizeof(what), "abort");
	naive_abort(&model);
	CHECK(test_execute(&t, 0x0005, NULL, 0, out, &len) == OK);
}

/* No scan ends, and no time is up, before the deadline that the device names. */
static void check_deadline(uint64_t deadline)
{
	static struct naive later;

	later = model;
	naive_advance(&later,
		      deadline == SWCXL_NO_DEADLINE ? model.now + (1ull << 40) : deadline - 1);
	CHECK(later.running == model.running && later.dc.told == model.dc.told);
}

/* To the deadline that the device names, to somewhere within the lines in play, or far on. */
static void op_time(void)
{
	uint64_t now = model.now, deadline = swcxl_advance(t.dev, now), to = now + below(20);
	uint64_t line = some_line();

	if (one_in(16))
		check_deadline(deadline);
	if (deadline != SWCXL_NO_DEADLINE && one_in(3))
		to = deadline;
	else if (model.running && one_in(2) && model.pos < line)
		to = model.began + (line - model.start) * model.rate + below(3);
	else if (model.dc.timeout && one_in(4))
		to = now + below(model.dc.timeout);
	else if (one_in(4))
		to = now + below(2 * model.top * model.rate);
	if (to < now)
		to = now;
	snprintf(what, sizeof(what), "time +%" PRIu64, to - now);
	naive_advance(&model, to);
	swcxl_advance(t.dev, to);
}

static void op_clock(void)
{
	uint64_t value = below(1ull << 40);
	uint8_t in[8], out[PAYLOAD];
	size_t len;

	snprintf(what, sizeof(what), "clock");
	naive_set_clock(&model, value);
	le_store(in, 8, value);
	CHECK(test_execute(&t, 0x0301, in, 8, out, &len) == OK);
}

static void reset(enum swcxl_reset kind)
{
	bool cold = kind == SWCXL_RESET_COLD;

	snprintf(what, sizeof(what), "reset %u", kind);
	/* the control channel does not count as a mailbox: an attach leaves the media alone */
	naive_reset(&model, kind != SWCXL_RESET_CXL,
		    cold || kind == SWCXL_RESET_CONVENTIONAL ||
			    (kind == SWCXL_RESET_ATTACH && t.mailbox_used));
	if (cold)
		naive_power_lost(&model);
	swcxl_reset(t.dev, kind);
}

static void op_reset(void)
{
	static const enum swcxl_reset kinds[] = {SWCXL_RESET_CONVENTIONAL, SWCXL_RESET_CXL,
						 SWCXL_RESET_ATTACH, SWCXL_RESET_COLD};

	reset(kinds[below(4)]);
}

void op_power(void)
{
	reset(SWCXL_RESET_COLD);
}

/* The host takes the records of a log. */
void drain(unsigned log, uint32_t *records)
{
	uint8_t in[6 + 2 * 250], out[PAYLOAD];
	size_t len;

	while (*records) {
		uint32_t n = *records < 250 ? *records : 250;

		memset(in, 0, 6);
		in[0] = (uint8_t)log;
		in[2] = (uint8_t)n;
		for (uint32_t i = 0; i < n; i++)
			memcpy(in + 6 + 2 * i, swcxl_log_record(t.dev, log, i) + 0x14, 2);
		CHECK(test_execute(&t, 0x0101, in, 6 + 2 * n, out, &len) == OK);
		*records -= n;
	}
}

/* What they said was compared when they came. */
static void op_drain(void)
{
	snprintf(what, sizeof(what), "drain");
	for (unsigned log = 0; log < 3; log++)
		drain(log, &model.events[log]);
}

/* What both are told. */
static void configure(struct swcxl_config *c)
{
	swcxl_config_init(c);
	c->volatile_size = c->persistent_size = 256ull << 20;
	c->payload_size = PAYLOAD;
	c->event_log_max = 65535;
	c->poison_list_max = 1 + (uint32_t)below(one_in(2) ? 6 : 40);
	c->inject_limit = one_in(2) ? 0 : (uint16_t)below(8);
	c->scan_results_max = one_in(2) ? 0 : 1 + (uint32_t)below(12);
	c->injected_persists = one_in(2);
	c->span_reject = one_in(4);
	c->strict = one_in(4);
	c->during_scan = one_in(2) ? SWCXL_DURING_SCAN_APPLY : (enum swcxl_during_scan)below(3);
	c->scan_ns_per_line = 1 + below(5);
	c->sanitize_ns = SANITIZE_NS;
	c->maintenance_ns = MAINTENANCE_NS;
	if (one_in(3))
		return;
	choose_dc(c);
}

static void open_all(void)
{
	struct swcxl_config c;

	configure(&c);
	memset(&model, 0, sizeof(model));
	model.list_max = c.poison_list_max;
	model.inject_limit = c.inject_limit;
	model.results_max = c.scan_results_max;
	model.injected_persists = c.injected_persists;
	model.span_reject = c.span_reject;
	model.strict = c.strict;
	model.before_3_1 = c.revision < SWCXL_CXL_3_1;
	model.during_scan = (int)c.during_scan;
	model.rate = c.scan_ns_per_line;
	model.border = c.volatile_size / 64;
	model.static_top = model.border + c.persistent_size / 64;
	model.top = model.static_top + c.dc_regions * c.dc_region_size / 64;
	model.dc.regions = c.dc_regions;
	model.dc.region_lines = c.dc_region_size / 64;
	model.dc.block = c.dc_block_size / 64;
	model.dc.timeout = c.dc_host_timeout_ns;
	model.dc.log_max = c.event_log_max;
	memcpy(model.dc.flags, c.dc_flags, sizeof(c.dc_flags));
	naive_choose(&model, c.dc_regions ? DISTANCE_DC : DISTANCE);
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
	open_dc();
}

static void one_step(uint32_t records)
{
	static const struct {
		void (*op)(void);
		unsigned weight;
	} ops[] = {{op_plant, 12},  {op_inject, 10},  {op_clear, 12}, {op_write, 3}, {op_read, 2},
		   {op_scan, 8},    {op_abort, 2},    {op_time, 24},  {op_clock, 1}, {op_reset, 1},
		   {op_operate, 3}, {op_sanitize, 1}, {op_repair, 2}, {op_dc, 40}};
	unsigned sum = 0, pick;

	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].op != op_dc || model.dc.regions)
			sum += ops[i].weight;
	pick = (unsigned)below(sum);
	for (unsigned i = 0;; pick -= ops[i++].weight) {
		if (pick < ops[i].weight) {
			ops[i].op();
			break;
		}
	}
	check_all();
	if (model.events[0] + model.events[1] + model.events[2] >
	    MIN(model.dc.log_max < 2000 ? 100 : 2000, records))
		op_drain();
	if (model.dc.records > records)
		op_drain_dc();
}

int model_run(uint64_t seed_, const struct model_run *run)
{
	seed = seed_;
	rng = seed | 1;
	for (step = 1; run->goes_on(step); step++) {
		if (step == 1 ||
		    (run->life && step % run->life == 1)) { /* other limits, other modes */
			if (step > 1) {
				test_device_close(&t);
				test_device_close(&shadow);
			}
			open_all();
		}
		one_step(run->records);
	}
	test_device_close(&t);
	test_device_close(&shadow);
	return 0;
}
