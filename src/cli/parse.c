/* SPDX-License-Identifier: MIT */
/*
 * Parsers for the command line. They take a whole string or nothing: no sign, no blanks, no
 * rubbish behind a number, no silent wrap. strtoull() alone would accept all of these.
 */
#include "cli/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

/* A number at the start of text; *end is what follows it. */
static bool number(const char *text, uint64_t *value, const char **end)
{
	int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
	char *rest;

	if (!isdigit((unsigned char)text[0]) || (base == 16 && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	*value = strtoull(text, &rest, base);
	*end = rest;
	return errno == 0;
}

/* A size at the start of text. */
static bool size(const char *text, uint64_t *value, const char **end)
{
	static const char units[] = "KMGT";
	const char *unit;

	if (!number(text, value, end))
		return false;
	unit = **end ? strchr(units, toupper((unsigned char)**end)) : NULL;
	if (!unit)
		return true;
	(*end)++;
	return !__builtin_mul_overflow(*value, 1ull << (10 * (unit - units + 1)), value);
}

bool parse_size(const char *text, uint64_t *value)
{
	const char *end;

	return size(text, value, &end) && !*end;
}

bool parse_range(const char *text, struct range *range, bool *length_given)
{
	const char *end;
	uint64_t second;

	if (!size(text, &range->start, &end))
		return false;
	*length_given = *end != '\0';
	if (!*end)
		return true;
	if ((*end != '-' && *end != '+') || !parse_size(end + 1, &second))
		return false;
	if (*end == '-' && second < range->start)
		return false;
	range->length = *end == '-' ? second - range->start : second;
	return true;
}

bool parse_opcode(const char *text, unsigned *opcode)
{
	size_t digits;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	digits = strspn(text, "0123456789abcdefABCDEF");
	if (digits < 1 || digits > 4 || (text[digits] && strcasecmp(text + digits, "h") != 0))
		return false;
	*opcode = (unsigned)strtoul(text, NULL, 16);
	return true;
}

static unsigned nibble(char c)
{
	return (unsigned)(isdigit((unsigned char)c) ? c - '0'
						    : tolower((unsigned char)c) - 'a' + 10);
}

bool parse_hex(const char *text, uint8_t *buf, size_t cap, size_t *len)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	while (*text) {
		if (isspace((unsigned char)*text) || *text == ':') {
			text++;
			continue;
		}
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return false;
		if (*len == cap)
			return false;
		buf[(*len)++] = (uint8_t)(nibble(text[0]) << 4 | nibble(text[1]));
		text += 2;
	}
	return true;
}

bool parse_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", 1},
		{"ns", 1},
		{"us", 1000},
		{"ms", NS_PER_MS},
		{"s", NS_PER_S},
		{"m", 60 * NS_PER_S},
		{"h", 3600 * NS_PER_S},
	};
	const char *end;

	if (!number(text, ns, &end))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].name) == 0)
			return !__builtin_mul_overflow(*ns, units[i].ns, ns);
	return false;
}
