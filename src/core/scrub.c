/* SPDX-License-Identifier: MIT */
/*
 * The patrol scrub (CXL r3.2 8.2.10.9.11.1): where its feature enables it, it goes over all
 * capacity, again and again, once in as many hours as the feature says. It passes each line at a
 * time of its own. A latent error there becomes known and enters the list by the usual rules, and
 * a run of them raises one event, as a record that a scan finds does (D-36). What is known already
 * is no news (P-4).
 *
 *	lap		from the line where it began to the top, in proportion to the cycle; then
 *			from 0 to the top, and so on
 *	another rate	it goes on where it is
 *	off		it stops where it is, and goes on there when it is enabled again
 *	media not ready	it waits where it is
 *	reset		back to line 0, and off
 *
 * Dynamic capacity that the host may not know of is passed like any other, but not looked at.
 *
 * Without a latent error there is nothing to see on its way, and no time costs anything.
 */
#include "core/device.h"
#include "wire/events.h"

/* Both a cycle in ns and the capacity in lines are multiples of this. */
#define UNIT (1ull << 13)
#define NS_PER_HOUR (3600 * NS_PER_S)
_Static_assert(NS_PER_HOUR % UNIT == 0, "a line takes cycle / UNIT / (top / UNIT) exactly");
_Static_assert(SWCXL_CAPACITY_UNIT / SWCXL_LINE % UNIT == 0, "likewise");

/* The products below fit 64 bits: at most 255 h / UNIT < 2^37, 16 TiB / UNIT <= 2^25. */
static uint64_t cycle(const struct swcxl_dev *dev)
{
	return dev->scrub.hours * (NS_PER_HOUR / UNIT);
}

static uint64_t capacity(const struct swcxl_dev *dev)
{
	return dev->dpa.top / UNIT;
}

/* When so many lines of a lap have been passed; and how many have been, by a time. */
static uint64_t time_for(const struct swcxl_dev *dev, uint64_t lines)
{
	uint64_t all = capacity(dev);

	return lines / all * cycle(dev) + (lines % all * cycle(dev) + all - 1) / all;
}

static uint64_t lines_in(const struct swcxl_dev *dev, uint64_t ns)
{
	return ns / cycle(dev) * capacity(dev) + ns % cycle(dev) * capacity(dev) / cycle(dev);
}

static uint64_t passed_at(const struct swcxl_dev *dev, uint64_t line)
{
	return time_add(dev->scrub.began_ns, time_for(dev, line + 1 - dev->scrub.start));
}

/* From here on, from now on. */
static void begin_lap(struct scrub *scrub, uint64_t line, uint64_t now_ns)
{
	scrub->start = scrub->position = line;
	scrub->began_ns = now_ns;
}

/* ---- finding ---- */

static bool is_latent(const struct range *r)
{
	return r->attr && !(r->attr & SWCXL_ATTR_KNOWN);
}

/* Does what was reported last go on with the line behind it (D-11)? */
static bool goes_on(const struct swcxl_dev *dev, uint64_t line, uint8_t attr)
{
	const struct scrub *scrub = &dev->scrub;

	return scrub->found.lines && scrub->found.end == line &&
	       scrub->found.source == (attr & SWCXL_ATTR_SOURCE) &&
	       scrub->found.lines < RECORD_LINES_MAX && !ranges_bound_at(&dev->media.poison, line);
}

/* What there is no memory for is left to the next lap. */
static void find(struct swcxl_dev *dev, struct range rest)
{
	struct scrub *scrub = &dev->scrub;

	while (rest.len) {
		bool fresh = !goes_on(dev, rest.start, rest.attr);
		uint64_t n = MIN(rest.len, RECORD_LINES_MAX - (fresh ? 0 : scrub->found.lines));

		dev->now_ns = MAX(dev->now_ns, passed_at(dev, rest.start));
		n = poison_discover_part(dev, &rest, n);
		if (!n)
			return;
		scrub->found.source = rest.attr & SWCXL_ATTR_SOURCE;
		scrub->found.lines = n + (fresh ? 0 : scrub->found.lines);
		scrub->found.end = rest.start + n;
		if (fresh)
			event_poison(dev, rest.start, rest.attr, BY_PATROL_SCRUB);
		if (rest.attr & SWCXL_ATTR_PERMANENT)
			health_update(dev);
		rest.start += n;
		rest.len -= n;
	}
}

static void pass(struct swcxl_dev *dev, uint64_t to)
{
	uint64_t *position = &dev->scrub.position;
	struct range piece;

	while (dev->media.latent && poison_find(dev, *position, to, &piece)) {
		if (is_latent(&piece)) {
			find(dev, piece);
			dev->scrub.found_any = true;
		}
		*position = range_end(&piece);
	}
	*position = to;
}

/* ---- time ---- */

/* Everything on the way happens at its own time, in order. */
static void walk(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct scrub *scrub = &dev->scrub;

	for (;;) {
		uint64_t lap = dev->dpa.top - scrub->start;
		uint64_t lines = lines_in(dev, now_ns - scrub->began_ns);
		bool idle;

		pass(dev, scrub->start + MIN(lines, lap));
		if (lines < lap)
			return;
		idle = !dev->media.latent || (!scrub->start && !scrub->found_any);
		begin_lap(scrub, 0, scrub->began_ns + time_for(dev, lap));
		scrub->found.lines = 0;
		scrub->found_any = false;
		if (idle) /* nothing is in the way of whole laps */
			scrub->began_ns += (now_ns - scrub->began_ns) /
					   time_for(dev, dev->dpa.top) *
					   time_for(dev, dev->dpa.top);
	}
}

static bool is_waiting(const struct swcxl_dev *dev)
{
	return device_media_status(dev) != MEMDEV_MEDIA_READY;
}

void scrub_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct scrub *scrub = &dev->scrub;

	if (!scrub->running || now_ns < scrub->began_ns)
		return;
	if (is_waiting(dev))
		begin_lap(scrub, scrub->position, now_ns);
	else
		walk(dev, now_ns);
}

/* When a run of latent errors begins, or has to be looked for again. */
uint64_t scrub_deadline(const struct swcxl_dev *dev)
{
	const struct scrub *scrub = &dev->scrub;
	uint64_t line = scrub->position, last = dev->dpa.top - 1;
	struct range r;

	if (!scrub->running || !dev->media.latent || is_waiting(dev))
		return SWCXL_NO_DEADLINE;
	for (unsigned i = 0; i < 16; i++) {
		if (!poison_find(dev, line, dev->dpa.top, &r))
			return passed_at(dev, last);
		line = r.start;
		if (is_latent(&r) && (poison_is_news(dev, &r) || !goes_on(dev, line, r.attr)))
			break;
		line = range_end(&r);
	}
	return passed_at(dev, MIN(line, last));
}

/* ---- the feature ---- */

void scrub_configure(struct swcxl_dev *dev)
{
	const struct patrol_scrub_set *value = feature_value(dev, FEATURE_PATROL_SCRUB);
	bool enabled = value->flags & SCRUB_ENABLED;
	struct scrub *scrub = &dev->scrub;

	if (enabled == scrub->running && value->hours == scrub->hours)
		return;
	scrub->running = enabled;
	scrub->hours = value->hours;
	begin_lap(scrub, scrub->position, dev->now_ns);
}

void scrub_reset(struct swcxl_dev *dev)
{
	dev->scrub.found.lines = 0;
	begin_lap(&dev->scrub, 0, dev->now_ns);
}
