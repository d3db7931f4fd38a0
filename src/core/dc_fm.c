/* SPDX-License-Identifier: MIT */
/*
 * The fabric manager's side of dynamic capacity (CXL r3.2 7.6.7.6.5 to .8): it offers free capacity
 * to the host, asks for it back or takes it, and keeps shared capacity by reference.
 *
 * One who is refused has changed nothing: checks come first, then the draft, and at last, when the
 * event log has room for all of its records, the commit.
 */
#include "core/dc.h"
#include "core/device.h"

static const struct {
	enum swcxl_rc rc;
	const char *text;
} errors[] = {
	[SWCXL_DC_OK] = {SWCXL_SUCCESS, NULL},
#define DC_ERROR(id, rc, text) [SWCXL_DC_E_##id] = {SWCXL_##rc, text},
#include "swcxl/dc_errors.tbl.h"
};

const char *swcxl_dc_error_text(enum swcxl_dc_error error)
{
	return errors[error].text;
}

enum swcxl_rc swcxl_dc_error_rc(enum swcxl_dc_error error)
{
	return errors[error].rc;
}

/* ---- records ---- */

/* Before 3.1 a record knows no other, and every extent is an event of its own. */
static bool has_chains(const struct swcxl_dev *dev)
{
	return dev->config.revision >= SWCXL_CXL_3_1;
}

static void add_record(struct swcxl_dev *dev, uint8_t type, const struct dc_extent *of,
		       const struct range *piece, bool more)
{
	struct dc_event event = {.type = type, .region = (uint8_t)dc_region_of(dev, piece->start)};
	struct dc_counters counters = dc_counters(dev);

	wr(&event.extent.start, piece->start * SWCXL_LINE);
	wr(&event.extent.length, piece->len * SWCXL_LINE);
	memcpy(event.extent.tag, of->tag, sizeof(of->tag));
	wr(&event.extent.sequence, of->sequence);
	if (has_chains(dev)) {
		event.flags = more ? DC_EVENT_MORE : 0;
		event.validity = DC_EVENT_COUNTERS_VALID;
		event.extents_available = counters.extents_available;
		event.tags_available = counters.tags_available;
	}
	event_add(dev, SWCXL_LOG_DYNAMIC_CAPACITY, EVENT_TYPE_DYNAMIC_CAPACITY, 0, &event,
		  sizeof(event));
}

static unsigned count_parts(struct dc_walk walk)
{
	const struct dc_extent *of;
	struct range part;
	unsigned n = 0;

	while (dc_part(&walk, &of, &part))
		n++;
	return n;
}

/* What is taken goes without the records that have no room: then the last that has is the last of
 * its chain, or the next event's would belong to it. */
static void add_records(struct swcxl_dev *dev, uint8_t type, struct dc_walk walk)
{
	unsigned left = count_parts(walk);
	const struct dc_extent *of;
	struct range part;

	while (dc_part(&walk, &of, &part)) {
		left--;
		add_record(dev, type, of, &part,
			   left && event_room(dev, SWCXL_LOG_DYNAMIC_CAPACITY, 2));
	}
}

/* ---- what both have ---- */

static enum swcxl_dc_error check_target(const struct swcxl_dev *dev, unsigned host, unsigned region)
{
	if (!dev->dc)
		return SWCXL_DC_E_NO_REGIONS;
	if (host)
		return SWCXL_DC_E_BAD_HOST;
	return region < dev->config.dc_regions ? SWCXL_DC_OK : SWCXL_DC_E_BAD_REGION;
}

static uint64_t region_lines(const struct swcxl_dev *dev)
{
	return dev->config.dc_region_size / SWCXL_LINE;
}

static uint64_t region_start(const struct swcxl_dev *dev, unsigned region)
{
	return dev->dpa.static_top + region * region_lines(dev);
}

/* Is anything of a range in that state? */
static bool any(const struct swcxl_dev *dev, const struct range *r, enum swcxl_dc_state state)
{
	return count_parts(dc_walk(dev->dc->table, r, 1, state));
}

typedef enum swcxl_dc_error range_check(const struct swcxl_dev *dev, const struct range *r);

/* Ranges that are named, as lines: each is good by itself, none overlaps another, and check() has
 * nothing against it. The first that is wrong decides, as in QEMU. */
static enum swcxl_dc_error take_ranges(const struct swcxl_dev *dev, unsigned region,
				       const struct swcxl_dc_range *in, size_t n,
				       range_check *check, struct dc_parts *out)
{
	out->count = 0;
	for (size_t i = 0; i < n; i++) {
		enum swcxl_dc_error error;
		struct range r = {.start = region_start(dev, region) + in[i].offset / SWCXL_LINE,
				  .len = in[i].length / SWCXL_LINE};

		if (!in[i].length)
			return SWCXL_DC_E_EMPTY;
		if ((in[i].offset | in[i].length) % dev->config.dc_block_size)
			return SWCXL_DC_E_MISALIGNED;
		if (!range_fits(in[i].offset, in[i].length, dev->config.dc_region_size))
			return SWCXL_DC_E_BEYOND;
		if (dc_overlaps(out, &r))
			return SWCXL_DC_E_OVERLAP;
		error = check(dev, &r);
		if (error)
			return error;
		if (out->count == DC_EXTENTS_MAX)
			return SWCXL_DC_E_TOO_MANY;
		dc_put(out, &r);
	}
	return SWCXL_DC_OK;
}

/* ---- adding ---- */

static enum swcxl_dc_error check_free(const struct swcxl_dev *dev, const struct range *r)
{
	if (any(dev, r, SWCXL_DC_ADDED))
		return SWCXL_DC_E_ALREADY_ADDED;
	if (any(dev, r, SWCXL_DC_PENDING))
		return SWCXL_DC_E_STILL_PENDING;
	return any(dev, r, SWCXL_DC_HELD) ? SWCXL_DC_E_STILL_HELD : SWCXL_DC_OK;
}

/* The free stretches of a region, from the lowest on; whole: one that is as long as that. */
static enum swcxl_dc_error select_free(const struct swcxl_dev *dev, unsigned region, uint64_t lines,
				       bool whole, struct dc_parts *out)
{
	const struct dc_table *table = dev->dc->table;
	uint64_t line = region_start(dev, region), end = line + region_lines(dev), left = lines;

	out->count = 0;
	for (unsigned i = dc_at(table, line); left && line < end; i++) {
		const struct dc_extent *e = i < table->count ? &table->extent[i] : NULL;
		uint64_t stop = e ? MIN(e->start, end) : end;
		struct range r = {.start = line, .len = MIN(stop - line, left)};

		line = e ? dc_end(e) : end;
		if (!r.len || (whole && r.len < left))
			continue;
		if (out->count == DC_EXTENTS_MAX)
			return SWCXL_DC_E_TOO_MANY;
		dc_put(out, &r);
		left -= r.len;
	}
	if (!left)
		return SWCXL_DC_OK;
	return whole ? SWCXL_DC_E_NO_STRETCH : SWCXL_DC_E_NO_SPACE;
}

static enum swcxl_dc_error select_ranges(const struct swcxl_dev *dev,
					 const struct swcxl_dc_add *add, struct dc_parts *out)
{
	switch (add->selection) {
	case SWCXL_DC_SELECT_PRESCRIPTIVE:
		return take_ranges(dev, add->region, add->range, add->ranges, check_free, out);
	case SWCXL_DC_SELECT_FREE:
	case SWCXL_DC_SELECT_CONTIGUOUS:
		if (!add->length)
			return SWCXL_DC_E_EMPTY;
		if (add->length % dev->config.dc_block_size)
			return SWCXL_DC_E_MISALIGNED;
		return select_free(dev, add->region, add->length / SWCXL_LINE,
				   add->selection == SWCXL_DC_SELECT_CONTIGUOUS, out);
	default:
		return SWCXL_DC_E_BAD_POLICY;
	}
}

static bool is_sharable(const struct swcxl_dev *dev, unsigned region)
{
	return dev->config.dc_flags[region] & SWCXL_DC_SHARABLE;
}

/* Shared capacity is known by its tag, which it has alone; other tags are only labels. */
static enum swcxl_dc_error check_tag(const struct swcxl_dev *dev, unsigned region,
				     const uint8_t tag[static 16])
{
	const struct dc_table *table = dev->dc->table;
	bool sharable = is_sharable(dev, region);

	if (!dc_is_tag(tag))
		return sharable ? SWCXL_DC_E_NO_TAG : SWCXL_DC_OK;
	for (unsigned i = 0; i < table->count; i++)
		if (!memcmp(table->extent[i].tag, tag, 16) &&
		    (sharable || dc_flags(dev, table->extent[i].start) & SWCXL_DC_SHARABLE))
			return SWCXL_DC_E_TAG_IN_USE;
	return SWCXL_DC_OK;
}

/* A new group, for the extents that are pending next. */
static uint32_t open_group(struct swcxl_dev *dev)
{
	struct dc *dc = dev->dc;

	dc->group[dc->groups++] = (struct dc_group){
		.number = ++dc->last_group,
		.due_ns = time_add(dev->now_ns, dev->config.dc_host_timeout_ns),
	};
	return dc->last_group;
}

/* The draft offers these extents: they are pending, and the host will be told. */
static enum swcxl_dc_error offer(struct swcxl_dev *dev, const struct dc_parts *parts)
{
	enum swcxl_dc_error error = dc_check(dev, dev->dc->draft);
	uint32_t group = 0;

	if (error)
		return error;
	if (dev->dc->groups + (has_chains(dev) ? 1 : parts->count) > DC_EXTENTS_MAX)
		return SWCXL_DC_E_TOO_MANY; /* dead ones of held capacity */
	if (!event_room(dev, SWCXL_LOG_DYNAMIC_CAPACITY, parts->count))
		return SWCXL_DC_E_LOG_FULL;
	for (unsigned i = 0; i < parts->count; i++) {
		struct dc_table *draft = dev->dc->draft;

		if (!i || !has_chains(dev))
			group = open_group(dev);
		draft->extent[dc_at(draft, parts->entry[i].start)].group = group;
	}
	dc_commit(dev, false);
	add_records(dev, DC_EVENT_ADD,
		    dc_walk(dev->dc->table, parts->entry, parts->count, SWCXL_DC_PENDING));
	return SWCXL_DC_OK;
}

/* What has the tag already is offered: enable shared access. */
static enum swcxl_dc_error add_shared(struct swcxl_dev *dev, const struct swcxl_dc_add *add)
{
	struct dc_table *draft = dc_edit(dev);
	struct dc_parts *parts = &dev->dc->parts;

	if (!dc_is_tag(add->tag))
		return SWCXL_DC_E_NO_TAG;
	if (!is_sharable(dev, add->region))
		return SWCXL_DC_E_NOT_SHARABLE;
	parts->count = 0;
	for (unsigned i = 0; i < draft->count; i++) {
		struct dc_extent *e = &draft->extent[i];

		if (memcmp(e->tag, add->tag, sizeof(e->tag)) != 0)
			continue;
		if (!(dc_flags(dev, e->start) & SWCXL_DC_SHARABLE))
			return SWCXL_DC_E_NOT_SHARABLE;
		if (e->state != SWCXL_DC_HELD)
			return SWCXL_DC_E_HAS_ACCESS;
		e->state = SWCXL_DC_PENDING;
		dc_put(parts, &(struct range){.start = e->start, .len = e->len});
	}
	return parts->count ? offer(dev, parts) : SWCXL_DC_E_UNKNOWN_TAG;
}

/* Shared extents are in the order in which they are named, or else in that of their addresses. */
static uint16_t sequence_of(const struct swcxl_dev *dev, const struct swcxl_dc_add *add,
			    unsigned place, uint64_t start)
{
	uint64_t offset = (start - region_start(dev, add->region)) * SWCXL_LINE;
	unsigned i = 0;

	if (!is_sharable(dev, add->region))
		return 0;
	if (add->selection != SWCXL_DC_SELECT_PRESCRIPTIVE)
		return (uint16_t)place;
	while (add->range[i].offset != offset)
		i++;
	return (uint16_t)i;
}

enum swcxl_dc_error swcxl_dc_add(struct swcxl_dev *dev, const struct swcxl_dc_add *add)
{
	enum swcxl_dc_error error = check_target(dev, add->host, add->region);
	struct dc_parts *parts;
	struct dc_table *draft;

	if (error)
		return error;
	if (add->selection == SWCXL_DC_SELECT_SHARED)
		return add_shared(dev, add);
	parts = &dev->dc->parts;
	error = select_ranges(dev, add, parts);
	if (!error)
		error = check_tag(dev, add->region, add->tag);
	if (error || !parts->count)
		return error;
	draft = dc_edit(dev);
	for (unsigned i = 0; i < parts->count; i++) {
		struct dc_extent e = {.start = parts->entry[i].start,
				      .len = parts->entry[i].len,
				      .state = SWCXL_DC_PENDING};

		memcpy(e.tag, add->tag, sizeof(e.tag));
		e.sequence = sequence_of(dev, add, i, e.start);
		dc_insert(draft, &e);
	}
	return offer(dev, parts);
}

/* ---- releasing ---- */

/* So much of what has the tag in a region, from the lowest on; 0: all of it. */
static enum swcxl_dc_error take_tagged(const struct swcxl_dev *dev,
				       const struct swcxl_dc_release *release, struct dc_parts *out)
{
	uint64_t left = release->length ? release->length / SWCXL_LINE : UINT64_MAX;
	const struct dc_table *table = dev->dc->table;
	bool pending = false;

	out->count = 0;
	if (!dc_is_tag(release->tag))
		return SWCXL_DC_E_NO_TAG;
	if (release->length % dev->config.dc_block_size)
		return SWCXL_DC_E_MISALIGNED;
	for (unsigned i = 0; i < table->count && left; i++) {
		const struct dc_extent *e = &table->extent[i];
		struct range r = {.start = e->start, .len = MIN(e->len, left)};

		if (dc_region_of(dev, e->start) != release->region || e->state == SWCXL_DC_HELD ||
		    memcmp(e->tag, release->tag, sizeof(e->tag)) != 0)
			continue;
		pending |= e->state == SWCXL_DC_PENDING;
		if (e->state == SWCXL_DC_PENDING && !release->forced)
			continue;
		dc_put(out, &r);
		left -= r.len;
	}
	if (!out->count)
		return pending ? SWCXL_DC_E_NOT_YET : SWCXL_DC_E_UNKNOWN_TAG;
	return release->length && left ? SWCXL_DC_E_TOO_MUCH : SWCXL_DC_OK;
}

/* Does the host have all of a range? */
static enum swcxl_dc_error check_there(const struct swcxl_dev *dev, const struct range *r)
{
	if (any(dev, r, SWCXL_DC_PENDING))
		return SWCXL_DC_E_NOT_YET;
	return dc_reaches(dev, DC_HAS, r->start, r->len) ? SWCXL_DC_OK : SWCXL_DC_E_NOT_THERE;
}

/* Forced: has it something of it, or may it have? */
static enum swcxl_dc_error check_something(const struct swcxl_dev *dev, const struct range *r)
{
	return any(dev, r, SWCXL_DC_PENDING) || any(dev, r, SWCXL_DC_ADDED) ? SWCXL_DC_OK
									    : SWCXL_DC_E_NOT_THERE;
}

/* Records first: they say what the host is asked for while it still has it. */
static enum swcxl_dc_error ask(struct swcxl_dev *dev, const struct dc_parts *parts, bool sanitize)
{
	struct dc_walk walk = dc_walk(dev->dc->table, parts->entry, parts->count, SWCXL_DC_ADDED);
	struct dc_walk asked = walk;
	unsigned n = count_parts(walk);
	struct dc *dc = dev->dc;
	const struct dc_extent *of;
	struct range part;

	if (dc->requests + n > DC_EXTENTS_MAX)
		return SWCXL_DC_E_TOO_MANY;
	if (!event_room(dev, SWCXL_LOG_DYNAMIC_CAPACITY, n))
		return SWCXL_DC_E_LOG_FULL;
	while (dc_part(&asked, &of, &part))
		dc->request[dc->requests++] = (struct dc_request){
			.start = part.start,
			.len = part.len,
			.sanitize = sanitize,
			.asked = dc->answers,
			.due_ns = time_add(dev->now_ns, dev->config.dc_host_timeout_ns),
		};
	add_records(dev, DC_EVENT_RELEASE, walk);
	device_deadline(dev);
	return SWCXL_DC_OK;
}

/* Groups of which something pending is taken are dead; their records stay where they are. */
static void kill_groups(struct swcxl_dev *dev, const struct dc_parts *parts)
{
	struct dc_walk walk = dc_walk(dev->dc->table, parts->entry, parts->count, SWCXL_DC_PENDING);
	const struct dc_extent *of;
	struct range part;

	while (dc_part(&walk, &of, &part))
		for (unsigned i = 0; i < dev->dc->groups; i++)
			if (dev->dc->group[i].number == of->group && !dev->dc->group[i].dead)
				dc_group_end(dev, &dev->dc->group[i], true);
}

static enum swcxl_dc_error take(struct swcxl_dev *dev, const struct dc_parts *parts, bool sanitize)
{
	struct dc_table *draft = dc_edit(dev);
	enum swcxl_dc_error error;

	for (unsigned i = 0; i < parts->count; i++) {
		struct dc_walk walk = dc_walk(dev->dc->table, &parts->entry[i], 1, SWCXL_DC_ADDED);
		const struct dc_extent *of;
		struct range part;

		while (dc_part(&walk, &of, &part))
			dc_cut(draft, part.start, part.len);
	}
	error = dc_check(dev, draft);
	if (error)
		return error;
	kill_groups(dev, parts);
	dc_commit(dev, sanitize);
	add_records(dev, DC_EVENT_FORCED_RELEASE,
		    dc_walk(dev->dc->draft, parts->entry, parts->count, SWCXL_DC_ADDED));
	return SWCXL_DC_OK;
}

enum swcxl_dc_error swcxl_dc_release(struct swcxl_dev *dev, const struct swcxl_dc_release *release)
{
	enum swcxl_dc_error error = check_target(dev, release->host, release->region);
	struct dc_parts *parts;

	if (error)
		return error;
	parts = &dev->dc->parts;
	if (release->removal == SWCXL_DC_REMOVE_TAG)
		error = take_tagged(dev, release, parts);
	else if (release->removal == SWCXL_DC_REMOVE_PRESCRIPTIVE)
		error = take_ranges(dev, release->region, release->range, release->ranges,
				    release->forced ? check_something : check_there, parts);
	else
		error = SWCXL_DC_E_BAD_POLICY;
	if (error || !parts->count)
		return error;
	if (dc_splits_shared(dev, parts))
		return SWCXL_DC_E_PART_OF_SHARED;
	return release->forced ? take(dev, parts, release->sanitize)
			       : ask(dev, parts, release->sanitize);
}

/* ---- references ---- */

enum swcxl_dc_error swcxl_dc_reference(struct swcxl_dev *dev, const uint8_t tag[16], bool hold)
{
	enum swcxl_dc_error error = check_target(dev, 0, 0);
	struct dc_table *draft;
	bool found = false;

	if (error)
		return error;
	if (!dc_is_tag(tag))
		return SWCXL_DC_E_NO_TAG;
	draft = dc_edit(dev);
	for (unsigned i = 0; i < draft->count;) {
		struct dc_extent *e = &draft->extent[i];
		bool is = !memcmp(e->tag, tag, sizeof(e->tag)) &&
			  dc_flags(dev, e->start) & SWCXL_DC_SHARABLE;

		found |= is;
		if (is)
			e->referenced = hold;
		if (is && !hold && e->state == SWCXL_DC_HELD)
			dc_cut(draft, e->start, e->len);
		else
			i++;
	}
	if (!found)
		return SWCXL_DC_E_UNKNOWN_TAG;
	dc_commit(dev, false);
	return SWCXL_DC_OK;
}
