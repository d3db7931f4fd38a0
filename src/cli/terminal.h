/* SPDX-License-Identifier: MIT */
/* What the screen can show: colours, and how wide a line may be. */
#ifndef SWCXL_CLI_TERMINAL_H
#define SWCXL_CLI_TERMINAL_H

#include <stdbool.h>

enum colour { PLAIN, BOLD, DIM, RED, GREEN, YELLOW, BLUE };

/* --color: "auto", "always" or "never"; false when it is none of them. "auto" is: only when stdout
 * is a terminal that can, and NO_COLOR is not set. */
bool colours_choose(const char *when);
const char *colour(enum colour c); /* the sequence that switches to it, or "" */

/* Columns of the terminal behind fd: what COLUMNS says, else the terminal itself, else 80. */
unsigned terminal_width(int fd);

/* From now on a line that stdout's terminal has no room for is broken at a blank and goes on below
 * the column that it stands in. What goes into a pipe or a file stays as it is. */
void terminal_wrap(void);

#endif
