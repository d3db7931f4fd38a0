/* SPDX-License-Identifier: MIT */
/*
 * What src/tbl/qmp.tbl.h becomes: for each command a struct of checked, typed arguments, the
 * prototype of its handler, and descriptions that the checker and the schema walk.
 */
#ifndef SWCXL_FRONT_QMP_TABLE_H
#define SWCXL_FRONT_QMP_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* clang-format off */

/* Bounds, and why. */
#define QMP_CLIENTS_MAX     64		/* a channel each; more is a client that leaks */
#define QMP_DEPTH_MAX       32		/* our deepest request has 5 levels */
#define QMP_REQUEST_MAX     (4u << 20)	/* twice the largest write, 1 MiB as digits */
#define QMP_TOKENS_MAX      (64u << 10)	/* keeps a request from becoming a tree of 100 MiB */
#define QMP_OUTPUT_MAX      (4u << 20)	/* beyond, a client's input waits: it does not read */
#define QMP_KEPT_BYTES      (64u << 10)	/* of an empty buffer; a larger one is given back */
#define QMP_POISON_ROWS_MAX 65536u	/* keeps a reply below 16 MiB */
#define QMP_MAP_ROWS_MAX    16384u	/* some milliseconds of the device's time */
#define QMP_MAP_CELLS_MAX   4096u	/* more than a screen has places for */
#define QMP_MEDIA_BYTES_MAX (1u << 20)	/* keeps a write below the limit of requests */
#define QMP_EVENT_BYTES_MAX 80u		/* of a record, behind the header */
#define QMP_STORM_MAX       65535u	/* events at once: enough to fill any log */
#define QMP_WORDS_MAX       33u		/* kept of a list of numbers: one too many for any */

/* clang-format on */

struct qmp_call;

struct qmp_enum {
	const char *name;
	size_t count;
	struct qmp_value {
		const char *name;
		unsigned value;
	} values[];
};

/* The name of a value, "reserved" when it has none. */
const char *qmp_enum_name(const struct qmp_enum *names, unsigned value);

enum qmp_kind {
	QMP_UINT,
	QMP_INT,
	QMP_BOOL,
	QMP_ENUM,
	QMP_STR,
	QMP_HEX,
	QMP_LIST,
	QMP_WORDS,
	QMP_OBJECT,
	QMP_ITEMS,
	QMP_RANGES
};
enum qmp_presence { QMP_OPTIONAL, QMP_REQUIRED };

struct json_object;

struct qmp_words {
	size_t count;
	uint64_t v[QMP_WORDS_MAX];
};

/* Objects in a list: each a struct that the table made of its ITEM. */
struct qmp_items {
	size_t count;
	void *p;
};

struct qmp_ranges {
	size_t count;
	struct swcxl_range *p;
};

/* Where the value of an argument goes. */
union qmp_place {
	uint64_t number;
	int64_t integer;
	bool flag;
	unsigned code;
	const char *text;
	struct span bytes;
	struct qmp_words words;
	struct json_object *object;
	struct qmp_items items;
	struct qmp_ranges ranges;
};

struct qmp_arg {
	const char *name;
	enum qmp_kind kind;
	enum qmp_presence presence;
	size_t offset, has_offset; /* of the value, and of the flag that it was given */
	size_t size;		   /* of a number: its width */
	uint64_t preset, min, max;
	const struct qmp_enum *names;
	const struct qmp_item *item;
};

struct qmp_item {
	const char *name, *list;	     /* of the object's type, and of a list of them */
	size_t size;			     /* of the struct */
	const struct qmp_arg *(*args)(void); /* the last has no name */
};

struct qmp_command {
	const char *name, *returns;
	bool effect, time, not_kept;	     /* EFFECT, TIME, NOT_KEPT */
	const struct qmp_arg *(*args)(void); /* the last has no name */
	bool (*run)(struct qmp_call *call, const void *args);
};

/* clang-format off */

/* ---- enums ---------------------------------------------------------------------------------- */

#define VALUE(...)
#define ENUM(id, name, ...) extern const struct qmp_enum qmp_enum_##id;
#include "tbl/qmp.tbl.h"

/* ---- arguments and handlers: a handler returns false after qmp_error() ----------------------- */

#define ARG_UINT(field, name, type, ...) bool has_##field; type field;
#define ARG_BOOL(field, ...) bool has_##field; bool field;
#define ARG_ENUM(field, ...) bool has_##field; unsigned field;
#define ARG_STR(field, ...) bool has_##field; const char *field;
#define ARG_HEX(field, ...) bool has_##field; struct span field;
#define ARG_LIST(field, ...) bool has_##field; unsigned field;
#define ARG_INT(field, name, type, ...) bool has_##field; type field;
#define ARG_WORDS(field, ...) bool has_##field; struct qmp_words field;
#define ARG_OBJECT(field, ...) bool has_##field; struct json_object *field;
#define ARG_ITEMS(field, ...) bool has_##field; struct qmp_items field;
#define ARG_RANGES(field, ...) bool has_##field; struct qmp_ranges field;

#define ITEM(id, name, ...) struct qmp_##id##_item { __VA_ARGS__ };
#include "tbl/qmp.tbl.h"

#define COMMAND(id, name, returns, since, flags, help, ...) \
	struct qmp_##id##_args { \
		char none_; \
		__VA_ARGS__ \
	}; \
	bool cmd_##id(struct qmp_call *call, const struct qmp_##id##_args *in);
#include "tbl/qmp.tbl.h"

union qmp_args {
#define COMMAND(id, ...) struct qmp_##id##_args id;
#include "tbl/qmp.tbl.h"
};

enum qmp_command_index {
#define COMMAND(id, ...) QMP_COMMAND_##id,
#include "tbl/qmp.tbl.h"
	QMP_COMMANDS
};
extern const struct qmp_command qmp_commands[QMP_COMMANDS];

enum qmp_item_index {
#define ITEM(id, ...) QMP_ITEM_##id,
#include "tbl/qmp.tbl.h"
	QMP_ITEM_KINDS
};
extern const struct qmp_item qmp_items[QMP_ITEM_KINDS];

#undef ARG_UINT
#undef ARG_BOOL
#undef ARG_ENUM
#undef ARG_STR
#undef ARG_HEX
#undef ARG_LIST
#undef ARG_INT
#undef ARG_WORDS
#undef ARG_OBJECT
#undef ARG_ITEMS
#undef ARG_RANGES
#undef VALUE
/* clang-format on */

/* ---- checking (args.c) ----------------------------------------------------------------------- */

/*
 * Takes the arguments of a command out of JSON (NULL: none were given), with QEMU's error texts
 * and in QEMU's order: each in table order, then what does not belong. False: qmp_error() was
 * called. What is in args is lent by json, but for bytes and lists: qmp_args_free() in any case.
 */
bool qmp_args_take(struct qmp_call *call, const struct qmp_command *command,
		   struct json_object *json, union qmp_args *args);
void qmp_args_free(const struct qmp_command *command, union qmp_args *args);

/* Takes one value, which is *p then: bytes are the caller's to free. False: qmp_error() was called.
 * And the value of an argument that is a number, a bool, a code or bits, as a number. */
bool qmp_arg_take(struct qmp_call *call, const struct qmp_arg *arg, struct json_object *value,
		  void *p);
uint64_t qmp_arg_number(const struct qmp_arg *arg, const void *p);

/* The text of a JSON string, or NULL. One that holds a NUL character is no text of ours: it would
 * pass for the part before it. */
const char *qmp_text(struct json_object *value);

#endif
