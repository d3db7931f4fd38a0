/* SPDX-License-Identifier: MIT */
/* The fabric manager of naive_dc.h. */
#include <assert.h>
#include <string.h>

#include "naive.h"

static enum swcxl_dc_error check_target(const struct naive *m, unsigned host, unsigned region)
{
	if (!m->dc.regions)
		return SWCXL_DC_E_NO_REGIONS;
	if (host != 0)
		return SWCXL_DC_E_BAD_HOST;
	return region >= m->dc.regions ? SWCXL_DC_E_BAD_REGION : SWCXL_DC_OK;
}

static uint64_t region_start(const struct naive *m, unsigned region)
{
	return m->static_top + region * m->dc.region_lines;
}

/* What of a range is in an extent of a state: nothing, something, all? */
static uint64_t lines_in(const struct naive *m, uint64_t start, uint64_t length,
			 enum swcxl_dc_state state)
{
	uint64_t lines = 0;

	for (uint32_t i = 0; i < m->dc.table.n; i++) {
		const struct naive_extent *e = &m->dc.table.extent[i];
		uint64_t a = e->start > start ? e->start : start;
		uint64_t b = e->end < start + length ? e->end : start + length;

		if (e->state == state && a < b)
			lines += b - a;
	}
	return lines;
}

enum purpose { TO_ADD, TO_ASK, TO_TAKE };

static enum swcxl_dc_error check_purpose(const struct naive *m, uint64_t start, uint64_t length,
					 enum purpose purpose)
{
	uint64_t pending = lines_in(m, start, length, SWCXL_DC_PENDING);
	uint64_t added = lines_in(m, start, length, SWCXL_DC_ADDED);
	uint64_t held = lines_in(m, start, length, SWCXL_DC_HELD);

	if (purpose == TO_ADD)
		return added	 ? SWCXL_DC_E_ALREADY_ADDED
		       : pending ? SWCXL_DC_E_STILL_PENDING
		       : held	 ? SWCXL_DC_E_STILL_HELD
				 : SWCXL_DC_OK;
	if (purpose == TO_TAKE)
		return pending || added ? SWCXL_DC_OK : SWCXL_DC_E_NOT_THERE;
	return pending ? SWCXL_DC_E_NOT_YET : added < length ? SWCXL_DC_E_NOT_THERE : SWCXL_DC_OK;
}

/* The first range that is wrong decides. */
static enum swcxl_dc_error take_named(const struct naive *m, unsigned region,
				      const struct swcxl_dc_range *range, size_t n,
				      enum purpose purpose, struct naive_parts *out)
{
	uint64_t size = m->dc.region_lines * 64;

	out->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint64_t start = region_start(m, region) + range[i].offset / 64;
		enum swcxl_dc_error error;

		if (range[i].length == 0)
			return SWCXL_DC_E_EMPTY;
		if (range[i].offset % (m->dc.block * 64) || range[i].length % (m->dc.block * 64))
			return SWCXL_DC_E_MISALIGNED;
		if (range[i].offset > size || range[i].length > size - range[i].offset)
			return SWCXL_DC_E_BEYOND;
		if (naive_overlaps(out, start, range[i].length / 64))
			return SWCXL_DC_E_OVERLAP;
		error = check_purpose(m, start, range[i].length / 64, purpose);
		if (error)
			return error;
		if (out->n == EXTENTS)
			return SWCXL_DC_E_TOO_MANY;
		out->entry[out->n++] = (struct naive_entry){start, range[i].length / 64};
	}
	naive_sort_parts(out);
	return SWCXL_DC_OK;
}

/* Free stretches of a region, the lowest first; or the first that is long enough. */
static enum swcxl_dc_error find_free(const struct naive *m, unsigned region, uint64_t lines,
				     bool contiguous, struct naive_parts *out)
{
	uint64_t line = region_start(m, region), end = line + m->dc.region_lines, next;

	out->n = 0;
	for (; line < end && lines; line = next) {
		uint64_t n;

		next = naive_change(m, &m->dc.table, line);
		n = next - line < lines ? next - line : lines;
		if (naive_extent_at(&m->dc.table, line) || (contiguous && n < lines))
			continue;
		assert(out->n < EXTENTS);
		out->entry[out->n++] = (struct naive_entry){line, n};
		lines -= n;
	}
	if (!lines)
		return SWCXL_DC_OK;
	return contiguous ? SWCXL_DC_E_NO_STRETCH : SWCXL_DC_E_NO_SPACE;
}

static enum swcxl_dc_error select_parts(const struct naive *m, const struct swcxl_dc_add *add,
					struct naive_parts *out)
{
	if (add->selection == SWCXL_DC_SELECT_PRESCRIPTIVE)
		return take_named(m, add->region, add->range, add->ranges, TO_ADD, out);
	if (add->selection != SWCXL_DC_SELECT_FREE && add->selection != SWCXL_DC_SELECT_CONTIGUOUS)
		return SWCXL_DC_E_BAD_POLICY;
	if (!add->length)
		return SWCXL_DC_E_EMPTY;
	if (add->length % (m->dc.block * 64))
		return SWCXL_DC_E_MISALIGNED;
	return find_free(m, add->region, add->length / 64,
			 add->selection == SWCXL_DC_SELECT_CONTIGUOUS, out);
}

static enum swcxl_dc_error check_tag(const struct naive *m, unsigned region, const uint8_t tag[16])
{
	bool sharable = m->dc.flags[region] & SWCXL_DC_SHARABLE;

	if (!naive_is_tag(tag))
		return sharable ? SWCXL_DC_E_NO_TAG : SWCXL_DC_OK;
	for (uint32_t i = 0; i < m->dc.table.n; i++) {
		const struct naive_extent *e = &m->dc.table.extent[i];

		if (naive_same_tag(e->tag, tag) &&
		    (sharable || naive_flags(m, e->start) & SWCXL_DC_SHARABLE))
			return SWCXL_DC_E_TAG_IN_USE;
	}
	return SWCXL_DC_OK;
}

static uint32_t open_group(struct naive *m)
{
	m->dc.group[m->dc.groups++] = (struct naive_group){
		.number = ++m->dc.last_group,
		.due = m->dc.timeout ? m->now + m->dc.timeout : NEVER,
	};
	return m->dc.last_group;
}

static enum swcxl_dc_error offer(struct naive *m, struct naive_table *new,
				 const struct naive_parts *parts)
{
	static struct naive_table old;
	uint32_t group = 0;

	if (naive_extents_used(m, new) > EXTENTS)
		return SWCXL_DC_E_TOO_MANY;
	if (naive_tags_used(new) > TAGS)
		return SWCXL_DC_E_TOO_MANY_TAGS;
	if (m->dc.groups + (m->before_3_1 ? parts->n : 1) > EXTENTS)
		return SWCXL_DC_E_TOO_MANY; /* dead ones, of what is held */
	if (parts->n > m->dc.log_max - m->dc.records)
		return SWCXL_DC_E_LOG_FULL;
	for (uint32_t i = 0; i < parts->n; i++) {
		if (i == 0 || m->before_3_1)
			group = open_group(m);
		for (uint32_t k = 0; k < new->n; k++)
			if (new->extent[k].start == parts->entry[i].start)
				new->extent[k].group = group;
	}
	naive_set_table(m, new, &old, false);
	naive_record(m, 0, naive_pieces(&m->dc.table, parts, SWCXL_DC_PENDING));
	return SWCXL_DC_OK;
}

static enum swcxl_dc_error add_shared(struct naive *m, const struct swcxl_dc_add *add)
{
	static struct naive_parts parts;
	static struct naive_table new;

	new = m->dc.table;
	parts.n = 0;
	if (!naive_is_tag(add->tag))
		return SWCXL_DC_E_NO_TAG;
	if (!(m->dc.flags[add->region] & SWCXL_DC_SHARABLE))
		return SWCXL_DC_E_NOT_SHARABLE;
	for (uint32_t i = 0; i < new.n; i++) {
		struct naive_extent *e = &new.extent[i];

		if (!naive_same_tag(e->tag, add->tag))
			continue;
		if (!(naive_flags(m, e->start) & SWCXL_DC_SHARABLE))
			return SWCXL_DC_E_NOT_SHARABLE;
		if (e->state != SWCXL_DC_HELD)
			return SWCXL_DC_E_HAS_ACCESS;
		e->state = SWCXL_DC_PENDING;
		parts.entry[parts.n++] = (struct naive_entry){e->start, e->end - e->start};
	}
	return parts.n ? offer(m, &new, &parts) : SWCXL_DC_E_UNKNOWN_TAG;
}

/* Of the extent at a line, the i-th by address. */
static uint16_t sequence(const struct naive *m, const struct swcxl_dc_add *add, uint32_t i,
			 uint64_t line)
{
	if (!(m->dc.flags[add->region] & SWCXL_DC_SHARABLE))
		return 0;
	for (uint32_t k = 0; k < add->ranges && add->selection == SWCXL_DC_SELECT_PRESCRIPTIVE; k++)
		if (region_start(m, add->region) + add->range[k].offset / 64 == line)
			return (uint16_t)k;
	return (uint16_t)i;
}

enum swcxl_dc_error naive_dc_add(struct naive *m, const struct swcxl_dc_add *add)
{
	enum swcxl_dc_error error = check_target(m, add->host, add->region);
	static struct naive_parts parts;
	static struct naive_table new;

	if (error)
		return error;
	if (add->selection == SWCXL_DC_SELECT_SHARED)
		return add_shared(m, add);
	error = select_parts(m, add, &parts);
	if (!error)
		error = check_tag(m, add->region, add->tag);
	if (error || !parts.n)
		return error;
	new = m->dc.table;
	for (uint32_t i = 0; i < parts.n; i++) {
		struct naive_extent e = {.start = parts.entry[i].start,
					 .end = parts.entry[i].start + parts.entry[i].length,
					 .state = SWCXL_DC_PENDING};

		memcpy(e.tag, add->tag, 16);
		e.sequence = sequence(m, add, i, e.start);
		naive_put(&new, e);
	}
	naive_sort(&new);
	return offer(m, &new, &parts);
}

static enum swcxl_dc_error take_tagged(const struct naive *m, const struct swcxl_dc_release *r,
				       struct naive_parts *out)
{
	uint64_t left = r->length ? r->length / 64 : NEVER;
	bool pending = false;

	out->n = 0;
	if (!naive_is_tag(r->tag))
		return SWCXL_DC_E_NO_TAG;
	if (r->length % (m->dc.block * 64))
		return SWCXL_DC_E_MISALIGNED;
	for (uint32_t i = 0; i < m->dc.table.n && left; i++) {
		const struct naive_extent *e = &m->dc.table.extent[i];
		uint64_t n = e->end - e->start < left ? e->end - e->start : left;

		if (naive_region(m, e->start) != r->region || !naive_is_known(e) ||
		    !naive_same_tag(e->tag, r->tag))
			continue;
		pending |= e->state == SWCXL_DC_PENDING;
		if (e->state == SWCXL_DC_PENDING && !r->forced)
			continue;
		out->entry[out->n++] = (struct naive_entry){e->start, n};
		left -= n;
	}
	if (!out->n)
		return pending ? SWCXL_DC_E_NOT_YET : SWCXL_DC_E_UNKNOWN_TAG;
	return r->length && left ? SWCXL_DC_E_TOO_MUCH : SWCXL_DC_OK;
}

static enum swcxl_dc_error ask(struct naive *m, const struct naive_parts *parts, bool sanitize)
{
	struct naive_pieces *pieces = naive_pieces(&m->dc.table, parts, SWCXL_DC_ADDED);

	if (m->dc.requests + pieces->n > EXTENTS)
		return SWCXL_DC_E_TOO_MANY;
	if (pieces->n > m->dc.log_max - m->dc.records)
		return SWCXL_DC_E_LOG_FULL;
	for (uint32_t i = 0; i < pieces->n; i++)
		m->dc.request[m->dc.requests++] = (struct naive_request){
			.start = pieces->piece[i].start,
			.end = pieces->piece[i].end,
			.due = m->dc.timeout ? m->now + m->dc.timeout : NEVER,
			.sanitize = sanitize,
			.asked = m->dc.answers,
		};
	naive_record(m, 1, pieces);
	return SWCXL_DC_OK;
}

static enum swcxl_dc_error take(struct naive *m, const struct naive_parts *parts, bool sanitize)
{
	static struct naive_table new, old;
	struct naive_pieces *pending;

	new = m->dc.table;
	for (uint32_t i = 0; i < parts->n; i++)
		naive_cut(&new, parts->entry[i].start,
			  parts->entry[i].start + parts->entry[i].length);
	if (naive_extents_used(m, &new) > EXTENTS)
		return SWCXL_DC_E_TOO_MANY;
	pending = naive_pieces(&m->dc.table, parts, SWCXL_DC_PENDING);
	for (uint32_t i = 0; i < pending->n; i++)
		for (uint32_t k = 0; k < m->dc.groups; k++)
			if (m->dc.group[k].number == pending->piece[i].of.group &&
			    !m->dc.group[k].dead)
				naive_kill(&new, &m->dc.group[k]);
	naive_set_table(m, &new, &old, sanitize);
	naive_record(m, 2, naive_pieces(&old, parts, SWCXL_DC_ADDED));
	return SWCXL_DC_OK;
}

enum swcxl_dc_error naive_dc_release(struct naive *m, const struct swcxl_dc_release *release)
{
	enum swcxl_dc_error error = check_target(m, release->host, release->region);
	static struct naive_parts parts;

	if (error)
		return error;
	if (release->removal == SWCXL_DC_REMOVE_TAG)
		error = take_tagged(m, release, &parts);
	else if (release->removal == SWCXL_DC_REMOVE_PRESCRIPTIVE)
		error = take_named(m, release->region, release->range, release->ranges,
				   release->forced ? TO_TAKE : TO_ASK, &parts);
	else
		error = SWCXL_DC_E_BAD_POLICY;
	if (error || !parts.n)
		return error;
	if (naive_splits_shared(m, &parts))
		return SWCXL_DC_E_PART_OF_SHARED;
	return release->forced ? take(m, &parts, release->sanitize)
			       : ask(m, &parts, release->sanitize);
}

enum swcxl_dc_error naive_dc_reference(struct naive *m, const uint8_t tag[16], bool hold)
{
	static struct naive_table new, old;
	bool found = false;

	if (!m->dc.regions)
		return SWCXL_DC_E_NO_REGIONS;
	if (!naive_is_tag(tag))
		return SWCXL_DC_E_NO_TAG;
	new = m->dc.table;
	for (uint32_t i = 0; i < new.n;) {
		struct naive_extent *e = &new.extent[i];

		if (!naive_same_tag(e->tag, tag) ||
		    !(naive_flags(m, e->start) & SWCXL_DC_SHARABLE)) {
			i++;
			continue;
		}
		found = true;
		e->referenced = hold;
		if (!hold && e->state == SWCXL_DC_HELD)
			naive_drop(&new, i);
		else
			i++;
	}
	if (!found)
		return SWCXL_DC_E_UNKNOWN_TAG;
	naive_set_table(m, &new, &old, false);
	return SWCXL_DC_OK;
}
