/* SPDX-License-Identifier: MIT */
/*
 * A life of the device: commands on three kinds of channels, registers of any width, time, plants,
 * content, resets, memory that runs out, a disk that is slow or broken. After every step the
 * device must make sense; every change that comes out of it goes into a second device, which must
 * save the same state.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../model/device.h"
#include "cci_dc.h"
#include "cci_script.h"
#include "input.h"
#include "rows.h"
#include "sane.h"

#define LENT_SIZE (SWCXL_REGISTERS_SIZE + swcxl_payload_area_size(t.dev))
#define CHANNELS 6u
#define WRITE_MAX 600u
#define STEPS_MAX 150u
#define DOE 0x1a0u

static struct test_device t, shadow;
static struct swcxl_cci *channel[CHANNELS]; /* from ON_CONTROL on */
static uint8_t *lent[SWCXL_MAILBOXES];	    /* a page of registers, then the payload */
static uint8_t *out;
static uint64_t top; /* bytes */
static bool faulty;  /* faults are planted: answers may be wrong */

static bool broken;		    /* no change can be made durable */
static bool doubt[SWCXL_MAILBOXES]; /* the reply that is held is to what has changed something */
static uint64_t commits;
static bool may_end; /* this step may tell of the end of what runs in the background */

/* ---- operands ---- */

static struct swcxl_config take_config(struct input *in)
{
	static const uint64_t units[] = {1, 0, 2, 1}, list[] = {4, 1, 2, 3, 8, 16, 256, 0xffffff};
	static const uint32_t payload[] = {512, 256, 1024, 4096, 8192},
			      lsa[] = {1280, 0, 4099, 1281};
	static const uint16_t log[] = {16, 1, 2, 4, 300, 65535};
	static const uint64_t ranges[] = {1 << 20, 1, 2, 8, 64}, lines[] = {1 << 14, 0, 1, 5};
	static const uint64_t rate[] = {500, 1, 3, 1ull << 30, 1ull << 50, UINT64_MAX};
	struct swcxl_config c;
	uint8_t b[CONFIG_BYTES];

	take_bytes(in, b, sizeof(b));
	swcxl_config_init(&c);
	c.volatile_size = units[b[0] & 3] * SWCXL_CAPACITY_UNIT;
	c.persistent_size = units[b[0] >> 2 & 3] * SWCXL_CAPACITY_UNIT;
	c.poison_list_max = (uint32_t)list[b[1] % ARRAY_SIZE(list)];
	c.inject_limit = b[2] % 5;
	c.scan_results_max = b[3] % 6;
	c.injected_persists = b[4] & 1;
	c.volatile_list = !(b[4] & 2);
	c.span_reject = b[4] & 4;
	c.strict = b[4] & 8;
	c.estimate = !(b[4] & 16);
	c.hdm_refuse = b[4] & 32;
	c.revision = SWCXL_CXL_3_2 - (b[5] & 3);
	c.during_scan = (b[5] >> 2) % 3;
	c.payload_size = payload[b[6] % ARRAY_SIZE(payload)];
	c.lsa_size = lsa[b[7] % ARRAY_SIZE(lsa)];
	c.event_log_max = log[b[8] % ARRAY_SIZE(log)];
	c.ranges_max = ranges[b[9] % ARRAY_SIZE(ranges)];
	c.media_memory_max = lines[b[10] % ARRAY_SIZE(lines)] * SWCXL_LINE;
	c.scan_ns_per_line = rate[b[11] % ARRAY_SIZE(rate)];
	fuzz_dc_config(&c, b + 12);
	if (!c.volatile_size && !c.persistent_size && !c.dc_regions)
		c.volatile_size = 16 * TiB;
	return c;
}

/* Mostly one of a few dozen lines: at the bottom, around the partitions' border, at the top, in
 * blocks of dynamic capacity. */
static uint64_t take_address(struct input *in)
{
	uint8_t where = (uint8_t)take(in, 1);
	uint64_t line = take(in, 1) % 48, address;
	struct swcxl_status st;

	swcxl_query(t.dev, &st);
	switch (where % 8) {
	case 2:
	case 3:
		return fuzz_dc_address(t.dev, where >> 3, line, &address) ? address : line * 64;
	case 4:
		return top - line * 64;
	case 5:
		return st.persistent_part.start + (line - 24) * 64;
	case 6:
		return line * 64 + (where >> 3);
	case 7:
		return where & 8 ? take(in, 8) : -(line * 64);
	default:
		return line * 64;
	}
}

static uint64_t take_lines(struct input *in)
{
	static const uint64_t odd[] = {1ull << 26, (1ull << 26) - 1, (1ull << 58) + 1,
				       UINT64_MAX, UINT64_MAX / 64,  0};
	uint8_t n = (uint8_t)take(in, 1);

	if (n < 192)
		return n % 64;
	if (n < 224)
		return top / 64;
	if (n < 240)
		return SWCXL_CAPACITY_UNIT / 64 + n - 232u;
	return n < 252 ? odd[n % ARRAY_SIZE(odd)] : take(in, 8);
}

/* An offset in registers: near something with a name, or anywhere. */
static uint64_t take_place(struct input *in, int bar)
{
	static const uint64_t config[] = {0,	 0x40,	0x60,  0x100, 0x110,
					  0x150, 0x180, 0xfc0, DOE,   0x200};
	static const uint64_t component[] = {0x1000, 0x1080, 0x1140, 0x1160,
					     0x1180, 0x11a0, 0xffc0};
	uint64_t primary = swcxl_payload_offset(t.dev, 0), second = swcxl_payload_offset(t.dev, 1);
	const uint64_t device[] = {0x10000,	 0x10080, 0x10100,     primary - 32,
				   primary - 16, primary, second - 32, second};
	uint8_t where = (uint8_t)take(in, 1), beside = (uint8_t)take(in, 1);

	if (where >= 0xf0)
		return take(in, 8);
	switch (bar) {
	case -1:
		return config[where % ARRAY_SIZE(config)] + beside % 64;
	case SWCXL_BAR_COMPONENT:
		return component[where % ARRAY_SIZE(component)] + beside % 64;
	default:
		return device[where % ARRAY_SIZE(device)] + beside % 64;
	}
}

static uint32_t take_width(struct input *in)
{
	uint8_t n = (uint8_t)take(in, 1);

	return n < 0xc0 ? 1u << n % 4 : n % 64 * (n & 1 ? 8u : 1u);
}

/* ---- steps ---- */

static void put_register(unsigned box, uint64_t reg, uint64_t value, unsigned width)
{
	uint8_t b[8];

	for (unsigned i = 0; i < width; i++)
		b[i] = (uint8_t)(value >> 8 * i);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(t.dev, box) - 32 + reg, b,
			width);
}

static uint64_t get_register(unsigned box, uint64_t reg)
{
	uint8_t b[8];

	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(t.dev, box) - 32 + reg, b, 8);
	return le_load(b, 4) | le_load(b + 4, 4) << 32;
}

static void check_answer(unsigned opcode, unsigned rc, size_t len)
{
	const struct row *row = row_of(opcode);

	if (faulty)
		return;
	MUST(swcxl_rc_name(rc));
	MUST(len <= swcxl_get_config(t.dev)->payload_size);
	MUST(rc == SWCXL_SUCCESS || len == 0);
	MUST(rc != SWCXL_BACKGROUND_STARTED || (row && row->effects & EFF_BACKGROUND));
#ifdef FUZZ_CANARY /* a defect to be found: an abort of a scan that has found something */
	struct swcxl_status st;

	swcxl_query(t.dev, &st);
	MUST(!(opcode == 0x0005 && st.background.rc == SWCXL_ABORTED && st.scan.results));
#endif
}

static bool rings(unsigned box)
{
	return get_register(box, MBOX_CONTROL) & MBOX_CONTROL_DOORBELL;
}

/* Does the reply to a command on a mailbox wait for a commit? */
static bool is_holding(void)
{
	return t.ticket && !broken;
}

/* A reply that is held is not in the payload: that is what the command came with. */
static void check_unseen(unsigned box, const uint8_t *in, uint32_t len)
{
	uint8_t *shown = malloc(len ? len : 1);

	MUST(shown);
	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(t.dev, box), shown, len);
	MUST(!memcmp(shown, in, len));
	free(shown);
}

/* A mailbox that rang before shows what it showed then. */
static void check_held(unsigned box, bool rang, uint64_t command, uint64_t status)
{
	MUST(is_holding());
	MUST(!rang || get_register(box, MBOX_COMMAND) == command);
	MUST(!rang || get_register(box, MBOX_STATUS) >> 32 == status >> 32);
}

static void run_mailbox(unsigned box, unsigned opcode, const uint8_t *in, uint32_t len)
{
	uint32_t fits = MIN(len, swcxl_get_config(t.dev)->payload_size);
	bool rang = rings(box);
	uint64_t command = get_register(box, MBOX_COMMAND), status = get_register(box, MBOX_STATUS);
	uint64_t changes = t.changes;

	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, swcxl_payload_offset(t.dev, box), in, fits);
	put_register(box, MBOX_COMMAND, opcode | (uint64_t)len << 16, 8);
	put_register(box, MBOX_CONTROL, MBOX_CONTROL_DOORBELL, 4);
	if (rings(box)) {
		if (!faulty)
			check_held(box, rang, command, status);
		if (!faulty && !rang) {
			check_unseen(box, in, fits);
			doubt[box] = t.changes != changes;
		}
		return;
	}
	MUST(faulty || !is_holding());
	command = get_register(box, MBOX_COMMAND);
	status = get_register(box, MBOX_STATUS);
	MUST(MBOX_COMMAND_OPCODE(command) == opcode);
	check_answer(opcode, MBOX_STATUS_RC(status), MBOX_COMMAND_LENGTH(command));
	MUST(box == SWCXL_MAILBOX_PRIMARY ||
	     (!(status & MBOX_STATUS_BACKGROUND) && !get_register(box, MBOX_BACKGROUND)));
}

/* The input lies in memory of exactly its size. */
static void run(unsigned which, unsigned opcode, const uint8_t *bytes, uint32_t len)
{
	uint8_t *in = malloc(len ? len : 1);
	const struct row *row = row_of(opcode);
	bool kept = row && row->effects && !(row->rules & NOT_KEPT);
	uint64_t changes = t.changes;
	size_t out_len = 0;
	unsigned rc;

	MUST(in);
	memcpy(in, bytes, len);
	which %= CHANNELS;
	if (which < ON_CONTROL) {
		run_mailbox(which, opcode, in, len);
	} else if (channel[which]) {
		rc = swcxl_execute(channel[which], opcode, in, len, out, &out_len);
		check_answer(opcode, rc, out_len);
	}
	MUST(!broken || !kept || t.changes == changes);
	free(in);
}

static void step_command(struct input *in)
{
	static uint8_t bytes[UINT16_MAX + 1];
	unsigned which = (unsigned)take(in, 1);
	const struct row *row = &rows[take(in, 1) % ARRAY_SIZE(rows)];
	uint32_t len = row->size;

	memset(bytes, 0, ROW_INPUT_MAX);
	switch (take(in, 1) % FORMS) {
	case FORM_LENGTH:
		len = (uint32_t)take(in, 2) % WRITE_MAX;
		take_bytes(in, bytes, len);
		break;
	case FORM_RANGE:
		wr((le64 *)(void *)bytes,
		   take_address(in) | (row->opcode == 0x4300 && in->len & 1));
		if (row->size >= 16)
			wr((le64 *)(void *)(bytes + 8), take_lines(in));
		if (row->size > 16)
			take_bytes(in, bytes + 16, 1);
		break;
	case FORM_VALID:
		len = row_input(row, bytes);
		break;
	case FORM_FILL:
		len = (uint32_t)take(in, 2);
		memset(bytes, (int)take(in, 1), len);
		break;
	default:
		take_bytes(in, bytes, len);
	}
	run(which, row->opcode, bytes, len);
}

static void step_opcode(struct input *in)
{
	unsigned which = (unsigned)take(in, 1), opcode = (unsigned)take(in, 2);
	uint8_t bytes[256];
	uint32_t len = (uint32_t)take(in, 1);

	take_bytes(in, bytes, len);
	run(which, opcode, bytes, len);
}

static void step_registers(struct input *in, bool write, bool config)
{
	int bar = config ? -1 : (int)(take(in, 1) % 4);
	uint64_t place;
	uint32_t width;
	uint8_t *b;

	bar = bar == 1 ? SWCXL_BAR_COMPONENT : bar == 3 ? (int)(in->len % 10) : bar;
	place = take_place(in, bar);
	width = take_width(in);
	b = malloc(width ? width : 1);
	MUST(b);
	take_bytes(in, b, write ? width : 0);
	if (config && write)
		swcxl_config_write(t.dev, (uint32_t)place, b, width);
	else if (config)
		swcxl_config_read(t.dev, (uint32_t)place, b, width);
	else if (write)
		swcxl_bar_write(t.dev, (unsigned)bar, place, b, width);
	else
		swcxl_bar_read(t.dev, (unsigned)bar, place, b, width);
	free(b);
}

static void step_time(struct input *in)
{
	uint64_t now = swcxl_now(t.dev), deadline = swcxl_advance(t.dev, now);
	uint8_t n = (uint8_t)take(in, 1);
	uint64_t to = now + (n < 64 ? 1ull << n : take(in, 3));

	MUST(deadline == SWCXL_NO_DEADLINE || deadline > now || now >= SWCXL_NO_DEADLINE - 1);
	if (n >= 128 && deadline != SWCXL_NO_DEADLINE)
		to = n & 1 ? deadline : deadline - 1;
	if (n == 255)
		to = take(in, 8);
	deadline = swcxl_advance(t.dev, to);
	MUST(swcxl_now(t.dev) == (to > now ? to : now));
	MUST(deadline > swcxl_now(t.dev) || deadline >= SWCXL_NO_DEADLINE - 1);
}

static void step_media(struct input *in, bool write)
{
	uint64_t address = take_address(in);
	uint16_t len = (uint16_t)take(in, 2);
	uint8_t *b;

	len = len < 0x8000 ? len % 256 : len;
	b = malloc(len ? len : 1);
	MUST(b);
	memset(b, (int)take(in, write), len);
	if (write)
		swcxl_media_write(t.dev, address, b, len);
	else
		swcxl_media_read(t.dev, address, b, len);
	free(b);
}

static void step_plant(struct input *in)
{
	uint64_t address = take_address(in), lines = take_lines(in);
	uint8_t source = (uint8_t)take(in, 1) % 5, flags = (uint8_t)take(in, 1);

	swcxl_plant(t.dev, address, lines * 64,
		    source == 4 ? SWCXL_SOURCE_VENDOR : (enum swcxl_source)source, !(flags & 1),
		    flags & 2);
}

static void step_ras(struct input *in)
{
	uint8_t kind = (uint8_t)take(in, 1);
	uint32_t header[SWCXL_RAS_HEADER] = {(uint32_t)take(in, 1)};
	int recorded = kind & 0x80 ? swcxl_ras_correctable(t.dev, kind & 0x7f)
				   : swcxl_ras_uncorrectable(t.dev, kind, header);

	MUST(recorded <= 1);
}

/* A package in parts, one of which may come twice, be another one, or not be whole. */
static void step_firmware(struct input *in)
{
	static uint8_t bytes[0x80 + 4 * 0x80 + 1];
	unsigned which = (unsigned)take(in, 1), parts = (unsigned)take(in, 1);
	unsigned units = (unsigned)take(in, 1) % 5, at = (unsigned)take(in, 1);
	unsigned wrong = (unsigned)take(in, 1);

	for (unsigned i = 0; i <= parts; i++) {
		unsigned here = i == at ? wrong : 0;
		uint32_t len = 0x80 + units * 0x80 + (here >> 2 & 1);

		memset(bytes, 0, sizeof(bytes));
		bytes[0] = (uint8_t)(i == 0 ? 1 : i < parts ? 2 : 3);
		bytes[1] = (uint8_t)(wrong >> 6);
		le_store(bytes + 4, 4, i * units + (here & 3));
		memset(bytes + 0x80, (int)(wrong >> 4), units * 0x80);
		run(which, 0x0201, bytes, len);
		if (here & 8)
			run(which, 0x0201, bytes, len);
	}
}

static void step_event(struct input *in)
{
	struct swcxl_event_header header = {.uuid = {1}};
	enum swcxl_log log = (enum swcxl_log)(take(in, 1) % (SWCXL_LOGS + 1));

	for (unsigned n = (unsigned)take(in, 1); n > 0; n--)
		MUST(!swcxl_event_inject(t.dev, log, &header, NULL, 0) == (log < SWCXL_LOGS));
}

static void step_dc_answer(struct input *in)
{
	unsigned which = (unsigned)take(in, 1), opcode = 0x4802 + (take(in, 1) & 1);
	uint8_t bytes[FUZZ_DC_ANSWER_MAX];
	uint32_t len = fuzz_dc_answer(t.dev, in, bytes);

	run(which, opcode, bytes, len);
}

static void step_lend(struct input *in)
{
	uint8_t flags = (uint8_t)take(in, 1);
	unsigned box = flags & 1;

	if (flags & 2) { /* the peer writes into it meanwhile */
		memset(lent[box], flags, LENT_SIZE);
		return;
	}
	memset(lent[box], 0, LENT_SIZE);
	swcxl_set_payload(t.dev, box, flags & 4 ? NULL : lent[box] + SWCXL_REGISTERS_SIZE);
	swcxl_set_registers(t.dev, box, flags & 8 ? lent[box] : NULL);
}

/* No doorbell that was seen stays without an answer: there are no faults here that delay one. */
static void step_peer(struct input *in)
{
	uint8_t flags = (uint8_t)take(in, 1), place = (uint8_t)take(in, 1);
	uint8_t *registers = lent[flags & 1] + SWCXL_REGISTERS_SIZE - MBOX_PAYLOAD;
	bool rung;

	for (unsigned i = 0, width = 1u << (take(in, 1) & 3); i < width; i++)
		registers[(place + i) % MBOX_PAYLOAD] = (uint8_t)take(in, 1);
	if (!(flags & 0x80))
		return;
	rung = swcxl_rung(t.dev);
	MUST(rung == (swcxl_poll(t.dev) > 0) || faulty);
	MUST(!swcxl_rung(t.dev) || faulty);
}

static void step_fault(struct input *in)
{
	uint8_t kind = (uint8_t)take(in, 1), row = (uint8_t)take(in, 1);
	struct swcxl_fault fault = {
		.kind = (enum swcxl_fault_kind)(kind % (SWCXL_FAULT_KINDS + 1)),
		.opcode = rows[row % ARRAY_SIZE(rows)].opcode,
		.value = take(in, 1),
		.count = take(in, 1),
	};

	if (kind & 0x80) {
		swcxl_faults_clear(t.dev);
		faulty = swcxl_fault_get(t.dev, 0, &fault);
		MUST(!faulty);
		return;
	}
	if (fault.kind >= SWCXL_FAULT_STATES)
		fault.opcode = 0, fault.value = fault.count = 0;
	else if (fault.kind == SWCXL_FAULT_DELAY)
		fault.value <<= 10;
	faulty |= !swcxl_fault_add(t.dev, &fault);
}

static void step_health(struct input *in)
{
	struct swcxl_health health = {
		.status = (uint8_t)take(in, 1),
		.media_status = (uint8_t)take(in, 1),
		.life_used = (uint8_t)take(in, 1),
		.temperature = (int16_t)take(in, 2),
		.corrected_volatile_errors = (uint32_t)take(in, 1),
	};
	struct swcxl_health now;

	if (swcxl_set_health(t.dev, &health))
		return;
	swcxl_get_health(t.dev, &now);
	MUST(now.status == health.status && now.media_status == health.media_status &&
	     now.life_used == health.life_used && now.temperature == health.temperature);
}

/* All or none of them, but for memory that runs out. */
static void step_many(struct input *in)
{
	struct swcxl_range ranges[16];
	uint8_t flags = (uint8_t)take(in, 1);
	size_t n = take(in, 1) % (ARRAY_SIZE(ranges) + 1);
	struct swcxl_status before, after;
	int error;

	for (size_t i = 0; i < n; i++) {
		ranges[i].start = take_address(in);
		ranges[i].length = take_lines(in) * SWCXL_LINE;
	}
	swcxl_query(t.dev, &before);
	error = swcxl_plant_many(t.dev, ranges, n, (enum swcxl_source)(flags & 3), flags & 4,
				 flags & 8);
	swcxl_query(t.dev, &after);
	MUST(!error || error == -ENOMEM || after.poisoned_lines == before.poisoned_lines);
}

/* Settled is settled: only what waits for a commit, or a fault, leaves a doorbell at 1. And what
 * has changed something that never was durable is not acknowledged. */
static void check_doorbells(void)
{
	for (unsigned box = 0; box < SWCXL_MAILBOXES; box++) {
		MUST(faulty || is_holding() || !rings(box));
		if (doubt[box] && broken && !faulty) {
			MUST(MBOX_STATUS_RC(get_register(box, MBOX_STATUS)) ==
			     SWCXL_INTERNAL_ERROR);
			MUST(!MBOX_COMMAND_LENGTH(get_register(box, MBOX_COMMAND)));
		}
		doubt[box] &= rings(box);
	}
}

/* As the state file's side does it: a ticket is 0 when all is durable. */
static void step_commit(struct input *in)
{
	for (unsigned box = 0; box < SWCXL_MAILBOXES; box++) /* or a reset has ended it */
		doubt[box] &= rings(box);
	switch (take(in, 1) % COMMITS) {
	case COMMIT_BEGINS:
		t.ticket = ++commits;
		break;
	case COMMIT_BEFORE:
		swcxl_settled(t.dev, commits ? commits - 1 : 0);
		break;
	case COMMIT_DONE:
		t.ticket = 0;
		swcxl_settled(t.dev, commits);
		break;
	case COMMIT_BROKEN:
		broken = true;
		swcxl_unwritable(t.dev, broken);
		break;
	default:
		broken = false;
		swcxl_unwritable(t.dev, broken);
	}
	check_doorbells();
}

/* ---- what must hold ---- */

static void apply(void *ctx, const struct swcxl_change *change)
{
	MUST(!swcxl_apply(ctx, change));
}

/* What came out as changes makes the same device. */
static void check_changes(void)
{
	t.fail_after = -1;
	MUST(!t.shadow_error && test_same_state(t.dev, shadow.dev));
	if (!faulty)
		sane_check_list();
}

static void check_state(void)
{
	struct test_device fresh;

	t.fail_after = -1;
	test_device_open(&fresh, swcxl_get_config(t.dev));
	swcxl_save(t.dev, apply, fresh.dev);
	MUST(test_same_state(t.dev, fresh.dev));
	test_device_close(&fresh);
	check_changes();
}

/* Each beginning has its end, as far as anybody has heard. */
static void check_background(void)
{
	unsigned begun = t.notices[SWCXL_NOTICE_BACKGROUND_STARTED];
	struct swcxl_status st;

	swcxl_query(t.dev, &st);
	MUST(begun - t.notices[SWCXL_NOTICE_BACKGROUND_COMPLETED] == st.background.running);
}

/* ---- one life ---- */

static void step_more(unsigned kind, struct input *in)
{
	switch (kind) {
	case STEP_DC_ADD:
		fuzz_dc_add(t.dev, in);
		break;
	case STEP_DC_RELEASE:
		fuzz_dc_release(t.dev, in);
		break;
	case STEP_DC_REFERENCE:
		fuzz_dc_reference(t.dev, in);
		break;
	case STEP_DC_ANSWER:
		step_dc_answer(in);
		break;
	case STEP_PEER:
		step_peer(in);
		break;
	case STEP_FAULT:
		step_fault(in);
		break;
	case STEP_HEALTH:
		step_health(in);
		break;
	case STEP_MANY:
		step_many(in);
		break;
	case STEP_COMMIT:
		step_commit(in);
		break;
	default:
		step_lend(in);
	}
}

static void step(struct input *in)
{
	unsigned kind = (unsigned)take(in, 1) % STEPS, n;

	may_end = kind == STEP_COMMIT || kind == STEP_RESET || kind == STEP_CONFIG_WRITE;
	switch (kind) {
	case STEP_COMMAND:
		step_command(in);
		break;
	case STEP_OPCODE:
		step_opcode(in);
		break;
	case STEP_CONFIG_WRITE:
	case STEP_CONFIG_READ:
		step_registers(in, kind == STEP_CONFIG_WRITE, true);
		break;
	case STEP_BAR_WRITE:
	case STEP_BAR_READ:
		step_registers(in, kind == STEP_BAR_WRITE, false);
		break;
	case STEP_TIME:
		step_time(in);
		break;
	case STEP_PLANT:
		step_plant(in);
		break;
	case STEP_READ:
	case STEP_WRITE:
		step_media(in, kind == STEP_WRITE);
		break;
	case STEP_RESET:
		swcxl_reset(t.dev, (enum swcxl_reset)(take(in, 1) % 5));
		memset(doubt, 0, sizeof(doubt));
		break;
	case STEP_OPEN:
	case STEP_CLOSE:
		n = ON_CONTROL + (unsigned)take(in, 1) % (CHANNELS - ON_CONTROL);
		swcxl_cci_free(channel[n]);
		channel[n] = kind == STEP_OPEN ? swcxl_cci_new(t.dev) : NULL;
		break;
	case STEP_STATE:
		check_state();
		break;
	case STEP_RAS:
		step_ras(in);
		break;
	case STEP_NO_MEMORY:
		t.fail_after = (long)take(in, 1) % 8;
		break;
	case STEP_FIRMWARE:
		step_firmware(in);
		break;
	case STEP_EVENT:
		step_event(in);
		break;
	default:
		step_more(kind, in);
	}
}

/* Reads all of what a trace file would hold. */
static void on_trace(void *ctx, const struct swcxl_trace *trace)
{
	const uint8_t *in = trace->in, *answer = trace->out;
	size_t sum = 0;

	for (size_t i = 0; i < trace->in_len; i++)
		sum += in[i];
	for (size_t i = 0; i < trace->out_len; i++)
		sum += answer[i];
	MUST(ctx == &t && sum <= 255 * (trace->in_len + trace->out_len));
}

/* Nobody hears of an end that is not durable, but for a reset, which waits for nothing. */
static void on_news(const struct swcxl_notice *notice)
{
	MUST(notice->kind != SWCXL_NOTICE_BACKGROUND_COMPLETED || !t.ticket || may_end);
}

static void begin(const struct swcxl_config *c)
{
	test_device_open(&t, c);
	swcxl_free(t.dev); /* once more, with a trace */
	t.host.trace = on_trace;
	MUST(!swcxl_new(c, &t.host, &t.dev));
	test_device_open(&shadow, c);
	t.shadow = shadow.dev;
	t.hear = on_news;
	top = c->volatile_size + c->persistent_size + c->dc_regions * c->dc_region_size;
	sane_begin(t.dev);
	faulty = broken = false;
	commits = 0;
	out = malloc(c->payload_size);
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++)
		lent[i] = aligned_alloc(SWCXL_REGISTERS_SIZE, LENT_SIZE);
	memset(channel, 0, sizeof(channel));
	memset(doubt, 0, sizeof(doubt));
	channel[ON_CONTROL] = swcxl_cci_new(t.dev);
}

static void end(void)
{
	t.shadow = NULL;
	sane_end();
	test_device_close(&t);
	test_device_close(&shadow);
	free(out);
	for (unsigned i = 0; i < SWCXL_MAILBOXES; i++)
		free(lent[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	struct swcxl_config c = take_config(&in);

	begin(&c);
	for (unsigned i = 0; in.len && i < STEPS_MAX; i++) {
		step(&in);
		faulty ? sane_check_alone() : sane_check();
		check_background();
	}
	check_changes();
	end();
	return 0;
}
