// SPDX-License-Identifier: MIT
/*
 * The fields of event records, by their table: shown, set, checked. Keys and spellings are those
 * of QEMU's event injectors where it has them, so what was injected reads back under the same
 * names. Codes and bits are names; what has none is still in the record's `data`, and can be given
 * as a number.
 */
#include "front/qmp/fields.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/util.h"
#include "wire/events.h"

#define WORD sizeof(uint64_t)

/* clang-format off */
#define EVENT_UUID(id, name, ...) static const uint8_t uuid_##id[16] = {__VA_ARGS__};
#include "tbl/uuids.tbl.h"
static const uint8_t uuid_HEADER[16];

#define ALWAYS (-1)
#define NAMES_NUMBER(id)   NULL
#define NAMES_SIGNED(id)   NULL
#define NAMES_CODE(id)     &qmp_enum_##id
#define NAMES_BITS(id)     &qmp_enum_##id
#define NAMES_VALIDITY(id) &qmp_enum_##id
#define NAMES_BYTES(id)    NULL
#define NAMES_WORDS(id)    NULL
#define NAMES_ADDRESS(id)  NULL
#define NAMES_FLAG(id)     NULL
#define NAMES_FORMAT(id)   NULL
#define NAMES_LOG(id)      NULL
#define FIELD(kind, name, offset, size, id, valid, since, help) \
	{FIELD_##kind, name, offset, size, NAMES_##kind(id), valid, SWCXL_CXL_##since},
#define RECORD_(id, name, since, ...) \
	static const struct event_field fields_##id[] = {__VA_ARGS__ {0}};
#define COMMON RECORD_
#define RECORD RECORD_
#include "tbl/event_fields.tbl.h"

const struct event_type event_types[EVENT_TYPES] = {
#define TYPE_(id, name, since, ...) {name, uuid_##id, SWCXL_CXL_##since, fields_##id},
#define COMMON TYPE_
#define RECORD TYPE_
#include "tbl/event_fields.tbl.h"
};
/* clang-format on */

const struct event_type *event_type_of(const uint8_t bytes[static 16])
{
	for (size_t i = RECORD_HEADER + 1; i < EVENT_TYPES; i++)
		if (!memcmp(event_types[i].bytes, bytes, 16))
			return &event_types[i];
	return NULL;
}

const struct event_type *event_type_named(const char *name)
{
	for (size_t i = RECORD_HEADER + 1; i < EVENT_TYPES; i++)
		if (!strcmp(event_types[i].name, name))
			return &event_types[i];
	return NULL;
}

const struct event_field *event_field(const struct event_type *type, const char *name)
{
	for (const struct event_field *field = type->fields; field->name; field++)
		if (!strcmp(field->name, name))
			return field;
	return NULL;
}

static const struct event_field *validity(const struct event_type *type)
{
	const struct event_field *field = type->fields;

	while (field->kind != FIELD_VALIDITY)
		field++;
	return field;
}

static bool is_valid(const struct event_type *type, const struct event_field *field,
		     const uint8_t *record)
{
	const struct event_field *flags = validity(type);

	return le_load(record + flags->offset, flags->size) >> field->valid & 1;
}

/* ---- showing --------------------------------------------------------------------------------- */

static void out_words(struct out *out, const struct event_field *field, const uint8_t *p)
{
	out_begin(out, field->name, '[');
	for (unsigned i = 0; i < field->size; i += WORD)
		out_uint(out, NULL, le_load(p + i, WORD));
	out_end(out, ']');
}

static void out_field(struct out *out, const struct event_type *type,
		      const struct event_field *field, const uint8_t *record)
{
	const uint8_t *p = record + field->offset;
	uint64_t number = field->size <= WORD ? le_load(p, field->size) : 0;

	switch (field->kind) {
	case FIELD_NUMBER:
	case FIELD_LOG:
		out_uint(out, field->name, number);
		break;
	case FIELD_SIGNED:
		out_int(out, field->name, (int16_t)number);
		break;
	case FIELD_ADDRESS:
		out_uint(out, field->name, number & MEDIA_ADDRESS_DPA);
		break;
	case FIELD_CODE:
		out_enum(out, field->name, field->names, (unsigned)number);
		break;
	case FIELD_BITS:
	case FIELD_VALIDITY:
		out_bits(out, field->name, field->names, (unsigned)number);
		break;
	case FIELD_FLAG:
		out_bool(out, field->name, number >> field->valid & 1);
		break;
	case FIELD_BYTES:
		out_hex(out, field->name, p, field->size);
		break;
	case FIELD_WORDS:
		out_words(out, field, p);
		break;
	case FIELD_FORMAT:
		out_bool(out, field->name, is_valid(type, field, record));
		break;
	}
}

void event_out(struct out *out, const struct event_type *type, const uint8_t *record)
{
	for (const struct event_field *field = type->fields; field->name; field++)
		out_field(out, type, field, record);
}

/* ---- setting --------------------------------------------------------------------------------- */

static void change_bits(const struct event_field *field, uint8_t *record, uint64_t clear,
			uint64_t set)
{
	uint8_t *p = record + field->offset;

	le_store(p, field->size, (le_load(p, field->size) & ~clear) | set);
}

void event_set(const struct event_type *type, const struct event_field *field, uint8_t *record,
	       const struct event_value *value)
{
	uint8_t *p = record + field->offset;

	switch (field->kind) {
	case FIELD_NUMBER:
	case FIELD_SIGNED:
	case FIELD_CODE:
		le_store(p, field->size, value->number);
		break;
	case FIELD_ADDRESS:
	case FIELD_BITS:
	case FIELD_VALIDITY:
		change_bits(field, record, 0, value->number);
		break;
	case FIELD_FLAG:
		change_bits(field, record, 1u << field->valid, value->number << field->valid);
		return;
	case FIELD_BYTES:
		if (value->bytes.len)
			memcpy(p, value->bytes.p, MIN(value->bytes.len, field->size));
		break;
	case FIELD_WORDS:
		for (size_t i = 0; i < MIN(value->words_count, field->size / WORD); i++)
			le_store(p + i * WORD, WORD, value->words[i]);
		break;
	case FIELD_FORMAT:
		if (!value->number)
			return;
		break;
	case FIELD_LOG:
		return;
	}
	if (field->valid >= 0)
		change_bits(validity(type), record, 0, 1u << field->valid);
}

void event_trim(const struct event_type *type, enum swcxl_revision revision, uint8_t *record)
{
	for (const struct event_field *field = type->fields; field->name; field++) {
		if (field->since <= revision)
			continue;
		memset(record + field->offset, 0, field->size);
		if (field->valid >= 0)
			change_bits(validity(type), record, 1u << field->valid, 0);
	}
}

/* ---- taking ---------------------------------------------------------------------------------- */

/* How the value of a field is checked: as an argument of a command would be. */
static struct qmp_arg rule(const struct event_field *field, struct json_object *value,
			   const char *name)
{
	bool text = json_object_is_type(value, json_type_string);
	bool array = json_object_is_type(value, json_type_array);
	struct qmp_arg arg = {.name = name,
			      .kind = QMP_UINT,
			      .size = field->size == 3 ? 4 : field->size,
			      .max = field->size == 3 ? 0xffffff : UINT64_MAX,
			      .names = field->names};

	switch (field->kind) {
	case FIELD_CODE:
		arg.kind = text ? QMP_ENUM : QMP_UINT;
		break;
	case FIELD_BITS:
	case FIELD_VALIDITY:
		arg.kind = array ? QMP_LIST : QMP_UINT;
		break;
	case FIELD_SIGNED:
		arg.kind = QMP_INT;
		break;
	case FIELD_FLAG:
	case FIELD_FORMAT:
		arg.kind = QMP_BOOL;
		break;
	case FIELD_BYTES:
		arg.kind = QMP_HEX;
		arg.max = field->size;
		break;
	case FIELD_WORDS:
		arg.kind = QMP_WORDS;
		arg.size = WORD;
		arg.max = field->size / WORD;
		break;
	case FIELD_NUMBER:
	case FIELD_ADDRESS:
	case FIELD_LOG:
		break;
	}
	return arg;
}

static bool take_field(struct qmp_call *call, const struct event_type *type,
		       const struct event_field *field, struct json_object *json, uint8_t *record)
{
	char name[64];
	struct qmp_arg arg = rule(field, json, name);
	union qmp_place place = {.number = 0};
	struct event_value value = {.number = 0};

	snprintf(name, sizeof(name), "fields.%s", field->name);
	if (!qmp_arg_take(call, &arg, json, &place))
		return false;
	value.number = qmp_arg_number(&arg, &place);
	if (field->kind == FIELD_ADDRESS && value.number % SWCXL_LINE)
		return qmp_error(call, "Parameter '%s' expects a multiple of %u", name, SWCXL_LINE);
	if (arg.kind == QMP_HEX) {
		value.bytes = place.bytes;
	} else if (arg.kind == QMP_WORDS) {
		value.words = place.words.v;
		value.words_count = place.words.count;
	}
	event_set(type, field, record, &value);
	if (arg.kind == QMP_HEX)
		free((void *)(uintptr_t)place.bytes.p);
	return true;
}

bool event_take(struct qmp_call *call, const struct event_type *type, struct json_object *fields,
		uint8_t *record)
{
	const struct event_field *flags = validity(type);
	struct json_object *value;

	for (const struct event_field *field = type->fields; field->name; field++)
		if (field != flags && field->kind != FIELD_LOG &&
		    json_object_object_get_ex(fields, field->name, &value) &&
		    !take_field(call, type, field, value, record))
			return false;
	if (!json_object_object_get_ex(fields, flags->name, &value))
		return true;
	memset(record + flags->offset, 0, flags->size);
	return take_field(call, type, flags, value, record);
}
