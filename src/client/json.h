/* SPDX-License-Identifier: MIT */
/* Members of JSON objects: 0, false or "" where there is none. */
#ifndef SWCXL_CLIENT_JSON_H
#define SWCXL_CLIENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

struct json_object *get_member(struct json_object *object, const char *key);
uint64_t get_number(struct json_object *object, const char *key);
bool get_bool(struct json_object *object, const char *key);
const char *get_string(struct json_object *object, const char *key);
/* How many elements an array has: 0 if it is none. */
size_t get_count(struct json_object *array);

void add_number(struct json_object *object, const char *key, uint64_t value);
void add_bool(struct json_object *object, const char *key, bool value);
void add_string(struct json_object *object, const char *key, const char *value);

#endif
