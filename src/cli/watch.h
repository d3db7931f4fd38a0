/* SPDX-License-Identifier: MIT */
/* Watching a background operation until it ends, with a progress bar where there is a terminal. */
#ifndef SWCXL_CLI_WATCH_H
#define SWCXL_CLI_WATCH_H

#include <stdbool.h>

#include "cli/link.h"
#include "cli/parse.h"

struct watch {
	unsigned opcode;
	/* The operation's range, and the one that it is a part of, whose percentage is shown and
	 * position by a bar; lengths 0: not known. */
	struct range range, whole;
	bool quiet;	    /* neither bar nor lines */
	int64_t timeout_ms; /* < 0: none */
	bool timed_out;
	int64_t elapsed_ms; /* in all calls with this object, one for each part */
	unsigned quarter;   /* was told of last */
};

/* Returns the state after the operation: not running, or timed_out. Its opcode differs from the
 * one watched when a reset or another operation has come in between. */
struct background watch_background(struct link *link, struct watch *watch);

#endif
