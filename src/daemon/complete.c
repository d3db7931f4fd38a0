// SPDX-License-Identifier: MIT
/*
 * swcxl --complete WORDS...: what could stand in the place of the last word, for the shells'
 * completion. A line a candidate, with a tab and what it is for behind it; ":files" asks the shell
 * for names of files.
 */
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "daemon/options.h"

static const struct {
	const char *name, *argument, *help;
} options[] = {
#define DEVICE_OPTION(name, field, kind, argument, min, max, preset, help) {name, argument, help},
#define PROCESS_OPTION DEVICE_OPTION
#define ACTION(name, id, help) {name, "", help},
#include "tbl/options.tbl.h"
};

/* The option that a word names, or -1. */
static int find(const char *word)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!strncmp(word, "--", 2) && strlen(options[i].name) == len - 2 &&
		    !memcmp(options[i].name, word + 2, len - 2))
			return (int)i;
	return -1;
}

static void offer(const char *typed, const char *before, size_t before_len, const char *word,
		  size_t len, const char *help)
{
	size_t have = strlen(typed);

	if (len >= have && !memcmp(word, typed, have))
		printf("%.*s%.*s%s%s\n", (int)before_len, before, (int)len, word, *help ? "\t" : "",
		       help);
}

/* An argument is words with bars between them, or in capitals what kind of thing it is. */
static void offer_values(const char *typed, const char *before, size_t before_len,
			 const char *argument)
{
	if (!strcmp(argument, "PATH") || !strcmp(argument, "FILE"))
		puts(":files");
	while (strchr(argument, '|') || *argument >= 'a') {
		size_t len = strcspn(argument, "|");

		offer(typed, before, before_len, argument, len, "");
		if (!argument[len])
			break;
		argument += len + 1;
	}
}

void options_complete(int count, char **words)
{
	const char *typed = count ? words[count - 1] : "", *value;
	int option = -1; /* whose argument comes next */

	/* bash takes --name=value for three words. */
	for (int i = 0; i < count - 1; i++) {
		if (!strcmp(words[i], "="))
			continue;
		option = option < 0 ? find(words[i]) : -1;
		if (option >= 0 && (!*options[option].argument || strchr(words[i], '=')))
			option = -1;
	}
	if (!strcmp(typed, "="))
		typed = "";
	value = strchr(typed, '=');
	if (option >= 0)
		offer_values(typed, "", 0, options[option].argument);
	else if (value && (option = find(typed)) >= 0)
		offer_values(value + 1, typed, (size_t)(value + 1 - typed),
			     options[option].argument);
	for (size_t i = 0; option < 0 && i < ARRAY_SIZE(options); i++) {
		char name[64];

		snprintf(name, sizeof(name), "--%s", options[i].name);
		offer(typed, "", 0, name, strlen(name), options[i].help);
	}
}
