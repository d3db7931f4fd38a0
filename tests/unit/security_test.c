/* SPDX-License-Identifier: MIT */
/* Sanitize, media operations and security: what transcripts do not show. */
#include "rig.h"
#include "wire/registers.h"
#include "wire/security.h"

#define UNIT_LINES (SWCXL_CAPACITY_UNIT / 64)
#define SANITIZE 0x4400
#define RANGES_MAX 200

static struct test_device t, shadow;

static void begin(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	c.lsa_size = 1280;
	c.sanitize_ns = 1000;
	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
}

static void end(void)
{
	CHECK(t.shadow_error == 0 && test_same_state(t.dev, shadow.dev) && rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

static void forward(uint64_t ns)
{
	swcxl_advance(t.dev, swcxl_now(t.dev) + ns);
}

/* The machine goes off and on: another device takes what this one has kept. */
static void power_cycle(void)
{
	struct test_device fresh;
	struct rig_copy copy = {.to = &fresh};

	test_device_open(&fresh, swcxl_get_config(t.dev));
	swcxl_save(t.dev, rig_apply, &copy);
	CHECK(!copy.error);
	t.shadow = NULL;
	test_device_close(&t);
	test_device_close(&shadow);
	test_device_open(&t, swcxl_get_config(fresh.dev));
	test_device_open(&shadow, swcxl_get_config(fresh.dev));
	copy.to = &t;
	swcxl_save(fresh.dev, rig_apply, &copy);
	copy.to = &shadow;
	swcxl_save(fresh.dev, rig_apply, &copy);
	CHECK(!copy.error);
	test_device_close(&fresh);
	t.shadow = shadow.dev;
	swcxl_reset(t.dev, SWCXL_RESET_COLD);
}

/* ---- commands ---- */

static unsigned passphrase(unsigned opcode, uint8_t type, uint8_t current, uint8_t new)
{
	struct set_passphrase_in in = {.type = type};

	memset(in.current, current, sizeof(in.current));
	memset(in.new, new, sizeof(in.new));
	if (opcode == 0x4503)
		return rig_run(&t, opcode, in.current, sizeof(in.current));
	return rig_run(&t, opcode, &in,
		       opcode == 0x4501 ? sizeof(in) : sizeof(struct passphrase_in));
}

static unsigned operate(uint8_t subclass, const uint64_t lines[][2], uint32_t n)
{
	uint8_t in[8 + 16 * RANGES_MAX] = {MEDIA_OPERATION_SANITIZE, subclass};
	struct media_operation_range *range = (void *)(in + 8);

	wr(&((struct media_operations_in *)in)->ranges, n);
	for (uint32_t i = 0; i < n; i++) {
		wr(&range[i].start, lines[i][0] * 64);
		wr(&range[i].length, lines[i][1] * 64);
	}
	return rig_run(&t, 0x4402, in, 8 + 16 * n);
}

static bool holds(uint64_t line, uint8_t byte)
{
	uint8_t data[64], want[64];

	memset(want, byte, sizeof(want));
	CHECK(!swcxl_media_read(t.dev, line * 64, data, sizeof(data)));
	return memcmp(data, want, sizeof(data)) == 0;
}

static void fill(uint64_t line, uint8_t byte)
{
	uint8_t data[64];

	memset(data, byte, sizeof(data));
	CHECK(!swcxl_media_write(t.dev, line * 64, data, sizeof(data)));
}

/* ---- sanitize ---- */

static uint32_t memory_status(void)
{
	uint8_t b[8];

	swcxl_bar_read(t.dev, SWCXL_BAR_DEVICE, 0x10100, b, 8); /* memory device status */
	return (uint32_t)le_load(b, 4);
}

/* 8.2.9.5: disabled, and some reset needed, for as long as it lasts. */
static void the_register_shows_disabled_media(void)
{
	begin();
	CHECK(MEMDEV_MEDIA(memory_status()) == MEMDEV_MEDIA_READY);
	CHECK(!MEMDEV_RESET_NEEDED(memory_status()));
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	CHECK(MEMDEV_MEDIA(memory_status()) == MEMDEV_MEDIA_DISABLED);
	CHECK(MEMDEV_RESET_NEEDED(memory_status()));
	forward(999);
	CHECK(MEMDEV_MEDIA(memory_status()) == MEMDEV_MEDIA_DISABLED);
	forward(1);
	CHECK(MEMDEV_MEDIA(memory_status()) == MEMDEV_MEDIA_READY);
	CHECK(!MEMDEV_RESET_NEEDED(memory_status()));
	end();
}

/* One big step of the clock, or none of it, makes no difference to when it ends. */
static void it_ends_at_its_own_time(void)
{
	begin();
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	CHECK(swcxl_advance(t.dev, 10) == 1000);
	forward(1000000);
	CHECK(rig_status(&t).background.percent == 100 && t.last.percent == 100);
	CHECK(t.notices[SWCXL_NOTICE_BACKGROUND_COMPLETED] == 1);
	end();
}

/* Nobody who started it has to be there: a control connection ends, and it goes on. */
static void it_outlives_its_channel(void)
{
	begin();
	fill(5, 1);
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	swcxl_cci_free(t.cci);
	t.cci = swcxl_cci_new(t.dev);
	forward(1000);
	CHECK(rig_status(&t).media_status == MEMDEV_MEDIA_READY && holds(5, 0));
	end();
}

/* Loss of power in the middle: disabled from then on, until one succeeds. */
static void disabled_media_outlast_power(void)
{
	begin();
	fill(UNIT_LINES, 7);
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	forward(500);
	for (unsigned i = 0; i < 3; i++) {
		power_cycle();
		CHECK(rig_status(&t).media_status == MEMDEV_MEDIA_DISABLED);
		CHECK(!rig_status(&t).background.running && !rig_status(&t).background.opcode);
		CHECK(rig_list(&t, 0, 64, true) == SWCXL_MEDIA_DISABLED);
		forward(5000);
	}
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	forward(1000);
	power_cycle();
	CHECK(rig_status(&t).media_status == MEMDEV_MEDIA_READY && holds(UNIT_LINES, 0));
	end();
}

/* Hosts reach nothing: they find no error, clear none, and learn nothing; the same each time. */
static void hosts_reach_nothing_of_disabled_media(void)
{
	uint8_t a[256], b[256];

	begin();
	fill(10, 0x11);
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	CHECK(!rig_plant(&t, 11, 1, false));
	CHECK(!rig_plant(&t, 12, 1, true));
	CHECK(!swcxl_media_read(t.dev, 640, a, sizeof(a)));
	CHECK(!swcxl_media_read(t.dev, 640, b, sizeof(b)));
	CHECK(memcmp(a, b, sizeof(a)) == 0 && memcmp(a, a + 64, 64) != 0);
	CHECK(!holds(10, 0x11) && !holds(10, 0));
	CHECK(!swcxl_known_poison(t.dev, 640, 128));
	fill(12, 0x22);
	CHECK(swcxl_known_poison(t.dev, 768, 64) && rig_status(&t).poisoned_lines == 2);
	CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
	CHECK(!holds(10, 0x11) && rig_status(&t).content_bytes == 64);
	CHECK(rig_run(&t, SANITIZE, NULL, 0) == SWCXL_BACKGROUND_STARTED);
	forward(1000);
	CHECK(holds(10, 0) && holds(12, 0) && !rig_status(&t).poisoned_lines);
	end();
}

/* ---- media operations ---- */

/* What it was told is its own: the payload may be written to meanwhile. Memory is bounded by the
 * payload, and nothing happens without it. */
static void ranges_are_copied(void)
{
	const uint64_t some[][2] = {{5, 2}, {20, 1}};

	begin();
	for (unsigned i = 0; i < 30; i++)
		fill(i, 9);
	t.fail_after = 0;
	CHECK(operate(MEDIA_SANITIZE_ZERO, some, 2) == SWCXL_INTERNAL_ERROR);
	t.fail_after = -1;
	CHECK(!rig_status(&t).background.running && !rig_status(&t).background.opcode);
	CHECK(operate(MEDIA_SANITIZE_ZERO, some, 2) == SWCXL_BACKGROUND_STARTED);
	memset(rig_out, 0xff, 256);
	forward(1000);
	for (unsigned i = 0; i < 30; i++)
		CHECK(holds(i, i == 5 || i == 6 || i == 20 ? 0 : 9));
	end();
}

/* Poison that is planted, and data that are written, before the end are in the way of it too. */
static void it_acts_at_its_end(void)
{
	const uint64_t some[][2] = {{5, 2}};

	begin();
	CHECK(operate(MEDIA_SANITIZE_SANITIZE, some, 1) == SWCXL_BACKGROUND_STARTED);
	fill(5, 3);
	CHECK(!rig_plant(&t, 6, 1, true));
	forward(999);
	CHECK(holds(5, 3) && rig_status(&t).list.count == 1);
	forward(1);
	CHECK(holds(5, 0) && rig_status(&t).list.count == 0);
	end();
}

/* The end finds no memory: Internal Error, and a device that makes sense. */
static bool end_without_memory(long n)
{
	uint64_t gaps[RANGES_MAX][2];
	bool failed;

	begin();
	CHECK(!rig_plant(&t, 0, 4 * RANGES_MAX, true));
	for (unsigned i = 0; i < RANGES_MAX; i++) {
		gaps[i][0] = 4 * i + 1;
		gaps[i][1] = 1;
	}
	CHECK(operate(MEDIA_SANITIZE_ZERO, gaps, RANGES_MAX) == SWCXL_BACKGROUND_STARTED);
	t.fail_after = n;
	forward(1000);
	t.fail_after = -1;
	failed = t.last.rc == SWCXL_INTERNAL_ERROR;
	CHECK(failed || t.last.rc == SWCXL_SUCCESS);
	CHECK(rig_status(&t).list.count <= rig_status(&t).list.max);
	for (unsigned i = 0; !failed && i < RANGES_MAX; i++)
		CHECK(!swcxl_known_poison(t.dev, gaps[i][0] * 64, 64));
	end();
	return failed;
}

static void the_end_may_find_no_memory(void)
{
	unsigned failures = 0;

	for (long n = 0; n < 60; n++)
		failures += end_without_memory(n);
	CHECK(failures > 0 && failures < 60);
}

/* A device goes away in the middle of one. */
static void a_device_goes_away(void)
{
	const uint64_t some[][2] = {{0, 2 * UNIT_LINES}};

	begin();
	CHECK(operate(MEDIA_SANITIZE_ZERO, some, 1) == SWCXL_BACKGROUND_STARTED);
	end();
}

/* ---- security ---- */

static void passphrases_outlast_power(void)
{
	begin();
	fill(UNIT_LINES + 3, 0x44);
	CHECK(passphrase(0x4501, PASSPHRASE_MASTER, 0, 0xbb) == SWCXL_SUCCESS);
	CHECK(passphrase(0x4501, PASSPHRASE_USER, 0, 0xaa) == SWCXL_SUCCESS);
	CHECK(passphrase(0x4501, PASSPHRASE_USER, 1, 1) == SWCXL_INCORRECT_PASSPHRASE);
	CHECK(rig_run(&t, 0x4504, NULL, 0) == SWCXL_SUCCESS);
	CHECK(rig_status(&t).security ==
	      (SECURITY_USER_SET | SECURITY_MASTER_SET | SECURITY_FROZEN));
	power_cycle();
	/* locked; what only power keeps has gone, the count of wrong ones with it */
	CHECK(rig_status(&t).security ==
	      (SECURITY_USER_SET | SECURITY_MASTER_SET | SECURITY_LOCKED));
	CHECK(!holds(UNIT_LINES + 3, 0x44));
	CHECK(passphrase(0x4503, 0, 1, 0) == SWCXL_INCORRECT_PASSPHRASE);
	CHECK(passphrase(0x4503, 0, 2, 0) == SWCXL_INCORRECT_PASSPHRASE);
	CHECK(passphrase(0x4503, 0, 0xaa, 0) == SWCXL_SUCCESS && holds(UNIT_LINES + 3, 0x44));
	CHECK(passphrase(0x4502, PASSPHRASE_USER, 0xaa, 0) == SWCXL_SUCCESS);
	power_cycle();
	CHECK(rig_status(&t).security == SECURITY_MASTER_SET);
	CHECK(passphrase(0x4502, PASSPHRASE_MASTER, 0xbb, 0) == SWCXL_SUCCESS);
	end();
}

/* Every length of a row of wrong ones, by every command, of either kind. */
static void three_in_a_row(void)
{
	static const unsigned by[] = {0x4501, 0x4502, 0x4503, 0x4505};

	for (unsigned n = 0; n < 5; n++) {
		for (unsigned i = 0; i < ARRAY_SIZE(by); i++) {
			begin();
			CHECK(!passphrase(0x4501, PASSPHRASE_USER, 0, 0xaa));
			swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
			for (unsigned k = 0; k < n; k++)
				CHECK(passphrase(by[(i + k) % ARRAY_SIZE(by)], PASSPHRASE_USER,
						 0xab,
						 0) == (k < 3 ? SWCXL_INCORRECT_PASSPHRASE
							      : SWCXL_INVALID_SECURITY_STATE));
			CHECK(!(rig_status(&t).security & SECURITY_USER_EXHAUSTED) == (n < 3));
			CHECK(passphrase(0x4503, 0, 0xaa, 0) ==
			      (n < 3 ? SWCXL_SUCCESS : SWCXL_INVALID_SECURITY_STATE));
			end();
		}
	}
}

/* Locked capacity is out of the reach of hosts; volatile capacity is not, up to the bound. */
static void hosts_reach_volatile_capacity_beside_what_is_locked(void)
{
	uint8_t data[128];

	begin();
	fill(UNIT_LINES, 0x55);
	CHECK(!rig_plant(&t, UNIT_LINES + 1, 1, false));
	CHECK(!passphrase(0x4501, PASSPHRASE_USER, 0, 0xaa));
	swcxl_reset(t.dev, SWCXL_RESET_CONVENTIONAL);
	fill(UNIT_LINES - 1, 0x66);
	CHECK(!swcxl_media_read(t.dev, (UNIT_LINES - 1) * 64, data, sizeof(data)));
	CHECK(data[0] == 0x66 && data[63] == 0x66 && !holds(UNIT_LINES, 0x55));
	CHECK(holds(UNIT_LINES - 1, 0x66));
	/* what is latent stays so; what would have been overwritten stays poisoned */
	fill(UNIT_LINES + 1, 0);
	CHECK(!swcxl_known_poison(t.dev, (UNIT_LINES + 1) * 64, 64));
	CHECK(rig_status(&t).poisoned_lines == 1);
	CHECK(!passphrase(0x4503, 0, 0xaa, 0) && holds(UNIT_LINES, 0x55));
	CHECK(holds(UNIT_LINES + 1, 0) && swcxl_known_poison(t.dev, (UNIT_LINES + 1) * 64, 64));
	end();
}

/* What is no state of security is not taken. */
static void states_that_no_device_has_are_refused(void)
{
	static const uint8_t wrong[] = {0x80, SECURITY_LOCKED, SECURITY_FROZEN,
					SECURITY_USER_EXHAUSTED};
	uint8_t kept[0x41];

	begin();
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct swcxl_change change = {.kind = SWCXL_CHANGE_SETTING,
					      .start = 4,
					      .length = sizeof(kept),
					      .data = kept};

		memset(kept, 0, sizeof(kept));
		kept[0] = wrong[i];
		CHECK(swcxl_apply(t.dev, &change) < 0 && !rig_status(&t).security);
	}
	end();
}

int main(void)
{
	RUN(the_register_shows_disabled_media);
	RUN(it_ends_at_its_own_time);
	RUN(it_outlives_its_channel);
	RUN(disabled_media_outlast_power);
	RUN(hosts_reach_nothing_of_disabled_media);
	RUN(ranges_are_copied);
	RUN(it_acts_at_its_end);
	RUN(the_end_may_find_no_memory);
	RUN(a_device_goes_away);
	RUN(passphrases_outlast_power);
	RUN(three_in_a_row);
	RUN(hosts_reach_volatile_capacity_beside_what_is_locked);
	RUN(states_that_no_device_has_are_refused);
	return test_done();
}
