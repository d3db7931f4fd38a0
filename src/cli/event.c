/* SPDX-License-Identifier: MIT */
/*
 * Event logs. Get Event Records never removes anything, so reading is safe beside a driver; but it
 * starts at the oldest record each time, and what does not fit into one payload stays out of
 * reach until somebody clears the first ones. The control socket has no such limit and is asked
 * where there is one.
 *
 * Records are decoded here for both, from their 128 bytes. Names of codes are those of the
 * control protocol's table, so that a record looks the same whoever decodes it.
 */
#include "cli/event.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/cci.h"
#include "cli/format.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"
#include "wire/generic.h"

#define VALUES_MAX 12

static const struct {
	const char *name;
	struct {
		const char *name;
		unsigned value;
	} values[VALUES_MAX];
} enums[] = {
#define VALUE(name, value) {name, (unsigned)(value)},
#define ENUM(id, name, ...) {name, {__VA_ARGS__}},
#include "tbl/qmp.tbl.h"
#undef VALUE
};

static const struct {
	const char *name;
	uuid uuid;
} types[] = {
#define EVENT_UUID(id, name, ...) {name, {{__VA_ARGS__}}},
#include "tbl/uuids.tbl.h"
};

const char *log_key(unsigned log)
{
	static const char *const keys[LOGS] = {"informational", "warning", "failure", "fatal",
					       "dynamic-capacity"};

	return keys[log];
}

/* ---- reading ---- */

/* All records, for a log that does not fit into one payload. */
static void read_all(struct link *link, unsigned log, struct event_log *out)
{
	struct json_object *args = json_object_new_object(), *rows;

	add_string(args, "log", log_key(log));
	rows = qmp_call(link, "swcxl-query-events", args, NULL);
	out->count = (unsigned)json_object_array_length(rows);
	out->more = false;
	out->records = xalloc(out->records, (out->count + 1ull) * RECORD_SIZE);
	memset(out->records, 0, out->count * 1ull * RECORD_SIZE);
	for (unsigned i = 0; i < out->count; i++) {
		size_t len = 0;

		parse_hex(get_string(json_object_array_get_idx(rows, i), "data"), out->records[i],
			  RECORD_SIZE, &len);
	}
	json_object_put(rows);
}

void event_log_read(struct link *link, unsigned log, struct event_log *out)
{
	struct get_event_records_in in = {.log = (uint8_t)log};
	struct reply reply = cci_execute(link, OP_get_event_records, &in, sizeof(in), log_key(log));
	struct get_event_records_out head;
	size_t there = (MAX(reply.len, sizeof(head)) - sizeof(head)) / RECORD_SIZE;

	reply_read(&reply, 0, &head, sizeof(head));
	*out = (struct event_log){
		.count = (unsigned)MIN(rd(head.count), there),
		.more = head.flags & EVENTS_MORE,
		.overflow = head.flags & EVENTS_OVERFLOW,
	};
	if (out->overflow) {
		out->lost = rd(head.overflow_count);
		out->first_lost = rd(head.first_overflow);
		out->last_lost = rd(head.last_overflow);
	}
	out->records = xalloc(NULL, (out->count + 1ull) * RECORD_SIZE);
	reply_read(&reply, sizeof(head), out->records, out->count * 1ull * RECORD_SIZE);
	if (out->more && link_is_qmp(link))
		read_all(link, log, out);
}

void event_log_free(struct event_log *log)
{
	free(log->records);
	log->records = NULL;
}

/* ---- decoding ---- */

/* The name of a value in an enum of the control protocol. */
static const char *value_key(const char *name, unsigned value)
{
	for (size_t i = 0; i < ARRAY_SIZE(enums); i++)
		for (size_t j = 0; strcmp(enums[i].name, name) == 0 && j < VALUES_MAX; j++)
			if (enums[i].values[j].name && enums[i].values[j].value == value)
				return enums[i].values[j].name;
	return "reserved";
}

/* The names of the bits that are set. */
static struct json_object *bit_keys(const char *name, unsigned bits)
{
	struct json_object *array = json_object_new_array();

	for (unsigned bit = 0; bit < 32; bit++)
		if (bits >> bit & 1 && strcmp(value_key(name, bit), "reserved") != 0)
			json_object_array_add(array, json_object_new_string(value_key(name, bit)));
	return array;
}

static const char *type_key(const uuid *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (memcmp(&types[i].uuid, type, sizeof(*type)) == 0)
			return types[i].name;
	return "vendor";
}

static struct text uuid_text(const uuid *u)
{
	const uint8_t *b = u->b;
	struct text t;

	snprintf(t.s, sizeof(t.s),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return t;
}

static struct event_header header_of(const uint8_t record[static RECORD_SIZE])
{
	struct event_header header;

	memcpy(&header, record, sizeof(header));
	return header;
}

static struct general_media media_of(const uint8_t record[static RECORD_SIZE])
{
	struct general_media media;

	memcpy(&media, record + EVENT_DATA_OFFSET, sizeof(media));
	return media;
}

static void add_general_media(struct json_object *object, const struct general_media *media)
{
	uint64_t address = rd(media->address);

	add_number(object, "dpa", address & MEDIA_ADDRESS_DPA);
	add_bool(object, "volatile", address & MEDIA_ADDRESS_VOLATILE);
	add_bool(object, "not-repairable", address & MEDIA_ADDRESS_NOT_REPAIRABLE);
	json_object_object_add(object, "descriptor",
			       bit_keys("media-descriptor", media->descriptor));
	add_string(object, "memory-event-type", value_key("media-event-type", media->type));
	add_string(object, "transaction-type", value_key("transaction-type", media->transaction));
}

struct json_object *event_json(unsigned log, const uint8_t record[static RECORD_SIZE])
{
	struct event_header header = header_of(record);
	struct json_object *object = json_object_new_object();
	const char *type = type_key(&header.type);

	add_string(object, "log", log_key(log));
	add_number(object, "handle", rd(header.handle));
	add_number(object, "related-handle", rd(header.related_handle));
	add_number(object, "timestamp", rd(header.timestamp));
	add_string(object, "uuid", uuid_text(&header.type).s);
	add_string(object, "type", type);
	add_string(object, "severity", log_key(rd(header.flags) & EVENT_SEVERITY));
	json_object_object_add(object, "flags",
			       bit_keys("record-flags", rd(header.flags) & ~EVENT_SEVERITY));
	if (strcmp(type, "general-media") == 0) {
		struct general_media media = media_of(record);

		add_general_media(object, &media);
	}
	add_hex(object, "data", record, RECORD_SIZE);
	return object;
}

/* "host-scan-media" as people read it. */
static struct text words(const char *key)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%s", key);
	for (char *c = t.s; *c; c++)
		if (*c == '-')
			*c = ' ';
	return t;
}

void event_print_heading(void)
{
	printf("%-16s  %6s  %-30s  %-*s  %s\n", "LOG", "HANDLE", "TIME", DPA_WIDTH, "DPA", "EVENT");
}

void event_print(unsigned log, const uint8_t record[static RECORD_SIZE])
{
	struct event_header header = header_of(record);
	const char *type = type_key(&header.type);
	struct general_media media = media_of(record);

	printf("%-16s  %6u  %-30s  ", log_key(log), rd(header.handle),
	       time_text(rd(header.timestamp)).s);
	if (strcmp(type, "general-media") != 0) {
		printf("%-*s  %s (%s)\n", DPA_WIDTH, "-", words(type).s, uuid_text(&header.type).s);
		return;
	}
	printf("%s  %s, %s", dpa_text(rd(media.address) & MEDIA_ADDRESS_DPA).s,
	       words(value_key("media-event-type", media.type)).s,
	       media.transaction == BY_UNKNOWN
		       ? "cause unknown"
		       : words(value_key("transaction-type", media.transaction)).s);
	if (media.descriptor & MEDIA_UNCORRECTABLE)
		printf(", uncorrectable");
	if (media.descriptor & MEDIA_POISON_LIST_OVERFLOW)
		printf(", not in the poison list (overflow)");
	putchar('\n');
}
