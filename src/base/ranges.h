/* SPDX-License-Identifier: MIT */
/*
 * A sorted map from ranges of lines to an attribute byte: the poison map, the poison list and the
 * coverage of scans are three of them. Attribute 0 means "not in the map".
 *
 * Entries never overlap. Neighbouring lines with the same attribute, with no bound between them
 * (partitions never share an entry), are a run; a run is one entry or, when it is longer than
 * max_len, as many as it takes, all of max_len but the last. So what the map holds depends on what
 * was put and cut, and not on the order. All operations are O(log n + entries touched).
 */
#ifndef SWCXL_RANGES_H
#define SWCXL_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/btree.h"

/* Where entries have to end: the first such line above a line, or UINT64_MAX. NULL: nowhere. */
struct bounds {
	const void *ctx;
	uint64_t (*next)(const void *ctx, uint64_t line);
};

struct ranges {
	struct btree tree;
	struct bounds bounds;
	uint64_t max_len; /* lines in an entry */
};

struct range {
	uint64_t start, len; /* lines */
	uint8_t attr;
};

/* An entry in the tree: its first line is the key; the value is length and attribute. */
static inline struct range ranges_entry(uint64_t key, uint64_t value)
{
	return (struct range){key, value >> 8, (uint8_t)value};
}

static inline uint64_t range_end(const struct range *r)
{
	return r->start + r->len;
}

void ranges_init(struct ranges *map, const struct mem *mem, struct bounds bounds, uint64_t max_len);
void ranges_clear(struct ranges *map);

static inline uint64_t ranges_count(const struct ranges *map)
{
	return map->tree.count;
}

/* The first entry that ends after a line: the one that covers it, or the next one above. */
bool ranges_find(const struct ranges *map, uint64_t line, struct range *r);

/*
 * A walk over all entries from a line on, as ranges_find() would give them; the map must not change
 * meanwhile. It goes from leaf to leaf, with no lookup for an entry:
 *	struct ranges_walk walk = ranges_walk(map, line);
 *	while (ranges_step(&walk, &r)) ...
 */
struct ranges_walk {
	const struct btree *tree;
	struct btree_pos pos;
	const uint64_t *key, *value; /* the next entries, of which so many are left in this leaf */
	unsigned left;
};

struct ranges_walk ranges_walk(const struct ranges *map, uint64_t line);
/* At the next leaf; nothing is left when there is none. By value, so that a walk's own copy can
 * stay in registers. */
struct ranges_walk ranges_walk_on(struct ranges_walk walk);

static inline bool ranges_step(struct ranges_walk *walk, struct range *r)
{
	if (!walk->left)
		*walk = ranges_walk_on(*walk);
	if (!walk->left)
		return false;
	walk->left--;
	*r = ranges_entry(*walk->key++, *walk->value++);
	return true;
}

/* The last entry. False: there is none. */
bool ranges_last(const struct ranges *map, struct range *r);

struct range ranges_first_piece(const struct ranges *map, uint64_t line, uint64_t end);

/*
 * The piece at *line: the part of an entry, or of a gap (attr 0), from there on, below end and
 * below the next bound. Moves *line to its end. False: *line has reached end. So a loop over
 * pieces is
 *	while (ranges_piece(map, &line, end, &piece)) ...
 * and may change the map as it goes.
 */
static inline bool ranges_piece(const struct ranges *map, uint64_t *line, uint64_t end,
				struct range *piece)
{
	if (*line >= end)
		return false;
	*piece = ranges_first_piece(map, *line, end);
	*line = range_end(piece);
	return true;
}

/* Sets memory aside, so that a later change to a stretch of at most n entries cannot fail. */
bool ranges_reserve(struct ranges *map, uint64_t n);
/* Sets aside what this very put(), or this cut(), may need. */
bool ranges_reserve_put(struct ranges *map, uint64_t start, uint64_t len);
bool ranges_reserve_cut(struct ranges *map, uint64_t start, uint64_t len);
/* Gives back what a reservation did not need. */
void ranges_trim(struct ranges *map);

/* How many entries more (or fewer) the map would hold after a put() into a gap; after a cut(). */
int64_t ranges_put_cost(const struct ranges *map, uint64_t start, uint64_t len, uint8_t attr);
int64_t ranges_cut_cost(const struct ranges *map, uint64_t start, uint64_t len);
/* How many lines could be put from a line on with no more than `room` entries more. */
uint64_t ranges_put_room(const struct ranges *map, uint64_t start, uint8_t attr, uint64_t room);

/* Is there a bound at this line? */
bool ranges_bound_at(const struct ranges *map, uint64_t line);

/* Fills a gap between two bounds; becomes part of the runs on both sides. Needs a reservation. */
void ranges_put(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr);
/* Gives an entry another attribute in place, if that is all there is to it: the range is exactly
 * that entry, and no neighbour joins. False: it is not, nothing changed. */
bool ranges_recolour(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr);
/* Removes the entries that keep() does not want, from a stretch that begins and ends at bounds.
 * keep() must not look at the map, and wants equal attributes alike. Never fails. */
typedef bool ranges_keep(void *ctx, const struct range *r);
void ranges_filter(struct ranges *map, uint64_t start, uint64_t len, ranges_keep *keep, void *ctx);
/* Makes a gap of whatever is there. Needs a reservation, unless it reaches the end of a run. */
void ranges_cut(struct ranges *map, uint64_t start, uint64_t len);

#endif
