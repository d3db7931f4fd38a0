/* SPDX-License-Identifier: MIT */
/* What src/tbl/event_fields.tbl.h becomes: event records to JSON, and back. */
#ifndef SWCXL_FRONT_QMP_FIELDS_H
#define SWCXL_FRONT_QMP_FIELDS_H

#include "front/qmp/session.h"

struct json_object;

struct event_field {
	enum {
		FIELD_NUMBER,
		FIELD_SIGNED,
		FIELD_CODE,
		FIELD_BITS,
		FIELD_VALIDITY,
		FIELD_BYTES,
		FIELD_WORDS,
		FIELD_ADDRESS,
		FIELD_FLAG,
		FIELD_FORMAT,
		FIELD_LOG
	} kind;
	const char *name;
	unsigned offset, size;
	const struct qmp_enum *names;
	int valid; /* bit number, or -1 */
	enum swcxl_revision since;
};

struct event_type {
	const char *name;
	const uint8_t *bytes; /* of its UUID */
	enum swcxl_revision since;
	const struct event_field *fields; /* the last has no name */
};

/* clang-format off */
enum event_type_index {
#define COMMON(id, ...) RECORD_##id,
#define RECORD(id, ...) RECORD_##id,
#include "tbl/event_fields.tbl.h"
	EVENT_TYPES
};
/* clang-format on */
extern const struct event_type event_types[EVENT_TYPES]; /* the first is what all have in common */

/* The type of that UUID or of that name; NULL: none of ours. */
const struct event_type *event_type_of(const uint8_t bytes[static 16]);
const struct event_type *event_type_named(const char *name);

/* The fields of a record as members of an object. */
void event_out(struct out *out, const struct event_type *type, const uint8_t *record);

/* A value for a field: which member counts is a matter of its kind. */
struct event_value {
	uint64_t number;
	struct span bytes;
	const uint64_t *words;
	size_t words_count;
};

/* The field of that name, or NULL. */
const struct event_field *event_field(const struct event_type *type, const char *name);

/* Sets a field, and says in the record that it is valid. Bits are added to those that are set. */
void event_set(const struct event_type *type, const struct event_field *field, uint8_t *record,
	       const struct event_value *value);

/*
 * Sets the fields that are members of fields, a parameter of that name. Those that are there are
 * valid, unless the flags that say so are there too. False: qmp_error() was called.
 */
bool event_take(struct qmp_call *call, const struct event_type *type, struct json_object *fields,
		uint8_t *record);

/* Takes out what a revision does not know. */
void event_trim(const struct event_type *type, enum swcxl_revision revision, uint8_t *record);

#endif
