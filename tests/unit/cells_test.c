// SPDX-License-Identifier: MIT
/* Sums over cells of the address space: held against counting line by line, and at the edges. */
#include "base/cells.h"

#include <string.h>

#include "base/util.h"
#include "test.h"

#define LINE 64

static struct cell cells[4096];

static void clear(void)
{
	memset(cells, 0, sizeof(cells));
}

static uint64_t sum(enum cell_kind kind)
{
	uint64_t total = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cells); i++)
		total += cells[i].n[kind];
	return total;
}

static void a_range_within_a_cell(void)
{
	clear();
	cells_add(cells, 4, 0, 10, 12, 3, 1u << CELL_LATENT | 1u << CELL_INJECTED);
	CHECK(cells[1].n[CELL_RANGES] == 1 && cells[1].n[CELL_LINES] == 3);
	CHECK(cells[1].n[CELL_LATENT] == 3 && cells[1].n[CELL_INJECTED] == 3);
	CHECK(!cells[1].n[CELL_LISTED] && !cells[1].n[CELL_PERMANENT]);
	CHECK(sum(CELL_LINES) == 3 && sum(CELL_RANGES) == 1);
}

static void a_range_that_straddles_cells(void)
{
	clear();
	cells_add(cells, 4, 0, 10, 9, 12, 1u << CELL_LISTED);
	CHECK(cells[0].n[CELL_LISTED] == 1 && cells[1].n[CELL_LISTED] == 10);
	CHECK(cells[2].n[CELL_LISTED] == 1 && !cells[3].n[CELL_RANGES]);
	CHECK(sum(CELL_RANGES) == 3);
}

static void what_lies_outside_is_left_out(void)
{
	clear();
	cells_add(cells, 2, 100, 10, 90, 15, 0);
	CHECK(cells[0].n[CELL_LINES] == 5);
	cells_add(cells, 2, 100, 10, 0, 100, 0);
	cells_add(cells, 2, 100, 10, 120, 50, 0);
	CHECK(sum(CELL_LINES) == 5);
	cells_add(cells, 2, 100, 10, 115, UINT64_MAX, 0);
	CHECK(cells[1].n[CELL_LINES] == 5 && sum(CELL_LINES) == 10);
	cells_add(cells, 2, 100, 10, 105, 0, 0);
	CHECK(sum(CELL_RANGES) == 2);
}

static void sixteen_tebibytes(void)
{
	uint64_t lines = 16 * TiB / LINE, size = cells_size(lines, ARRAY_SIZE(cells));

	clear();
	CHECK(size * LINE == 4 * GiB);
	cells_add(cells, ARRAY_SIZE(cells), 0, size, 0, lines, 0);
	CHECK(sum(CELL_LINES) == lines && cells[4095].n[CELL_LINES] == size);
	cells_add(cells, ARRAY_SIZE(cells), 0, size, lines - 1, 1, 1u << CELL_PERMANENT);
	CHECK(cells[4095].n[CELL_PERMANENT] == 1 && cells[4095].n[CELL_RANGES] == 2);
}

static void sizes(void)
{
	CHECK(cells_size(0, 8) == 1 && cells_size(8, 8) == 1 && cells_size(9, 8) == 2);
	CHECK(cells_size(16, 8) == 2 && cells_size(17, 8) == 4);
	for (int i = 0; i < 1000; i++) {
		uint64_t lines = below(16 * TiB / LINE), size = cells_size(lines, 256);

		CHECK(is_pow2(size) && (lines + size - 1) / size <= 256);
		CHECK(size == 1 || (lines + size / 2 - 1) / (size / 2) > 256);
	}
}

/* Many ranges in any order: as counting each line for itself gives it. */
static void like_line_by_line(void)
{
	static struct cell naive[16];

	clear();
	memset(naive, 0, sizeof(naive));
	for (int i = 0; i < 2000; i++) {
		uint64_t start = below(300), len = below(40);
		unsigned kinds = (unsigned)below(1u << CELL_KINDS) & ~1u;

		cells_add(cells, ARRAY_SIZE(naive), 50, 13, start, len, kinds);
		for (uint64_t line = start; line < start + len; line++) {
			uint64_t index = (line - 50) / 13;

			if (line < 50 || index >= ARRAY_SIZE(naive))
				continue;
			naive[index].n[CELL_RANGES] +=
				line == start || line == 50 || (line - 50) % 13 == 0;
			for (unsigned k = CELL_LINES; k < CELL_KINDS; k++)
				naive[index].n[k] += k == CELL_LINES || kinds >> k & 1;
		}
	}
	CHECK(!memcmp(cells, naive, sizeof(naive)));
}

int main(void)
{
	RUN(a_range_within_a_cell);
	RUN(a_range_that_straddles_cells);
	RUN(what_lies_outside_is_left_out);
	RUN(sixteen_tebibytes);
	RUN(sizes);
	RUN(like_line_by_line);
	return test_done();
}
