// SPDX-License-Identifier: MIT
/*
 * Event records by the table that makes and decodes them elsewhere: type and handle, then what is
 * not 0.
 */
#include <limits.h>

#include "base/le.h"
#include "base/util.h"
#include "decode/decode.h"
#include "decode/fields.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"

struct value {
	const char *name;
	unsigned value;
};

/* clang-format off */
#define VALUE(name, value) {name, (unsigned)(value)},
#define ENUM(id, name, ...) static const struct value names_##id[] = {__VA_ARGS__ {0}};
#include "tbl/qmp.tbl.h"
#undef VALUE
static const struct value names_none[] = {{0}};

enum kind { NUMBER, SIGNED, CODE, BITS, VALIDITY, BYTES, WORDS, ADDRESS, FLAG, FORMAT, LOG };

struct event_field {
	enum kind kind;
	const char *name;
	unsigned offset, size;
	const struct value *names;
	int valid;
};

#define ALWAYS (-1)
#define FIELD(kind, name, offset, size, names, valid, since, help) \
	{kind, name, offset, size, names_##names, valid},
#define RECORD(id, name, since, ...) \
	static const struct event_field fields_##id[] = {__VA_ARGS__ {0}};
#include "tbl/event_fields.tbl.h"

static const struct {
	uint8_t uuid[16];
	const char *name;
	const struct event_field *fields;
} types[] = {
#define EVENT_UUID(id, name, ...) {{__VA_ARGS__}, name, fields_##id},
#include "tbl/uuids.tbl.h"
};
/* clang-format on */

static void add_code(struct text *text, const struct value *names, uint64_t v)
{
	for (; names->name; names++) {
		if (names->value == v && v != UINT_MAX) {
			text_str(text, names->name);
			return;
		}
	}
	text_dec(text, v);
}

static void add_bits(struct text *text, const struct value *names, uint64_t bits)
{
	bool any = false;

	for (; names->name; names++) {
		if (names->value > 63 || !(bits >> names->value & 1))
			continue;
		text_str(text, any ? "|" : "");
		text_str(text, names->name);
		any = true;
	}
	if (!any) {
		text_str(text, "0x");
		text_hex(text, bits, 1);
	}
}

static void add_field(struct text *text, const struct event_field *f, const uint8_t *record)
{
	uint64_t v = f->size <= 8 ? le_load(record + f->offset, f->size) : 1;

	if (f->kind == FLAG)
		v = v >> f->valid & 1;
	if (f->kind == ADDRESS)
		v &= MEDIA_ADDRESS_DPA;
	if (!v || f->kind == VALIDITY || f->kind == FORMAT || f->kind == WORDS)
		return;
	if (f->kind == BYTES && !memcmp(record + f->offset, (const uint8_t[16]){0}, f->size))
		return;
	text_comma(text);
	text_str(text, f->name);
	if (f->kind == FLAG)
		return;
	text_str(text, "=");
	if (f->kind == CODE)
		add_code(text, f->names, v);
	else if (f->kind == BITS)
		add_bits(text, f->names, v);
	else if (f->kind == BYTES)
		text_bytes(text, (struct span){record + f->offset, f->size});
	else if (f->kind == ADDRESS || f->size == 8) {
		text_str(text, "0x");
		text_hex(text, v, 1);
	} else {
		text_str(text, f->kind == SIGNED && v >> 15 & 1 ? "-" : "");
		text_dec(text, f->kind == SIGNED && v >> 15 & 1 ? 0x10000 - v : v);
	}
}

void decode_event(struct text *text, const uint8_t *record)
{
	const struct event_header *header = (const void *)record;
	const struct event_field *f = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(types) && !f; i++) {
		if (memcmp(types[i].uuid, record, 16) != 0)
			continue;
		f = types[i].fields;
		text_str(text, types[i].name);
	}
	if (!f)
		text_bytes(text, (struct span){record, sizeof(header->type)});
	text_str(text, ", handle=");
	text_dec(text, rd(header->handle));
	while (f && f->name)
		add_field(text, f++, record);
	if (f)
		return;
	text_str(text, ", data=");
	text_bytes(text, (struct span){record + EVENT_DATA_OFFSET, 128 - EVENT_DATA_OFFSET});
}
