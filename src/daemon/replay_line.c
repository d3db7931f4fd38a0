// SPDX-License-Identifier: MIT
#include "daemon/replay_line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/util.h"

#define SHOWN 200 /* characters of a line that is nothing but different */

/* ---- apart ----------------------------------------------------------------------------------- */

/* The next word, which ends with a NUL then; NULL at the end. */
static char *word(char **at)
{
	char *start = *at + strspn(*at, " "), *end = start + strcspn(start, " ");

	*at = *end ? end + 1 : end;
	*end = '\0';
	return *start ? start : NULL;
}

static bool number(const char *text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, base);
	return *text >= '0' && *text <= 'f' && !*end && !errno;
}

/* Digits become the bytes that they are, where they stand. */
static bool hex(char *digits, uint8_t **bytes, size_t *len)
{
	char *to = digits;

	*bytes = (uint8_t *)digits;
	*len = strlen(digits) / 2;
	if (strlen(digits) % 2)
		return false;
	for (; *digits; digits += 2) {
		int high = hex_digit(digits[0]), low = hex_digit(digits[1]);

		if (high < 0 || low < 0)
			return false;
		*to++ = (char)(high << 4 | low);
	}
	return true;
}

/* What is behind the last " | ": opcode or offset, if there is to be one, and what has names. */
static bool parse_digits(char *at, struct replay_line *line, bool numbered)
{
	char *w = numbered ? word(&at) : NULL;
	uint64_t value;

	if (numbered && (!w || !number(w, 16, &line->number)))
		return false;
	w = word(&at);
	if (!w || strncmp(w, "in=", 3) != 0 || !hex(w + 3, &line->in, &line->in_len))
		return false;
	line->in_claimed = line->in_len;
	w = word(&at);
	if (!w || strncmp(w, "claimed=", 8) != 0)
		return true;
	if (!number(w + 8, 10, &value) || value <= line->in_len)
		return false;
	line->in_claimed = value;
	return true;
}

/* What is behind the last " | ", or NULL. */
static const char *find_digits(const char *text)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, " | ")); at++)
		found = at + 3;
	return found;
}

/* Where the JSON object ends that begins there, or NULL. Its strings may look like anything. */
static char *object_end(char *at)
{
	bool string = false;
	unsigned depth = 0;

	for (; *at; at++) {
		if (*at == '\\' && at[1])
			at++;
		else if (*at == '"')
			string = !string;
		else if (!string && strchr("{[", *at))
			depth++;
		else if (!string && strchr("}]", *at) && --depth == 0)
			return at + 1;
	}
	return NULL;
}

const char *replay_line_parse(char *text, struct replay_line *line)
{
	char *at = text, *time = word(&at), *digits, *end;

	*line = (struct replay_line){0};
	line->kind = time ? word(&at) : NULL;
	line->channel = line->kind ? word(&at) : NULL;
	if (!line->channel || !number(time, 10, &line->time))
		return "it does not begin with a time, a kind and a name";
	if (!strcmp(line->kind, "qmp")) {
		end = *at == '{' ? object_end(at) : NULL;
		if (!end || strncmp(end, " = {", 4) != 0)
			return "it has no arguments and result";
		*end = '\0';
		line->arguments = at;
		return NULL;
	}
	if (!strcmp(line->kind, "reset") || !strcmp(line->kind, "gone"))
		return NULL;
	if (strcmp(line->kind, "cci") != 0 && strcmp(line->kind, "write") != 0 &&
	    strcmp(line->kind, "object") != 0)
		return "there is no such kind of line";
	if (!find_digits(at))
		return "it ends before its digits";
	digits = at + (find_digits(at) - at);
	if (!parse_digits(digits, line, strcmp(line->kind, "object") != 0) ||
	    (!strcmp(line->kind, "cci") && line->number > UINT16_MAX))
		return "its digits are damaged";
	return NULL;
}

/* ---- compared -------------------------------------------------------------------------------- */

/* Of a control command, all of it counts, and of others the digits: their text is told in the words
 * of the program that wrote it. */
bool replay_line_same(const char *expected, const char *got)
{
	const char *a = find_digits(expected), *b = find_digits(got);
	size_t head = 0;

	if (!a || !b || strstr(expected, " qmp "))
		return !strcmp(expected, got);
	for (unsigned words = 0; words < 3; words++)
		head += strcspn(expected + head, " ") + 1;
	return !strncmp(expected, got, head) && !strcmp(a, b);
}

/* Is this the end of a field? Those before it are name=value, between brackets and commas. */
static bool ends_field(const char *at)
{
	return !*at || strchr("(){}[]", *at) || !strncmp(at, ", ", 2) || !strncmp(at, " = ", 3) ||
	       !strncmp(at, " |", 2);
}

/* The field of a line in which position is. */
static void print_field(const char *label, const char *line, size_t position)
{
	size_t start = position, end = position;

	while (start && !ends_field(line + start - 1))
		start--;
	while (!ends_field(line + end))
		end++;
	start += strspn(line + start, " =,");
	printf("    %-9s %.*s\n", label, (int)MIN(end > start ? end - start : 0, SHOWN),
	       line + start);
}

static void print_whole(const char *label, const char *line)
{
	printf("    %-9s %.*s%s\n", label, SHOWN, line, strlen(line) > SHOWN ? "..." : "");
}

/* Time, kind, channel and what it is: all up to its fields. */
static int head_of(const char *line)
{
	const char *digits = strstr(line, " |");

	return (int)MIN(strcspn(line, "({"), digits ? (size_t)(digits - line) : SHOWN);
}

/* Behind the text: which byte of in or out is it? */
static void print_digits(const char *expected, const char *got, size_t position)
{
	size_t start = position, name;

	while (start && expected[start - 1] != ' ')
		start--;
	name = strcspn(expected + start, "= ");
	if (expected[start + name] == '=' && position > start + name)
		printf("    in %.*s digit %zu, which the text does not show:\n", (int)name,
		       expected + start, position - start - name);
	else
		printf("    behind the text, which does not show it:\n");
	printf("    expected  %.32s\n    got       %.32s\n", expected + position, got + position);
}

void replay_line_differ(const char *where, const char *expected, const char *got)
{
	size_t position = 0, head = (size_t)head_of(expected);
	const char *digits = strstr(expected, " | ");

	printf("%s: %.*s\n", where, (int)head, expected);
	while (got && expected[position] && expected[position] == got[position])
		position++;
	if (!got || position < head) {
		print_whole("expected", expected);
		print_whole("got", got ? got : "(nothing happened)");
	} else if (digits && position > (size_t)(digits - expected)) {
		print_digits(expected, got, position);
	} else {
		print_field("expected", expected, position);
		print_field("got", got, position);
	}
}
