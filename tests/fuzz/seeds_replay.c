/* SPDX-License-Identifier: MIT */
/* Traces: what devices write that were done to, each command, register and control command. */
#include <stdio.h>
#include <stdlib.h>

#include "base/le.h"
#include "daemon/options.h"
#include "front/qmp/qmp.h"
#include "loop/loop.h"
#include "qmp_arguments.h"
#include "replay_script.h"
#include "rows.h"
#include "seeds.h"
#include "wire/doe.h"
#include "wire/registers.h"

#define DOE 0x1a0u
#define DECODERS (CACHEMEM_BASE + 0x140 + HDM_DECODER(0))

static struct life {
	struct swcxl_dev *dev;
	struct swcxl_cci *cci; /* control1 */
	struct loop *loop;
	struct qmp_offline *qmp;
	unsigned lines;
} life;

/* clang-format off */
enum block { CONFIG, COMPONENT };
static const struct {
	enum block block;
	unsigned offset, width;
} registers[] = {
#define REGISTER(block, offset, width, name) {block, offset, width},
#define DECODER(offset, width, name) {COMPONENT, DECODERS + (offset), width},
#include "tbl/register_names.tbl.h"
};
/* clang-format on */

/* ---- the device, and the lines that come of it ---- */

static void *on_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

/* A line of the trace: what is printed between the two. */
static char *line;
static size_t line_len;

static FILE *begin_line(void)
{
	FILE *to = open_memstream(&line, &line_len);

	if (!to)
		abort();
	return to;
}

static void end_line(FILE *to)
{
	putc('\n', to);
	fclose(to);
	add_bytes(line, line_len);
	free(line);
	life.lines++;
}

static void on_trace(void *ctx, const struct swcxl_trace *t)
{
	FILE *to = begin_line();

	(void)ctx;
	trace_print(to, t);
	end_line(to);
}

static void on_qmp_trace(void *ctx, const char *name, const char *arguments, const char *ret)
{
	FILE *to = begin_line();

	(void)ctx;
	trace_print_qmp(to, swcxl_now(life.dev), name, arguments, ret);
	end_line(to);
}

static void begin(unsigned header)
{
	const struct swcxl_host host = {.realloc = on_realloc, .trace = on_trace};
	const struct qmp_host qmp_host = {.name = "mem0", .trace = on_qmp_trace};
	char words[512], replay[] = "--replay=x", name[] = "swcxl", *argv[32] = {name, replay};
	struct options options;
	int argc = 2;

	strcpy(words, replay_headers[header]);
	for (char *w = strtok(words, " "); w; w = strtok(NULL, " "))
		argv[argc++] = w;
	life = (struct life){.loop = loop_new(true)};
	if (!life.loop || options_parse(&options, argc, argv) != OPTIONS_GO ||
	    swcxl_new(&options.config, &host, &life.dev))
		abort();
	loop_attach(life.loop, life.dev);
	life.cci = swcxl_cci_new(life.dev);
	life.qmp = qmp_offline_new(life.loop, life.dev, &qmp_host);
	if (!life.cci || !life.qmp)
		abort();
	ADD((int)header);
}

static void end(const char *name)
{
	qmp_offline_free(life.qmp);
	loop_free(life.loop);
	swcxl_free(life.dev); /* channels go, which leaves lines */
	save("replay", name);
}

static void pass(uint64_t nanoseconds)
{
	bool ok;

	loop_step(life.loop, nanoseconds, &ok);
}

/* ---- what is done to it ---- */

static void ring(enum swcxl_mailbox mailbox, unsigned opcode, const uint8_t *in, uint32_t len)
{
	uint64_t payload = swcxl_payload_offset(life.dev, mailbox);
	uint64_t registers_at = payload - MBOX_PAYLOAD;
	uint8_t command[8];

	le_store(command, sizeof(command), opcode | (uint64_t)len << 16);
	swcxl_bar_write(life.dev, SWCXL_BAR_DEVICE, payload, in, len);
	swcxl_bar_write(life.dev, SWCXL_BAR_DEVICE, registers_at + MBOX_COMMAND, command, 8);
	le_store(command, 4, MBOX_CONTROL_DOORBELL);
	swcxl_bar_write(life.dev, SWCXL_BAR_DEVICE, registers_at + MBOX_CONTROL, command, 4);
}

static void execute(unsigned opcode, const uint8_t *in, uint32_t len)
{
	static uint8_t out[64 * KiB];
	size_t out_len;

	swcxl_execute(life.cci, opcode, in, len, out, &out_len);
}

static void every_command(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned header = rows[i].rules & NEEDS_DC ? 1 : i % REPLAY_HEADERS;
		uint8_t in[ROW_INPUT_MAX];
		uint32_t len = MIN(row_input(&rows[i], in), 256u);

		word("replay", " | %04x in=", rows[i].opcode);
		begin(header);
		ring(SWCXL_MAILBOX_PRIMARY, rows[i].opcode, in, len);
		pass(1000);
		ring(SWCXL_MAILBOX_SECONDARY, rows[i].opcode, in, len);
		pass(NS_PER_S);
		execute(rows[i].opcode, in, len);
		end(rows[i].name);
	}
}

static void put_register(unsigned i, uint64_t value)
{
	uint8_t b[8];

	le_store(b, sizeof(b), value);
	if (registers[i].block == CONFIG)
		swcxl_config_write(life.dev, registers[i].offset, b, registers[i].width);
	else
		swcxl_bar_write(life.dev, SWCXL_BAR_COMPONENT, registers[i].offset, b,
				registers[i].width);
}

static void every_register(void)
{
	char name[32];

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i += 4) {
		begin(i / 4 % REPLAY_HEADERS);
		for (unsigned n = i; n < MIN(i + 4, ARRAY_SIZE(registers)); n++) {
			put_register(n, UINT64_MAX);
			put_register(n, 0x0102030405060708);
		}
		snprintf(name, sizeof(name), "registers-%u", i);
		end(name);
	}
}

/* Those that leave no line here, since this device cannot do what they ask for, get one. */
static void every_control_command(void)
{
	for (unsigned i = 0; i < QMP_COMMANDS; i++) {
		const struct qmp_command *command = &qmp_commands[i];
		char *text = qmp_arguments_text(command->args()), *request = NULL;

		begin(i % REPLAY_HEADERS);
		if (asprintf(&request, "{\"execute\": \"%s\", \"arguments\": {%s}}", command->name,
			     text) < 0)
			abort();
		if (strcmp(command->name, "quit") != 0)
			qmp_offline_execute(life.qmp, request);
		if (!life.lines) {
			say_more("0 qmp ");
			say_more(command->name);
			say_more(" {");
			say_more(text);
			say_more("} = {}\n");
		}
		word("replay", " qmp %s {", command->name);
		for (const struct qmp_arg *arg = command->args(); arg->name; arg++)
			word("replay", "\"%s\":", arg->name);
		free(text);
		free(request);
		end(command->name);
	}
}

static void put_config(unsigned offset, uint32_t value)
{
	uint8_t b[4];

	le_store(b, sizeof(b), value);
	swcxl_config_write(life.dev, offset, b, sizeof(b));
}

/* A record of each type, and what a host gets of it. */
static void every_event(void)
{
	static const char *const records[] = {
#define RECORD(id, name, ...) name,
#include "tbl/event_fields.tbl.h"
	};
	static const uint8_t in[1] = {SWCXL_LOG_FATAL};

	for (unsigned i = 0; i < ARRAY_SIZE(records); i++) {
		char request[256], name[64];

		snprintf(request, sizeof(request),
			 "{\"execute\": \"swcxl-inject-event\", \"arguments\": {\"log\": "
			 "\"fatal\", \"type\": \"%s\", \"fields\": {}}}",
			 records[i]);
		snprintf(name, sizeof(name), "event-%s", records[i]);
		begin(1);
		qmp_offline_execute(life.qmp, request);
		execute(0x0100, in, sizeof(in));
		end(name);
	}
}

/* A transfer that ends with its channel; data objects; what begins again. */
static void what_is_left(void)
{
	static const uint8_t part[128 + 128] = {1, 1};
	static const uint32_t object[] = {1, 3, 0};
	static const uint8_t enable[4] = {MBOX_CONTROL_DOORBELL_IRQ};

	begin(0);
	execute(0x0201, part, sizeof(part));
	swcxl_cci_free(life.cci);
	life.cci = swcxl_cci_new(life.dev);
	swcxl_reset(life.dev, SWCXL_RESET_ATTACH);
	end("gone");
	begin(1);
	for (unsigned i = 0; i < ARRAY_SIZE(object); i++)
		put_config(DOE + DOE_WRITE_MAILBOX, object[i]);
	put_config(DOE + DOE_CONTROL, DOE_CONTROL_GO);
	put_config(DOE + DOE_READ_MAILBOX, 0);
	end("object");
	begin(2);
	swcxl_bar_write(life.dev, SWCXL_BAR_DEVICE,
			swcxl_payload_offset(life.dev, 0) - MBOX_PAYLOAD + MBOX_CONTROL, enable,
			sizeof(enable));
	execute(0x0400, part, 300);
	ring(SWCXL_MAILBOX_PRIMARY, 0x4300, part, 256);
	end("claimed");
}

/* Headers of their own, and what is no trace. */
static void headers(void)
{
	static const char *const more[] = {"# state mem0.state\n",
					   "# a comment\n\n0 reset attach\n", "0 reset attach"};

	for (unsigned i = 0; i < REPLAY_HEADERS; i++) {
		char name[] = {'h', (char)('0' + i), 0};

		ADD(REPLAY_HEADERS);
		say_more("# swcxl-trace 2 swcxl " SWCXL_VERSION " ");
		say_more(replay_headers[i]);
		say_more("\n");
		say_more(more[i % ARRAY_SIZE(more)]);
		save("replay", name);
	}
}

void seeds_replay(void)
{
	static const char *const words[] = {
		" cci primary ",  " cci secondary ",	 " cci control1 ",
		" write config ", " write component ",	 " write device ",
		" object doe ",	  "0 reset attach\n",	 "0 gone control1\n",
		" claimed=",	  " rc=0000 out=",	 "# swcxl-trace 2 swcxl ",
		"# state ",	  " control4294967297 ", "} = {",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		word("replay", "%s", words[i]);
	every_command();
	every_register();
	every_control_command();
	every_event();
	what_is_left();
	headers();
}
