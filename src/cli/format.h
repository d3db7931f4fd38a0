/* SPDX-License-Identifier: MIT */
/* How values look on the screen and in JSON, so that they look the same everywhere. */
#ifndef SWCXL_CLI_FORMAT_H
#define SWCXL_CLI_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli/terminal.h"
#include "client/json.h"

struct json_object;

/* The text of one value, returned by value so that several fit in one printf(). */
struct text {
	char s[48];
};

/* Wide enough for 16 TiB: 0x0000abcdef40. */
#define DPA_FORMAT "0x%012llx"
#define DPA_WIDTH 14

struct text dpa_text(uint64_t dpa);
struct text size_text(uint64_t bytes);	 /* "64 B", "4 KiB", "1.5 GiB" */
struct text length_text(uint64_t bytes); /* "1 line (64 B)" */
struct text time_text(uint64_t ns);	 /* UTC; "-" for 0, a device clock that was never set */
struct text since_text(uint64_t ns);	 /* " since ..."; "" for 0 */
struct text duration_text(uint64_t ms);	 /* "850 ms", "4.2 s" */

/* Of text that a device sent, what is not printable ASCII, and so may be a control sequence of the
 * terminal, becomes '?': where it stands, or in a copy of as much as fits. */
void make_printable(char *text);
struct quote {
	char s[256];
};
struct quote quote(const char *text);

/* Prints a JSON text, whose strings may hold what a terminal takes as control characters beside
 * those that are always escaped: DEL, and 80h to 9Fh. */
void print_escaped(FILE *file, const char *json);

/* Error sources of a Media Error Record: "Injected"; and for JSON "injected". */
const char *source_text(unsigned source);
const char *source_key(unsigned source);
bool source_from_key(const char *key, unsigned *source);

/* "s" unless n is 1. */
const char *plural(uint64_t n);

/* Bytes as a member of an object: hexadecimal digits. */
void add_hex(struct json_object *object, const char *key, const uint8_t *p, size_t len);

/* Hexadecimal digits of p as a new string. */
char *hex_string(const uint8_t *p, size_t len);

/* A dump with offsets, sixteen bytes a line. */
void hex_dump(const uint8_t *p, size_t len);

void *xalloc(void *old, size_t size); /* realloc() that ends the program rather than fail */

#endif
