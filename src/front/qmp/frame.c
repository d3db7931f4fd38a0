// SPDX-License-Identifier: MIT
/*
 * A JSON value ends where its brackets balance, so brackets outside of strings are counted and
 * the rest is left to the parser, which then gets the value whole. That makes every limit and
 * every recovery a matter of this file:
 *
 *  - TAKE: bytes belong to a value, or are white space between values.
 *  - SKIP: no value can begin with what came, or its brackets do not match. One error, then
 *    silence up to a line's end or an opening bracket.
 *  - DISCARD: the value is too long or too deep. One error, then its rest is dropped: up to the
 *    balancing bracket, or to a line that opens with '{' in case the brackets never balance.
 *
 * Control characters (other than white space) and the bytes FEh and FFh, which no UTF-8 has, cut
 * off whatever came before: a client that lost its way can send one and start afresh. So can one
 * that left a string open, since no string contains a line's end.
 *
 * QEMU also reads strings in single quotes, which shell scripts rely on; they are rewritten here,
 * so that what the parser sees is strict JSON. What json-c lets pass is caught here too: integers
 * beyond 64 bits, which it silently changes to the nearest that fits, numbers such as 1. and -01,
 * halves of surrogate pairs, and byte sequences that only look like UTF-8.
 */
#include "front/qmp/frame.h"

#include <string.h>

#include "base/hex.h"
#include "base/util.h"
#include "front/qmp/table.h"

static void restart(struct frame *frame, enum frame_mode mode)
{
	frame->text.len = 0;
	if (frame->text.cap > QMP_KEPT_BYTES)
		out_free(&frame->text);
	frame->bytes = 0;
	frame->depth = 0;
	frame->mismatch = false;
	frame->tokens = 0;
	frame->colons = 0;
	frame->number = NO_NUMBER;
	frame->out_of_range = false;
	frame->bad_number = false;
	frame->quote = 0;
	frame->escape = false;
	frame->closed = false;
	frame->mode = mode;
}

static inline void take(struct frame *frame, const char *bytes, size_t len)
{
	if (frame->mode == FRAME_TAKE)
		out_add(&frame->text, bytes, len);
}

/* Bytes of a string that need no thought: none of them ends, escapes or breaks it. */
static size_t plain_run(const struct frame *frame, const char *bytes, size_t len)
{
	/* All but control characters, quotation marks, the backslash, FEh and FFh. */
	static const bool plain[256] = {
		[' ' ... '!'] = true,
		['#' ... '&'] = true,
		['(' ... '['] = true,
		[']' ... 0xfd] = true,
	};
	size_t n = 0;

	if (!frame->quote || frame->escape)
		return 0;
	while (n < len && plain[(unsigned char)bytes[n]])
		n++;
	return n;
}

/* A byte inside a string. */
static void in_string(struct frame *frame, char c)
{
	if (frame->escape) {
		frame->escape = false;
		if (c != '\'')
			take(frame, "\\", 1);
		take(frame, &c, 1);
	} else if (c == '\\') {
		frame->escape = true;
	} else if (c == frame->quote) {
		frame->quote = 0;
		take(frame, "\"", 1);
	} else {
		if (c == '"') /* in single quotes */
			take(frame, "\\", 1);
		take(frame, &c, 1);
	}
}

/* Where a number stands after one more of its bytes: RFC 8259, 6. NO_NUMBER: it is none of its. */
static enum frame_number number_after(enum frame_number number, char c)
{
	static const enum frame_number after_digit[] = {
		[MINUS] = INTEGER,     [ZERO] = MALFORMED,    [INTEGER] = INTEGER,
		[POINT] = FRACTION,    [FRACTION] = FRACTION, [EXPONENT] = POWER,
		[SIGNED_E] = POWER,    [POWER] = POWER,	      [MALFORMED] = MALFORMED,
		[NO_NUMBER] = INTEGER,
	};

	if (c == '0' && (number == NO_NUMBER || number == MINUS))
		return ZERO;
	if (c >= '0' && c <= '9')
		return after_digit[number];
	if (number == NO_NUMBER)
		return c == '-' ? MINUS : NO_NUMBER;
	if (c == '.')
		return number == ZERO || number == INTEGER ? POINT : MALFORMED;
	if (c == 'e' || c == 'E')
		return number == ZERO || number == INTEGER || number == FRACTION ? EXPONENT
										 : MALFORMED;
	if (c == '+' || c == '-')
		return number == EXPONENT ? SIGNED_E : MALFORMED;
	return NO_NUMBER;
}

/* Follows the numbers among the bytes outside of strings. */
static void in_number(struct frame *frame, char c)
{
	enum frame_number number = frame->number;

	frame->number = number_after(number, c);
	if (number == NO_NUMBER) {
		frame->negative = c == '-';
		frame->overflow = false;
		frame->value = 0;
	}
	if (frame->number == ZERO || frame->number == INTEGER) {
		if (__builtin_mul_overflow(frame->value, 10u, &frame->value) ||
		    __builtin_add_overflow(frame->value, (unsigned)(c - '0'), &frame->value))
			frame->overflow = true;
	} else if (frame->number == NO_NUMBER && number != NO_NUMBER) {
		if (number == ZERO || number == INTEGER)
			frame->out_of_range |=
				frame->overflow || (frame->negative && frame->value > 1ull << 63);
		else if (number != FRACTION && number != POWER)
			frame->bad_number = true;
	}
}

/* A byte outside of strings, within a value. */
static void in_value(struct frame *frame, char c)
{
	if (frame->number != NO_NUMBER || c == '-' || (c >= '0' && c <= '9'))
		in_number(frame, c);
	switch (c) {
	case '"':
	case '\'':
		frame->quote = c;
		c = '"';
		break;
	case '{':
	case '[':
		frame->depth++;
		frame->braces = frame->braces << 1 | (c == '{');
		frame->tokens++;
		break;
	case '}':
	case ']':
		frame->depth--;
		frame->mismatch = (frame->braces & 1) != (c == '}');
		frame->braces >>= 1;
		break;
	case ':':
		frame->colons++;
		frame->tokens++;
		break;
	case ',':
		frame->tokens++;
		break;
	}
	take(frame, &c, 1);
}

/* Does this byte cut off everything before it? */
static bool cuts(const struct frame *frame, unsigned char c)
{
	if (c == '\n' || c == '\r' || c == '\t')
		return frame->quote;
	return c < ' ' || c >= 0xfe;
}

/* Between values: does one begin with c? Otherwise c was dealt with. */
static bool begins(struct frame *frame, char c, const char **error)
{
	if (c == '{' || c == '[') {
		restart(frame, FRAME_TAKE);
		return true;
	}
	if (frame->mode == FRAME_SKIP) {
		if (c == '\n')
			restart(frame, FRAME_TAKE);
		return false;
	}
	if (strchr(" \t\r\n", c))
		return false;
	if (c == '"' || c == '\'')
		return true;
	restart(frame, FRAME_SKIP);
	*error = "QMP input must be a JSON object";
	return false;
}

static const char *over_limit(const struct frame *frame)
{
	if (frame->depth > QMP_DEPTH_MAX)
		return "JSON nesting depth limit exceeded";
	if (frame->tokens > QMP_TOKENS_MAX)
		return "JSON token count limit exceeded";
	if (frame->bytes > QMP_REQUEST_MAX)
		return "JSON token size limit exceeded";
	return NULL;
}

/* How long is the UTF-8 character at p? 0: it is none. */
static size_t utf8_length(const unsigned char *p, size_t len)
{
	/* Unicode's table of well-formed sequences: first byte, second byte, length. */
	static const struct {
		unsigned char first, last, second_min, second_max, length;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t row = 0;

	while (row < ARRAY_SIZE(rows) && *p > rows[row].last)
		row++;
	if (row == ARRAY_SIZE(rows) || *p < rows[row].first || rows[row].length > len)
		return 0;
	if (rows[row].length > 1 && (p[1] < rows[row].second_min || p[1] > rows[row].second_max))
		return 0;
	for (size_t i = 2; i < rows[row].length; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return rows[row].length;
}

/* The code unit that the escape sequence \uXXXX at p stands for; -1: it is no such thing. */
static long code_unit(const unsigned char *p, size_t len)
{
	long unit = 0;

	if (len < 6 || p[0] != '\\' || p[1] != 'u')
		return -1;
	for (size_t i = 2; i < 6; i++) {
		int digit = hex_digit((char)p[i]);

		if (digit < 0)
			return -1; /* the parser says so */
		unit = unit << 4 | digit;
	}
	return unit;
}

/* How long is the character or escape sequence at p? 0, and *error: it is none. */
static size_t char_length(const unsigned char *p, size_t len, const char **error)
{
	size_t length = utf8_length(p, len);
	long unit = code_unit(p, len), next = code_unit(p + MIN(len, 6u), len - MIN(len, 6u));

	if (!length)
		*error = "JSON parse error, invalid UTF-8";
	if (*p != '\\')
		return length;
	if (unit < 0xd800 || unit > 0xdfff)
		return len > 1 && p[1] == '\\' ? 2 : 1;
	if (unit < 0xdc00 && next >= 0xdc00 && next <= 0xdfff)
		return 12;
	*error = "JSON parse error, half of a surrogate pair is not a valid Unicode character";
	return 0;
}

/* Bytes that are a character each, and begin no escape sequence. */
static size_t ascii_run(const unsigned char *p, size_t len)
{
	size_t n = 0;

	while (n < len && p[n] < 0x80 && p[n] != '\\')
		n++;
	return n;
}

/* What is wrong with a complete value, or NULL. */
static const char *fault(const struct frame *frame)
{
	const unsigned char *p = (const void *)frame->text.p;
	size_t left = frame->text.failed ? 0 : frame->text.len;
	const char *error = NULL;

	if (frame->bad_number)
		return "JSON parse error, invalid number";
	if (frame->out_of_range)
		return "JSON parse error, number out of range";
	while (left && !error) {
		size_t n = ascii_run(p, left);

		if (!n)
			n = char_length(p, left, &error);

		p += n;
		left -= n;
	}
	return error;
}

static void cut(struct frame *frame, unsigned char c, const char **error)
{
	/* What follows garbage or a refused value is the same mistake. */
	if (frame->mode == FRAME_TAKE)
		*error = c == '\n' || c == '\r' || c == '\t'
				 ? "JSON parse error, control character in a string"
				 : "JSON parse error, stray control character";
	if (c == '\n')
		restart(frame, FRAME_TAKE);
	else
		restart(frame, FRAME_SKIP);
}

/* One byte: true when it completes a value. */
static bool byte(struct frame *frame, char c, const char **error)
{
	bool between = !frame->depth && !frame->quote;

	if (frame->mode == FRAME_DISCARD && c == '{' && frame->newline)
		restart(frame, FRAME_TAKE);
	frame->newline = c == '\n';
	if (cuts(frame, (unsigned char)c)) {
		cut(frame, (unsigned char)c, error);
		return false;
	}
	if (between && !begins(frame, c, error))
		return false;
	frame->bytes++;
	if (frame->quote)
		in_string(frame, c);
	else
		in_value(frame, c);
	return !frame->depth && !frame->quote;
}

size_t frame_feed(struct frame *frame, const char *bytes, size_t len, bool *complete,
		  const char **error)
{
	size_t n = 0;

	*complete = false;
	*error = NULL;
	if (frame->closed)
		restart(frame, FRAME_TAKE);
	while (n < len) {
		size_t run = plain_run(frame, bytes + n, len - n);
		bool end;

		take(frame, bytes + n, run);
		frame->bytes += run;
		n += run;
		end = !run && byte(frame, bytes[n++], error);
		if (*error)
			return n;
		if (frame->mode == FRAME_TAKE && frame->mismatch) {
			*error = "JSON parse error, brackets do not match";
			restart(frame, FRAME_SKIP);
			return n;
		}
		if (frame->mode == FRAME_TAKE && (*error = over_limit(frame))) {
			if (end)
				restart(frame, FRAME_TAKE);
			else
				frame->mode = FRAME_DISCARD;
			return n;
		}
		if (end && frame->mode == FRAME_TAKE) {
			frame->closed = true;
			*error = fault(frame);
			*complete = !*error;
			return n;
		}
		if (end)
			restart(frame, FRAME_TAKE);
	}
	return n;
}
