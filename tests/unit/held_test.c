/* SPDX-License-Identifier: MIT */
/* Replies that wait for durable state: the mailbox shows a command that runs until they may go. */
#include "rig.h"
#include "wire/memory.h"
#include "wire/registers.h"

static struct test_device t;

static uint64_t at(unsigned mailbox, unsigned reg)
{
	return swcxl_payload_offset(t.dev, mailbox) - MBOX_PAYLOAD + reg;
}

static uint64_t get(unsigned mailbox, unsigned reg, unsigned width)
{
	uint8_t bytes[8];

	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, at(mailbox, reg), bytes, width);
	return le_load(bytes, width);
}

static void put(unsigned mailbox, unsigned reg, unsigned width, uint64_t value)
{
	uint8_t bytes[8];

	le_store(bytes, width, value);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, at(mailbox, reg), bytes, width);
}

static void ring(unsigned mailbox, unsigned opcode, unsigned len)
{
	put(mailbox, MBOX_COMMAND, 8, opcode | (uint64_t)len << 16);
	put(mailbox, MBOX_CONTROL, 4, MBOX_CONTROL_DOORBELL);
}

static bool rings(unsigned mailbox)
{
	return get(mailbox, MBOX_CONTROL, 4) & MBOX_CONTROL_DOORBELL;
}

static unsigned rc(unsigned mailbox)
{
	return (unsigned)(get(mailbox, MBOX_STATUS, 8) >> 32 & 0xffff);
}

static void begin(uint64_t ticket)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	test_device_open(&t, &c);
	put(0, MBOX_CONTROL, 4, MBOX_CONTROL_DOORBELL_IRQ);
	t.ticket = ticket;
}

static void what_is_durable_goes_at_once(void)
{
	begin(0);
	put(0, MBOX_PAYLOAD, 8, 4096);
	ring(0, 0x4301, 8);
	CHECK(!rings(0) && t.irqs[0] == 1 && rig_status(&t).poisoned_lines == 1);
	test_device_close(&t);
}

/* The command has run; of its reply nothing shows, and the mailbox takes no writes. */
static void a_reply_waits_for_its_commit(void)
{
	begin(7);
	put(0, MBOX_PAYLOAD, 8, 1); /* no line begins there */
	ring(0, 0x4301, 8);
	CHECK(rings(0) && rc(0) == 0 && t.irqs[0] == 0);
	put(0, MBOX_PAYLOAD, 8, 4096);
	put(0, MBOX_COMMAND, 8, 0x4000);
	put(0, MBOX_CONTROL, 4, 0);
	ring(0, 0x4301, 8);
	CHECK(get(0, MBOX_PAYLOAD, 8) == 1 && get(0, MBOX_COMMAND, 8) == (0x4301 | 8 << 16));
	CHECK(rig_status(&t).poisoned_lines == 0);

	swcxl_settled(t.dev, 6);
	CHECK(rings(0) && t.irqs[0] == 0);
	swcxl_settled(t.dev, 7);
	CHECK(!rings(0) && t.irqs[0] == 1 && rc(0) == SWCXL_INVALID_PHYSICAL_ADDRESS);
	CHECK(get(0, MBOX_COMMAND, 8) == 0x4301);
	CHECK(get(0, MBOX_CONTROL, 4) == MBOX_CONTROL_DOORBELL_IRQ);
	swcxl_settled(t.dev, 8);
	CHECK(t.irqs[0] == 1);
	test_device_close(&t);
}

/* What a read shows may not be durable; and a later commit covers the earlier ones. */
static void reads_wait_in_each_mailbox(void)
{
	begin(1);
	ring(0, 0x4000, 0);
	t.ticket = 2;
	ring(1, 0x4000, 0);
	CHECK(rings(0) && rings(1) && get(0, MBOX_PAYLOAD, 8) == 0);
	swcxl_settled(t.dev, 1);
	CHECK(!rings(0) && rings(1) && get(0, MBOX_PAYLOAD, 5) == 0x6c78637773);
	t.ticket = 3;
	ring(0, 0x4000, 0);
	swcxl_settled(t.dev, 5);
	CHECK(!rings(0) && !rings(1) &&
	      get(1, MBOX_COMMAND, 8) ==
		      (0x4000 | sizeof(struct identify_memory_device_out) << 16));
	test_device_close(&t);
}

static void a_reset_drops_the_reply(void)
{
	begin(1);
	put(0, MBOX_PAYLOAD, 8, 1);
	ring(0, 0x4301, 8);
	swcxl_reset(t.dev, SWCXL_RESET_ATTACH);
	CHECK(!rings(0) && get(0, MBOX_PAYLOAD, 8) == 0);
	swcxl_settled(t.dev, 1);
	CHECK(rc(0) == 0 && get(0, MBOX_COMMAND, 8) == 0 && t.irqs[0] == 0);
	t.ticket = 0;
	ring(0, 0x4000, 0);
	CHECK(!rings(0) && rc(0) == 0 && get(0, MBOX_PAYLOAD, 8) != 0);
	test_device_close(&t);
}

int main(void)
{
	RUN(what_is_durable_goes_at_once);
	RUN(a_reply_waits_for_its_commit);
	RUN(reads_wait_in_each_mailbox);
	RUN(a_reset_drops_the_reply);
	return test_done();
}
