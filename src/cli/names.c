// SPDX-License-Identifier: MIT
#include "cli/names.h"

#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "swcxl/swcxl.h"
#include "wire/events.h"

#define VALUES_MAX 16

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

const char *value_key(unsigned names, uint64_t value)
{
	for (size_t j = 0; j < VALUES_MAX; j++)
		if (enums[names].values[j].name && enums[names].values[j].value == value)
			return enums[names].values[j].name;
	return "reserved";
}

struct json_object *bit_keys(unsigned names, uint64_t bits)
{
	struct json_object *array = json_object_new_array();

	for (unsigned bit = 0; bit < 32; bit++)
		if (bits >> bit & 1 && strcmp(value_key(names, bit), "reserved") != 0)
			json_object_array_add(array, json_object_new_string(value_key(names, bit)));
	return array;
}
