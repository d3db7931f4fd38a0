/* SPDX-License-Identifier: MIT */
/* What the device did lately, line by line: the Vendor Debug log. See core/debug.c. */
#ifndef SWCXL_CORE_DEBUG_H
#define SWCXL_CORE_DEBUG_H

#include "swcxl/swcxl.h"

#define DEBUG_LOG_SIZE 16384u
#define DEBUG_LINE_MAX 128u

struct debug_log {
	char text[DEBUG_LOG_SIZE];
	uint32_t len, last; /* where the last line begins */
	uint32_t times;	    /* that it was to be written */
	char what[DEBUG_LINE_MAX];
	uint32_t what_len; /* what it says, without its time */
};

void debug_note(struct swcxl_dev *dev, const char *what);
void debug_command(const struct swcxl_cci *cci, unsigned opcode, enum swcxl_rc rc);
void debug_news(struct swcxl_dev *dev, const struct swcxl_notice *notice);
void debug_reset(struct swcxl_dev *dev, enum swcxl_reset type);
void debug_clear(struct swcxl_dev *dev);

#endif
