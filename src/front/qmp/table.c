// SPDX-License-Identifier: MIT
/*
 * The protocol's table as data. The table is included once for the enums and once for the
 * commands; a command's arguments are described inside a function of its own, because only there
 * a local typedef can tell the rows which struct they belong to.
 */
#include "front/qmp/table.h"

#include <limits.h>

#include "base/util.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"

#define EFFECT 1
#define TIME 2
#define NOT_KEPT 4
#define REQUIRED QMP_REQUIRED
#define OPTIONAL QMP_OPTIONAL

/* clang-format off */

#define VALUE(name, number) {name, (unsigned)(number)},
#define COUNT_(...) (sizeof((struct qmp_value[]){__VA_ARGS__}) / sizeof(struct qmp_value))
#define ENUM(id, name, ...) \
	const struct qmp_enum qmp_enum_##id = {name, COUNT_(__VA_ARGS__), {__VA_ARGS__}};
#include "tbl/qmp.tbl.h"

#define PLACE_(field) .offset = offsetof(self_, field), .has_offset = offsetof(self_, has_##field)
#define ARG_UINT(field, json, type, needed, standard, least, most, help) \
	{json, QMP_UINT, needed, PLACE_(field), .size = sizeof(type), .preset = (standard), \
	 .min = (least), .max = (most)},
#define ARG_BOOL(field, json, needed, standard, help) \
	{json, QMP_BOOL, needed, PLACE_(field), .preset = (standard)},
#define ARG_ENUM(field, json, id, needed, standard, help) \
	{json, QMP_ENUM, needed, PLACE_(field), .preset = (standard), .names = &qmp_enum_##id},
#define ARG_STR(field, json, needed, help) \
	{json, QMP_STR, needed, PLACE_(field)},
#define ARG_HEX(field, json, needed, least, most, help) \
	{json, QMP_HEX, needed, PLACE_(field), .min = (least), .max = (most)},
#define ARG_LIST(field, json, id, help) \
	{json, QMP_LIST, QMP_OPTIONAL, PLACE_(field), .names = &qmp_enum_##id},
#define ARG_INT(field, json, type, needed, help) \
	{json, QMP_INT, needed, PLACE_(field), .size = sizeof(type)},
#define ARG_WORDS(field, json, type, needed, help) \
	{json, QMP_WORDS, needed, PLACE_(field), .size = sizeof(type), .max = UINT64_MAX},
#define ARG_OBJECT(field, json, help) \
	{json, QMP_OBJECT, QMP_OPTIONAL, PLACE_(field)},
#define ARG_ITEMS(field, json, id, help) \
	{json, QMP_ITEMS, QMP_REQUIRED, PLACE_(field), .item = &qmp_items[QMP_ITEM_##id]},
#define ARG_RANGES(field, json, help) \
	{json, QMP_RANGES, QMP_OPTIONAL, PLACE_(field)},

#define ITEM(id, name, ...) \
	static const struct qmp_arg *args_of_item_##id(void) \
	{ \
		typedef struct qmp_##id##_item self_; \
		static const struct qmp_arg args[] = {__VA_ARGS__ {0}}; \
		return args; \
	}
#include "tbl/qmp.tbl.h"

const struct qmp_item qmp_items[QMP_ITEM_KINDS] = {
#define ITEM(id, name, ...) \
	{name, "[" name "]", sizeof(struct qmp_##id##_item), args_of_item_##id},
#include "tbl/qmp.tbl.h"
};

#define COMMAND(id, name, returns, since, flags, help, ...) \
	static const struct qmp_arg *args_of_##id(void) \
	{ \
		typedef struct qmp_##id##_args self_ __attribute__((unused)); \
		static const struct qmp_arg args[] = {__VA_ARGS__ {0}}; \
		return args; \
	} \
	static bool run_##id(struct qmp_call *call, const void *in) \
	{ \
		return cmd_##id(call, in); \
	}
#include "tbl/qmp.tbl.h"

const struct qmp_command qmp_commands[QMP_COMMANDS] = {
#define COMMAND(id, name, returns, since, flags, help, ...) \
	{name, returns, (flags) & EFFECT, (flags) & TIME, (flags) & NOT_KEPT, args_of_##id, \
	 run_##id},
#include "tbl/qmp.tbl.h"
};

/* clang-format on */

const char *qmp_enum_name(const struct qmp_enum *names, unsigned value)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->values[i].value == value)
			return names->values[i].name;
	return "reserved";
}
