// SPDX-License-Identifier: MIT
/*
 * A growing buffer and the JSON grammar's punctuation.
 *
 * Nothing is remembered about where in the document we are: the last byte tells. After an opening
 * bracket, or after the blank that ends a key, a value follows directly; after anything else a
 * comma belongs between. Strings end in a quotation mark, so their content cannot be mistaken.
 */
#include "front/qmp/out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/qmp/table.h"

#define FIRST_BYTES 256 /* most replies are shorter */

bool out_grow(struct out *out, size_t n)
{
	size_t cap = out->cap ? out->cap : FIRST_BYTES;
	char *p = NULL;

	if (out->failed)
		return false;
	while (cap - out->len < n && cap <= SIZE_MAX / 2)
		cap *= 2;
	if (cap - out->len >= n)
		p = realloc(out->p, cap);
	if (!p) {
		out->failed = true;
		return false;
	}
	out->p = p;
	out->cap = cap;
	return true;
}

void out_free(struct out *out)
{
	free(out->p);
	*out = (struct out){0};
}

static void add_text(struct out *out, const char *text)
{
	out_add(out, text, strlen(text));
}

static void add_quoted(struct out *out, const char *text)
{
	char escape[8];

	add_text(out, "\"");
	while (*text) {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= ' ' && text[plain] != '"' &&
		       text[plain] != '\\' && text[plain] != 0x7f)
			plain++;
		out_add(out, text, plain);
		text += plain;
		if (!*text)
			break;
		if (*text == '"' || *text == '\\')
			snprintf(escape, sizeof(escape), "\\%c", *text);
		else
			snprintf(escape, sizeof(escape), "\\u%04x", *text);
		add_text(out, escape);
		text++;
	}
	add_text(out, "\"");
}

/* What comes before a value: a comma where one is due, and the key, which needs no escapes. */
static void before(struct out *out, const char *key)
{
	char last = '[';

	if (out->len)
		last = out->p[out->len - 1];

	if (last != '[' && last != '{' && last != ' ')
		out_add(out, ", ", 2);
	if (key) {
		out_add(out, "\"", 1);
		add_text(out, key);
		out_add(out, "\": ", 3);
	}
}

void out_begin(struct out *out, const char *key, char bracket)
{
	before(out, key);
	out_add(out, &bracket, 1);
}

void out_end(struct out *out, char bracket)
{
	out_add(out, &bracket, 1);
}

void out_raw(struct out *out, const char *key, const char *text)
{
	before(out, key);
	if (text)
		add_text(out, text);
	else
		out->failed = true; /* json-c had no memory to print it */
}

void out_uint(struct out *out, const char *key, uint64_t value)
{
	char text[20], *end = text + sizeof(text), *p = end;

	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	before(out, key);
	out_add(out, p, (size_t)(end - p));
}

void out_int(struct out *out, const char *key, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	out_raw(out, key, text);
}

void out_bool(struct out *out, const char *key, bool value)
{
	out_raw(out, key, value ? "true" : "false");
}

void out_string(struct out *out, const char *key, const char *text)
{
	before(out, key);
	add_quoted(out, text);
}

void out_hex(struct out *out, const char *key, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;
	char *p;

	out_raw(out, key, "\"");
	if (!out_room(out, 2 * len))
		return;
	p = out->p + out->len;
	for (size_t i = 0; i < len; i++) {
		*p++ = digits[b[i] >> 4];
		*p++ = digits[b[i] & 15];
	}
	out->len += 2 * len;
	add_text(out, "\"");
}

void out_enum(struct out *out, const char *key, const struct qmp_enum *names, unsigned value)
{
	out_string(out, key, qmp_enum_name(names, value));
}

void out_bits(struct out *out, const char *key, const struct qmp_enum *names, unsigned bits)
{
	out_begin(out, key, '[');
	for (size_t i = 0; i < names->count; i++)
		if (bits >> names->values[i].value & 1)
			out_string(out, NULL, names->values[i].name);
	out_end(out, ']');
}
