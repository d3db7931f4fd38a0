/* SPDX-License-Identifier: MIT */
/* Random steps of everything that a device keeps, around the bound of its two units, and of
 * two regions of dynamic capacity, of which the second outlives power. */
#ifndef SWCXL_TESTS_STEPS_H
#define SWCXL_TESTS_STEPS_H

#include "rig.h"

#include "wire/dc.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / 64)
#define STEP_BLOCK 256u

/* A device small enough for its limits to be met. */
static inline struct swcxl_config steps_config(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	c.poison_list_max = 8;
	c.event_log_max = 8;
	c.lsa_size = 1280;
	c.scan_ns_per_line = 1;
	c.sanitize_ns = 1000;
	c.fw_ns = 1000;
	c.dc_regions = 2;
	c.dc_region_size = SWCXL_CAPACITY_UNIT;
	c.dc_block_size = STEP_BLOCK;
	c.dc_flags[1] = SWCXL_DC_NON_VOLATILE | SWCXL_DC_SHARABLE;
	return c;
}

/* Passphrases of few values, often wrong; a sanitize, or one of ranges, that may be cut short. */
static inline void random_security_step(struct test_device *t, uint64_t line, uint64_t n)
{
	uint8_t in[96] = {0};
	unsigned opcode = 0x4501 + (unsigned)below(5);

	if (below(2)) {
		in[0] = (uint8_t)below(2);
		memset(in + (opcode == 0x4503 ? 0 : 32), (int)below(2), 32);
		memset(in + 64, (int)below(2), 32);
		rig_run(t, below(20) ? 0x4501 : 0x4504, in, 96);
		rig_run(t, opcode, in, opcode == 0x4503 ? 32 : opcode == 0x4501 ? 96 : 64);
		return;
	}
	in[0] = in[4] = 1;
	wr((le64 *)(void *)(in + 8), line * 64);
	wr((le64 *)(void *)(in + 16), n * 64);
	rig_run(t, below(4) ? 0x4402 : 0x4400, in, below(4) ? 24 : 0);
	swcxl_advance(t->dev, swcxl_now(t->dev) + below(2000));
}

/* Packages and parts of them, good and bad, in order and not; slots that are activated. */
static inline void random_firmware_step(struct test_device *t)
{
	uint8_t in[0x180] = {(uint8_t)below(5), (uint8_t)below(5), [4] = (uint8_t)below(4)};

	memset(in + 0x80, (int)below(3), 0x100);
	rig_run(t, 0x0201, in, 0x80 * (1 + below(3)));
	in[0] = (uint8_t)below(2);
	if (below(3) == 0)
		rig_run(t, 0x0202, in, 2);
	swcxl_advance(t->dev, swcxl_now(t->dev) + below(3000));
}

/* The state dump is populated, by the command or by a fatal event, or cleared. */
static inline void random_dump_step(struct test_device *t)
{
	static const uint8_t dump[16] = {0xb3, 0xfa, 0xb4, 0xcf, 0x01, 0xb6, 0x43, 0x32,
					 0x94, 0x3e, 0x5e, 0x99, 0x62, 0xf2, 0x35, 0x67};
	struct swcxl_event_header header = {.uuid = {1}};

	if (below(2))
		rig_run(t, below(2) ? 0x0404 : 0x0403, dump, sizeof(dump));
	else
		CHECK(!swcxl_event_inject(t->dev, SWCXL_LOG_FATAL, &header, NULL, 0));
	swcxl_advance(t->dev, swcxl_now(t->dev) + below(200 * NS_PER_MS));
}

/* The host's answer to the first offer, or what it gives back: extents, in part or whole. */
static inline void random_dc_answer(struct test_device *t, unsigned opcode)
{
	enum swcxl_dc_state state = opcode == 0x4802 ? SWCXL_DC_PENDING : SWCXL_DC_ADDED;
	uint8_t in[8 + 4 * 24] = {0};
	struct swcxl_dc_extent e;
	unsigned n = 0;

	for (unsigned i = 0; n < 4 && swcxl_dc_extent_get(t->dev, i, &e); i++) {
		bool whole = e.region || below(2);

		if (e.state != state || e.offer > 1 || below(4) == 0)
			continue;
		wr((le64 *)(void *)(in + 8 + 24 * n), e.start);
		wr((le64 *)(void *)(in + 16 + 24 * n++), whole ? e.length : STEP_BLOCK);
	}
	in[0] = (uint8_t)n;
	rig_run(t, opcode, in, 8 + 24 * n);
}

/* The host takes some records of the log. */
static inline void random_dc_clear(struct test_device *t)
{
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *record = swcxl_log_record(t->dev, SWCXL_LOG_DYNAMIC_CAPACITY, 0);
		uint8_t in[8] = {SWCXL_LOG_DYNAMIC_CAPACITY, 0, 1};

		if (!record)
			return;
		memcpy(in + 6, record + 0x14, 2);
		CHECK(rig_run(t, 0x0101, in, sizeof(in)) == SWCXL_SUCCESS);
	}
}

/* What a fabric manager does, good or bad. */
static inline void random_dc_step(struct test_device *t)
{
	unsigned region = (unsigned)below(2);
	uint64_t blocks = SWCXL_CAPACITY_UNIT / STEP_BLOCK, n = 1 + below(3);
	uint64_t at = region ? below(6) : blocks - 6 + below(6);
	const struct swcxl_dc_range range = {.offset = at * STEP_BLOCK, .length = n * STEP_BLOCK};
	uint8_t tag[16] = {region ? (uint8_t)(1 + below(3)) : 0};
	struct swcxl_dc_add add = {.region = region,
				   .selection = SWCXL_DC_SELECT_PRESCRIPTIVE,
				   .range = &range,
				   .ranges = 1};
	struct swcxl_dc_release take = {.region = region,
					.removal = SWCXL_DC_REMOVE_PRESCRIPTIVE,
					.forced = below(2),
					.sanitize = below(2),
					.range = &range,
					.ranges = 1};

	memcpy(add.tag, tag, sizeof(tag));
	switch (below(6)) {
	case 0:
		swcxl_dc_release(t->dev, &take);
		break;
	case 1:
		swcxl_dc_reference(t->dev, tag, below(2));
		break;
	default:
		if (below(4) == 0)
			add.selection = SWCXL_DC_SELECT_SHARED;
		random_dc_clear(t);
		swcxl_dc_add(t->dev, &add);
	}
}

static inline void random_step(struct test_device *t)
{
	uint64_t line = (below(2) ? 1 : 3) * UNIT_LINES - 20 + below(40), n = 1 + below(6);
	uint8_t data[6 * 64 + 16], in[8 + 100] = {0};

	memset(data, (int)below(3), sizeof(data));
	switch (below(19)) {
	case 0:
	case 1:
		swcxl_plant(t->dev, line * 64, n * 64, (enum swcxl_source)below(4), below(2),
			    below(6) == 0);
		break;
	case 2:
		rig_inject(t, line);
		break;
	case 3:
	case 4:
		rig_clear(t, line, data[0]);
		break;
	case 5:
		CHECK(!swcxl_media_write(t->dev, line * 64 + below(64), data, 1 + below(n * 64)));
		break;
	case 6:
		CHECK(!swcxl_media_read(t->dev, line * 64, data, n * 64));
		break;
	case 7:
		rig_scan(t, below(2) ? 0 : line, below(2) ? 4 * UNIT_LINES : 1 + below(9), false);
		swcxl_advance(t->dev, swcxl_now(t->dev) + below(8 * UNIT_LINES));
		break;
	case 8:
		in[0] = (uint8_t)below(200);
		rig_run(t, 0x4103, in, 8 + below(100));
		break;
	case 9:
		in[0] = (uint8_t)below(4), in[1] = 1;
		rig_run(t, 0x0101, in, 6);
		rig_run(t, 0x4204, in + 1, 1);
		rig_run(t, 0x0301, data, 8);
		break;
	case 10:
	case 11:
		random_security_step(t, line, n);
		break;
	case 12:
		random_firmware_step(t);
		break;
	case 13:
		random_dump_step(t);
		break;
	case 14:
	case 15:
		random_dc_step(t);
		break;
	case 16:
		random_dc_answer(t, 0x4802);
		break;
	case 17:
		random_dc_answer(t, 0x4803);
		break;
	default:
		if (below(4) == 0)
			swcxl_reset(t->dev, (enum swcxl_reset)below(5));
	}
}

#endif
