// SPDX-License-Identifier: MIT
/*
 * Settings and other structs of bytes go by their layouts in src/wire/kept.h, so a member that is
 * added there is added here. Zeros at the end of bytes and of lists are left out.
 *
 * A record has all of its members and no others, so that a misspelt one is an error.
 */
#include "front/qmp/state_json.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/le.h"
#include "base/util.h"
#include "decode/decode.h"
#include "decode/fields.h"
#include "front/qmp/table.h"
#include "wire/kept.h"

/* clang-format off */
static const struct setting {
	unsigned number;
	const char *name;
	enum payload layout;
} settings[] = {
#define KEPT(number, name) {number, #name, PAYLOAD_kept_##name},
	KEPT_ROWS(KEPT)
#undef KEPT
};
/* clang-format on */

/* Keys have dashes where C has underscores. */
static const char *key_of(const char *name, char key[static 48])
{
	size_t i = 0;

	for (; i < 47 && name[i]; i++) {
		key[i] = name[i];
		if (key[i] == '_')
			key[i] = '-';
	}
	key[i] = '\0';
	return key;
}

static size_t without_zeros(const uint8_t *p, size_t len)
{
	while (len && !p[len - 1])
		len--;
	return len;
}

static bool is_secret(const struct setting *setting, const struct field *f)
{
	return setting && setting->layout == PAYLOAD_kept_security &&
	       !strcmp(f->name, "passphrase");
}

/* ---- out ------------------------------------------------------------------------------------- */

static void out_fields(struct out *out, const struct field *f, const uint8_t *p);

static void out_structs(struct out *out, const char *key, const struct field *f, const uint8_t *p)
{
	size_t n = (without_zeros(p, f->size) + f->element - 1) / f->element;
	bool list = f->size > f->element;

	if (list)
		out_begin(out, key, '[');
	for (size_t i = 0; i < (list ? n : 1); i++) {
		out_begin(out, list ? NULL : key, '{');
		out_fields(out, field_struct(f), p + i * f->element);
		out_end(out, '}');
	}
	if (list)
		out_end(out, ']');
}

static void out_field(struct out *out, const struct field *f, const uint8_t *p)
{
	char key[48];

	key_of(f->name, key);
	if (field_struct(f))
		out_structs(out, key, f, p);
	else if (f->size == f->element && f->size <= 8)
		out_uint(out, key, le_load(p, f->size));
	else
		out_hex(out, key, p, without_zeros(p, f->size));
}

static void out_fields(struct out *out, const struct field *f, const uint8_t *p)
{
	for (; f->name; f++)
		out_field(out, f, p + f->offset);
}

static void out_setting(struct out *out, const struct swcxl_change *c, bool secrets)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *setting = &settings[i];
		const struct field *f = payload_fields(setting->layout);
		const uint8_t *p = c->data;
		char key[48];

		if (setting->number != c->start)
			continue;
		out_string(out, "setting", key_of(setting->name, key));
		for (; f->name; f++)
			if (secrets || !is_secret(setting, f) ||
			    !without_zeros(p + f->offset, f->size))
				out_field(out, f, p + f->offset);
	}
}

static void out_event(struct out *out, const struct swcxl_change *c)
{
	char buf[1024];
	struct text text = {buf, 0, sizeof(buf) - 1};

	decode_event(&text, c->data);
	buf[text.len] = '\0';
	out_enum(out, "event", &qmp_enum_event_log, c->log);
	out_string(out, "shows", buf);
	out_hex(out, "record", c->data, without_zeros(c->data, c->length));
}

static void out_range(struct out *out, const char *kind, const struct swcxl_change *c)
{
	out_uint(out, kind, c->start);
	out_uint(out, "length", c->length);
	out_enum(out, "source", &qmp_enum_source, c->attr & SWCXL_ATTR_SOURCE);
}

bool state_out(struct out *out, const struct swcxl_change *c, bool secrets)
{
	if (c->kind == SWCXL_CHANGE_LSA && !without_zeros(c->data, c->length))
		return false;
	out_begin(out, NULL, '{');
	switch (c->kind) {
	case SWCXL_CHANGE_SETTING:
		out_setting(out, c, secrets);
		break;
	case SWCXL_CHANGE_POISON:
		out_range(out, "poison", c);
		out_bool(out, "known", c->attr & SWCXL_ATTR_KNOWN);
		out_bool(out, "permanent", c->attr & SWCXL_ATTR_PERMANENT);
		break;
	case SWCXL_CHANGE_LIST:
		out_range(out, "list", c);
		break;
	case SWCXL_CHANGE_OVERFLOW:
		out_bool(out, "overflow", c->attr);
		out_uint(out, "timestamp", c->value);
		break;
	case SWCXL_CHANGE_CONTENT:
		out_uint(out, "content", c->start);
		out_hex(out, "data", c->data, c->length);
		break;
	case SWCXL_CHANGE_LSA:
		out_uint(out, "lsa", c->start);
		out_hex(out, "data", c->data, without_zeros(c->data, c->length));
		break;
	case SWCXL_CHANGE_EXTENT:
		out_uint(out, "extent", c->start);
		out_uint(out, "length", c->value);
		out_bool(out, "added", c->attr & SWCXL_EXTENT_ADDED);
		out_bool(out, "referenced", c->attr & SWCXL_EXTENT_REFERENCED);
		out_bool(out, "sanitize", c->attr & SWCXL_EXTENT_SANITIZE);
		out_fields(out, payload_fields(PAYLOAD_kept_extent), c->data);
		break;
	case SWCXL_CHANGE_EVENT:
		out_event(out, c);
		break;
	case SWCXL_CHANGE_EVENT_LOST:
		out_enum(out, "lost-events", &qmp_enum_event_log, c->log);
		out_fields(out, payload_fields(PAYLOAD_kept_lost), c->data);
		break;
	case SWCXL_CHANGE_EVENT_CLEAR:
		break;
	}
	out_end(out, '}');
	return true;
}

/* ---- in: each returns false after bad() ------------------------------------------------------ */

struct taker {
	struct state_record *record;
	struct json_object *object;
	int taken; /* members */
};

__attribute__((format(printf, 2, 3))) static bool bad(struct taker *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->record->why, sizeof(t->record->why), format, args);
	va_end(args);
	return false;
}

static struct json_object *member(struct taker *t, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(t->object, key, &value))
		bad(t, "'%s' is missing", key);
	else if (!value)
		bad(t, "'%s' is null", key);
	t->taken++;
	return value;
}

static bool take_uint(struct taker *t, const char *key, uint64_t max, uint64_t *v)
{
	struct json_object *value = member(t, key);

	if (!value)
		return false;
	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
		return bad(t, "'%s' is no whole number from 0 on", key);
	*v = json_object_get_uint64(value);
	return *v <= max || bad(t, "'%s' is more than %" PRIu64, key, max);
}

static bool take_bit(struct taker *t, const char *key, uint8_t bit)
{
	struct json_object *value = member(t, key);

	if (!value)
		return false;
	if (!json_object_is_type(value, json_type_boolean))
		return bad(t, "'%s' is neither true nor false", key);
	if (json_object_get_boolean(value))
		t->record->change.attr |= bit;
	return true;
}

/* The value of a name. */
static bool take_name(struct taker *t, const char *key, const struct qmp_enum *names, uint8_t *v)
{
	struct json_object *value = member(t, key);
	const char *text = value ? qmp_text(value) : NULL;

	for (size_t i = 0; text && i < names->count; i++) {
		if (!strcmp(names->values[i].name, text)) {
			*v = (uint8_t)names->values[i].value;
			return true;
		}
	}
	return value ? bad(t, "'%s' is no %s", key, names->name) : false;
}

/* Digits, and zeros behind them. */
static bool take_bytes(struct taker *t, const char *key, uint8_t *p, size_t size, size_t *len)
{
	struct json_object *value = member(t, key);
	const char *text = value ? qmp_text(value) : NULL;
	size_t digits = text ? strlen(text) : 0;

	if (!value)
		return false;
	if (!text || digits % 2 || digits / 2 > size)
		return bad(t, "'%s' is not up to %zu bytes as hexadecimal digits", key, size);
	memset(p, 0, size);
	for (size_t i = 0; i < digits; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0)
			return bad(t, "'%s' has something that is no hexadecimal digit", key);
		p[i / 2] = (uint8_t)(p[i / 2] << 4 | digit);
	}
	if (len)
		*len = digits / 2;
	return true;
}

static bool take_fields(struct taker *t, const struct setting *setting, const struct field *f,
			uint8_t *p);

/* A struct in a struct: all of the object's members are its. */
static bool take_struct(struct taker *t, const struct field *f, struct json_object *object,
			uint8_t *p)
{
	struct taker inner = {t->record, object, 0};

	if (!json_object_is_type(object, json_type_object))
		return bad(t, "'%s' is no object", f->name);
	return take_fields(&inner, NULL, field_struct(f), p) &&
	       (inner.taken == json_object_object_length(object) ||
		bad(t, "'%s' has a member too many", f->name));
}

static bool take_structs(struct taker *t, const char *key, const struct field *f, uint8_t *p)
{
	struct json_object *value = member(t, key);
	size_t n;

	if (!value)
		return false;
	if (f->size == f->element)
		return take_struct(t, f, value, p);
	n = json_object_is_type(value, json_type_array) ? json_object_array_length(value)
							: SIZE_MAX;
	if (n > f->size / f->element)
		return bad(t, "'%s' is no list of up to %u", key, f->size / f->element);
	for (size_t i = 0; i < n; i++)
		if (!take_struct(t, f, json_object_array_get_idx(value, i), p + i * f->element))
			return false;
	return true;
}

static bool take_field(struct taker *t, const struct field *f, uint8_t *p)
{
	char key[48];
	uint64_t v = 0;

	key_of(f->name, key);
	if (field_struct(f))
		return take_structs(t, key, f, p);
	if (f->size != f->element || f->size > 8)
		return take_bytes(t, key, p, f->size, NULL);
	if (!take_uint(t, key, UINT64_MAX >> (64 - 8 * f->size), &v))
		return false;
	le_store(p, f->size, v);
	return true;
}

static bool take_fields(struct taker *t, const struct setting *setting, const struct field *f,
			uint8_t *p)
{
	for (; f->name; f++) {
		struct json_object *value;
		char key[48];

		if (is_secret(setting, f) &&
		    !json_object_object_get_ex(t->object, key_of(f->name, key), &value))
			return bad(t, "passphrases were set, and are not there: they are exported "
				      "when asked for (--secrets)");
		if (!take_field(t, f, p + f->offset))
			return false;
	}
	return true;
}

static bool take_setting(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;
	struct json_object *value = member(t, "setting");
	const char *name = value ? qmp_text(value) : NULL;
	char key[48];

	for (size_t i = 0; name && i < ARRAY_SIZE(settings); i++) {
		if (strcmp(name, key_of(settings[i].name, key)) != 0)
			continue;
		c->start = settings[i].number;
		c->length = payload_size(settings[i].layout);
		return take_fields(t, &settings[i], payload_fields(settings[i].layout),
				   t->record->data);
	}
	return bad(t, "there is no such setting");
}

static bool take_range(struct taker *t, const char *kind)
{
	struct swcxl_change *c = &t->record->change;
	uint8_t source;

	if (!take_uint(t, kind, UINT64_MAX, &c->start) ||
	    !take_uint(t, "length", UINT64_MAX, &c->length) ||
	    !take_name(t, "source", &qmp_enum_source, &source))
		return false;
	c->attr = source | SWCXL_ATTR_POISON;
	c->data = NULL;
	return true;
}

static bool take_poison(struct taker *t)
{
	return take_range(t, "poison") && take_bit(t, "known", SWCXL_ATTR_KNOWN) &&
	       take_bit(t, "permanent", SWCXL_ATTR_PERMANENT);
}

static bool take_list(struct taker *t)
{
	return take_range(t, "list");
}

static bool take_overflow(struct taker *t)
{
	return take_bit(t, "overflow", 1) &&
	       take_uint(t, "timestamp", UINT64_MAX, &t->record->change.value);
}

static bool take_content(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;
	size_t len;

	if (!take_uint(t, "content", UINT64_MAX, &c->start) ||
	    !take_bytes(t, "data", t->record->data, sizeof(t->record->data), &len))
		return false;
	c->length = len;
	return (len && len % SWCXL_LINE == 0) || bad(t, "'data' is not whole lines of 64 bytes");
}

static bool take_labels(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;
	size_t len;

	if (!take_uint(t, "lsa", UINT64_MAX, &c->start) ||
	    !take_bytes(t, "data", t->record->data, sizeof(t->record->data), &len))
		return false;
	c->length = len;
	return true;
}

static bool take_extent(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;

	c->length = payload_size(PAYLOAD_kept_extent);
	return take_uint(t, "extent", UINT64_MAX, &c->start) &&
	       take_uint(t, "length", UINT64_MAX, &c->value) &&
	       take_bit(t, "added", SWCXL_EXTENT_ADDED) &&
	       take_bit(t, "referenced", SWCXL_EXTENT_REFERENCED) &&
	       take_bit(t, "sanitize", SWCXL_EXTENT_SANITIZE) &&
	       take_fields(t, NULL, payload_fields(PAYLOAD_kept_extent), t->record->data);
}

/* What a record shows is for people: the record counts. */
static bool take_event(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;

	c->length = SWCXL_EVENT_RECORD_SIZE;
	return take_name(t, "event", &qmp_enum_event_log, &c->log) && member(t, "shows") &&
	       take_bytes(t, "record", t->record->data, SWCXL_EVENT_RECORD_SIZE, NULL);
}

static bool take_lost(struct taker *t)
{
	struct swcxl_change *c = &t->record->change;

	c->length = payload_size(PAYLOAD_kept_lost);
	c->attr = 1;
	return take_name(t, "lost-events", &qmp_enum_event_log, &c->log) &&
	       take_fields(t, NULL, payload_fields(PAYLOAD_kept_lost), t->record->data);
}

static const struct kind {
	const char *key; /* which a record of that kind alone has */
	enum swcxl_change_kind kind;
	bool (*take)(struct taker *t);
} kinds[] = {
	{"setting", SWCXL_CHANGE_SETTING, take_setting},
	{"poison", SWCXL_CHANGE_POISON, take_poison},
	{"list", SWCXL_CHANGE_LIST, take_list},
	{"overflow", SWCXL_CHANGE_OVERFLOW, take_overflow},
	{"content", SWCXL_CHANGE_CONTENT, take_content},
	{"lsa", SWCXL_CHANGE_LSA, take_labels},
	{"extent", SWCXL_CHANGE_EXTENT, take_extent},
	{"event", SWCXL_CHANGE_EVENT, take_event},
	{"lost-events", SWCXL_CHANGE_EVENT_LOST, take_lost},
};

bool state_take(struct state_record *record, struct json_object *object)
{
	struct taker t = {record, object, 0};

	if (!json_object_is_type(object, json_type_object))
		return bad(&t, "it is no object");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!json_object_object_get_ex(object, kinds[i].key, NULL))
			continue;
		record->change = (struct swcxl_change){.kind = kinds[i].kind, .data = record->data};
		memset(record->data, 0, sizeof(record->data));
		return kinds[i].take(&t) && (t.taken == json_object_object_length(object) ||
					     bad(&t, "it has a member too many"));
	}
	return bad(&t, "it is of no kind that is known");
}
