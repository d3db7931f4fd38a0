/* SPDX-License-Identifier: MIT */
/*
 * Scan Media in time. The same history in one big step and in many small ones is the same
 * history: state, events with their timestamps, results, news. And what is long takes no time.
 */
#include <time.h>

#include "rig.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / 64)
#define PLAY 400u /* lines in play, around the border of the partitions */
#define ACTIONS 24u

/* ---- histories ---- */

struct action {
	uint64_t at;
	unsigned kind;
	uint64_t line, lines;
	unsigned source;
	bool known;
};

struct history {
	struct swcxl_config config;
	struct action action[ACTIONS];
	uint64_t end;
};

static struct history make_history(void)
{
	struct history h = {.config = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT)};
	uint64_t rate = 1 + below(4), at = 0;

	h.config.poison_list_max = 1 + (uint32_t)below(below(2) ? 4 : 60);
	h.config.scan_results_max = below(2) ? 0 : 1 + (uint32_t)below(30);
	h.config.during_scan =
		below(2) ? SWCXL_DURING_SCAN_APPLY : (enum swcxl_during_scan)below(3);
	h.config.scan_ns_per_line = rate;
	h.config.event_log_max = 20;
	for (unsigned i = 0; i < ACTIONS; i++) {
		struct action *a = &h.action[i];

		at += i < ACTIONS / 2 ? 0 : below(PLAY * rate / 2);
		a->at = at;
		a->kind = i < ACTIONS / 2 ? 0 : (unsigned)below(5);
		a->line = UNIT_LINES - PLAY / 2 + below(PLAY - 40);
		a->lines = 1 + below(below(2) ? 3 : 40);
		a->source = (unsigned)below(4);
		a->known = below(3) == 0;
	}
	h.end = at + 3 * UNIT_LINES * rate;
	return h;
}

static void act(struct test_device *t, const struct action *a)
{
	uint8_t data[40 * 64];

	switch (a->kind) {
	case 0:
		swcxl_plant(t->dev, a->line * 64, a->lines * 64, (enum swcxl_source)a->source,
			    a->known, a->lines == 2);
		break;
	case 1:
		rig_scan(t, UNIT_LINES - PLAY / 2, a->known ? UNIT_LINES : PLAY, a->source == 0);
		break;
	case 2:
		rig_clear(t, a->line, (uint8_t)a->lines);
		break;
	case 3:
		rig_inject(t, a->line);
		break;
	default:
		swcxl_media_read(t->dev, a->line * 64, data, a->lines * 64);
		if (a->source == 0)
			rig_run(t, 0x0005, NULL, 0);
	}
}

/* Goes to a time: at once; by what the device asks for; by small steps of any width. */
enum stride { LEAP, DEADLINES, SMALL };

static void go(struct test_device *t, uint64_t to, enum stride stride)
{
	uint64_t now = swcxl_now(t->dev), deadline = swcxl_advance(t->dev, now);

	while (now < to) {
		uint64_t next = stride == LEAP ? to : deadline;

		if (stride == SMALL)
			next = now + 1 + below(rig_status(t).scan.running ? 9 : 1000000);
		CHECK(stride == LEAP || next > now);
		now = MIN(next, to);
		deadline = swcxl_advance(t->dev, now);
		CHECK(swcxl_now(t->dev) == now);
		/* far behind the lines in play, where nothing is found, even small steps leap */
		if (stride == SMALL && rig_status(t).scan.position > (UNIT_LINES + PLAY) * 64)
			stride = DEADLINES;
	}
}

static void live(struct test_device *t, const struct history *h, enum stride stride)
{
	static const uint8_t clock[8] = {0, 0, 1};

	test_device_open(t, &h->config);
	rig_run(t, 0x0301, clock, 8);
	for (unsigned i = 0; i < ACTIONS; i++) {
		go(t, h->action[i].at, stride);
		act(t, &h->action[i]);
	}
	go(t, h->end, stride);
}

static void check_same(struct test_device *a, struct test_device *b)
{
	static uint8_t first[PAYLOAD_MAX];
	struct swcxl_status x = rig_status(a), y = rig_status(b);
	size_t len;

	CHECK(test_same_state(a->dev, b->dev));
	CHECK(!memcmp(a->notices, b->notices, sizeof(a->notices)));
	CHECK(a->last.opcode == b->last.opcode && a->last.rc == b->last.rc);
	CHECK(x.now_ns == y.now_ns && x.timestamp == y.timestamp && x.ranges == y.ranges);
	CHECK(x.scan.running == y.scan.running && x.scan.position == y.scan.position);
	CHECK(x.scan.results == y.scan.results && x.scan.percent == y.scan.percent);
	CHECK(x.background.rc == y.background.rc && x.background.percent == y.background.percent);
	do {
		unsigned rc = rig_run(a, 0x4305, NULL, 0);

		memcpy(first, rig_out, rig_len);
		len = rig_len;
		CHECK(rig_run(b, 0x4305, NULL, 0) == rc);
		CHECK(rig_len == len && !memcmp(first, rig_out, len));
	} while (rig_len && rig_out[16] & 1);
}

static void the_width_of_the_steps_does_not_matter(void)
{
	for (unsigned round = 0; round < 150; round++) {
		struct test_device a, b, c;
		struct history h = make_history();

		live(&a, &h, LEAP);
		live(&b, &h, DEADLINES);
		live(&c, &h, SMALL);
		check_same(&a, &b);
		check_same(&a, &c);
		test_device_close(&a);
		test_device_close(&b);
		test_device_close(&c);
	}
}

/* A run of errors that needs a second record for its end (D-11), which does not fit any more. */
static void the_width_does_not_matter_for_long_records(void)
{
	static const uint8_t clock[8] = {0, 0, 1};
	const uint64_t m = (1ull << 26) - 1;
	struct test_device t[2];
	struct swcxl_config c = rig_config(20 * GiB, 0);

	c.poison_list_max = 1;
	c.scan_ns_per_line = 1;
	for (unsigned i = 0; i < 2; i++) {
		test_device_open(&t[i], &c);
		rig_run(&t[i], 0x0301, clock, 8);
		CHECK(!rig_plant(&t[i], 0, m - 10, true) && !rig_plant(&t[i], m - 10, 20, false));
		CHECK(rig_scan(&t[i], m - 20, 100, false) == SWCXL_BACKGROUND_STARTED);
	}
	swcxl_advance(t[0].dev, 100);
	for (unsigned ns = 1; ns <= 100; ns++)
		swcxl_advance(t[1].dev, ns);
	CHECK(rig_status(&t[0]).list.overflow && rig_status(&t[1]).list.overflow);
	check_same(&t[0], &t[1]);
	test_device_close(&t[0]);
	test_device_close(&t[1]);
}

/* ---- what is long ---- */

static void sixteen_tebibytes_take_no_time(void)
{
	struct swcxl_config c = rig_config(16 * TiB, 0);
	const uint64_t lines = 16 * TiB / 64;
	struct test_device t;
	struct timespec from, to;
	uint64_t now = 0;

	test_device_open(&t, &c);
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!rig_plant(&t, (uint64_t)i * 0x0ffffff1 % lines, 1, i % 2));
	clock_gettime(CLOCK_MONOTONIC, &from);
	CHECK(rig_scan(&t, 0, lines, false) == SWCXL_BACKGROUND_STARTED);
	for (unsigned steps = 0; rig_status(&t).scan.running; steps++) {
		CHECK(steps <= 1001); /* what it asks for */
		now = swcxl_advance(t.dev, now);
	}
	CHECK(swcxl_now(t.dev) == lines * 500 && t.last.rc == SWCXL_SUCCESS);
	CHECK(rig_scan(&t, 0, lines, false) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, lines * 1000);
	CHECK(swcxl_now(t.dev) == lines * 1000 && !rig_status(&t).scan.running);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK(rig_status(&t).scan.results == 1000);
	CHECK((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 500);
	test_device_close(&t);
}

static void a_duration_that_overflows_saturates(void)
{
	static const uint64_t rates[] = {UINT64_MAX, UINT64_MAX / 2, 1ull << 60, 1ull << 44};

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
		struct swcxl_config c = rig_config(16 * TiB, 0);
		uint8_t in[16] = {0};
		struct test_device t;

		c.scan_ns_per_line = rates[i];
		test_device_open(&t, &c);
		swcxl_advance(t.dev, 1234567);
		le_store(in + 8, 8, 1ull << 38 & UINT32_MAX);
		in[12] = 1 << 6;
		CHECK(rig_run(&t, 0x4303, in, 16) == SWCXL_SUCCESS);
		CHECK(le_load(rig_out, 4) == UINT32_MAX);
		CHECK(!rig_plant(&t, 1ull << 37, 1, false));
		CHECK(rig_scan(&t, 0, 1ull << 38, false) == SWCXL_BACKGROUND_STARTED);
		CHECK(swcxl_advance(t.dev, 1ull << 63) == SWCXL_NO_DEADLINE - 1);
		CHECK(rig_status(&t).scan.running && rig_status(&t).scan.percent == 0);
		CHECK(swcxl_advance(t.dev, SWCXL_NO_DEADLINE - 1) >= SWCXL_NO_DEADLINE - 1);
		CHECK(rig_status(&t).scan.running);
		CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
		CHECK(t.last.rc == SWCXL_ABORTED && !rig_status(&t).scan.running);
		test_device_close(&t);
	}
}

/* Time does not run backwards, and a scan begins anew at any of them. */
static void earlier_times_count_as_the_present(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);
	struct test_device t;

	test_device_open(&t, &c);
	swcxl_advance(t.dev, 1000000);
	swcxl_advance(t.dev, 5);
	CHECK(swcxl_now(t.dev) == 1000000);
	CHECK(rig_scan(&t, 0, 10, false) == SWCXL_BACKGROUND_STARTED);
	CHECK(swcxl_advance(t.dev, 7) == 1000000 + 10 * 500);
	swcxl_advance(t.dev, 1000000 + 10 * 500 - 1);
	CHECK(rig_status(&t).scan.running && rig_status(&t).background.percent == 90);
	CHECK(swcxl_advance(t.dev, 1000000 + 10 * 500) == SWCXL_NO_DEADLINE);
	CHECK(!rig_status(&t).scan.running && rig_status(&t).background.percent == 100);
	test_device_close(&t);
}

/* Abort at every per cent, when nothing runs, and when it has just ended. */
static void an_abort_is_in_time_or_not(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);
	struct test_device t;
	uint64_t now = 0;

	c.scan_ns_per_line = 3;
	test_device_open(&t, &c);
	CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
	for (unsigned percent = 0; percent <= 100; percent++) {
		CHECK(rig_scan(&t, 0, 200, true) == SWCXL_BACKGROUND_STARTED);
		now += percent * 6;
		swcxl_advance(t.dev, now);
		CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
		CHECK(!rig_status(&t).background.running);
		CHECK(rig_status(&t).background.percent == percent);
		CHECK(t.last.rc == (percent < 100 ? SWCXL_ABORTED : SWCXL_SUCCESS));
		CHECK(rig_run(&t, 0x4305, NULL, 0) == SWCXL_SUCCESS);
		CHECK((rig_out[16] & 2) == (percent < 100 ? 2 : 0));
		CHECK(le_load(rig_out, 8) == (percent < 100 ? percent * 2 * 64 : 0));
		CHECK(le_load(rig_out + 8, 8) == (percent < 100 ? 200 - percent * 2 : 0));
	}
	test_device_close(&t);
}

int main(void)
{
	RUN(the_width_of_the_steps_does_not_matter);
	RUN(the_width_does_not_matter_for_long_records);
	RUN(sixteen_tebibytes_take_no_time);
	RUN(a_duration_that_overflows_saturates);
	RUN(earlier_times_count_as_the_present);
	RUN(an_abort_is_in_time_or_not);
	return test_done();
}
