/* SPDX-License-Identifier: MIT */
/*
 * The poison list: the records that Get Poison List (8.2.10.9.4.1) shows, at most
 * poison_list_max of them (D-12), a bounded view of what the media map knows.
 *
 *   entered     when poison becomes known and the record fits, or merges (D-15)
 *   overflow    the first record that does not fit; from then on nothing is added (P-13, D-16),
 *		 though what is cleared still goes (D-17)
 *   rebuilt     from everything known, when scans have covered the whole device (D-22 .. D-24)
 *
 * This file is the only one that adds, removes, sets or ends the overflow.
 */
#include "core/device.h"

/* Records of one run: 16 TiB of them. Twice, for a change that is taken back. */
#define RUN_ENTRIES_MAX (2 * ((16 * TiB / SWCXL_LINE) / RECORD_LINES_MAX + 1))

static uint8_t record_attr(uint8_t attr)
{
	return (uint8_t)(SWCXL_ATTR_POISON | (attr & SWCXL_ATTR_SOURCE));
}

/* Does the list want this piece of the media? Without --volatile-list, P-9 leaves some out. */
static bool wanted(const struct swcxl_dev *dev, const struct range *piece)
{
	return piece->attr & SWCXL_ATTR_KNOWN &&
	       (dev->config.volatile_list || !dpa_is_volatile(&dev->dpa, piece->start));
}

static void emit(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr)
{
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_LIST,
						  .start = start * SWCXL_LINE,
						  .length = len * SWCXL_LINE,
						  .attr = attr});
}

static void emit_all(struct swcxl_dev *dev)
{
	struct ranges_walk walk = ranges_walk(&dev->list.record, 0);
	struct range r;

	emit(dev, 0, dev->dpa.top, 0);
	while (ranges_step(&walk, &r))
		emit(dev, r.start, r.len, r.attr);
}

static void emit_overflow(struct swcxl_dev *dev)
{
	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_OVERFLOW,
						  .attr = dev->list.overflowed,
						  .value = dev->list.overflow_timestamp});
}

/* Overflow starts: with its time, which a later one does not move, and no coverage yet. */
static void set_overflow(struct swcxl_dev *dev)
{
	struct poison_list *list = &dev->list;

	if (list->overflowed)
		return;
	list->overflowed = true;
	list->overflow_timestamp = device_timestamp(dev);
	scan_drop_coverage(dev);
	emit_overflow(dev);
	device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_OVERFLOW});
}

bool list_has(const struct swcxl_dev *dev, uint64_t line)
{
	struct range r;

	return ranges_find(&dev->list.record, line, &r) && r.start <= line;
}

/*
 * Records for a piece that is not listed: returns how many of its lines could be entered, from
 * the first on. A very long piece takes several records, and may fit in part. No memory counts
 * as no room. That it takes no more than by itself need not be counted.
 */
static uint64_t enter(struct swcxl_dev *dev, struct ranges *records, const struct range *piece,
		      uint8_t attr)
{
	uint64_t max = dev->config.poison_list_max, count = ranges_count(records);
	uint64_t room = MAX(max, count) - count, lines = piece->len;

	if (lines / RECORD_LINES_MAX >= room &&
	    ranges_put_cost(records, piece->start, lines, attr) > (int64_t)room)
		lines = MIN(lines - 1, ranges_put_room(records, piece->start, attr, room));
	if (!lines || !ranges_reserve_put(records, piece->start, lines))
		return 0;
	ranges_put(records, piece->start, lines, attr);
	return lines;
}

/*
 * A piece that is listed under another source (D-53): the record changes, which may need up to
 * two records more; when they do not fit, the old record stays and the list has overflowed.
 */
static bool rename_source(struct swcxl_dev *dev, const struct range *piece, uint8_t attr)
{
	struct ranges *records = &dev->list.record;

	/* there and back takes no more entries than the list has records, and a few */
	if (!ranges_reserve(records, MIN(ranges_count(records), RUN_ENTRIES_MAX) + 8))
		return false;
	ranges_cut(records, piece->start, piece->len);
	ranges_put(records, piece->start, piece->len, attr);
	if (ranges_count(records) <= dev->config.poison_list_max)
		return true;
	ranges_cut(records, piece->start, piece->len);
	ranges_put(records, piece->start, piece->len, piece->attr);
	return false;
}

/* Enters one piece of the media, in DPA order, until something does not fit. */
static bool add_piece(struct swcxl_dev *dev, const struct range *media)
{
	uint64_t line = media->start;
	uint8_t attr = record_attr(media->attr);
	struct range piece;

	while (ranges_piece(&dev->list.record, &line, range_end(media), &piece)) {
		uint64_t done = piece.len;

		if (piece.attr == attr)
			continue;
		if (!piece.attr)
			done = enter(dev, &dev->list.record, &piece, attr);
		else if (!rename_source(dev, &piece, attr))
			done = 0;
		if (done)
			emit(dev, piece.start, done, attr);
		if (done < piece.len)
			return false;
	}
	return true;
}

static bool add_stretch(struct swcxl_dev *dev, const struct range *stretch)
{
	uint64_t line = stretch->start;
	struct range piece;

	while (ranges_piece(&dev->media.poison, &line, range_end(stretch), &piece))
		if (wanted(dev, &piece) && !add_piece(dev, &piece))
			return false;
	return true;
}

void list_add_piece(struct swcxl_dev *dev, const struct range *media)
{
	if (!dev->list.overflowed && wanted(dev, media) && !add_piece(dev, media))
		set_overflow(dev);
}

/* Of what the host may know of (D-45). */
void list_add(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	uint64_t line = start;
	struct range stretch;

	if (dev->list.overflowed) /* frozen (P-13) */
		return;
	while (dc_next(dev, DC_KNOWS, &line, start + len, &stretch)) {
		if (!add_stretch(dev, &stretch)) {
			set_overflow(dev);
			return;
		}
	}
}

/* A frozen list has always one that is large enough. */
bool list_can_lose(const struct swcxl_dev *dev, uint64_t ranges)
{
	return dev->list.overflowed ||
	       ranges_count(&dev->list.record) + ranges <= dev->config.poison_list_max;
}

/*
 * What is clean goes at once, overflowed or not (P-6, D-17). In the middle of a record that
 * takes one record more: when there is no room for it the upper part is dropped from the list,
 * which has then overflowed (D-18, C-6).
 */
void list_remove(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	struct ranges *records = &dev->list.record;
	uint64_t end = start + len;
	struct range r;
	bool fits = true;

	if (!ranges_find(records, start, &r) || r.start >= end)
		return;
	if (!ranges_reserve_cut(records, start, len)) {
		while (ranges_find(records, end, &r) && r.start <= end)
			end = range_end(&r); /* to the end of the run: that needs no memory */
		fits = end == start + len;
	} else if (ranges_cut_cost(records, start, len) + (int64_t)ranges_count(records) >
		   (int64_t)dev->config.poison_list_max) {
		end = range_end(&r);
		fits = false;
	}
	ranges_cut(records, start, end - start);
	emit(dev, start, end - start, 0);
	if (!fits)
		set_overflow(dev);
}

/*
 * A device may update its list by a scan (8.2.10.9.4.5); this one rebuilds it when scans have
 * covered everything. The new list is made beside the old one and replaces it in one step.
 * What does not fit leaves the list full and overflowed, with a new time, and the coverage
 * starts anew (D-24).
 */
void list_rebuild(struct swcxl_dev *dev)
{
	struct poison_list *list = &dev->list;
	bool was_overflowed = list->overflowed, fits = true;
	struct ranges records;
	struct range piece;
	uint64_t line = 0;

	ranges_init(&records, &dev->mem, list->record.bounds, list->record.max_len);
	for (; fits && poison_find(dev, line, dev->dpa.top, &piece); line = range_end(&piece))
		if (wanted(dev, &piece))
			fits = enter(dev, &records, &piece, record_attr(piece.attr)) == piece.len;
	ranges_clear(&list->record);
	list->record = records;
	list->overflowed = !fits;
	list->overflow_timestamp = fits ? 0 : device_timestamp(dev);
	scan_drop_coverage(dev);

	emit_all(dev);
	emit_overflow(dev);
	if (list->overflowed && !was_overflowed)
		device_notice(dev, &(struct swcxl_notice){.kind = SWCXL_NOTICE_OVERFLOW});
}

/* A complete list is made anew, between the new bounds; one that is frozen stays what it was. */
void list_bounds_moved(struct swcxl_dev *dev)
{
	if (dev->list.overflowed)
		emit_all(dev);
	else
		list_rebuild(dev);
}
