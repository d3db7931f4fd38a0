/* SPDX-License-Identifier: MIT */
/*
 * How swcxlctl ends when it cannot go on: one sentence on stderr that says what to do next, an
 * exit status that scripts can rely on, and with --json a document on stdout as well.
 */
#ifndef SWCXL_CLI_REPORT_H
#define SWCXL_CLI_REPORT_H

#include <stdbool.h>

struct json_object;

enum status {
	DONE = 0,
	REFUSED = 1,	   /* the device said no, or what was waited for did not happen */
	USAGE = 2,	   /* the command line cannot be meant */
	NO_CONNECTION = 3, /* no device, or it was lost on the way */
};

/* Errors are reported as JSON too from now on. */
void report_as_json(void);

/* Ends the program. A control character in the text (a device may have sent it) becomes '?'. */
__attribute__((format(printf, 2, 3))) _Noreturn void die(enum status status, const char *text, ...);

/* Ends the program because of a command's return code, named and explained; `what` says in which
 * context ("0x1000"), or NULL. */
_Noreturn void die_refused(unsigned opcode, unsigned rc, const char *what);

/* The same with advice of its own. */
_Noreturn void die_refused_so(unsigned opcode, unsigned rc, const char *what, const char *next);

/* Ends the program if not all that was printed so far could be written. */
void flush_output(void);

/* Names as the specification writes them: "Busy", "Scan Media"; numbers where it has none. */
const char *rc_text(unsigned rc);
const char *opcode_text(unsigned opcode);
/* The same with the number: "Busy (0006h)". */
const char *rc_full(unsigned rc);
const char *opcode_full(unsigned opcode);

/* Prints a document and frees it. */
void print_json(struct json_object *document);

#endif
