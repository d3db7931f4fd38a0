// SPDX-License-Identifier: MIT
/*
 * Errors look as every program's do ("swcxl: text"); lower levels say what they are. Whole lines
 * are written at once, so that those of several processes with the same stderr do not mix.
 *
 * What is said can be a guest's doing, over and over: beyond so many lines a second they are only
 * counted. And whoever is to read may have stopped: a pipe that is full is not waited for.
 */
#include "daemon/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/util.h"
#include "loop/loop.h"

#define LINES_MAX 100u /* a second: a start that fails says less, and nobody reads more */
#define TEXT_MAX 1024u /* with all around it less than PIPE_BUF, which is written whole or not */

static enum swcxl_log_level wanted = SWCXL_LOG_WARN;
static uint64_t second; /* that `lines` have been written in */
static unsigned lines, left_out;

void log_set_level(enum swcxl_log_level level)
{
	wanted = level;
}

static void put(const char *line, int len)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n = -1;

	if (poll(&out, 1, 0) == 1 && out.revents & POLLOUT)
		do
			n = write(STDERR_FILENO, line, (size_t)len);
		while (n < 0 && errno == EINTR);
	if (n < 0)
		left_out++; /* nobody listens */
}

/* May another line be written? */
static bool pace(void)
{
	uint64_t now = loop_elapsed_ns() / NS_PER_S;
	unsigned n = left_out;
	char line[64];

	if (now != second) {
		second = now;
		lines = 0;
		left_out = 0;
		if (n)
			put(line, snprintf(line, sizeof(line),
					   "swcxl: warning: %u lines were left out here\n", n));
		left_out = left_out ? n : 0;
	}
	if (lines++ < LINES_MAX)
		return true;
	left_out++;
	return false;
}

void log_line(enum swcxl_log_level level, const char *format, ...)
{
	static const char *const prefix[] = {
		[SWCXL_LOG_ERR] = "",
		[SWCXL_LOG_WARN] = "warning: ",
		[SWCXL_LOG_INFO] = "info: ",
		[SWCXL_LOG_DEBUG] = "debug: ",
	};
	char text[TEXT_MAX], line[sizeof(text) + 32];
	va_list args;
	int len;

	if (level > wanted || !pace())
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	len = snprintf(line, sizeof(line), "swcxl: %s%s\n", prefix[level], text);
	put(line, len);
}
