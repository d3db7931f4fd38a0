/* SPDX-License-Identifier: MIT */
#include "core/geometry.h"

#include "core/device.h"

uint64_t dram_count(const struct dpa *dpa, enum dram_level level)
{
	static const uint8_t counts[DRAM_LEVELS] = {
		[CHANNEL] = 2, [RANK] = 2, [BANK_GROUP] = 8, [BANK] = 4, [COLUMN] = ROW_LINES};

	return level == ROW ? dpa->top / (MiB / SWCXL_LINE) : counts[level];
}

struct dram_address dram_address(const struct dpa *dpa, uint64_t line)
{
	struct dram_address address;

	for (unsigned level = DRAM_LEVELS; level-- > 0;) {
		uint64_t count = dram_count(dpa, level);

		address.at[level] = (uint32_t)(line % count);
		line /= count;
	}
	return address;
}

bool dram_lines(const struct dpa *dpa, enum dram_level of, const struct dram_address *address,
		uint64_t *start, uint64_t *len)
{
	*start = 0;
	*len = 1;
	for (unsigned level = 0; level < DRAM_LEVELS; level++) {
		uint64_t count = dram_count(dpa, level);

		*start *= count;
		if (level > of) {
			*len *= count;
			continue;
		}
		if (address->at[level] >= count)
			return false;
		*start += address->at[level];
	}
	return true;
}
