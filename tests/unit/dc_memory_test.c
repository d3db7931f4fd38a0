/* SPDX-License-Identifier: MIT */
/*
 * Every operation of dynamic capacity with each of its allocations failing in turn: it is refused
 * and has changed nothing, or it has done all of it.
 */
#include "core/cci.h"
#include "dc_rig.h"

#define TOP (4 * UNIT_LINES)
#define IN(block) ((block)*BLOCK_LINES) /* its first line, from the bottom of region 0 */

static struct test_device t;

static void plant(uint64_t line, uint64_t lines, bool known)
{
	CHECK(!rig_plant(&t, BOTTOM + line, lines, known));
}

static bool overflowed(void)
{
	return rig_status(&t).list.overflow;
}

static void scan_all(void)
{
	CHECK(rig_scan(&t, 0, TOP, false) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, swcxl_now(t.dev) + TOP);
	CHECK(!rig_status(&t).background.running);
}

/* The list has nothing that is not so; and all that is, if it has not overflowed. */
static bool list_is_true(void)
{
	struct swcxl_poison_row row;

	for (uint64_t at = 0; swcxl_poison_next(t.dev, at, TOP * 64, &row);
	     at = row.start + row.length) {
		bool known = row.start < BOTTOM * 64;
		struct swcxl_dc_extent e;

		for (unsigned i = 0; !known && swcxl_dc_extent_get(t.dev, i, &e); i++)
			known = e.state != SWCXL_DC_HELD && e.start <= row.start &&
				row.start < e.start + e.length;
		if (row.listed ? !known || !row.known : known && row.known && !overflowed())
			return false;
	}
	return true;
}

/* What there is: a list of one record over three blocks, and some of others; capacity of each
 * state; a request; content. */
static void prepare(unsigned errors)
{
	const struct swcxl_event_header header = {.uuid = {1}};
	uint8_t data[64];
	struct swcxl_config c = dc_config(2);

	c.dc_flags[1] = SWCXL_DC_SHARABLE | SWCXL_DC_NON_VOLATILE | SWCXL_DC_SANITIZE;
	c.dc_host_timeout_ns = 1000000;
	c.poison_list_max = 4000;
	c.scan_ns_per_line = 1;
	dc_open(&t, &c);
	give(&t, 0, PARTS({0, 3}, {8, 1}));
	give(&t, 1, PARTS({REGION, 2}));
	give(&t, 2, PARTS({REGION + 8, 1}));
	memset(data, 0x5a, sizeof(data));
	CHECK(!swcxl_media_write(t.dev, (BOTTOM + IN(1)) * 64, data, sizeof(data)));
	for (unsigned i = 0; i < 12; i++)
		plant(IN(i) + 50, 1, i & 1);
	for (unsigned i = 0; i < 12; i++)
		plant(IN(REGION + i) + 50, 1, i & 1);
	plant(IN(0) + 100, 2 * BLOCK_LINES + 100, true);
	CHECK(!refer(&t, 1, true) && !refer(&t, 2, true));
	CHECK(update(&t, RELEASE, PARTS({REGION + 8, 1})) == SWCXL_SUCCESS);
	CHECK(!offer(&t, 0, PARTS({4, 2}, {10, 1})));
	CHECK(!take(&t, ASK | SANITIZE, PARTS({0, 2})));
	log_clear(&t);
	for (unsigned i = 0; i < 16; i++) /* a record more needs memory */
		CHECK(!swcxl_event_inject(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, &header, NULL, 0));
	for (unsigned i = 0; i < errors; i++)
		CHECK(!rig_plant(&t, 2 * i, 1, true));
	t.cci = swcxl_cci_new(t.dev); /* and so does an answer */
	heard[0] = 0;
}

static unsigned op_offer(void)
{
	return (unsigned)offer(&t, 0, PARTS({3, 1}, {9, 1}, {11, 1}));
}

static unsigned op_offer_shared(void)
{
	return (unsigned)choose(&t, 1, SWCXL_DC_SELECT_SHARED, 2, 0);
}

static unsigned op_choose(void)
{
	return (unsigned)choose(&t, 0, SWCXL_DC_SELECT_FREE, 0, 9);
}

static unsigned op_accept(void)
{
	return update(&t, RESPOND, PARTS({5, 1}, {10, 1}));
}

static unsigned op_refuse(void)
{
	return update(&t, RESPOND, NULL, 0);
}

static unsigned op_release(void)
{
	return update(&t, RELEASE, PARTS({1, 1}));
}

static unsigned op_release_shared(void)
{
	return update(&t, RELEASE, PARTS({REGION, 2}));
}

/* A code that a host may expect: the command's row has it. */
static bool is_expected(unsigned (*op)(void), unsigned rc)
{
	bool answers = op == op_accept || op == op_refuse;

	if (!answers && op != op_release && op != op_release_shared)
		return true;
	return command_codes(command_find(answers ? RESPOND : RELEASE)) >> rc & 1;
}

static unsigned op_ask(void)
{
	return (unsigned)take(&t, ASK, PARTS({2, 1}, {8, 1}));
}

static unsigned op_take(void)
{
	return (unsigned)take(&t, FORCED | SANITIZE, PARTS({0, 3}));
}

static unsigned op_take_pending(void)
{
	return (unsigned)take(&t, FORCED, PARTS({4, 5}));
}

static unsigned op_refer(void)
{
	return (unsigned)refer(&t, 2, false);
}

static unsigned op_time_out(void)
{
	swcxl_advance(t.dev, swcxl_now(t.dev) + 1000000);
	return 0;
}

static unsigned op_reset(void)
{
	swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
	return 0;
}

/* What an operation leaves, in words: extents, offers, records. */
static void describe(char text[static 4096])
{
	struct swcxl_dc_extent e;
	struct swcxl_status st = rig_status(&t);
	size_t len = 0;

	text[0] = 0;
	for (unsigned i = 0; swcxl_dc_extent_get(t.dev, i, &e); i++)
		len += (size_t)snprintf(text + len, 4096 - len, "%u %llx+%llx %u%u%u%u;", e.state,
					(unsigned long long)e.start, (unsigned long long)e.length,
					e.referenced, e.releasing, e.sanitize, e.offer);
	len += (size_t)snprintf(text + len, 4096 - len, "%u %u %u %u:", st.dc.offers,
				st.dc.dead_offers, st.dc.generation, st.dc.extents_available);
	for (uint32_t i = 0; i < log_count(&t); i++)
		len += (size_t)snprintf(text + len, 4096 - len, "%u %llx%s,",
					log_event(&t, i)->type,
					(unsigned long long)rd(log_event(&t, i)->extent.start),
					log_event(&t, i)->flags & DC_EVENT_MORE ? ">" : "");
	snprintf(text + len, 4096 - len, " %.1000s", heard);
}

/* One try of an operation, of which an allocation fails: it is refused and has changed nothing, or
 * it has done all of it; but that the list may have overflowed, and a forced removal may have lost
 * its records. A scan of everything then tells the truth. */
static bool try_without(unsigned (*op)(void), unsigned errors, long allocation, const char *before,
			const char *after)
{
	struct swcxl_log_status log;
	static char text[4096];
	const char *want;
	unsigned rc;
	bool hit;

	prepare(errors);
	t.fail_after = allocation;
	rc = op();
	hit = t.fail_after < 0;
	t.fail_after = -1;
	describe(text);
	want = rc ? before : after;
	swcxl_query_log(t.dev, SWCXL_LOG_DYNAMIC_CAPACITY, &log);
	if (!log.overflow && strcmp(text, want) != 0)
		fprintf(stderr, "allocation %ld, code %u:\n%s\nnot\n%s\n", allocation, rc, text,
			want);
	CHECK(log.overflow ? (op == op_take || op == op_take_pending) && !rc : !strcmp(text, want));
	CHECK((!rc && !log.overflow && !overflowed()) || hit);
	CHECK(list_is_true() && rig_saves_well(&t) && is_expected(op, rc));
	if (rc) { /* it can be tried again */
		CHECK(!overflowed() && op() == 0);
		describe(text);
		CHECK(!strcmp(text, after));
	}
	scan_all();
	CHECK(list_is_true() && !overflowed());
	test_device_close(&t);
	return hit;
}

/* With few errors beside it, and with as many as leave the maps' trees a node short (they split in
 * this range, and get it back with the next change). */
static void without_memory(unsigned (*op)(void))
{
	static char before[4096], after[4096];
	unsigned sites = 0;
	long few = 0;

	for (unsigned errors = 0; errors < 80; errors += errors ? 1 : 36) {
		long used;

		prepare(errors);
		describe(before);
		t.fail_after = 1000;
		CHECK(op() == 0);
		used = 1000 - t.fail_after;
		describe(after);
		CHECK(strcmp(before, after) != 0 && list_is_true() && !overflowed());
		test_device_close(&t);
		if (!errors)
			few = used;
		else if (used == few)
			continue;
		for (long n = 0; try_without(op, errors, n, before, after); n++)
			sites++;
	}
	CHECK(sites);
}

static void offers_without_memory(void)
{
	without_memory(op_offer);
	without_memory(op_offer_shared);
	without_memory(op_choose);
}

static void answers_without_memory(void)
{
	without_memory(op_accept);
	without_memory(op_refuse);
	without_memory(op_release);
	without_memory(op_release_shared);
}

static void taking_without_memory(void)
{
	without_memory(op_ask);
	without_memory(op_take);
	without_memory(op_take_pending);
	without_memory(op_refer);
}

static void time_without_memory(void)
{
	without_memory(op_time_out);
	without_memory(op_reset);
}

/* The device itself, and a channel's first answer. */
static void a_device_without_memory(void)
{
	struct swcxl_config c = dc_config(8);
	struct swcxl_dev *dev;
	long n = 0;

	prepare(0);
	for (;; n++) {
		t.fail_after = n;
		if (!swcxl_new(&c, &t.host, &dev))
			break;
		CHECK(t.fail_after < 0);
	}
	t.fail_after = -1;
	CHECK(n > 2);
	swcxl_free(dev);
	test_device_close(&t);
}

int main(void)
{
	RUN(offers_without_memory);
	RUN(answers_without_memory);
	RUN(taking_without_memory);
	RUN(time_without_memory);
	RUN(a_device_without_memory);
	return test_done();
}
