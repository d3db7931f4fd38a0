// SPDX-License-Identifier: MIT
/*
 * query-qmp-schema: the table in QEMU's SchemaInfo form. Types keep their readable names where
 * QEMU prints numbers; clients may rely on neither. Numbers of every width are "int", as QEMU
 * shows them, so ranges and defaults are in the manual only.
 *
 * An array type is declared by mentioning it: "[log]" is an array of "log". As each mention could
 * be the first, names are looked up among those printed so far; the list is short.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "front/qmp/session.h"
#include "wire/events.h"

struct schema {
	struct out *out;
	const char *arrays[64]; /* printed so far; the table has a dozen */
	size_t count;
};

/* An entry, left open for what its meta-type has. */
static void begin(struct schema *s, const char *name, const char *meta_type)
{
	out_begin(s->out, NULL, '{');
	out_string(s->out, "name", name);
	out_string(s->out, "meta-type", meta_type);
}

static void end(struct schema *s)
{
	out_end(s->out, '}');
}

static void builtin(struct schema *s, const char *name, const char *json_type)
{
	begin(s, name, "builtin");
	out_string(s->out, "json-type", json_type);
	end(s);
}

/* Declares an array type, unless it is none or has been declared. */
static void mention(struct schema *s, const char *type)
{
	char element[64];

	if (type[0] != '[' || s->count == ARRAY_SIZE(s->arrays))
		return;
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->arrays[i], type))
			return;
	s->arrays[s->count++] = type;
	snprintf(element, sizeof(element), "%.*s", (int)strlen(type) - 2, type + 1);
	begin(s, type, "array");
	out_string(s->out, "element-type", element);
	end(s);
}

static void member(struct schema *s, const char *name, const char *type, bool optional)
{
	out_begin(s->out, NULL, '{');
	out_string(s->out, "name", name);
	out_string(s->out, "type", type);
	if (optional)
		out_raw(s->out, "default", "null");
	out_end(s->out, '}');
}

static void enums(struct schema *s)
{
	static const struct qmp_enum *const all[] = {
#define VALUE(...)
#define ENUM(id, ...) &qmp_enum_##id,
#include "tbl/qmp.tbl.h"
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		begin(s, all[i]->name, "enum");
		out_begin(s->out, "members", '[');
		for (size_t v = 0; v < all[i]->count; v++) {
			out_begin(s->out, NULL, '{');
			out_string(s->out, "name", all[i]->values[v].name);
			out_end(s->out, '}');
		}
		out_end(s->out, ']');
		out_begin(s->out, "values", '[');
		for (size_t v = 0; v < all[i]->count; v++)
			out_string(s->out, NULL, all[i]->values[v].name);
		out_end(s->out, ']');
		end(s);
	}
}

/* How a field of an event record, by its kind, is there in JSON: its type, and "*" when it is
 * only ever given. */
/* clang-format off */
#define VALUE(...)
#define ENUM(id, name, ...) \
	static const char code_##id[] __attribute__((unused)) = name, \
			  bits_##id[] __attribute__((unused)) = "[" name "]";
#include "tbl/qmp.tbl.h"
#define JSON_NUMBER(id)   "int"
#define JSON_SIGNED(id)   "int"
#define JSON_CODE(id)     code_##id
#define JSON_BITS(id)     bits_##id
#define JSON_VALIDITY(id) bits_##id
#define JSON_BYTES(id)    "str"
#define JSON_WORDS(id)    "[int]"
#define JSON_ADDRESS(id)  "int"
#define JSON_FLAG(id)     "bool"
#define JSON_FORMAT(id)   "bool"
#define JSON_LOG(id)      "int"
/* clang-format on */

struct row {
	const char *name, *type; /* a member; or an object, when type is NULL */
};

/* Which members an event record has beside those of all of them: by its type. */
static void variants(struct schema *s)
{
	static const char *const cases[][2] = {
#define RECORD(id, name, ...) {name, "record-" name},
#include "tbl/event_fields.tbl.h"
		{"vendor", "empty"},
	};

	out_string(s->out, "tag", "type");
	out_begin(s->out, "variants", '[');
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		out_begin(s->out, NULL, '{');
		out_string(s->out, "case", cases[i][0]);
		out_string(s->out, "type", cases[i][1]);
		out_end(s->out, '}');
	}
	out_end(s->out, ']');
}

static void objects(struct schema *s)
{
	static const struct row rows[] = {
/* clang-format off */
#define MEMBER(name, type, help) {name, type},
#define OBJECT(name, ...) {name, NULL}, __VA_ARGS__
#include "tbl/qmp.tbl.h"
		{"config", NULL},
#define TYPE_SIZE "int"
#define TYPE_NUMBER "int"
#define TYPE_TIME "int"
#define TYPE_ONOFF "bool"
#define TYPE_FLAG "bool"
#define TYPE_REGIONS "[str]"
#define TYPE_HEX "str"
#define TYPE_CHOICE "str"
#define DEVICE_OPTION(name, field, kind, ...) {name, TYPE_##kind},
#include "tbl/options.tbl.h"
		{"clock", "clock"},
#define FIELD(kind, name, offset, size, id, ...) {name, JSON_##kind(id)},
#define RECORD(id, name, since, ...) {"record-" name, NULL}, __VA_ARGS__
#include "tbl/event_fields.tbl.h"
		/* clang-format on */
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows);) {
		const char *name = rows[i++].name;

		begin(s, name, "object");
		out_begin(s->out, "members", '[');
		for (; i < ARRAY_SIZE(rows) && rows[i].type; i++) {
			bool optional = rows[i].name[0] == '*';

			member(s, rows[i].name + optional, rows[i].type, optional);
		}
		out_end(s->out, ']');
		if (!strcmp(name, "event-record"))
			variants(s);
		end(s);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].type)
			mention(s, rows[i].type);
}

static void events(struct schema *s)
{
	static const struct row rows[] = {
#define EVENT(name, data, help) {name, data},
#include "tbl/qmp.tbl.h"
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		begin(s, rows[i].name, "event");
		out_string(s->out, "arg-type", rows[i].type);
		end(s);
	}
}

/* The name of an argument's type, in buf when it must be made up. */
static const char *type_of(const struct qmp_arg *arg, char buf[static 64])
{
	switch (arg->kind) {
	case QMP_UINT:
	case QMP_INT:
		return "int";
	case QMP_WORDS:
		return "[int]";
	case QMP_RANGES:
		return "[[int]]";
	case QMP_OBJECT:
		return "any";
	case QMP_BOOL:
		return "bool";
	case QMP_ENUM:
		return arg->names->name;
	case QMP_LIST:
		snprintf(buf, 64, "[%s]", arg->names->name);
		return buf;
	case QMP_ITEMS:
		return arg->item->list;
	default:
		return "str";
	}
}

static void arguments(struct schema *s, const char *type, const struct qmp_arg *arg)
{
	char buf[64];

	begin(s, type, "object");
	out_begin(s->out, "members", '[');
	for (; arg->name; arg++)
		member(s, arg->name, type_of(arg, buf), arg->presence == QMP_OPTIONAL);
	out_end(s->out, ']');
	end(s);
}

static void command(struct schema *s, const struct qmp_command *cmd)
{
	char type[80] = "empty";

	mention(s, cmd->returns);
	if (cmd->args()->name) {
		snprintf(type, sizeof(type), "%s-arg", cmd->name);
		arguments(s, type, cmd->args());
	}
	begin(s, cmd->name, "command");
	out_string(s->out, "arg-type", type);
	out_string(s->out, "ret-type", cmd->returns);
	end(s);
}

void qmp_schema(struct out *out)
{
	struct schema s = {.out = out};

	out_begin(out, NULL, '[');
	builtin(&s, "int", "int");
	builtin(&s, "str", "string");
	builtin(&s, "bool", "boolean");
	builtin(&s, "any", "value");
	enums(&s);
	objects(&s);
	events(&s);
	mention(&s, "[capability]"); /* [int] is a member as well; no other array is an argument, */
	mention(&s, "[[int]]");	     /* but for this one */
	for (size_t i = 0; i < QMP_ITEM_KINDS; i++) { /* and these */
		arguments(&s, qmp_items[i].name, qmp_items[i].args());
		mention(&s, qmp_items[i].list);
	}
	for (size_t i = 0; i < QMP_COMMANDS; i++)
		command(&s, &qmp_commands[i]);
	out_end(out, ']');
}
