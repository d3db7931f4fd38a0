/* SPDX-License-Identifier: MIT */
/*
 * The progress of a background operation. The percentage comes from the device; what a bar adds
 * is where in the address space that is, and how long it will go on at the rate so far. Everything
 * goes to stderr, so that stdout has the results alone, and on a terminal the bar removes itself
 * in the end.
 */
#include "cli/watch.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/format.h"
#include "cli/parse.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"

#define POLL_MS 100
#define BAR_CELLS 40

static void draw_bar(const struct watch *watch, unsigned percent, int64_t elapsed_ms)
{
	unsigned full = MIN(percent, 100) * BAR_CELLS / 100;
	uint64_t lines = watch->range.length / SWCXL_LINE;
	char bar[BAR_CELLS + 1];

	memset(bar, '#', full);
	memset(bar + full, '.', BAR_CELLS - full);
	bar[BAR_CELLS] = '\0';
	fprintf(stderr, "\r[%s] %3u %%", bar, percent);
	if (watch->range.length)
		fprintf(stderr, "  %s",
			dpa_text(watch->range.start + lines / 100 * percent * SWCXL_LINE).s);
	if (percent && percent < 100)
		fprintf(stderr, "  %s left ",
			duration_text((uint64_t)elapsed_ms * (100 - percent) / percent).s);
	fprintf(stderr, "\033[K");
}

/* A plain line at every quarter. */
static void print_quarter(unsigned opcode, unsigned percent, unsigned *last)
{
	if (percent / 25 == *last || percent >= 100)
		return;
	*last = percent / 25;
	fprintf(stderr, "%s: %u %%\n", opcode_text(opcode), percent);
}

struct background watch_background(struct link *link, struct watch *watch)
{
	bool terminal = isatty(STDERR_FILENO);
	int64_t start = now_ms();
	struct background b;
	unsigned quarter = 0;

	fflush(stdout);
	for (;;) {
		link_background(link, &b);
		watch->elapsed_ms = now_ms() - start;
		watch->timed_out = watch->timeout_ms >= 0 && watch->elapsed_ms >= watch->timeout_ms;
		if (!b.running || b.opcode != watch->opcode || watch->timed_out)
			break;
		if (terminal)
			draw_bar(watch, b.percent, watch->elapsed_ms);
		else if (!watch->quiet)
			print_quarter(b.opcode, b.percent, &quarter);
		usleep(POLL_MS * 1000);
	}
	if (terminal)
		fprintf(stderr, "\r\033[K");
	return b;
}
