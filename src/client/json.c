/* SPDX-License-Identifier: MIT */
#include "client/json.h"

#include <json-c/json.h>

void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void add_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

struct json_object *get_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

uint64_t get_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(get_member(object, key));
}

bool get_bool(struct json_object *object, const char *key)
{
	return json_object_get_boolean(get_member(object, key));
}

const char *get_string(struct json_object *object, const char *key)
{
	const char *value = json_object_get_string(get_member(object, key));

	return value ? value : "";
}

size_t get_count(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}
