/* SPDX-License-Identifier: MIT */
/* The screen of swcxl-top: put() and its colours (draw.c), and what it is put together of
 * (panels.c). */
#ifndef SWCXL_TOP_DRAW_H
#define SWCXL_TOP_DRAW_H

#include <stdbool.h>

#include "top/picture.h"
#include "view/view.h"

struct screen {
	const struct view_state *state;
	struct picture *picture;
	const char *path; /* of the control socket */
	bool paused, help;
	int log; /* whose events are shown; -1: of all */
};

/* Draws all of it anew, for the size that the terminal has now. */
void screen_draw(const struct screen *screen);

/* ---- between the two files ---- */

enum paint { NORMAL, TITLE, LABEL, FAINT, GOOD, WARN, BAD, INFO, PAINTS };

void paints_init(bool colour);
/* Writes at a place, as far as the line goes; the column behind it. */
__attribute__((format(printf, 4, 5))) int put(int y, int x, enum paint paint, const char *format,
					      ...);
/* [|||||   text], so many columns wide, filled to a part of the whole. */
int put_gauge(int y, int x, int width, enum paint paint, double part, const char *text);
void put_bar(int y, enum paint paint); /* colours the line */

/* Is there such a log, and can anything be in it? */
bool has_log(const struct view_state *s, unsigned log);

int panel_status(const struct screen *screen, int y); /* these return the line behind it */
int panel_map(const struct screen *screen, int y, int rows);
int panel_events(const struct screen *screen, int y, int rows);
void panel_help(void);

#endif
