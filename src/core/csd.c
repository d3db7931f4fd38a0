/* SPDX-License-Identifier: MIT */
/*
 * The Component State Dump (CXL r3.2 8.2.10.5.2.3): what the device was like when it was
 * populated, by Populate Log or, when nobody has cleared the log since the last such case, by a
 * record in the fatal log. It is kept over power loss, which is when it is wanted most.
 *
 * Its data is text, lines of name=value; the names are those of swcxl-query-device with dots
 * between the levels, numbers are decimal, sets of flags too. FORMAT says so. Lines may be added.
 */
#include <errno.h>

#include "base/text.h"
#include "core/cci.h"

#define POPULATE_NS (100 * NS_PER_MS)

static const uuid FORMAT = {{0x65, 0xd8, 0xe5, 0x51, 0x5b, 0x49, 0x47, 0x69, 0x8e, 0xee, 0xc7, 0xc1,
			     0x4a, 0x2e, 0x3a, 0x9b}};

/* ---- what it says ---- */

/* clang-format off */
#define SIZE(field) sizeof(((struct swcxl_status *)0)->field)
#define ROW(name, field) {name, offsetof(struct swcxl_status, field), SIZE(field)}
static const struct {
	const char *name;
	size_t offset, size;
} rows[] = {
	ROW("now", now_ns),
	ROW("timestamp", timestamp),
	ROW("partitions.volatile.length", volatile_part.length),
	ROW("partitions.persistent.length", persistent_part.length),
	ROW("security", security),
	ROW("media.status", media_status),
	ROW("media.poisoned-lines", poisoned_lines),
	ROW("media.injected-lines", injected_lines),
	ROW("media.ranges", ranges),
	ROW("media.content-bytes", content_bytes),
	ROW("poison-list.count", list.count),
	ROW("poison-list.max", list.max),
	ROW("poison-list.overflow", list.overflow),
	ROW("poison-list.overflow-timestamp", list.overflow_timestamp),
	ROW("scan.running", scan.running),
	ROW("scan.start", scan.start),
	ROW("scan.length", scan.length),
	ROW("scan.position", scan.position),
	ROW("scan-results", scan.results),
	ROW("scrub.enabled", scrub.enabled),
	ROW("scrub.cycle-hours", scrub.hours),
	ROW("scrub.position", scrub.position),
	ROW("repair.permanent-lines", repair.permanent_lines),
	ROW("repair.spares.sppr", repair.spares[SWCXL_REPAIR_SPPR]),
	ROW("repair.spares.hppr", repair.spares[SWCXL_REPAIR_HPPR]),
	ROW("repair.spares.cacheline", repair.spares[SWCXL_REPAIR_CACHELINE]),
	ROW("repair.spares.row", repair.spares[SWCXL_REPAIR_ROW]),
	ROW("repair.spares.bank", repair.spares[SWCXL_REPAIR_BANK]),
	ROW("repair.spares.rank", repair.spares[SWCXL_REPAIR_RANK]),
	ROW("background.opcode", background.opcode),
	ROW("background.percent", background.percent),
	ROW("background.return-code", background.rc),
	ROW("background.running", background.running),
	ROW("firmware.active", firmware.active),
	ROW("firmware.staged", firmware.staged),
	ROW("firmware.transferring", firmware.transferring),
	ROW("health.health-status", health.status),
	ROW("health.media-status", health.media_status),
	ROW("health.life-used", health.life_used),
	ROW("health.dirty-shutdown-count", dirty_shutdowns),
	ROW("health.corrected-volatile-error-count", health.corrected_volatile_errors),
	ROW("health.corrected-persistent-error-count", health.corrected_persistent_errors),
	ROW("health.shutdown-dirty", shutdown_dirty),
};
/* clang-format on */

static uint64_t value_of(const void *field, size_t size)
{
	switch (size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)field;
	case sizeof(uint32_t):
		return *(const uint32_t *)field;
	default:
		return *(const uint64_t *)field;
	}
}

static void line(struct text *text, const char *name, uint64_t value)
{
	text_str(text, name);
	text_str(text, "=");
	text_dec(text, value);
	text_str(text, "\n");
}

/* The only number that may be below 0. */
static void temperature_line(struct text *text, int value)
{
	text_str(text, "health.temperature=");
	if (value < 0)
		text_str(text, "-");
	text_dec(text, (unsigned)(value < 0 ? -value : value));
	text_str(text, "\n");
}

static void describe_logs(const struct swcxl_dev *dev, struct text *text)
{
	static const char *const names[][2] = {
		{"logs.informational.count", "logs.informational.lost"},
		{"logs.warning.count", "logs.warning.lost"},
		{"logs.failure.count", "logs.failure.lost"},
		{"logs.fatal.count", "logs.fatal.lost"},
		{"logs.dynamic-capacity.count", "logs.dynamic-capacity.lost"},
	};
	_Static_assert(ARRAY_SIZE(names) == SWCXL_LOGS, "names for each log");

	for (unsigned i = 0; i < SWCXL_LOGS; i++) {
		line(text, names[i][0], dev->log[i].count);
		line(text, names[i][1], dev->log[i].lost);
	}
}

static void describe(const struct swcxl_dev *dev, struct text *text)
{
	struct swcxl_status status;

	swcxl_query(dev, &status);
	text_str(text, "version=" SWCXL_VERSION "\n");
	line(text, "serial", dev->config.serial);
	line(text, "commands", dev->counters.commands);
	line(text, "commands-refused", dev->counters.refused);
	line(text, "resets", dev->counters.resets);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		line(text, rows[i].name,
		     value_of((const uint8_t *)&status + rows[i].offset, rows[i].size));
	temperature_line(text, status.health.temperature);
	describe_logs(dev, text);
}

/* ---- its contents ---- */

/* Every change: who reads in the old contents is to begin anew. */
static void changed(struct swcxl_dev *dev)
{
	if (++dev->csd.generation == 0)
		dev->csd.generation = 1;
	kept_changed(dev, KEPT_state_dump);
}

/* All but the triggers, which only Clear Log forgets. */
static void empty(struct swcxl_dev *dev)
{
	uint8_t triggers = dev->kept.state_dump.header.triggers;

	memset(&dev->kept.state_dump, 0, sizeof(dev->kept.state_dump));
	dev->kept.state_dump.header.triggers = triggers;
}

static void fill(struct swcxl_dev *dev)
{
	struct kept_state_dump *dump = &dev->kept.state_dump;
	struct text text = {(char *)dump->data, 0, sizeof(dump->data)};

	empty(dev);
	describe(dev, &text);
	wr(&dump->header.length, text.len);
	wr(&dump->header.timestamp, device_timestamp(dev));
	dump->header.format = FORMAT;
	dev->csd.populating = false;
}

void csd_auto_populate(struct swcxl_dev *dev, enum swcxl_log log, uint16_t handle)
{
	struct state_dump_header *header = &dev->kept.state_dump.header;

	if (header->triggers == UINT8_MAX)
		return;
	if (header->triggers++) { /* what the first one left is kept for whoever looks into it */
		kept_changed(dev, KEPT_state_dump);
		return;
	}
	fill(dev);
	header->event_log = (uint8_t)log;
	wr(&header->event_handle, handle);
	wr(&header->flags, STATE_DUMP_AUTO);
	changed(dev);
	debug_note(dev, "component state dump: populated by a fatal event");
}

/* Something fatal came between, and its dump stays: Interrupted. */
static enum swcxl_rc finish(struct swcxl_dev *dev)
{
	if (!dev->csd.populating)
		return SWCXL_INTERRUPTED;
	fill(dev);
	changed(dev);
	return SWCXL_SUCCESS;
}

static void cancel(struct swcxl_dev *dev)
{
	dev->csd.populating = false;
}

/* What was there goes at the beginning. */
enum swcxl_rc csd_populate(struct swcxl_cci *cci)
{
	struct swcxl_dev *dev = cci->dev;

	empty(dev);
	changed(dev);
	dev->csd.populating = true;
	background_start_timed(cci, 0x0404, POPULATE_NS, finish, cancel);
	return SWCXL_BACKGROUND_STARTED;
}

void csd_clear(struct swcxl_dev *dev)
{
	memset(&dev->kept.state_dump, 0, sizeof(dev->kept.state_dump));
	changed(dev);
}

/* A channel begins with offset 0, and goes on while the contents are the same. */
enum swcxl_rc csd_read(struct swcxl_cci *cci, uint32_t offset, uint8_t *bytes, uint32_t len)
{
	struct swcxl_dev *dev = cci->dev;

	if (offset && !cci->csd_seen)
		return SWCXL_INVALID_INPUT;
	if (offset && cci->csd_seen != dev->csd.generation)
		return SWCXL_INTERRUPTED;
	if (dev->csd.populating)
		return SWCXL_RETRY_REQUIRED;
	cci->csd_seen = dev->csd.generation;
	memcpy(bytes, (const uint8_t *)&dev->kept.state_dump + offset, len);
	return SWCXL_SUCCESS;
}

int state_dump_restore(struct swcxl_dev *dev, const struct kept_state_dump *kept)
{
	const struct state_dump_header *header = &kept->header;

	if (rd(header->length) > sizeof(kept->data) || header->event_log >= SWCXL_LOGS ||
	    rd(header->flags) & ~(uint32_t)STATE_DUMP_AUTO)
		return -EINVAL;
	dev->kept.state_dump = *kept;
	return 0;
}
