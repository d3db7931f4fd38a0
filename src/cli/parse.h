/* SPDX-License-Identifier: MIT */
/* What people write on the command line: sizes, addresses, ranges, durations, hex. */
#ifndef SWCXL_CLI_PARSE_H
#define SWCXL_CLI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t start, length; /* bytes */
};

/* All return false when the text is not what it should be; the value is then undefined. */

/* Decimal or 0x hexadecimal, with an optional K, M, G or T: powers of 1024. */
bool parse_size(const char *text, uint64_t *value);

/* START-END (END is the first address beyond), START+LENGTH, or START alone: *length_given says
 * which. */
bool parse_range(const char *text, struct range *range, bool *length_given);

/* Hexadecimal, 0x optional. */
bool parse_opcode(const char *text, unsigned *opcode);

/* Hexadecimal bytes, blanks and colons between bytes allowed, appended at *len of a buffer of cap
 * bytes. */
bool parse_hex(const char *text, uint8_t *buf, size_t cap, size_t *len);

/* A number of nanoseconds, or with us, ms, s, m or h of these. */
bool parse_duration(const char *text, uint64_t *ns);

#endif
