// SPDX-License-Identifier: MIT
/*
 * Prints the reference part of swcxl-commands(7): the table of commands, with the layouts of their
 * payloads. tools/manuals puts it into the manual.
 *
 * Layouts are macros that list fields (base/wire.h); here WIRE_STRUCT() makes a table of them for
 * each payload as well as the struct.
 */
#include "base/wire.h"
#include "mdoc.h"

struct field {
	unsigned offset;
	const char *type, *name, *array;
};

#define STRUCT_(name, size, LIST) \
	struct name {             \
		LIST(WIRE_FIELD_) \
	};                        \
	static const struct field __attribute__((unused)) name##_fields[] = {LIST(ROW_){0}};
#define ROW_(offset, type, name, ...) {offset, #type, #name, #__VA_ARGS__},
#undef WIRE_STRUCT
#define WIRE_STRUCT STRUCT_

#include "core/cci.h"

static const struct field none_fields[] = {{0}};

/* A rule of the table, when it is one of what the device has to have. */
static const struct {
	unsigned rule;
	const char *text;
} needs[] = {
	{NEEDS_LSA, "a label storage area"},
	{NEEDS_PARTITIONABLE, "partitionable capacity"},
	{NEEDS_DC, "dynamic capacity"},
	{NEEDS_MEDIA, "media that are ready"},
	{NEEDS_UNLOCKED, "persistent memory that is not locked"},
	{NOT_FROZEN, "security that is not frozen"},
};

/* Bits of the Command Effects Log. */
static const struct {
	unsigned effect;
	const char *text;
} effects[] = {
	{EFF_COLD_RESET_CONFIG, "configuration change after cold reset"},
	{EFF_IMM_CONFIG, "immediate configuration change"},
	{EFF_IMM_DATA, "immediate data change"},
	{EFF_IMM_POLICY, "immediate policy change"},
	{EFF_IMM_LOG, "immediate log change"},
	{EFF_SECURITY, "security state change"},
	{EFF_BACKGROUND, "background operation"},
	{EFF_SECONDARY_MAILBOX, "secondary mailbox supported"},
	{EFF_ABORT, "request abort background operation supported"},
	{EFF_RESET_CONFIG_VALID, "CEL[11:10] valid"},
	{EFF_CONV_RESET_CONFIG, "configuration change after conventional reset"},
	{EFF_CXL_RESET_CONFIG, "configuration change after CXL reset"},
};

static const struct command_fields {
	uint16_t opcode;
	const struct field *in, *out;
} payloads[] = {
#define CMD(opcode, name, in, min, tail, out, ...) {opcode, in##_fields, out##_fields},
#include "tbl/commands.tbl.h"
};

/* Words with commas between them, as one text. */
struct words {
	char text[2048];
};

static void word(struct words *words, const char *text)
{
	size_t len = strlen(words->text);

	snprintf(words->text + len, sizeof(words->text) - len, "%s%s", len ? ", " : "", text);
}

static void row(const char *title, const struct words *words)
{
	if (!words->text[0])
		return;
	printf(".It %s\n", title);
	text(words->text);
}

static void print_channels(const struct command *command)
{
	struct words words = {""};

	if (!(command->rules & OFF_MAILBOX))
		word(&words, "primary mailbox");
	if (command->rules & ON_SECONDARY && !(command->rules & OFF_MAILBOX))
		word(&words, "secondary mailbox");
	word(&words, "control channels");
	row("Channels", &words);
}

static void print_needs(const struct command *command)
{
	struct words words = {""};

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
		if (command->rules & needs[i].rule)
			word(&words, needs[i].text);
	row("Needs", &words);
}

/* As the log has them, where the secondary mailbox is a bit of its own. */
static void print_effects(const struct command *command)
{
	unsigned bits =
		command->effects | (command->rules & ON_SECONDARY ? EFF_SECONDARY_MAILBOX : 0);
	struct words words = {""};
	char number[16];

	snprintf(number, sizeof(number), "%04Xh", bits);
	word(&words, number);
	for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
		if (bits & effects[i].effect)
			word(&words, effects[i].text);
	if (command->rules & OFF_MAILBOX)
		return;
	row("Effects", &words);
}

static void print_codes(const struct command *command)
{
	uint64_t codes = command_codes(command);
	struct words words = {""};

	for (unsigned code = 0; code < 64; code++)
		if (codes >> code & 1)
			word(&words, swcxl_rc_name(code));
	row("Codes", &words);
}

static void print_fields(const struct field *field)
{
	if (!field->name)
		return;
	printf(".Bd -literal -compact\n");
	for (; field->name; field++)
		printf("%02Xh  %-4s  %s%s\n", field->offset, field->type, field->name,
		       field->array);
	printf(".Ed\n");
}

/* "none", "1 byte", "6 to 8 bytes, and ..." */
static void print_size(const char *title, unsigned min, unsigned max, const char *more)
{
	printf(".It %s\n", title);
	if (!max && !*more)
		printf("none\n");
	else if (min == max)
		printf("%u byte%s%s\n", max, max == 1 ? "" : "s", more);
	else
		printf("%u to %u bytes%s\n", min, max, more);
}

static void print_input(const struct command *c, const struct field *fields)
{
	char more[80] = "";

	if (c->in_tail == TAIL)
		snprintf(more, sizeof(more), ", and more up to the end of the payload");
	else if (c->in_tail)
		snprintf(more, sizeof(more), ", and up to %u more", c->in_tail);
	print_size("Input", c->in_min, c->in_size, more);
	print_fields(fields);
}

static void print_output(const struct command *c, const struct field *fields)
{
	print_size("Output", c->out_size, c->out_size,
		   c->out_tail ? ", and what follows them" : "");
	print_fields(fields);
}

int main(void)
{
	printf(".Sh COMMANDS\n.Bl -tag -width Ds\n");
	for (unsigned i = 0; i < commands_count; i++) {
		const struct command *c = &commands[i];

		printf(".It Li %04Xh No %s\n", c->opcode, c->title);
		printf(".Bl -tag -width \"Channels\" -compact\n");
		printf(".It Name\n.Ic %s\n", c->name);
		printf(".It Section\n%s\n", c->section);
		print_channels(c);
		print_needs(c);
		print_effects(c);
		print_input(c, payloads[i].in);
		print_output(c, payloads[i].out);
		print_codes(c);
		printf(".El\n");
	}
	printf(".El\n");
	return 0;
}
