/* SPDX-License-Identifier: MIT */
/* The Component State Dump: see core/csd.c. */
#ifndef SWCXL_CORE_CSD_H
#define SWCXL_CORE_CSD_H

#include "swcxl/swcxl.h"

struct state_dump {	     /* what there is beside dev->kept.state_dump */
	uint32_t generation; /* of the contents; never 0 */
	bool populating;
};

/* Since the device was made, for the dump. */
struct counters {
	uint64_t commands, refused, resets;
};

/* A record has entered a log that tells of something fatal. */
void csd_auto_populate(struct swcxl_dev *dev, enum swcxl_log log, uint16_t handle);
enum swcxl_rc csd_populate(struct swcxl_cci *cci);
void csd_clear(struct swcxl_dev *dev);
/* For a channel: a part of the log, which is within it. */
enum swcxl_rc csd_read(struct swcxl_cci *cci, uint32_t offset, uint8_t *bytes, uint32_t len);

#endif
