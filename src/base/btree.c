/* SPDX-License-Identifier: MIT */
/*
 * How it works. Leaves hold keys and values in two arrays and are chained for walking; inner
 * nodes hold children and, for each, a separator: a lower bound of the child's keys (that of the
 * leftmost child is never looked at, so a new smallest key needs no repair upwards, and nor does
 * a removed one). All nodes have one size, so that one stock of spare nodes serves every split.
 *
 * A full node splits in two halves. A node that shrank joins its neighbour under the same parent
 * when both together fill at most three quarters of one node: two neighbours are therefore never
 * both nearly empty, whatever pattern of insertions and removals a guest chooses, and the slack
 * keeps it from making every operation split and join.
 *
 * Who changes a place looks at it several times, and who walks comes back beside it: a finger
 * stays on the leaf that was used last, and only what lies outside of it descends from the root.
 * It is taken off by whatever moves entries between nodes.
 */
#include "base/btree.h"

#include <assert.h>

#include "base/util.h"

#define MAX_HEIGHT 24	/* 2^64 entries in nodes a quarter full need less */
#define KEEP_SPARES 16u /* spare nodes kept between operations: a few splits' worth */

/* The way from the root to a leaf: at each level the node and the child that was taken. */
struct path {
	struct btree_node *node[MAX_HEIGHT];
	unsigned i[MAX_HEIGHT];
};

static struct btree_node **kids(const struct btree *t, struct btree_node *node)
{
	return (struct btree_node **)(void *)(node->keys + t->inner_cap);
}

static unsigned char *values(const struct btree *t, struct btree_node *node)
{
	return (unsigned char *)(node->keys + t->leaf_cap);
}

void btree_init(struct btree *t, const struct mem *mem, uint32_t value_size, uint32_t node_size)
{
	size_t room = node_size - sizeof(struct btree_node);

	*t = (struct btree){
		.mem = mem,
		.value_size = value_size,
		.node_size = node_size,
		.leaf_cap = (uint16_t)(room / (sizeof(uint64_t) + value_size)),
		.inner_cap = (uint16_t)(room / (sizeof(uint64_t) + sizeof(void *))),
	};
	assert(t->leaf_cap >= 4 && t->inner_cap >= 4);
}

static void release(struct btree *t, struct btree_node *node)
{
	if (t->spares >= KEEP_SPARES) {
		mem_free(t->mem, node);
		return;
	}
	node->next = t->spare;
	t->spare = node;
	t->spares++;
}

static void free_chain(struct btree *t, struct btree_node *node)
{
	while (node) {
		struct btree_node *next = node->next;

		mem_free(t->mem, node);
		node = next;
	}
}

/* Those that were set aside last go: memory is given back from its end. */
static void trim_spares(struct btree *t, size_t keep)
{
	struct btree_node **link = &t->spare;

	if (t->spares <= keep)
		return;
	t->spares = keep;
	while (keep--)
		link = &(*link)->next;
	free_chain(t, *link);
	*link = NULL;
}

static struct btree_node *take(struct btree *t)
{
	struct btree_node *node;

	if (!t->spare)
		btree_reserve(t, 1);
	node = t->spare;
	assert(node); /* btree_reserve() was not asked for enough, and there is no memory */
	t->spare = node->next;
	t->spares--;
	node->prev = node->next = NULL;
	node->n = 0;
	return node;
}

static void free_below(struct btree *t, struct btree_node *node, unsigned height)
{
	if (height)
		for (unsigned i = 0; i < node->n; i++)
			free_below(t, kids(t, node)[i], height - 1);
	mem_free(t->mem, node);
}

void btree_trim(struct btree *t)
{
	trim_spares(t, KEEP_SPARES);
}

void btree_clear(struct btree *t)
{
	if (t->root)
		free_below(t, t->root, t->height);
	t->root = NULL;
	t->height = 0;
	t->count = 0;
	t->finger.leaf = NULL;
	trim_spares(t, 0);
}

/*
 * A leaf that splits was full: of those that were there before, a stretch of n entries has at
 * most n / cap + 2; a half must take cap / 2 more entries to split again. So 3 n / cap + 2 leaf
 * splits, one inner split for every inner_cap / 2 of them, and one more at each level and the
 * root.
 */
static bool reserve(struct btree *t, uint64_t n)
{
	uint64_t leaves = 3 * (n / t->leaf_cap) + 3;
	uint64_t want = leaves + leaves / (t->inner_cap / 2u) + t->height + 4;
	struct btree_node *first = NULL, **link = &first;
	uint64_t more = 0;

	for (; t->spares + more < want; more++) {
		*link = mem_resize(t->mem, NULL, t->node_size);
		if (!*link) {
			free_chain(t, first);
			return false;
		}
		link = &(*link)->next;
		*link = NULL;
	}
	*link = t->spare;
	t->spare = first;
	t->spares += more;
	return true;
}

/* Most often a few entries are to come, for which there are spares: they come to 7 + height. */
bool btree_reserve(struct btree *t, uint64_t n)
{
	return (n < t->leaf_cap && t->spares >= 7 + t->height) || reserve(t, n);
}

/* How many of the first n keys are <= key. Without branches: they would be guessed wrong. */
static unsigned count_le(const uint64_t *keys, unsigned n, uint64_t key)
{
	const uint64_t *base = keys;

	while (n > 0) {
		unsigned half = (n + 1) / 2;

		base += half & -(unsigned)(base[half - 1] <= key);
		n -= half;
	}
	return (unsigned)(base - keys);
}

/* Its lines come together then, not one after another as the search gets to them. */
static void prefetch(const struct btree *t, const struct btree_node *node)
{
	const char *p = (const char *)node;

	for (uint32_t at = 0; at < MIN(t->node_size, 1024); at += 64)
		__builtin_prefetch(p + at);
}

static struct btree_node *descend(const struct btree *t, uint64_t key, struct path *path)
{
	struct btree_node *node = t->root;

	for (unsigned level = 0; level < t->height; level++) {
		unsigned i = count_le(node->keys + 1, node->n - 1u, key);

		path->node[level] = node;
		path->i[level] = i;
		node = kids(t, node)[i];
	}
	return node;
}

static void drop_finger(struct btree *t)
{
	t->finger.leaf = NULL;
}

/* A tree is never defined const: its readers only promise not to change what it holds. */
static struct btree_finger *finger_of(const struct btree *t)
{
	return &((struct btree *)(uintptr_t)t)->finger;
}

/* The leaf where a key belongs. */
static struct btree_node *find_leaf(const struct btree *t, uint64_t key)
{
	struct btree_finger *finger = finger_of(t);
	uint64_t first = 0, last = UINT64_MAX;
	struct btree_node *node = t->root;

	if (finger->leaf && key - finger->first <= finger->span)
		return finger->leaf;
	for (unsigned level = 0; level < t->height; level++) {
		unsigned i = count_le(node->keys + 1, node->n - 1u, key);

		if (i > 0)
			first = node->keys[i];
		if (i + 1 < node->n)
			last = node->keys[i + 1] - 1;
		node = kids(t, node)[i];
		if (level + 1 == t->height)
			prefetch(t, node);
	}
	*finger = (struct btree_finger){node, first, last - first, 0};
	return node;
}

static bool is_count_le(const struct btree_node *leaf, unsigned le, uint64_t key)
{
	return le <= leaf->n && (!le || leaf->keys[le - 1] <= key) &&
	       (le == leaf->n || leaf->keys[le] > key);
}

/* How many keys of the leaf where a key belongs are <= key: as many as the last time, or one more,
 * when it is looked at again or walked over. */
static unsigned find_in(const struct btree *t, const struct btree_node *leaf, uint64_t key)
{
	struct btree_finger *finger = finger_of(t);

	if (is_count_le(leaf, finger->le, key))
		return finger->le;
	if (is_count_le(leaf, finger->le + 1, key))
		return ++finger->le;
	return finger->le = count_le(leaf->keys, leaf->n, key);
}

bool btree_find_floor(const struct btree *t, uint64_t key, struct btree_pos *pos)
{
	unsigned i;

	if (!t->root)
		return false;
	pos->leaf = find_leaf(t, key);
	i = find_in(t, pos->leaf, key);
	if (i == 0) {
		pos->leaf = pos->leaf->prev;
		if (!pos->leaf)
			return false;
		i = pos->leaf->n;
	}
	pos->i = i - 1;
	return true;
}

bool btree_ceil(const struct btree *t, uint64_t key, struct btree_pos *pos)
{
	if (!t->root)
		return false;
	pos->leaf = find_leaf(t, key);
	pos->i = key ? find_in(t, pos->leaf, key - 1) : 0;
	return pos->i < pos->leaf->n || btree_next_leaf(t, pos);
}

bool btree_previous(const struct btree *t, struct btree_pos *pos)
{
	(void)t;
	if (!pos->i) {
		pos->leaf = pos->leaf->prev;
		if (!pos->leaf)
			return false;
		pos->i = pos->leaf->n;
	}
	pos->i--;
	return true;
}

bool btree_next_leaf(const struct btree *t, struct btree_pos *pos)
{
	pos->leaf = pos->leaf->next;
	pos->i = 0;
	if (pos->leaf && pos->leaf->next)
		prefetch(t, pos->leaf->next);
	return pos->leaf != NULL;
}

unsigned btree_leaf(const struct btree *t, struct btree_pos pos, const uint64_t **keys,
		    const void **entries)
{
	*keys = pos.leaf->keys + pos.i;
	*entries = btree_value(t, pos);
	return pos.leaf->n - pos.i;
}

/* Moves n entries from one place to another, in one node or between two of a kind. */
static void move(const struct btree *t, bool leaf, struct btree_node *to, unsigned to_i,
		 struct btree_node *from, unsigned from_i, unsigned n)
{
	memmove(to->keys + to_i, from->keys + from_i, n * sizeof(uint64_t));
	if (leaf)
		memmove(values(t, to) + (size_t)to_i * t->value_size,
			values(t, from) + (size_t)from_i * t->value_size,
			(size_t)n * t->value_size);
	else
		memmove(kids(t, to) + to_i, kids(t, from) + from_i, n * sizeof(void *));
}

/* Makes room for n entries at i; takes n entries at i away. */
static void open_at(const struct btree *t, bool leaf, struct btree_node *node, unsigned i,
		    unsigned n)
{
	if (i < node->n)
		move(t, leaf, node, i + n, node, i, node->n - i);
	node->n = (uint16_t)(node->n + n);
}

static void close_at(const struct btree *t, bool leaf, struct btree_node *node, unsigned i,
		     unsigned n)
{
	move(t, leaf, node, i, node, i + n, node->n - i - n);
	node->n = (uint16_t)(node->n - n);
}

/* Splits a full node; returns the new right half. Ascending insertion keeps the left one fuller. */
static struct btree_node *split(struct btree *t, struct btree_node *node, bool leaf, bool at_end)
{
	struct btree_node *right = take(t);
	unsigned stay = at_end ? node->n * 7u / 8 : node->n / 2u;

	move(t, leaf, right, 0, node, stay, node->n - stay);
	right->n = (uint16_t)(node->n - stay);
	node->n = (uint16_t)stay;
	if (leaf) {
		right->prev = node;
		right->next = node->next;
		if (right->next)
			right->next->prev = right;
		node->next = right;
	}
	return right;
}

static void add_kid(const struct btree *t, struct btree_node *node, unsigned i, uint64_t key,
		    struct btree_node *kid)
{
	open_at(t, false, node, i, 1);
	node->keys[i] = key;
	kids(t, node)[i] = kid;
}

/* Hangs right, whose keys start at key, behind the child that the path took above level. */
static void hang(struct btree *t, struct path *path, unsigned level, struct btree_node *left,
		 struct btree_node *right, uint64_t key)
{
	while (level-- > 0) {
		struct btree_node *node = path->node[level], *half;
		unsigned i = path->i[level] + 1;

		if (node->n < t->inner_cap) {
			add_kid(t, node, i, key, right);
			return;
		}
		half = split(t, node, false, i == node->n);
		if (i > node->n)
			add_kid(t, half, i - node->n, key, right);
		else
			add_kid(t, node, i, key, right);
		left = node;
		right = half;
		key = half->keys[0];
	}
	/* the root itself was split */
	t->root = take(t);
	t->root->n = 2;
	t->root->keys[0] = 0;
	t->root->keys[1] = key;
	kids(t, t->root)[0] = left;
	kids(t, t->root)[1] = right;
	t->height++;
	assert(t->height < MAX_HEIGHT);
}

/* The separator to the right of a leaf may be lower than it had to be: it must stay above. */
static void raise_separator(struct btree *t, uint64_t key, uint64_t higher)
{
	struct path path;

	descend(t, key, &path);
	drop_finger(t);
	for (unsigned level = t->height; level-- > 0;) {
		struct btree_node *node = path.node[level];
		unsigned kid = path.i[level] + 1;

		if (kid < node->n) {
			node->keys[kid] = MAX(node->keys[kid], higher + 1);
			break;
		}
	}
}

void btree_rekey(struct btree *t, uint64_t key, uint64_t higher)
{
	struct btree_node *leaf = find_leaf(t, key);
	unsigned i = find_in(t, leaf, key) - 1;

	assert(i < leaf->n && leaf->keys[i] == key && higher > key);
	if (i + 1 == leaf->n)
		raise_separator(t, key, higher);
	leaf->keys[i] = higher;
}

/* Splits the full leaf where a key belongs; returns the half where it belongs then. */
static struct btree_node *split_leaf(struct btree *t, uint64_t key)
{
	struct btree_node *leaf, *right;
	struct path path;
	bool at_end;

	leaf = descend(t, key, &path);
	at_end = !leaf->next && key > leaf->keys[leaf->n - 1];
	right = split(t, leaf, true, at_end);
	hang(t, &path, t->height, leaf, right, right->keys[0]);
	drop_finger(t);
	return key < right->keys[0] ? leaf : right;
}

void *btree_insert(struct btree *t, uint64_t key)
{
	struct btree_node *leaf;
	unsigned i;

	if (!t->root)
		t->root = take(t);
	leaf = find_leaf(t, key);
	if (leaf->n == t->leaf_cap)
		leaf = split_leaf(t, key);
	i = find_in(t, leaf, key);
	open_at(t, true, leaf, i, 1);
	leaf->keys[i] = key;
	t->count++;
	return values(t, leaf) + (size_t)i * t->value_size;
}

/* Do two neighbours of this kind want settling? Both fit well into one, or one is nearly empty. */
static bool is_loose(const struct btree *t, const struct btree_node *a, const struct btree_node *b,
		     bool leaf)
{
	unsigned cap = leaf ? t->leaf_cap : t->inner_cap;

	return a->n + b->n <= cap * 3 / 4 || MIN(a->n, b->n) < MAX(2u, cap / 8);
}

static void drop_leaf(struct btree *t, struct btree_node *leaf)
{
	if (leaf->prev)
		leaf->prev->next = leaf->next;
	if (leaf->next)
		leaf->next->prev = leaf->prev;
	release(t, leaf);
}

/* Two neighbours become the first of them. */
static void join(struct btree *t, struct btree_node *a, struct btree_node *b, bool leaf)
{
	move(t, leaf, a, a->n, b, 0, b->n);
	a->n = (uint16_t)(a->n + b->n);
	if (leaf)
		drop_leaf(t, b);
	else
		release(t, b);
}

/*
 * Puts children i and i + 1 of a node in order after one of them shrank: joins them when both fit
 * well into one, evens them out when one is nearly empty. False: both were well.
 */
static bool settle(struct btree *t, struct btree_node *parent, unsigned i, bool leaf)
{
	struct btree_node *a = kids(t, parent)[i], *b = kids(t, parent)[i + 1];
	unsigned cap = leaf ? t->leaf_cap : t->inner_cap, n = a->n + b->n;

	if (!is_loose(t, a, b, leaf))
		return false;
	if (!leaf)
		b->keys[0] = parent->keys[i + 1]; /* where nobody looked, but will now */
	if (n <= cap * 3u / 4) {
		join(t, a, b, leaf);
		close_at(t, false, parent, i + 1, 1);
	} else if (a->n < b->n) {
		unsigned k = (b->n - a->n) / 2u;

		move(t, leaf, a, a->n, b, 0, k);
		a->n = (uint16_t)(a->n + k);
		close_at(t, leaf, b, 0, k);
		parent->keys[i + 1] = b->keys[0];
	} else {
		unsigned k = (a->n - b->n) / 2u;

		open_at(t, leaf, b, 0, k);
		move(t, leaf, b, 0, a, a->n - k, k);
		a->n = (uint16_t)(a->n - k);
		parent->keys[i + 1] = b->keys[0];
	}
	return true;
}

/* The nodes on the way to a key whose leaf has shrunk. */
static void settle_path(struct btree *t, uint64_t key)
{
	struct path path;

	descend(t, key, &path);
	drop_finger(t);
	for (unsigned level = t->height; level-- > 0;) {
		struct btree_node *parent = path.node[level];
		bool is_leaf = level + 1 == t->height;
		unsigned c = path.i[level];

		if (!(c + 1 < parent->n && settle(t, parent, c, is_leaf)) &&
		    !(c > 0 && settle(t, parent, c - 1, is_leaf)))
			break;
	}
	while (t->height && t->root->n == 1) {
		struct btree_node *old = t->root;

		t->root = kids(t, old)[0];
		t->height--;
		release(t, old);
	}
}

void btree_remove(struct btree *t, uint64_t key)
{
	struct btree_node *leaf = find_leaf(t, key);
	unsigned i = find_in(t, leaf, key) - 1;

	assert(i < leaf->n && leaf->keys[i] == key);
	close_at(t, true, leaf, i, 1);
	t->count--;
	if ((leaf->next && is_loose(t, leaf, leaf->next, true)) ||
	    (leaf->prev && is_loose(t, leaf->prev, leaf, true)))
		settle_path(t, key);
	if (t->count == 0) {
		drop_finger(t);
		release(t, t->root);
		t->root = NULL;
	}
}

/* Sets all inner nodes aside. */
static void spare_inner(struct btree *t, struct btree_node *node, unsigned height)
{
	if (!height)
		return;
	for (unsigned i = 0; i < node->n; i++)
		spare_inner(t, kids(t, node)[i], height - 1);
	node->next = t->spare;
	t->spare = node;
	t->spares++;
}

/* Nodes above a chain of *n, filled evenly. Returns the first of them, and in *n how many. */
static struct btree_node *build_level(struct btree *t, struct btree_node *below, uint64_t *n)
{
	uint64_t nodes = (*n + t->inner_cap - 1) / t->inner_cap;
	struct btree_node *first = NULL, **link = &first;

	for (uint64_t j = 0; j < nodes; j++) {
		struct btree_node *node = take(t);

		node->n = (uint16_t)(*n * (j + 1) / nodes - *n * j / nodes);
		for (unsigned i = 0; i < node->n; i++, below = below->next) {
			assert(below); /* the chain has *n */
			node->keys[i] = below->keys[0];
			kids(t, node)[i] = below;
		}
		*link = node;
		link = &node->next;
	}
	*n = nodes;
	return first;
}

/* Inner nodes anew, above a chain of leaves that is not longer than it was: the old ones do. */
static void build_inner(struct btree *t, struct btree_node *leaves)
{
	uint64_t n = 0;

	spare_inner(t, t->root, t->height);
	for (struct btree_node *leaf = leaves; leaf; leaf = leaf->next)
		n++;
	t->root = leaves;
	for (t->height = 0; n > 1; t->height++)
		t->root = build_level(t, t->root, &n);
	trim_spares(t, KEEP_SPARES);
}

/* The leaf that was filled last may be a small one, or empty. Returns the first of the chain. */
static struct btree_node *settle_leaf(struct btree *t, struct btree_node *first,
				      struct btree_node *leaf)
{
	struct btree_node *prev = leaf->prev, *next = leaf->next;

	if (!leaf->n) {
		drop_leaf(t, leaf);
		return prev ? first : next;
	}
	if (next && leaf->n + next->n <= t->leaf_cap)
		join(t, leaf, next, true);
	if (prev && prev->n + leaf->n <= t->leaf_cap)
		join(t, prev, leaf, true);
	return first;
}

/*
 * Entries that stay move down in the chain, to where others have gone: never beyond where they
 * come from. Leaves are filled, and those that are left over go. The last one with entries of the
 * stretch is dealt with as a whole.
 */
void btree_filter(struct btree *t, uint64_t first, uint64_t last, btree_keep *keep, void *ctx)
{
	uint64_t before = t->count;
	struct btree_pos from, to;
	struct btree_node *leaves;
	struct path path;

	if (!btree_ceil(t, first, &from))
		return;
	leaves = descend(t, 0, &path);
	to = from;
	do {
		uint64_t key = btree_key(from);

		if (key <= last && !keep(ctx, key, btree_value(t, from))) {
			t->count--;
		} else if (t->count == before) {
			to = (struct btree_pos){from.leaf, from.i + 1};
		} else {
			if (to.i == t->leaf_cap) {
				to.leaf->n = t->leaf_cap;
				to = (struct btree_pos){to.leaf->next, 0};
			}
			move(t, true, to.leaf, to.i++, from.leaf, from.i, 1);
		}
	} while (btree_next(t, &from) && (from.i || btree_key(from) <= last));
	if (t->count == before)
		return;
	to.leaf->n = (uint16_t)to.i;
	while (to.leaf->next != from.leaf)
		drop_leaf(t, to.leaf->next);
	drop_finger(t);
	build_inner(t, settle_leaf(t, leaves, to.leaf));
}
