/* SPDX-License-Identifier: MIT */
/* The table of extents, and lists of ranges beside it: sorted arrays, searched by halves. */
#include "core/dc.h"

#include <assert.h>
#include <string.h>

#include "base/util.h"

unsigned dc_at(const struct dc_table *table, uint64_t line)
{
	unsigned low = 0, high = table->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (dc_end(&table->extent[middle]) > line)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool dc_is_tag(const uint8_t tag[static 16])
{
	static const uint8_t none[16];

	return memcmp(tag, none, sizeof(none)) != 0;
}

void dc_remove(struct dc_table *table, unsigned i)
{
	table->count--;
	memmove(&table->extent[i], &table->extent[i + 1],
		(table->count - i) * sizeof(table->extent[0]));
}

void dc_insert(struct dc_table *table, const struct dc_extent *extent)
{
	unsigned i = dc_at(table, extent->start);

	assert(table->count < ARRAY_SIZE(table->extent));
	memmove(&table->extent[i + 1], &table->extent[i],
		(table->count - i) * sizeof(table->extent[0]));
	table->extent[i] = *extent;
	table->count++;
}

void dc_cut(struct dc_table *table, uint64_t start, uint64_t len)
{
	uint64_t end = start + len;
	unsigned i = dc_at(table, start);

	while (i < table->count && table->extent[i].start < end) {
		struct dc_extent old = table->extent[i], part = old;

		if (old.referenced) {
			table->extent[i++].state = SWCXL_DC_HELD;
			continue;
		}
		dc_remove(table, i);
		if (old.start < start) {
			part.len = start - old.start;
			dc_insert(table, &part);
			i++;
		}
		if (dc_end(&old) > end) {
			part.start = end;
			part.len = dc_end(&old) - end;
			dc_insert(table, &part);
			i++;
		}
	}
}

/* Different tags. */
unsigned dc_tags(const struct dc_table *table)
{
	unsigned n = 0;

	for (unsigned i = 0; i < table->count; i++) {
		const uint8_t *tag = table->extent[i].tag;
		unsigned first = 0;

		if (!dc_is_tag(tag))
			continue;
		while (memcmp(table->extent[first].tag, tag, 16) != 0)
			first++;
		n += first == i;
	}
	return n;
}

/* ---- ranges, and what of extents lies in them ---- */

struct dc_walk dc_walk(const struct dc_table *table, const struct range *range, size_t ranges,
		       enum swcxl_dc_state state)
{
	return (struct dc_walk){.table = table, .range = range, .ranges = ranges, .state = state};
}

bool dc_part(struct dc_walk *walk, const struct dc_extent **of, struct range *part)
{
	for (; walk->at < walk->ranges; walk->at++, walk->line = 0) {
		const struct range *r = &walk->range[walk->at];
		uint64_t line = MAX(walk->line, r->start);
		unsigned i = dc_at(walk->table, line);

		for (; line < range_end(r) && i < walk->table->count; i++) {
			const struct dc_extent *e = &walk->table->extent[i];

			if (e->start >= range_end(r))
				break;
			if (e->state != walk->state)
				continue;
			part->start = MAX(e->start, r->start);
			part->len = MIN(dc_end(e), range_end(r)) - part->start;
			walk->line = range_end(part);
			*of = e;
			return true;
		}
	}
	return false;
}

/* The first that ends after a line. */
static unsigned part_at(const struct dc_parts *parts, uint64_t line)
{
	unsigned low = 0, high = parts->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (range_end(&parts->entry[middle]) > line)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool dc_overlaps(const struct dc_parts *parts, const struct range *r)
{
	unsigned i = part_at(parts, r->start);

	return i < parts->count && parts->entry[i].start < range_end(r);
}

void dc_put(struct dc_parts *parts, const struct range *r)
{
	unsigned i = part_at(parts, r->start);

	memmove(&parts->entry[i + 1], &parts->entry[i],
		(parts->count - i) * sizeof(parts->entry[0]));
	parts->entry[i] = *r;
	parts->count++;
}

bool dc_covers(const struct dc_parts *parts, uint64_t start, uint64_t len)
{
	uint64_t line = start, end = start + len;

	for (unsigned i = part_at(parts, start); line < end && i < parts->count; i++) {
		if (parts->entry[i].start > line)
			return false;
		line = range_end(&parts->entry[i]);
	}
	return line >= end;
}
