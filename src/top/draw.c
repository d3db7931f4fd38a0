/* SPDX-License-Identifier: MIT */
/*
 * The screen. It is drawn as a whole each time: curses sends what has changed. What says
 * something by a colour says it by a character or a word as well.
 *
 *	title
 *	what the device is doing, a line each
 *	the address space, as many rows as it takes
 *	its events, as many as there is room for
 *	keys
 */
#include "top/draw.h"

#include <curses.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"

#define COLUMNS_MIN 40
#define LINES_MIN 10
#define ADDRESS 15 /* columns before a row of cells */
#define KEYS "q quit  ? help  arrows move  + - zoom  0 all  n next poison  l log  space pause"

static attr_t attributes[PAINTS] = {
	[NORMAL] = A_NORMAL, [TITLE] = A_REVERSE, [LABEL] = A_BOLD, [FAINT] = A_DIM,
	[GOOD] = A_NORMAL,   [WARN] = A_BOLD,	  [BAD] = A_BOLD,   [INFO] = A_NORMAL,
};

void paints_init(bool colour)
{
	static const short colours[PAINTS] = {
		[LABEL] = COLOR_CYAN, [GOOD] = COLOR_GREEN, [WARN] = COLOR_YELLOW,
		[BAD] = COLOR_RED,    [INFO] = COLOR_BLUE,
	};

	if (!colour || !has_colors())
		return;
	start_color();
	use_default_colors();
	for (int i = 1; i < PAINTS; i++)
		if (colours[i]) {
			init_pair((short)i, colours[i], -1);
			attributes[i] |= (attr_t)COLOR_PAIR(i);
		}
	/* Blue is dark on most screens. */
	attributes[INFO] |= A_BOLD;
}

int put(int y, int x, enum paint paint, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (y >= LINES || x >= COLS)
		return x;
	attrset((int)attributes[paint]);
	mvaddnstr(y, x, text, COLS - x);
	attrset(A_NORMAL);
	return x + (int)strlen(text);
}

void put_bar(int y, enum paint paint)
{
	mvchgat(y, 0, -1, attributes[paint] & ~(attr_t)A_COLOR,
		(short)PAIR_NUMBER(attributes[paint]), NULL);
}

int put_gauge(int y, int x, int width, enum paint paint, double part, const char *text)
{
	int inside = MAX(width - 2, 1), full = (int)(part * inside + 0.5);
	char bar[256];

	inside = MIN(inside, (int)sizeof(bar) - 1);
	full = MAX(MIN(full, inside), part > 0 ? 1 : 0);
	memset(bar, '|', (size_t)full);
	memset(bar + full, ' ', (size_t)(inside - full));
	bar[inside] = '\0';
	if ((int)strlen(text) <= inside)
		memcpy(bar + inside - strlen(text), text, strlen(text));
	put(y, x, LABEL, "[");
	put(y, x + 1, paint, "%.*s", full, bar);
	put(y, x + 1 + full, NORMAL, "%s", bar + full);
	return put(y, x + 1 + inside, LABEL, "]");
}

/* On as many lines as it takes; the line behind them. */
static int put_sentence(int y, enum paint paint, const char *text)
{
	int room = COLS - 2;

	while (*text) {
		int n = (int)strlen(text);

		if (n > room)
			for (n = room; n > 0 && text[n] != ' ';)
				n--;
		n = n ? n : room;
		put(y++, 1, paint, "%.*s", n, text);
		for (text += n; *text == ' ';)
			text++;
	}
	return y;
}

/* At the bottom, over events: what was last known stays where it was. */
static void draw_why(const struct view_state *s)
{
	int lines = put_sentence(LINES, BAD, s->why) - LINES + 1; /* counted beyond the screen */
	int y = MAX(LINES - 1 - lines, 1);

	for (int i = y; i < LINES - 1; i++) {
		move(i, 0);
		clrtoeol();
	}
	put(put_sentence(y, BAD, s->why), 1, FAINT,
	    s->number ? "This is how it was then. Trying again."
		      : "Trying again until it is there. q quits.");
}

static void draw_title(const struct screen *screen)
{
	const struct view_state *s = screen->state;
	uint64_t seconds = s->device.now / NS_PER_S;
	char left[256], right[64];

	snprintf(left, sizeof(left), " swcxl-top  %s  CXL %s  serial %s",
		 s->number ? s->device.name : screen->path, s->device.revision, s->device.serial);
	if (!s->number)
		snprintf(left, sizeof(left), " swcxl-top  %s", screen->path);
	snprintf(right, sizeof(right), "%s%s up %llu:%02llu:%02llu ",
		 screen->paused ? "PAUSED  " : "",
		 strcmp(s->device.clock, "virtual") == 0 ? "virtual time," : "",
		 (unsigned long long)seconds / 3600, (unsigned long long)seconds / 60 % 60,
		 (unsigned long long)seconds % 60);
	put(0, 0, NORMAL, "%s", left);
	if (s->number)
		put(0, MAX(COLS - (int)strlen(right), 0), NORMAL, "%s", right);
	put_bar(0, TITLE);
}

/* As many cells in a row as a power of two can be. */
static unsigned columns_for(int width)
{
	unsigned columns = 16;

	while (columns < 256 && (int)(2 * columns) + ADDRESS <= width)
		columns *= 2;
	return columns;
}

/* The map gets two thirds of what is left, or less: a power of two, so that cells are round. */
static unsigned rows_for(int left, unsigned columns)
{
	unsigned rows = 1;

	while ((int)(2 * rows) <= left * 2 / 3 && 2 * rows * columns <= PICTURE_CELLS)
		rows *= 2;
	return rows;
}

void screen_draw(const struct screen *screen)
{
	const struct view_state *s = screen->state;
	struct picture *p = screen->picture;
	int y = 1, rows;

	erase();
	if (COLS < COLUMNS_MIN || LINES < LINES_MIN) {
		put(0, 0, BAD, "Too small: %d x %d at least", COLUMNS_MIN, LINES_MIN);
		refresh();
		return;
	}
	draw_title(screen);
	if (s->number) {
		y = panel_status(screen, y);
		/* A title, a legend and the keys are lines too. */
		picture_fit(p, columns_for(COLS), rows_for(LINES - y - 3, columns_for(COLS)),
			    s->device.capacity);
		rows = p->columns ? (int)((p->count + p->columns - 1) / p->columns) : 0;
		y = panel_map(screen, y, rows);
		panel_events(screen, y, LINES - 1 - y);
	}
	if (!s->connected)
		draw_why(s);
	move(LINES - 1, 0);
	clrtoeol();
	put(LINES - 1, 0, NORMAL, " %s", KEYS);
	put_bar(LINES - 1, TITLE);
	if (screen->help)
		panel_help();
	refresh();
}
