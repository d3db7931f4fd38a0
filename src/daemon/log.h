/* SPDX-License-Identifier: MIT */
/* Words to whoever started us: one line each, on stderr. */
#ifndef SWCXL_DAEMON_LOG_H
#define SWCXL_DAEMON_LOG_H

#include "swcxl/swcxl.h"

void log_set_level(enum swcxl_log_level level);

/* A control character in the text (a path may have one) becomes '?', so that a line is a line. */
__attribute__((format(printf, 2, 3))) void log_line(enum swcxl_log_level level, const char *format,
						    ...);

#endif
