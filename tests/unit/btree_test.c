/* SPDX-License-Identifier: MIT */
/* The B+tree against a sorted array, what a reservation is worth, and what the tree may cost. */
#include <string.h>

#include "base/btree.h"
#include "base/util.h"
#include "test.h"

#define KEYS 700u
/* What a node begins with, before its keys. */
#define HEAD 24u

/* Of a fixed universe of keys: which are there. Key i is at i * spread. */
static bool there[KEYS];
static unsigned entries;
static uint64_t spread;

static void fill(const struct btree *t, unsigned char *value, unsigned i)
{
	memset(value, (int)(i * 37 + 1), t->value_size);
}

static bool filled(const struct btree *t, const unsigned char *value, unsigned i)
{
	for (unsigned b = 0; b < t->value_size; b++)
		if (value[b] != (unsigned char)(i * 37 + 1))
			return false;
	return true;
}

static void check_walk(const struct btree *t)
{
	struct btree_pos pos;
	bool more = btree_ceil(t, 0, &pos);

	CHECK(t->count == entries);
	for (unsigned i = 0; i < KEYS; i++) {
		if (!there[i])
			continue;
		CHECK(more && btree_key(pos) == i * spread);
		CHECK(filled(t, btree_value(t, pos), i));
		more = btree_next(t, &pos);
	}
	CHECK(!more);

	more = btree_floor(t, UINT64_MAX, &pos);
	for (unsigned i = KEYS; i-- > 0;) {
		if (!there[i])
			continue;
		CHECK(more && btree_key(pos) == i * spread);
		more = btree_previous(t, &pos);
	}
	CHECK(!more);
}

/* At a key, and beside it. */
static void check_search(const struct btree *t, unsigned i, int beside)
{
	uint64_t key = i * spread + (uint64_t)(int64_t)beside;
	struct btree_pos pos;
	long lo = (long)i, hi = (long)i;

	if (beside < 0)
		lo--;
	if (beside > 0)
		hi++;
	while (lo >= 0 && !there[lo])
		lo--;
	while (hi < (long)KEYS && !there[hi])
		hi++;
	CHECK(btree_floor(t, key, &pos) == (lo >= 0));
	CHECK(lo < 0 || btree_key(pos) == (uint64_t)lo * spread);
	CHECK(btree_ceil(t, key, &pos) == (hi < (long)KEYS));
	CHECK(hi >= (long)KEYS || btree_key(pos) == (uint64_t)hi * spread);
}

static void put(struct btree *t, unsigned i)
{
	fill(t, btree_insert(t, i * spread), i);
	there[i] = true;
	entries++;
}

static void take(struct btree *t, unsigned i)
{
	btree_remove(t, i * spread);
	there[i] = false;
	entries--;
}

static void start(struct btree *t, uint32_t value_size, uint32_t node_size)
{
	btree_init(t, &test_mem, value_size, node_size);
	memset(there, 0, sizeof(there));
	entries = 0;
	spread = 3 + below(1ull << 40);
}

static void stop(struct btree *t)
{
	btree_clear(t);
	CHECK(t->count == 0 && memory.blocks == 0);
}

/* Mostly growing, then mostly shrinking, in turns. */
static void one_random_run(uint32_t value_size, uint32_t node_size, unsigned steps)
{
	struct btree t;

	start(&t, value_size, node_size);
	for (unsigned step = 0; step < steps; step++) {
		bool grow = below(10) < ((step / (KEYS * 2)) % 2 ? 2 : 8);
		unsigned i = (unsigned)below(KEYS);

		if (grow && !there[i]) {
			CHECK(btree_reserve(&t, 1));
			put(&t, i);
		} else if (!grow && there[i]) {
			take(&t, i);
		}
		i = (unsigned)below(KEYS);
		check_search(&t, i, i ? (int)below(3) - 1 : (int)below(2));
		if (step % 32 == 0)
			check_walk(&t);
	}
	stop(&t);
}

static void random_operations_match_a_sorted_array(void)
{
	one_random_run(8, HEAD + 4 * 16, 30000); /* four entries in a node */
	one_random_run(8, HEAD + 5 * 16, 30000);
	one_random_run(8, HEAD + 9 * 16, 20000);
	one_random_run(8, 256, 20000);
	one_random_run(8, 1024, 10000);
	one_random_run(1, 128, 10000);
	one_random_run(64, HEAD + 4 * 72, 20000);
	one_random_run(64, 4096, 10000);
}

static void edges_of_the_key_space(void)
{
	struct btree_pos pos;
	struct btree t;

	btree_init(&t, &test_mem, 8, 1024);
	CHECK(!btree_floor(&t, UINT64_MAX, &pos) && !btree_ceil(&t, 0, &pos));
	CHECK(btree_reserve(&t, 2));
	btree_insert(&t, UINT64_MAX);
	CHECK(!btree_floor(&t, UINT64_MAX - 1, &pos));
	CHECK(btree_ceil(&t, UINT64_MAX, &pos) && btree_key(pos) == UINT64_MAX);
	btree_insert(&t, 0);
	CHECK(btree_floor(&t, 0, &pos) && btree_key(pos) == 0);
	CHECK(btree_ceil(&t, 1, &pos) && btree_key(pos) == UINT64_MAX);
	CHECK(!btree_next(&t, &pos));
	btree_remove(&t, 0);
	btree_remove(&t, UINT64_MAX);
	stop(&t);
}

/* Insertions into a stretch: whatever the order, whatever stands there already. */
static void a_reservation_is_enough(void)
{
	static const uint32_t sizes[] = {HEAD + 4 * 16, HEAD + 6 * 16, 256, 1024};
	struct btree t;

	for (unsigned round = 0; round < 400; round++) {
		unsigned from, len, n = 0, order = (unsigned)below(3);

		start(&t, 8, sizes[round % ARRAY_SIZE(sizes)]);
		for (unsigned i = 0; i < KEYS; i++) {
			if (below(8) < round % 8) {
				CHECK(btree_reserve(&t, 1));
				put(&t, i);
			}
		}
		from = (unsigned)below(KEYS);
		len = 1 + (unsigned)below(KEYS - from);
		CHECK(btree_reserve(&t, len));
		memory.left = 0;
		for (n = 0; n < len; n++) {
			unsigned i = order == 0	  ? from + n
				     : order == 1 ? from + len - 1 - n
						  : from + (unsigned)below(len);

			if (!there[i])
				put(&t, i);
		}
		memory.left = -1;
		check_walk(&t);
		stop(&t);
	}
}

static void a_failed_reservation_leaves_nothing(void)
{
	struct btree t;

	start(&t, 8, 256);
	for (unsigned i = 0; i < KEYS; i += 2) {
		CHECK(btree_reserve(&t, 1));
		put(&t, i);
	}
	for (long n = 0; n < 40; n++) {
		long before = memory.blocks;

		memory.left = n;
		CHECK(!btree_reserve(&t, 100000));
		memory.left = -1;
		CHECK(memory.blocks == before);
	}
	check_walk(&t);
	stop(&t);
}

/* Nodes that n entries may take: on average three eighths full, with some to spare. */
static long bound(const struct btree *t)
{
	uint64_t leaves = t->count * 8 / (3u * t->leaf_cap) + 2;

	return (long)(leaves + leaves * 8 / (3u * t->inner_cap) + 40);
}

/* Leaves one key of every `gap`, in an order, and goes on until little is left. */
static void thin_out(uint32_t node_size, uint64_t n, unsigned gap, bool upwards)
{
	struct btree t;

	btree_init(&t, &test_mem, 8, node_size);
	for (uint64_t i = 0; i < n; i++) {
		CHECK(btree_reserve(&t, 1));
		btree_insert(&t, upwards ? i : n - 1 - i);
		CHECK(i % 1024 || memory.blocks <= bound(&t));
	}
	for (uint64_t step = 1; step < n; step *= gap) {
		for (uint64_t i = 0; i < n; i += step)
			if (i % (step * gap))
				btree_remove(&t, i);
		CHECK(memory.blocks <= bound(&t));
	}
	CHECK(t.count == 1);
	stop(&t);
}

static void memory_follows_the_entries(void)
{
	static const unsigned gaps[] = {2, 3, 7, 31, 62, 63, 200};

	for (unsigned i = 0; i < ARRAY_SIZE(gaps); i++) {
		thin_out(1024, 30000, gaps[i], i % 2);
		thin_out(HEAD + 4 * 16, 8000, gaps[i], !(i % 2));
	}
}

/* Fills a node's worth, takes all but one away, moves on: a guest's way to waste memory. */
static void memory_follows_under_a_sawtooth(void)
{
	struct btree t;

	btree_init(&t, &test_mem, 8, 1024);
	for (uint64_t base = 0; base < 400000; base += 1000) {
		for (uint64_t i = 0; i < 130; i++) {
			CHECK(btree_reserve(&t, 1));
			btree_insert(&t, base + i);
		}
		for (uint64_t i = 1; i < 130; i++)
			btree_remove(&t, base + i);
		CHECK(memory.blocks <= bound(&t));
	}
	CHECK(t.count == 400);
	stop(&t);
}

/* What one large operation set aside goes back, but for a few nodes. */
static void memory_set_aside_is_given_back(void)
{
	struct btree t;

	btree_init(&t, &test_mem, 8, 1024);
	CHECK(btree_reserve(&t, 100000));
	btree_insert(&t, 1);
	CHECK(memory.blocks > bound(&t));
	btree_trim(&t);
	CHECK(memory.blocks <= bound(&t));
	stop(&t);
}

/* A key that rises up to its neighbour, anywhere in the tree, and the tree works on. */
static void keys_are_raised_in_place(void)
{
	static const uint32_t sizes[] = {HEAD + 4 * 16, HEAD + 5 * 16, 256};
	struct btree t;

	for (unsigned round = 0; round < 60; round++) {
		start(&t, 8, sizes[round % ARRAY_SIZE(sizes)]);
		for (unsigned step = 0; step < 3000; step++) {
			unsigned i = (unsigned)below(KEYS), to = i;

			if (!there[i]) {
				CHECK(btree_reserve(&t, 1));
				put(&t, i);
				continue;
			}
			while (to + 1 < KEYS && !there[to + 1] && below(8))
				to++;
			if (to == i || below(4) == 0) {
				take(&t, i);
				continue;
			}
			btree_rekey(&t, i * spread, to * spread);
			there[i] = false;
			there[to] = true;
			CHECK(btree_ceil(&t, i * spread, &(struct btree_pos){0}));
			take(&t, to);
			CHECK(btree_reserve(&t, 1));
			put(&t, below(2) ? to : i);
			if (step % 16 == 0)
				check_walk(&t);
		}
		check_walk(&t);
		stop(&t);
	}
}

/* Wants what has a bit set in its pattern; sees the entries of the stretch, each once, in order. */
struct wish {
	uint64_t seen, next;
	unsigned first, last;
	bool keep[KEYS];
};

static bool wanted(void *ctx, uint64_t key, const void *value)
{
	struct wish *wish = ctx;
	unsigned i = (unsigned)(key / spread);

	CHECK(key % spread == 0 && i >= wish->first && i <= wish->last && there[i]);
	CHECK(key >= wish->next && *(const unsigned char *)value == (unsigned char)(i * 37 + 1));
	wish->next = key + 1;
	wish->seen++;
	if (!wish->keep[i]) {
		there[i] = false;
		entries--;
	}
	return wish->keep[i];
}

/* From a stretch goes what is not wanted: all, nothing, single ones, whole leaves; no memory is
 * taken, what is over is given back, and the tree works on. */
static void one_filtered_run(uint32_t value_size, uint32_t node_size)
{
	static struct wish wish;
	uint64_t inside = 0;
	struct btree t;

	start(&t, value_size, node_size);
	for (unsigned round = 0; round < 60; round++) {
		unsigned density = 1 + (unsigned)below(8), bias = (unsigned)below(9);

		for (unsigned i = 0; i < KEYS; i++) {
			if (there[i] || below(8) >= density)
				continue;
			CHECK(btree_reserve(&t, 1));
			put(&t, i);
		}
		wish = (struct wish){.first = (unsigned)below(KEYS)};
		wish.last = wish.first + (unsigned)below(KEYS - wish.first);
		if (below(4) == 0) {
			wish.first = 0;
			wish.last = KEYS - 1;
		}
		inside = 0;
		for (unsigned i = 0, run = 0; i < KEYS; i++) {
			run = run ? run - 1 : (unsigned)below(40);
			wish.keep[i] = run % 3 ? bias > 4 : below(8) < bias;
			inside += there[i] && i >= wish.first && i <= wish.last;
		}
		memory.left = 0;
		btree_filter(&t, wish.first * spread, wish.last * spread, wanted, &wish);
		memory.left = -1;
		CHECK(wish.seen == inside && memory.blocks <= bound(&t));
		check_walk(&t);
		for (unsigned i = 0; i < KEYS; i++)
			check_search(&t, i, i ? (int)below(3) - 1 : (int)below(2));
	}
	stop(&t);
}

static void a_filter_removes_what_is_not_wanted(void)
{
	for (unsigned i = 0; i < 20; i++) {
		one_filtered_run(8, HEAD + 4 * 16);
		one_filtered_run(8, HEAD + 5 * 16);
		one_filtered_run(8, 256);
		one_filtered_run(8, 1024);
		one_filtered_run(64, HEAD + 4 * 72);
	}
}

int main(void)
{
	RUN(a_filter_removes_what_is_not_wanted);
	RUN(random_operations_match_a_sorted_array);
	RUN(edges_of_the_key_space);
	RUN(a_reservation_is_enough);
	RUN(a_failed_reservation_leaves_nothing);
	RUN(memory_follows_the_entries);
	RUN(memory_follows_under_a_sawtooth);
	RUN(memory_set_aside_is_given_back);
	RUN(keys_are_raised_in_place);
	return test_done();
}
