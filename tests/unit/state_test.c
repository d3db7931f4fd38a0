/* SPDX-License-Identifier: MIT */
/* Durable state: what is saved makes the same device again, what cannot be is refused. */
#include <errno.h>

#include "rig.h"
#include "steps.h"
#include "swcxl/state.h"

static struct test_device t, shadow;

static void begin(struct swcxl_config c)
{
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
}

static void end(void)
{
	CHECK(t.shadow_error == 0 && test_same_state(t.dev, shadow.dev));
	CHECK(rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

static void saved_state_makes_the_same_device(void)
{
	for (unsigned round = 0; round < 60; round++) {
		struct swcxl_config c = steps_config();

		c.poison_list_max = 1 + (uint32_t)below(12);
		c.injected_persists = below(2);
		begin(c);
		for (unsigned step = 0; step < 120; step++) {
			random_step(&t);
			if (step % 16 == 0)
				CHECK(rig_saves_well(&t));
		}
		end();
	}
}

static void apply_to(void *ctx, const struct swcxl_change *change)
{
	CHECK(swcxl_apply(ctx, change) == 0);
}

/* A device in the memory of t, with the state of another. */
static struct swcxl_dev *copy_of(const struct swcxl_dev *dev)
{
	struct swcxl_dev *copy;

	CHECK(swcxl_twin(t.dev, &copy) == 0);
	swcxl_save(dev, apply_to, copy);
	return copy;
}

/* Another's state, whatever went on before, and a device that goes on from there. */
static void an_adopted_state_is_the_same(void)
{
	for (unsigned round = 0; round < 40; round++) {
		struct swcxl_config c = steps_config();
		struct test_device other;
		struct swcxl_dev *copy;

		c.partitionable_size = round % 2 * SWCXL_CAPACITY_UNIT;
		c.injected_persists = below(2);
		test_device_open(&t, &c);
		test_device_open(&other, &c);
		for (unsigned step = 0; step < 60; step++) {
			random_step(&t);
			random_step(&other);
		}
		copy = copy_of(other.dev);
		t.shadow = NULL;
		swcxl_adopt(t.dev, copy);
		swcxl_free(copy);
		CHECK(test_same_state(t.dev, other.dev));
		for (unsigned step = 0; step < 30; step++) {
			swcxl_reset(t.dev, SWCXL_RESET_CXL);
			random_step(&t);
		}
		CHECK(rig_saves_well(&t));
		test_device_close(&t);
		test_device_close(&other);
	}
}

/* Discoveries may take the map beyond ranges_max; such a device must come up again. */
static void a_device_at_its_range_limit_comes_up_again(void)
{
	struct swcxl_config c = steps_config();
	uint8_t data[64];

	c.ranges_max = 1;
	begin(c);
	CHECK(!rig_plant(&t, 10, 5, false));
	CHECK(!swcxl_media_read(t.dev, 12 * 64, data, 64));
	CHECK(rig_status(&t).ranges == 3);
	end();
}

/* Records that D-11 cuts keep their shape. */
static void long_records_come_up_again(void)
{
	uint64_t m = (1ull << 26) - 1;

	begin(rig_config(20 * GiB, 0));
	CHECK(!rig_plant(&t, m + 5, m + 10, true)); /* two records */
	CHECK(!rig_plant(&t, 0, m, true));
	CHECK(rig_saves_well(&t));
	CHECK(!rig_plant(&t, m, 5, true)); /* and all of it one run */
	CHECK(rig_saves_well(&t));
	rig_clear(&t, 0, 0); /* from its front */
	end();
}

/* ---- what no device saves ---- */

static uint8_t bytes[SWCXL_EVENT_RECORD_SIZE];

#define POISON SWCXL_CHANGE_POISON
#define LIST SWCXL_CHANGE_LIST
#define CONTENT SWCXL_CHANGE_CONTENT
#define EVENT SWCXL_CHANGE_EVENT

static void refused(const struct swcxl_change *changes, unsigned n)
{
	struct test_device fresh;
	struct swcxl_config c = steps_config();

	test_device_open(&t, &c);
	test_device_open(&fresh, &c);
	for (unsigned i = 0; i < n; i++) {
		int err = swcxl_apply(t.dev, &changes[i]);

		if (err != -EINVAL)
			fprintf(stderr, "change %u: %d\n", i, err);
		CHECK(err == -EINVAL);
		CHECK(test_same_state(t.dev, fresh.dev));
	}
	test_device_close(&t);
	test_device_close(&fresh);
}

static void malformed_changes_are_refused(void)
{
	const uint64_t top = 4 * SWCXL_CAPACITY_UNIT;
	const struct swcxl_change changes[] = {
		{.kind = POISON, .start = 0, .length = 0, .attr = 0x88},
		{.kind = POISON, .start = 32, .length = 64, .attr = 0x88},
		{.kind = POISON, .start = 0, .length = 65, .attr = 0x88},
		{.kind = POISON, .start = top, .length = 64, .attr = 0x88},
		{.kind = POISON, .start = 64, .length = top, .attr = 0x88},
		{.kind = POISON, .start = 64, .length = -(uint64_t)64, .attr = 0x88},
		{.kind = POISON, .start = -(uint64_t)64, .length = 128, .attr = 0x88},
		{.kind = POISON, .start = 0, .length = 64, .attr = 0x08},
		{.kind = LIST, .start = top, .length = 64, .attr = 0x82},
		{.kind = LIST, .start = 0, .length = 64, .attr = 0x02},
		{.kind = CONTENT, .start = top, .length = 64, .data = bytes},
		{.kind = CONTENT, .start = 8, .length = 64, .data = bytes},
		{.kind = SWCXL_CHANGE_LSA, .start = 1280, .length = 1, .data = bytes},
		{.kind = SWCXL_CHANGE_LSA, .start = UINT64_MAX, .length = 2, .data = bytes},
		{.kind = SWCXL_CHANGE_LSA, .start = 0, .length = 1},
		{.kind = EVENT, .log = SWCXL_LOGS, .length = 128, .data = bytes},
		{.kind = EVENT, .log = 0, .length = 127, .data = bytes},
		{.kind = EVENT, .log = 0, .length = 128},
		{.kind = SWCXL_CHANGE_EVENT_CLEAR, .log = 0, .value = 1},
		{.kind = SWCXL_CHANGE_EVENT_CLEAR, .log = 0, .value = 1ull << 32},
		{.kind = SWCXL_CHANGE_EVENT_CLEAR, .log = 200, .value = 0},
		{.kind = SWCXL_CHANGE_EVENT_LOST, .log = 0, .length = 17, .data = bytes},
		{.kind = SWCXL_CHANGE_EVENT_LOST, .log = 0, .length = 18},
		{.kind = (enum swcxl_change_kind)99},
	};

	refused(changes, ARRAY_SIZE(changes));
}

static void values_that_no_device_has_are_refused(void)
{
	const struct swcxl_change changes[] = {
		{.kind = POISON, .start = 0, .length = 64, .attr = 0xe8},
		{.kind = LIST, .start = 0, .length = 64, .attr = 0x8a},
		{.kind = SWCXL_CHANGE_OVERFLOW, .attr = 0, .value = 5},
		/* a share of capacity that is not there; a shutdown state; a length; a number */
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 1,
		 .length = 16,
		 .data = "\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0"},
		{.kind = SWCXL_CHANGE_SETTING, .start = 2, .length = 5, .data = "\2\0\0\0"},
		{.kind = SWCXL_CHANGE_SETTING, .start = 2, .length = 4, .data = "\0\0\0\0"},
		{.kind = SWCXL_CHANGE_SETTING, .start = 2, .length = 5},
		/* life used; health status; media status; conditions; media status told */
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 8,
		 .length = 16,
		 .data = "\145\0\0\0\0\0\0\0\0\0\0\0\0\0\0"},
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 8,
		 .length = 16,
		 .data = "\0\0\0\0\0\0\0\0\0\0\0\20\0\0\0"},
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 8,
		 .length = 16,
		 .data = "\0\0\0\0\0\0\0\0\0\0\0\0\12\0\0"},
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 8,
		 .length = 16,
		 .data = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\20"},
		{.kind = SWCXL_CHANGE_SETTING,
		 .start = 8,
		 .length = 16,
		 .data = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\12"},
		{.kind = SWCXL_CHANGE_SETTING, .start = 99, .length = 5, .data = "\0\0\0\0"},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++)
		refused(&changes[i], 1);
}

static void an_event_too_many_is_refused(void)
{
	const uint8_t record[SWCXL_EVENT_RECORD_SIZE] = {[0x10] = sizeof(record), [0x14] = 1};
	const struct swcxl_change change = {
		.kind = EVENT, .log = 1, .length = sizeof(record), .data = record};
	struct swcxl_config c = steps_config();

	test_device_open(&t, &c);
	for (unsigned i = 0; i < c.event_log_max; i++)
		CHECK(swcxl_apply(t.dev, &change) == 0);
	CHECK(swcxl_apply(t.dev, &change) == -EINVAL);
	test_device_close(&t);
}

static void a_record_too_many_is_refused(void)
{
	struct swcxl_config c = steps_config();

	test_device_open(&t, &c);
	for (unsigned i = 0; i <= c.poison_list_max; i++) {
		struct swcxl_change change = {
			.kind = LIST, .start = i * 128, .length = 64, .attr = 0x82};

		CHECK(swcxl_apply(t.dev, &change) == (i < c.poison_list_max ? 0 : -EINVAL));
	}
	CHECK(rig_status(&t).list.count == c.poison_list_max);
	test_device_close(&t);
}

/* ---- extents ---- */

#define EXTENT SWCXL_CHANGE_EXTENT
#define BOTTOM (2 * SWCXL_CAPACITY_UNIT)
#define ADDED SWCXL_EXTENT_ADDED
#define REFERENCED SWCXL_EXTENT_REFERENCED

/* One of so many blocks. */
static struct swcxl_change extent(uint64_t block, uint64_t blocks, uint8_t attr)
{
	return (struct swcxl_change){.kind = EXTENT,
				     .start = BOTTOM + block * STEP_BLOCK,
				     .value = blocks * STEP_BLOCK,
				     .attr = attr,
				     .length = 18,
				     .data = bytes};
}

/* DC-3: of whole blocks, in one region, over nothing else; by itself in a device, or in one that
 * has extents already. */
static void malformed_extents_are_refused(void)
{
	const uint64_t region = SWCXL_CAPACITY_UNIT / STEP_BLOCK;
	const struct swcxl_change good[] = {extent(4, 4, ADDED), extent(12, 1, REFERENCED),
					    extent(region, region, ADDED | REFERENCED)};
	struct swcxl_change bad[] = {
		extent(0, 0, ADDED),
		extent((uint64_t)-1, 1, ADDED), /* static capacity, by all of it or its end */
		extent((uint64_t)-1, 2, ADDED),
		extent(2 * region, 1, ADDED), /* above the top */
		extent(2 * region - 1, 2, ADDED),
		extent(region - 1, 2, ADDED), /* two regions */
		extent(0, 2 * region, ADDED),
		extent(0, 0 - 1ull, ADDED),	     /* wraps */
		extent(0, 1, SWCXL_EXTENT_SANITIZE), /* nobody's */
		extent(0, 1, 8 | ADDED),
		extent(0, 1, 0x80),
		extent(0, 1, 0), /* "none begins there" has no data */
		extent(0, 1, ADDED),
		extent(0, 1, ADDED),
		extent(0, 1, ADDED),
		extent(0, 1, ADDED),
		extent(0, 1, ADDED),
		extent(0, 1, ADDED),
		/* over others, from here on */
		extent(4, 4, ADDED),
		extent(3, 2, ADDED),
		extent(7, 1, REFERENCED),
		extent(3, 9, ADDED),
		extent(3, 10, ADDED),
		extent(12, 1, ADDED),
		extent(region + 5, 1, ADDED),
	};
	const unsigned alone = ARRAY_SIZE(bad) - 7;
	struct swcxl_config c = steps_config();

	bad[12].start += 64;
	bad[13].value += 64;
	bad[14].start += 1;
	bad[15].length = 17;
	bad[16].length = 19;
	bad[17].data = NULL;
	refused(bad, alone);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		test_device_open(&t, &c);
		test_device_open(&shadow, &c);
		for (unsigned n = 0; n < ARRAY_SIZE(good); n++)
			CHECK(!swcxl_apply(t.dev, &good[n]) && !swcxl_apply(shadow.dev, &good[n]));
		CHECK(swcxl_apply(t.dev, &bad[i]) == -EINVAL);
		CHECK(test_same_state(t.dev, shadow.dev));
		test_device_close(&t);
		test_device_close(&shadow);
	}
	c.dc_regions = 0, c.dc_region_size = 0, c.dc_flags[1] = 0;
	test_device_open(&t, &c);
	CHECK(swcxl_apply(t.dev, &good[0]) == -EINVAL);
	test_device_close(&t);
}

/* As they come from a device: all that begin in a range are gone, and what follows is there. */
static void extents_come_and_go(void)
{
	struct swcxl_config c = steps_config();
	struct swcxl_change change = extent(0, 12, 0);
	struct swcxl_dc_extent e;

	test_device_open(&t, &c);
	for (unsigned i = 0; i < 8; i++) {
		const struct swcxl_change one = extent(2 * i, 1 + i % 2, i == 3 ? 6 : 1);

		CHECK(!swcxl_apply(t.dev, &one));
	}
	CHECK(rig_status(&t).dc.extents_available == 1016 && rig_saves_well(&t));
	CHECK(swcxl_dc_extent_get(t.dev, 3, &e) && e.state == SWCXL_DC_HELD && e.referenced);
	CHECK(swcxl_dc_extent_get(t.dev, 4, &e) && e.state == SWCXL_DC_ADDED && !e.referenced);
	change.length = 0, change.data = NULL;
	CHECK(!swcxl_apply(t.dev, &change));
	CHECK(swcxl_dc_extent_get(t.dev, 0, &e) && e.start == BOTTOM + 12 * STEP_BLOCK);
	CHECK(swcxl_dc_extent_get(t.dev, 1, &e) && !swcxl_dc_extent_get(t.dev, 2, &e));
	test_device_close(&t);
}

/* A device has 1024 extents and 256 tags at most (DC-8): what would be more is not believed. */
static void extents_and_tags_too_many_are_refused(void)
{
	struct swcxl_config c = steps_config();

	for (unsigned tags = 0; tags < 2; tags++) {
		test_device_open(&t, &c);
		for (unsigned i = 0; i < 1100; i++) {
			struct swcxl_change change = extent(2 * i, 1, ADDED);
			uint8_t data[18] = {0};

			le_store(data, 2, tags ? i + 1 : 0);
			change.data = data;
			CHECK(!swcxl_apply(t.dev, &change) == (i < (tags ? 256 : 1024)));
		}
		CHECK(rig_status(&t).dc.extents_available == (tags ? 768 : 0));
		CHECK(rig_status(&t).dc.tags_available == (tags ? 0 : 256));
		CHECK(rig_saves_well(&t));
		test_device_close(&t);
	}
}

/* Changes of any kind and value: the device takes them or not, and works on. */
static void random_changes_do_no_harm(void)
{
	static uint8_t data[4096];

	for (unsigned round = 0; round < 40; round++) {
		struct swcxl_config c = steps_config();

		test_device_open(&t, &c);
		for (unsigned i = 0; i < 400; i++) {
			uint64_t length = below(8) ? 64 * (1 + below(16)) : below(sizeof(data));
			struct swcxl_change change = {
				.kind = (enum swcxl_change_kind)below(10),
				.start = below(8) ? 64 * below(64) : next_random(),
				.length = length,
				.attr = (uint8_t)next_random(),
				.log = (uint8_t)below(5),
				.value = below(4),
				.data = below(2) ? data : NULL,
			};

			data[below(64)] = (uint8_t)next_random();
			if (change.kind == EVENT)
				change.length = SWCXL_EVENT_RECORD_SIZE;
			if (change.kind == EXTENT && below(8)) {
				change = extent(below(64), below(8), (uint8_t)below(8));
				change.data = data;
			}
			swcxl_apply(t.dev, &change);
		}
		rig_list(&t, 0, 64, true);
		rig_inject(&t, below(64));
		rig_clear(&t, below(64), 1);
		swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
		CHECK(rig_status(&t).list.count <= c.poison_list_max);
		CHECK(rig_saves_well(&t));
		test_device_close(&t);
	}
}

int main(void)
{
	RUN(saved_state_makes_the_same_device);
	RUN(an_adopted_state_is_the_same);
	RUN(a_device_at_its_range_limit_comes_up_again);
	RUN(long_records_come_up_again);
	RUN(malformed_changes_are_refused);
	RUN(values_that_no_device_has_are_refused);
	RUN(an_event_too_many_is_refused);
	RUN(a_record_too_many_is_refused);
	RUN(malformed_extents_are_refused);
	RUN(extents_come_and_go);
	RUN(extents_and_tags_too_many_are_refused);
	RUN(random_changes_do_no_harm);
	return test_done();
}
