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

static void every_command(void)
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
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *line = commands[i].name;

		for (size_t n = 0; n < ARRAY_SIZE(example); n++)
			if (!strcmp(example[n][0], line))
				line = example[n][1];
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

void seeds_ctl(void)
{
	every_command();
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
