/* SPDX-License-Identifier: MIT */
/* The layouts of src/wire/ as data, and what they hold as text. */
#ifndef SWCXL_DECODE_FIELDS_H
#define SWCXL_DECODE_FIELDS_H

#include "base/span.h"
#include "base/text.h"

/* clang-format off */
enum payload {
	PAYLOAD_none,
#define PAYLOAD(name, LIST) PAYLOAD_##name,
#include "tbl/payload_fields.tbl.h"
	/* elements of tails that have their own ways */
	PAYLOAD_event_header,
	PAYLOAD_event_handle,
};
/* clang-format on */

/* A field of a struct: one element, or an array of them. */
struct field {
	const char *name, *type; /* as C has them */
	unsigned offset, size, element;
};

/* The fields of a struct; the last has no name. And of a struct that a field is, or NULL. */
const struct field *payload_fields(enum payload payload);
const struct field *field_struct(const struct field *field);

/* Bytes of a payload's struct, or of an element. */
size_t payload_size(enum payload payload);

/* name=value, ... of all fields that are there. */
void payload_text(struct text *text, enum payload payload, struct span bytes);

/* Any number of elements and then rest, as "name=[{...}, ...]"; only if bytes are just that. */
struct tail {
	const char *name;
	enum payload element, rest;
};
bool tail_fits(const struct tail *tail, size_t len);
void tail_text(struct text *text, const struct tail *tail, struct span bytes);

/* ", " unless it would be the first behind a bracket. */
void text_comma(struct text *text);
void text_bytes(struct text *text, struct span bytes);

#endif
