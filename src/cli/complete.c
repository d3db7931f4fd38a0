// SPDX-License-Identifier: MIT
/*
 * swcxlctl --complete WORDS...: what could stand in the place of the last word, for the shells'
 * completion (completions/). A line a candidate, with a tab and what it is for behind it; ":files"
 * and ":sockets" ask the shell for names of these. All comes from the tables that parse the
 * command line; values are those of the control protocol's enumerations.
 */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/names.h"
#include "swcxl/swcxl.h"
#include "wire/events.h"

#define OPT(id) (1ull << OPT_##id)
#define GLOBAL (OPT(qmp) | OPT(pci) | OPT(json) | OPT(help) | OPT(version))

static const struct {
	const char *name, *arguments;
	uint64_t options;
	const char *help;
} commands[] = {
#define COMMAND(id, name, arguments, min, max, options, where, help) \
	{name, arguments, options, help},
#include "cli/commands.tbl.h"
};

static const struct {
	const char *name, *argument, *help;
} options[OPTIONS] = {
#define OPTION(id, name, argument, help) [OPT_##id] = {name, argument, help},
#include "cli/options.tbl.h"
};

/* The words of each enumeration, with blanks between them. */
static const char *const enum_words[] = {
#define VALUE(name, value) name " "
#define ENUM(id, name, ...) [ENUM_##id] = __VA_ARGS__,
#include "tbl/qmp.tbl.h"
#undef VALUE
};

/* What an option or a part of a command's arguments stands for, beside words that it spells out. */
static const struct {
	const char *command, *name; /* command NULL: any */
	unsigned values;	    /* ENUM_none: words */
	const char *words;
} places[] = {
	{NULL, "--source", ENUM_source, NULL},
	{NULL, "--log", ENUM_event_log, NULL},
	{"dc add", "--policy", ENUM_dc_selection, NULL},
	{"dc reclaim", "--policy", ENUM_dc_removal, NULL},
	{NULL, "--color", ENUM_none, "auto always never"},
	{"trace", "--channel", ENUM_none, "primary secondary control config component device qmp"},
	{NULL, "FILE", ENUM_none, ":files"},
	{NULL, "SOCK", ENUM_none, ":sockets"},
	{"fault", "KIND", ENUM_fault, NULL},
	{"health", "NAME=VALUE...", ENUM_none,
	 "health-status= media-status= life-used= temperature= "
	 "corrected-volatile-error-count= corrected-persistent-error-count="},
	{"bench", "NAME...", ENUM_none, "identify list list-all lsa lsa-read fw results idle all"},
#define LOG_UUID(id, name, ...) name " "
	{
		"log",
		"NAME",
		ENUM_none,
#include "tbl/uuids.tbl.h"
	},
};

/* ---- candidates ---- */

/* One of them, when it begins as what has been typed does. before: what it follows in its word. */
static void offer(const char *typed, const char *before, const char *word, size_t len,
		  const char *help)
{
	size_t have = strlen(typed);

	if (len < have || memcmp(word, typed, have) != 0)
		return;
	printf("%s%.*s%s%s\n", before, (int)len, word, help ? "\t" : "", help ? help : "");
}

static void offer_words(const char *typed, const char *before, const char *words)
{
	while (*words) {
		size_t len = strcspn(words, " ");

		if (*words == ':')
			puts(words);
		else
			offer(typed, before, words, len, NULL);
		words += len + (words[len] == ' ');
	}
}

/* What is behind a name in the table above. */
static void offer_place(const char *typed, const char *before, int command, const char *name,
			size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		bool here = !places[i].command ||
			    (command >= 0 && !strcmp(places[i].command, commands[command].name));

		if (here && strlen(places[i].name) == len && !memcmp(places[i].name, name, len))
			offer_words(typed, before,
				    places[i].words ? places[i].words
						    : enum_words[places[i].values]);
	}
}

/* ---- where are we? ---- */

static int find_option(const char *word)
{
	size_t len = strcspn(word, "=");

	for (int i = 0; i < OPTIONS; i++)
		if (!strncmp(word, "--", 2) && strlen(options[i].name) == len - 2 &&
		    !memcmp(options[i].name, word + 2, len - 2))
			return i;
	return -1;
}

/* The command that the words begin with; *used is how many make its name. */
static int find_command(char **words, unsigned count, unsigned *used)
{
	int found = -1;

	*used = 0;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char name[64];
		unsigned n = strchr(commands[i].name, ' ') ? 2 : 1;

		if (count < n || n < *used)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", words[0], n == 2 ? " " : "",
			 n == 2 ? words[1] : "");
		if (strcmp(name, commands[i].name) != 0)
			continue;
		found = (int)i;
		*used = n;
	}
	return found;
}

/* What an option's argument may be: its own values, or those of its kind. */
static void offer_value(const char *typed, const char *before, int command, int option)
{
	const char *argument = options[option].argument;
	char name[32];

	snprintf(name, sizeof(name), "--%s", options[option].name);
	offer_place(typed, before, command, name, strlen(name));
	if (argument)
		offer_place(typed, before, command, argument, strlen(argument));
}

/* Commands by their next word: the first, or the second after the first. */
static void offer_commands(const char *typed, const char *first)
{
	const char *last = "";

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *name = commands[i].name;
		size_t len = strcspn(name, " ");

		if (first) {
			if (strlen(first) == len && !memcmp(name, first, len) && name[len])
				offer(typed, "", name + len + 1, strlen(name + len + 1),
				      commands[i].help);
			continue;
		}
		/* Those of two words stand together in the table. */
		if (strlen(last) == 0 || strncmp(last, name, len + !name[len]) != 0)
			offer(typed, "", name, len, name[len] ? NULL : commands[i].help);
		last = name;
	}
}

/* The words that a command's argument may be: those in lower case, and what the others stand for. A
 * blank is between arguments; the last one is said again and again if it ends in "...". */
static void offer_argument(const char *typed, int command, unsigned position)
{
	const char *at = commands[command].arguments;

	while (position && strchr(at, ' ')) {
		at = strchr(at, ' ') + 1;
		position--;
	}
	if (position && !strstr(at, "..."))
		return;
	while (*at && *at != ' ') {
		size_t len = strcspn(at, "|[] ");

		if (len && *at >= 'a' && *at <= 'z')
			offer(typed, "", at, len, NULL);
		else if (len)
			offer_place(typed, "", command, at, len);
		at += len + (at[len] && at[len] != ' ');
	}
}

static void offer_options(const char *typed, uint64_t which)
{
	for (unsigned i = 0; i < OPTIONS; i++) {
		char name[32];

		if (!(which >> i & 1))
			continue;
		snprintf(name, sizeof(name), "--%s", options[i].name);
		offer(typed, "", name, strlen(name), options[i].help);
	}
}

void complete(int count, char **words)
{
	unsigned nargs = 0, used;
	char *typed = count ? words[count - 1] : (char[]){""}, *value = NULL;
	int option = -1, command; /* whose argument comes next, or -1 */

	/* bash takes --name=value for three words. */
	for (int i = 0; i < count - 1; i++) {
		if (!strcmp(words[i], "="))
			continue;
		if (option >= 0) {
			option = -1;
			continue;
		}
		option = find_option(words[i]);
		if (option < 0 && words[i][0] != '-')
			words[nargs++] = words[i];
		else if (option >= 0 && (!options[option].argument || strchr(words[i], '=')))
			option = -1;
	}
	if (!strcmp(typed, "="))
		typed++;
	command = find_command(words, nargs, &used);
	if (option < 0 && (value = strchr(typed, '=')) && (option = find_option(typed)) >= 0) {
		char before[64];

		snprintf(before, sizeof(before), "%.*s", (int)(value + 1 - typed), typed);
		offer_value(value + 1, before, command, option);
	} else if (option >= 0) {
		offer_value(typed, "", command, option);
	} else if (typed[0] == '-') {
		offer_options(typed, GLOBAL | (command < 0 ? 0 : commands[command].options));
	} else {
		if (nargs < 2)
			offer_commands(typed, nargs ? words[0] : NULL);
		if (command >= 0)
			offer_argument(typed, command, nargs - used);
	}
}
