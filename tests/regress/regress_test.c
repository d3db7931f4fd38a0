/* SPDX-License-Identifier: MIT */
/* Faults that were found and mended, each with the input that showed it. */
#include <assert.h>
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
	struct swcxl_config config;
	struct test_device t;
	struct swcxl_dev *dev;
	uint8_t command[8];

	swcxl_config_init(&config);
	test_device_open(&t, &config);
	t.host.trace = on_trace;
	assert(swcxl_new(&config, &t.host, &dev) == 0);
	for (unsigned opcode = 0x4000; opcode <= 0x4fff; opcode += 0xfff) {
		le_store(command, 8, opcode | 0x1fffffull << 16);
		swcxl_bar_write(dev, SWCXL_BAR_DEVICE, PRIMARY + MBOX_COMMAND, command, 8);
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
	struct swcxl_config config;
	struct test_device t;

	swcxl_config_init(&config);
	test_device_open(&t, &config);
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

int main(void)
{
	trace_of_a_length_beyond_the_payload();
	reserved_ways_in_a_committed_decoder();
	printf("ok\n");
	return 0;
}
