/* SPDX-License-Identifier: MIT */
/*
 * The progress of a background operation. The percentage comes from the device; what a bar adds
 * is where in the address space that is, and how long it will go on at the rate so far. Everything
 * goes to stderr, so that stdout has the results alone, and on a terminal the bar removes itself
 * in the end.
 *
 * The control socket says when an operation has ended; a PCI function has to be looked at, often
 * at first, so that what is short is not made long. Both are looked at ten times a second, for the
 * percentage, and because a reset ends an operation without a word.
 */
#include "cli/watch.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/format.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"

#define POLL_MS 100
#define BAR_CELLS 60
#define BAR_REST 45 /* columns for what stands beside it, and one free */

/* Of the whole, when the device has come so far in the range. */
static unsigned overall(const struct watch *watch, unsigned percent)
{
	const struct range *whole = &watch->whole;
	uint64_t at = watch->range.start - whole->start, hundredths;

	percent = MIN(percent, 100);
	if (!whole->length || !range_fits(at, watch->range.length, whole->length))
		return percent;
	hundredths = at / SWCXL_LINE * 100 + watch->range.length / SWCXL_LINE * percent;
	return (unsigned)MIN(hundredths / (whole->length / SWCXL_LINE), 100);
}

static void draw_bar(const struct watch *watch, unsigned percent)
{
	unsigned width = terminal_width(STDERR_FILENO);
	unsigned cells = MIN(MAX(width, BAR_REST + 8) - BAR_REST, BAR_CELLS);
	unsigned full = MIN(percent, 100) * cells / 100;
	uint64_t lines = watch->whole.length / SWCXL_LINE;
	char bar[BAR_CELLS + 1];

	memset(bar, '#', full);
	memset(bar + full, '.', cells - full);
	bar[cells] = '\0';
	fprintf(stderr, "\r[%s] %3u %%", bar, percent);
	if (watch->whole.length)
		fprintf(stderr, "  %s",
			dpa_text(watch->whole.start + lines / 100 * percent * SWCXL_LINE).s);
	if (percent && percent < 100)
		fprintf(stderr, "  %s left ",
			duration_text((uint64_t)watch->elapsed_ms * (100 - percent) / percent).s);
	fprintf(stderr, "\033[K");
}

/* A plain line at every quarter. */
static void print_quarter(struct watch *watch, unsigned percent)
{
	if (percent / 25 == watch->quarter || percent >= 100)
		return;
	watch->quarter = percent / 25;
	fprintf(stderr, "%s: %u %%\n", opcode_text(watch->opcode), percent);
}

/* Until something may have changed. */
static void pause_for_news(struct link *link, const struct watch *watch, int64_t *poll_ms)
{
	int64_t ms = link_is_qmp(link) ? POLL_MS : *poll_ms;

	*poll_ms = MIN(2 * *poll_ms, POLL_MS);
	if (watch->timeout_ms >= 0)
		ms = MIN(ms, watch->timeout_ms - watch->elapsed_ms);
	if (link_is_qmp(link))
		json_object_put(qmp_wait(link, "SWCXL_BACKGROUND_COMPLETED", ms));
	else
		usleep((useconds_t)ms * 1000);
}

struct background watch_background(struct link *link, struct watch *watch)
{
	bool bar = !watch->quiet && isatty(STDERR_FILENO);
	int64_t start = now_ms() - watch->elapsed_ms;
	int64_t poll_ms = 1;
	struct background b;

	fflush(stdout);
	for (;;) {
		link_background(link, &b);
		watch->elapsed_ms = now_ms() - start;
		watch->timed_out = watch->timeout_ms >= 0 && watch->elapsed_ms >= watch->timeout_ms;
		if (!b.running || b.opcode != watch->opcode || watch->timed_out)
			break;
		if (bar)
			draw_bar(watch, overall(watch, b.percent));
		else if (!watch->quiet)
			print_quarter(watch, overall(watch, b.percent));
		pause_for_news(link, watch, &poll_ms);
	}
	if (bar)
		fprintf(stderr, "\r\033[K");
	return b;
}
