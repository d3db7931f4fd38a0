// SPDX-License-Identifier: MIT
/*
 * Blocks with their size in front, one behind the other; they come back together, when the last of
 * them is given back. What does not fit comes from the heap.
 */
#include "loop/memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

/* The table for the 200 descriptors that there can be has 2 KiB, and 4 on its way there. */
#define ARENA_BYTES 16384u

struct block {
	_Alignas(16) size_t size;
	unsigned char bytes[];
};

static struct {
	_Alignas(16) unsigned char bytes[ARENA_BYTES];
	size_t used, live;
} arena;

static bool is_ours(const struct block *block)
{
	return (uintptr_t)block - (uintptr_t)arena.bytes < sizeof(arena.bytes);
}

static struct block *block_of(void *p)
{
	return (void *)((unsigned char *)p - offsetof(struct block, bytes));
}

static void *take(size_t size)
{
	size_t whole = (sizeof(struct block) + size + 15) & ~(size_t)15;
	struct block *block;

	if (whole < size)
		return NULL;
	if (whole <= sizeof(arena.bytes) - arena.used) {
		block = (void *)(arena.bytes + arena.used);
		arena.used += whole;
		arena.live++;
	} else {
		block = malloc(whole);
	}
	if (!block)
		return NULL;
	block->size = size;
	return block->bytes;
}

static void give_back(void *p)
{
	if (!p)
		return;
	if (!is_ours(block_of(p)))
		free(block_of(p));
	else if (!--arena.live)
		arena.used = 0;
}

static void *take_more(void *old, size_t size)
{
	size_t had = old ? block_of(old)->size : 0;
	void *p = take(size);

	if (p && old) {
		memcpy(p, old, had < size ? had : size);
		give_back(old);
	}
	return p;
}

static void *take_zeroed(size_t n, size_t size)
{
	void *p = size && n > SIZE_MAX / size ? NULL : take(n * size);

	if (p)
		memset(p, 0, n * size);
	return p;
}

void loop_memory(void)
{
	uv_replace_allocator(take, take_more, take_zeroed, give_back);
}
