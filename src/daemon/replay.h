/* SPDX-License-Identifier: MIT */
/* --replay: a trace is done again, to a fresh device, and what comes of it is compared. */
#ifndef SWCXL_DAEMON_REPLAY_H
#define SWCXL_DAEMON_REPLAY_H

/* The status of the program: 0 the same, 1 something is different, 2 it cannot be replayed. The
 * command line is used once more, behind the options that the trace has. */
int replay(const char *path, int argc, char **argv);

#endif
