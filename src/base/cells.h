/* SPDX-License-Identifier: MIT */
/*
 * The address space in cells of equal size, and what lies in each: the picture of ranges of which
 * there may be millions. Whoever sums up and whoever shows the sums use this one.
 */
#ifndef SWCXL_CELLS_H
#define SWCXL_CELLS_H

#include <stddef.h>
#include <stdint.h>

/* What is counted of a cell: ranges that touch it, poisoned lines, and of these lines the ... */
enum cell_kind {
	CELL_RANGES,
	CELL_LINES,
	CELL_LATENT, /* that nobody has noticed */
	CELL_LISTED, /* in the poison list */
	CELL_PERMANENT,
	CELL_INJECTED,
	CELL_KINDS
};

extern const char *const cell_names[CELL_KINDS]; /* in swcxl-query-map */

struct cell {
	uint64_t n[CELL_KINDS];
};

/*
 * Adds one range, in lines, to cells of `size` lines each, the first of which begins at line
 * `base`: to each cell what lies in it. What is outside of them is left out. Bit k of kinds: its
 * lines are counted as kind k. A range has a kind or not as a whole.
 */
void cells_add(struct cell *cells, size_t count, uint64_t base, uint64_t size, uint64_t start,
	       uint64_t len, unsigned kinds);

/* The smallest cell, a power of two of lines, of which no more than `count` cover so many lines. */
uint64_t cells_size(uint64_t lines, size_t count);

#endif
