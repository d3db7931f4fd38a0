/* SPDX-License-Identifier: MIT */
/*
 * Where in its DRAM a device's lines are. Each level of the hierarchy has so many parts, and a
 * part of any level is one stretch of lines:
 *
 *	channel		2
 *	rank		2	in a channel
 *	bank group	8	in a rank
 *	bank		4	in a bank group
 *	row		1	in a bank for each MiB of the device: that makes up its capacity
 *	column		128	lines in a row (8 KiB)
 *
 *	line = ((((channel * 2 + rank) * 8 + bank group) * 4 + bank) * rows + row) * 128 + column
 *
 * Real devices spread neighbouring lines over channels and banks. This one does not, so that what
 * a repair covers is as easy to see as the poison in it.
 */
#ifndef SWCXL_CORE_GEOMETRY_H
#define SWCXL_CORE_GEOMETRY_H

#include <stdbool.h>
#include <stdint.h>

enum dram_level { CHANNEL, RANK, BANK_GROUP, BANK, ROW, COLUMN, DRAM_LEVELS };

#define ROW_LINES 128u

struct dram_address {
	uint32_t at[DRAM_LEVELS];
};

struct dpa;

/* How many parts of a level there are in one of the level above. */
uint64_t dram_count(const struct dpa *dpa, enum dram_level level);
struct dram_address dram_address(const struct dpa *dpa, uint64_t line);
/* The lines of the part of this level; what the address says of deeper levels does not matter.
 * False: there is no such part. */
bool dram_lines(const struct dpa *dpa, enum dram_level level, const struct dram_address *address,
		uint64_t *start, uint64_t *len);

#endif
