/* SPDX-License-Identifier: MIT */
/*
 * Scan Media (CXL r3.2 8.2.10.9.4.5): it walks the media as time passes. A line is passed when
 * scan_ns_per_line have gone by for it and all before it; then poison on it becomes known, enters
 * the list unless that is frozen, and joins the results; a new result record raises one event
 * (D-36). All of that carries the time of the passing, however coarse the steps of the clock are.
 *
 * The scan looks at live media: what changes ahead of its position is seen, what changes behind
 * it is not (D-20). It ends when everything is passed, when its results have no more room (D-31),
 * or when it is aborted (D-30); in the latter two the results say where to go on.
 *
 * Coverage is what scans begun under overflow have passed (D-23). When it is everything that the
 * host has, the list is rebuilt before completion is signalled (S-3, D-24).
 *
 * Dynamic capacity that the host may not know of is passed like any other, in the same time, but
 * not looked at (D-45). It is no coverage when the host gets it later (E-6).
 */
#include "core/device.h"
#include "wire/events.h"

uint64_t scan_duration_ns(const struct swcxl_dev *dev, uint64_t lines)
{
	uint64_t rate = dev->config.scan_ns_per_line;

	return lines > (SWCXL_NO_DEADLINE - 1) / rate ? SWCXL_NO_DEADLINE - 1 : lines * rate;
}

/* When the scan has passed a line. */
static uint64_t passed_at(const struct swcxl_dev *dev, uint64_t line)
{
	return time_add(dev->scan.began_ns, scan_duration_ns(dev, line + 1 - dev->scan.start));
}

void scan_drop_results(struct swcxl_dev *dev)
{
	struct scan *scan = &dev->scan;

	mem_free(&dev->mem, scan->result);
	scan->result = NULL;
	scan->results = scan->results_cap = 0;
	scan->stopped = false;
	scan->restart = scan->restart_lines = 0;
	for (struct swcxl_cci *cci = dev->ccis; cci; cci = cci->next)
		cci->results_next = 0;
}

void scan_drop_coverage(struct swcxl_dev *dev)
{
	ranges_clear(&dev->scan.coverage);
	dev->scan.covers = false; /* a scan that runs now began under another overflow */
}

/*
 * Coverage that finds no memory, or would be one piece more than the maps may have ranges, is not
 * counted: the host will have to scan there again.
 */
static void cover(struct swcxl_dev *dev, uint64_t start, uint64_t end)
{
	struct ranges *map = &dev->scan.coverage;
	struct range r;
	bool touches = ranges_find(map, start ? start - 1 : 0, &r) && r.start <= end;

	if (start == end || (!touches && ranges_count(map) >= dev->config.ranges_max) ||
	    !ranges_reserve(map, 2))
		return;
	ranges_cut(map, start, end - start);
	ranges_put(map, start, end - start, 1);
}

/* What the scan has passed so far is coverage. */
static void count_passed(struct swcxl_dev *dev)
{
	struct scan *scan = &dev->scan;

	if (scan->covers)
		cover(dev, scan->uncounted, scan->position);
	scan->uncounted = scan->position;
}

/* Without memory all of it has to be scanned again. */
void scan_uncover(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	if (dev->scan.running)
		count_passed(dev);
	if (ranges_reserve_cut(&dev->scan.coverage, start, len))
		ranges_cut(&dev->scan.coverage, start, len);
	else
		scan_drop_coverage(dev);
}

static bool all_covered(const struct swcxl_dev *dev)
{
	struct range stretch, piece;

	for (uint64_t line = 0; dc_next(dev, DC_HAS, &line, dev->dpa.top, &stretch);) {
		uint64_t at = stretch.start;

		while (ranges_piece(&dev->scan.coverage, &at, range_end(&stretch), &piece))
			if (!piece.attr)
				return false;
	}
	return true;
}

void scan_start(struct swcxl_dev *dev, uint64_t start, uint64_t lines, bool no_events)
{
	struct scan *scan = &dev->scan;

	scan_drop_results(dev); /* S-6 */
	scan->called = scan->running = true;
	scan->no_events = no_events;
	scan->covers = dev->list.overflowed;
	scan->start = scan->position = scan->uncounted = start;
	scan->end = start + lines;
	scan->began_ns = dev->now_ns;
}

/* Ends it at its position: coverage, rebuild, and only then the news (S-3). */
static void end(struct swcxl_dev *dev, bool stopped, enum swcxl_rc rc)
{
	struct scan *scan = &dev->scan;

	scan->running = false;
	scan->stopped = stopped;
	if (stopped) {
		scan->restart = scan->position;
		scan->restart_lines = scan->end - scan->position;
	}
	count_passed(dev);
	if (scan->covers && all_covered(dev))
		list_rebuild(dev);
	background_end(dev, rc);
}

static void scan_abort(struct swcxl_dev *dev)
{
	end(dev, true, SWCXL_ABORTED);
}

/* Room for one more result record. */
static bool room_for_result(struct swcxl_dev *dev)
{
	struct scan *scan = &dev->scan;
	uint64_t max = dev->config.scan_results_max, cap = MAX(scan->results_cap * 2, 64);
	void *p;

	if (max && scan->results >= max)
		return false;
	if (scan->results < scan->results_cap)
		return true;
	p = mem_resize(&dev->mem, scan->result, cap * sizeof(*scan->result));
	if (!p)
		return false;
	scan->result = p;
	scan->results_cap = cap;
	return true;
}

static uint64_t result_room(const struct scan *scan)
{
	return RECORD_LINES_MAX - scan->result[scan->results - 1].lines;
}

/* Does the last result go on with this line (D-11)? */
static bool result_goes_on(const struct swcxl_dev *dev, uint64_t line, uint8_t source)
{
	const struct scan *scan = &dev->scan;
	const struct scan_record *last = scan->results ? &scan->result[scan->results - 1] : NULL;

	return last && last->start + last->lines == line && last->attr == source &&
	       last->lines < RECORD_LINES_MAX && !ranges_bound_at(&dev->media.poison, line);
}

/* Poison that the scan has passed. False: the results are full, and position says where. */
static bool found_poison(struct swcxl_dev *dev, const struct range *found)
{
	uint8_t source = found->attr & SWCXL_ATTR_SOURCE;
	struct scan *scan = &dev->scan;
	struct range rest = *found;

	while (rest.len) {
		bool fresh = !result_goes_on(dev, rest.start, source);
		struct scan_record *last;
		uint64_t n;

		scan->position = rest.start;
		dev->now_ns = MAX(dev->now_ns, passed_at(dev, rest.start));
		if (fresh && !room_for_result(dev))
			return false;
		last = &scan->result[scan->results - !fresh];
		n = MIN(rest.len, RECORD_LINES_MAX - (fresh ? 0 : last->lines));
		n = poison_discover_part(dev, &rest, n);
		if (!n)
			return false;
		if (fresh) {
			*last = (struct scan_record){.start = rest.start, .attr = source};
			scan->results++;
		}
		last->lines += (uint32_t)n;
		if (fresh && !scan->no_events)
			event_poison(dev, rest.start, rest.attr, BY_SCAN_MEDIA);
		if (rest.attr & SWCXL_ATTR_PERMANENT)
			health_update(dev);
		rest.start += n;
		rest.len -= n;
	}
	scan->position = rest.start;
	return true;
}

/* When something becomes visible next: a run of poison begins, or the scan ends. */
static uint64_t scan_deadline(const struct swcxl_dev *dev)
{
	const struct scan *scan = &dev->scan;
	uint64_t line = scan->position, end = scan->end;
	struct range r;

	if (line > scan->start && poison_find(dev, line - 1, end, &r) && r.start < line)
		line = MAX(line, range_end(&r)); /* this run was reported when it began */
	if (poison_find(dev, line, end, &r) && r.start == line && !poison_is_news(dev, &r) &&
	    result_goes_on(dev, line, r.attr & SWCXL_ATTR_SOURCE)) /* its latent rest, likewise */
		line = MIN(range_end(&r), line + result_room(scan));
	if (poison_find(dev, line, end, &r))
		return passed_at(dev, r.start);
	return passed_at(dev, scan->end - 1);
}

/* False: the results are full, and position says where. */
static bool look_at(struct swcxl_dev *dev, const struct range *stretch)
{
	uint64_t line = stretch->start;
	struct range piece;

	while (ranges_piece(&dev->media.poison, &line, range_end(stretch), &piece)) {
		if (piece.attr && !found_poison(dev, &piece))
			return false;
		dev->scan.position = line;
	}
	return true;
}

/* The work of a step. Everything in it happens at its own time, in order. */
static void walk(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct scan *scan = &dev->scan;
	uint64_t passed, target;
	struct range stretch;

	passed = (now_ns - scan->began_ns) / dev->config.scan_ns_per_line;
	target = passed < scan->end - scan->start ? scan->start + passed : scan->end;
	for (uint64_t line = scan->position; dc_next(dev, DC_KNOWS, &line, target, &stretch);) {
		if (!look_at(dev, &stretch)) {
			end(dev, true, SWCXL_SUCCESS); /* D-31 */
			return;
		}
	}
	scan->position = MAX(scan->position, target);
	if (scan->position == scan->end) {
		dev->now_ns = MAX(dev->now_ns, passed_at(dev, scan->end - 1));
		end(dev, false, SWCXL_SUCCESS);
	}
}

static void scan_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	if (now_ns > dev->scan.began_ns)
		walk(dev, now_ns);
}

static unsigned scan_percent(const struct swcxl_dev *dev)
{
	const struct scan *scan = &dev->scan;

	return (unsigned)((scan->position - scan->start) * 100 / (scan->end - scan->start));
}

const struct background_op scan_op = {
	.percent = scan_percent,
	.deadline = scan_deadline,
	.advance = scan_advance,
	.abort = scan_abort,
};
