/* SPDX-License-Identifier: MIT */
/*
 * From the command table: every command at every length on every channel, in each state that rows
 * speak of. What the rows say comes in their order, an error changes nothing, and outputs are as
 * output.h says. All states, at few lengths, are state_sweep.c.
 */
#include "sweep.h"

static const char *const channel_names[] = {"primary", "secondary", "control"};
static uint8_t sweep_in[PAYLOAD_MAX + 2];
static struct test_device t;
static enum state { QUIET, SCANNING, DISABLED, LOCKED, FROZEN, STATES } state;
static const char *const state_names[] = {"nothing running", "a scan running", "media disabled",
					  "persistent memory locked", "security frozen"};
static uint64_t last_state;
static bool refused; /* the last command, by its row */
static unsigned fills = 3;

/* A scan that does not end by itself. */
static void start_scan(void)
{
	uint8_t in[17] = {0};

	in[9] = 1;
	CHECK(run_on(&t, CHANNEL_CONTROL, 0x4304, in, sizeof(in)) == SWCXL_BACKGROUND_STARTED);
}

/* Back to the state that is swept in: what has begun comes to its end, but for scans, whose time
 * never comes. */
static void settle(void)
{
	struct swcxl_status st;

	swcxl_query(t.dev, &st);
	if (!st.background.running && state == SCANNING)
		start_scan();
	if (st.background.running && state != SCANNING) {
		if (st.scan.running || state == DISABLED)
			run_on(&t, CHANNEL_CONTROL, 0x0005, NULL, 0);
		swcxl_advance(t.dev, swcxl_now(t.dev) + 100 * NS_PER_S);
	}
	last_state = fingerprint(t.dev);
}

/* A passphrase that no input of a sweep has. */
static void lock(void)
{
	struct set_passphrase_in in = {.type = PASSPHRASE_USER};

	memset(in.new, 0x77, sizeof(in.new));
	CHECK(run_on(&t, CHANNEL_CONTROL, 0x4501, &in, sizeof(in)) == SWCXL_SUCCESS);
	swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
}

/* Extents of more than a page of a small payload, and offers that wait. */
static void begin_dc(void)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	uint64_t top = c->volatile_size + c->persistent_size;

	for (unsigned i = 0; i < 8 && c->dc_regions; i++) {
		unsigned region = i % c->dc_regions;

		offer_blocks(&t, region, 32 + 2 * i, 1);
		CHECK(!answer_blocks(&t, CHANNEL_CONTROL, 0x4802,
				     top + region * c->dc_region_size +
					     (32 + 2 * i) * c->dc_block_size,
				     c->dc_block_size));
	}
	for (unsigned i = 0; i < c->dc_regions; i++)
		offer_blocks(&t, i, 64, 2);
}

/* List, results and logs have more than a page of a small payload. */
static void begin(struct swcxl_config c, enum state in)
{
	c.volatile_size = c.persistent_size = UNIT;
	c.scan_ns_per_line = 1ull << 40;
	c.event_log_max = 24;
	test_device_open(&t, &c);
	for (unsigned i = 0; i < 100; i++)
		CHECK(!swcxl_plant(t.dev, i * 0x80, 64, (enum swcxl_source)(i % 3), i % 4, false));
	start_scan();
	swcxl_advance(t.dev, 1ull << 60);
	state = in;
	if (state == DISABLED)
		run_on(&t, CHANNEL_CONTROL, 0x4400, NULL, 0);
	if (state == LOCKED)
		lock();
	if (state == FROZEN)
		run_on(&t, CHANNEL_CONTROL, 0x4504, NULL, 0);
	begin_dc();
	settle();
}

/* What the row alone says; SUCCESS: it is up to the command. */
static unsigned expected(const struct row *row, unsigned channel, uint32_t len)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	uint32_t max = row->tail == TAIL ? c->payload_size : row->size + row->tail;

	if ((row->rules & NEEDS_LSA && !c->lsa_size) || (row->rules & NEEDS_DC && !c->dc_regions) ||
	    (row->rules & NEEDS_PARTITIONABLE && !c->partitionable_size))
		return SWCXL_UNSUPPORTED;
	if (channel == CHANNEL_PRIMARY && row->rules & OFF_MAILBOX)
		return SWCXL_UNSUPPORTED_MAILBOX;
	if (channel == CHANNEL_SECONDARY && !(row->rules & ON_SECONDARY))
		return SWCXL_UNSUPPORTED_MAILBOX;
	if (len < row->min || len > MIN(max, c->payload_size))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (state == SCANNING &&
	    (row->effects & EFF_BACKGROUND ||
	     (row->rules & SCAN_RULES && c->during_scan == SWCXL_DURING_SCAN_BUSY)))
		return SWCXL_BUSY;
	if (state == DISABLED && row->rules & NEEDS_MEDIA && !(row->rules & DISABLED_TOO))
		return SWCXL_MEDIA_DISABLED;
	if ((state == LOCKED && row->rules & NEEDS_UNLOCKED) ||
	    (state == FROZEN && row->rules & NOT_FROZEN))
		return SWCXL_INVALID_SECURITY_STATE;
	return SWCXL_SUCCESS;
}

/* What a handler may return, by its row. */
static bool own_code(const struct row *row, unsigned rc)
{
	return rc == SWCXL_SUCCESS || row->codes >> rc & 1 ||
	       (rc == SWCXL_BACKGROUND_STARTED && row->effects & EFF_BACKGROUND);
}

/*
 * What the rows refuse is compared with the state at the end of the last command that ran; a
 * command that refuses by itself, with the state before it.
 */
static void one(const struct row *row, unsigned channel, const uint8_t *in, uint32_t len)
{
	unsigned want = expected(row, channel, len), rc;
	bool ok;

	if (!want && refused)
		CHECK(fingerprint(t.dev) == last_state);
	refused = want;
	rc = run_on(&t, channel, row->opcode, in, len);
	ok = want ? rc == want : own_code(row, rc);
	if (!ok)
		fprintf(stderr, "%s, %u bytes, %s, %s: %04xh, not %04xh\n", row->name, len,
			channel_names[channel], state_names[state], rc, want);
	CHECK(ok);
	if (want)
		return;
	/* wrong passphrases are counted */
	if (rc != SWCXL_SUCCESS && rc != SWCXL_BACKGROUND_STARTED &&
	    rc != SWCXL_INCORRECT_PASSPHRASE)
		CHECK(fingerprint(t.dev) == last_state);
	else
		settle();
}

/* All lengths in the first state, else up to 300, then in steps; at and around the payload; the
 * most that a command register can say. */
static uint32_t next_length(uint32_t len, uint32_t payload)
{
	if (len < (state == QUIET ? payload : 300))
		return len + 1;
	if (len < payload - 1)
		return MIN(len + 97, payload - 1);
	return len <= payload + 1 ? len + 1 : 0x1fffff;
}

static void sweep(const struct row *row, unsigned channel)
{
	static const int fill[] = {0x00, 0xff, 0x01};
	uint32_t payload = swcxl_get_config(t.dev)->payload_size;

	for (unsigned f = 0; f < fills; f++) {
		memset(sweep_in, fill[f], sizeof(sweep_in));
		for (uint32_t len = 0; len <= 0x1fffff; len = next_length(len, payload)) {
			/* the control channel is given all that it is told of */
			if (channel == CHANNEL_CONTROL && len > sizeof(sweep_in))
				break;
			if (!f || expected(row, channel, len) != SWCXL_INVALID_PAYLOAD_LENGTH)
				one(row, channel, sweep_in, len);
			if (len == 0x1fffff)
				break;
		}
	}
}

/* In the first so many states, rows with one of these rules; 0: all of them. */
static void sweep_all(struct swcxl_config c, unsigned states, unsigned rules)
{
	for (unsigned in = QUIET; in < states; in++) {
		begin(c, in);
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
			for (unsigned channel = 0; channel < 3; channel++)
				if (!rules || rows[i].rules & rules)
					sweep(&rows[i], channel);
		CHECK(fingerprint(t.dev) == last_state);
		test_device_close(&t);
	}
}

static void every_command_at_every_length(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.payload_size = 1024;
	c.lsa_size = 1280;
	c.dc_regions = 2;
	c.dc_region_size = UNIT;
	sweep_all(c, STATES, 0);
}

static void with_the_smallest_payload_strictly(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.payload_size = 256;
	c.strict = true;
	c.revision = SWCXL_CXL_2_0;
	c.during_scan = SWCXL_DURING_SCAN_BUSY;
	sweep_all(c, SCANNING + 1, 0);
}

static void with_the_usual_payload(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.lsa_size = 8192;
	fills = 1;
	sweep_all(c, QUIET + 1, 0);
	fills = 3;
}

/* Eight regions' structures and the counters are more than the smallest payload holds. */
static void dynamic_capacity_at_every_length(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.payload_size = 256;
	c.dc_regions = 8;
	c.dc_region_size = UNIT;
	c.dc_flags[1] = SWCXL_DC_SHARABLE;
	c.dc_flags[2] = SWCXL_DC_NON_VOLATILE | SWCXL_DC_SANITIZE;
	sweep_all(c, STATES, NEEDS_DC);
	c.strict = true;
	c.revision = SWCXL_CXL_3_0;
	sweep_all(c, QUIET + 1, NEEDS_DC);
}

/* An offer that waits; the extent that the input releases, with nothing waiting. */
static void prepare_dc(unsigned opcode)
{
	const struct swcxl_config *c = swcxl_get_config(t.dev);
	uint8_t in[8] = {0};

	while (!run_on(&t, CHANNEL_CONTROL, 0x4802, in, sizeof(in)))
		;
	offer_blocks(&t, 0, 0, 1);
	if (opcode == 0x4803)
		CHECK(!answer_blocks(&t, CHANNEL_CONTROL, 0x4802,
				     c->volatile_size + c->persistent_size, c->dc_block_size));
}

/* What a row's input wants before it. */
static void prepare(unsigned opcode)
{
	const struct row *set = row_of(0x4501);
	uint8_t in[ROW_INPUT_MAX];
	uint32_t len = row_input(set, in);

	if (opcode == 0x4502 || opcode == 0x4503)
		CHECK(run_on(&t, CHANNEL_CONTROL, 0x4501, in, len) == SWCXL_SUCCESS);
	if (opcode == 0x4503 || opcode == 0x4505) /* locks; ends the freeze of 4504h */
		swcxl_reset(t.dev, SWCXL_RESET_COLD);
	if (opcode == 0x4802 || opcode == 0x4803)
		prepare_dc(opcode);
}

/* One valid message for each row, on each channel that has it. */
static void every_command_succeeds(void)
{
	struct swcxl_config c;

	swcxl_config_init(&c);
	c.payload_size = 256;
	c.lsa_size = 1280;
	c.dc_regions = 8;
	c.dc_region_size = UNIT;
	begin(c, QUIET);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		for (unsigned channel = 0; channel < 3; channel++) {
			uint8_t in[ROW_INPUT_MAX];
			uint32_t len = row_input(&rows[i], in);
			unsigned rc;

			if (expected(&rows[i], channel, len) || rows[i].opcode == 0x4600)
				continue;
			prepare(rows[i].opcode);
			rc = run_on(&t, channel, rows[i].opcode, in, len);
			if (rc > SWCXL_BACKGROUND_STARTED)
				fprintf(stderr, "%s, %s: %04xh\n", rows[i].name,
					channel_names[channel], rc);
			CHECK(rc == SWCXL_SUCCESS ||
			      (rc == SWCXL_BACKGROUND_STARTED && rows[i].effects & EFF_BACKGROUND));
			settle();
		}
	}
	test_device_close(&t);
}

/* Whatever is not in the table, whatever comes with it, changes nothing. */
static void every_other_opcode_is_unsupported(void)
{
	struct swcxl_config c;
	uint64_t before;

	swcxl_config_init(&c);
	begin(c, QUIET);
	before = fingerprint(t.dev);
	for (unsigned opcode = 0, i = 0; opcode <= UINT16_MAX; opcode++) {
		if (i < ARRAY_SIZE(rows) && rows[i].opcode == opcode) {
			i++;
			continue;
		}
		for (unsigned channel = 0; channel < 3; channel++)
			CHECK(run_on(&t, channel, opcode, sweep_in, opcode % 100) ==
			      SWCXL_UNSUPPORTED);
	}
	CHECK(fingerprint(t.dev) == before);
	test_device_close(&t);
}

int main(void)
{
	RUN(every_command_succeeds);
	RUN(every_command_at_every_length);
	RUN(with_the_smallest_payload_strictly);
	RUN(with_the_usual_payload);
	RUN(dynamic_capacity_at_every_length);
	RUN(every_other_opcode_is_unsupported);
	return test_done();
}
