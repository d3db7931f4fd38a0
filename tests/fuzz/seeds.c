/* SPDX-License-Identifier: MIT */
/*
 * Writes the seeds of every fuzz target, DIR/cci, DIR/vfio and DIR/qmp: what the tables say, a
 * valid message for each row and a few that follow each other; and what was found once, kept as
 * text: CORPUS/TARGET-NAME.hex, bytes as hexadecimal digits, # to the end of the line.
 *
 *	seeds DIR CORPUS
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cci_script.h"
#include "front/qmp/table.h"
#include "rows.h"
#include "wire/registers.h"

static uint8_t seed[1 << 16];
static size_t seed_len;
static const char *top;

static void add_bytes(const void *p, size_t n)
{
	if (seed_len + n > sizeof(seed))
		abort();
	memcpy(seed + seed_len, p, n);
	seed_len += n;
}

static void add(unsigned n, ...)
{
	va_list args;

	va_start(args, n);
	while (n-- > 0)
		add_bytes(&(uint8_t){(uint8_t)va_arg(args, int)}, 1);
	va_end(args);
}
#define COUNT_(...) (sizeof((int[]){__VA_ARGS__}) / sizeof(int))
#define ADD(...) add(COUNT_(__VA_ARGS__), __VA_ARGS__)

static void save(const char *target, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", top, target);
	if (mkdir(path, 0777) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
	snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
	f = fopen(path, "wb");
	if (!f || fwrite(seed, 1, seed_len, f) != seed_len || fclose(f)) {
		perror(path);
		exit(1);
	}
	seed_len = 0;
}

/* ---- cci ---- */

static int index_of(unsigned opcode)
{
	return (int)(row_of(opcode) - rows);
}

static void command(unsigned channel, unsigned opcode)
{
	ADD(STEP_COMMAND, channel, index_of(opcode), FORM_VALID);
}

static void config(unsigned at, unsigned value)
{
	uint8_t b[CONFIG_BYTES] = {0};

	b[at] = (uint8_t)value;
	add_bytes(b, sizeof(b));
}

/* A scan that finds, one that rebuilds, and everything that shows them. */
static void a_life(unsigned at, unsigned value)
{
	config(at, value);
	for (int line = 0; line < 24; line += 3) /* eight ranges, some latent; a list of four */
		ADD(STEP_PLANT, 0, line, 1 + line % 2, line % 4, line % 2);
	ADD(STEP_STATE);
	for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		command(box, 0x4304);
		ADD(STEP_TIME, 13);
		command(box, 0x4300);
		command(box, 0x4301);
		command(box, 0x4302);
		ADD(STEP_TIME, 200);
		ADD(STEP_TIME, 129);
		ADD(STEP_TIME, 60);
		command(box, 0x4305);
		command(box, 0x4300);
		/* all of the list; a scan of everything */
		ADD(STEP_COMMAND, box, index_of(0x4300), FORM_RANGE, 0, 0, 200);
		ADD(STEP_COMMAND, box, index_of(0x4304), FORM_RANGE, 0, 0, 200, 0);
		ADD(STEP_TIME, 44);
	}
	ADD(STEP_WRITE, 0, 0, 0, 1, 0xa5, STEP_READ, 0, 2, 64, 0);
	for (int kind = 0; kind < 3; kind++)
		ADD(STEP_STATE, STEP_RESET, kind, STEP_TIME, 10);
	save("cci", (char[]){'l', (char)('a' + at), (char)('a' + value), 0});
}

/* The DOE mailbox: a write of a dword to one of its registers, and a whole exchange. */
static void doe(unsigned reg, uint32_t value)
{
	ADD(STEP_CONFIG_WRITE, 8, (int)reg, 2);
	for (int i = 0; i < 4; i++)
		ADD((int)(value >> 8 * i & 0xff));
}

static void doe_exchange(uint32_t type, uint32_t body)
{
	const uint32_t request[] = {type, 3, body};

	for (unsigned i = 0; i < ARRAY_SIZE(request); i++)
		doe(DOE_WRITE_MAILBOX, request[i]);
	doe(DOE_CONTROL, DOE_CONTROL_GO | DOE_CONTROL_IRQ);
	for (int i = 0; i < 9; i++) {
		ADD(STEP_CONFIG_READ, 8, DOE_STATUS, 3);
		doe(DOE_READ_MAILBOX, 0);
	}
	doe(DOE_STATUS, DOE_STATUS_IRQ);
	doe(DOE_CONTROL, DOE_CONTROL_ABORT);
}

static void doe_seeds(void)
{
	static const uint32_t request[][2] = {{0x00000001, 1},
					      {0x00001e98, 0},
					      {0x00021e98, 0},
					      {0x00021e98, 0x10000},
					      {0x00021e98, 0xc0000}};

	for (unsigned i = 0; i < ARRAY_SIZE(request); i++) {
		config(0, 4);
		doe_exchange(request[i][0], request[i][1]);
		doe_exchange(request[i][0], 0xffffffff);
		save("cci", (char[]){'d', 'o', 'e', (char)('0' + i), 0});
	}
}

/* Errors of all types, with their masks off; some are cleared, one by one and together. */
static void ras_seeds(void)
{
	config(0, 4);
	ADD(STEP_BAR_WRITE, 0, 1, 4, 2, 0, 0, 0, 0, STEP_BAR_WRITE, 0, 1, 16, 2, 0, 0, 0, 0);
	for (int bit = 0; bit < 18; bit++)
		ADD(STEP_RAS, bit, bit, STEP_RAS, 0x80 | bit, 0);
	for (int i = 0; i < 4; i++)
		ADD(STEP_BAR_WRITE, 0, 1, 0, 0, 1 << i, STEP_BAR_READ, 0, 1, 0, 3);
	ADD(STEP_BAR_WRITE, 0, 1, 0, 2, 0xf0, 0xff, 1, 0, STEP_BAR_WRITE, 0, 1, 12, 2, 0xff, 0, 0,
	    0);
	ADD(STEP_CONFIG_READ, 9, 4, 3, STEP_CONFIG_WRITE, 9, 4, 2, 255, 255, 255, 255);
	ADD(STEP_RESET, 1, STEP_RAS, 3, 1, STEP_RESET, 0);
	save("cci", "ras");
}

/* Passphrases, right and wrong, a lock, ranges that are zeroed, a sanitize that is aborted and one
 * that is not; what is refused in between. */
static void security_seeds(void)
{
	config(0, 4);
	ADD(STEP_PLANT, 0, 3, 4, 1, 0, STEP_WRITE, 0, 3, 64, 0, 7);
	command(ON_CONTROL, 0x4501);
	command(ON_CONTROL, 0x4400);
	ADD(STEP_RESET, SWCXL_RESET_CONVENTIONAL, STEP_STATE);
	for (int wrong = 0; wrong < 2; wrong++)
		ADD(STEP_COMMAND, 2, index_of(0x4503), FORM_FILL, 32, 0, wrong);
	command(ON_PRIMARY, 0x4401);
	command(ON_PRIMARY, 0x4504);
	ADD(STEP_RESET, SWCXL_RESET_COLD);
	command(ON_CONTROL, 0x4505);
	ADD(STEP_COMMAND, 2, index_of(0x4402), FORM_LENGTH, 24, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0,
	    0, 0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0);
	command(ON_CONTROL, 0x0005);
	ADD(STEP_TIME, 129, STEP_STATE);
	for (int i = 0; i < 2; i++) {
		command(ON_PRIMARY, 0x4400);
		ADD(STEP_TIME, 128);
		command(ON_PRIMARY, 0x4300);
		command(ON_CONTROL, 0x0005);
		ADD(STEP_READ, 0, 3, 64, 0, STEP_WRITE, 0, 3, 64, 0, 9, STEP_STATE);
	}
	command(ON_PRIMARY, 0x4400);
	ADD(STEP_TIME, 129, STEP_READ, 0, 3, 64, 0, STEP_STATE);
	save("cci", "security");
}

/* Packages that arrive whole, with a part twice, out of order, and what is done with them. */
static void firmware_seeds(void)
{
	static const int wrong[] = {0xa0, 0xa8, 0xa1, 0xa4, 0x80, 0xff};

	for (int box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		config(6, 3); /* a payload that holds four units */
		for (int i = 0; i < 6; i++) {
			ADD(STEP_FIRMWARE, box, 20 * i, i, 10 * i, wrong[i], STEP_TIME, 30);
			command((unsigned)box, 0x0202);
			command((unsigned)box, 0x0200);
			ADD(STEP_STATE, STEP_RESET, i);
		}
		ADD(STEP_FIRMWARE, box, 255, 1, 254, 0xa8, STEP_TIME, 30, STEP_RESET, 3);
		ADD(STEP_FIRMWARE, box, 9, 1, 3, 0xa1, STEP_TIME, 35, STEP_CLOSE, 0);
		save("cci", (char[]){'f', 'w', (char)('0' + box), 0});
	}
}

/* The dump is populated by both ways, read, cleared. */
static void dump_seeds(void)
{
	for (int box = ON_PRIMARY; box <= ON_CONTROL; box++) {
		config(0, 4);
		for (int i = 0; i < 4; i++) {
			command((unsigned)box, 0x0404);
			if (i & 1)
				ADD(STEP_EVENT, SWCXL_LOG_FATAL, i);
			ADD(STEP_TIME, 27);
			for (int offset = 0; offset < 2; offset++) { /* 0, 40h */
				ADD(STEP_COMMAND, box, index_of(0x0401), FORM_BYTES);
				add_bytes(row_log[ROW_LOG_STATE_DUMP], 16);
				ADD(64 * offset, 0, 0, 0, 64, 0, 0, 0);
			}
			if (i & 2) {
				ADD(STEP_COMMAND, box, index_of(0x0403), FORM_BYTES);
				add_bytes(row_log[ROW_LOG_STATE_DUMP], 16);
			}
			ADD(STEP_STATE, STEP_RESET, i);
		}
		ADD(STEP_EVENT, SWCXL_LOG_FATAL, 255, STEP_EVENT, SWCXL_LOGS, 1);
		save("cci", (char[]){'d', 'u', 'm', 'p', (char)('0' + box), 0});
	}
}

/* Capacity is offered, accepted as a whole and in part, poisoned, scanned, asked for, released and
 * taken: in a region of each kind, with blocks of several sizes. */
static void dc_life(int regions, int flags)
{
	static const int entry[] = {0, 4, 5, 6};
	uint8_t b[CONFIG_BYTES] = {0};

	b[1] = 4; /* a list of eight */
	b[CONFIG_BYTES - 2] = (uint8_t)regions;
	b[CONFIG_BYTES - 1] = (uint8_t)flags;
	add_bytes(b, sizeof(b));
	for (int i = 0; i < 4; i++) {
		for (int policy = 0; policy < 4; policy++)
			ADD(STEP_DC_ADD, i, policy, 1 + i, 2, 8 * i, 4, 8 * i + 6, 2);
		ADD(STEP_PLANT, 2, 1 + i, 3, 1, i & 1);
		ADD(STEP_DC_ANSWER, i, 0, 1, 0, entry[3 - i]);
		ADD(STEP_DC_ANSWER, i, 0, 9, 0, 0, STEP_DC_ANSWER, i, 0, 1, 1, entry[i]);
		ADD(STEP_DC_ANSWER, 2, 0, 0);
		ADD(STEP_DC_REFERENCE, 1 + i, i & 1);
		command(ON_PRIMARY, 0x4801);
		ADD(STEP_WRITE, 2, 2, 200, 0, 7, STEP_READ, 2, 1, 255, 0);
		ADD(STEP_COMMAND, 2, index_of(0x4304), FORM_RANGE, 0, 0, 200, 0, STEP_TIME, 44);
		ADD(STEP_COMMAND, 2, index_of(0x4301), FORM_RANGE, 2, 3);
		ADD(STEP_STATE);
	}
	for (int i = 0; i < 4; i++) {
		ADD(STEP_DC_RELEASE, i, 8, 1 + i, 0, STEP_DC_RELEASE, i, 1, 0, 1, 8 * i, 2);
		ADD(STEP_DC_ANSWER, 2, 1, 1, 0, entry[i]);
		ADD(STEP_DC_RELEASE, i, 4, 1 + i, 0, STEP_DC_RELEASE, i, 13, 0, 1, 8 * i, 2);
		ADD(STEP_DC_ADD, i, 1, 7, 1, 0, 32);
		ADD(STEP_DC_RELEASE, i, 4, 3, 0, STEP_DC_ANSWER, 2, 0, 1, 0, 0);
		ADD(STEP_STATE, STEP_DC_REFERENCE, 1 + i, 0, STEP_RESET, i, STEP_TIME, 10);
	}
	save("cci", (char[]){'d', 'c', (char)('a' + regions % 16), (char)('a' + flags), 0});
}

static void dc_seeds(void)
{
	static const int regions[] = {1, 2, 3, 7, 0x8b, 0x4f};

	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
		for (int flags = 0; flags < 8; flags++)
			dc_life(regions[i], flags);
	for (unsigned opcode = 0x4800; opcode <= 0x4803; opcode++) {
		uint8_t b[CONFIG_BYTES] = {0};

		b[CONFIG_BYTES - 2] = 1;
		add_bytes(b, sizeof(b));
		for (int i = 0; i < 3; i++) {
			ADD(STEP_DC_ADD, 0, 0, 0, 1, 0, 2, STEP_DC_ANSWER, i, 0, 1, 0, 0);
			ADD(STEP_DC_ADD, 0, 0, 0, 1, 0, 2);
			command((unsigned)i, opcode);
		}
		save("cci", row_of(opcode)->name);
	}
}

static void cci_seeds(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		config(0, 4); /* persistent capacity too */
		command(ON_CONTROL, 0x4304);
		ADD(STEP_TIME, 60);
		for (unsigned box = ON_PRIMARY; box <= ON_CONTROL; box++)
			command(box, rows[i].opcode);
		ADD(STEP_COMMAND, 2, (int)i, FORM_FILL, 255, 255, 255);
		save("cci", rows[i].name);
	}
	for (unsigned at = 0; at < CONFIG_BYTES; at++)
		for (unsigned value = 0; value < 4; value++)
			a_life(at, value);
	config(0, 0);
	for (int place = 0; place < 10; place++)
		for (int width = 0; width < 4; width++) {
			ADD(STEP_CONFIG_WRITE, place, width * 4, width, 255, 255, 255, 255, 0, 0);
			ADD(STEP_CONFIG_READ, place, width * 8, 3);
			ADD(STEP_BAR_WRITE, 0, place, width * 4, width, 0, 2, 0, 0, 0);
			ADD(STEP_BAR_WRITE, 2, place, width * 4, width, 1, 0x43, 0, 0, 0);
			ADD(STEP_BAR_READ, 0, place, 0, 3, STEP_BAR_READ, 2, place, 0, 3);
		}
	save("cci", "registers");
	config(0, 0);
	for (int n = 0; n < 6; n++)
		ADD(STEP_NO_MEMORY, n, STEP_PLANT, 0, n * 5, 3, n % 4, n % 2, STEP_OPEN, n,
		    STEP_WRITE, 0, n, 64, 0, 7, STEP_LEND, n, STEP_CLOSE, n);
	save("cci", "memory");
	config(0, 0);
	for (int n = 0; n < 6; n++) /* Identify, by memory alone */
		ADD(STEP_LEND, 8 | n % 2, STEP_PEER, n % 2, 8, 1, 0, 0x40, STEP_PEER, 0x80 | n % 2,
		    4, 0, 1 | n << 1, STEP_TIME, n, STEP_LEND, 2 | n % 2);
	save("cci", "mapped");
	firmware_seeds();
	dump_seeds();
}

/* ---- vfio ---- */

static void version(void)
{
	static const char json[] = "{\"capabilities\":{\"max_msg_fds\":16}}";

	ADD(1, 0, 0, 0, 1, sizeof(json), 0);
	add_bytes(json, sizeof(json));
}

/* A configuration byte, and a header whose stream may go on. */
static void connection(int choice)
{
	static const uint8_t header[16] = {1, 0, 4, 0, 16};

	ADD(choice);
	add_bytes(header, sizeof(header));
	version();
}

#define NO_TAIL 0, 0

static void vfio_seeds(void)
{
	static const uint8_t doe[][5] = {{0xb0, 0x98, 0x1e, 2, 0}, {0xb0, 3}, {0xb0},
					 {0xa8, 0, 0, 0, 0x80},	   {0xb4},    {0xb4}};

	connection(0);
	ADD(4, 0, 0, 0, 0, 0, 0, NO_TAIL);
	for (int region = 0; region < 10; region++) {
		ADD(5, 0, 0, 0, 0, region, 0, 0, 0, NO_TAIL);
		ADD(5, 0, 0, 80, 0, region, 0, 0, 0, NO_TAIL);
	}
	for (int index = 0; index < 6; index++)
		ADD(7, 0, 0, 0, 0, index, 0, NO_TAIL);
	save("vfio", "information");

	connection(0x40);
	for (int region = 0; region < 9; region++) {
		ADD(9, 0, 0, 64, region, 8, NO_TAIL);
		ADD(10, 0, 0, 64, region, 4, 4, 0, 1, 2, 3, 4);
		ADD(10, 1, 0, 0, region, 8, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	}
	ADD(10, 0, 0, 0x84, 2, 4, 4, 0, 1, 0, 0, 0); /* a doorbell */
	ADD(9, 0, 0, 0x80, 2, 32, NO_TAIL);	     /* a mailbox */
	ADD(15, 0, 0, 2, 48, 0);		     /* two writes in one message */
	for (int i = 0; i < 2; i++)
		ADD(0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
	save("vfio", "regions");

	connection(0); /* a DOE exchange: offsets above a byte's follow 0xf8 */
	for (unsigned i = 0; i < ARRAY_SIZE(doe); i++)
		ADD(10, 0, 0, 0xf8, doe[i][0], 1, 0, 0, 0, 0, 0, 0, 7, 4, 4, 0, doe[i][1],
		    doe[i][2], doe[i][3], doe[i][4]);
	ADD(9, 0, 0, 0xf8, 0xa0, 1, 0, 0, 0, 0, 0, 0, 7, 24, NO_TAIL);
	save("vfio", "doe");

	connection(0);
	ADD(8, 0x30, 0, 0, 0x21, 2, 0, 0, NO_TAIL); /* all off; vector 1 fires */
	for (int kind = 0; kind < 8; kind++) {
		ADD(8, 0x10, 1, kind, 0, 0x24, 2, kind, 1, NO_TAIL);
		ADD(8, 0xf0, 0, 0, 0x21, 2, kind, 1, NO_TAIL);
		ADD(8, 0x10, 0, 0, 0x22, 2, 0, 3, 3, 0, 1, 0, 1);
		ADD(8, 0, 1, kind, 0, 0x24, 3, 0, 1, NO_TAIL);
	}
	ADD(8, 0, 0, 0, 0x24, 2, 0, 8, NO_TAIL, 8, 0, 0, 0, 0x09, 2, 0, 1, NO_TAIL);
	save("vfio", "interrupts");

	connection(1);
	ADD(2, 0, 1, 2, 0, 3, 0, 1, 1, NO_TAIL, 3, 0, 0, 0, 0, 1, 1, NO_TAIL);
	ADD(8, 0, 1, 0, 0, 0x24, 2, 3, 1, NO_TAIL);
	ADD(13, 0x50, 0, NO_TAIL, 13, 0x48, 0, NO_TAIL);
	version();
	version(); /* twice */
	ADD(13, 0, 0, NO_TAIL);
	ADD(1, 0, 0, 1, 1, 4, 0, '{', '}', ' ', 0, 200, 4, 14, 0, 0, 3, 0, 1, 2, 3);
	save("vfio", "life");
}

/* ---- qmp ---- */

static void say_more(const char *text)
{
	add_bytes(text, strlen(text));
}

static void say(unsigned chunk, const char *text)
{
	ADD((int)chunk);
	say_more(text);
}

static void arguments(const struct qmp_arg *arg);

/* A value that an argument may have; for kinds that are not listed, one that some may. */
static void argument(const struct qmp_arg *arg)
{
	char text[256] = "1";

	switch (arg->kind) {
	case QMP_UINT:
		snprintf(text, sizeof(text), "%" PRIu64,
			 arg->min <= 64 && arg->max >= 64 ? 64 : arg->min);
		break;
	case QMP_BOOL:
		strcpy(text, "true");
		break;
	case QMP_ENUM:
		snprintf(text, sizeof(text), "'%s'", arg->names->values[0].name);
		break;
	case QMP_STR:
		strcpy(text, "'mem0'");
		break;
	case QMP_HEX:
		snprintf(text, sizeof(text), "'%0*x'", 2 * (int)MIN(arg->min, 64u), 0);
		break;
	case QMP_LIST:
		snprintf(text, sizeof(text), "['%s']", arg->names->values[0].name);
		break;
	case QMP_WORDS:
		strcpy(text, "[1, 2]");
		break;
	case QMP_RANGES:
		strcpy(text, "[[0, 64]]");
		break;
	default:
		break;
	}
	say_more("'");
	say_more(arg->name);
	say_more("': ");
	if (arg->kind != QMP_ITEMS) {
		say_more(text);
		return;
	}
	say_more("[{");
	arguments(arg->item->args());
	say_more("}]");
}

static void arguments(const struct qmp_arg *arg)
{
	for (; arg->name; arg++) {
		argument(arg);
		say_more(arg[1].name ? ", " : "");
	}
}

/* Each command with all of its arguments, and without. */
static void every_command(void)
{
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		const struct qmp_command *command = &qmp_commands[i];

		say(0, "{'execute': '");
		say_more(command->name);
		say_more("', 'arguments': {");
		arguments(command->args());
		say_more("}, 'id': 1}\r\n{'execute': '");
		say_more(command->name);
		say_more("'}\r\n");
		save("qmp", command->name);
	}
}

/* Words for mutations: a command without arguments, names of arguments and of values. */
static void dictionary(void)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/qmp.dict", top);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		exit(1);
	}
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		fprintf(f, "\"{'execute': '%s'}\"\n", qmp_commands[i].name);
		for (const struct qmp_arg *arg = qmp_commands[i].args(); arg->name; arg++) {
			fprintf(f, "\"'%s': \"\n", arg->name);
			for (size_t v = 0; arg->names && v < arg->names->count; v++)
				fprintf(f, "\"'%s'\"\n", arg->names->values[v].name);
		}
	}
	if (fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* An offer of each policy, its answer, a request, a reference, and what all that leaves. */
static void dc_conversation(void)
{
	static const char *const policies[] = {"free", "contiguous", "prescriptive",
					       "enable-shared-access"};
	static const char common[] =
		"'path': 'mem0', 'host-id': 0, 'region': 1, 'tag': 'A', 'extents': [{'offset': 0, "
		"'len': 128}]}}";

	ADD(0);
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++) {
		say_more("{'execute': 'cxl-add-dynamic-capacity', 'arguments': "
			 "{'selection-policy': '");
		say_more(policies[i]);
		say_more("', ");
		say_more(common);
		say_more("{'execute': 'swcxl-cci', 'arguments': {'opcode': 18434, 'payload': '"
			 "0100000000000000000000300000000080000000000000000000000000000000'}}"
			 "{'execute': 'swcxl-add-dc-reference', 'arguments': {'tag': 'A'}}"
			 "{'execute': 'swcxl-query-device'}"
			 "{'execute': 'cxl-release-dynamic-capacity', 'arguments': "
			 "{'forced-removal': ");
		say_more(i & 1 ? "true" : "false");
		say_more(", 'sanitize-on-release': true, 'removal-policy': '");
		say_more(i & 2 ? "tag-based', " : "prescriptive', ");
		say_more(common);
		say_more("{'execute': 'swcxl-query-events', 'arguments': {'log': "
			 "'dynamic-capacity'}}");
		if (i & 1)
			say_more("{'execute': 'swcxl-remove-dc-reference', 'arguments': {'tag': "
				 "'A'}}{'execute': 'swcxl-reset', 'arguments': {'type': 'cold'}}");
	}
	save("qmp", "dc");
}

static void qmp_seeds(void)
{
	every_command();
	dictionary();
	dc_conversation();
	say(0, "{'execute': 'cxl-inject-poison', 'arguments': {'path': 'mem0', 'start': 64, "
	       "'length': 128}}{'execute': 'swcxl-query-poison', 'arguments': {'max': 2}}");
	save("qmp", "poison");
	say(3,
	    "{'execute': 'swcxl-plant-poison', 'arguments': {'start': 0, 'length': 64, 'source': "
	    "'vendor', 'known': false, 'permanent': true}} {'execute': 'swcxl-read-media', "
	    "'arguments': {'start': 0, 'length': 3}}");
	save("qmp", "plant");
	say(192, "{'execute': 'swcxl-plant-poison', 'arguments': {'ranges': [[0, 64], [64, 128], "
		 "[4096, 0]]}} {'execute': 'swcxl-plant-poison', 'arguments': {'known': false, "
		 "'ranges': [[128, 64], [0, 256]]}}");
	save("qmp", "plant-ranges");
	say(1, "{'execute': 'swcxl-write-media', 'arguments': {'start': 65, 'data': 'A5ff'}}"
	       "{'execute': 'swcxl-cci', 'arguments': {'opcode': 17152, 'payload': "
	       "'00000000000000000004000000000000'}}");
	save("qmp", "media");
	say(200,
	    "{'execute': 'swcxl-cci', 'arguments': {'opcode': 17156, 'payload': "
	    "'0000000000000000000400000000000000'}}{'execute': 'swcxl-clock-step', 'arguments': "
	    "{'nanoseconds': 100}}{'execute': 'swcxl-query-device'}{'execute': 'swcxl-reset', "
	    "'arguments': {'type': 'cxl'}}{'execute': 'swcxl-query-events', 'arguments': {'log': "
	    "'fatal'}}");
	save("qmp", "scan");
	say(0,
	    "[1, 2.5, -3e2, null, true] \"\\ud800\\u0041\" {'a': {'b': [[[[{}]]]]}} \xff\xc3\x28 "
	    "{'execute': 'quit', 'id': {'x': [1]}} {'execute'");
	save("qmp", "json");
}

/* ---- what was found ---- */

static void convert(const char *dir, const char *name)
{
	const char *dash = strchr(name, '-'), *dot = strrchr(name, '.');
	char path[4096], target[16];
	int c, high = -1;
	FILE *f;

	if (!dash || !dot || strcmp(dot, ".hex") || (size_t)(dash - name) >= sizeof(target))
		return;
	snprintf(target, sizeof(target), "%.*s", (int)(dash - name), name);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "r");
	if (!f)
		exit(1);
	while ((c = getc(f)) != EOF) {
		int digit = isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;

		if (c == '#')
			while (c != '\n' && c != EOF)
				c = getc(f);
		if (!isxdigit(c))
			continue;
		if (high >= 0)
			ADD(high << 4 | digit);
		high = high < 0 ? digit : -1;
	}
	fclose(f);
	save(target, dash + 1);
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	DIR *dir;

	if (argc != 3 || !(dir = opendir(argv[2]))) {
		fprintf(stderr, "usage: seeds DIR CORPUS\n");
		return 2;
	}
	top = argv[1];
	if (mkdir(top, 0777) && errno != EEXIST) {
		perror(top);
		return 1;
	}
	cci_seeds();
	doe_seeds();
	ras_seeds();
	security_seeds();
	dc_seeds();
	vfio_seeds();
	qmp_seeds();
	while ((entry = readdir(dir)))
		convert(argv[2], entry->d_name);
	closedir(dir);
	return 0;
}
