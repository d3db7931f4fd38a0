/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity: the table of extents, and what follows when it changes. Who changes it edits a
 * draft, which can be too much, and then commits it, which cannot fail: core/dc.h.
 *
 * Pending extents, dead groups and requests are nothing that outlives power. So changes (for a
 * state file) tell of added and held extents alone.
 */
#include "core/dc.h"

#include <errno.h>

#include "core/device.h"

int dc_init(struct swcxl_dev *dev)
{
	if (!dev->config.dc_regions)
		return 0;
	dev->dc = mem_zalloc(&dev->mem, sizeof(*dev->dc));
	if (!dev->dc)
		return -ENOMEM;
	dev->dc->table = &dev->dc->tables[0];
	dev->dc->draft = &dev->dc->tables[1];
	return 0;
}

void dc_fini(struct swcxl_dev *dev)
{
	mem_free(&dev->mem, dev->dc);
}

/* ---- regions ---- */

bool dc_is_dynamic(const struct swcxl_dev *dev, uint64_t line)
{
	return line >= dev->dpa.static_top && line < dev->dpa.top;
}

unsigned dc_region_of(const struct swcxl_dev *dev, uint64_t line)
{
	return (unsigned)((line - dev->dpa.static_top) / (dev->config.dc_region_size / SWCXL_LINE));
}

unsigned dc_flags(const struct swcxl_dev *dev, uint64_t line)
{
	return dev->config.dc_flags[dc_region_of(dev, line)];
}

uint64_t dc_block(const struct swcxl_dev *dev)
{
	return dev->config.dc_block_size / SWCXL_LINE;
}

/* ---- what the host reaches ---- */

static bool is_reached(const struct dc_extent *e, enum dc_reach reach)
{
	return e->state == SWCXL_DC_ADDED || (reach == DC_KNOWS && e->state == SWCXL_DC_PENDING);
}

/* The first extents from a line on that the host reaches, as far as they follow each other within
 * their region: where one ends and the next begins is nothing to media. */
static bool next_dynamic(const struct swcxl_dev *dev, enum dc_reach reach, uint64_t line,
			 struct range *stretch)
{
	const struct dc_table *table = dev->dc->table;
	const struct dc_extent *e = table->extent + dc_at(table, line);
	const struct dc_extent *last = table->extent + table->count;
	uint64_t end;

	while (e < last && !is_reached(e, reach))
		e++;
	if (e == last)
		return false;
	stretch->start = MAX(line, e->start);
	end = dc_end(e);
	while (++e < last && e->start == end && is_reached(e, reach) &&
	       dc_region_of(dev, end) == dc_region_of(dev, end - 1))
		end = dc_end(e);
	stretch->len = end - stretch->start;
	return true;
}

bool dc_next(const struct swcxl_dev *dev, enum dc_reach reach, uint64_t *line, uint64_t end,
	     struct range *stretch)
{
	const struct dpa_segment *segment;
	uint64_t from = *line, stop;

	*line = end;
	if (from >= end)
		return false;
	if (from < dev->dpa.static_top) {
		segment = dpa_find(&dev->dpa, from);
		stop = segment->start + segment->len;
		*stretch = (struct range){.start = from, .len = stop - from};
	} else {
		*stretch = (struct range){0};
		if (!dev->dc || !next_dynamic(dev, reach, from, stretch) || stretch->start >= end)
			return false;
	}
	stretch->len = MIN(stretch->len, end - stretch->start);
	*line = range_end(stretch);
	return true;
}

bool dc_reaches(const struct swcxl_dev *dev, enum dc_reach reach, uint64_t line, uint64_t lines)
{
	uint64_t at = line, end = line + lines;
	struct range stretch;

	while (dc_next(dev, reach, &line, end, &stretch)) {
		if (stretch.start != at)
			return false;
		at = range_end(&stretch);
	}
	return at == end;
}

bool dc_writes(const struct swcxl_dev *dev, uint64_t line, uint64_t lines)
{
	struct range stretch;

	if (!dc_reaches(dev, DC_HAS, line, lines))
		return false;
	for (uint64_t at = line; dc_next(dev, DC_HAS, &at, line + lines, &stretch);)
		if (dc_is_dynamic(dev, stretch.start) &&
		    dc_flags(dev, stretch.start) & SWCXL_DC_READ_ONLY)
			return false;
	return true;
}

/* ---- editing ---- */

struct dc_table *dc_edit(struct swcxl_dev *dev)
{
	*dev->dc->draft = *dev->dc->table;
	return dev->dc->draft;
}

/* Extents that dead groups had: they count until their answer has come (DC-8). */
static unsigned dead_extents(const struct dc *dc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < dc->groups; i++)
		n += dc->group[i].gone;
	return n;
}

enum swcxl_dc_error dc_check(const struct swcxl_dev *dev, const struct dc_table *table)
{
	if (table->count + dead_extents(dev->dc) > DC_EXTENTS_MAX)
		return SWCXL_DC_E_TOO_MANY;
	return dc_tags(table) > DC_TAGS_MAX ? SWCXL_DC_E_TOO_MANY_TAGS : SWCXL_DC_OK;
}

struct dc_counters dc_counters(const struct swcxl_dev *dev)
{
	struct dc_counters counters;

	wr(&counters.extents, DC_EXTENTS_MAX);
	wr(&counters.extents_available,
	   DC_EXTENTS_MAX - dev->dc->table->count - dead_extents(dev->dc));
	wr(&counters.tags, DC_TAGS_MAX);
	wr(&counters.tags_available, DC_TAGS_MAX - dc_tags(dev->dc->table));
	return counters;
}

/* A region may have become sharable since: what has no tag in it is not shared. */
static bool is_shared(const struct swcxl_dev *dev, const struct dc_extent *e)
{
	return dc_is_tag(e->tag) && dc_flags(dev, e->start) & SWCXL_DC_SHARABLE;
}

bool dc_splits_shared(const struct swcxl_dev *dev, const struct dc_parts *parts)
{
	struct dc_walk walk = dc_walk(dev->dc->table, parts->entry, parts->count, SWCXL_DC_ADDED);
	const struct dc_extent *of;
	struct range part;

	while (dc_part(&walk, &of, &part)) {
		if (!is_shared(dev, of))
			continue;
		for (unsigned i = 0; i < walk.table->count; i++) {
			const struct dc_extent *e = &walk.table->extent[i];

			if (e->state == SWCXL_DC_ADDED && is_shared(dev, e) &&
			    !memcmp(e->tag, of->tag, sizeof(e->tag)) &&
			    !dc_covers(parts, e->start, e->len))
				return true;
		}
	}
	return false;
}

/* ---- a change, and what follows ---- */

typedef void piece_fn(struct swcxl_dev *dev, const struct dc_extent *of, const struct range *piece,
		      void *arg);

/* What of an extent is in no extent of a table that wanted() accepts. */
static void without(struct swcxl_dev *dev, const struct dc_extent *of, const struct dc_table *table,
		    bool (*wanted)(const struct dc_extent *e), piece_fn *fn, void *arg)
{
	uint64_t line = of->start, end = dc_end(of);

	while (line < end) {
		unsigned i = dc_at(table, line);
		const struct dc_extent *e = i < table->count ? &table->extent[i] : NULL;
		bool inside = e && e->start <= line;
		uint64_t stop = !e ? end : MIN(end, inside ? dc_end(e) : e->start);

		if (!inside || !wanted(e))
			fn(dev, of, &(struct range){.start = line, .len = stop - line}, arg);
		line = stop;
	}
}

static bool is_known(const struct dc_extent *e)
{
	return is_reached(e, DC_KNOWS);
}

static bool is_any(const struct dc_extent *e)
{
	(void)e;
	return true;
}

static void count_piece(struct swcxl_dev *dev, const struct dc_extent *of,
			const struct range *piece, void *arg)
{
	(void)dev, (void)of, (void)piece;
	++*(uint64_t *)arg;
}

static void hide(struct swcxl_dev *dev, const struct dc_extent *of, const struct range *piece,
		 void *arg)
{
	(void)of, (void)arg;
	list_remove(dev, piece->start, piece->len);
}

static void show(struct swcxl_dev *dev, const struct dc_extent *of, const struct range *piece,
		 void *arg)
{
	(void)of, (void)arg;
	scan_uncover(dev, piece->start, piece->len);
	list_add(dev, piece->start, piece->len);
}

static void sanitize_lines(struct swcxl_dev *dev, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	erase_lines(dev, start, end - start);
	if (!poison_overwrite(dev, start, end - start, false))
		device_log(dev, SWCXL_LOG_ERR,
			   "no memory to sanitize released capacity: its poison stays");
}

/* Was the host asked to release something of an extent, as it has it? What it has released since,
 * and was offered again, is another extent. */
static bool is_about(const struct dc_request *r, const struct dc_extent *e)
{
	return e->state == SWCXL_DC_ADDED && e->since <= r->asked && r->start < dc_end(e) &&
	       e->start < r->start + r->len;
}

/* A piece is free now. Pending capacity was never used, but for what was held before. */
static void sanitize_free(struct swcxl_dev *dev, const struct dc_extent *of,
			  const struct range *piece, void *arg)
{
	bool all = *(bool *)arg || of->sanitize || dc_flags(dev, piece->start) & SWCXL_DC_SANITIZE;

	if (of->state == SWCXL_DC_PENDING && !of->sanitize)
		return;
	if (all)
		sanitize_lines(dev, piece->start, range_end(piece));
	for (unsigned i = 0; i < dev->dc->requests && !all; i++) {
		const struct dc_request *r = &dev->dc->request[i];

		if (r->sanitize && is_about(r, of))
			sanitize_lines(dev, MAX(piece->start, r->start),
				       MIN(range_end(piece), r->start + r->len));
	}
}

/* Capacity that is held after it was added is sanitized when it is free (7.6.7.6.6). */
static void remember_to_sanitize(struct swcxl_dev *dev, struct dc_extent *held, bool sanitize)
{
	const struct dc *dc = dev->dc;
	const struct dc_extent *was = &dc->draft->extent[dc_at(dc->draft, held->start)];

	if (was->state != SWCXL_DC_ADDED)
		return;
	held->sanitize |= sanitize || dc_flags(dev, held->start) & SWCXL_DC_SANITIZE;
	for (unsigned i = 0; i < dc->requests; i++)
		held->sanitize |= dc->request[i].sanitize && is_about(&dc->request[i], was);
}

/* Requests for what the host no longer has. */
static void drop_requests(struct dc *dc)
{
	unsigned left = 0;

	for (unsigned i = 0; i < dc->requests; i++) {
		struct dc_request r = dc->request[i];
		bool has = false;

		for (unsigned n = dc_at(dc->table, r.start);
		     n < dc->table->count && dc->table->extent[n].start < r.start + r.len; n++)
			has |= is_about(&r, &dc->table->extent[n]);
		if (has)
			dc->request[left++] = r;
	}
	dc->requests = left;
}

static struct swcxl_change extent_change(const struct dc_extent *e, struct kept_extent *data)
{
	memcpy(data->tag, e->tag, sizeof(e->tag));
	wr(&data->sequence, e->sequence);
	return (struct swcxl_change){
		.kind = SWCXL_CHANGE_EXTENT,
		.start = e->start * SWCXL_LINE,
		.value = e->len * SWCXL_LINE,
		.attr = (uint8_t)((e->state == SWCXL_DC_ADDED ? SWCXL_EXTENT_ADDED : 0) |
				  (e->referenced ? SWCXL_EXTENT_REFERENCED : 0) |
				  (e->sanitize ? SWCXL_EXTENT_SANITIZE : 0)),
		.length = sizeof(*data),
		.data = data,
	};
}

/* Is an extent something that outlives power? */
static bool is_kept(const struct dc_extent *e)
{
	return e->state != SWCXL_DC_PENDING || e->referenced;
}

bool dc_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		  struct swcxl_change *change)
{
	while (dev->dc && cursor->at < dev->dc->table->count) {
		const struct dc_extent *e = &dev->dc->table->extent[cursor->at++];

		if (!is_kept(e))
			continue;
		*change = extent_change(e, (void *)cursor->data);
		return true;
	}
	return false;
}

static void emit_all(struct swcxl_dev *dev)
{
	uint64_t bottom = dev->dpa.static_top * SWCXL_LINE;
	struct swcxl_cursor cursor = {0};
	struct swcxl_change change;

	device_change(dev, &(struct swcxl_change){.kind = SWCXL_CHANGE_EXTENT,
						  .start = bottom,
						  .value = dev->dpa.top * SWCXL_LINE - bottom});
	while (dc_save_next(dev, &cursor, &change))
		device_change(dev, &change);
}

static bool is_added(const struct dc_extent *e)
{
	return e->state == SWCXL_DC_ADDED;
}

/* As the host's extent list shows them. */
static bool same_to_host(const struct dc_extent *a, const struct dc_extent *b)
{
	return a->start == b->start && a->len == b->len && a->sequence == b->sequence &&
	       !memcmp(a->tag, b->tag, sizeof(a->tag));
}

static bool same(const struct dc_extent *a, const struct dc_extent *b)
{
	return same_to_host(a, b) && a->state == b->state && a->referenced == b->referenced &&
	       a->sanitize == b->sanitize;
}

/* Do two tables differ in what counts? */
static bool differ(const struct dc_table *a, const struct dc_table *b,
		   bool (*counts)(const struct dc_extent *e),
		   bool (*alike)(const struct dc_extent *a, const struct dc_extent *b))
{
	unsigned i = 0, n = 0;

	for (;; i++, n++) {
		while (i < a->count && !counts(&a->extent[i]))
			i++;
		while (n < b->count && !counts(&b->extent[n]))
			n++;
		if (i == a->count || n == b->count)
			return i != a->count || n != b->count;
		if (!alike(&a->extent[i], &b->extent[n]))
			return true;
	}
}

/* From here on `draft` is what was before. */
void dc_commit(struct swcxl_dev *dev, bool sanitize)
{
	struct dc *dc = dev->dc;
	struct dc_table *new = dc->draft, *old = dc->table;
	uint64_t hidden = 0;

	dc->table = new;
	dc->draft = old;
	for (unsigned i = 0; i < new->count; i++)
		if (new->extent[i].state == SWCXL_DC_HELD)
			remember_to_sanitize(dev, &new->extent[i], sanitize);
	dc->generation += differ(old, new, is_added, same_to_host);
	if (differ(old, new, is_kept, same))
		emit_all(dev);
	for (unsigned i = 0; i < old->count; i++)
		if (is_known(&old->extent[i]))
			without(dev, &old->extent[i], new, is_known, count_piece, &hidden);
	if (hidden && !list_can_lose(dev, hidden))
		list_rebuild(dev);
	for (unsigned i = 0; i < old->count; i++) {
		if (is_known(&old->extent[i]))
			without(dev, &old->extent[i], new, is_known, hide, NULL);
		without(dev, &old->extent[i], new, is_any, sanitize_free, &sanitize);
	}
	for (unsigned i = 0; i < new->count; i++)
		if (is_known(&new->extent[i]))
			without(dev, &new->extent[i], old, is_known, show, NULL);
	drop_requests(dc);
	device_deadline(dev);
}

/* ---- offers and requests ---- */

static struct swcxl_dc_extent describe(const struct swcxl_dev *dev, const struct dc_extent *e,
				       uint64_t start, uint64_t len)
{
	struct swcxl_dc_extent extent = {
		.state = e->state,
		.region = dc_region_of(dev, start),
		.start = start * SWCXL_LINE,
		.length = len * SWCXL_LINE,
		.sequence = e->sequence,
	};

	memcpy(extent.tag, e->tag, sizeof(extent.tag));
	return extent;
}

static void remember_refusal(struct dc *dc, const struct swcxl_dc_extent *extent,
			     enum swcxl_dc_change reason)
{
	if (dc->refusals == SWCXL_DC_REFUSALS) {
		dc->refusals--;
		memmove(dc->refused, dc->refused + 1, dc->refusals * sizeof(dc->refused[0]));
	}
	dc->refused[dc->refusals++] = (struct swcxl_dc_refusal){*extent, reason};
}

void dc_tell(struct swcxl_dev *dev, const struct dc_extent *of, uint64_t start, uint64_t len,
	     enum swcxl_dc_change change)
{
	struct swcxl_dc_extent extent = describe(dev, of, start, len);

	if (change == SWCXL_DC_REFUSED || change == SWCXL_DC_OFFER_TIMED_OUT)
		remember_refusal(dev->dc, &extent, change);
	device_notice(dev, &(struct swcxl_notice){
				   .kind = SWCXL_NOTICE_DC_EXTENT,
				   .change = change,
				   .extent = extent,
			   });
}

void dc_group_end(struct swcxl_dev *dev, struct dc_group *group, bool dead)
{
	struct dc_table *draft = dev->dc->draft;

	group->dead = dead;
	for (unsigned i = 0; i < draft->count;) {
		struct dc_extent *e = &draft->extent[i];

		if (e->state != SWCXL_DC_PENDING || e->group != group->number) {
			i++;
			continue;
		}
		if (e->referenced) {
			e->state = SWCXL_DC_HELD;
			continue;
		}
		dc_remove(draft, i);
		group->gone += dead;
	}
}

void dc_group_pop(struct swcxl_dev *dev)
{
	struct dc *dc = dev->dc;

	dc->groups--;
	memmove(dc->group, dc->group + 1, dc->groups * sizeof(dc->group[0]));
}

/* ---- time ---- */

uint64_t dc_deadline(const struct swcxl_dev *dev)
{
	uint64_t due = SWCXL_NO_DEADLINE;

	if (!dev->dc || !dev->config.dc_host_timeout_ns)
		return due;
	for (unsigned i = 0; i < dev->dc->groups; i++)
		if (!dev->dc->group[i].dead)
			due = MIN(due, dev->dc->group[i].due_ns);
	for (unsigned i = 0; i < dev->dc->requests; i++)
		due = MIN(due, dev->dc->request[i].due_ns);
	return due;
}

static void time_out_group(struct swcxl_dev *dev, struct dc_group *group)
{
	const struct dc_table *old = dev->dc->table;

	dc_edit(dev);
	dc_group_end(dev, group, true);
	dc_commit(dev, false);
	for (unsigned i = 0; i < old->count; i++) {
		const struct dc_extent *e = &old->extent[i];

		if (e->state == SWCXL_DC_PENDING && e->group == group->number)
			dc_tell(dev, e, e->start, e->len, SWCXL_DC_OFFER_TIMED_OUT);
	}
}

static void time_out_request(struct swcxl_dev *dev, unsigned i)
{
	struct dc *dc = dev->dc;
	struct dc_request r = dc->request[i];
	struct range asked = {.start = r.start, .len = r.len}, part;
	struct dc_walk walk = dc_walk(dc->table, &asked, 1, SWCXL_DC_ADDED);
	const struct dc_extent *of;

	dc->requests--;
	memmove(&dc->request[i], &dc->request[i + 1], (dc->requests - i) * sizeof(dc->request[0]));
	while (dc_part(&walk, &of, &part))
		if (is_about(&r, of))
			dc_tell(dev, of, part.start, part.len, SWCXL_DC_REQUEST_TIMED_OUT);
}

/* Whatever is due first ends first, at its own time. */
void dc_advance(struct swcxl_dev *dev, uint64_t now_ns)
{
	struct dc *dc = dev->dc;
	uint64_t due;

	while ((due = dc_deadline(dev)) <= now_ns) {
		dev->now_ns = MAX(dev->now_ns, due);
		for (unsigned i = 0; i < dc->groups; i++)
			if (!dc->group[i].dead && dc->group[i].due_ns == due)
				time_out_group(dev, &dc->group[i]);
		for (unsigned i = 0; i < dc->requests;)
			if (dc->request[i].due_ns == due)
				time_out_request(dev, i);
			else
				i++;
	}
}

/* ---- power ---- */

/* Pending extents go, volatile ones too, without a record (DC-9). So does what only a reference
 * keeps in a region that is no longer sharable: nobody could end that. */
void dc_lose_power(struct swcxl_dev *dev)
{
	struct dc *dc = dev->dc;
	struct dc_table *draft;

	if (!dc)
		return;
	draft = dc_edit(dev);
	for (unsigned i = 0; i < draft->count;) {
		struct dc_extent *e = &draft->extent[i];

		e->referenced &= !!(dc_flags(dev, e->start) & SWCXL_DC_SHARABLE);
		if (e->state == SWCXL_DC_PENDING && e->referenced)
			e->state = SWCXL_DC_HELD;
		if (e->state == SWCXL_DC_PENDING || (e->state == SWCXL_DC_HELD && !e->referenced) ||
		    !(dc_flags(dev, e->start) & SWCXL_DC_NON_VOLATILE))
			dc_remove(draft, i);
		else
			i++;
	}
	dc->groups = dc->requests = dc->refusals = 0;
	dc_commit(dev, false);
}

/* In a region, in whole blocks? */
static bool is_extent(const struct swcxl_dev *dev, uint64_t start, uint64_t len)
{
	return len && dc_is_dynamic(dev, start) && range_fits(start, len, dev->dpa.top) &&
	       !((start - dev->dpa.static_top) % dc_block(dev)) && !(len % dc_block(dev)) &&
	       dc_region_of(dev, start) == dc_region_of(dev, start + len - 1);
}

static bool room_for_tag(const struct dc_table *table, const uint8_t tag[static 16])
{
	for (unsigned i = 0; i < table->count; i++)
		if (!memcmp(table->extent[i].tag, tag, 16))
			return true;
	return !dc_is_tag(tag) || dc_tags(table) < DC_TAGS_MAX;
}

static int apply_extent(struct swcxl_dev *dev, struct dc_extent *e, const struct swcxl_change *c)
{
	const uint8_t known = SWCXL_EXTENT_ADDED | SWCXL_EXTENT_REFERENCED | SWCXL_EXTENT_SANITIZE;
	const struct kept_extent *kept = c->data;
	const struct dc_table *table = dev->dc->table;
	unsigned i = dc_at(table, e->start);

	if (!is_extent(dev, e->start, e->len) || !kept || c->length != sizeof(*kept) ||
	    c->attr & ~known || !(c->attr & (SWCXL_EXTENT_ADDED | SWCXL_EXTENT_REFERENCED)))
		return -EINVAL;
	if (table->count == DC_EXTENTS_MAX || !room_for_tag(table, kept->tag) ||
	    (i < table->count && table->extent[i].start < dc_end(e)))
		return -EINVAL;
	memcpy(e->tag, kept->tag, sizeof(e->tag));
	e->sequence = rd(kept->sequence);
	e->state = c->attr & SWCXL_EXTENT_ADDED ? SWCXL_DC_ADDED : SWCXL_DC_HELD;
	e->referenced = c->attr & SWCXL_EXTENT_REFERENCED;
	e->sanitize = c->attr & SWCXL_EXTENT_SANITIZE;
	dc_insert(dev->dc->table, e);
	return 0;
}

int dc_apply(struct swcxl_dev *dev, const struct swcxl_change *c)
{
	struct dc_extent e = {.start = c->start / SWCXL_LINE, .len = c->value / SWCXL_LINE};
	struct dc_table *table;

	if (!dev->dc || (c->start | c->value) % SWCXL_LINE || (!c->attr && c->length))
		return -EINVAL;
	if (c->attr)
		return apply_extent(dev, &e, c);
	table = dev->dc->table;
	for (unsigned i = dc_at(table, e.start);
	     i < table->count && table->extent[i].start - e.start < e.len;)
		dc_remove(table, i);
	return 0;
}

/* ---- what the management side may ask ---- */

void dc_query(const struct swcxl_dev *dev, struct swcxl_status *st)
{
	const struct dc *dc = dev->dc;
	struct dc_counters counters;

	if (!dc)
		return;
	counters = dc_counters(dev);
	st->dc.generation = dc->generation;
	st->dc.extents_max = DC_EXTENTS_MAX;
	st->dc.extents_available = rd(counters.extents_available);
	st->dc.tags_max = DC_TAGS_MAX;
	st->dc.tags_available = rd(counters.tags_available);
	for (unsigned i = 0; i < dc->groups; i++)
		++*(dc->group[i].dead ? &st->dc.dead_offers : &st->dc.offers);
}

bool swcxl_dc_region_get(const struct swcxl_dev *dev, unsigned index,
			 struct swcxl_dc_region *region)
{
	const struct swcxl_config *c = &dev->config;

	if (index >= c->dc_regions)
		return false;
	*region = (struct swcxl_dc_region){
		.start = dev->dpa.static_top * SWCXL_LINE + index * c->dc_region_size,
		.length = c->dc_region_size,
		.block_size = c->dc_block_size,
		.flags = c->dc_flags[index],
		.handle = DPA_DYNAMIC + index,
		.free = c->dc_region_size,
	};
	for (unsigned i = 0; i < dev->dc->table->count; i++)
		if (dc_region_of(dev, dev->dc->table->extent[i].start) == index)
			region->free -= dev->dc->table->extent[i].len * SWCXL_LINE;
	return true;
}

/* The place of a group among those that wait, from 1. */
static unsigned place_of(const struct dc *dc, uint32_t group)
{
	unsigned i = 0;

	while (dc->group[i].number != group)
		i++;
	return i + 1;
}

bool swcxl_dc_extent_get(const struct swcxl_dev *dev, unsigned index,
			 struct swcxl_dc_extent *extent)
{
	const struct dc *dc = dev->dc;
	const struct dc_extent *e;

	if (!dc || index >= dc->table->count)
		return false;
	e = &dc->table->extent[index];
	*extent = describe(dev, e, e->start, e->len);
	extent->referenced = e->referenced;
	if (e->state == SWCXL_DC_PENDING)
		extent->offer = place_of(dc, e->group);
	for (unsigned i = 0; i < dc->requests; i++) {
		if (!is_about(&dc->request[i], e))
			continue;
		extent->releasing = true;
		extent->sanitize |= dc->request[i].sanitize;
	}
	return true;
}

bool swcxl_dc_refusal_get(const struct swcxl_dev *dev, unsigned index,
			  struct swcxl_dc_refusal *refusal)
{
	if (!dev->dc || index >= dev->dc->refusals)
		return false;
	*refusal = dev->dc->refused[index];
	return true;
}
