/* SPDX-License-Identifier: MIT */
/* Lives of the device: each command on each kind of channel, and those that follow each other. */
#include "cci_script.h"
#include "rows.h"
#include "seeds.h"
#include "swcxl/swcxl.h"
#include "wire/doe.h"
#include "wire/registers.h"

static int index_of(unsigned opcode)
{
	return (int)(row_of(opcode) - rows);
}

static void command(unsigned channel, unsigned opcode)
{
	ADD(STEP_COMMAND, channel, index_of(opcode), FORM_VALID);
}

static void config(unsigned at, unsigned value)
{
	uint8_t b[CONFIG_BYTES] = {0};

	b[at] = (uint8_t)value;
	add_bytes(b, sizeof(b));
}

/* A scan that finds, one that rebuilds, and everything that shows them. */
static void a_life(unsigned at, unsigned value)
{
	config(at, value);
	for (int line = 0; line < 24; line += 3) /* eight ranges, some latent; a list of four */
		ADD(STEP_PLANT, 0, line, 1 + line % 2, line % 4, line % 2);
	ADD(STEP_STATE);
	for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		command(box, 0x4304);
		ADD(STEP_TIME, 13);
		command(box, 0x4300);
		command(box, 0x4301);
		command(box, 0x4302);
		ADD(STEP_TIME, 200);
		ADD(STEP_TIME, 129);
		ADD(STEP_TIME, 60);
		command(box, 0x4305);
		command(box, 0x4300);
		/* all of the list; a scan of everything */
		ADD(STEP_COMMAND, box, index_of(0x4300), FORM_RANGE, 0, 0, 200);
		ADD(STEP_COMMAND, box, index_of(0x4304), FORM_RANGE, 0, 0, 200, 0);
		ADD(STEP_TIME, 44);
	}
	ADD(STEP_WRITE, 0, 0, 0, 1, 0xa5, STEP_READ, 0, 2, 64, 0);
	for (int kind = 0; kind < 3; kind++)
		ADD(STEP_STATE, STEP_RESET, kind, STEP_TIME, 10);
	save("cci", (char[]){'l', (char)('a' + at), (char)('a' + value), 0});
}

/* The DOE mailbox: a write of a dword to one of its registers, and a whole exchange. */
static void doe(unsigned reg, uint32_t value)
{
	ADD(STEP_CONFIG_WRITE, 8, (int)reg, 2);
	for (int i = 0; i < 4; i++)
		ADD((int)(value >> 8 * i & 0xff));
}

static void doe_exchange(uint32_t type, uint32_t body)
{
	const uint32_t request[] = {type, 3, body};

	for (unsigned i = 0; i < ARRAY_SIZE(request); i++)
		doe(DOE_WRITE_MAILBOX, request[i]);
	doe(DOE_CONTROL, DOE_CONTROL_GO | DOE_CONTROL_IRQ);
	for (int i = 0; i < 9; i++) {
		ADD(STEP_CONFIG_READ, 8, DOE_STATUS, 3);
		doe(DOE_READ_MAILBOX, 0);
	}
	doe(DOE_STATUS, DOE_STATUS_IRQ);
	doe(DOE_CONTROL, DOE_CONTROL_ABORT);
}

static void doe_seeds(void)
{
	static const uint32_t request[][2] = {{0x00000001, 1},
					      {0x00001e98, 0},
					      {0x00021e98, 0},
					      {0x00021e98, 0x10000},
					      {0x00021e98, 0xc0000}};

	for (unsigned i = 0; i < ARRAY_SIZE(request); i++) {
		config(0, 4);
		doe_exchange(request[i][0], request[i][1]);
		doe_exchange(request[i][0], 0xffffffff);
		save("cci", (char[]){'d', 'o', 'e', (char)('0' + i), 0});
	}
}

/* Errors of all types, with their masks off; some are cleared, one by one and together. */
static void ras_seeds(void)
{
	config(0, 4);
	ADD(STEP_BAR_WRITE, 0, 1, 4, 2, 0, 0, 0, 0, STEP_BAR_WRITE, 0, 1, 16, 2, 0, 0, 0, 0);
	for (int bit = 0; bit < 18; bit++)
		ADD(STEP_RAS, bit, bit, STEP_RAS, 0x80 | bit, 0);
	for (int i = 0; i < 4; i++)
		ADD(STEP_BAR_WRITE, 0, 1, 0, 0, 1 << i, STEP_BAR_READ, 0, 1, 0, 3);
	ADD(STEP_BAR_WRITE, 0, 1, 0, 2, 0xf0, 0xff, 1, 0, STEP_BAR_WRITE, 0, 1, 12, 2, 0xff, 0, 0,
	    0);
	ADD(STEP_CONFIG_READ, 9, 4, 3, STEP_CONFIG_WRITE, 9, 4, 2, 255, 255, 255, 255);
	ADD(STEP_RESET, 1, STEP_RAS, 3, 1, STEP_RESET, 0);
	save("cci", "ras");
}

/* Passphrases, right and wrong, a lock, ranges that are zeroed, a sanitize that is aborted and one
 * that is not; what is refused in between. */
static void security_seeds(void)
{
	config(0, 4);
	ADD(STEP_PLANT, 0, 3, 4, 1, 0, STEP_WRITE, 0, 3, 64, 0, 7);
	command(ON_CONTROL, 0x4501);
	command(ON_CONTROL, 0x4400);
	ADD(STEP_RESET, SWCXL_RESET_CONVENTIONAL, STEP_STATE);
	for (int wrong = 0; wrong < 2; wrong++)
		ADD(STEP_COMMAND, 2, index_of(0x4503), FORM_FILL, 32, 0, wrong);
	command(ON_PRIMARY, 0x4401);
	command(ON_PRIMARY, 0x4504);
	ADD(STEP_RESET, SWCXL_RESET_COLD);
	command(ON_CONTROL, 0x4505);
	ADD(STEP_COMMAND, 2, index_of(0x4402), FORM_LENGTH, 24, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0,
	    0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0);
	command(ON_CONTROL, 0x0005);
	ADD(STEP_TIME, 129, STEP_STATE);
	for (int i = 0; i < 2; i++) {
		command(ON_PRIMARY, 0x4400);
		ADD(STEP_TIME, 128);
		command(ON_PRIMARY, 0x4300);
		command(ON_CONTROL, 0x0005);
		ADD(STEP_READ, 0, 3, 64, 0, STEP_WRITE, 0, 3, 64, 0, 9, STEP_STATE);
	}
	command(ON_PRIMARY, 0x4400);
	ADD(STEP_TIME, 129, STEP_READ, 0, 3, 64, 0, STEP_STATE);
	save("cci", "security");
}

/* Packages that arrive whole, with a part twice, out of order, and what is done with them. */
static void firmware_seeds(void)
{
	static const int wrong[] = {0xa0, 0xa8, 0xa1, 0xa4, 0x80, 0xff};

	for (int box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		config(6, 3); /* a payload that holds four units */
		for (int i = 0; i < 6; i++) {
			ADD(STEP_FIRMWARE, box, 20 * i, i, 10 * i, wrong[i], STEP_TIME, 30);
			command((unsigned)box, 0x0202);
			command((unsigned)box, 0x0200);
			ADD(STEP_STATE, STEP_RESET, i);
		}
		ADD(STEP_FIRMWARE, box, 255, 1, 254, 0xa8, STEP_TIME, 30, STEP_RESET, 3);
		ADD(STEP_FIRMWARE, box, 9, 1, 3, 0xa1, STEP_TIME, 35, STEP_CLOSE, 0);
		save("cci", (char[]){'f', 'w', (char)('0' + box), 0});
	}
}

/* The dump is populated by both ways, read, cleared. */
static void dump_seeds(void)
{
	for (int box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		config(0, 4);
		for (int i = 0; i < 4; i++) {
			command((unsigned)box, 0x0404);
			if (i & 1)
				ADD(STEP_EVENT, SWCXL_LOG_FATAL, i);
			ADD(STEP_TIME, 27);
			for (int offset = 0; offset < 2; offset++) { /* 0, 40h */
				ADD(STEP_COMMAND, box, index_of(0x0401), FORM_BYTES);
				add_bytes(row_log[ROW_LOG_STATE_DUMP], 16);
				ADD(64 * offset, 0, 0, 0, 64, 0, 0, 0);
			}
			if (i & 2) {
				ADD(STEP_COMMAND, box, index_of(0x0403), FORM_BYTES);
				add_bytes(row_log[ROW_LOG_STATE_DUMP], 16);
			}
			ADD(STEP_STATE, STEP_RESET, i);
		}
		ADD(STEP_EVENT, SWCXL_LOG_FATAL, 255, STEP_EVENT, SWCXL_LOGS, 1);
		save("cci", (char[]){'d', 'u', 'm', 'p', (char)('0' + box), 0});
	}
}

/* Capacity is offered, accepted as a whole and in part, poisoned, scanned, asked for, released and
 * taken: in a region of each kind, with blocks of several sizes. */
static void dc_life(int regions, int flags)
{
	static const int entry[] = {0, 4, 5, 6};
	uint8_t b[CONFIG_BYTES] = {0};

	b[1] = 4; /* a list of eight */
	b[CONFIG_BYTES - 2] = (uint8_t)regions;
	b[CONFIG_BYTES - 1] = (uint8_t)flags;
	add_bytes(b, sizeof(b));
	for (int i = 0; i < 4; i++) {
		for (int policy = 0; policy < 4; policy++)
			ADD(STEP_DC_ADD, i, policy, 1 + i, 2, 8 * i, 4, 8 * i + 6, 2);
		ADD(STEP_PLANT, 2, 1 + i, 3, 1, i & 1);
		ADD(STEP_DC_ANSWER, i, 0, 1, 0, entry[3 - i]);
		ADD(STEP_DC_ANSWER, i, 0, 9, 0, 0, STEP_DC_ANSWER, i, 0, 1, 1, entry[i]);
		ADD(STEP_DC_ANSWER, 2, 0, 0);
		ADD(STEP_DC_REFERENCE, 1 + i, i & 1);
		command(ON_PRIMARY, 0x4801);
		ADD(STEP_WRITE, 2, 2, 200, 0, 7, STEP_READ, 2, 1, 255, 0);
		ADD(STEP_COMMAND, 2, index_of(0x4304), FORM_RANGE, 0, 0, 200, 0, STEP_TIME, 44);
		ADD(STEP_COMMAND, 2, index_of(0x4301), FORM_RANGE, 2, 3);
		ADD(STEP_STATE);
	}
	for (int i = 0; i < 4; i++) {
		ADD(STEP_DC_RELEASE, i, 8, 1 + i, 0, STEP_DC_RELEASE, i, 1, 0, 1, 8 * i, 2);
		ADD(STEP_DC_ANSWER, 2, 1, 1, 0, entry[i]);
		ADD(STEP_DC_RELEASE, i, 4, 1 + i, 0, STEP_DC_RELEASE, i, 13, 0, 1, 8 * i, 2);
		ADD(STEP_DC_ADD, i, 1, 7, 1, 0, 32);
		ADD(STEP_DC_RELEASE, i, 4, 3, 0, STEP_DC_ANSWER, 2, 0, 1, 0, 0);
		ADD(STEP_STATE, STEP_DC_REFERENCE, 1 + i, 0, STEP_RESET, i, STEP_TIME, 10);
	}
	save("cci", (char[]){'d', 'c', (char)('a' + regions % 16), (char)('a' + flags), 0});
}

static void dc_seeds(void)
{
	static const int regions[] = {1, 2, 3, 7, 0x8b, 0x4f};

	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
		for (int flags = 0; flags < 8; flags++)
			dc_life(regions[i], flags);
	for (unsigned opcode = 0x4800; opcode <= 0x4803; opcode++) {
		uint8_t b[CONFIG_BYTES] = {0};

		b[CONFIG_BYTES - 2] = 1;
		add_bytes(b, sizeof(b));
		for (int i = 0; i < 3; i++) {
			ADD(STEP_DC_ADD, 0, 0, 0, 1, 0, 2, STEP_DC_ANSWER, i, 0, 1, 0, 0);
			ADD(STEP_DC_ADD, 0, 0, 0, 1, 0, 2);
			command((unsigned)i, opcode);
		}
		save("cci", row_of(opcode)->name);
	}
}

/* Faults of each kind on each channel; health that crosses its alerts; many plants at once. */
static void fault_seeds(void)
{
	for (int kind = 0; kind < SWCXL_FAULT_KINDS; kind++) {
		config(0, 4);
		for (int n = 0; n < 3; n++) {
			ADD(STEP_FAULT, kind, index_of(n == 2 ? 0x4304 : 0x4300), 3 + n, n);
			for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++) {
				command(box, 0x4300);
				command(box, 0x4304);
				ADD(STEP_TIME, 12, STEP_TIME, 129);
			}
			ADD(STEP_RESET, n, STEP_FAULT, 0x80, 0, 0, 0, STEP_TIME, 40);
			ADD(STEP_HEALTH, n, kind, 90 + n, 80 * n, 0, n);
			ADD(STEP_MANY, kind, 3, 0, 5, 2, 0, 1, 9, 4, 3, 1);
		}
		ADD(STEP_STATE);
		save("cci", (char[]){'f', 'a', 'u', 'l', 't', (char)('a' + kind), 0});
	}
}

/* Commands whose replies wait for a commit that is done, is done in part, never comes; a scan that
 * ends meanwhile; a reset; a disk that is broken; and memory that a peer maps. */
static void commit_seeds(void)
{
	static const int ends[] = {COMMIT_DONE, COMMIT_BEFORE, COMMIT_BROKEN, COMMIT_MENDED};

	for (unsigned i = 0; i < ARRAY_SIZE(ends); i++) {
		config(0, 4);
		ADD(STEP_PLANT, 0, 5, 2, 1, 0);
		for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++) {
			ADD(STEP_COMMIT, COMMIT_BEGINS);
			command(box, 0x4301); /* writes */
			command(box, 0x4300); /* finds it held */
			ADD(STEP_COMMIT, COMMIT_BEGINS);
			command(box, 0x4304); /* a scan, which ends */
			ADD(STEP_TIME, 129, 0, 0, 0, STEP_COMMIT, ends[i], STEP_STATE);
			command(box, 0x4305);
			ADD(STEP_COMMIT, COMMIT_DONE);
			command(box, 0x4302);
		}
		ADD(STEP_COMMIT, COMMIT_BEGINS);
		command(ON_PRIMARY, 0x4103);
		ADD(STEP_RESET, i, STEP_COMMIT, ends[i], STEP_COMMIT, COMMIT_DONE);
		ADD(STEP_LEND, 8, STEP_PEER, 0, 8, 1, 0, 0x40, STEP_COMMIT, COMMIT_BEGINS);
		ADD(STEP_PEER, 0x80, 4, 0, 1, STEP_LEND, 2, STEP_COMMIT, ends[i]);
		ADD(STEP_PEER, 0x80, 4, 0, 1, STEP_COMMIT, COMMIT_DONE, STEP_STATE);
		save("cci", (char[]){'c', 'o', 'm', 'm', 'i', 't', (char)('a' + i), 0});
	}
	config(0, 4);
	ADD(STEP_COMMIT, COMMIT_BROKEN);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		command(ON_CONTROL, rows[i].opcode);
	ADD(STEP_STATE, STEP_COMMIT, COMMIT_MENDED);
	command(ON_PRIMARY, 0x4301);
	save("cci", "unwritable");
}

void seeds_cci(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		config(0, 4); /* persistent capacity too */
		command(ON_CONTROL, 0x4304);
		ADD(STEP_TIME, 60);
		for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++)
			command(box, rows[i].opcode);
		ADD(STEP_COMMAND, 2, (int)i, FORM_FILL, 255, 255, 255);
		save("cci", rows[i].name);
	}
	for (unsigned at = 0; at < CONFIG_BYTES; at++)
		for (unsigned value = 0; value < 4; value++)
			a_life(at, value);
	config(0, 0);
	for (int place = 0; place < 10; place++)
		for (int width = 0; width < 4; width++) {
			ADD(STEP_CONFIG_WRITE, place, width * 4, width, 255, 255, 255, 255, 0, 0);
			ADD(STEP_CONFIG_READ, place, width * 8, 3);
			ADD(STEP_BAR_WRITE, 0, place, width * 4, width, 0, 2, 0, 0, 0);
			ADD(STEP_BAR_WRITE, 2, place, width * 4, width, 1, 0x43, 0, 0, 0);
			ADD(STEP_BAR_READ, 0, place, 0, 3, STEP_BAR_READ, 2, place, 0, 3);
		}
	save("cci", "registers");
	config(0, 0);
	for (int n = 0; n < 6; n++)
		ADD(STEP_NO_MEMORY, n, STEP_PLANT, 0, n * 5, 3, n % 4, n % 2, STEP_OPEN, n,
		    STEP_WRITE, 0, n, 64, 0, 7, STEP_LEND, n, STEP_CLOSE, n);
	save("cci", "memory");
	config(0, 0);
	for (int n = 0; n < 6; n++) /* Identify, by memory alone */
		ADD(STEP_LEND, 8 | n % 2, STEP_PEER, n % 2, 8, 1, 0, 0x40, STEP_PEER, 0x80 | n % 2,
		    4, 0, 1 | n << 1, STEP_TIME, n, STEP_LEND, 2 | n % 2);
	save("cci", "mapped");
	fault_seeds();
	commit_seeds();
	firmware_seeds();
	dump_seeds();
	doe_seeds();
	ras_seeds();
	security_seeds();
	dc_seeds();
}
