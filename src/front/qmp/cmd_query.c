// SPDX-License-Identifier: MIT
/*
 * What the device is and does. Every key is always there, so that scripts need no defaults; the
 * configuration is printed from the table of options, under their names.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"
#include "loop/loop.h"

/* ---- configuration --------------------------------------------------------------------------- */

#define OUT_SIZE(name, value, words) out_uint(out, name, (uint64_t)(value));
#define OUT_NUMBER(name, value, words) OUT_SIZE(name, value, words)
#define OUT_TIME(name, value, words) OUT_SIZE(name, value, words)
#define OUT_ONOFF(name, value, words) out_bool(out, name, (value) != 0);
#define OUT_FLAG(name, value, words) OUT_ONOFF(name, value, words)
#define OUT_REGIONS(name, value, words) out_regions(out, name, value);
#define OUT_HEX(name, value, words) out_serial(out, name, (uint64_t)(value));
#define OUT_CHOICE(name, value, words) out_word(out, name, words, (unsigned)(value));

/* A 64-bit number as text: many JSON readers keep only 53 bits of a number. */
static void out_serial(struct out *out, const char *key, uint64_t serial)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%016" PRIx64, serial);
	out_string(out, key, text);
}

/* The word with this index in "one|two|three". */
static void out_word(struct out *out, const char *key, const char *words, unsigned index)
{
	char text[32];

	while (index--)
		words = strchr(words, '|') + 1;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(words, "|"), words);
	out_string(out, key, text);
}

/* Flags of regions as their option has them. */
static void out_regions(struct out *out, const char *key, const uint8_t *flags)
{
	out_begin(out, key, '[');
	for (unsigned n = 0; n < SWCXL_DC_REGIONS; n++) {
		int len;
		char text[96];

		if (!flags[n])
			continue;
		len = snprintf(text, sizeof(text), "%u=", n);
		for (size_t i = 0; i < qmp_enum_dc_flag.count; i++) {
			const struct qmp_value *flag = &qmp_enum_dc_flag.values[i];

			if (flags[n] >> flag->value & 1)
				len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%s",
						text[len - 1] == '=' ? "" : ",", flag->name);
		}
		out_string(out, NULL, text);
	}
	out_end(out, ']');
}

static void out_config(struct out *out, const struct swcxl_config *config, bool virtual_clock)
{
	out_begin(out, "config", '{');
#define DEVICE_OPTION(name, field, kind, words, ...) OUT_##kind(name, config->field, words)
#include "tbl/options.tbl.h"
	out_enum(out, "clock", &qmp_enum_clock, virtual_clock);
	out_end(out, '}');
}

/* ---- state ----------------------------------------------------------------------------------- */

static void out_range(struct out *out, const char *key, struct swcxl_partition range)
{
	out_begin(out, key, '{');
	out_uint(out, "start", range.start);
	out_uint(out, "length", range.length);
	out_end(out, '}');
}

static void out_media(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "media", '{');
	out_enum(out, "status", &qmp_enum_media_status, status->media_status);
	out_uint(out, "poisoned-lines", status->poisoned_lines);
	out_uint(out, "injected-lines", status->injected_lines);
	out_uint(out, "ranges", status->ranges);
	out_uint(out, "content-bytes", status->content_bytes);
	out_end(out, '}');
}

static void out_security(struct out *out, unsigned state)
{
	static const char *const bits[] = {"user-set",
					   "master-set",
					   "locked",
					   "frozen",
					   "user-attempts-exhausted",
					   "master-attempts-exhausted"};

	out_begin(out, "security", '{');
	for (unsigned i = 0; i < ARRAY_SIZE(bits); i++)
		out_bool(out, bits[i], state >> i & 1);
	out_end(out, '}');
}

static void out_list(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "poison-list", '{');
	out_uint(out, "count", status->list.count);
	out_uint(out, "max", status->list.max);
	out_bool(out, "overflow", status->list.overflow);
	out_uint(out, "overflow-timestamp", status->list.overflow_timestamp);
	out_end(out, '}');
}

static void out_work(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "scan", '{');
	out_bool(out, "running", status->scan.running);
	out_uint(out, "start", status->scan.start);
	out_uint(out, "length", status->scan.length);
	out_uint(out, "position", status->scan.position);
	out_uint(out, "percent", status->scan.percent);
	out_end(out, '}');
	out_uint(out, "scan-results", status->scan.results);
	out_begin(out, "background", '{');
	out_uint(out, "opcode", status->background.opcode);
	out_uint(out, "percent", status->background.percent);
	out_uint(out, "return-code", status->background.rc);
	out_bool(out, "running", status->background.running);
	out_end(out, '}');
}

static void out_firmware(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "firmware", '{');
	out_uint(out, "active", status->firmware.active);
	out_uint(out, "staged", status->firmware.staged);
	out_bool(out, "transferring", status->firmware.transferring);
	out_begin(out, "slots", '[');
	for (unsigned i = 0; i < SWCXL_FW_SLOTS; i++) {
		const struct swcxl_fw_slot *slot = &status->firmware.slot[i];

		out_begin(out, NULL, '{');
		out_uint(out, "slot", i + 1);
		out_string(out, "revision", slot->revision);
		out_uint(out, "crc32", slot->crc32);
		out_uint(out, "size", slot->size);
		out_end(out, '}');
	}
	out_end(out, ']');
	out_end(out, '}');
}

static void out_scrub(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "scrub", '{');
	out_bool(out, "enabled", status->scrub.enabled);
	out_uint(out, "cycle-hours", status->scrub.hours);
	out_uint(out, "position", status->scrub.position);
	out_end(out, '}');
}

static void out_repair(struct out *out, const struct swcxl_status *status)
{
	static const char *const names[SWCXL_REPAIRS] = {
		[SWCXL_REPAIR_SPPR] = "sppr",		[SWCXL_REPAIR_HPPR] = "hppr",
		[SWCXL_REPAIR_CACHELINE] = "cacheline", [SWCXL_REPAIR_ROW] = "row",
		[SWCXL_REPAIR_BANK] = "bank",		[SWCXL_REPAIR_RANK] = "rank",
	};

	out_begin(out, "repair", '{');
	out_uint(out, "permanent-lines", status->repair.permanent_lines);
	out_begin(out, "spares", '{');
	for (unsigned i = 0; i < SWCXL_REPAIRS; i++)
		out_uint(out, names[i], status->repair.spares[i]);
	out_end(out, '}');
	out_end(out, '}');
}

static void out_geometry(struct out *out, const struct swcxl_status *status)
{
	out_begin(out, "geometry", '{');
	out_uint(out, "channels", status->geometry.channels);
	out_uint(out, "ranks", status->geometry.ranks);
	out_uint(out, "bank-groups", status->geometry.bank_groups);
	out_uint(out, "banks", status->geometry.banks);
	out_uint(out, "rows", status->geometry.rows);
	out_uint(out, "columns", status->geometry.columns);
	out_end(out, '}');
}

static void out_logs(struct out *out, const struct swcxl_dev *dev)
{
	out_begin(out, "logs", '{');
	for (unsigned log = 0; log < SWCXL_LOGS; log++) {
		struct swcxl_log_status status;

		swcxl_query_log(dev, log, &status);
		out_begin(out, qmp_enum_name(&qmp_enum_event_log, log), '{');
		out_uint(out, "count", status.count);
		out_uint(out, "max", status.max);
		out_bool(out, "overflow", status.overflow);
		out_uint(out, "lost", status.lost);
		out_uint(out, "first-lost", status.first_lost);
		out_uint(out, "last-lost", status.last_lost);
		out_end(out, '}');
	}
	out_end(out, '}');
}

bool cmd_query_device(struct qmp_call *call, const struct qmp_query_device_args *in)
{
	const struct swcxl_config *config = swcxl_get_config(call->qmp->dev);
	struct out *out = &call->ret;
	struct swcxl_status status;

	(void)in;
	swcxl_query(call->qmp->dev, &status);
	out_begin(out, NULL, '{');
	out_string(out, "name", call->qmp->host.name);
	out_string(out, "version", SWCXL_VERSION);
	out_string(out, "trace", call->qmp->host.trace_path ? call->qmp->host.trace_path : "");
	out_serial(out, "serial", config->serial);
	out_enum(out, "cxl-revision", &qmp_enum_revision, config->revision);
	out_uint(out, "now", status.now_ns);
	out_uint(out, "timestamp", status.timestamp);
	out_uint(out, "capacity", swcxl_capacity(call->qmp->dev));
	out_begin(out, "partitions", '{');
	out_range(out, "volatile", status.volatile_part);
	out_range(out, "persistent", status.persistent_part);
	out_end(out, '}');
	qmp_out_dc(out, call->qmp->dev, &status);
	out_config(out, config, loop_is_virtual(call->qmp->loop));
	out_media(out, &status);
	out_security(out, status.security);
	out_list(out, &status);
	out_work(out, &status);
	qmp_out_health(out, &status);
	out_scrub(out, &status);
	out_repair(out, &status);
	out_geometry(out, &status);
	out_logs(out, call->qmp->dev);
	out_firmware(out, &status);
	out_end(out, '}');
	return true;
}
