/* SPDX-License-Identifier: MIT */
/* The map of ranges, and the poison map on it, against an array with an attribute per line. */
#include <string.h>

#include "base/ranges.h"
#include "base/util.h"
#include "media/media.h"
#include "swcxl/swcxl.h"
#include "test.h"

#define LINES 240u

static uint8_t want[LINES];

/* Bounds at 64 and 130. */
static uint64_t next_bound(const void *ctx, uint64_t line)
{
	(void)ctx;
	return line < 64 ? 64 : line < 130 ? 130 : UINT64_MAX;
}

static const struct bounds bounds = {NULL, next_bound};

static void check_entries(const struct ranges *map)
{
	uint64_t line = 0, n = 0;
	struct range r;

	for (uint64_t at = 0; ranges_find(map, at, &r); at = range_end(&r), n++) {
		CHECK(r.start >= line && r.len && r.len <= map->max_len && r.attr);
		CHECK(range_end(&r) <= next_bound(NULL, r.start));
		for (; line < r.start; line++)
			CHECK(!want[line]);
		for (; line < range_end(&r); line++)
			CHECK(want[line] == r.attr);
	}
	for (; line < LINES; line++)
		CHECK(!want[line]);
	CHECK(n == ranges_count(map));
}

/* No two neighbours that could be one. */
static void check_longest(const struct ranges *map)
{
	struct range r, last = {0};

	for (uint64_t at = 0; ranges_find(map, at, &r); last = r, at = range_end(&r))
		CHECK(!last.len || range_end(&last) != r.start || last.attr != r.attr ||
		      ranges_bound_at(map, r.start) || last.len + r.len > map->max_len);
}

static void check_pieces(const struct ranges *map, uint64_t start, uint64_t end)
{
	uint64_t line = start;
	struct range piece;

	while (ranges_piece(map, &line, end, &piece)) {
		CHECK(piece.len && piece.start == start && range_end(&piece) == line);
		CHECK(line <= end && line <= next_bound(NULL, start));
		for (; start < line; start++)
			CHECK(want[start] == piece.attr);
	}
	CHECK(start == end);
}

static void check_find(const struct ranges *map, uint64_t line)
{
	struct range r;
	uint64_t next = line;

	while (next < LINES && !want[next])
		next++;
	CHECK(ranges_find(map, line, &r) == (next < LINES));
	if (next < LINES)
		CHECK(r.start <= next && range_end(&r) > next && r.attr == want[next] &&
		      (next == line || r.start == next));
}

static void check_walk(const struct ranges *map, uint64_t line)
{
	struct ranges_walk walk = ranges_walk(map, line);
	struct range r, found;

	while (ranges_find(map, line, &found)) {
		CHECK(ranges_step(&walk, &r));
		CHECK(r.start == found.start && r.len == found.len && r.attr == found.attr);
		line = range_end(&r);
	}
	CHECK(!ranges_step(&walk, &r) && !ranges_step(&walk, &r));
}

/* Joins nobody, and is a whole entry: or it is refused. */
static void recolour(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	uint64_t end = start + len;
	bool joins = (start && !ranges_bound_at(map, start) && want[start - 1] == attr) ||
		     (end < LINES && !ranges_bound_at(map, end) && want[end] == attr);
	struct range r;
	bool whole = ranges_find(map, start, &r) && r.start == start && r.len == len;

	CHECK(ranges_recolour(map, start, len, attr) == (whole && !joins));
	if (whole && !joins)
		memset(want + start, attr, len);
}

static void change(struct ranges *map, uint64_t start, uint64_t len, uint8_t attr)
{
	uint64_t line = start;
	struct range gap;

	CHECK(ranges_reserve(map, len + 4));
	memory.left = 0; /* the reservation is enough */
	ranges_cut(map, start, len);
	memset(want + start, attr, len);
	while (attr && ranges_piece(map, &line, start + len, &gap)) {
		uint64_t before = ranges_count(map);
		int64_t cost = ranges_put_cost(map, gap.start, gap.len, attr);

		CHECK(!gap.attr);
		ranges_put(map, gap.start, gap.len, attr);
		CHECK((int64_t)(ranges_count(map) - before) == cost);
	}
	memory.left = -1;
}

static void random_run(uint64_t max_len, unsigned steps, void (*also)(const struct ranges *))
{
	struct ranges map;
	struct range r;

	ranges_init(&map, &test_mem, bounds, max_len);
	memset(want, 0, sizeof(want));
	for (unsigned step = 0; step < steps; step++) {
		uint64_t start = below(LINES);
		uint64_t most = MIN(next_bound(NULL, start), LINES) - start;
		uint64_t len = 1 + below(below(3) ? MIN(most, 6) : most);

		change(&map, start, len, (uint8_t)below(4));
		check_entries(&map);
		start = below(LINES);
		check_find(&map, start);
		check_walk(&map, start);
		if (ranges_find(&map, start, &r))
			recolour(&map, r.start, below(4) ? r.len : 1, 1 + (uint8_t)below(3));
		check_pieces(&map, start, start + below(LINES - start));
		if (also)
			also(&map);
	}
	ranges_clear(&map);
	CHECK(memory.blocks == 0);
}

static void random_changes_match_an_array(void)
{
	random_run(UINT64_MAX >> 8, 20000, check_longest);
	random_run(1, 5000, NULL);
	random_run(3, 10000, NULL);
	random_run(7, 10000, NULL);
}

static void entries_are_as_long_as_they_can_be(void)
{
	random_run(3, 5000, check_longest);
	random_run(7, 5000, check_longest);
}

/* ---- the poison map: one operation, all or nothing ---- */

static uint8_t source_of(uint8_t old, void *arg)
{
	uint8_t attr = *(uint8_t *)arg;

	return attr == 0xff ? (uint8_t)(old ? old ^ SWCXL_ATTR_KNOWN : 0) : attr;
}

static void check_counts(const struct media *m)
{
	uint64_t poisoned = 0, injected = 0;

	for (unsigned i = 0; i < LINES; i++) {
		CHECK(media_attr(m, i) == want[i]);
		poisoned += want[i] != 0;
		injected += want[i] && (want[i] & SWCXL_ATTR_SOURCE) == SWCXL_SOURCE_INJECTED;
	}
	CHECK(m->poisoned == poisoned && m->injected == injected);
}

static void what_was_reserved_cannot_fail(void)
{
	static const uint8_t attrs[] = {0, 0xff, 0x80, 0x83, 0x88, 0x8b};
	struct media m = {.ranges_max = 40};

	media_init(&m, &test_mem, bounds);
	memset(want, 0, sizeof(want));
	for (unsigned step = 0; step < 20000; step++) {
		uint64_t start = below(LINES), len = 1 + below(below(3) ? 3 : LINES - start);
		uint8_t attr = attrs[below(ARRAY_SIZE(attrs))];

		len = MIN(len, LINES - start);
		if (!media_reserve(&m, start, len, source_of, &attr, true)) {
			CHECK(!media_transform(&m, start, len, source_of, &attr, true));
			check_counts(&m);
			continue;
		}
		memory.left = 0;
		CHECK(media_transform(&m, start, len, source_of, &attr, true));
		memory.left = -1;
		for (uint64_t i = start; i < start + len; i++)
			want[i] = source_of(want[i], &attr);
		CHECK(ranges_count(&m.poison) <= 40);
		check_counts(&m);
		check_longest(&m.poison);
	}
	media_fini(&m);
	CHECK(memory.blocks == 0);
}

/* Tens of thousands of pieces changed in one operation, with not a node more than was reserved. */
static void large_changes_need_no_more_than_was_reserved(void)
{
	uint8_t attr = 0x88, back = 0xff;
	struct media m = {.ranges_max = UINT64_MAX};

	media_init(&m, &test_mem, (struct bounds){0});
	for (uint64_t line = 0; line < 60000; line += 2)
		CHECK(media_transform(&m, line + below(2) * 100000, 1, source_of, &attr, true));
	for (unsigned i = 0; i < 6; i++) {
		uint64_t start = below(50000), len = 1000 + below(110000);
		uint8_t *arg = i % 3 == 2 ? &attr : &back;

		CHECK(media_reserve(&m, start, len, source_of, arg, true));
		memory.left = 0;
		CHECK(media_transform(&m, start, len, source_of, arg, true));
		memory.left = -1;
	}
	media_fini(&m);
	CHECK(memory.blocks == 0);
}

int main(void)
{
	RUN(random_changes_match_an_array);
	RUN(entries_are_as_long_as_they_can_be);
	RUN(what_was_reserved_cannot_fail);
	RUN(large_changes_need_no_more_than_was_reserved);
	return test_done();
}
