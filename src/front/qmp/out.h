/* SPDX-License-Identifier: MIT */
/*
 * Writing JSON as QEMU prints it: `{"a": 1, "b": [2, 3]}`.
 *
 * Values are appended to a buffer as they come, so that a reply of 65536 rows is no tree of half a
 * million objects first. A value inside an object takes its key, one inside an array takes NULL.
 * Running out of memory marks the buffer as failed and makes every later call do nothing: whoever
 * sends it looks once, at the end.
 */
#ifndef SWCXL_FRONT_QMP_OUT_H
#define SWCXL_FRONT_QMP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct qmp_enum;

struct out {
	char *p;
	size_t len, cap;
	bool failed;
};

void out_free(struct out *out); /* and empties it */

/* Is there room for n more bytes, if need be by growing? */
bool out_grow(struct out *out, size_t n);
static inline bool out_room(struct out *out, size_t n)
{
	return (out->cap - out->len >= n && !out->failed) || out_grow(out, n);
}

/* Inline, since most of what is added is a byte or a word. */
static inline void out_add(struct out *out, const void *bytes, size_t len)
{
	if (!len || !out_room(out, len))
		return;
	memcpy(out->p + out->len, bytes, len);
	out->len += len;
}

void out_begin(struct out *out, const char *key, char bracket); /* '{' or '[' */
void out_end(struct out *out, char bracket);			/* '}' or ']' */
void out_uint(struct out *out, const char *key, uint64_t value);
void out_int(struct out *out, const char *key, int64_t value);
void out_bool(struct out *out, const char *key, bool value);
void out_string(struct out *out, const char *key, const char *text);
void out_hex(struct out *out, const char *key, const void *bytes, size_t len);
void out_raw(struct out *out, const char *key, const char *text); /* is JSON; NULL fails */

/* The name of a value, or the names of the bits that are set in it, as an array. */
void out_enum(struct out *out, const char *key, const struct qmp_enum *names, unsigned value);
void out_bits(struct out *out, const char *key, const struct qmp_enum *names, unsigned bits);

#endif
