/* SPDX-License-Identifier: MIT */
/*
 * A trace of anybody, done again. Whatever it says, there is a status, what is printed harms no
 * terminal, and no other file is opened.
 *
 * A line that is not the same is shown, and does not end it: so a mutation does not hide what is
 * behind it. And what the device has written meanwhile is a trace that is the same to the end.
 */
#include "daemon/replay.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/replay_line.h"
#include "daemon/sandbox.h"
#include "daemon/trace.h"
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

/* ---- between a replay and what it compares ---- */

bool fuzz_line_same(const char *expected, const char *got);
uint64_t fuzz_trace_print(FILE *file, const struct swcxl_trace *t);
uint64_t fuzz_trace_print_qmp(FILE *file, uint64_t now_ns, const char *name, const char *arguments,
			      const char *ret);

static FILE *made; /* the trace that the device writes, the first time */

bool fuzz_line_same(const char *expected, const char *got)
{
	bool same = replay_line_same(expected, got);

	if (!same && made)
		replay_line_differ("trace", expected, got);
	return same || made;
}

uint64_t fuzz_trace_print(FILE *file, const struct swcxl_trace *t)
{
	if (made) {
		trace_print(made, t);
		putc('\n', made);
	}
	return trace_print(file, t);
}

uint64_t fuzz_trace_print_qmp(FILE *file, uint64_t now_ns, const char *name, const char *arguments,
			      const char *ret)
{
	if (made) {
		trace_print_qmp(made, now_ns, name, arguments, ret);
		putc('\n', made);
	}
	return trace_print_qmp(file, now_ns, name, arguments, ret);
}

/* ---- one trace ---- */

static void write_all(int fd, const void *bytes, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = write(fd, (const char *)bytes + at, len - at);

		MUST(n > 0);
		at += (size_t)n;
	}
}

static int run(const char *head, size_t head_len, const char *lines, size_t len)
{
	int fd = memfd_create("trace", MFD_CLOEXEC), status;
	char path[32], option[48], off[] = "--sandbox=off", name[] = "swcxl";
	char *argv[] = {name, option, off, NULL}, *text = NULL;
	FILE *saved = stdout;
	size_t text_len;

	MUST(fd >= 0);
	write_all(fd, head, head_len);
	write_all(fd, lines, len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(option, sizeof(option), "--replay=%s", path);
	stdout = open_memstream(&text, &text_len);
	MUST(stdout);
	status = replay(path, 3, argv);
	fclose(stdout);
	stdout = saved;
	close(fd);
	MUST(status >= 0 && status <= 2);
	MUST(strlen(text) == text_len && (text_len || status == 2));
	check_text(text, true);
#ifdef FUZZ_CANARY /* a defect to be found: another return code than the text says */
	MUST(!strstr(text, "\n    in rc digit "));
#endif
	free(text);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *lines = (const char *)data + 1, *head, *end;
	char preset[512], *trace = NULL;
	size_t head_len = 0, len;

	if (!size)
		return 0;
	size--;
	if (data[0] < REPLAY_HEADERS) {
		head = preset;
		head_len = (size_t)snprintf(preset, sizeof(preset),
					    "# swcxl-trace %d swcxl " SWCXL_VERSION " %s\n",
					    TRACE_FORMAT, replay_headers[data[0]]);
	} else {
		head = lines;
		end = memchr(lines, '\n', size);
		head_len = end ? (size_t)(end + 1 - lines) : size;
		lines += head_len;
		size -= head_len;
	}
	made = open_memstream(&trace, &len);
	MUST(made);
	run(head, head_len, lines, size);
	fclose(made);
	made = NULL;
	/* a command of the control channel's own as one that a trace does not have: control0 */
	if (len && !strstr(trace, " control0"))
		MUST(run(head, head_len, trace, len) == 0);
	free(trace);
	return 0;
}
