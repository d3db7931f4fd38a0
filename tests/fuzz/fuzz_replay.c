/* SPDX-License-Identifier: MIT */
/*
 * A trace of anybody, done again. Whatever it says, there is a status, what is printed harms no
 * terminal, and no other file is opened.
 */
#include "daemon/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/sandbox.h"
#include "input.h"
#include "replay_script.h"
#include "state/state.h"

/* Of a line, tabs are all that may move a cursor; of a text, ends of lines too. */
static void check_text(const char *text, bool lines)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		MUST(*c >= ' ' || *c == '\t' || (lines && *c == '\n'));
		MUST(*c != 0x7f && (*c != 0xc2 || c[1] < 0x80 || c[1] >= 0xa0));
	}
}

/* ---- in the place of what is around a replay ---- */

void log_line(enum swcxl_log_level level, const char *format, ...)
{
	char text[1024]; /* as in daemon/log.c */
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	MUST(level <= SWCXL_LOG_DEBUG);
	check_text(text, false);
}

bool sandbox_begin(enum sandbox_mode mode, const int keep[], size_t n_keep)
{
	MUST(mode == SANDBOX_OFF && n_keep == 1 && keep[0] >= 0);
	return true;
}

bool sandbox_enter(const struct sandbox *sandbox)
{
	MUST(sandbox->mode == SANDBOX_OFF);
	return true;
}

/* A state file only ever comes from the command line. */
struct state *state_open(const char *path, struct swcxl_config *config, bool any_serial,
			 const struct state_host *host)
{
	(void)path, (void)config, (void)any_serial, (void)host;
	abort();
}

bool state_load(struct state *state, struct swcxl_dev *dev)
{
	(void)state, (void)dev;
	abort();
}

void state_close(struct state *state)
{
	MUST(!state);
}

/* ---- one trace ---- */

static int make_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	MUST(fd >= 0);
	if (size && data[0] < REPLAY_HEADERS)
		dprintf(fd, "# swcxl-trace %d swcxl " SWCXL_VERSION " %s\n", TRACE_FORMAT,
			replay_headers[data[0]]);
	for (size_t at = 1; at < size;) {
		ssize_t n = write(fd, data + at, size - at);

		MUST(n > 0);
		at += (size_t)n;
	}
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = make_file(data, size), status;
	char path[32], option[48], off[] = "--sandbox=off", name[] = "swcxl";
	char *argv[] = {name, option, off, NULL}, *text = NULL;
	FILE *saved = stdout;
	size_t len;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(option, sizeof(option), "--replay=%s", path);
	stdout = open_memstream(&text, &len);
	MUST(stdout);
	status = replay(path, 3, argv);
	fclose(stdout);
	stdout = saved;
	close(fd);
	MUST(status >= 0 && status <= 2);
	MUST(strlen(text) == len && !len == (status == 2));
	check_text(text, true);
#ifdef FUZZ_CANARY /* a defect to be found: another return code than the text says */
	MUST(!strstr(text, "\n    in rc digit "));
#endif
	free(text);
	return 0;
}
