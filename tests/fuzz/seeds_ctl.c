/* SPDX-License-Identifier: MIT */
/* Command lines of swcxlctl: each command, with answers that are true and some that are not. */
#include <stdio.h>

#include "ctl_script.h"
#include "seeds.h"

#define ARGS_MAX 1000000u
#define OPT(id) (1ull << OPT_##id)

enum {
#define OPTION(id, name, argument, help) OPT_##id,
#include "cli/options.tbl.h"
	OPTIONS
};

enum where { ANYWHERE, CONTROL, FUNCTION };

static const struct {
	const char *name;
	unsigned min;
	uint64_t options;
	enum where where;
} commands[] = {
#define COMMAND(id, name, arguments, min, max, options, where, help) {name, min, options, where},
#include "cli/commands.tbl.h"
};

static const struct {
	const char *name, *argument;
} options[OPTIONS] = {
#define OPTION(id, name, argument, help) [OPT_##id] = {name, argument},
#include "cli/options.tbl.h"
};

static unsigned words_of(const char *text)
{
	unsigned n = 1;

	for (; *text; text++)
		n += *text == ' ';
	return n;
}

/* The words of a text, at the blanks. */
static void say_words(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, " ");

		ADD((int)n);
		add_bytes(text, n);
		text += n + (text[n] == ' ');
	}
}

static void answers(int kind)
{
	for (int i = 0; kind && i < 12; i++) {
		ADD(i % 3 ? CTL_TRUE : kind);
		if (i % 3)
			continue;
		if (kind == CTL_PATCH)
			ADD(3, i, 0, 0xff, 8, 0, i, 16 + i, 0, 0x80);
		else
			ADD(i * 16 + 7, 0, kind == CTL_FILL ? i * 20 : i);
	}
}

static void seed(const char *name, const char *line, int flags, int kind)
{
	char file[64];

	ADD(flags, (int)words_of(line));
	say_words(line);
	answers(kind);
	snprintf(file, sizeof(file), "%s-%d-%d", name, flags, kind);
	for (char *c = file; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	save("ctl", file);
}

/* A command line with what has to be there. */
static const char *example_of(const char *name)
{
	static const char *const example[][2] = {
		{"inject", "inject 0x40+128"},
		{"clear", "clear 0 0x80 --data a5"},
		{"wait", "wait scan --timeout 1"},
		{"cci", "cci 0x4300 0000000000000000 0004000000000000"},
		{"log", "log component-state-dump"},
		{"scan", "scan 0+4096 --continue"},
		{"poison list", "poison list 0+1M"},
		{"dc respond", "dc respond all"},
		{"dc release", "dc release requested"},
		{"health", "health --json"},
		{"clock step", "clock step 250ms"},
		{"fault", "fault"},
		{"replay", "replay t"},
		{"state import", "state import s"},
		{"state diff", "state diff live live"},
	};

	for (size_t n = 0; n < ARRAY_SIZE(example); n++)
		if (!strcmp(example[n][0], name))
			return example[n][1];
	return name;
}

static void every_command(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *line = example_of(commands[i].name);

		word("ctl", "%s", commands[i].name);
		if (commands[i].where != ANYWHERE) {
			seed(commands[i].name, line, 0, CTL_TRUE);
			continue;
		}
		for (int kind = 0; kind < CTL_ANSWERS; kind++)
			for (int flags = kind & 1; flags < 16; flags += 5)
				seed(commands[i].name, line, flags, kind);
		if (!commands[i].min)
			seed(commands[i].name, commands[i].name, CTL_JSON | CTL_SHARED, CTL_PATCH);
	}
}

/* ---- over a control socket ------------------------------------------------------------------- */

/* What becomes of each line: a lie of one kind now and then, from the third line on, which is the
 * first answer that matters; vary: to reach other places. */
static void lines(int kind, int vary)
{
	ADD(CTL_CONNECTED, CTL_LINE_TRUE, CTL_SEND_ALL, CTL_LINE_TRUE);
	for (int i = 0; kind && i < 12; i++) {
		ADD(i == 5 ? CTL_SEND_LATER : CTL_SEND_ALL, (i + vary) % 3 ? CTL_LINE_TRUE : kind);
		if ((i + vary) % 3)
			continue;
		if (kind == CTL_LINE_VALUES)
			ADD(1, i * 7 + vary, 0, i * 5 + vary, i * 11 + 1, 0, vary * 3 + i);
		else if (kind == CTL_LINE_PATCH)
			ADD(2, 12 + vary * 5, 0, 0x1b, 20 + i, 0, '[');
		else if (kind == CTL_LINE_PIECES || kind == CTL_LINE_EVENT)
			ADD(i + vary);
		else if (kind == CTL_LINE_CUT || kind == CTL_LINE_HALF)
			ADD(i * 16 + vary, 0);
		else if (kind == CTL_LINE_BYTES) {
			ADD(16, 0);
			say_more("{\"return\": [[]]}");
		}
	}
}

/* file: what is opened first, or NULL. */
static void control(const char *line, const char *file, int flags, int kind, int vary)
{
	static unsigned n;
	char name[32];

	ADD(flags | CTL_CONTROL, (int)words_of(line));
	say_words(line);
	if (file) {
		ADD((int)(strlen(file) & 0xff), (int)(strlen(file) >> 8));
		say_more(file);
	}
	lines(kind, vary);
	snprintf(name, sizeof(name), "control-%u", n++);
	save("ctl", name);
}

#define STATE                                                     \
	"{\"swcxl-state\": 1,\n\"device\": {},\n\"records\": [\n" \
	"{\"poison\": [0, 64], \"source\": \"internal\"},\n"      \
	"{\"event\": \"fatal\", \"record\": \"00\"}\n]}\n"
#define TRACE                                                                           \
	"# swcxl-trace 1\n12 cci mailbox Identify Memory Device() = Success | 4000 0\n" \
	"13 qmp control swcxl-reset {} = {}\n"

static const struct {
	const char *line, *file;
} examples[] = {
	{"plant 0x1000+64 --latent --source vendor", NULL},
	{"plant --random 3 --seed 7", NULL},
	{"plant --from errors", "0 64 # a line\n4K 128 injected latent permanent\n"},
	{"poison list --media --limit 2", NULL},
	{"poison list", NULL},
	{"events --log fatal --limit 1", NULL},
	{"wait overflow --timeout 2", NULL},
	{"wait event --timeout 2", NULL},
	{"dc respond", NULL},
	{"dc release", NULL},
	{"dc add 2M", NULL},
	{"dc add 544M+2M --tag 00112233445566778899aabbccddeeff", NULL},
	{"dc reclaim 512M+2M --forced", NULL},
	{"dc reclaim 512M+2M", NULL},
	{"dc add --policy enable-shared-access --tag 00112233445566778899aabbccddeeff", NULL},
	{"fault delay --value 250ms", NULL},
	{"plant --from errors", "1G 64\n0 64\n"},
	{"dc reclaim --tag 00000000000000000000000000000000", NULL},
	{"log component-state-dump populate", NULL},
	{"health life-used=90 temperature=70", NULL},
	{"fault return-code 4300 --value 3 --count 2", NULL},
	{"fault clear", NULL},
	{"trace t", TRACE},
	{"trace t --follow", TRACE},
	{"state import s", STATE},
	{"state import -", NULL},
	{"state export s", NULL},
	{"state diff live live", NULL},
	{"state diff s live", STATE},
	{"reset cold", NULL},
	{"status --color always", NULL},
};

/* What no device says: these answers, one after the other. */
static void told(const char *line, int flags, const char *const *answers)
{
	char name[64];

	ADD(flags | CTL_CONTROL, (int)words_of(line));
	say_words(line);
	lines(CTL_LINE_TRUE, 0);
	for (; *answers; answers++) {
		ADD(CTL_SEND_ALL, CTL_LINE_BYTES, (int)strlen(*answers), 0);
		say_more(*answers);
	}
	snprintf(name, sizeof(name), "told-%s-%d", line, flags);
	for (char *c = name; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	save("ctl", name);
}

static void tales(void)
{
	static const char *const faults[] = {
		"{\"return\": [{\"fault\": \"hang\", \"opcode\": 17156, \"value\": 3, "
		"\"count\": 2, \"hits\": 1}, null, 7]}",
		NULL};
	static const char *const parts[] = {
		"{\"return\": {\"records\": [{\"poison\": 1}], \"next\": \"a\", \"generation\": "
		"1}}",
		"{\"return\": {\"records\": [null, 1], \"next\": \"b\", \"generation\": 1}}",
		"{\"return\": {\"records\": [], \"generation\": 1}}",
		"{\"return\": {\"records\": [{\"poison\": 2}], \"next\": \"\"}}", NULL};
	static const char *const unknown[] = {
		"{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"?\"}}", NULL};

	for (int flags = 0; flags <= CTL_JSON; flags++) {
		told("fault", flags, faults);
		told("state export", flags, parts);
		told("state diff live live", flags, parts);
		told("status", flags, unknown);
	}
}

static void over_control(void)
{
	int kind = 1;

	for (size_t i = 0; i < ARRAY_SIZE(commands) + ARRAY_SIZE(examples); i++) {
		bool all = i < ARRAY_SIZE(commands);
		const char *line = all ? example_of(commands[i].name)
				       : examples[i - ARRAY_SIZE(commands)].line;
		const char *file = all ? NULL : examples[i - ARRAY_SIZE(commands)].file;

		if (all && commands[i].where == FUNCTION)
			continue;
		control(line, file, i % 7 ? 0 : CTL_SMALL, CTL_LINE_TRUE, 0);
		control(line, file, CTL_JSON, CTL_LINE_TRUE, 0);
		for (int vary = 0; vary < 3; vary++)
			control(line, file, vary & 1, CTL_LINE_VALUES, vary);
		kind = kind + 1 < CTL_LINES ? kind + 1 : CTL_LINE_PATCH;
		control(line, file, 0, kind, (int)i % 3);
	}
	for (kind = 1; kind < CTL_LINES; kind++)
		control("status", NULL, kind & 1, kind, 0);
	for (int choice = 1; choice < CTL_CONNECTS; choice++) {
		ADD(CTL_CONTROL, 1);
		say_words("status");
		ADD(choice);
		save("ctl", choice & 1 ? "control-nobody" : "control-no-way");
	}
}

void seeds_ctl(void)
{
	every_command();
	over_control();
	tales();
	for (unsigned i = 0; i < OPTIONS; i++)
		word("ctl", "--%s", options[i].name);
	seed("events of a log", "events --log fatal --limit 1", 0, CTL_PATCH);
	seed("log of effects", "log command-effects", 0, CTL_TRUE);
	seed("log of debug", "log vendor-debug", CTL_SMALL, CTL_TRUE);
	seed("help", "scan --help", 0, CTL_TRUE);
	seed("wait for events", "wait event --log warning --timeout 2", 8, CTL_TRUE);
	seed("wait for overflow", "wait overflow --timeout 2", 0, CTL_TRUE);
	seed("follow", "events --follow", 1, CTL_TRUE);
}
