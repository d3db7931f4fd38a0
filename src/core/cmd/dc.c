/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity, the host's side: CXL r3.2 8.2.10.9.9. Rules A and B: docs/RULES.md.
 *
 * A response or a release may come in several payloads. Each is checked with those before it; the
 * last one is when something happens, and then all of it does.
 */
#include "core/cci.h"
#include "wire/dc.h"

/* ---- 4800h, 4801h ---- */

/* Revision 3.0 ends behind the regions. */
static size_t counters_size(const struct swcxl_dev *dev)
{
	return dev->config.revision >= SWCXL_CXL_3_1 ? sizeof(struct dc_counters) : 0;
}

static void put_region(const struct swcxl_dev *dev, unsigned i, struct dc_region *out)
{
	struct swcxl_dc_region region;

	swcxl_dc_region_get(dev, i, &region);
	wr(&out->base, region.start);
	wr(&out->decode_length,
	   dev->config.dc_decode_bytes ? region.length : region.length / SWCXL_CAPACITY_UNIT);
	wr(&out->length, region.length);
	wr(&out->block_size, region.block_size);
	wr(&out->handle, region.handle);
	out->flags = region.flags & SWCXL_DC_SANITIZE ? DC_REGION_SANITIZE : 0;
}

enum swcxl_rc cmd_get_dc_config(struct swcxl_dev *dev, struct call *call,
				const struct get_dc_config_in *in, struct get_dc_config_out *out)
{
	size_t tail = counters_size(dev), fit = (call->more.cap - tail) / sizeof(struct dc_region);
	struct dc_counters counters = dc_counters(dev);
	unsigned regions = dev->config.dc_regions, n;

	if (in->start >= regions)
		return SWCXL_INVALID_INPUT;
	n = (unsigned)MIN(MIN(in->count, regions - in->start), fit);
	for (unsigned i = 0; i < n; i++)
		put_region(dev, in->start + i,
			   sink_must_add(&call->more, sizeof(struct dc_region)));
	if (tail)
		memcpy(sink_must_add(&call->more, tail), &counters, tail);
	out->available = (uint8_t)regions;
	out->count = (uint8_t)n;
	return SWCXL_SUCCESS;
}

static void put_extent(const struct dc_extent *e, struct dc_extent_data *out)
{
	wr(&out->start, e->start * SWCXL_LINE);
	wr(&out->length, e->len * SWCXL_LINE);
	memcpy(out->tag, e->tag, sizeof(out->tag));
	wr(&out->sequence, e->sequence);
}

/* Extents that the host has, those among them that it is asked to release (DC-4). */
enum swcxl_rc cmd_get_dc_extent_list(struct swcxl_dev *dev, struct call *call,
				     const struct get_dc_extent_list_in *in,
				     struct get_dc_extent_list_out *out)
{
	uint32_t start = rd(in->start), count = rd(in->count), total = 0, n = 0;
	const struct dc_table *table = dev->dc->table;

	for (unsigned i = 0; i < table->count; i++)
		total += table->extent[i].state == SWCXL_DC_ADDED;
	if (start > total)
		return SWCXL_INVALID_INPUT;
	for (unsigned i = 0, seen = 0; i < table->count && n < count; i++) {
		struct dc_extent_data *extent;

		if (table->extent[i].state != SWCXL_DC_ADDED || seen++ < start)
			continue;
		extent = sink_add(&call->more, sizeof(*extent));
		if (!extent)
			break;
		put_extent(&table->extent[i], extent);
		n++;
	}
	wr(&out->count, n);
	wr(&out->total, total);
	wr(&out->generation, dev->dc->generation);
	return SWCXL_SUCCESS;
}

/* ---- payloads that belong together ---- */

void dc_before_command(struct swcxl_cci *cci, unsigned opcode)
{
	if (cci->answer && cci->answer->opcode != opcode)
		cci->answer->opcode = 0;
}

void dc_after_command(struct swcxl_cci *cci, enum swcxl_rc rc)
{
	if (cci->answer && rc)
		cci->answer->opcode = 0;
}

/* One entry joins those that have come (A-5, B-2, and the first half of A-4 and B-1). */
static enum swcxl_rc take_entry(const struct swcxl_dev *dev, const struct dc_update_entry *entry,
				struct dc_parts *parts)
{
	uint64_t start = rd(entry->start), length = rd(entry->length);
	struct range r = {.start = start / SWCXL_LINE, .len = length / SWCXL_LINE};

	if (!length || (start | length) % dev->config.dc_block_size)
		return SWCXL_INVALID_EXTENT_LIST;
	if (!swcxl_in_range(dev, start, length) || r.start < dev->dpa.static_top)
		return SWCXL_INVALID_PHYSICAL_ADDRESS;
	if (dc_overlaps(parts, &r))
		return SWCXL_INVALID_EXTENT_LIST;
	if (parts->count == DC_EXTENTS_MAX)
		return SWCXL_RESOURCES_EXHAUSTED;
	dc_put(parts, &r);
	return SWCXL_SUCCESS;
}

static bool reserved_set(const struct dc_update_in *in, const struct span *entries, bool chains)
{
	uint64_t set = le_load(in->reserved, sizeof(in->reserved)) |
		       (in->flags & ~(chains ? DC_UPDATE_MORE : 0u));

	for (size_t i = 0; i < entries->len; i += sizeof(struct dc_update_entry)) {
		const struct dc_update_entry *entry = (const void *)(entries->p + i);

		set |= le_load(entry->reserved, sizeof(entry->reserved));
	}
	return set;
}

static bool length_ok(const struct call *call, const struct dc_update_in *in)
{
	return call->data.len == rd(in->count) * (uint64_t)sizeof(struct dc_update_entry);
}

/* The entries of a payload join those before it; *parts: all of them, until the next command. */
static enum swcxl_rc collect(struct swcxl_dev *dev, struct call *call, uint16_t opcode,
			     const struct dc_update_in *in, const struct dc_parts **parts,
			     bool *more)
{
	bool chains = dev->config.revision >= SWCXL_CXL_3_1;
	struct dc_answer *answer = call->cci->answer;
	enum swcxl_rc rc = SWCXL_SUCCESS;

	if (!reserved_ok(dev, reserved_set(in, &call->data, chains)))
		return SWCXL_INVALID_INPUT;
	if (!answer)
		answer = call->cci->answer = mem_zalloc(&dev->mem, sizeof(*answer));
	if (!answer)
		return SWCXL_INTERNAL_ERROR;
	if (!answer->opcode)
		answer->parts.count = 0;
	for (size_t i = 0; i < call->data.len && !rc; i += sizeof(struct dc_update_entry))
		rc = take_entry(dev, (const void *)(call->data.p + i), &answer->parts);
	*more = chains && in->flags & DC_UPDATE_MORE;
	*parts = &answer->parts;
	answer->opcode = *more ? opcode : 0;
	return rc;
}

/* ---- 4802h ---- */

/* The pending extent of the group that a part lies in, or NULL. */
static const struct dc_extent *offered(const struct dc_table *table, uint32_t group,
				       const struct range *part)
{
	unsigned i = dc_at(table, part->start);
	const struct dc_extent *e = &table->extent[i];

	return i < table->count && e->start <= part->start && range_end(part) <= dc_end(e) &&
			       e->state == SWCXL_DC_PENDING && e->group == group
		       ? e
		       : NULL;
}

static bool is_of(const struct dc_extent *e, const struct dc_group *group)
{
	return e->state == SWCXL_DC_PENDING && e->group == group->number;
}

/* A-4; and, once all has come, A-3: shared capacity is accepted as a whole, or not at all. */
static enum swcxl_rc check_response(const struct swcxl_dev *dev, const struct dc_parts *parts,
				    bool last)
{
	const struct dc_table *table = dev->dc->table;
	const struct dc_group *group = &dev->dc->group[0];

	for (unsigned i = 0; i < parts->count; i++)
		if (!offered(table, group->number, &parts->entry[i]))
			return SWCXL_INVALID_PHYSICAL_ADDRESS;
	for (unsigned i = 0; i < table->count && last && parts->count; i++) {
		const struct dc_extent *e = &table->extent[i];

		if (is_of(e, group) && dc_flags(dev, e->start) & SWCXL_DC_SHARABLE &&
		    !dc_covers(parts, e->start, e->len))
			return SWCXL_INVALID_EXTENT_LIST;
	}
	return SWCXL_SUCCESS;
}

static void add(const struct dc *dc, struct dc_extent *e)
{
	e->state = SWCXL_DC_ADDED;
	e->since = dc->answers;
	e->sanitize = false;
}

/* The draft has what is accepted instead of what was offered. Shared capacity keeps its extents,
 * however they are named. False: too many. */
static bool accept(struct swcxl_dev *dev, const struct dc_parts *parts)
{
	const struct dc_table *table = dev->dc->table;
	struct dc_table *draft = dc_edit(dev);
	struct dc_group group = dev->dc->group[0];

	if (parts->count && dc_flags(dev, parts->entry[0].start) & SWCXL_DC_SHARABLE) {
		for (unsigned i = 0; i < draft->count; i++)
			if (is_of(&draft->extent[i], &group))
				add(dev->dc, &draft->extent[i]);
		return true;
	}
	dc_group_end(dev, &group, false);
	for (unsigned i = 0; i < parts->count; i++) {
		struct dc_extent e = *offered(table, group.number, &parts->entry[i]);

		e.start = parts->entry[i].start;
		e.len = parts->entry[i].len;
		add(dev->dc, &e);
		dc_insert(draft, &e);
	}
	return dc_check(dev, draft) == SWCXL_DC_OK;
}

/* What became of what was offered; before: the table as it was. */
static void tell(struct swcxl_dev *dev, const struct dc_table *before, uint32_t group)
{
	const struct dc_table *now = dev->dc->table;

	for (unsigned i = 0; i < before->count; i++) {
		const struct dc_extent *e = &before->extent[i];
		uint64_t line = e->start, end = dc_end(e);

		while (e->state == SWCXL_DC_PENDING && e->group == group && line < end) {
			unsigned n = dc_at(now, line);
			const struct dc_extent *a = n < now->count ? &now->extent[n] : NULL;
			bool inside = a && a->start <= line;
			bool added = inside && a->state == SWCXL_DC_ADDED;
			uint64_t stop = !a ? end : MIN(end, inside ? a->start + a->len : a->start);

			dc_tell(dev, e, line, stop - line,
				added ? SWCXL_DC_ACCEPTED : SWCXL_DC_REFUSED);
			line = stop;
		}
	}
}

/* An error leaves the group to be answered again; a dead one has its answer with any. */
enum swcxl_rc cmd_add_dc_response(struct swcxl_dev *dev, struct call *call,
				  const struct dc_update_in *in, struct none *out)
{
	const struct dc_parts *parts;
	enum swcxl_rc rc;
	bool more;

	(void)out;
	if (!length_ok(call, in))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (!dev->dc->groups)
		return SWCXL_INVALID_INPUT; /* */
	rc = collect(dev, call, 0x48 << 8 | 0x02, in, &parts, &more);
	if (!rc)
		rc = check_response(dev, parts, !more);
	if (rc == SWCXL_INVALID_PHYSICAL_ADDRESS && dev->dc->group[0].dead)
		dc_group_pop(dev);
	if (rc || more)
		return rc;
	dev->dc->answers++;
	if (!accept(dev, parts))
		return SWCXL_RESOURCES_EXHAUSTED;
	dc_commit(dev, false);
	tell(dev, dev->dc->draft, dev->dc->group[0].number);
	dc_group_pop(dev);
	device_deadline(dev);
	return SWCXL_SUCCESS;
}

/* ---- 4803h ---- */

/* B-1; and, once all has come, B-2. */
static enum swcxl_rc check_release(const struct swcxl_dev *dev, const struct dc_parts *parts,
				   bool last)
{
	for (unsigned i = 0; i < parts->count; i++)
		if (!dc_reaches(dev, DC_HAS, parts->entry[i].start, parts->entry[i].len))
			return SWCXL_INVALID_PHYSICAL_ADDRESS;
	return last && dc_splits_shared(dev, parts) ? SWCXL_INVALID_EXTENT_LIST : SWCXL_SUCCESS;
}

static void tell_released(struct swcxl_dev *dev, const struct dc_parts *parts)
{
	struct dc_walk walk = dc_walk(dev->dc->draft, parts->entry, parts->count, SWCXL_DC_ADDED);
	const struct dc_extent *of;
	struct range part;

	while (dc_part(&walk, &of, &part))
		dc_tell(dev, of, part.start, part.len, SWCXL_DC_RELEASED);
}

enum swcxl_rc cmd_release_dc(struct swcxl_dev *dev, struct call *call,
			     const struct dc_update_in *in, struct none *out)
{
	const struct dc_parts *parts;
	struct dc_table *draft;
	enum swcxl_rc rc;
	bool more;

	(void)out;
	if (!length_ok(call, in))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (!rd(in->count))
		return SWCXL_INVALID_INPUT;
	rc = collect(dev, call, 0x48 << 8 | 0x03, in, &parts, &more);
	if (!rc)
		rc = check_release(dev, parts, !more);
	if (rc || more)
		return rc;
	draft = dc_edit(dev);
	for (unsigned i = 0; i < parts->count; i++)
		dc_cut(draft, parts->entry[i].start, parts->entry[i].len);
	if (dc_check(dev, draft))
		return SWCXL_RESOURCES_EXHAUSTED; /* B-3 */
	dc_commit(dev, false);
	tell_released(dev, parts);
	return SWCXL_SUCCESS;
}
