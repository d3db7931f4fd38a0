/* SPDX-License-Identifier: MIT */
/*
 * How it works. An entry is one 64-bit key (its first line) and one 64-bit value (length and
 * attribute) in a B+tree. cut() trims or splits what sticks out of the gap and removes the rest;
 * put() takes up mergeable neighbours and lays the whole stretch down again, in pieces of
 * max_len from its start, which is also how put_cost() counts.
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
	uint64_t v = *(uint64_t *)btree_value(&map->tree, pos);

	return (struct range){btree_key(&map->tree, pos), v >> 8, (uint8_t)v};
}

static void add(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	*(uint64_t *)btree_insert(&map->tree, start) = pack(len, attr);
}

static void resize(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct btree_pos pos;
	bool found = btree_floor(&map->tree, start, &pos);

	assert(found && btree_key(&map->tree, pos) == start);
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

bool ranges_find(const struct ranges *map, uint64_t line, struct range *r)
{
	struct btree_pos pos;

	if (btree_floor(&map->tree, line, &pos)) {
		*r = entry_at(map, pos);
		if (range_end(r) > line)
			return true;
		if (!btree_next(&map->tree, &pos))
			return false;
	} else if (!btree_ceil(&map->tree, line, &pos)) {
		return false;
	}
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

bool ranges_piece(const struct ranges *map, uint64_t *line, uint64_t end, struct range *piece)
{
	struct range r;
	uint64_t stop;

	if (*line >= end)
		return false;
	stop = end = MIN(end, next_bound(map, *line));
	piece->start = *line;
	piece->attr = 0;
	if (ranges_find(map, *line, &r) && r.start < end) {
		if (r.start <= *line) {
			piece->attr = r.attr;
			stop = MIN(end, range_end(&r));
		} else {
			stop = r.start;
		}
	}
	piece->len = stop - *line;
	*line = stop;
	return true;
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

static uint64_t chunks(const struct ranges *map, uint64_t len)
{
	return (len + map->max_len - 1) / map->max_len;
}

int64_t ranges_put_cost(const struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct range l, r;
	bool left = left_neighbour(map, start, attr, &l);
	bool right = right_neighbour(map, start + len, attr, &r);
	uint64_t all = len + (left ? l.len : 0) + (right ? r.len : 0);

	return (int64_t)chunks(map, all) - left - right;
}

uint64_t ranges_put_room(const struct ranges *map, uint64_t start, uint8_t attr, uint64_t room)
{
	struct range l;
	uint64_t rest = left_neighbour(map, start, attr, &l) ? map->max_len - l.len : 0;

	return room > (UINT64_MAX >> 1) / map->max_len ? UINT64_MAX : rest + room * map->max_len;
}

void ranges_put(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	struct range l, r;

	assert(len > 0 && attr != 0);
	if (right_neighbour(map, start + len, attr, &r)) {
		btree_remove(&map->tree, r.start);
		len += r.len;
	}
	if (left_neighbour(map, start, attr, &l)) {
		start = l.start;
		len += l.len;
		resize(map, start, MIN(len, map->max_len), attr);
	} else {
		add(map, start, MIN(len, map->max_len), attr);
	}
	while (len > map->max_len) {
		start += map->max_len;
		len -= map->max_len;
		add(map, start, MIN(len, map->max_len), attr);
	}
}

/* Joins two entries that meet at a line, where they may be and are not too long together. */
static void join_at(struct ranges *map, uint64_t line)
{
	struct range l, r;

	if (!line || !ranges_find(map, line - 1, &l) || range_end(&l) != line ||
	    !right_neighbour(map, line, l.attr, &r) || l.len + r.len > map->max_len)
		return;
	btree_remove(&map->tree, r.start);
	resize(map, l.start, l.len + r.len, l.attr);
}

void ranges_cut(struct ranges *map, uint64_t start, uint64_t len)
{
	uint64_t end = start + len, low = start, high = end;
	struct range r;

	while (ranges_find(map, start, &r) && r.start < end) {
		uint64_t above = range_end(&r) > end ? range_end(&r) - end : 0;

		low = MIN(low, r.start);
		high = MAX(high, range_end(&r));
		if (r.start < start) {
			resize(map, r.start, start - r.start, r.attr);
			if (above)
				add(map, end, above, r.attr);
		} else if (above) {
			btree_rekey(&map->tree, r.start, end);
			resize(map, end, above, r.attr);
		} else {
			btree_remove(&map->tree, r.start);
		}
	}
	join_at(map, low);
	join_at(map, high);
}
