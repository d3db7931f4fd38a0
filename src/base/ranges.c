/* SPDX-License-Identifier: MIT */
/*
 * How it works. An entry is one 64-bit key (its first line) and one 64-bit value (length and
 * attribute) in a B+tree. A run is laid down from its start in pieces of max_len. So what lies
 * left of a change stays as it is, but for the last piece; what lies right of it in the same run
 * is taken up and laid down again. Runs of more than one entry are longer than 4 GiB; only a
 * management client makes such, and 16 TiB of poison in one run cost a change about a
 * millisecond.
 */
#include "base/ranges.h"

#include <assert.h>

#include "base/util.h"

#define NODE_SIZE 1024u /* 62 entries: measured as a good middle between search and moving */

static uint64_t pack(uint64_t len, uint8_t attr)
{
	return len << 8 | attr;
}

static struct range entry_at(const struct ranges *map, struct btree_pos pos)
{
	return ranges_entry(btree_key(pos), *(uint64_t *)btree_value(&map->tree, pos));
}

static void add(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	*(uint64_t *)btree_insert(&map->tree, start) = pack(len, attr);
}

static void resize(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct btree_pos pos;
	bool found = btree_floor(&map->tree, start, &pos);

	assert(found && btree_key(pos) == start);
	*(uint64_t *)btree_value(&map->tree, pos) = pack(len, attr);
}

void ranges_init(struct ranges *map, const struct mem *mem, struct bounds bounds, uint64_t max_len)
{
	btree_init(&map->tree, mem, sizeof(uint64_t), NODE_SIZE);
	map->bounds = bounds;
	map->max_len = max_len;
}

void ranges_clear(struct ranges *map)
{
	btree_clear(&map->tree);
}

/* The position of what ranges_find() finds. */
static inline bool find(const struct ranges *map, uint64_t line, struct btree_pos *pos)
{
	if (!btree_floor(&map->tree, line, pos))
		return btree_ceil(&map->tree, line, pos);
	if (btree_key(*pos) + (*(uint64_t *)btree_value(&map->tree, *pos) >> 8) > line)
		return true;
	return btree_next(&map->tree, pos);
}

bool ranges_find(const struct ranges *map, uint64_t line, struct range *r)
{
	struct btree_pos pos;

	if (!find(map, line, &pos))
		return false;
	*r = entry_at(map, pos);
	return true;
}

static unsigned look_at_leaf(struct ranges_walk *walk)
{
	const void *values;
	unsigned n = btree_leaf(walk->tree, walk->pos, &walk->key, &values);

	walk->value = values;
	return n;
}

struct ranges_walk ranges_walk(const struct ranges *map, uint64_t line)
{
	struct ranges_walk walk = {.tree = &map->tree};

	if (find(map, line, &walk.pos))
		walk.left = look_at_leaf(&walk);
	else
		walk.pos.leaf = NULL;
	return walk;
}

struct ranges_walk ranges_walk_on(struct ranges_walk walk)
{
	if (walk.pos.leaf && btree_next_leaf(walk.tree, &walk.pos))
		walk.left = look_at_leaf(&walk);
	return walk;
}

bool ranges_last(const struct ranges *map, struct range *r)
{
	struct btree_pos pos;

	if (!btree_floor(&map->tree, UINT64_MAX, &pos))
		return false;
	*r = entry_at(map, pos);
	return true;
}

static uint64_t next_bound(const struct ranges *map, uint64_t line)
{
	return map->bounds.next ? map->bounds.next(map->bounds.ctx, line) : UINT64_MAX;
}

bool ranges_bound_at(const struct ranges *map, uint64_t line)
{
	return line > 0 && next_bound(map, line - 1) == line;
}

struct range ranges_first_piece(const struct ranges *map, uint64_t line, uint64_t end)
{
	uint64_t bound = next_bound(map, line);
	struct range r = {.start = UINT64_MAX};
	struct btree_pos pos;

	end = MIN(end, bound);
	if (find(map, line, &pos))
		r = entry_at(map, pos);
	if (r.start > line)
		return (struct range){line, MIN(end, r.start) - line, 0};
	return (struct range){line, MIN(end, range_end(&r)) - line, r.attr};
}

bool ranges_reserve(struct ranges *map, uint64_t n)
{
	return btree_reserve(&map->tree, n);
}

void ranges_trim(struct ranges *map)
{
	btree_trim(&map->tree);
}

/* The entry that ends at, or begins at, a line and may be joined over it. */
static bool left_neighbour(const struct ranges *map, uint64_t line, uint8_t attr, struct range *r)
{
	return line > 0 && ranges_find(map, line - 1, r) && range_end(r) == line &&
	       r->attr == attr && !ranges_bound_at(map, line);
}

static bool right_neighbour(const struct ranges *map, uint64_t line, uint8_t attr, struct range *r)
{
	return ranges_find(map, line, r) && r->start == line && r->attr == attr &&
	       !ranges_bound_at(map, line);
}

/* Do two entries, one behind the other, make one run? */
static bool joins(const struct ranges *map, const struct range *a, const struct range *b)
{
	return range_end(a) == b->start && a->attr == b->attr && !ranges_bound_at(map, b->start);
}

/* The entries beside a gap at a line. len 0: there is none. */
struct beside {
	struct range below, above;
};

static struct beside look_beside(const struct ranges *map, uint64_t line)
{
	struct beside beside = {0};
	struct btree_pos pos;
	bool more;

	if (btree_floor(&map->tree, line, &pos)) {
		beside.below = entry_at(map, pos);
		more = btree_next(&map->tree, &pos);
	} else {
		more = btree_ceil(&map->tree, line, &pos);
	}
	if (more)
		beside.above = entry_at(map, pos);
	return beside;
}

static uint64_t chunks(const struct ranges *map, uint64_t len)
{
	return (len + map->max_len - 1) / map->max_len;
}

/* What goes on behind a line: the rest of a run with this attribute. */
struct rest {
	uint64_t len, entries;
};

static struct rest rest_of_run(const struct ranges *map, uint64_t line, uint8_t attr)
{
	struct rest rest = {0};
	struct range r;

	while (right_neighbour(map, line, attr, &r)) {
		rest.len += r.len;
		rest.entries++;
		line = range_end(&r);
	}
	return rest;
}

/* The entry that a gap would end in: what sticks out of it above, as the start of a run. */
static bool sticks_out(const struct ranges *map, uint64_t end, struct range *r)
{
	return end > 0 && ranges_find(map, end - 1, r) && r->start < end && range_end(r) > end;
}

int64_t ranges_put_cost(const struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct rest rest = rest_of_run(map, start + len, attr);
	struct range l;
	bool left = left_neighbour(map, start, attr, &l);
	uint64_t all = (left ? l.len : 0) + len + rest.len;

	return (int64_t)chunks(map, all) - left - (int64_t)rest.entries;
}

int64_t ranges_cut_cost(const struct ranges *map, uint64_t start, uint64_t len)
{
	uint64_t end = start + len, line = start;
	struct rest rest;
	struct range r;
	int64_t cost = 0;

	while (ranges_find(map, line, &r) && r.start < end) {
		cost -= r.start >= start;
		line = range_end(&r);
	}
	if (!sticks_out(map, end, &r))
		return cost;
	rest = rest_of_run(map, range_end(&r), r.attr);
	return cost + (int64_t)chunks(map, range_end(&r) - end + rest.len) - (int64_t)rest.entries;
}

uint64_t ranges_put_room(const struct ranges *map, uint64_t start, uint8_t attr, uint64_t room)
{
	struct range l;
	uint64_t rest = left_neighbour(map, start, attr, &l) ? map->max_len - l.len : 0;

	return room > (UINT64_MAX >> 1) / map->max_len ? UINT64_MAX : rest + room * map->max_len;
}

bool ranges_reserve_put(struct ranges *map, uint64_t start, uint64_t len)
{
	struct range above = look_beside(map, start).above;
	uint64_t entries = chunks(map, len) + 3;

	if (above.len && above.start == start + len)
		entries += rest_of_run(map, above.start, above.attr).entries;
	return ranges_reserve(map, entries);
}

bool ranges_reserve_cut(struct ranges *map, uint64_t start, uint64_t len)
{
	struct range r;
	uint64_t entries = 3;

	if (sticks_out(map, start + len, &r))
		entries += rest_of_run(map, range_end(&r), r.attr).entries;
	return ranges_reserve(map, entries);
}

/* Takes up the rest of a run behind a line; returns its length. */
static uint64_t take_rest(struct ranges *map, uint64_t line, uint8_t attr)
{
	uint64_t len = 0;
	struct range r;

	while (right_neighbour(map, line, attr, &r)) {
		btree_remove(&map->tree, r.start);
		len += r.len;
		line = range_end(&r);
	}
	return len;
}

/* Lays a run down from a line on; its first entry is there already, to be resized, or is not. */
static void lay(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr, bool there)
{
	uint64_t first = MIN(len, map->max_len);

	if (there)
		resize(map, start, first, attr);
	else
		add(map, start, first, attr);
	while (len -= first) {
		start += first;
		first = MIN(len, map->max_len);
		add(map, start, first, attr);
	}
}

void ranges_put(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct beside beside = look_beside(map, start);
	struct range *below = &beside.below, *above = &beside.above, r = {start, len, attr};

	assert(len > 0 && attr != 0);
	if (above->len && joins(map, &r, above))
		len += take_rest(map, start + len, attr);
	if (below->len && joins(map, below, &r))
		lay(map, below->start, below->len + len, attr, true);
	else
		lay(map, start, len, attr, false);
}

bool ranges_recolour(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct range r = {start, len, attr}, other;
	struct btree_pos pos, beside;

	if (!btree_floor(&map->tree, start, &pos))
		return false;
	other = entry_at(map, pos);
	if (other.start != start || other.len != len)
		return false;
	beside = pos;
	if (btree_next(&map->tree, &beside)) {
		other = entry_at(map, beside);
		if (joins(map, &r, &other))
			return false;
	}
	beside = pos;
	if (btree_previous(&map->tree, &beside)) {
		other = entry_at(map, beside);
		if (joins(map, &other, &r))
			return false;
	}
	*(uint64_t *)btree_value(&map->tree, pos) = pack(len, attr);
	return true;
}

void ranges_cut(struct ranges *map, uint64_t start, uint64_t len)
{
	uint64_t end = start + len, above = 0;
	struct range r;

	if (sticks_out(map, end, &r))
		above = range_end(&r) - end + take_rest(map, range_end(&r), r.attr);
	while (ranges_find(map, start, &r) && r.start < end) {
		bool out = range_end(&r) > end;

		if (out && r.start >= start) {
			btree_rekey(&map->tree, r.start, end);
			lay(map, end, above, r.attr, true);
			continue;
		}
		if (r.start < start)
			resize(map, r.start, start - r.start, r.attr);
		else
			btree_remove(&map->tree, r.start);
		if (out)
			lay(map, end, above, r.attr, false);
	}
}

struct filter {
	ranges_keep *keep;
	void *ctx;
};

static bool keep_entry(void *ctx, uint64_t key, const void *value)
{
	const struct filter *filter = ctx;
	struct range r = ranges_entry(key, *(const uint64_t *)value);

	return filter->keep(filter->ctx, &r);
}

void ranges_filter(struct ranges *map, uint64_t start, uint64_t len, ranges_keep *keep, void *ctx)
{
	struct filter filter = {keep, ctx};

	btree_filter(&map->tree, start, start + len - 1, keep_entry, &filter);
}
