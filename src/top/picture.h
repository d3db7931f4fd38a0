/* SPDX-License-Identifier: MIT */
/*
 * The part of the address space that is on the screen: a window, in as many cells as there is room
 * for. The device makes the sums; they are asked for anew with each sample, and at once when the
 * window is another one.
 */
#ifndef SWCXL_TOP_PICTURE_H
#define SWCXL_TOP_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cells.h"

#define PICTURE_CELLS 4096 /* as many as the device sums up at once */

struct view;

struct picture {
	struct view *view;
	unsigned columns, rows;	 /* room on the screen */
	uint64_t capacity, cell; /* bytes; 0: nothing is known yet */
	uint64_t start, length;	 /* window; length 0: all */
	uint64_t cursor;	 /* an address */
	size_t count;
	struct cell cells[PICTURE_CELLS];

	/* What is being asked for. */
	struct cell coming[PICTURE_CELLS];
	uint64_t next;
	bool asking, stale, ready; /* stale: of another window; ready: cells are of this one */
	bool changed;		   /* there is something new to draw */
};

/* A new sample has come, or the screen has another size. */
void picture_fit(struct picture *p, unsigned columns, unsigned rows, uint64_t capacity);
void picture_refresh(struct picture *p);

void picture_move(struct picture *p, int columns,
		  int rows); /* the cursor, and the window with it */
void picture_zoom(struct picture *p, bool in);
void picture_whole(struct picture *p);
void picture_next(struct picture *p); /* the cursor: to the next cell with poison */

size_t picture_index(const struct picture *p, uint64_t address); /* of its cell; >= count: none */

#endif
