/* SPDX-License-Identifier: MIT */
/* A device that is swept: what its state is in one number, and commands by way of each channel. */
#ifndef SWCXL_TESTS_SWEEP_H
#define SWCXL_TESTS_SWEEP_H

#include "../fuzz/rows.h"
#include "../model/device.h"
#include "../unit/test.h"
#include "base/le.h"
#include "output.h"

#define PAYLOAD_MAX (1u << 20)
#define UNIT SWCXL_CAPACITY_UNIT

static uint8_t sweep_out[PAYLOAD_MAX];
static size_t sweep_len; /* of the last output */

/* Eight bytes at a time: it is done after every command. */
static inline uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i += 8) {
		uint64_t v = 0;

		memcpy(&v, b + i, MIN(8, n - i));
		h = (h ^ v) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

static inline void mix_change(void *ctx, const struct swcxl_change *c)
{
	uint64_t *h = ctx;
	const uint64_t fields[] = {c->kind, c->start, c->length, c->attr, c->log, c->value};

	*h = mix(*h, fields, sizeof(fields));
	if (c->data)
		*h = mix(*h, c->data, c->length);
}

/* Extents in any state, what waits, and the counters. */
static inline uint64_t mix_dc(uint64_t h, const struct swcxl_dev *dev,
			      const struct swcxl_status *st)
{
	struct swcxl_dc_extent e;

	for (unsigned i = 0; swcxl_dc_extent_get(dev, i, &e); i++) {
		const uint64_t fields[] = {e.state, e.start,	  e.length,    e.sequence,
					   e.offer, e.referenced, e.releasing, e.sanitize};

		h = mix(mix(h, fields, sizeof(fields)), e.tag, sizeof(e.tag));
	}
	return mix(h, &st->dc, sizeof(st->dc));
}

/* Durable state, and what the management side sees of the rest. */
static inline uint64_t fingerprint(const struct swcxl_dev *dev)
{
	uint64_t h = 0xcbf29ce484222325u;
	struct swcxl_status st;

	swcxl_query(dev, &st);
	swcxl_save(dev, mix_change, &h);
	h = mix(h, &st.poisoned_lines, sizeof(st.poisoned_lines));
	h = mix(h, &st.content_bytes, sizeof(st.content_bytes));
	h = mix(h, &st.security, sizeof(st.security));
	h = mix(h, &st.timestamp, sizeof(st.timestamp));
	h = mix(h, &st.scan.position, sizeof(st.scan.position));
	h = mix(h, &st.scan.results, sizeof(st.scan.results));
	h = mix(h, &st.scan.running, sizeof(st.scan.running));
	h = mix(h, &st.firmware.transferring, sizeof(st.firmware.transferring));
	h = mix(h, &st.background.running, sizeof(st.background.running));
	h = mix_dc(h, dev, &st);
	return mix(h, &st.background.opcode, sizeof(st.background.opcode));
}

static inline uint64_t mailbox_at(struct swcxl_dev *dev, unsigned box, unsigned reg)
{
	return swcxl_payload_offset(dev, box) - MBOX_PAYLOAD + reg;
}

static inline uint64_t read_mailbox(struct swcxl_dev *dev, unsigned box, unsigned reg)
{
	le64 v;

	swcxl_bar_read(dev, SWCXL_BAR_DEVICE, mailbox_at(dev, box, reg), &v, sizeof(v));
	return rd(v);
}

static inline unsigned run_mailbox(struct swcxl_dev *dev, unsigned box, unsigned opcode,
				   const void *in, uint32_t len)
{
	uint32_t size = swcxl_get_config(dev)->payload_size;
	le64 command;
	le32 ring;

	wr(&command, opcode | (uint64_t)len << 16);
	wr(&ring, MBOX_CONTROL_DOORBELL);
	swcxl_bar_write(dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(dev, box), in, MIN(len, size));
	swcxl_bar_write(dev, SWCXL_BAR_DEVICE, mailbox_at(dev, box, MBOX_COMMAND), &command, 8);
	swcxl_bar_write(dev, SWCXL_BAR_DEVICE, mailbox_at(dev, box, MBOX_CONTROL), &ring, 4);
	CHECK(MBOX_COMMAND_OPCODE(read_mailbox(dev, box, MBOX_COMMAND)) == opcode);
	sweep_len = MBOX_COMMAND_LENGTH(read_mailbox(dev, box, MBOX_COMMAND));
	CHECK(sweep_len <= size);
	swcxl_bar_read(dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(dev, box), sweep_out,
		       (uint32_t)sweep_len);
	return MBOX_STATUS_RC(read_mailbox(dev, box, MBOX_STATUS));
}

/* A command on a channel (enum channel); its output is in sweep_out. */
static inline unsigned run_on(struct test_device *t, unsigned channel, unsigned opcode,
			      const void *in, uint32_t len)
{
	unsigned rc;

	if (channel != CHANNEL_CONTROL)
		rc = run_mailbox(t->dev, channel, opcode, in, len);
	else
		rc = swcxl_execute(t->cci, opcode, in, len, sweep_out, &sweep_len);
	CHECK(rc == SWCXL_SUCCESS || sweep_len == 0);
	if (rc == SWCXL_SUCCESS)
		CHECK(output_ok(swcxl_get_config(t->dev), opcode, sweep_out, sweep_len));
	return rc;
}

/* Dynamic capacity that is offered: so many blocks of a region, from one on. */
static inline void offer_blocks(struct test_device *t, unsigned region, uint64_t first, uint64_t n)
{
	uint64_t block = swcxl_get_config(t->dev)->dc_block_size;
	struct swcxl_dc_range r = {first * block, n * block};
	struct swcxl_dc_add add = {.region = region,
				   .selection = SWCXL_DC_SELECT_PRESCRIPTIVE,
				   .tag = {(uint8_t)(1 + region), (uint8_t)first},
				   .range = &r,
				   .ranges = 1};

	CHECK(!swcxl_dc_add(t->dev, &add));
}

/* 4802h or 4803h with one entry. */
static inline unsigned answer_blocks(struct test_device *t, unsigned channel, unsigned opcode,
				     uint64_t start, uint64_t length)
{
	uint8_t in[8 + 24] = {1};

	wr((le64 *)(void *)(in + 8), start);
	wr((le64 *)(void *)(in + 16), length);
	return run_on(t, channel, opcode, in, sizeof(in));
}

#endif
