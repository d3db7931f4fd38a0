/* SPDX-License-Identifier: MIT */
/*
 * What changes poison on the media, and what the device makes of it: the media's truth first,
 * then the list, then the event, which says whether the list could take it.
 */
#include <errno.h>

#include "core/device.h"
#include "wire/events.h"

/* Poison over poison: known and permanent add up; only the host writing poison renames (D-53). */
static uint8_t planted(uint8_t old, void *arg)
{
	uint8_t attr = *(uint8_t *)arg;

	if (!old)
		return attr;
	if ((attr & SWCXL_ATTR_SOURCE) == SWCXL_SOURCE_EXTERNAL)
		old = (uint8_t)((old & ~SWCXL_ATTR_SOURCE) | SWCXL_SOURCE_EXTERNAL);
	return (uint8_t)(old | (attr & (SWCXL_ATTR_KNOWN | SWCXL_ATTR_PERMANENT)));
}

static uint8_t discovered(uint8_t old, void *arg)
{
	(void)arg;
	return old ? (uint8_t)(old | SWCXL_ATTR_KNOWN) : 0;
}

static uint8_t overwritten(uint8_t old, void *arg)
{
	(void)arg;
	return old & SWCXL_ATTR_PERMANENT ? old : 0;
}

uint8_t poison_is_permanent(uint8_t attr, void *arg)
{
	(void)arg;
	return attr & SWCXL_ATTR_PERMANENT;
}

/* The first line of a range that the host may know of, and the device does not know to be
 * poisoned. */
static bool first_unknown(const struct swcxl_dev *dev, uint64_t start, uint64_t len,
			  uint64_t *found)
{
	uint64_t line = start, at;
	struct range stretch, piece;

	while (dc_next(dev, DC_KNOWS, &line, start + len, &stretch)) {
		at = stretch.start;
		while (ranges_piece(&dev->media.poison, &at, range_end(&stretch), &piece)) {
			*found = piece.start;
			if (!(piece.attr & SWCXL_ATTR_KNOWN))
				return true;
		}
	}
	return false;
}

bool poison_find(const struct swcxl_dev *dev, uint64_t line, uint64_t end, struct range *piece)
{
	struct range stretch;

	while (dc_next(dev, DC_KNOWS, &line, end, &stretch)) {
		uint64_t stop = range_end(&stretch);

		if (!ranges_find(&dev->media.poison, stretch.start, piece))
			return false;
		if (piece->start >= stop)
			continue;
		stop = MIN(stop, range_end(piece));
		piece->start = MAX(piece->start, stretch.start);
		piece->len = stop - piece->start;
		return true;
	}
	return false;
}

int poison_plant_begin(struct swcxl_dev *dev, const struct stretch *stretches, size_t n,
		       uint8_t attr)
{
	return media_reserve_many(&dev->media, stretches, n, planted, &attr);
}

/* one event, at the first line that became known. */
int poison_plant_next(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr,
		      unsigned transaction, bool limit)
{
	uint64_t first;
	bool news = attr & SWCXL_ATTR_KNOWN && first_unknown(dev, start, len, &first);

	if (!media_transform(&dev->media, start, len, planted, &attr, limit))
		return limit ? -ENOSPC : -ENOMEM;
	list_add(dev, start, len);
	if (news)
		event_poison(dev, first, media_attr(&dev->media, first), transaction);
	return 0;
}

void poison_plant_end(struct swcxl_dev *dev)
{
	media_settle(&dev->media);
	device_deadline(dev);
}

int poison_plant(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr,
		 unsigned transaction)
{
	int err = poison_plant_next(dev, start, len, attr, transaction, true);

	device_deadline(dev);
	return err;
}

bool poison_discover(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	if (!media_transform(&dev->media, start, len, discovered, NULL, false))
		return false;
	list_add(dev, start, len);
	return true;
}

/* Part of a piece that the host may know of. */
static bool discover_piece(struct swcxl_dev *dev, uint64_t start, uint64_t len, uint8_t attr)
{
	struct range piece = {start, len, attr};

	if (!media_set(&dev->media, &piece, discovered(attr, NULL)))
		return false;
	piece.attr = discovered(attr, NULL);
	list_add_piece(dev, &piece);
	return true;
}

uint64_t poison_discover_part(struct swcxl_dev *dev, const struct range *found, uint64_t n)
{
	const struct poison_list *list = &dev->list;
	uint8_t attr = found->attr & (SWCXL_ATTR_POISON | SWCXL_ATTR_SOURCE);

	if (found->attr & SWCXL_ATTR_KNOWN)
		return n;
	if (!discover_piece(dev, found->start, 1, found->attr))
		return 0;
	if (n > 1 && !list->overflowed && list_has(dev, found->start))
		n = MIN(n, 1 + ranges_put_room(&list->record, found->start + 1, attr, 0));
	return n == 1 || discover_piece(dev, found->start + 1, n - 1, found->attr) ? n : 0;
}

bool poison_is_news(const struct swcxl_dev *dev, const struct range *piece)
{
	return piece->attr & SWCXL_ATTR_PERMANENT && !(piece->attr & SWCXL_ATTR_KNOWN) &&
	       !dev->media.permanent;
}

static uint8_t repaired(uint8_t old, void *arg)
{
	(void)arg;
	if (!(old & SWCXL_ATTR_PERMANENT))
		return old;
	return (uint8_t)((old & ~SWCXL_ATTR_PERMANENT) | SWCXL_ATTR_KNOWN);
}

/* P-4: a permanent error that the device did not know of is news, once for all of them. */
bool poison_repair(struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	uint64_t line = start, first = 0;
	struct range piece;
	bool news = false;

	while (!news && poison_find(dev, line, start + len, &piece)) {
		news = piece.attr & SWCXL_ATTR_PERMANENT && !(piece.attr & SWCXL_ATTR_KNOWN);
		first = piece.start;
		line = range_end(&piece);
	}
	if (!media_transform(&dev->media, start, len, repaired, NULL, false))
		return false;
	list_add(dev, start, len);
	if (news)
		event_poison(dev, first, media_attr(&dev->media, first), BY_MEDIA_MANAGEMENT);
	return true;
}

bool poison_write(struct swcxl_dev *dev, uint64_t line, const uint8_t *data, uint64_t lines,
		  uint64_t whole, uint64_t whole_lines)
{
	struct swcxl_change change;
	uint64_t at = whole;
	struct range piece;

	if (!content_reserve(&dev->media, line, data, lines) ||
	    !media_transform(&dev->media, whole, whole_lines, overwritten, NULL, true))
		return false;
	while (ranges_piece(&dev->media.poison, &at, whole + whole_lines, &piece))
		if (!piece.attr)
			list_remove(dev, piece.start, piece.len);
	for (uint64_t i = 0; i < lines; i++)
		content_write(&dev->media, line + i, data + i * SWCXL_LINE);
	change = content_change(dev, line, lines, data);
	device_change(dev, &change);
	device_deadline(dev);
	return true;
}

bool poison_overwrite(struct swcxl_dev *dev, uint64_t start, uint64_t len, bool limit)
{
	return media_transform(&dev->media, start, len, overwritten, NULL, limit);
}

/*
 * A list that has not overflowed is made anew, in one step: what is left in the middle of a record
 * must not make it overflow on the way while there is room in the end.
 */
void poison_settle(struct swcxl_dev *dev)
{
	uint64_t line = 0, top = dev->dpa.top;
	struct range piece;

	if (!dev->list.overflowed) {
		list_rebuild(dev);
		return;
	}
	for (; poison_find(dev, line, top, &piece); line = range_end(&piece))
		if (line < piece.start)
			list_remove(dev, line, piece.start - line);
	if (line < top)
		list_remove(dev, line, top - line);
}

void poison_sweep(struct swcxl_dev *dev, enum dpa_kind kind, media_fn *keep)
{
	for (unsigned i = 0; i < DPA_SEGMENTS; i++) {
		const struct dpa_segment *s = &dev->dpa.segment[i];

		if (s->kind == kind && s->len)
			media_sweep(&dev->media, s->start, s->len, keep);
	}
}

/* ---- the management face ---- */

bool swcxl_in_range(const struct swcxl_dev *dev, uint64_t start, uint64_t length)
{
	return length && range_fits(start, length, dev->dpa.top * SWCXL_LINE);
}

bool swcxl_known_poison(const struct swcxl_dev *dev, uint64_t start, uint64_t length)
{
	uint64_t line = start / SWCXL_LINE, end = line + length / SWCXL_LINE;
	struct range piece;

	while (swcxl_in_range(dev, start, length) &&
	       ranges_piece(&dev->media.poison, &line, end, &piece))
		if (piece.attr & SWCXL_ATTR_KNOWN)
			return true;
	return false;
}

bool swcxl_poison_next(const struct swcxl_dev *dev, uint64_t start, uint64_t end,
		       struct swcxl_poison_row *row)
{
	uint64_t line = start / SWCXL_LINE, stop = MIN(end / SWCXL_LINE, dev->dpa.top);
	struct range poison, list = {0};
	bool listed;

	if (line >= stop || !ranges_find(&dev->media.poison, line, &poison) || poison.start >= stop)
		return false;
	line = MAX(line, poison.start);
	stop = MIN(stop, range_end(&poison));
	listed = ranges_piece(&dev->list.record, &line, stop, &list) && list.attr;
	/* records are cut where they become too long: the row goes on over such a cut */
	while (line < stop) {
		struct range more;
		uint64_t next = line;

		ranges_piece(&dev->list.record, &next, stop, &more);
		if (!more.attr == listed)
			break;
		line = next;
	}
	*row = (struct swcxl_poison_row){
		.start = list.start * SWCXL_LINE,
		.length = (line - list.start) * SWCXL_LINE,
		.source = poison.attr & SWCXL_ATTR_SOURCE,
		.known = poison.attr & SWCXL_ATTR_KNOWN,
		.permanent = poison.attr & SWCXL_ATTR_PERMANENT,
		.listed = listed,
	};
	return true;
}

/* What a host reads where it reaches nothing: bytes that depend on the address alone. */
static void noise(uint64_t line, uint8_t data[SWCXL_LINE])
{
	for (unsigned i = 0; i < SWCXL_LINE; i++) {
		uint64_t x = (line * SWCXL_LINE + i + 1) * 0x9e3779b97f4a7c15u;

		data[i] = (uint8_t)((x ^ x >> 31) * 0xbf58476d1ce4e5b9u >> 56);
	}
}

/* Does a host get at a stretch of lines that it has? Not while its media is disabled or locked. */
static bool is_open(const struct swcxl_dev *dev, const struct range *stretch)
{
	return !dev->kept.media.disabled && !security_locks(dev, stretch->start, 1);
}

/* What is there to be read from a line: its data; what has nothing to do with it; or ones, where
 * nothing answers (DC-6). */
static void read_line(const struct swcxl_dev *dev, uint64_t line, uint8_t data[SWCXL_LINE])
{
	uint64_t at = line;
	struct range r;

	if (!dc_next(dev, DC_HAS, &at, line + 1, &r))
		memset(data, 0xff, SWCXL_LINE);
	else if (is_open(dev, &r))
		content_read(&dev->media, line, data);
	else
		noise(line, data);
}

/* A host read finds what was latent (D-51: and says nothing of what was known). */
static bool read_finds(struct swcxl_dev *dev, const struct range *stretch)
{
	uint64_t line = stretch->start;
	struct range piece;

	while (ranges_piece(&dev->media.poison, &line, range_end(stretch), &piece)) {
		if (!piece.attr || piece.attr & SWCXL_ATTR_KNOWN)
			continue;
		if (!poison_discover(dev, piece.start, piece.len))
			return false;
		event_poison(dev, piece.start, piece.attr, BY_HOST_READ);
		if (piece.attr & SWCXL_ATTR_PERMANENT)
			health_update(dev);
		device_deadline(dev);
	}
	return true;
}

int swcxl_media_read(struct swcxl_dev *dev, uint64_t start, void *buf, size_t len)
{
	uint64_t line = start / SWCXL_LINE, end = (start + len + SWCXL_LINE - 1) / SWCXL_LINE;
	uint8_t *out = buf;
	struct range stretch;

	if (len && !swcxl_in_range(dev, start, len))
		return -EINVAL;
	for (uint64_t at = start; at < start + len;) {
		size_t in = at % SWCXL_LINE, n = MIN(SWCXL_LINE - in, start + len - at);
		uint8_t data[SWCXL_LINE];

		read_line(dev, at / SWCXL_LINE, data);
		memcpy(out, data + in, n);
		out += n;
		at += n;
	}
	while (dc_next(dev, DC_HAS, &line, end, &stretch))
		if (is_open(dev, &stretch) && !read_finds(dev, &stretch))
			return -ENOSPC;
	return 0;
}

/* Lines written in part keep their poison; whole ones are overwritten (D-52). */
static bool write_run(struct swcxl_dev *dev, uint64_t start, const void *buf, size_t len)
{
	uint64_t first = start / SWCXL_LINE;
	uint64_t lines = (start + len + SWCXL_LINE - 1) / SWCXL_LINE - first;
	uint64_t whole_first = (start + SWCXL_LINE - 1) / SWCXL_LINE;
	uint64_t whole_end = MAX((start + len) / SWCXL_LINE, whole_first);
	uint8_t *data = mem_resize(&dev->mem, NULL, lines * SWCXL_LINE);
	bool ok;

	if (!data)
		return false;
	content_read(&dev->media, first, data);
	content_read(&dev->media, first + lines - 1, data + (lines - 1) * SWCXL_LINE);
	memcpy(data + start % SWCXL_LINE, buf, len);
	ok = poison_write(dev, first, data, lines, whole_first, whole_end - whole_first);
	mem_free(&dev->mem, data);
	return ok;
}

/* The next run of lines of a range that the host may write. */
static bool next_run(const struct swcxl_dev *dev, uint64_t *line, uint64_t end, struct range *run)
{
	struct range r;

	run->len = 0;
	for (uint64_t at = *line; dc_next(dev, DC_HAS, &at, end, &r); *line = at) {
		bool open = is_open(dev, &r) && dc_writes(dev, r.start, r.len);

		if (run->len && (!open || r.start != range_end(run)))
			return true;
		if (open && !run->len)
			run->start = r.start;
		if (open)
			run->len += r.len;
	}
	*line = run->len ? range_end(run) : end;
	return run->len;
}

/* What a host does not reach swallows the write. */
int swcxl_media_write(struct swcxl_dev *dev, uint64_t start, const void *buf, size_t len)
{
	uint64_t line = start / SWCXL_LINE, end = start + len;
	uint64_t stop = (end + SWCXL_LINE - 1) / SWCXL_LINE;
	struct range run;

	if (len && !swcxl_in_range(dev, start, len))
		return -EINVAL;
	while (len && next_run(dev, &line, stop, &run)) {
		uint64_t from = MAX(run.start * SWCXL_LINE, start);
		uint64_t to = MIN(range_end(&run) * SWCXL_LINE, end);

		if (!write_run(dev, from, (const uint8_t *)buf + (from - start), to - from))
			return -ENOSPC;
	}
	return 0;
}
