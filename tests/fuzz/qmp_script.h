/* SPDX-License-Identifier: MIT */
/*
 * What the input of fuzz_qmp says. The first byte: in pieces of how many bytes the rest arrives, 0
 * for all at once; from 128 on of random sizes, and from 192 on with a state file, whose commits
 * begin, end and fail between the pieces. The rest is what the client sends after negotiation; or
 * behind '@' records of a state, which is imported then.
 */
#ifndef SWCXL_TESTS_QMP_SCRIPT_H
#define SWCXL_TESTS_QMP_SCRIPT_H

#include "swcxl/swcxl.h"

#define QMP_RANDOM_PIECES 128
#define QMP_DURABLE 192
#define QMP_RECORDS '@'

/* Of the device that is spoken to. */
static inline struct swcxl_config qmp_script_config(void)
{
	struct swcxl_config config;

	swcxl_config_init(&config);
	config.volatile_size = config.persistent_size = SWCXL_CAPACITY_UNIT;
	config.serial = 1;
	config.lsa_size = 1280;
	config.poison_list_max = 4;
	config.event_log_max = 4;
	config.ranges_max = 64;
	config.media_memory_max = 1 << 20;
	config.dc_regions = 2;
	config.dc_region_size = SWCXL_CAPACITY_UNIT;
	config.dc_block_size = SWCXL_LINE;
	config.dc_flags[1] = SWCXL_DC_SHARABLE | SWCXL_DC_NON_VOLATILE;
	return config;
}

#endif
