/* SPDX-License-Identifier: MIT */
/* Conversations on the control socket: each command of the table, and some in a row. */
#include <stdio.h>
#include <stdlib.h>

#include "base/le.h"
#include "front/qmp/state_json.h"
#include "qmp_arguments.h"
#include "qmp_script.h"
#include "seeds.h"
#include "../model/device.h"

static void say(unsigned chunk, const char *text)
{
	ADD((int)chunk);
	say_more(text);
}

/* Each command with all of its arguments, and without. */
static void every_command(void)
{
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		const struct qmp_command *command = &qmp_commands[i];
		char *text = qmp_arguments_text(command->args());

		say(0, "{'execute': '");
		say_more(command->name);
		say_more("', 'arguments': {");
		say_more(text);
		free(text);
		say_more("}, 'id': 1}\r\n{'execute': '");
		say_more(command->name);
		say_more("'}\r\n");
		save("qmp", command->name);
	}
}

/* Words for mutations: a command without arguments, names of arguments and of values. */
static void dictionary(void)
{
	for (size_t i = 0; i < QMP_COMMANDS; i++) {
		word("qmp", "{'execute': '%s'}", qmp_commands[i].name);
		for (const struct qmp_arg *arg = qmp_commands[i].args(); arg->name; arg++) {
			word("qmp", "'%s': ", arg->name);
			for (size_t v = 0; arg->names && v < arg->names->count; v++)
				word("qmp", "'%s'", arg->names->values[v].name);
		}
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

/* Each field of each type of record, with values one of which it may have. */
static void every_field(void)
{
	static const struct {
		const char *record, *field;
	} fields[] = {
#define FIELD(kind, name, ...) {NULL, name},
#define RECORD(id, name, since, ...) {name, NULL}, __VA_ARGS__
#include "tbl/event_fields.tbl.h"
	};
	static const char *const values[] = {"64", "true", "'a5'", "[1]", "'unknown'"};
	const char *record = "";
	char name[128];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].record) {
			record = fields[i].record;
			continue;
		}
		ADD(0);
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			snprintf(name, sizeof(name), "{'%s': %s}}}", fields[i].field, values[v]);
			say_more("{'execute': 'swcxl-inject-event', 'arguments': {'log': 'fatal', "
				 "'type': '");
			say_more(record);
			say_more("', 'fields': ");
			say_more(name);
		}
		say_more("{'execute': 'swcxl-query-events', 'arguments': {'log': 'fatal'}}");
		word("qmp", "'%s': ", fields[i].field);
		snprintf(name, sizeof(name), "%s-%s", record, fields[i].field);
		save("qmp", name);
	}
}

/* ---- records of a state ---- */

/* A device of which there is something to be said of each kind. */
static void live(struct test_device *t)
{
	const struct swcxl_config *c = swcxl_get_config(t->dev);
	const struct swcxl_event_header header = {.uuid = {1}};
	struct swcxl_dc_add add = {.region = 0, .length = 256};
	uint8_t in[48] = {1}, out[64 * KiB];
	struct swcxl_dc_region region;
	size_t len;

	for (unsigned i = 0; i < 6; i++)
		swcxl_plant(t->dev, i * 192, SWCXL_LINE, (enum swcxl_source)(i % 4), i != 1,
			    i == 2);
	swcxl_media_write(t->dev, 4096, "content", 7);
	for (unsigned i = 0; i <= c->event_log_max; i++)
		swcxl_event_inject(t->dev, SWCXL_LOG_FATAL, &header, NULL, 0);
	swcxl_dc_region_get(t->dev, 0, &region);
	swcxl_dc_add(t->dev, &add);
	le_store(in + 8, 8, region.start);
	le_store(in + 16, 8, add.length);
	test_execute(t, 0x4802, in, 32, out, &len);
	add.length = 512;
	swcxl_dc_add(t->dev, &add);
	memset(in, 0, 8);
	test_execute(t, 0x4103, in, 24, out, &len);
}

static void every_record(void)
{
	const struct swcxl_config config = qmp_script_config();
	struct swcxl_cursor cursor = {0};
	struct swcxl_change change;
	struct out all = {0};
	struct test_device t;
	char name[64];

	test_device_open(&t, &config);
	live(&t);
	for (unsigned n = 0; swcxl_save_next(t.dev, &cursor, &change); n++) {
		struct out out = {0};

		if (!state_out(&out, &change, true))
			continue;
		ADD((int)n % 3, QMP_RECORDS);
		add_bytes(out.p, out.len);
		snprintf(name, sizeof(name), "record-%u", n);
		save("qmp", name);
		out_add(&all, all.len ? ", " : "", all.len ? 2 : 0);
		out_add(&all, out.p, out.len);
		out_free(&out);
	}
	ADD(QMP_DURABLE, QMP_RECORDS);
	add_bytes(all.p, all.len);
	save("qmp", "records");
	out_free(&all);
	test_device_close(&t);
}

void seeds_qmp(void)
{
	every_record();
	every_command();
	every_field();
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
