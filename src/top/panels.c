/* SPDX-License-Identifier: MIT */
/*
 * What the screen is put together of. A cell of the map is one character; of several things that
 * lie in it the one that matters most is shown: what stays for ever, what the device knows and its
 * list has not (that is what an overflow costs), what nobody knows, what is listed.
 */
#include <curses.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/util.h"
#include "swcxl/swcxl.h"
#include "top/draw.h"

#define TEXT 12 /* column of what follows a label */
#define GAUGE 34

struct size {
	char s[24];
};

static struct size size_of(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	unsigned unit = 0;
	struct size t;

	while (unit + 1 < ARRAY_SIZE(units) && bytes >> (10 * (unit + 1)))
		unit++;
	snprintf(t.s, sizeof(t.s), "%.4g %s", (double)bytes / (double)(1ull << (10 * unit)),
		 units[unit]);
	return t;
}

/* ---- status ---------------------------------------------------------------------------------- */

/* One of those that are listed behind a label. */
__attribute__((format(printf, 4, 5))) static int item(int y, int x, enum paint paint,
						      const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (x > TEXT)
		x = put(y, x, NORMAL, ", ");
	return put(y, x, paint, "%s", text);
}

static void status_poison(const struct view_state *s, int y)
{
	uint64_t latent = 0;
	char text[48];
	int x;

	for (size_t i = 0; i < s->cell_count; i++)
		latent += s->cells[i].n[CELL_LATENT];
	put(y, 1, LABEL, "Poison");
	x = put(y, TEXT, s->poisoned_lines ? NORMAL : GOOD, "%" PRIu64 " lines", s->poisoned_lines);
	x = put(y, x, NORMAL, " in %" PRIu64 " ranges", s->ranges);
	if (latent)
		x = item(y, x, WARN, "%" PRIu64 " latent", latent);
	if (s->permanent_lines)
		x = item(y, x, BAD, "%" PRIu64 " permanent", s->permanent_lines);
	if (s->injected_lines)
		item(y, x, NORMAL, "%" PRIu64 " injected", s->injected_lines);
	y++;
	snprintf(text, sizeof(text), "%" PRIu64 "/%" PRIu64, s->list.count, s->list.max);
	put(y, 1, LABEL, "List");
	x = put_gauge(y, TEXT, GAUGE, s->list.overflow ? BAD : INFO,
		      s->list.max ? (double)s->list.count / (double)s->list.max : 0, text);
	if (s->list.overflow)
		put(y, x + 1, BAD, "OVERFLOW: errors are missing");
}

/* The scan, or whatever else runs; then the patrol. */
static void status_background(const struct view_state *s, int y)
{
	char text[16];
	int x = TEXT;

	put(y, 1, LABEL, "Background");
	if (s->background.running) {
		unsigned percent = MIN(s->background.percent, 100);

		snprintf(text, sizeof(text), "%u %%", percent);
		x = put_gauge(y, x, GAUGE, GOOD, percent / 100.0, text);
		x = put(y, x + 1, WARN, "%s", s->background.name);
		if (s->scan.running)
			put(y, x, NORMAL, " at 0x%" PRIx64, s->scan.position);
		return;
	}
	if (s->background.opcode)
		x = put(y, x, NORMAL, "none; %s ended at %u %%: %s", s->background.name,
			s->background.percent, s->background.result);
	else
		x = put(y, x, NORMAL, "none since the last reset");
	if (s->scrub.enabled)
		put(y, x, FAINT, "; patrol at 0x%" PRIx64, s->scrub.position);
}

static void status_commands(const struct view_state *s, int y)
{
	int x;

	put(y, 1, LABEL, "Commands");
	x = put(y, TEXT, NORMAL, "%.1f/s, %" PRIu64, s->commands.per_second, s->commands.count);
	x = put(y, x, NORMAL, " (%" PRIu64 " primary, %" PRIu64 " secondary, %" PRIu64 " control)",
		s->commands.primary, s->commands.secondary, s->commands.control);
	if (s->commands.errors)
		item(y, x, WARN, "%" PRIu64 " refused", s->commands.errors);
}

static enum paint paint_of(const char *level)
{
	return strcmp(level, "critical") == 0 ? BAD : strcmp(level, "warning") == 0 ? WARN : NORMAL;
}

static void status_health(const struct view_state *s, int y)
{
	bool normal = strcmp(s->health.media, "normal") == 0;
	bool ready = strcmp(s->device.status, "ready") == 0;
	int x = TEXT;

	put(y, 1, LABEL, "Health");
	x = put(y, x, *s->health.status ? BAD : GOOD, "%s",
		*s->health.status ? s->health.status : "good");
	if (!ready)
		x = item(y, x, BAD, "media %s", s->device.status);
	else if (!normal)
		x = item(y, x, BAD, "media %s", s->health.media);
	if (s->device.locked)
		x = item(y, x, WARN, "locked");
	if (s->health.temperature != 0x7fff)
		x = item(y, x, paint_of(s->health.temperature_level), "%d C",
			 s->health.temperature);
	if (s->health.life_used != 0xff)
		x = item(y, x, paint_of(s->health.life_level), "life used %u %%",
			 s->health.life_used);
	if (s->health.dirty_shutdowns)
		item(y, x, NORMAL, "%" PRIu64 " dirty shutdowns", s->health.dirty_shutdowns);
}

bool has_log(const struct view_state *s, unsigned log)
{
	bool dynamic = s->segment_count && s->segments[s->segment_count - 1].kind == VIEW_DYNAMIC;

	return log < VIEW_LOGS && *s->logs[log].name &&
	       (dynamic || s->logs[log].count ||
		strcmp(s->logs[log].name, "dynamic-capacity") != 0);
}

static void status_events(const struct view_state *s, int y)
{
	static const char *const names[VIEW_LOGS] = {"info", "warning", "failure", "fatal",
						     "capacity"};
	int x = TEXT;

	put(y, 1, LABEL, "Events");
	for (unsigned i = 0; has_log(s, i); i++) {
		x = item(y, x, s->logs[i].count ? NORMAL : FAINT, "%s %" PRIu64, names[i],
			 s->logs[i].count);
		if (s->logs[i].overflow)
			x = put(y, x, BAD, " +%" PRIu64 " lost", s->logs[i].lost);
	}
}

int panel_status(const struct screen *screen, int y)
{
	const struct view_state *s = screen->state;

	status_poison(s, y);
	status_background(s, y + 2);
	status_commands(s, y + 3);
	status_health(s, y + 4);
	status_events(s, y + 5);
	return y + 6;
}

/* ---- map ------------------------------------------------------------------------------------- */

struct look {
	char c;
	enum paint paint;
};

/* What the host has of a stretch of dynamic capacity. */
static struct look look_of_capacity(const struct view_state *s, uint64_t start, uint64_t length)
{
	struct look look = {'-', FAINT};

	for (size_t i = 0; i < s->extent_count; i++) {
		const struct view_extent *e = &s->extents[i];

		if (e->start >= start + length || start >= e->start + e->length)
			continue;
		if (e->state == VIEW_ACCEPTED)
			return (struct look){'.', NORMAL};
		if (e->state == VIEW_PENDING)
			look = (struct look){'+', WARN};
	}
	return look;
}

/* Can the host come upon what lies there? */
static bool is_hosts(const struct view_state *s, const struct view_segment *segment, uint64_t start,
		     uint64_t length)
{
	return !segment || segment->kind != VIEW_DYNAMIC ||
	       look_of_capacity(s, start, length).c == '.';
}

static struct look look_of(const struct view_state *s, const struct picture *p, size_t i)
{
	const uint64_t *n = p->cells[i].n;
	uint64_t start = p->start + i * p->cell;
	const struct view_segment *segment = view_segment_at(s, start);

	if (!p->ready && start >= p->next)
		return (struct look){' ', NORMAL}; /* not known yet */
	if (n[CELL_PERMANENT])
		return (struct look){'X', BAD};
	if (n[CELL_LINES] > n[CELL_LATENT] + n[CELL_LISTED])
		return (struct look){'!', is_hosts(s, segment, start, p->cell) ? BAD : FAINT};
	if (n[CELL_LATENT])
		return (struct look){'?', WARN};
	if (n[CELL_LINES])
		return (struct look){'#', INFO};
	if (segment && segment->kind == VIEW_DYNAMIC)
		return look_of_capacity(s, start, p->cell);
	if (s->scan.running && start - s->scan.start < s->scan.length &&
	    start + p->cell <= s->scan.position)
		return (struct look){'.', GOOD};
	return (struct look){segment ? '.' : ' ', FAINT};
}

static void put_cell(const struct screen *screen, int y, int x, size_t i)
{
	const struct picture *p = screen->picture;
	const struct view_state *s = screen->state;
	struct look look = look_of(s, p, i);
	bool full = p->cells[i].n[CELL_LINES] * SWCXL_LINE * 2 >= p->cell;

	if (s->scan.running && picture_index(p, s->scan.position) == i)
		look = (struct look){'>', GOOD};
	put(y, x, look.paint, "%c", look.c);
	if (full != (picture_index(p, p->cursor) == i)) {
		chtype c = mvinch(y, x);

		mvchgat(y, x, 1, (c & A_ATTRIBUTES & ~(attr_t)A_COLOR) | A_REVERSE,
			(short)PAIR_NUMBER(c), NULL);
	}
}

static void put_where(const struct screen *screen, int y)
{
	const struct picture *p = screen->picture;
	size_t i = picture_index(p, p->cursor);
	int x = put(y, 1, LABEL, "%s of %s", p->length ? size_of(p->length).s : "All",
		    size_of(p->capacity).s);

	x = put(y, x, NORMAL, ", a cell is %s", size_of(p->cell).s);
	if (i >= p->count)
		return;
	x = put(y, x, NORMAL, ".  At 0x%" PRIx64 ": ", p->start + i * p->cell);
	if (!p->cells[i].n[CELL_LINES]) {
		put(y, x, FAINT, "no poison");
		return;
	}
	x = put(y, x, NORMAL, "%" PRIu64 " poisoned", p->cells[i].n[CELL_LINES]);
	if (p->cells[i].n[CELL_LISTED])
		x = item(y, x, INFO, "%" PRIu64 " listed", p->cells[i].n[CELL_LISTED]);
	if (p->cells[i].n[CELL_LATENT])
		x = item(y, x, WARN, "%" PRIu64 " latent", p->cells[i].n[CELL_LATENT]);
	if (p->cells[i].n[CELL_PERMANENT])
		item(y, x, BAD, "%" PRIu64 " permanent", p->cells[i].n[CELL_PERMANENT]);
}

static int put_legend(const struct view_state *s, int y)
{
	int x = put(y, 1, INFO, "#");

	x = put(y, x, NORMAL, " listed  ");
	x = put(y, x, BAD, "!");
	x = put(y, x, NORMAL, " known, not listed  ");
	x = put(y, x, WARN, "?");
	x = put(y, x, NORMAL, " latent  ");
	x = put(y, x, BAD, "X");
	x = put(y, x, NORMAL, " permanent");
	if (s->scan.running) {
		x = put(y, x, GOOD, "  >");
		x = put(y, x, NORMAL, " scan");
	}
	if (s->segment_count && s->segments[s->segment_count - 1].kind == VIEW_DYNAMIC)
		put(y, x, FAINT, "  - no host's");
	return y + 1;
}

int panel_map(const struct screen *screen, int y, int rows)
{
	const struct picture *p = screen->picture;

	put_where(screen, y++);
	for (int row = 0; row < rows; row++, y++) {
		size_t first = (size_t)row * p->columns;
		uint64_t start = p->start + first * p->cell;
		const struct view_segment *segment = view_segment_at(screen->state, start);

		put(y, 0, FAINT, "%c %012" PRIx64, segment ? "vpd"[segment->kind] : ' ', start);
		for (size_t i = first; i < MIN(first + p->columns, p->count); i++)
			put_cell(screen, y, 15 + (int)(i - first), i);
	}
	return put_legend(screen->state, y);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void put_record(const struct view_state *s, const struct view_record *r, int y)
{
	static const enum paint paints[VIEW_LOGS] = {NORMAL, WARN, WARN, BAD, INFO};
	time_t seconds = (time_t)(r->timestamp / NS_PER_S);
	char when[16] = "-", where[24] = "-";
	struct tm tm;

	if (r->timestamp)
		strftime(when, sizeof(when), "%H:%M:%S", gmtime_r(&seconds, &tm));
	if (r->has_address)
		snprintf(where, sizeof(where), "0x%" PRIx64, r->address);
	put(y, 1, paints[r->log % VIEW_LOGS], "%.13s", s->logs[r->log % VIEW_LOGS].name);
	put(y, 15, NORMAL, "%5u  %-8s  %-14s  %s%s%s", r->handle, when, where,
	    strcmp(r->type, "general-media") == 0 ? "" : r->type,
	    strcmp(r->type, "general-media") == 0 || !*r->detail ? "" : ": ", r->detail);
}

/* The newest record that is older than, or stands behind, the last one shown. Where the clock is
 * not set all are as old as each other, and those of the graver log come first. */
static const struct view_record *next_record(const struct view_state *s, int log,
					     const struct view_record *last)
{
	const struct view_record *best = NULL;

	for (size_t i = s->record_count; i-- > 0;) {
		const struct view_record *r = &s->records[i];
		bool after = !last || r->timestamp < last->timestamp ||
			     (r->timestamp == last->timestamp &&
			      (r->log < last->log || (r->log == last->log && r > last)));

		if ((log >= 0 && r->log != (unsigned)log) || !after)
			continue;
		if (!best || r->timestamp > best->timestamp ||
		    (r->timestamp == best->timestamp && r->log >= best->log))
			best = r;
	}
	return best;
}

int panel_events(const struct screen *screen, int y, int rows)
{
	const struct view_state *s = screen->state;
	const struct view_record *record = NULL;
	const char *which = screen->log < 0 ? "all logs" : s->logs[screen->log].name;

	if (rows < 2)
		return y;
	put(y, 0, NORMAL, " %-13s  %5s  %-8s  %-14s  EVENT (%s)", "LOG", "HNDL", "TIME", "ADDRESS",
	    which);
	put_bar(y++, LABEL);
	for (; --rows > 0; y++) {
		record = next_record(s, screen->log, record);
		if (!record)
			break;
		put_record(s, record, y);
	}
	return y;
}

/* ---- help ------------------------------------------------------------------------------------ */

void panel_help(void)
{
	static const char *const lines[] = {
		"arrows         move; beyond the edge the window goes along",
		"+  Enter       a closer look at where the cursor is",
		"-  Backspace   and a wider one",
		"0              the whole device",
		"n              to the next cell with poison",
		"l              events of one log, of the next, of all",
		"space          the picture stands still, or goes on",
		"q              the end",
		"",
		"A row begins with its kind, v(olatile), p(ersistent) or",
		"d(ynamic), and its address. Reversed cells are poisoned",
		"for more than a half. With swcxlctl(1) things are done.",
	};
	int width = 60, height = (int)ARRAY_SIZE(lines) + 2;
	int top = MAX((LINES - height) / 2, 0), left = MAX((COLS - width) / 2, 0);
	WINDOW *window = newwin(MIN(height, LINES), MIN(width, COLS), top, left);

	if (!window)
		return;
	wnoutrefresh(stdscr);
	box(window, 0, 0);
	for (int i = 0; i < (int)ARRAY_SIZE(lines); i++)
		mvwaddnstr(window, i + 1, 2, lines[i], MIN(width, COLS) - 4);
	wnoutrefresh(window);
	doupdate();
	delwin(window);
}
