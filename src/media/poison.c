/* SPDX-License-Identifier: MIT */
/*
 * The poison map. One operation changes it: transform(), which lets each line of a range become a
 * function of what it was. It counts first what the map would hold, takes the memory that the
 * change may need, and then cannot fail: nothing is ever half done.
 */
#include "media/media.h"

#include <errno.h>

#include "base/util.h"
#include "swcxl/swcxl.h"

void media_init(struct media *m, const struct mem *mem, struct bounds bounds)
{
	ranges_init(&m->poison, mem, bounds, UINT64_MAX >> 8);
	btree_init(&m->content, mem, 64, 4096);
}

void media_fini(struct media *m)
{
	ranges_clear(&m->poison);
	btree_clear(&m->content);
}

uint8_t media_attr(const struct media *m, uint64_t line)
{
	struct range piece;

	return ranges_piece(&m->poison, &line, line + 1, &piece) ? piece.attr : 0;
}

/* Counts runs of equal attribute, going up the lines. */
struct runs {
	const struct ranges *map;
	uint8_t attr;
	uint64_t end, count;
};

static void runs_add(struct runs *runs, uint64_t start, uint64_t len, uint8_t attr)
{
	bool joins = runs->count && start == runs->end && attr == runs->attr &&
		     !ranges_bound_at(runs->map, start);

	if (attr == 0)
		return;
	if (!joins)
		runs->count++;
	runs->attr = attr;
	runs->end = start + len;
}

/*
 * How many entries more there are after the change, from the runs in a window one line wider than
 * the range on each side: whatever lies outside of it keeps its runs.
 */
static int64_t growth(const struct media *m, uint64_t start, uint64_t len, media_fn *fn, void *arg,
		      uint64_t *touched)
{
	struct runs before = {.map = &m->poison}, after = before;
	uint64_t line = start ? start - 1 : 0, window_end = start + len + 1;
	const uint64_t stops[] = {start, start + len, window_end};
	struct range piece;

	*touched = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++) {
		while (ranges_piece(&m->poison, &line, stops[i], &piece)) {
			runs_add(&before, piece.start, piece.len, piece.attr);
			runs_add(&after, piece.start, piece.len,
				 i == 1 ? fn(piece.attr, arg) : piece.attr);
			++*touched;
		}
	}
	return (int64_t)(after.count - before.count);
}

static bool fits(const struct media *m, int64_t more)
{
	return more <= 0 || ranges_count(&m->poison) + (uint64_t)more <= m->ranges_max;
}

bool media_reserve(struct media *m, uint64_t start, uint64_t len, media_fn *fn, void *arg,
		   bool limit)
{
	uint64_t touched, more;
	int64_t n = growth(m, start, len, fn, arg, &touched);

	if (limit && !fits(m, n))
		return false;
	/* a piece that changes is taken out and put back: room is for growth, and some slack */
	more = (uint64_t)MAX(n, 0);
	return ranges_reserve(&m->poison, MIN(touched, 2 * more + touched / 16 + 8));
}

/* Those that touch or overlap are one: what lies between two others then belongs to one window. */
static int64_t growth_of_all(const struct media *m, const struct stretch *s, size_t n, media_fn *fn,
			     void *arg)
{
	int64_t more = 0;
	uint64_t touched;

	for (size_t i = 0, next; i < n; i = next) {
		uint64_t end = s[i].start + s[i].len;

		for (next = i + 1; next < n && s[next].start <= end; next++)
			end = MAX(end, s[next].start + s[next].len);
		more += growth(m, s[i].start, end - s[i].start, fn, arg, &touched);
	}
	return more;
}

/* An entry begins where one began or ended before, where a stretch does, or at a bound. */
int media_reserve_many(struct media *m, const struct stretch *s, size_t n, media_fn *fn, void *arg)
{
	uint64_t most = 2 * ranges_count(&m->poison) + 2 * n + 16;

	if (most > m->ranges_max && !fits(m, growth_of_all(m, s, n, fn, arg)))
		return -ENOSPC;
	m->reserved = ranges_reserve(&m->poison, n);
	return m->reserved ? 0 : -ENOMEM;
}

/* So many lines more (or fewer: what wraps comes back) are poisoned like this. */
static void count(struct media *m, uint64_t lines, uint8_t attr)
{
	m->poisoned += lines;
	if ((attr & SWCXL_ATTR_SOURCE) == SWCXL_SOURCE_INJECTED)
		m->injected += lines;
	if (!(attr & SWCXL_ATTR_KNOWN))
		m->latent += lines;
	else if (attr & SWCXL_ATTR_PERMANENT)
		m->permanent += lines;
}

static void replace(struct ranges *map, const struct range *piece, uint8_t attr)
{
	if (piece->attr && attr && ranges_recolour(map, piece->start, piece->len, attr))
		return;
	if (piece->attr)
		ranges_cut(map, piece->start, piece->len);
	if (attr)
		ranges_put(map, piece->start, piece->len, attr);
}

/* These lines are something else now. */
static void note(struct media *m, const struct range *was, uint8_t attr)
{
	if (was->attr)
		count(m, -was->len, was->attr);
	if (attr)
		count(m, was->len, attr);
	if (m->changed)
		m->changed(m->ctx, was->start, was->len, attr);
}

static void set_piece(struct media *m, const struct range *piece, uint8_t attr)
{
	replace(&m->poison, piece, attr);
	note(m, piece, attr);
}

static void trim(struct media *m)
{
	if (!m->reserved)
		ranges_trim(&m->poison);
}

void media_settle(struct media *m)
{
	m->reserved = false;
	trim(m);
}

bool media_set(struct media *m, const struct range *piece, uint8_t attr)
{
	if (attr == piece->attr)
		return true;
	if (!ranges_reserve(&m->poison, 3))
		return false;
	set_piece(m, piece, attr);
	trim(m);
	return true;
}

bool media_transform(struct media *m, uint64_t start, uint64_t len, media_fn *fn, void *arg,
		     bool limit)
{
	uint64_t line = start, end = start + len;
	struct range piece;

	/* one piece alone makes at most two entries more: that need not be counted */
	if (ranges_piece(&m->poison, &line, end, &piece) && line == end && (!limit || fits(m, 2)))
		return media_set(m, &piece, fn(piece.attr, arg));
	if (!media_reserve(m, start, len, fn, arg, limit))
		return false;
	for (line = start; ranges_piece(&m->poison, &line, end, &piece);) {
		uint8_t attr = fn(piece.attr, arg);

		if (attr != piece.attr)
			set_piece(m, &piece, attr);
	}
	trim(m);
	return true;
}

struct sweep {
	struct media *media;
	media_fn *keep;
};

static bool sweep_keeps(void *ctx, const struct range *r)
{
	const struct sweep *sweep = ctx;

	if (sweep->keep(r->attr, NULL))
		return true;
	note(sweep->media, r, 0);
	return false;
}

void media_sweep(struct media *m, uint64_t start, uint64_t len, media_fn *keep)
{
	struct sweep sweep = {m, keep};

	ranges_filter(&m->poison, start, len, sweep_keeps, &sweep);
}

void media_recount(struct media *m)
{
	struct ranges_walk walk = ranges_walk(&m->poison, 0);
	struct range r;

	m->poisoned = m->injected = m->latent = m->permanent = 0;
	while (ranges_step(&walk, &r))
		count(m, r.len, r.attr);
}
