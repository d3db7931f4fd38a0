/* SPDX-License-Identifier: MIT */
/*
 * State that outlives power, as a stream of changes. Saving emits the changes that lead from a
 * fresh device to this one; applying takes such changes, or those that came out as they happened,
 * into a fresh device. So there is one format, and one test shows both complete.
 */
#include <assert.h>
#include <errno.h>

#include "core/cci.h"

struct swcxl_change content_change(const struct swcxl_dev *dev, uint64_t line, uint64_t lines,
				   const uint8_t *data)
{
	const struct dpa_segment *s = dpa_find(&dev->dpa, line);
	bool goes = s->kind == DPA_VOLATILE && lines <= s->start + s->len - line;

	return (struct swcxl_change){.kind = SWCXL_CHANGE_CONTENT,
				     .start = line * SWCXL_LINE,
				     .length = lines * SWCXL_LINE,
				     .attr = goes ? SWCXL_ATTR_VOLATILE : 0,
				     .data = data};
}

/* ---- saving: each gives the next change of its section, and false at the end of it ---- */

typedef bool next_fn(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		     struct swcxl_change *change);

static bool next_range(const struct ranges *map, enum swcxl_change_kind kind,
		       struct swcxl_cursor *cursor, struct swcxl_change *change)
{
	struct range r;

	if (!ranges_find(map, cursor->at, &r))
		return false;
	cursor->at = range_end(&r);
	*change = (struct swcxl_change){.kind = kind,
					.start = r.start * SWCXL_LINE,
					.length = r.len * SWCXL_LINE,
					.attr = r.attr};
	return true;
}

static bool next_poison(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
			struct swcxl_change *change)
{
	return next_range(&dev->media.poison, SWCXL_CHANGE_POISON, cursor, change);
}

static bool next_record(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
			struct swcxl_change *change)
{
	return next_range(&dev->list.record, SWCXL_CHANGE_LIST, cursor, change);
}

static bool next_overflow(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
			  struct swcxl_change *change)
{
	*change = (struct swcxl_change){.kind = SWCXL_CHANGE_OVERFLOW,
					.attr = dev->list.overflowed,
					.value = dev->list.overflow_timestamp};
	return cursor->at++ == 0;
}

/* Lines that follow each other, as many as there is room for, in one segment. */
static bool next_content(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
			 struct swcxl_change *change)
{
	const struct dpa_segment *segment;
	uint64_t line, next, lines = 0;

	if (!content_next(&dev->media, cursor->at, &line))
		return false;
	segment = dpa_find(&dev->dpa, line);
	do
		content_read(&dev->media, line + lines, cursor->data + SWCXL_LINE * lines);
	while (++lines < sizeof(cursor->data) / SWCXL_LINE &&
	       content_next(&dev->media, line + lines, &next) && next == line + lines &&
	       dpa_find(&dev->dpa, next) == segment);
	cursor->at = line + lines;
	*change = content_change(dev, line, lines, cursor->data);
	return true;
}

static bool next_labels(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
			struct swcxl_change *change)
{
	uint64_t left = dev->config.lsa_size - MIN(cursor->at, dev->config.lsa_size);

	if (!left)
		return false;
	*change = (struct swcxl_change){.kind = SWCXL_CHANGE_LSA,
					.start = cursor->at,
					.length = MIN(left, SWCXL_SAVE_DATA_MAX),
					.data = dev->lsa + cursor->at};
	cursor->at += change->length;
	return true;
}

bool swcxl_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		     struct swcxl_change *change)
{
	static next_fn *const sections[] = {
		kept_save_next, next_poison, next_record,  next_overflow,
		next_content,	next_labels, dc_save_next, event_save_next,
	};

	for (; cursor->section < ARRAY_SIZE(sections); cursor->section++, cursor->at = 0)
		if (sections[cursor->section](dev, cursor, change))
			return true;
	return false;
}

void swcxl_save(const struct swcxl_dev *dev,
		void (*emit)(void *ctx, const struct swcxl_change *change), void *ctx)
{
	struct swcxl_cursor cursor = {0};
	struct swcxl_change change;

	while (swcxl_save_next(dev, &cursor, &change))
		emit(ctx, &change);
}

uint64_t swcxl_changes(const struct swcxl_dev *dev)
{
	return dev->changes;
}

/* ---- applying ---- */

static uint8_t replace(uint8_t old, void *arg)
{
	(void)old;
	return *(uint8_t *)arg;
}

static int apply_poison(struct swcxl_dev *dev, uint64_t line, uint64_t lines, uint8_t attr)
{
	const uint8_t known_bits =
		SWCXL_ATTR_POISON | SWCXL_ATTR_SOURCE | SWCXL_ATTR_KNOWN | SWCXL_ATTR_PERMANENT;

	if (attr & ~known_bits || (attr && !(attr & SWCXL_ATTR_POISON)))
		return -EINVAL;
	/* a device may hold more ranges than its limit: what it finds by itself always goes in */
	return media_transform(&dev->media, line, lines, replace, &attr, false) ? 0 : -ENOMEM;
}

static int apply_list(struct swcxl_dev *dev, uint64_t start, uint64_t lines, uint8_t attr)
{
	struct ranges *records = &dev->list.record;
	uint64_t line = start, end = start + lines;
	struct range piece;

	if (attr & ~(SWCXL_ATTR_POISON | SWCXL_ATTR_SOURCE) ||
	    (attr && !(attr & SWCXL_ATTR_POISON)))
		return -EINVAL;
	if (!ranges_reserve_cut(records, start, lines))
		return -ENOMEM;
	ranges_cut(records, start, lines);
	while (attr && ranges_piece(records, &line, end, &piece)) {
		if (!ranges_reserve_put(records, piece.start, piece.len))
			return -ENOMEM;
		ranges_put(records, piece.start, piece.len, attr);
	}
	if (ranges_count(records) <= dev->config.poison_list_max)
		return 0;
	ranges_cut(records, start, lines);
	return -EINVAL;
}

static int apply_content(struct swcxl_dev *dev, uint64_t line, uint64_t lines, const uint8_t *data)
{
	if (!data) {
		content_erase(&dev->media, line, lines);
		return 0;
	}
	if (!content_reserve(&dev->media, line, data, lines))
		return -ENOMEM;
	for (uint64_t i = 0; i < lines; i++)
		content_write(&dev->media, line + i, data + i * SWCXL_LINE);
	return 0;
}

static int apply_media(struct swcxl_dev *dev, const struct swcxl_change *c)
{
	uint64_t line = c->start / SWCXL_LINE, lines = c->length / SWCXL_LINE;

	if (!swcxl_in_range(dev, c->start, c->length) || (c->start | c->length) % SWCXL_LINE)
		return -EINVAL;
	switch (c->kind) {
	case SWCXL_CHANGE_POISON:
		return apply_poison(dev, line, lines, c->attr);
	case SWCXL_CHANGE_LIST:
		return apply_list(dev, line, lines, c->attr);
	default:
		return apply_content(dev, line, lines, c->data);
	}
}

static int apply(struct swcxl_dev *dev, const struct swcxl_change *c)
{
	switch (c->kind) {
	case SWCXL_CHANGE_POISON:
	case SWCXL_CHANGE_LIST:
	case SWCXL_CHANGE_CONTENT:
		return apply_media(dev, c);
	case SWCXL_CHANGE_OVERFLOW:
		if (c->attr > 1 || (!c->attr && c->value))
			return -EINVAL;
		dev->list.overflowed = c->attr;
		dev->list.overflow_timestamp = c->value;
		return 0;
	case SWCXL_CHANGE_LSA:
		if (!range_fits(c->start, c->length, dev->config.lsa_size) || !c->data)
			return -EINVAL;
		memcpy(dev->lsa + c->start, c->data, c->length);
		return 0;
	case SWCXL_CHANGE_EVENT:
	case SWCXL_CHANGE_EVENT_CLEAR:
	case SWCXL_CHANGE_EVENT_LOST:
		return c->log < SWCXL_LOGS ? event_apply(dev, c) : -EINVAL;
	case SWCXL_CHANGE_SETTING:
		return kept_apply(dev, c);
	case SWCXL_CHANGE_EXTENT:
		return dc_apply(dev, c);
	}
	return -EINVAL;
}

int swcxl_apply(struct swcxl_dev *dev, const struct swcxl_change *change)
{
	int err;

	dev->applying = true;
	err = apply(dev, change);
	dev->applying = false;
	return err;
}

/* ---- another one's ---- */

int swcxl_twin(const struct swcxl_dev *dev, struct swcxl_dev **twin)
{
	const struct swcxl_host host = {.ctx = dev->host.ctx, .realloc = dev->host.realloc};

	return swcxl_new(&dev->config, &host, twin);
}

#define EXCHANGE(a, b)                    \
	do {                              \
		__typeof__(a) was_ = (a); \
		(a) = (b);                \
		(b) = was_;               \
	} while (0)

/* What a map knows of the device that it is in. */
static void belong(struct swcxl_dev *dev)
{
	dev->media.poison.tree.mem = &dev->mem;
	dev->media.poison.bounds.ctx = &dev->dpa;
	dev->media.content.mem = &dev->mem;
	dev->media.ctx = dev;
	dev->list.record.tree.mem = &dev->mem;
	dev->list.record.bounds.ctx = &dev->dpa;
}

/*
 * All that swcxl_apply() touches changes places. The loss of power before that ends what goes on
 * and makes registers as they are in the beginning; it is the old state that it judges and loses.
 * Of the new one nothing is lost, and what follows from it is made anew.
 */
void swcxl_adopt(struct swcxl_dev *dev, struct swcxl_dev *from)
{
	assert(swcxl_capacity(dev) == swcxl_capacity(from));
	dev->applying = true;
	swcxl_reset(dev, SWCXL_RESET_COLD);
	EXCHANGE(dev->dpa, from->dpa);
	EXCHANGE(dev->dc, from->dc);
	EXCHANGE(dev->media, from->media);
	EXCHANGE(dev->list, from->list);
	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		EXCHANGE(dev->log[i], from->log[i]);
	EXCHANGE(dev->lsa, from->lsa);
	EXCHANGE(dev->kept, from->kept);
	EXCHANGE(dev->security, from->security);
	belong(dev);
	belong(from);
	config_space_reset(dev);
	scrub_configure(dev);
	repair_wanted(dev);
	device_deadline(dev);
	dev->applying = false;
	dev->changes++;
}
