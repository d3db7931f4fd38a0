// SPDX-License-Identifier: MIT
/*
 * Prints the reference part of swcxl-qmp(7) from the protocol's table: every row macro becomes a
 * call that prints the row. tools/manuals puts it into the manual.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "front/qmp/table.h"
#include "mdoc.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"

/* ---- commands -------------------------------------------------------------------------------- */

static bool args_open;

static void arg(const char *name, bool required, const char *type, const char *help)
{
	if (!args_open)
		begin_list();
	args_open = true;
	printf(".It Fa %s Pq %s%s\n", name, type, required ? "" : ", optional");
	text(help);
}

static void arg_uint(const char *name, bool required, size_t size, uint64_t least, uint64_t most,
		     const char *help)
{
	char type[80];

	if (!least && most == UINT64_MAX >> (64 - 8 * size))
		snprintf(type, sizeof(type), "int, %zu bits", 8 * size);
	else
		snprintf(type, sizeof(type), "int, %" PRIu64 " to %" PRIu64, least, most);
	arg(name, required, type, help);
}

static void arg_int(const char *name, bool required, size_t size, const char *help)
{
	char type[80];

	snprintf(type, sizeof(type), "int, %zu bits, signed", 8 * size);
	arg(name, required, type, help);
}

static void arg_words(const char *name, bool required, size_t size, const char *help)
{
	char type[80];

	snprintf(type, sizeof(type), "[int], %zu bits", 8 * size);
	arg(name, required, type, help);
}

static void arg_hex(const char *name, bool required, uint64_t least, uint64_t most,
		    const char *help)
{
	char type[80];

	snprintf(type, sizeof(type), "str, %" PRIu64 " to %" PRIu64 " bytes", least, most);
	arg(name, required, type, help);
}

static void command(const char *name, const char *returns, const char *since, const char *help)
{
	printf(".It Ic %s Pq since %s\n", name, since);
	text(help);
	if (strcmp(returns, "empty") != 0)
		printf("Returns\n.Vt %s .\n", returns);
	args_open = false;
}

static void end_command(void)
{
	if (args_open)
		end_list();
}

/* Names of types, and the macros of arguments: of commands, and of objects in lists. */
/* clang-format off */
#define NAME_ static const char __attribute__((unused))
#define VALUE(...)
#define ENUM(id, name, ...) NAME_ code_##id[] = name, bits_##id[] = "[" name "]";
#define ITEM(id, name, ...) NAME_ item_##id[] = "[" name "]";
#include "tbl/qmp.tbl.h"
#undef VALUE
#define REQUIRED true
#define OPTIONAL false
#define ARG_UINT(field, name, type, needed, preset, min, max, help) \
	arg_uint(name, needed, sizeof(type), min, max, help);
#define ARG_BOOL(field, name, needed, preset, help) arg(name, needed, "bool", help);
#define ARG_ENUM(field, name, id, needed, preset, help) arg(name, needed, code_##id, help);
#define ARG_STR(field, name, needed, help) arg(name, needed, "str", help);
#define ARG_HEX(field, name, needed, min, max, help) arg_hex(name, needed, min, max, help);
#define ARG_LIST(field, name, id, help) arg(name, false, bits_##id, help);
#define ARG_INT(field, name, type, needed, help) arg_int(name, needed, sizeof(type), help);
#define ARG_WORDS(field, name, type, needed, help) arg_words(name, needed, sizeof(type), help);
#define ARG_OBJECT(field, name, help) arg(name, false, "object", help);
#define ARG_ITEMS(field, name, id, help) arg(name, true, item_##id, help);
#define ARG_RANGES(field, name, help) arg(name, false, "[[int]]", help);
/* clang-format on */

static void commands(void)
{
	printf(".Sh COMMANDS\n.Bl -tag -width Ds\n");
/* clang-format off */
#define COMMAND(id, name, returns, since, flags, help, ...) \
	command(name, returns, since, help); \
	__VA_ARGS__ \
	end_command();
#include "tbl/qmp.tbl.h"
	/* clang-format on */
	end_list();
}

/* ---- events and types ------------------------------------------------------------------------ */

static void event(const char *name, const char *data, const char *help)
{
	printf(".It Er %s\n", name);
	text(help);
	if (strcmp(data, "empty") != 0)
		printf("Its data is\n.Vt %s .\n", data);
}

static void events(void)
{
	printf(".Sh EVENTS\n.Bl -tag -width Ds\n");
#define EVENT(name, data, help) event(name, data, help);
#include "tbl/qmp.tbl.h"
	end_list();
}

static void member(const char *name, const char *type, const char *help)
{
	bool optional = name[0] == '*';

	printf(".It Fa %s Pq %s%s\n", name + optional, type, optional ? ", optional" : "");
	text(help);
}

static void object(const char *name)
{
	printf(".It Vt %s\n", name);
	begin_list();
}

static void value(const char *name, bool first)
{
	printf("%s\n.Cm %s", first ? "" : " ,", name);
}

/* The objects of event records, from the table of their fields. */
static void records(void)
{
/* clang-format off */
#define MEMBER_NUMBER(id)   "int"
#define MEMBER_SIGNED(id)   "int"
#define MEMBER_CODE(id)     code_##id
#define MEMBER_BITS(id)     bits_##id
#define MEMBER_VALIDITY(id) bits_##id
#define MEMBER_BYTES(id)    "str"
#define MEMBER_WORDS(id)    "[int]"
#define MEMBER_ADDRESS(id)  "int"
#define MEMBER_FLAG(id)     "bool"
#define MEMBER_FORMAT(id)   "bool"
#define MEMBER_LOG(id)      "int"
#define FIELD(kind, name, offset, size, id, valid, since, help) \
	member(name, MEMBER_##kind(id), help);
#define RECORD(id, name, since, ...) \
	object("record-" name); \
	__VA_ARGS__ \
	end_list();
#include "tbl/event_fields.tbl.h"
	/* clang-format on */
}

static void types(void)
{
	bool first;

	printf(".Sh TYPES\n.Ss Objects\n.Bl -tag -width Ds\n");
/* clang-format off */
#define MEMBER(name, type, help) member(name, type, help);
#define OBJECT(name, ...) \
	if (strcmp(name, "empty") != 0) { \
		object(name); \
		__VA_ARGS__ \
		end_list(); \
	}
#include "tbl/qmp.tbl.h"
#define ITEM(id, name, ...) \
	object(name); \
	args_open = true; \
	__VA_ARGS__ \
	end_list();
#include "tbl/qmp.tbl.h"
	records();
	end_list();
	printf(".Ss Enumerations\n.Bl -tag -width Ds\n");
#define VALUE(name, number) value(name, first); first = false;
#define ENUM(id, name, ...) \
	printf(".It Vt %s", name); \
	first = true; \
	__VA_ARGS__ \
	printf("\n");
#include "tbl/qmp.tbl.h"
	/* clang-format on */
	end_list();
}

int main(void)
{
	commands();
	events();
	types();
	return 0;
}
