/* SPDX-License-Identifier: MIT */
/*
 * Cuts a stream of bytes into JSON values: objects may follow each other without a newline, and
 * arrive in pieces of any size.
 */
#ifndef SWCXL_FRONT_QMP_FRAME_H
#define SWCXL_FRONT_QMP_FRAME_H

#include "front/qmp/out.h"

struct frame {
	enum frame_mode { FRAME_TAKE, FRAME_SKIP, FRAME_DISCARD } mode;
	struct out text; /* the value so far, in strict JSON */
	size_t bytes;	 /* received of it */
	unsigned depth;	 /* open brackets */
	uint64_t braces; /* bit n: the n-th innermost of them is a brace */
	bool mismatch;	 /* one was closed by the other kind */
	size_t tokens;	 /* brackets, commas and colons */
	size_t colons;
	char quote;   /* of the string that we are in, or 0 */
	bool escape;  /* after a backslash in a string */
	bool newline; /* the last byte ended a line */
	bool closed;  /* text is complete: frame_feed() starts over */
	/* The number that we are in: what of it came last, and the value of its integer part. */
	enum frame_number {
		NO_NUMBER,
		MINUS,
		ZERO,
		INTEGER,
		POINT,
		FRACTION,
		EXPONENT,
		SIGNED_E,
		POWER,
		MALFORMED,
	} number;
	bool negative, overflow;
	uint64_t value;
	bool out_of_range; /* an integer was */
	bool bad_number;   /* one was malformed */
};

/*
 * Takes bytes until a value is complete (its text is in frame->text until the next call), until
 * something is wrong (*error says what; the stream goes on behind it), or to their end. Returns
 * how many were taken; *complete and *error tell which.
 */
size_t frame_feed(struct frame *frame, const char *bytes, size_t len, bool *complete,
		  const char **error);

#endif
