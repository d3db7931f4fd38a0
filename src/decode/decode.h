/* SPDX-License-Identifier: MIT */
/*
 * Commands and register writes as text for people, after strace(1):
 *
 *	Inject Poison(address=0x1000) = Success
 *	Get Poison List(address=0x0, lines=0x400000) = Success {flags=overflow, count=1, ...}
 *
 * All of it comes from tables. It says what a reader wants to know, not all that there is: long
 * bytes and long lists are cut, reserved bytes show when they are not 0. No input can make it
 * longer than DECODE_TEXT_MAX, and what it holds are printable characters of ASCII.
 */
#ifndef SWCXL_DECODE_H
#define SWCXL_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "base/text.h"

/* A list of DECODE_LIST_MAX event records of many fields, and a struct or two. */
#define DECODE_TEXT_MAX 8192u
#define DECODE_LIST_MAX 16u  /* elements shown of a list */
#define DECODE_BYTES_MAX 32u /* shown of bytes */

/* A command and its reply. */
void decode_command(struct text *text, unsigned opcode, struct span in, unsigned rc,
		    struct span out);

/* A data object and its response, headers included. */
void decode_object(struct text *text, struct span in, struct span out);

/* An event record of 128 bytes. */
void decode_event(struct text *text, const uint8_t *record);

/* Configuration space, component registers or the device's: what was written, and the value. */
void decode_write(struct text *text, const char *block, uint64_t offset, struct span in);

#endif
