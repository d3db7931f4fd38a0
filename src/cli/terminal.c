/* SPDX-License-Identifier: MIT */
/*
 * The screen. Commands print lines as long as they come: that is what a pipe should get. On a
 * terminal all of stdout goes through the stream below, which breaks what does not fit, so that no
 * command has to know of it. A column of a table, and the text behind a name, begins after two
 * blanks or more; a broken line goes on below the last one that does, and so stays in its column
 * unless that is too narrow.
 */
#include "cli/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/format.h"

#define DEFAULT_WIDTH 80
#define WIDEST 1000
#define TEXT_WIDTH 36 /* what text needs to be read */

static enum { AUTO, ALWAYS, NEVER } when;

bool colours_choose(const char *word)
{
	static const char *const words[] = {"auto", "always", "never"};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			when = i;
			return true;
		}
	return false;
}

static bool colours(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != AUTO)
		return when == ALWAYS;
	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) &&
	       (!term || strcmp(term, "dumb") != 0);
}

const char *colour(enum colour c)
{
	static const char *const sequences[] = {
		[PLAIN] = "\033[0m",   [BOLD] = "\033[1m",   [DIM] = "\033[2m",
		[RED] = "\033[1;31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[1;33m",
		[BLUE] = "\033[1;34m",
	};

	return colours() ? sequences[c] : "";
}

unsigned terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	unsigned long wanted = columns ? strtoul(columns, NULL, 10) : 0;
	struct winsize size = {.ws_col = 0};

	if (!wanted && ioctl(fd, TIOCGWINSZ, &size) == 0)
		wanted = size.ws_col;
	return wanted ? (unsigned)MIN(wanted, WIDEST) : DEFAULT_WIDTH;
}

/* ---- breaking lines ---- */

static struct {
	FILE *out; /* the terminal */
	unsigned width;
	char *line; /* not yet ended */
	size_t len, cap;
} wrap;

/* The length of the colour sequence at p, 0 when there is none. */
static size_t sequence(const char *p, const char *end)
{
	const char *q = p;

	if (end - p < 2 || p[0] != '\033' || p[1] != '[')
		return 0;
	for (q += 2; q < end && *q != 'm';)
		q++;
	return (size_t)(q - p) + (q < end);
}

/* Bytes of p that fit into so many columns; up to a blank if there is one beyond the indent. */
static size_t fit(const char *p, const char *end, unsigned columns)
{
	const char *blank = NULL, *start = p;
	unsigned used = 0;

	while (p < end && used <= columns) {
		size_t skip = sequence(p, end);

		if (*p == ' ' && used)
			blank = p;
		if (!skip && used++ == columns)
			break;
		p += skip ? skip : 1;
	}
	if (p == end)
		return (size_t)(end - start);
	return (size_t)((blank ? blank : p) - start);
}

/* Where the line's last column begins. */
static unsigned indent_of(const char *p, const char *end)
{
	unsigned column = 0, blanks = 2, indent = 0;

	while (p < end && column < wrap.width) {
		size_t skip = sequence(p, end);

		if (skip) {
			p += skip;
			continue;
		}
		if (*p != ' ' && blanks >= 2)
			indent = column;
		blanks = *p == ' ' ? blanks + 1 : 0;
		column++;
		p++;
	}
	return indent;
}

static void put_line(const char *p, const char *end)
{
	unsigned indent = indent_of(p, end), first = wrap.width;
	size_t n;

	/* Too far to the right for a column of text: all of it goes below, further left. */
	if (indent && indent + TEXT_WIDTH > wrap.width) {
		first = fit(p, end, wrap.width) < (size_t)(end - p) ? indent : wrap.width;
		indent = MIN(wrap.width / 10, 8);
	}
	n = fit(p, end, first);

	fwrite(p, 1, n, wrap.out);
	for (p += n; p < end; p += n) {
		while (p < end && *p == ' ')
			p++;
		if (p == end)
			break;
		n = fit(p, end, wrap.width - indent);
		fprintf(wrap.out, "\n%*s", (int)indent, "");
		fwrite(p, 1, n, wrap.out);
	}
	fputc('\n', wrap.out);
}

static ssize_t write_wrapped(void *cookie, const char *data, size_t size)
{
	(void)cookie;
	if (wrap.cap - wrap.len < size) {
		wrap.cap = 2 * wrap.cap + size;
		wrap.line = xalloc(wrap.line, wrap.cap);
	}
	for (size_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			wrap.line[wrap.len++] = data[i];
			continue;
		}
		put_line(wrap.line, wrap.line + wrap.len);
		wrap.len = 0;
	}
	return fflush(wrap.out) == 0 ? (ssize_t)size : 0;
}

void terminal_wrap(void)
{
	FILE *stream;

	if (!isatty(STDOUT_FILENO))
		return;
	stream = fopencookie(NULL, "w", (cookie_io_functions_t){.write = write_wrapped});
	if (!stream)
		return;
	wrap.out = stdout;
	wrap.width = MAX(terminal_width(STDOUT_FILENO), 20);
	stdout = stream;
}
