/* SPDX-License-Identifier: MIT */
/*
 * Repairs: what the device has to replace broken memory with, and what replacing it does
 * (CXL r3.2 8.2.10.7.1). See repair.c.
 */
#ifndef SWCXL_CORE_REPAIR_H
#define SWCXL_CORE_REPAIR_H

#include "core/features.h"
#include "core/geometry.h"
#include "swcxl/swcxl.h"

struct repair_kind {
	uint8_t class, subclass;
	enum feature_id feature;
	enum dram_level part; /* what it replaces */
	bool soft, hard;      /* how: until the power goes, for ever */
	uint8_t spares;
	enum swcxl_revision since;
};

extern const struct repair_kind repair_kinds[SWCXL_REPAIRS];
const struct repair_kind *repair_kind_of(enum feature_id feature);

struct repair { /* one to be done */
	const struct repair_kind *kind;
	bool hard, by_device;
	uint64_t start, len; /* lines */
	struct dram_address address;
	bool has_nibble_mask, has_sub_channel;
	uint32_t nibble_mask;
	uint8_t sub_channel;
};

struct repairs {
	struct repair running; /* in the background, for a host */
	uint64_t due_ns;       /* when the device will have done one by itself */
};

/* Spares of a kind that are left. */
unsigned repair_spares(const struct swcxl_dev *dev, const struct repair_kind *kind);
/* What a host should be asked for when there is a permanent error; NULL: there is no spare. */
const struct repair_kind *repair_to_ask_for(const struct swcxl_dev *dev);
/* Does it now, and reports. */
enum swcxl_rc repair_do(struct swcxl_dev *dev, const struct repair *repair);
/* Reports what became of it: SPARING_SUCCESS, ...; query: nothing was done, a host only asked. */
void repair_report(struct swcxl_dev *dev, const struct repair *repair, uint8_t result, bool query);
/* How long one takes, as the features of repairs show it. */
uint8_t repair_latency(const struct swcxl_dev *dev);

#endif
