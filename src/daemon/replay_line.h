/* SPDX-License-Identifier: MIT */
/* A line of a trace, for a replay: taken apart, and compared with another one. */
#ifndef SWCXL_DAEMON_REPLAY_LINE_H
#define SWCXL_DAEMON_REPLAY_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay_line {
	uint64_t time;
	const char *kind;      /* "cci", ... */
	const char *channel;   /* ... or block, or the name of a control command */
	const char *arguments; /* of a control command, JSON */
	uint64_t number;       /* opcode, or offset */
	uint8_t *in;	       /* in the line itself */
	size_t in_len, in_claimed;
};

/* Takes a line apart, in place. What is wrong with it, or NULL. */
const char *replay_line_parse(char *text, struct replay_line *line);

/* Is it the same that they say? */
bool replay_line_same(const char *expected, const char *got);

/* Says on standard output what the first difference between two lines is. */
void replay_line_differ(const char *where, const char *expected, const char *got);

#endif
