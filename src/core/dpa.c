/* SPDX-License-Identifier: MIT */
/*
 * The address space: volatile capacity from 0 on, persistent capacity behind it (8.2.10.9.2). What
 * of the partitionable capacity is volatile lies between the two that are fixed. Regions of dynamic
 * capacity are above both (DC-1).
 */
#include "core/device.h"

void dpa_init(struct dpa *dpa, const struct swcxl_config *config, uint64_t share)
{
	uint64_t top = config->volatile_size + config->persistent_size + config->partitionable_size;
	uint64_t v = config->volatile_size + share * SWCXL_CAPACITY_UNIT, p = top - v;

	v /= SWCXL_LINE;
	p /= SWCXL_LINE;
	*dpa = (struct dpa){
		.segment = {{0, v, DPA_VOLATILE}, {v, p, DPA_PERSISTENT}},
		.static_top = v + p,
		.top = v + p,
	};
	for (unsigned i = 0; i < config->dc_regions; i++) {
		bool persistent = config->dc_flags[i] & SWCXL_DC_NON_VOLATILE;
		uint64_t lines = config->dc_region_size / SWCXL_LINE;

		dpa->segment[DPA_DYNAMIC + i] = (struct dpa_segment){
			dpa->top, lines, persistent ? DPA_PERSISTENT : DPA_VOLATILE};
		dpa->top += lines;
	}
}

uint64_t dpa_next_bound(const void *ctx, uint64_t line)
{
	const struct dpa *dpa = ctx;

	for (unsigned i = 0; i < DPA_SEGMENTS; i++)
		if (dpa->segment[i].start > line)
			return dpa->segment[i].start;
	return UINT64_MAX;
}

const struct dpa_segment *dpa_find(const struct dpa *dpa, uint64_t line)
{
	for (unsigned i = 0; i < DPA_SEGMENTS; i++)
		if (line - dpa->segment[i].start < dpa->segment[i].len)
			return &dpa->segment[i];
	return NULL;
}

uint64_t dpa_partition(const struct dpa *dpa, enum dpa_kind kind)
{
	return dpa->segment[kind].len;
}

bool dpa_has(const struct dpa *dpa, enum dpa_kind kind)
{
	for (unsigned i = 0; i < DPA_SEGMENTS; i++)
		if (dpa->segment[i].kind == kind && dpa->segment[i].len)
			return true;
	return false;
}

bool dpa_is_volatile(const struct dpa *dpa, uint64_t line)
{
	const struct dpa_segment *segment = dpa_find(dpa, line);

	return segment && segment->kind == DPA_VOLATILE;
}
