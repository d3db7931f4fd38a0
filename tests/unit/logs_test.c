/* SPDX-License-Identifier: MIT */
/* Vendor Debug: bounded, whole lines, the newest ones. Component State Dump: true, kept, whole. */
#include <errno.h>

#include "rig.h"

#define DEBUG_SIZE 16384u
#define DUMP_SIZE 4096u
#define HEADER 0x40u

static const uint8_t uuids[][16] = {
#define LOG_UUID(id, name, ...) {__VA_ARGS__},
#include "tbl/uuids.tbl.h"
};
enum { CEL, DEBUG, DUMP };

static struct test_device t, shadow;
static char text[DEBUG_SIZE + 1];

static void begin(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, SWCXL_CAPACITY_UNIT);

	test_device_open(&t, &c);
	test_device_open(&shadow, &c);
	t.shadow = shadow.dev;
}

static void end(void)
{
	CHECK(!t.shadow_error && test_same_state(t.dev, shadow.dev) && rig_saves_well(&t));
	test_device_close(&t);
	test_device_close(&shadow);
}

static unsigned get(unsigned log, uint32_t offset, uint32_t len)
{
	uint8_t in[24];

	memcpy(in, uuids[log], 16);
	le_store(in + 16, 4, offset);
	le_store(in + 20, 4, len);
	return rig_run(&t, 0x0401, in, sizeof(in));
}

/* All of a log, in parts. */
static void read_all(unsigned log, uint32_t size, uint32_t part)
{
	for (uint32_t at = 0; at < size; at += part) {
		CHECK(get(log, at, MIN(part, size - at)) == SWCXL_SUCCESS);
		CHECK(rig_len == MIN(part, size - at));
		memcpy(text + at, rig_out, rig_len);
	}
	text[size] = '\0';
}

/* ---- Vendor Debug ---- */

/* Every line is whole and later than the one before; returns how many there are. */
static unsigned check_lines(void)
{
	unsigned n = 0;
	double last = -1, now;

	for (char *line = text; *line; n++) {
		char *newline = strchr(line, '\n');

		CHECK(newline && sscanf(line, "[%lf] ", &now) == 1 && now >= last);
		last = now;
		line = newline + 1;
	}
	for (size_t at = strlen(text); at < DEBUG_SIZE; at++)
		CHECK(!text[at]);
	return n;
}

static void the_newest_lines_are_kept(void)
{
	char expected[80];
	unsigned fewest = UINT32_MAX;

	begin();
	for (unsigned i = 0; i < 2000; i++) {
		swcxl_advance(t.dev, i * 1000);
		CHECK(rig_run(&t, 0xc000 + i, NULL, 0) == SWCXL_UNSUPPORTED);
		if (i % 7)
			continue;
		read_all(DEBUG, DEBUG_SIZE, 4096);
		snprintf(expected, sizeof(expected), "[0.%09u] control1 %04x: Unsupported\n",
			 i * 1000, 0xc000 + i);
		CHECK(strlen(text) >= strlen(expected) &&
		      !strcmp(text + strlen(text) - strlen(expected), expected));
		if (i > 400)
			fewest = MIN(fewest, check_lines());
	}
	CHECK(fewest > DEBUG_SIZE / 2 / strlen(expected) - 2);
	end();
}

/* A host that asks again and again does not push out what matters. */
static void repeated_lines_are_counted(void)
{
	begin();
	swcxl_reset(t.dev, SWCXL_RESET_CXL);
	for (unsigned i = 0; i < 100000; i++)
		rig_run(&t, 0xc000, NULL, 0);
	read_all(DEBUG, DEBUG_SIZE, 1000);
	CHECK(!strcmp(text, "[0.000000000] reset: CXL\n"
			    "[0.000000000] control1 c000: Unsupported, 100000 times\n"));
	end();
}

static void firmware_and_resets_are_told(void)
{
	uint8_t in[0x100] = {0, 2, [0x80] = 1};

	begin();
	CHECK(rig_run(&t, 0x0201, in, sizeof(in)) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, NS_PER_S);
	CHECK(rig_run(&t, 0x0202, "\1\2", 2) == SWCXL_SUCCESS);
	in[0] = 1;
	CHECK(rig_run(&t, 0x0201, in, sizeof(in)) == SWCXL_SUCCESS);
	swcxl_advance(t.dev, 40 * NS_PER_S);
	swcxl_reset(t.dev, SWCXL_RESET_ATTACH);
	read_all(DEBUG, DEBUG_SIZE, 4096);
	CHECK(check_lines() == 7);
	CHECK(strstr(text, "[0.000000000] background 0201 transfer_fw: started\n"));
	CHECK(strstr(text, "[1.000000000] background 0201 transfer_fw: Success at 100 %\n"));
	CHECK(strstr(text, "[1.000000000] firmware: slot 2, fw-"));
	CHECK(strstr(text, ", is filled\n") && strstr(text, ", is staged\n"));
	CHECK(strstr(text, "[31.000000000] firmware: no part came for 30 s"));
	CHECK(strstr(text, "[40.000000000] reset: attach\n") && strstr(text, ", is active\n"));
	end();
}

/* ---- Component State Dump ---- */

static uint64_t value(const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text + HEADER; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, name, len) && line[len] == '=')
			return strtoull(line + len + 1, NULL, 10);
	fprintf(stderr, "no %s\n", name);
	CHECK(false);
	return 0;
}

static void populate(void)
{
	CHECK(rig_run(&t, 0x0404, uuids[DUMP], 16) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, swcxl_now(t.dev) + NS_PER_S);
	CHECK(t.last.opcode == 0x0404 && t.last.rc == SWCXL_SUCCESS);
	read_all(DUMP, DUMP_SIZE, 900);
	CHECK(strlen(text + HEADER) == le_load(text, 4));
}

static void it_says_what_is_true(void)
{
	struct swcxl_status st;

	begin();
	CHECK(!rig_plant(&t, 5, 3, true) && !rig_plant(&t, 100, 1, false));
	CHECK(!rig_inject(&t, 4));
	CHECK(rig_run(&t, 0xc000, NULL, 0) == SWCXL_UNSUPPORTED);
	CHECK(rig_scan(&t, 0, 64, false) == SWCXL_BACKGROUND_STARTED);
	swcxl_advance(t.dev, 16000);
	CHECK(rig_run(&t, 0x0005, NULL, 0) == SWCXL_SUCCESS);
	swcxl_reset(t.dev, SWCXL_RESET_CXL);
	populate();
	st = rig_status(&t);
	CHECK(value("commands") == 5 && value("commands-refused") == 1 && value("resets") == 1);
	CHECK(value("poison-list.count") == st.list.count && st.list.count > 0);
	CHECK(value("media.poisoned-lines") == st.poisoned_lines && st.poisoned_lines > 0);
	CHECK(value("media.ranges") == st.ranges && value("scan.position") == 32 * 64);
	CHECK(value("scan-results") == st.scan.results && value("background.running") == 1);
	CHECK(value("background.opcode") == 0x0404 && value("media.status") == 1);
	CHECK(value("logs.failure.count") >= 1 && value("firmware.active") == 1);
	CHECK(value("repair.spares.rank") == st.repair.spares[SWCXL_REPAIR_RANK]);
	CHECK(value("health.temperature") == 25 && value("health.media-status") == 0);
	CHECK(value("partitions.persistent.length") == SWCXL_CAPACITY_UNIT);
	end();
}

/* With the largest numbers there is room to spare. */
static void it_has_room_for_all(void)
{
	unsigned lines = 0;

	begin();
	populate();
	for (const char *line = text + HEADER; *line; line = strchr(line, '\n') + 1)
		CHECK(strchr(line, '=') && strchr(line, '\n'));
	for (const char *p = text + HEADER; *p; p++)
		lines += *p == '\n';
	CHECK(le_load(text, 4) + 20 * lines < DUMP_SIZE - HEADER);
	CHECK(value("logs.fatal.lost") == 0); /* the last one */
	end();
}

static void fatal(unsigned n)
{
	struct swcxl_event_header header = {.uuid = {1}};

	while (n--)
		CHECK(!swcxl_event_inject(t.dev, SWCXL_LOG_FATAL, &header, NULL, 0));
}

static void it_outlives_power(void)
{
	struct test_device later;
	struct rig_copy copy = {.to = &later};
	uint8_t before[DUMP_SIZE];
	struct test_device saved;

	begin();
	fatal(3);
	read_all(DUMP, DUMP_SIZE, 4096);
	CHECK(text[4] == 3 && text[5] == SWCXL_LOG_FATAL && le_load(text + 6, 2) == 1);
	CHECK(value("logs.fatal.count") == 1);
	memcpy(before, text, sizeof(before));

	test_device_open(&later, swcxl_get_config(t.dev));
	swcxl_save(t.dev, rig_apply, &copy);
	CHECK(!copy.error);
	swcxl_reset(later.dev, SWCXL_RESET_COLD);
	saved = t;
	t = later;
	CHECK(get(DUMP, HEADER, 8) == SWCXL_INVALID_INPUT);
	read_all(DUMP, DUMP_SIZE, 4096);
	CHECK(!memcmp(before, text, sizeof(before)));
	fatal(1); /* still only counted */
	read_all(DUMP, DUMP_SIZE, 4096);
	CHECK(text[4] == 4 && !memcmp(before + 5, text + 5, sizeof(before) - 5));
	t = saved;
	test_device_close(&later);
	end();
}

/* A full log takes no record, and then nothing has happened that could be looked up. */
static void what_is_lost_triggers_nothing(void)
{
	struct swcxl_config c = rig_config(SWCXL_CAPACITY_UNIT, 0);

	c.event_log_max = 1;
	test_device_open(&t, &c);
	fatal(5);
	read_all(DUMP, DUMP_SIZE, 4096);
	CHECK(text[4] == 1);
	test_device_close(&t);
}

static void what_no_device_has_dumped_is_refused(void)
{
	uint8_t bytes[DUMP_SIZE] = {0};
	struct swcxl_change change = {
		.kind = SWCXL_CHANGE_SETTING, .start = 9, .length = sizeof(bytes), .data = bytes};

	begin();
	bytes[0] = 0xc1, bytes[1] = 0x0f; /* a byte more than there is */
	CHECK(swcxl_apply(t.dev, &change) == -EINVAL);
	bytes[0] = 0xc0;
	CHECK(!swcxl_apply(t.dev, &change) && !swcxl_apply(shadow.dev, &change));
	bytes[5] = SWCXL_LOGS;
	CHECK(swcxl_apply(t.dev, &change) == -EINVAL);
	bytes[5] = 0, bytes[0x20] = 2;
	CHECK(swcxl_apply(t.dev, &change) == -EINVAL);
	change.length--;
	bytes[0x20] = 0;
	CHECK(swcxl_apply(t.dev, &change) == -EINVAL);
	end();
}

int main(void)
{
	RUN(the_newest_lines_are_kept);
	RUN(repeated_lines_are_counted);
	RUN(firmware_and_resets_are_told);
	RUN(it_says_what_is_true);
	RUN(it_has_room_for_all);
	RUN(it_outlives_power);
	RUN(what_is_lost_triggers_nothing);
	RUN(what_no_device_has_dumped_is_refused);
	return test_done();
}
