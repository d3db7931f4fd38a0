// SPDX-License-Identifier: MIT
/*
 * Arguments: from JSON to the struct that the table made for the command.
 *
 * Texts and order are QEMU's (its qobject input visitor), because scripts match them: every member
 * in table order, missing or of the wrong kind; then members that the command does not have. Where
 * QEMU has no such notion (ranges, bytes), the texts keep to its form.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/util.h"
#include "base/width.h"
#include "front/qmp/session.h"

const char *qmp_text(struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static bool wrong_type(struct qmp_call *call, const char *name, const char *expected)
{
	return qmp_error(call, "Invalid parameter type for '%s', expected: %s", name, expected);
}

/* QEMU takes a negative number for the unsigned one of the same 64 bits. */
static uint64_t to_uint(struct json_object *value)
{
	int64_t number = json_object_get_int64(value);

	return number < 0 ? (uint64_t)number : json_object_get_uint64(value);
}

static bool take_uint(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		      void *p)
{
	uint64_t widest = arg->size < 8 ? (1ull << 8 * arg->size) - 1 : UINT64_MAX;
	uint64_t number;

	if (!json_object_is_type(value, json_type_int))
		return qmp_error(call, "Parameter '%s' expects uint64", arg->name);
	number = to_uint(value);
	if (number > widest)
		return qmp_error(call, "Parameter '%s' expects uint%zu_t", arg->name,
				 8 * arg->size);
	if (number < arg->min || number > arg->max)
		return qmp_error(call,
				 "Parameter '%s' expects a number from %" PRIu64 " to %" PRIu64,
				 arg->name, arg->min, arg->max);
	store_width(p, arg->size, number);
	return true;
}

static bool take_int(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		     void *p)
{
	int64_t least = INT64_MIN >> (64 - 8 * arg->size), number;

	if (!json_object_is_type(value, json_type_int))
		return wrong_type(call, arg->name, "integer");
	number = json_object_get_int64(value);
	if (number < least || number > -(least + 1))
		return qmp_error(call, "Parameter '%s' expects int%zu_t", arg->name, 8 * arg->size);
	store_width(p, arg->size, (uint64_t)number);
	return true;
}

static bool take_enum(struct qmp_call *call, const char *name, const struct qmp_enum *names,
		      struct json_object *value, unsigned *p)
{
	const char *text = qmp_text(value);

	if (!text)
		return wrong_type(call, name, "string");
	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(text, names->values[i].name) && names->values[i].value != UINT_MAX) {
			*p = names->values[i].value;
			return true;
		}
	}
	return qmp_error(call, "Parameter '%s' does not accept value '%s'", name, text);
}

static bool take_list(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		      unsigned *p)
{
	*p = 0;
	if (!json_object_is_type(value, json_type_array))
		return wrong_type(call, arg->name, "array");
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		char name[64];
		unsigned bit = 0;

		snprintf(name, sizeof(name), "%s[%zu]", arg->name, i);
		if (!take_enum(call, name, arg->names, json_object_array_get_idx(value, i), &bit))
			return false;
		*p |= 1u << bit;
	}
	return true;
}

/* QEMU leaves what is too much of a list where it is, but looks at its type. */
static bool take_words(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		       struct qmp_words *p)
{
	*p = (struct qmp_words){0};
	if (!json_object_is_type(value, json_type_array))
		return wrong_type(call, arg->name, "array");
	if (json_object_array_length(value) > arg->max)
		return qmp_error(call, "Parameter '%s' expects at most %" PRIu64 " numbers",
				 arg->name, arg->max);
	for (size_t i = 0; i < json_object_array_length(value); i++) {
		char name[64];
		struct qmp_arg element = {name, .size = arg->size, .max = UINT64_MAX};
		uint64_t word = 0;

		snprintf(name, sizeof(name), "%s[%zu]", arg->name, i);
		if (!take_uint(call, &element, json_object_array_get_idx(value, i), &word))
			return false;
		if (p->count < QMP_WORDS_MAX)
			p->v[p->count++] = word;
	}
	return true;
}

static bool take_hex(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		     struct span *p)
{
	const char *text;
	uint8_t *bytes;
	size_t len;

	if (!json_object_is_type(value, json_type_string))
		return wrong_type(call, arg->name, "string");
	text = json_object_get_string(value);
	len = (size_t)json_object_get_string_len(value);
	for (size_t i = 0; i < len; i++)
		if (hex_digit(text[i]) < 0)
			return qmp_error(call, "Parameter '%s' expects hexadecimal digits",
					 arg->name);
	if (len % 2)
		return qmp_error(call,
				 "Parameter '%s' expects an even number of hexadecimal digits",
				 arg->name);
	len /= 2;
	if (len < arg->min || len > arg->max)
		return qmp_error(call,
				 "Parameter '%s' expects from %" PRIu64 " to %" PRIu64 " bytes",
				 arg->name, arg->min, arg->max);
	bytes = malloc(MAX(len, 1u));
	if (!bytes)
		return qmp_error(call, "Out of memory");
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
	*p = (struct span){bytes, len};
	return true;
}

static void preset(const struct qmp_arg *arg, void *p)
{
	if (arg->kind == QMP_UINT)
		store_width(p, arg->size, arg->preset);
	else if (arg->kind == QMP_BOOL)
		*(bool *)p = arg->preset;
	else if (arg->kind == QMP_ENUM)
		*(unsigned *)p = (unsigned)arg->preset;
}

static const struct qmp_arg *find(const struct qmp_arg *arg, const char *name)
{
	while (arg->name && strcmp(arg->name, name) != 0)
		arg++;
	return arg->name ? arg : NULL;
}

/* The members of an object (NULL: it has none), whose names begin with prefix in error texts. */
static bool take_object(struct qmp_call *call, const char *prefix, const struct qmp_arg *args,
			struct json_object *json, char *base)
{
	for (const struct qmp_arg *row = args; row->name; row++) {
		struct json_object *value;
		struct qmp_arg arg = *row;
		char name[64];

		if (*prefix) {
			snprintf(name, sizeof(name), "%s%s", prefix, row->name);
			arg.name = name;
		}
		if (json_object_object_get_ex(json, row->name, &value)) {
			if (!qmp_arg_take(call, &arg, value, base + arg.offset))
				return false;
			*(bool *)(base + arg.has_offset) = true;
		} else if (arg.presence == QMP_REQUIRED) {
			return qmp_error(call, "Parameter '%s' is missing", arg.name);
		} else {
			preset(&arg, base + arg.offset);
		}
	}
	if (!json)
		return true;
	json_object_object_foreach (json, key, value) {
		(void)value;
		if (!find(args, key))
			return qmp_error(call, "Parameter '%s%s' is unexpected", prefix, key);
	}
	return true;
}

static bool take_items(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		       struct qmp_items *p)
{
	const struct qmp_item *item = arg->item;
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return wrong_type(call, arg->name, "array");
	n = json_object_array_length(value);
	p->p = calloc(MAX(n, 1u), item->size);
	if (!p->p)
		return qmp_error(call, "Out of memory");
	p->count = n;
	for (size_t i = 0; i < n; i++) {
		struct json_object *object = json_object_array_get_idx(value, i);
		char name[64];

		snprintf(name, sizeof(name), "%s[%zu]", arg->name, i);
		if (!json_object_is_type(object, json_type_object))
			return wrong_type(call, name, "object");
		snprintf(name, sizeof(name), "%s[%zu].", arg->name, i);
		if (!take_object(call, name, item->args(), object, (char *)p->p + i * item->size))
			return false;
	}
	return true;
}

/* A start or a length, which have no bounds of their own. Names are made for errors alone: of such
 * numbers there are many. */
static bool take_half(struct qmp_call *call, const char *ranges, size_t i, unsigned half,
		      struct json_object *pair, uint64_t *number)
{
	struct json_object *value = json_object_array_get_idx(pair, half);

	if (json_object_is_type(value, json_type_int)) {
		*number = to_uint(value);
		return true;
	}
	return qmp_error(call, "Parameter '%s[%zu][%u]' expects uint64", ranges, i, half);
}

static bool take_ranges(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
			struct qmp_ranges *p)
{
	size_t n;

	if (!json_object_is_type(value, json_type_array))
		return wrong_type(call, arg->name, "array");
	n = json_object_array_length(value);
	if (!n)
		return qmp_error(call, "Parameter '%s' must not be empty", arg->name);
	p->p = calloc(n, sizeof(*p->p));
	if (!p->p)
		return qmp_error(call, "Out of memory");
	p->count = n;
	for (size_t i = 0; i < n; i++) {
		struct json_object *pair = json_object_array_get_idx(value, i);

		if (!json_object_is_type(pair, json_type_array))
			return qmp_error(call,
					 "Invalid parameter type for '%s[%zu]', expected: array",
					 arg->name, i);
		if (json_object_array_length(pair) != 2)
			return qmp_error(call, "Parameter '%s[%zu]' expects a start and a length",
					 arg->name, i);
		if (!take_half(call, arg->name, i, 0, pair, &p->p[i].start) ||
		    !take_half(call, arg->name, i, 1, pair, &p->p[i].length))
			return false;
	}
	return true;
}

bool qmp_arg_take(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		  void *p)
{
	switch (arg->kind) {
	case QMP_UINT:
		return take_uint(call, arg, value, p);
	case QMP_BOOL:
		if (!json_object_is_type(value, json_type_boolean))
			return wrong_type(call, arg->name, "boolean");
		*(bool *)p = json_object_get_boolean(value);
		return true;
	case QMP_ENUM:
		return take_enum(call, arg->name, arg->names, value, p);
	case QMP_STR:
		*(const char **)p = qmp_text(value);
		return *(const char **)p || wrong_type(call, arg->name, "string");
	case QMP_HEX:
		return take_hex(call, arg, value, p);
	case QMP_LIST:
		return take_list(call, arg, value, p);
	case QMP_INT:
		return take_int(call, arg, value, p);
	case QMP_WORDS:
		return take_words(call, arg, value, p);
	case QMP_OBJECT:
		*(struct json_object **)p = value;
		return json_object_is_type(value, json_type_object) ||
		       wrong_type(call, arg->name, "object");
	case QMP_ITEMS:
		return take_items(call, arg, value, p);
	case QMP_RANGES:
		return take_ranges(call, arg, value, p);
	}
	return false;
}

uint64_t qmp_arg_number(const struct qmp_arg *arg, const void *p)
{
	switch (arg->kind) {
	case QMP_UINT:
	case QMP_INT:
		return load_width(p, arg->size);
	case QMP_BOOL:
		return *(const bool *)p;
	case QMP_ENUM:
	case QMP_LIST:
		return *(const unsigned *)p;
	default:
		return 0;
	}
}

bool qmp_args_take(struct qmp_call *call, const struct qmp_command *command,
		   struct json_object *json, union qmp_args *args)
{
	memset(args, 0, sizeof(*args));
	return take_object(call, "", command->args(), json, (char *)args);
}

static void free_args(const struct qmp_arg *arg, char *base)
{
	for (; arg->name; arg++) {
		const struct span *bytes = (const void *)(base + arg->offset);
		const struct qmp_items *items = (const void *)(base + arg->offset);
		const struct qmp_ranges *ranges = (const void *)(base + arg->offset);

		if (arg->kind == QMP_HEX)
			free((void *)(uintptr_t)bytes->p);
		if (arg->kind == QMP_RANGES)
			free(ranges->p);
		if (arg->kind != QMP_ITEMS)
			continue;
		for (size_t i = 0; i < items->count; i++)
			free_args(arg->item->args(), (char *)items->p + i * arg->item->size);
		free(items->p);
	}
}

void qmp_args_free(const struct qmp_command *command, union qmp_args *args)
{
	free_args(command->args(), (char *)args);
}
