/* SPDX-License-Identifier: MIT */
/*
 * A B+tree from 64-bit keys to values of one fixed size: the sorted store under the poison map,
 * the poison list and the media content.
 *
 * Insertion never fails in the middle of something: btree_reserve() first sets nodes aside.
 * Positions are valid until the next insertion or removal.
 */
#ifndef SWCXL_BTREE_H
#define SWCXL_BTREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"

struct btree_node {
	struct btree_node *prev, *next; /* leaves only; next also chains spares */
	uint16_t n;
	uint64_t keys[];
	/* leaf: then leaf_cap values; inner: then inner_cap children */
};

/* The leaf that was used last, and which keys belong there: first .. first + span. */
struct btree_finger {
	struct btree_node *leaf; /* NULL: none */
	uint64_t first, span;
	unsigned le; /* how many of its keys were <= the one looked for */
};

struct btree {
	const struct mem *mem;
	uint32_t value_size, node_size;
	uint16_t leaf_cap, inner_cap;
	unsigned height; /* levels of inner nodes above the leaves */
	uint64_t count;	 /* entries */
	struct btree_node *root;
	struct btree_node *spare; /* nodes set aside */
	size_t spares;
	struct btree_finger finger; /* a cache, which looking things up moves too */
};

struct btree_pos {
	struct btree_node *leaf;
	unsigned i;
};

/* node_size: bytes of a node; at least four entries must fit. */
void btree_init(struct btree *tree, const struct mem *mem, uint32_t value_size, uint32_t node_size);

/* Removes everything and gives all memory back. */
void btree_clear(struct btree *tree);

/*
 * Makes sure that insertions into a stretch of the tree that will then hold at most n entries
 * cannot fail. False: no memory, nothing changed.
 */
bool btree_reserve(struct btree *tree, uint64_t n);

/* The last entry with a key <= key, or the first with one >= key. False: there is none. */
static inline bool btree_floor(const struct btree *tree, uint64_t key, struct btree_pos *pos);
bool btree_ceil(const struct btree *tree, uint64_t key, struct btree_pos *pos);
/* Moves to the next leaf. False: that was the last. */
bool btree_next_leaf(const struct btree *tree, struct btree_pos *pos);
/* Moves to the following entry, or to the one before. False: that was the last, or the first. */
static inline bool btree_next(const struct btree *tree, struct btree_pos *pos)
{
	return ++pos->i < pos->leaf->n || btree_next_leaf(tree, pos);
}
bool btree_previous(const struct btree *tree, struct btree_pos *pos);

/* The entries from a position to the end of its leaf, as two arrays; returns how many. */
unsigned btree_leaf(const struct btree *tree, struct btree_pos pos, const uint64_t **keys,
		    const void **values);

static inline uint64_t btree_key(struct btree_pos pos)
{
	return pos.leaf->keys[pos.i];
}

static inline void *btree_value(const struct btree *tree, struct btree_pos pos)
{
	unsigned char *values = (unsigned char *)(pos.leaf->keys + tree->leaf_cap);

	return values + (size_t)pos.i * tree->value_size;
}

bool btree_find_floor(const struct btree *tree, uint64_t key, struct btree_pos *pos);

/* Most often it is asked for the place that was found last. */
static inline bool btree_floor(const struct btree *tree, uint64_t key, struct btree_pos *pos)
{
	struct btree_node *leaf = tree->finger.leaf;
	unsigned le = tree->finger.le;

	if (!leaf || !le || le > leaf->n || leaf->keys[le - 1] > key ||
	    (le < leaf->n ? leaf->keys[le] <= key : key - tree->finger.first > tree->finger.span))
		return btree_find_floor(tree, key, pos);
	*pos = (struct btree_pos){leaf, le - 1};
	return true;
}

/* Gives the reservation back but for a few nodes; to be called after large changes. */
void btree_trim(struct btree *tree);

/* Raises a key in place: no other key may lie between the old and the new one. Never fails. */
void btree_rekey(struct btree *tree, uint64_t key, uint64_t higher);

/* Adds a key that is not there yet; returns the place of its value. Needs a reservation. */
void *btree_insert(struct btree *tree, uint64_t key);
/* Removes a key that is there. Never fails. */
void btree_remove(struct btree *tree, uint64_t key);

/*
 * Removes those entries from first to last that keep() does not want: it is asked about each of
 * them in order, and must not look at the tree. For many at once: some nanoseconds for each, and as
 * much for every leaf of the tree if any goes. Gives back what was reserved. Never fails.
 */
typedef bool btree_keep(void *ctx, uint64_t key, const void *value);
void btree_filter(struct btree *tree, uint64_t first, uint64_t last, btree_keep *keep, void *ctx);

#endif
