/* SPDX-License-Identifier: MIT */
/*
 * The patrol scrub in time, alone and beside scans, repairs and media that come and go. As with
 * scans, one big step and many small ones are the same history.
 */
#include <time.h>

#include "core/features.h"
#include "rig.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / 64)
#define TOP (2 * UNIT_LINES)
#define HOUR (3600 * NS_PER_S)
#define PLAY 300u /* lines in play, around the border of the partitions */
#define PLAY_START (UNIT_LINES - PLAY / 2)
#define ACTIONS 30u

/* When a patrol that began at line 0 at time 0 has passed so many lines of 512 MiB. */
static uint64_t after(uint64_t lines, unsigned hours)
{
	/* a line takes hours * HOUR / 2^23 ns: divided by 2^13, that is exact */
	return (lines * (hours * (HOUR >> 13)) + 1023) >> 10;
}

static void set(struct test_device *t, unsigned feature, unsigned low, unsigned high, bool save)
{
	uint8_t in[0x22] = {0};

	memcpy(in, features[feature].uuid, 16);
	in[0x10] = save ? SET_FEATURE_SAVED : 0;
	in[0x16] = features[feature].version;
	in[0x20] = (uint8_t)low;
	in[0x21] = (uint8_t)high;
	CHECK(rig_run(t, 0x0502, in, sizeof(in)) == SWCXL_SUCCESS);
}

static void patrol(struct test_device *t, unsigned hours, bool enabled)
{
	set(t, FEATURE_PATROL_SCRUB, hours, enabled, false);
}

/* ---- histories ---- */

struct action {
	uint64_t at;
	unsigned kind;
	uint64_t line, lines;
	unsigned value;
	bool yes;
};

struct history {
	struct swcxl_config config;
	struct action action[ACTIONS];
	uint64_t begin, end;
};

static struct history make_history(void)
{
	static const uint64_t rates[] = {1000, 150000, 429153, 430000, 900000};
	struct history h = {.config = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT)};
	uint64_t at = h.begin = after(PLAY_START - 5, 1);

	h.config.poison_list_max = 1 + (uint32_t)below(below(2) ? 4 : 60);
	h.config.scan_results_max = below(2) ? 0 : 1 + (uint32_t)below(30);
	h.config.scan_ns_per_line = rates[below(ARRAY_SIZE(rates))];
	h.config.maintenance_ns = below(3) * 3000000;
	h.config.event_log_max = 40;
	for (unsigned i = 0; i < ACTIONS; i++) {
		struct action *a = &h.action[i];

		at += i < ACTIONS / 2 ? 0 : below(PLAY * 429153 / 10);
		a->at = at;
		a->kind = i < ACTIONS / 2 ? 0 : (unsigned)below(9);
		a->line = PLAY_START + below(PLAY - 40);
		a->lines = 1 + below(below(2) ? 3 : 40);
		a->value = (unsigned)below(4);
		a->yes = below(3) == 0;
	}
	h.end = at + 3 * HOUR;
	return h;
}

static void repair(struct test_device *t, const struct action *a)
{
	uint8_t in[14] = {1, (uint8_t)(a->value & 1)};

	wr((le64 *)(void *)(in + 3), a->line * 64);
	rig_run(t, 0x0600, in, sizeof(in));
}

static void act(struct test_device *t, const struct action *a)
{
	static const struct swcxl_fault fault = {.kind = SWCXL_FAULT_MEDIA_NOT_READY};
	uint8_t data[40 * 64];

	switch (a->kind) {
	case 0:
		swcxl_plant(t->dev, a->line * 64, a->lines * 64, (enum swcxl_source)a->value,
			    a->yes && a->lines < 20, a->lines % 3 == 2);
		break;
	case 1:
		rig_scan(t, a->yes ? a->line : PLAY_START, PLAY / 2, a->value == 0);
		break;
	case 2:
		rig_clear(t, a->line, (uint8_t)a->lines);
		break;
	case 3:
		rig_inject(t, a->line);
		break;
	case 4:
		swcxl_media_read(t->dev, a->line * 64, data, a->lines * 64);
		break;
	case 5:
		patrol(t, 1 + a->value, !a->yes);
		break;
	case 6:
		repair(t, a);
		break;
	case 7:
		set(t, FEATURE_CACHELINE_SPARING + a->value, a->yes, 0, false);
		break;
	default:
		if (a->yes)
			CHECK(!swcxl_fault_add(t->dev, &fault));
		else
			swcxl_faults_clear(t->dev);
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
			next = now + 1 + below(below(8) ? 900000 : 10000000);
		CHECK(stride == LEAP || next > now);
		now = MIN(next, to);
		deadline = swcxl_advance(t->dev, now);
		CHECK(swcxl_now(t->dev) == now);
	}
}

/* All go the same way to the lines in play, and from these to the end. */
static void live(struct test_device *t, const struct history *h, enum stride stride)
{
	static const uint8_t clock[8] = {0, 0, 1};

	test_device_open(t, &h->config);
	rig_run(t, 0x0301, clock, 8);
	patrol(t, 1, true);
	go(t, h->begin, stride == SMALL ? DEADLINES : stride);
	CHECK(rig_status(t).scrub.position == (PLAY_START - 5) * 64);
	for (unsigned i = 0; i < ACTIONS; i++) {
		go(t, h->action[i].at, stride);
		act(t, &h->action[i]);
	}
	go(t, h->end - 3 * HOUR + PLAY * 429153, stride);
	swcxl_faults_clear(t->dev);
	go(t, h->end, stride == SMALL ? DEADLINES : stride);
}

static void check_same(struct test_device *a, struct test_device *b)
{
	struct swcxl_status x = rig_status(a), y = rig_status(b);

	CHECK(test_same_state(a->dev, b->dev));
	CHECK(!memcmp(a->notices, b->notices, sizeof(a->notices)));
	CHECK(a->last.opcode == b->last.opcode && a->last.rc == b->last.rc);
	CHECK(x.now_ns == y.now_ns && x.ranges == y.ranges && x.timestamp == y.timestamp);
	CHECK(x.scrub.position == y.scrub.position && x.scrub.enabled == y.scrub.enabled);
	CHECK(x.scan.running == y.scan.running && x.scan.position == y.scan.position);
	CHECK(x.scan.results == y.scan.results && x.background.percent == y.background.percent);
	CHECK(!memcmp(&x.repair, &y.repair, sizeof(x.repair)));
}

static void the_width_of_the_steps_does_not_matter(void)
{
	unsigned found = 0;

	for (unsigned round = 0; round < 120; round++) {
		struct test_device a, b, c;
		struct history h = make_history();

		live(&a, &h, LEAP);
		live(&b, &h, DEADLINES);
		live(&c, &h, SMALL);
		check_same(&a, &b);
		check_same(&a, &c);
		for (unsigned log = 0; log < 3; log++)
			for (unsigned i = 0; swcxl_log_record(a.dev, log, i); i++)
				found += swcxl_log_record(a.dev, log, i)[0x3a] == 5;
		test_device_close(&a);
		test_device_close(&b);
		test_device_close(&c);
	}
	CHECK(found > 200);
}

/* ---- its way ---- */

static bool is_known(const struct test_device *t, uint64_t line)
{
	return swcxl_known_poison(t->dev, line * 64, 64);
}

static unsigned events(const struct test_device *t, enum swcxl_log log)
{
	struct swcxl_log_status status;

	swcxl_query_log(t->dev, log, &status);
	return status.count;
}

static void begin(struct test_device *t, struct swcxl_config c)
{
	test_device_open(t, &c);
}

static struct swcxl_config small(void)
{
	return rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);
}

/* Off, nothing is found, however long; the first and the last line at their times. */
static void each_line_is_passed_at_its_time(void)
{
	static const uint64_t lines[] = {0, 1, UNIT_LINES - 1, UNIT_LINES, TOP - 2, TOP - 1};
	uint64_t start = 100 * HOUR + 12345;
	struct test_device t;

	begin(&t, small());
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++)
		CHECK(!rig_plant(&t, lines[i], 1, false));
	CHECK(swcxl_advance(t.dev, start) == SWCXL_NO_DEADLINE);
	patrol(&t, 12, false);
	CHECK(swcxl_advance(t.dev, start + 1) == SWCXL_NO_DEADLINE);
	patrol(&t, 12, true);
	start++;
	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		uint64_t at = start + after(lines[i] + 1, 12);

		swcxl_advance(t.dev, at - 1);
		CHECK(!is_known(&t, lines[i]));
		swcxl_advance(t.dev, at);
		CHECK(is_known(&t, lines[i]));
	}
	CHECK(swcxl_now(t.dev) == start + 12 * HOUR);
	CHECK(rig_status(&t).scrub.position == 0 && rig_status(&t).scrub.hours == 12);
	/* four runs: the border of the partitions divides one */
	CHECK(events(&t, SWCXL_LOG_FAILURE) == 4);
	test_device_close(&t);
}

static void known_errors_are_no_news(void)
{
	struct test_device t;

	begin(&t, small());
	CHECK(!rig_plant(&t, 100, 10, true) && !rig_plant(&t, 110, 5, false));
	CHECK(events(&t, SWCXL_LOG_FAILURE) == 1);
	patrol(&t, 1, true);
	swcxl_advance(t.dev, 10 * HOUR);
	CHECK(events(&t, SWCXL_LOG_FAILURE) == 2 && is_known(&t, 114));
	/* behind it a latent error appears: the next lap finds it, alone or beside known ones */
	CHECK(!rig_plant(&t, 115, 1, false));
	CHECK(swcxl_advance(t.dev, 10 * HOUR + 1) > 10 * HOUR + 1);
	swcxl_advance(t.dev, 11 * HOUR);
	CHECK(events(&t, SWCXL_LOG_FAILURE) == 3 && is_known(&t, 115));
	test_device_close(&t);
}

/* Its place is where it was, to the line, with every rate, and while it is off. */
static void another_rate_goes_on_where_it_is(void)
{
	struct test_device t;

	begin(&t, small());
	patrol(&t, 4, true);
	swcxl_advance(t.dev, HOUR);
	CHECK(rig_status(&t).scrub.position == TOP / 4 * 64);
	patrol(&t, 1, true);
	CHECK(rig_status(&t).scrub.position == TOP / 4 * 64);
	swcxl_advance(t.dev, HOUR + HOUR / 4);
	CHECK(rig_status(&t).scrub.position == TOP / 2 * 64);
	patrol(&t, 1, false);
	swcxl_advance(t.dev, 7 * HOUR);
	CHECK(rig_status(&t).scrub.position == TOP / 2 * 64);
	patrol(&t, 2, true);
	swcxl_advance(t.dev, 8 * HOUR);
	CHECK(rig_status(&t).scrub.position == 0);
	/* setting what is so already moves nothing, not even within a line */
	for (unsigned i = 0; i < 1000; i++) {
		swcxl_advance(t.dev, 8 * HOUR + 1000 * i);
		patrol(&t, 2, true);
	}
	swcxl_advance(t.dev, 8 * HOUR + 1000 * 1000);
	CHECK(rig_status(&t).scrub.position == 64);
	test_device_close(&t);
}

/* It waits while the media are not ready, to the ns, whoever ends that. */
static void it_waits_for_the_media(void)
{
	struct swcxl_config c = small();
	struct test_device t;

	c.sanitize_ns = HOUR / 8;
	begin(&t, c);
	patrol(&t, 1, true);
	swcxl_advance(t.dev, HOUR / 4);
	CHECK(rig_run(&t, 0x4400, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, HOUR / 4 + HOUR / 16);
	CHECK(rig_status(&t).scrub.position == TOP / 4 * 64);
	CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
	swcxl_advance(t.dev, HOUR / 2);
	CHECK(rig_status(&t).scrub.position == TOP / 4 * 64);
	CHECK(rig_run(&t, 0x4400, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, HOUR / 2 + HOUR / 8 + HOUR / 4); /* over the end of it */
	CHECK(rig_status(&t).scrub.position == TOP / 2 * 64);
	test_device_close(&t);
}

static void every_reset_ends_it(void)
{
	static const enum swcxl_reset types[] = {SWCXL_RESET_CONVENTIONAL, SWCXL_RESET_CXL,
						 SWCXL_RESET_ATTACH, SWCXL_RESET_COLD};
	struct test_device t;

	begin(&t, small());
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		patrol(&t, 1, true);
		swcxl_advance(t.dev, swcxl_now(t.dev) + HOUR / 2);
		CHECK(rig_status(&t).scrub.position == TOP / 2 * 64);
		swcxl_reset(t.dev, types[i]);
		CHECK(!rig_status(&t).scrub.enabled && rig_status(&t).scrub.hours == 12);
		CHECK(rig_status(&t).scrub.position == 0);
	}
	/* but a function level reset */
	patrol(&t, 1, true);
	swcxl_reset(t.dev, SWCXL_RESET_FUNCTION);
	CHECK(rig_status(&t).scrub.enabled);
	test_device_close(&t);
}

/* ---- what is long, and what is short ---- */

static void decades_and_tebibytes_take_no_time(void)
{
	const uint64_t lines = 16 * TiB / 64, decades = 30 * 365 * 24 * HOUR;
	struct timespec from, to;
	struct test_device t;

	begin(&t, rig_config(16 * TiB, 0));
	for (unsigned i = 0; i < 1000; i++)
		CHECK(!rig_plant(&t, (uint64_t)i * 0x0ffffff1 % lines, 1, i % 2));
	CHECK(!rig_plant(&t, lines - (1 << 20), 1 << 20, false));
	clock_gettime(CLOCK_MONOTONIC, &from);
	patrol(&t, 1, true);
	CHECK(swcxl_advance(t.dev, decades) == SWCXL_NO_DEADLINE);
	CHECK(rig_status(&t).poisoned_lines == 1000 + (1 << 20) && is_known(&t, lines - 1));
	CHECK(rig_status(&t).scrub.position == 0);
	patrol(&t, 255, true);
	CHECK(swcxl_advance(t.dev, UINT64_MAX) == SWCXL_NO_DEADLINE);
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 < 500);
	test_device_close(&t);
}

/* As much at a time as a record has (D-11), whatever the step. */
static void the_width_does_not_matter_for_long_records(void)
{
	const uint64_t m = (1ull << 26) - 1;
	struct swcxl_config c = rig_config(20 * GiB, 0);
	uint64_t line_ns = HOUR / (20 * GiB / 64);
	struct test_device t[2];

	c.poison_list_max = 1;
	for (unsigned i = 0; i < 2; i++) {
		begin(&t[i], c);
		CHECK(!rig_plant(&t[i], 0, m - 10, true) && !rig_plant(&t[i], m - 10, 20, false));
		patrol(&t[i], 1, true);
		swcxl_advance(t[i].dev, (m - 20) * line_ns);
	}
	for (uint64_t ns = swcxl_now(t[1].dev); ns < HOUR / 4; ns += line_ns * (1 + below(5)))
		if (swcxl_advance(t[1].dev, ns) == SWCXL_NO_DEADLINE)
			break;
	swcxl_advance(t[0].dev, HOUR / 2);
	swcxl_advance(t[1].dev, HOUR / 2);
	CHECK(rig_status(&t[0]).list.overflow);
	check_same(&t[0], &t[1]);
	test_device_close(&t[0]);
	test_device_close(&t[1]);
}

static unsigned unknown(const struct test_device *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2000; i++)
		n += !is_known(t, 10 * i);
	return n;
}

/* What there is no memory for is found an hour later. */
static void without_memory_it_goes_on(void)
{
	struct swcxl_config c = small();
	unsigned failed = 0;
	struct test_device t;

	c.poison_list_max = 10000;
	begin(&t, c);
	for (unsigned i = 0; i < 2000; i++)
		CHECK(!rig_plant(&t, 10 * i, 5, false));
	patrol(&t, 1, true);
	for (unsigned i = 1; i <= 20000; i++) {
		t.fail_after = 0;
		swcxl_advance(t.dev, after(i, 1));
		failed += t.fail_after < 0;
	}
	t.fail_after = -1;
	CHECK(failed && rig_status(&t).scrub.position == 20000 * 64);
	swcxl_advance(t.dev, 2 * HOUR);
	CHECK(!unknown(&t));
	test_device_close(&t);
}

/* A scan that meets the patrol, at the same time and place: what one has found the other one takes
 * for known, and the list, which has room for one record, overflows when it has to. */
static void a_scan_and_the_patrol_meet(void)
{
	struct swcxl_config c = small();
	struct test_device t;

	c.scan_ns_per_line = 1000000;
	c.poison_list_max = 1;
	begin(&t, c);
	CHECK(!rig_plant(&t, 200, 100, false) && !rig_plant(&t, 1000, 1, false));
	patrol(&t, 1, true);
	CHECK(rig_scan(&t, 150, 200, false) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, HOUR);
	/* the scan finds the run first; the patrol, which is faster, overtakes it there, and says
	 * so where it becomes the first; it alone finds the other one */
	CHECK(events(&t, SWCXL_LOG_FAILURE) == 3);
	CHECK(le_load(swcxl_log_record(t.dev, 2, 0) + 0x30, 8) >> 6 == 200);
	CHECK(swcxl_log_record(t.dev, 2, 0)[0x3a] == 3);
	CHECK(swcxl_log_record(t.dev, 2, 1)[0x3a] == 5);
	CHECK(le_load(swcxl_log_record(t.dev, 2, 2) + 0x30, 8) >> 6 == 1000);
	CHECK(rig_status(&t).list.overflow);
	test_device_close(&t);
}

int main(void)
{
	RUN(the_width_of_the_steps_does_not_matter);
	RUN(each_line_is_passed_at_its_time);
	RUN(known_errors_are_no_news);
	RUN(another_rate_goes_on_where_it_is);
	RUN(it_waits_for_the_media);
	RUN(every_reset_ends_it);
	RUN(decades_and_tebibytes_take_no_time);
	RUN(the_width_does_not_matter_for_long_records);
	RUN(without_memory_it_goes_on);
	RUN(a_scan_and_the_patrol_meet);
	return test_done();
}
