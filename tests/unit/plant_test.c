/* SPDX-License-Identifier: MIT */
/* Many ranges planted at once are what one after another, by address, make: state and news. */
#include <errno.h>

#include "rig.h"

#define MANY 40u
#define CAPACITY (2 * SWCXL_CAPACITY_UNIT)

/* What one device says on its way: what is planted at once and singly must say the same. */
static struct test_device t, u;

struct plant {
	struct swcxl_range range[MANY];
	size_t n;
	enum swcxl_source source;
	bool known, permanent;
};

static struct swcxl_config config(uint64_t ranges_max)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	c.ranges_max = ranges_max;
	c.poison_list_max = 1 + (uint32_t)below(40);
	c.event_log_max = (uint16_t)(1 + below(30));
	c.volatile_list = below(4);
	return c;
}

/* Close together, on both sides of where the partitions meet, so that they overlap and join. */
static struct plant some_plant(void)
{
	static const enum swcxl_source sources[] = {SWCXL_SOURCE_EXTERNAL, SWCXL_SOURCE_INTERNAL,
						    SWCXL_SOURCE_INJECTED};
	struct plant p = {.n = 1 + below(MANY),
			  .source = sources[below(3)],
			  .known = below(2),
			  .permanent = !below(4)};

	for (size_t i = 0; i < p.n; i++)
		p.range[i] = (struct swcxl_range){SWCXL_CAPACITY_UNIT + below(100) * 64 - 50 * 64,
						  64 * (1 + (below(3) ? 0 : below(9)))};
	return p;
}

static int at_once(struct test_device *to, const struct plant *p)
{
	return swcxl_plant_many(to->dev, p->range, p->n, p->source, p->known, p->permanent);
}

/* An insertion sort: nothing that is tested takes part. */
static void one_by_one(struct test_device *to, struct plant p)
{
	for (size_t i = 1; i < p.n; i++)
		for (size_t j = i; j && p.range[j].start < p.range[j - 1].start; j--) {
			struct swcxl_range swap = p.range[j];

			p.range[j] = p.range[j - 1];
			p.range[j - 1] = swap;
		}
	for (size_t i = 0; i < p.n; i++)
		CHECK(!swcxl_plant(to->dev, p.range[i].start, p.range[i].length, p.source, p.known,
				   p.permanent));
}

static bool same_news(void)
{
	return !memcmp(t.notices, u.notices, sizeof(t.notices)) &&
	       !memcmp(t.irqs, u.irqs, sizeof(t.irqs));
}

static void same_as_one_by_one(void)
{
	for (unsigned round = 0; round < 600; round++) {
		struct swcxl_config c = config(1000);

		test_device_open(&t, &c);
		test_device_open(&u, &c);
		for (unsigned i = 0; i < 6; i++) {
			struct plant p = some_plant();

			CHECK(!at_once(&t, &p));
			one_by_one(&u, p);
			CHECK(test_same_state(t.dev, u.dev) && same_news());
			CHECK(rig_status(&t).ranges == rig_status(&u).ranges);
			if (!below(3)) {
				uint64_t line = SWCXL_CAPACITY_UNIT / 64 - 50 + below(100);

				CHECK(rig_clear(&t, line, 0) == rig_clear(&u, line, 0));
			}
		}
		test_device_close(&t);
		test_device_close(&u);
	}
}

/* Every change came out: a device that hears of them alone is the same. */
static void changes_tell_all(void)
{
	for (unsigned round = 0; round < 100; round++) {
		struct swcxl_config c = config(1000);
		struct plant p = some_plant();

		test_device_open(&t, &c);
		test_device_open(&u, &c);
		t.shadow = u.dev;
		CHECK(!at_once(&t, &p) && !t.shadow_error && test_same_state(t.dev, u.dev));
		test_device_close(&t);
		test_device_close(&u);
	}
}

/* u has room for anything, and says how many there would be. */
static void limit_is_judged_in_the_end(void)
{
	unsigned refused = 0, filled = 0;

	for (unsigned round = 0; round < 600; round++) {
		struct swcxl_config c = config(10 + below(15));
		uint64_t max = c.ranges_max;

		test_device_open(&t, &c);
		c.ranges_max = 1000;
		test_device_open(&u, &c);
		for (unsigned i = 0; i < 6; i++) {
			struct plant p = some_plant();
			uint64_t before = rig_status(&u).ranges, after;
			int err = at_once(&t, &p);

			CHECK(!at_once(&u, &p));
			after = rig_status(&u).ranges;
			CHECK(err == (after > before && after > max ? -ENOSPC : 0));
			if (err) {
				refused++;
				CHECK(rig_status(&t).ranges == before);
				break;
			}
			filled += after == max;
			CHECK(test_same_state(t.dev, u.dev));
		}
		test_device_close(&t);
		test_device_close(&u);
	}
	CHECK(refused > 20 && filled > 20);
}

static void one_that_is_wrong_spoils_all(void)
{
	static const struct swcxl_range wrong[] = {
		{32, 64}, {64, 32}, {64, 0}, {CAPACITY, 64}, {CAPACITY - 64, 128}, {64, -64ull}};
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	test_device_open(&t, &c);
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct swcxl_range r[] = {{0, 64}, {CAPACITY - 64, 64}, wrong[i]};

		CHECK(swcxl_plant_many(t.dev, r, 3, 0, true, false) == -EINVAL);
		CHECK(!rig_status(&t).ranges && !t.notices[SWCXL_NOTICE_EVENT_RECORD]);
	}
	CHECK(!swcxl_plant_many(t.dev, NULL, 0, 0, true, false));
	test_device_close(&t);
}

#define BULK 3000u

/* Without memory there is nothing, or all below some address; and no more of it is kept than for
 * what was planted one by one. */
static void without_memory(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);
	static struct swcxl_range r[BULK];
	unsigned none = 0;
	int err = 1;

	c.ranges_max = 1u << 20;
	for (long n = 0; err; n++) {
		struct swcxl_poison_row row;
		uint64_t line = 0, at = 0;

		test_device_open(&t, &c);
		for (unsigned i = 0; i < BULK; i++)
			r[i] = (struct swcxl_range){(i * 1237ull % BULK) * 128, 64};
		t.fail_after = n;
		err = swcxl_plant_many(t.dev, r, BULK, SWCXL_SOURCE_INTERNAL, false, false);
		t.fail_after = -1;
		CHECK(err == 0 || err == -ENOMEM);
		while (swcxl_poison_next(t.dev, at, CAPACITY, &row)) {
			CHECK(row.start == line * 128 && row.length == 64);
			at = row.start + 64;
			line++;
		}
		none += !line;
		CHECK(err || line == BULK);
		CHECK(t.allocated < 20 + BULK / 20);
		test_device_close(&t);
	}
	CHECK(none > 20);
}

int main(void)
{
	RUN(same_as_one_by_one);
	RUN(changes_tell_all);
	RUN(limit_is_judged_in_the_end);
	RUN(one_that_is_wrong_spoils_all);
	RUN(without_memory);
	return test_done();
}
