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
#include "cli/dc.h"
#include "cli/format.h"
#include "cli/names.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"
#include "wire/generic.h"

/* The fields of records by their table. names: an enum's index, 0 for kinds that have none. */
/* clang-format off */
static const struct field {
	const char *name;
	enum {
		NUMBER, SIGNED, CODE, BITS, VALIDITY, BYTES, WORDS, ADDRESS, FLAG, FORMAT, LOG
	} kind;
	unsigned offset, size, names;
	int valid; /* bit of VALIDITY, or -1 */
	enum swcxl_revision since;
} fields[][24] = {
#define ALWAYS (-1)
#define FIELD(kind, name, offset, size, id, valid, since, ...) \
	{name, kind, offset, size, ENUM_##id, valid, SWCXL_CXL_##since},
#define RECORD(id, name, since, ...) {__VA_ARGS__},
#include "tbl/event_fields.tbl.h"
};
/* clang-format on */

/* In the order of fields, as the next checks. */
static const struct {
	const char *name;
	uuid uuid;
} types[] = {
#define EVENT_UUID(id, name, ...) {name, {{__VA_ARGS__}}},
#include "tbl/uuids.tbl.h"
};

/* clang-format off */
enum {
#define EVENT_UUID(id, ...) UUID_##id,
#include "tbl/uuids.tbl.h"
};
enum {
#define RECORD(id, ...) RECORD_##id,
#include "tbl/event_fields.tbl.h"
};
#define RECORD(id, ...) _Static_assert((int)RECORD_##id == (int)UUID_##id, "one order in both");
#include "tbl/event_fields.tbl.h"
/* clang-format on */

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
	rows = qmp_call_list(link, "swcxl-query-events", args);
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

/* The index of a type; beyond the last: a vendor's. */
static size_t type_of(const uuid *type)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(types) && memcmp(&types[i].uuid, type, sizeof(*type)) != 0)
		i++;
	return i;
}

static const char *type_key(size_t type)
{
	return type < ARRAY_SIZE(types) ? types[type].name : "vendor";
}

struct text uuid_text(const uuid *u)
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

unsigned event_handle(const uint8_t record[static RECORD_SIZE])
{
	return rd(header_of(record).handle);
}

bool event_dc(const uint8_t record[static RECORD_SIZE], struct dc_event *event)
{
	struct event_header header = header_of(record);

	memcpy(event, record + sizeof(header), sizeof(*event));
	return type_of(&header.type) == RECORD_DYNAMIC_CAPACITY;
}

static uint64_t number_of(const struct field *field, const uint8_t record[static RECORD_SIZE])
{
	return field->size <= 8 ? le_load(record + field->offset, field->size) : 0;
}

/*
 * Is a field worth showing? Validity flags say so. What they have no bit for is valid from the
 * revision on that has brought it: with the record itself, always; later, if it is not 0.
 */
static bool is_shown(const struct field *field, const uint8_t record[static RECORD_SIZE],
		     const struct field *validity, enum swcxl_revision first)
{
	if (field->kind == VALIDITY || field->kind == FORMAT)
		return false;
	if (field->valid >= 0 && field->kind != FLAG)
		return number_of(validity, record) >> field->valid & 1;
	return field->since == first || number_of(field, record) != 0;
}

static struct json_object *field_json(const struct field *field,
				      const uint8_t record[static RECORD_SIZE])
{
	uint64_t number = number_of(field, record);
	struct json_object *json = NULL;
	char *hex;

	switch (field->kind) {
	case SIGNED:
		return json_object_new_int64((int16_t)number);
	case CODE:
		return json_object_new_string(value_key(field->names, number));
	case BITS:
		return bit_keys(field->names, number);
	case BYTES:
		hex = hex_string(record + field->offset, field->size);
		json = json_object_new_string(hex);
		free(hex);
		return json;
	case WORDS:
		json = json_object_new_array();
		for (unsigned i = 0; i < field->size; i += 8)
			json_object_array_add(json, json_object_new_uint64(le_load(
							    record + field->offset + i, 8)));
		return json;
	case ADDRESS:
		return json_object_new_uint64(number & MEDIA_ADDRESS_DPA);
	case FLAG:
		return json_object_new_boolean((json_bool)(number >> field->valid & 1));
	default:
		return json_object_new_uint64(number);
	}
}

/* The fields of a type that are worth showing: calls back for each. */
static void each_shown(size_t type, const uint8_t record[static RECORD_SIZE],
		       void (*show)(void *ctx, const struct field *field,
				    const uint8_t record[static RECORD_SIZE]),
		       void *ctx)
{
	const struct field *validity;

	if (type >= ARRAY_SIZE(fields))
		return;
	validity = fields[type];
	while (validity->kind != VALIDITY)
		validity++;
	for (const struct field *field = fields[type]; field->name; field++)
		if (is_shown(field, record, validity, fields[type]->since))
			show(ctx, field, record);
}

static void add_field(void *ctx, const struct field *field,
		      const uint8_t record[static RECORD_SIZE])
{
	json_object_object_add(ctx, field->name, field_json(field, record));
}

struct json_object *event_json(unsigned log, const uint8_t record[static RECORD_SIZE])
{
	struct event_header header = header_of(record);
	struct json_object *object = json_object_new_object();
	size_t type = type_of(&header.type);

	add_string(object, "log", log_key(log));
	add_number(object, "handle", rd(header.handle));
	add_number(object, "related-handle", rd(header.related_handle));
	add_number(object, "timestamp", rd(header.timestamp));
	add_string(object, "uuid", uuid_text(&header.type).s);
	add_string(object, "type", type_key(type));
	add_string(object, "severity", log_key(rd(header.flags) & EVENT_SEVERITY));
	json_object_object_add(object, "flags",
			       bit_keys(ENUM_record_flags, rd(header.flags) & ~EVENT_SEVERITY));
	each_shown(type, record, add_field, object);
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

struct printing {
	const char *comma;
	bool bits; /* their turn, which is the last */
};

static void print_bits(struct printing *printing, const struct field *field, uint64_t bits)
{
	for (unsigned bit = 0; bit < 8 * field->size; bit++) {
		const char *key = value_key(field->names, bit);

		if (!(bits >> bit & 1))
			continue;
		if (strcmp(key, "uncorrectable-event") == 0)
			key = "uncorrectable";
		else if (strcmp(key, "poison-list-overflow-event") == 0)
			key = "not in the poison list (overflow)";
		printf("%s%s", printing->comma, words(key).s);
		printing->comma = ", ";
	}
}

/*
 * What happened, in words: codes by their meaning, numbers with their names, what is always valid
 * only when it is not 0. Addresses have a column.
 */
static void print_field(void *ctx, const struct field *field,
			const uint8_t record[static RECORD_SIZE])
{
	struct printing *printing = ctx;
	uint64_t number = number_of(field, record);
	struct json_object *json;

	if (printing->bits && field->kind == BITS)
		print_bits(printing, field, number);
	if (printing->bits || field->kind == BITS || field->kind == ADDRESS ||
	    field->kind == FLAG || (field->kind != CODE && field->valid < 0 && !number))
		return;
	json = field_json(field, record);
	if (strcmp(field->name, "transaction-type") == 0 && number == BY_UNKNOWN)
		printf("%scause unknown", printing->comma);
	else if (field->kind == CODE)
		printf("%s%s", printing->comma, words(json_object_get_string(json)).s);
	else
		printf("%s%s %s", printing->comma, words(field->name).s,
		       json_object_get_string(json));
	json_object_put(json);
	printing->comma = ", ";
}

/* An extent says more as one: its address in the column for these, its size and its tag. */
static void print_dc(const uint8_t record[static RECORD_SIZE])
{
	struct dc_event event;

	event_dc(record, &event);
	printf("%s  %s, region %u", dpa_text(rd(event.extent.start)).s,
	       words(value_key(ENUM_dc_event_type, event.type)).s, event.region);
	if (rd(event.extent.length))
		printf(", %s", size_text(rd(event.extent.length)).s);
	if (strcmp(dc_tag_text(event.extent.tag).s, "-") != 0)
		printf(", tag %s", dc_tag_text(event.extent.tag).s);
	if (rd(event.extent.sequence))
		printf(", number %u", rd(event.extent.sequence));
	if (rd(event.host))
		printf(", host %u", rd(event.host));
	if (event.validity & DC_EVENT_COUNTERS_VALID)
		printf(", available %u extents, %u tags", rd(event.extents_available),
		       rd(event.tags_available));
	printf("%s\n", event.flags & DC_EVENT_MORE ? "; more follows" : "");
}

void event_print(unsigned log, const uint8_t record[static RECORD_SIZE])
{
	struct event_header header = header_of(record);
	size_t type = type_of(&header.type);
	const struct field *address = type < ARRAY_SIZE(fields) ? fields[type] : NULL;
	struct printing printing = {.comma = ""};

	printf("%-16s  %6u  %-30s  ", log_key(log), rd(header.handle),
	       time_text(rd(header.timestamp)).s);
	if (type == RECORD_DYNAMIC_CAPACITY) {
		print_dc(record);
		return;
	}
	if (address && address->kind == ADDRESS)
		printf("%s  ", dpa_text(number_of(address, record) & MEDIA_ADDRESS_DPA).s);
	else
		printf("%-*s  ", DPA_WIDTH, "-");
	if (!address)
		printf("%s (%s)", words(type_key(type)).s, uuid_text(&header.type).s);
	else if (type != RECORD_GENERAL_MEDIA)
		printf("%s: ", words(type_key(type)).s);
	each_shown(type, record, print_field, &printing);
	printing.bits = true;
	each_shown(type, record, print_field, &printing);
	putchar('\n');
}
