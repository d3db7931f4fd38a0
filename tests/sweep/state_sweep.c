/* SPDX-License-Identifier: MIT */
/*
 * Every command, on every channel, in every state that can come before it: something busy, times
 * the media, times security, times a state file that cannot be written. What the device answers is
 * held against the table's rules in an order that is stated here once more, in expected(). That is
 * at the lengths where something ends, and for one valid message; every length, in fewer states,
 * is command_sweep.c. What refuses changes nothing.
 */
#include "sweep.h"

#define LONG (1ull << 50) /* ns: what has begun goes on */

static struct test_device t;
static uint8_t sweep_in[1024];

enum busy {
	IDLE,
	SCAN,
	SANITIZE,
	OPERATION,
	TRANSFER,
	ACTIVATION,
	POPULATION,
	MAINTENANCE,
	BACKGROUND = MAINTENANCE, /* up to here: an operation of this kind runs */
	REPLY_HELD,
	FW_PART,
	FEATURE_PART,
	LIMIT,
	BUSY_KINDS
};
enum media_state { READY, NOT_READY, ERROR, DISABLED, MEDIA_KINDS };
enum security_state { OPEN, USER, LOCKED, FROZEN, LOCKED_FROZEN, EXHAUSTED, SECURITY_KINDS };

static struct state {
	enum busy busy;
	enum media_state media;
	enum security_state security;
	bool unwritable;
} now;

static const char *const busy_names[] = {
	"idle",		"scan",		  "sanitize",	   "media operation",
	"verification", "activation",	  "population",	   "maintenance",
	"reply held",	"firmware begun", "feature begun", "inject limit"};
static const char *const media_names[] = {"ready", "not ready", "error", "disabled"};
static const char *const security_names[] = {"open",   "passphrase",	    "locked",
					     "frozen", "locked and frozen", "exhausted"};

/* ---- how states come to be ---- */

static bool does(unsigned opcode, const void *in, uint32_t len)
{
	return run_on(&t, CHANNEL_CONTROL, opcode, in, len) <= SWCXL_BACKGROUND_STARTED;
}

static bool does_row(unsigned opcode)
{
	uint8_t in[ROW_INPUT_MAX];
	uint32_t len = row_input(row_of(opcode), in);

	return does(opcode, in, len);
}

static bool disable(void)
{
	return does(0x4400, NULL, 0) && does(0x0005, NULL, 0);
}

/* A passphrase that no input of this sweep has. */
static void secure(enum security_state security)
{
	struct set_passphrase_in set = {.type = PASSPHRASE_USER};
	struct passphrase_in wrong = {.type = PASSPHRASE_USER};

	memset(set.new, 0x77, sizeof(set.new));
	if (security != OPEN && security != FROZEN)
		CHECK(does(0x4501, &set, sizeof(set)));
	if (security == LOCKED || security == LOCKED_FROZEN)
		swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
	if (security == FROZEN || security == LOCKED_FROZEN)
		CHECK(does(0x4504, NULL, 0));
	for (unsigned i = 0; security == EXHAUSTED && i < 3; i++)
		CHECK(run_on(&t, CHANNEL_CONTROL, 0x4502, &wrong, sizeof(wrong)) ==
		      SWCXL_INCORRECT_PASSPHRASE);
}

/* The primary mailbox waits for a commit. */
static bool hold_reply(void)
{
	const uint64_t command = 0x4000, ring = MBOX_CONTROL_DOORBELL;

	t.ticket = 1;
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, mailbox_at(t.dev, 0, MBOX_COMMAND), &command, 8);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, mailbox_at(t.dev, 0, MBOX_CONTROL), &ring, 4);
	t.ticket = 0;
	return read_mailbox(t.dev, 0, MBOX_CAPS) >> 32 & MBOX_CONTROL_DOORBELL;
}

static bool begin_part(unsigned opcode, unsigned action_at)
{
	uint8_t in[ROW_INPUT_MAX];
	uint32_t len = row_input(row_of(opcode), in);

	in[action_at] = 1; /* initiate */
	return does(opcode, in, len);
}

static bool activate(void)
{
	if (!does_row(0x0201))
		return false;
	swcxl_advance(t.dev, swcxl_now(t.dev) + LONG);
	return does(0x0202, (uint8_t[]){0, 2}, 2);
}

/* False: it cannot begin in this state. */
static bool occupy(enum busy busy)
{
	static const uint8_t zero[24] = {1, 1, 0, 0, 1, [17] = 0x10}; /* 4 KiB */
	static const uint8_t repair[14] = {1};

	switch (busy) {
	case SCAN:
		return does_row(0x4304);
	case SANITIZE:
		return does(0x4400, NULL, 0);
	case OPERATION:
		return does(0x4402, zero, sizeof(zero));
	case TRANSFER:
		return does_row(0x0201);
	case ACTIVATION:
		return activate();
	case POPULATION:
		return does_row(0x0404);
	case MAINTENANCE:
		return does(0x0600, repair, sizeof(repair));
	case REPLY_HELD:
		return hold_reply();
	case FW_PART:
		return begin_part(0x0201, 0);
	case FEATURE_PART:
		return begin_part(0x0502, 0x10);
	case LIMIT:
		return does(0x4301, (uint8_t[8]){0, 2}, 8);
	default:
		return true;
	}
}

static bool enter(const struct state *s)
{
	static const enum swcxl_fault_kind kinds[] = {
		[NOT_READY] = SWCXL_FAULT_MEDIA_NOT_READY, [ERROR] = SWCXL_FAULT_MEDIA_ERROR};
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.volatile_size = c.persistent_size = c.partitionable_size = UNIT;
	c.payload_size = 256;
	c.lsa_size = 1280;
	c.dc_regions = 1;
	c.dc_region_size = UNIT;
	c.event_log_max = 4;
	c.inject_limit = s->busy == LIMIT;
	c.during_scan = SWCXL_DURING_SCAN_BUSY;
	c.sanitize_ns = c.fw_ns = c.maintenance_ns = LONG;
	c.scan_ns_per_line = LONG;
	test_device_open(&t, &c);
	if (s->busy == REPLY_HELD && s->unwritable)
		return false; /* replies do not wait then */
	CHECK(!swcxl_plant(t.dev, 64 * 64, 64, SWCXL_SOURCE_INTERNAL, true, false));
	if (s->media == DISABLED && !disable())
		return false;
	secure(s->security);
	if (!occupy(s->busy))
		return false;
	if (s->media == NOT_READY || s->media == ERROR)
		CHECK(!swcxl_fault_add(t.dev, &(struct swcxl_fault){.kind = kinds[s->media]}));
	if (s->unwritable)
		swcxl_unwritable(t.dev, true);
	return true;
}

/* ---- what has to come of a command ---- */

static enum swcxl_rc state_of_media(void)
{
	static const enum swcxl_rc rc[] = {SWCXL_SUCCESS, SWCXL_RETRY_REQUIRED,
					   SWCXL_INTERNAL_ERROR, SWCXL_MEDIA_DISABLED};
	bool sanitized = now.media == READY && now.busy == SANITIZE; /* 8.2.10.9.5.1 */

	return rc[sanitized ? DISABLED : now.media];
}

static bool is_locked(void)
{
	return now.security == LOCKED || now.security == LOCKED_FROZEN;
}

static bool is_frozen(void)
{
	return now.security == FROZEN || now.security == LOCKED_FROZEN;
}

/* By its row; Success: the rest is the command's own business. */
static enum swcxl_rc expected(const struct row *row, unsigned channel, uint32_t len)
{
	uint32_t payload = swcxl_get_config(t.dev)->payload_size;
	uint32_t max = row->tail == TAIL ? payload : row->size + row->tail;
	bool disabled_too = row->rules & DISABLED_TOO && state_of_media() == SWCXL_MEDIA_DISABLED;

	if ((channel == CHANNEL_PRIMARY && row->rules & OFF_MAILBOX) ||
	    (channel == CHANNEL_SECONDARY && !(row->rules & ON_SECONDARY)))
		return SWCXL_UNSUPPORTED_MAILBOX;
	if (len < row->min || len > MIN(max, payload))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (row->effects & EFF_BACKGROUND && now.busy > IDLE && now.busy <= BACKGROUND)
		return SWCXL_BUSY;
	if (row->rules & SCAN_RULES && now.busy == SCAN)
		return SWCXL_BUSY;
	if (now.unwritable && row->effects && !(row->rules & NOT_KEPT))
		return SWCXL_INTERNAL_ERROR;
	if (row->rules & NEEDS_MEDIA && state_of_media() && !disabled_too)
		return state_of_media();
	if ((row->rules & NEEDS_UNLOCKED && is_locked()) ||
	    (row->rules & NOT_FROZEN && is_frozen()))
		return SWCXL_INVALID_SECURITY_STATE;
	return SWCXL_SUCCESS;
}

/* What the command itself says to a valid message; Success: not stated here. */
static enum swcxl_rc of_its_own(unsigned opcode)
{
	bool user = now.security != OPEN && now.security != FROZEN;

	if (opcode == 0x0201 && now.busy == FW_PART)
		return SWCXL_FW_TRANSFER_IN_PROGRESS;
	if (opcode == 0x0502 && now.busy == FEATURE_PART)
		return SWCXL_FEATURE_TRANSFER_IN_PROGRESS;
	if (opcode == 0x4301 && now.busy == LIMIT)
		return SWCXL_INJECT_POISON_LIMIT_REACHED;
	if (opcode == 0x4305 && now.busy == SCAN)
		return SWCXL_BUSY;
	if (opcode == 0x4400 && user)
		return SWCXL_INVALID_SECURITY_STATE;
	if ((opcode == 0x4501 || opcode == 0x4502 || opcode == 0x4505) && user)
		return is_locked() || now.security == EXHAUSTED ? SWCXL_SUCCESS
								: SWCXL_INCORRECT_PASSPHRASE;
	if (opcode == 0x4503) /* nothing to unlock, or the wrong key */
		return now.security == LOCKED ? SWCXL_INCORRECT_PASSPHRASE
					      : SWCXL_INVALID_SECURITY_STATE;
	return SWCXL_SUCCESS;
}

static bool own_code(const struct row *row, unsigned rc)
{
	return rc == SWCXL_SUCCESS || row->codes >> rc & 1 ||
	       (rc == SWCXL_BACKGROUND_STARTED && row->effects & EFF_BACKGROUND);
}

static void complain(const struct row *row, unsigned channel, uint32_t len, unsigned rc,
		     unsigned want)
{
	static const char *const channels[] = {"primary", "secondary", "control"};

	fprintf(stderr, "%s, %u bytes, %s; %s, media %s, security %s%s: %04xh, not %04xh\n",
		row->name, len, channels[channel], busy_names[now.busy], media_names[now.media],
		security_names[now.security], now.unwritable ? ", unwritable" : "", rc, want);
}

/* ---- the sweep ---- */

static uint64_t before;
static unsigned states;

/* What has changed the state has begun a new one. */
static void restore(void)
{
	test_device_close(&t);
	CHECK(enter(&now));
	before = fingerprint(t.dev);
}

/* A mailbox with a reply that is held is deaf. */
static void ring_deaf(const struct row *row, const uint8_t *in, uint32_t len)
{
	const uint64_t command = row->opcode | (uint64_t)len << 16, ring = MBOX_CONTROL_DOORBELL;
	uint64_t payload = swcxl_payload_offset(t.dev, 0);
	uint8_t was[256 + MBOX_PAYLOAD], is[sizeof(was)];

	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, payload - MBOX_PAYLOAD, was, sizeof(was));
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, payload, in, MIN(len, 256));
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, mailbox_at(t.dev, 0, MBOX_COMMAND), &command, 8);
	swcxl_bar_write(t.dev, SWCXL_BAR_DEVICE, mailbox_at(t.dev, 0, MBOX_CONTROL), &ring, 4);
	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, payload - MBOX_PAYLOAD, is, sizeof(is));
	CHECK(!memcmp(was, is, sizeof(was)));
}

static void one(const struct row *row, unsigned channel, const uint8_t *in, uint32_t len,
		bool valid)
{
	unsigned want = expected(row, channel, len), rc;
	bool own = !want && valid;

	if (now.busy == REPLY_HELD && channel == CHANNEL_PRIMARY) {
		ring_deaf(row, in, len);
		return;
	}
	rc = run_on(&t, channel, row->opcode, in, len);
	if (own)
		want = of_its_own(row->opcode);
	if (want ? rc != want : !own_code(row, rc)) {
		complain(row, channel, len, rc, want);
		CHECK(false); /* the state asks for another code */
	}
	if (want && !own)
		return;
	/* wrong passphrases are counted; part of a feature, and a channel's limit, do not show */
	if (rc == SWCXL_INCORRECT_PASSPHRASE || (rc == SWCXL_SUCCESS && row->opcode == 0x0502) ||
	    (rc == SWCXL_SUCCESS && row->opcode == 0x0004) ||
	    (rc <= SWCXL_BACKGROUND_STARTED && fingerprint(t.dev) != before))
		restore();
	else
		CHECK(fingerprint(t.dev) == before);
}

static void sweep(const struct row *row, unsigned channel)
{
	uint32_t payload = swcxl_get_config(t.dev)->payload_size;
	uint32_t max = row->tail == TAIL ? payload : MIN(row->size + row->tail, payload);
	const uint32_t lengths[] = {0, row->min - 1, max + 1, payload + 1, 0x1fffff};
	uint32_t len;

	memset(sweep_in, 0xff, sizeof(sweep_in));
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		len = lengths[i];
		if ((len >= row->min && len <= max) || len == UINT32_MAX ||
		    (channel == CHANNEL_CONTROL && len > sizeof(sweep_in)))
			continue;
		one(row, channel, sweep_in, len, false);
	}
	one(row, channel, sweep_in, row->min, false);
	one(row, channel, sweep_in, max, false);
	len = row_input(row, sweep_in);
	one(row, channel, sweep_in, len, true);
}

static void sweep_state(void)
{
	if (!enter(&now)) {
		test_device_close(&t);
		return;
	}
	states++;
	before = fingerprint(t.dev);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		for (unsigned channel = 0; channel < 3; channel++)
			sweep(&rows[i], channel);
	for (unsigned channel = 0; channel < 3; channel++)
		for (unsigned opcode = 0; opcode < 0x10000; opcode += 0x101)
			if (!row_of(opcode) && (now.busy != REPLY_HELD || channel))
				CHECK(run_on(&t, channel, opcode, sweep_in, opcode % 300) ==
				      SWCXL_UNSUPPORTED);
	CHECK(fingerprint(t.dev) == before);
	test_device_close(&t);
}

static void every_command_in_every_state(void)
{
	for (now.busy = 0; now.busy < BUSY_KINDS; now.busy++)
		for (now.media = 0; now.media < MEDIA_KINDS; now.media++)
			for (now.security = 0; now.security < SECURITY_KINDS; now.security++)
				for (unsigned i = 0; i < 2; i++) {
					now.unwritable = i;
					sweep_state();
				}
	CHECK(states > 400); /* of 576: not everything goes together */
}

int main(void)
{
	RUN(every_command_in_every_state);
	return test_done();
}
