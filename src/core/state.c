/* SPDX-License-Identifier: MIT */
/*
 * State that outlives power, as a stream of changes. Saving emits the changes that lead from a
 * fresh device to this one; applying takes such changes, or those that came out as they happened,
 * into a fresh device. So there is one format, and one test shows both complete.
 */
#include <errno.h>

#include "core/cci.h"

typedef void emit_fn(void *ctx, const struct swcxl_change *change);

static void save_ranges(const struct ranges *map, enum swcxl_change_kind kind, emit_fn *emit,
			void *ctx)
{
	struct ranges_walk walk = ranges_walk(map, 0);
	struct range r;

	while (ranges_step(&walk, &r))
		emit(ctx, &(struct swcxl_change){.kind = kind,
						 .start = r.start * SWCXL_LINE,
						 .length = r.len * SWCXL_LINE,
						 .attr = r.attr});
}

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

static void save_content(const struct swcxl_dev *dev, emit_fn *emit, void *ctx)
{
	uint8_t data[SWCXL_LINE];

	for (uint64_t line = 0; content_next(&dev->media, line, &line); line++) {
		struct swcxl_change change = content_change(dev, line, 1, data);

		content_read(&dev->media, line, data);
		emit(ctx, &change);
	}
}

void swcxl_save(const struct swcxl_dev *dev, emit_fn *emit, void *ctx)
{
	kept_save(dev, emit, ctx);
	save_ranges(&dev->media.poison, SWCXL_CHANGE_POISON, emit, ctx);
	save_ranges(&dev->list.record, SWCXL_CHANGE_LIST, emit, ctx);
	emit(ctx, &(struct swcxl_change){.kind = SWCXL_CHANGE_OVERFLOW,
					 .attr = dev->list.overflowed,
					 .value = dev->list.overflow_timestamp});
	save_content(dev, emit, ctx);
	if (dev->lsa)
		emit(ctx, &(struct swcxl_change){.kind = SWCXL_CHANGE_LSA,
						 .length = dev->config.lsa_size,
						 .data = dev->lsa});
	dc_save(dev, emit, ctx);
	event_save(dev, emit, ctx);
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
