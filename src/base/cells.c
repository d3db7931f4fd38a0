// SPDX-License-Identifier: MIT
#include "base/cells.h"

#include "base/util.h"

const char *const cell_names[CELL_KINDS] = {
	[CELL_RANGES] = "ranges", [CELL_LINES] = "lines",	  [CELL_LATENT] = "latent",
	[CELL_LISTED] = "listed", [CELL_PERMANENT] = "permanent", [CELL_INJECTED] = "injected",
};

static void add(struct cell *cell, uint64_t lines, unsigned kinds)
{
	for (unsigned kind = CELL_LINES; kind < CELL_KINDS; kind++)
		cell->n[kind] += kinds >> kind & 1 ? lines : 0;
	cell->n[CELL_RANGES]++;
}

void cells_add(struct cell *cells, size_t count, uint64_t base, uint64_t size, uint64_t start,
	       uint64_t len, unsigned kinds)
{
	uint64_t end;

	if (__builtin_add_overflow(start, len, &end))
		end = UINT64_MAX;
	start = MAX(start, base);
	while (start < end && (start - base) / size < count) {
		uint64_t index = (start - base) / size;
		uint64_t room = size - (start - base) % size;
		uint64_t lines = MIN(room, end - start);

		add(&cells[index], lines, kinds | 1u << CELL_LINES);
		start += lines;
	}
}

uint64_t cells_size(uint64_t lines, size_t count)
{
	uint64_t size = 1;

	while (lines / size > count || (lines / size == count && lines % size))
		size *= 2;
	return size;
}
