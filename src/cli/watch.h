/* SPDX-License-Identifier: MIT */
/* Watching a background operation until it ends, with a progress bar where there is a terminal. */
#ifndef SWCXL_CLI_WATCH_H
#define SWCXL_CLI_WATCH_H

#include <stdbool.h>

#include "cli/link.h"
#include "cli/parse.h"

struct watch {
	unsigned opcode;
	struct range range; /* what a bar shows the position in; length 0: not known */
	bool quiet;	    /* no plain lines where there is no terminal */
	int64_t timeout_ms; /* < 0: none */
	bool timed_out;
	int64_t elapsed_ms;
};

/* Returns the state after the operation: not running, or timed_out. Its opcode differs from the
 * one watched when a reset or another operation has come in between. */
struct background watch_background(struct link *link, struct watch *watch);

#endif
