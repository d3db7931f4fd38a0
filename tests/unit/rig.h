/* SPDX-License-Identifier: MIT */
/* A device under test and the commands that tests of it need, by what they mean. */
#ifndef SWCXL_TESTS_RIG_H
#define SWCXL_TESTS_RIG_H

#include <string.h>

#include "../model/device.h"
#include "base/le.h"
#include "base/util.h"
#include "test.h"

#define PAYLOAD_MAX (1u << 20)
#define RIG_DOE 0x1a0u /* where its capability lies */

/* The output of the last command. */
static uint8_t rig_out[PAYLOAD_MAX];
static size_t rig_len;

static inline struct swcxl_config rig_config(uint64_t volatile_size, uint64_t persistent_size)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = volatile_size;
	c.persistent_size = persistent_size;
	return c;
}

static inline unsigned rig_run(struct test_device *t, unsigned opcode, const void *in, size_t len)
{
	return test_execute(t, opcode, in, len, rig_out, &rig_len);
}

/* Registers of the DOE capability. */
static inline uint32_t rig_doe(struct test_device *t, unsigned reg)
{
	uint8_t b[4];

	swcxl_config_read(t->dev, RIG_DOE + reg, b, sizeof(b));
	return (uint32_t)le_load(b, 4);
}

static inline void rig_put_doe(struct test_device *t, unsigned reg, uint32_t value)
{
	uint8_t b[4];

	le_store(b, 4, value);
	swcxl_config_write(t->dev, RIG_DOE + reg, b, sizeof(b));
}

static inline unsigned rig_inject(struct test_device *t, uint64_t line)
{
	uint8_t in[8];

	le_store(in, 4, line << 6 & UINT32_MAX);
	le_store(in + 4, 4, line >> 26);
	return rig_run(t, 0x4301, in, sizeof(in));
}

static inline unsigned rig_clear(struct test_device *t, uint64_t line, uint8_t data)
{
	uint8_t in[72];

	memset(in, data, sizeof(in));
	le_store(in, 4, line << 6 & UINT32_MAX);
	le_store(in + 4, 4, line >> 26);
	return rig_run(t, 0x4302, in, sizeof(in));
}

static inline unsigned rig_scan(struct test_device *t, uint64_t line, uint64_t lines, bool quiet)
{
	uint8_t in[17];

	wr((le64 *)(void *)in, line * 64);
	wr((le64 *)(void *)(in + 8), lines);
	in[16] = quiet;
	return rig_run(t, 0x4304, in, sizeof(in));
}

/* A page of Get Poison List. */
static inline unsigned rig_list(struct test_device *t, uint64_t line, uint64_t lines, bool restart)
{
	uint8_t in[16];

	wr((le64 *)(void *)in, line * 64 | restart);
	wr((le64 *)(void *)(in + 8), lines);
	return rig_run(t, 0x4300, in, sizeof(in));
}

static inline int rig_plant(struct test_device *t, uint64_t line, uint64_t lines, bool known)
{
	return swcxl_plant(t->dev, line * 64, lines * 64, SWCXL_SOURCE_INTERNAL, known, false);
}

/* Record n of a page, in lines. */
static inline uint64_t rig_line(unsigned n)
{
	return rd(*(le64 *)(void *)(rig_out + 32 + 16 * n)) >> 6;
}

static inline uint64_t rig_lines(unsigned n)
{
	return le_load(rig_out + 32 + 16 * n + 8, 4);
}

static inline struct swcxl_status rig_status(const struct test_device *t)
{
	struct swcxl_status st;

	swcxl_query(t->dev, &st);
	return st;
}

/* Does a fresh device that takes what this one would save, save the same? */
struct rig_copy {
	struct test_device *to;
	int error;
};

static inline void rig_apply(void *ctx, const struct swcxl_change *change)
{
	struct rig_copy *copy = ctx;

	if (!copy->error)
		copy->error = swcxl_apply(copy->to->dev, change);
}

static inline bool rig_saves_well(const struct test_device *t)
{
	struct test_device fresh;
	struct rig_copy copy = {.to = &fresh};
	bool same;

	test_device_open(&fresh, swcxl_get_config(t->dev));
	swcxl_save(t->dev, rig_apply, &copy);
	same = !copy.error && test_same_state(t->dev, fresh.dev);
	test_device_close(&fresh);
	return same;
}

#endif
