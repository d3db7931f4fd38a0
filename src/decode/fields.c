// SPDX-License-Identifier: MIT
/*
 * The lists of src/wire/ become rows here: the same list that made the struct, so that no offset is
 * written twice. How a field is shown follows from its type, and from its row of
 * payload_fields.tbl.h if it has one; the compiler finds a row whose field does not exist.
 */
#include "decode/fields.h"

#include "base/util.h"
#include "base/wire.h"
#include "decode/decode.h"
#include "wire/dc.h"
#include "wire/doe.h"
#include "wire/events.h"
#include "wire/features.h"
#include "wire/fw.h"
#include "wire/generic.h"
#include "wire/health.h"
#include "wire/kept.h"
#include "wire/maintenance.h"
#include "wire/media.h"
#include "wire/memory.h"
#include "wire/security.h"

/* clang-format off */
#define ROW_(o, t, n, ...) {#n, #t, (o), sizeof(((self_ *)0)->n), sizeof(t)},
#define PAYLOAD(name, LIST)                                                 \
	static const struct field *fields_of_##name(void)                   \
	{                                                                   \
		typedef struct name self_;                                  \
		static const struct field rows[] = {LIST(ROW_) {0}};        \
		return rows;                                                \
	}
#include "tbl/payload_fields.tbl.h"

static const struct {
	const char *name;
	const struct field *(*fields)(void);
	size_t size;
} payloads[] = {
	[PAYLOAD_none] = {"", NULL, 0},
#define PAYLOAD(name, LIST) \
	[PAYLOAD_##name] = {"struct " #name, fields_of_##name, sizeof(struct name)},
#include "tbl/payload_fields.tbl.h"
	[PAYLOAD_event_header] = {"", NULL, 128},
	[PAYLOAD_event_handle] = {"", NULL, 2},
};

enum show { AS_NUMBER, AS_BITS, AS_CODE, AS_HEX, AS_SIGNED, AS_CHARS, AS_SECRET, AS_LOW };

static const struct hint {
	enum payload payload;
	unsigned offset;
	enum show show;
	const char *words;
	unsigned mask;
} hints[] = {
#define HINT_(s, field, show, words) {PAYLOAD_##s, offsetof(struct s, field), show, words, 0},
#define LOW(s, field, mask, words) \
	{PAYLOAD_##s, offsetof(struct s, field), AS_LOW, words, mask},
#define BITS(s, field, words) HINT_(s, field, AS_BITS, words)
#define CODE(s, field, words) HINT_(s, field, AS_CODE, words)
#define HEX(s, field) HINT_(s, field, AS_HEX, NULL)
#define SIGNED(s, field) HINT_(s, field, AS_SIGNED, NULL)
#define CHARS(s, field) HINT_(s, field, AS_CHARS, NULL)
#define SECRET(s, field) HINT_(s, field, AS_SECRET, NULL)
#include "tbl/payload_fields.tbl.h"
};
/* clang-format on */

static const struct hint *hint_of(enum payload payload, unsigned offset)
{
	for (size_t i = 0; i < ARRAY_SIZE(hints); i++)
		if (hints[i].payload == payload && hints[i].offset == offset)
			return &hints[i];
	return NULL;
}

void text_comma(struct text *text)
{
	char last = '(';

	if (text->len)
		last = text->p[text->len - 1];
	if (last != '(' && last != '{' && last != '[')
		text_str(text, ", ");
}

/* Field names as the rest of the world writes them here: with dashes. */
static void add_name(struct text *text, const char *name)
{
	text_comma(text);
	for (; *name; name++)
		text_add(text, *name == '_' ? "-" : name, 1);
	text_str(text, "=");
}

static void add_0x(struct text *text, uint64_t v)
{
	text_str(text, "0x");
	text_hex(text, v, 1);
}

static bool is_zero(struct span bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		if (bytes.p[i])
			return false;
	return true;
}

void text_bytes(struct text *text, struct span bytes)
{
	size_t n = MIN(bytes.len, DECODE_BYTES_MAX);

	if (is_zero(bytes)) {
		text_str(text, "0");
		return;
	}
	for (size_t i = 0; i < n; i++)
		text_hex(text, bytes.p[i], 2);
	if (n == bytes.len)
		return;
	text_str(text, "...<");
	text_dec(text, bytes.len);
	text_str(text, " bytes>");
}

/* The word of that number among "one|two|three", NULL and no length when there is none. */
static const char *word(const char *words, uint64_t n, size_t *len)
{
	for (;; words++) {
		*len = strcspn(words, "|");
		if (!n--)
			return *len == 1 && *words == '-' ? NULL : words;
		words += *len;
		if (!*words)
			return NULL;
	}
}

static void add_bits(struct text *text, const char *words, uint64_t bits)
{
	uint64_t unknown = 0;
	bool any = false;

	for (unsigned bit = 0; bit < 64; bit++) {
		size_t len;
		const char *name = word(words, bit, &len);

		if (!(bits >> bit & 1))
			continue;
		if (!name) {
			unknown |= 1ull << bit;
			continue;
		}
		text_str(text, any ? "|" : "");
		text_add(text, name, len);
		any = true;
	}
	if (unknown || !any) {
		text_str(text, any ? "|" : "");
		if (unknown)
			add_0x(text, unknown);
		else
			text_str(text, "0");
	}
}

static void add_code(struct text *text, const char *words, uint64_t code)
{
	size_t len;
	const char *name = code < 64 ? word(words, code, &len) : NULL;

	if (name)
		text_add(text, name, len);
	else
		add_0x(text, code);
}

static void add_signed(struct text *text, uint64_t v, unsigned size)
{
	bool negative = v >> (8 * size - 1) & 1;

	if (negative)
		v = (~v & (~0ull >> (64 - 8 * size))) + 1;
	text_str(text, negative ? "-" : "");
	text_dec(text, v);
}

/* Of whatever a guest may have put there, nothing that means something to a terminal or to a reader
 * of lines. */
static void add_chars(struct text *text, struct span bytes)
{
	text_str(text, "\"");
	for (size_t i = 0; i < bytes.len; i++) {
		char c = (char)bytes.p[i];

		if (c)
			text_add(text, c >= ' ' && c < 0x7f && c != '"' && c != '|' ? &c : "?", 1);
	}
	text_str(text, "\"");
}

static void add_uuid(struct text *text, const uint8_t *p)
{
	for (unsigned i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_str(text, "-");
		text_hex(text, p[i], 2);
	}
}

/* The rest of a number, of which the low bits are a code. */
static void add_low(struct text *text, const struct hint *hint, uint64_t v)
{
	size_t len;
	const char *name = word(hint->words, v & hint->mask, &len);

	add_0x(text, v & ~(uint64_t)hint->mask);
	if (!name && !(v & hint->mask))
		return;
	text_str(text, "|");
	add_code(text, hint->words, v & hint->mask);
}

static void add_number(struct text *text, const struct field *f, const struct hint *hint,
		       uint64_t v)
{
	enum show show = hint ? hint->show : AS_NUMBER;

	if (show == AS_BITS)
		add_bits(text, hint->words, v);
	else if (show == AS_CODE)
		add_code(text, hint->words, v);
	else if (show == AS_LOW)
		add_low(text, hint, v);
	else if (show == AS_SIGNED)
		add_signed(text, v, f->size);
	else if (show == AS_HEX || f->size == 8)
		add_0x(text, v);
	else
		text_dec(text, v);
}

static void add_field(struct text *text, enum payload payload, const struct field *f,
		      const uint8_t *p)
{
	const struct hint *hint = hint_of(payload, f->offset);
	struct span bytes = {p, f->size};

	if (!strncmp(f->name, "reserved", 8) && is_zero(bytes))
		return;
	add_name(text, f->name);
	if (hint && hint->show == AS_SECRET)
		text_str(text, "...");
	else if (hint && hint->show == AS_CHARS)
		add_chars(text, bytes);
	else if (!strcmp(f->type, "uuid"))
		add_uuid(text, p);
	else if (f->size == f->element && f->size <= 8)
		add_number(text, f, hint, le_load(p, f->size));
	else
		text_bytes(text, bytes);
}

const struct field *payload_fields(enum payload payload)
{
	return payloads[payload].fields();
}

const struct field *field_struct(const struct field *field)
{
	for (size_t i = 0; i < ARRAY_SIZE(payloads); i++)
		if (!strcmp(payloads[i].name, field->type))
			return payloads[i].fields();
	return NULL;
}

size_t payload_size(enum payload payload)
{
	return payloads[payload].size;
}

void payload_text(struct text *text, enum payload payload, struct span bytes)
{
	const struct field *f = payloads[payload].fields ? payloads[payload].fields() : NULL;

	for (; f && f->name && f->offset + f->size <= bytes.len; f++)
		add_field(text, payload, f, bytes.p + f->offset);
	if (f && f->name && f->offset < bytes.len) { /* cut in the middle of a field */
		add_name(text, f->name);
		text_bytes(text, (struct span){bytes.p + f->offset, bytes.len - f->offset});
	}
}

/* ---- what follows ---- */

bool tail_fits(const struct tail *tail, size_t len)
{
	size_t element = payload_size(tail->element), rest = payload_size(tail->rest);

	if (!element)
		return len == rest || !rest;
	return len >= rest && (len - rest) % element == 0;
}

static void add_element(struct text *text, enum payload payload, const uint8_t *p)
{
	if (payload == PAYLOAD_event_handle) {
		text_comma(text);
		text_dec(text, le_load(p, 2));
		return;
	}
	text_comma(text);
	text_str(text, "{");
	if (payload == PAYLOAD_event_header)
		decode_event(text, p);
	else
		payload_text(text, payload, (struct span){p, payload_size(payload)});
	text_str(text, "}");
}

void tail_text(struct text *text, const struct tail *tail, struct span bytes)
{
	size_t element = payload_size(tail->element), rest = payload_size(tail->rest);
	size_t n = element ? (bytes.len - rest) / element : 0;

	if (!element && !rest) {
		add_name(text, tail->name);
		text_bytes(text, bytes);
		return;
	}
	if (element) {
		add_name(text, tail->name);
		text_str(text, "[");
		for (size_t i = 0; i < MIN(n, DECODE_LIST_MAX); i++)
			add_element(text, tail->element, bytes.p + i * element);
		if (n > DECODE_LIST_MAX) {
			text_str(text, ", ...<");
			text_dec(text, n);
			text_str(text, " in all>");
		}
		text_str(text, "]");
	}
	if (rest)
		payload_text(text, tail->rest, (struct span){bytes.p + n * element, rest});
}
