// SPDX-License-Identifier: MIT
/*
 * Errors look as every program's do ("swcxl: text"); lower levels say what they are. Whole lines
 * are written at once, so that those of several processes with the same stderr do not mix.
 */
#include "daemon/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum swcxl_log_level wanted = SWCXL_LOG_WARN;

void log_set_level(enum swcxl_log_level level)
{
	wanted = level;
}

void log_line(enum swcxl_log_level level, const char *format, ...)
{
	static const char *const prefix[] = {
		[SWCXL_LOG_ERR] = "",
		[SWCXL_LOG_WARN] = "warning: ",
		[SWCXL_LOG_INFO] = "info: ",
		[SWCXL_LOG_DEBUG] = "debug: ",
	};
	char text[1024], line[sizeof(text) + 32];
	va_list args;
	int len;

	if (level > wanted)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	len = snprintf(line, sizeof(line), "swcxl: %s%s\n", prefix[level], text);
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* nobody listens */
}
