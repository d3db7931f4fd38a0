// SPDX-License-Identifier: MIT
/*
 * Lines are written when they are complete, so what a killed process leaves is whole up to its
 * last line. A trace that cannot be written (a full disk) ends with a warning and does not take
 * the device with it; nor does a guest fill a disk with one: it ends likewise when it is too long.
 *
 * A line says what happened twice: as text for people, which cuts what is long, and as digits,
 * which are all of it and what a replay goes by.
 */
#include "daemon/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/control.h"
#include "base/util.h"
#include "daemon/log.h"
#include "daemon/options.h"
#include "decode/decode.h"

#ifndef TRACE_BYTES_MAX
#define TRACE_BYTES_MAX (16ull << 30) /* and one line: weeks of a guest, minutes of an enemy */
#endif

struct trace {
	FILE *file; /* NULL after a failure */
	const char *path;
	char *real_path; /* for others, who are elsewhere */
	uint64_t bytes;	 /* written */
};

/* ---- lines ----------------------------------------------------------------------------------- */

/* Where a line goes, and how long it is. */
struct line {
	FILE *file;
	uint64_t bytes;
};

__attribute__((format(printf, 2, 3))) static void put(struct line *line, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfprintf(line->file, format, args);
	va_end(args);
	line->bytes += n > 0 ? (uint64_t)n : 0;
}

static void put_hex(struct line *line, const char *key, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	put(line, " %s=", key);
	line->bytes += 2 * len;
	for (size_t i = 0; i < len; i++) {
		putc_unlocked(digits[b[i] >> 4], line->file);
		putc_unlocked(digits[b[i] & 15], line->file);
	}
}

static void put_text(struct line *line, const struct swcxl_trace *t)
{
	struct span in = {t->in, t->in_len}, out = {t->out, t->out_len};
	char buf[DECODE_TEXT_MAX];
	struct text text = {buf, 0, sizeof(buf)};

	if (t->kind == SWCXL_TRACE_COMMAND)
		decode_command(&text, t->opcode, in, t->rc, out);
	else if (t->kind == SWCXL_TRACE_OBJECT)
		decode_object(&text, in, out);
	else
		decode_write(&text, t->channel, t->offset, in);
	put(line, " %.*s |", (int)text.len, buf);
}

/* As it is, but for control characters in its strings: a file is shown on terminals. */
static void put_json(struct line *line, const char *json)
{
	for (unsigned n; *json; json += n ? n : 1) {
		n = control_bytes(json);
		if (n) {
			put(line, "\\u%04x", control_code(json, n));
		} else {
			putc_unlocked(*json, line->file);
			line->bytes++;
		}
	}
}

uint64_t trace_print(FILE *file, const struct swcxl_trace *t)
{
	static const char *const kinds[] = {
		[SWCXL_TRACE_COMMAND] = "cci", [SWCXL_TRACE_RESET] = "reset",
		[SWCXL_TRACE_WRITE] = "write", [SWCXL_TRACE_OBJECT] = "object",
		[SWCXL_TRACE_GONE] = "gone",
	};
	struct line line = {file, 0};

	put(&line, "%" PRIu64 " %s %s", t->now_ns, kinds[t->kind], t->channel);
	if (t->kind == SWCXL_TRACE_RESET || t->kind == SWCXL_TRACE_GONE)
		return line.bytes;
	put_text(&line, t);
	if (t->kind == SWCXL_TRACE_COMMAND)
		put(&line, " %04x", t->opcode);
	if (t->kind == SWCXL_TRACE_WRITE)
		put(&line, " %#" PRIx64, t->offset);
	put_hex(&line, "in", t->in, t->in_len);
	if (t->kind == SWCXL_TRACE_COMMAND && t->in_claimed != t->in_len)
		put(&line, " claimed=%zu", t->in_claimed);
	if (t->kind == SWCXL_TRACE_COMMAND)
		put(&line, " rc=%04x", (unsigned)t->rc);
	if (t->kind != SWCXL_TRACE_WRITE)
		put_hex(&line, "out", t->out, t->out_len);
	return line.bytes;
}

uint64_t trace_print_qmp(FILE *file, uint64_t now_ns, const char *name, const char *arguments,
			 const char *ret)
{
	struct line line = {file, 0};

	put(&line, "%" PRIu64 " qmp %s ", now_ns, name);
	put_json(&line, arguments);
	put(&line, " = ");
	put_json(&line, ret);
	return line.bytes;
}

/* ---- the file -------------------------------------------------------------------------------- */

static void end_line(struct trace *trace, uint64_t bytes)
{
	trace->bytes += bytes + 1;
	putc('\n', trace->file);
	if (fflush(trace->file) == 0 && !ferror(trace->file)) {
		if (trace->bytes < TRACE_BYTES_MAX)
			return;
		log_line(SWCXL_LOG_WARN, "the trace ends here: %s has %" PRIu64 " bytes",
			 trace->path, trace->bytes);
	} else {
		log_line(SWCXL_LOG_WARN, "the trace ends here: cannot write %s: %s", trace->path,
			 strerror(errno));
	}
	fclose(trace->file);
	trace->file = NULL;
}

void trace_add(struct trace *trace, const struct swcxl_trace *t)
{
	if (trace && trace->file)
		end_line(trace, trace_print(trace->file, t));
}

void trace_qmp(struct trace *trace, uint64_t now_ns, const char *name, const char *arguments,
	       const char *ret)
{
	if (trace && trace->file)
		end_line(trace, trace_print_qmp(trace->file, now_ns, name, arguments, ret));
}

/* A link that somebody has put there is not followed; those of /dev (stdout) are the system's. A
 * trace is its owner's alone: passphrases are in its digits. */
static FILE *make_file(const char *path)
{
	int follow = strncmp(path, "/dev/", 5) != 0 ? O_NOFOLLOW : 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | follow, 0600);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

struct trace *trace_new(const char *path)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace)
		trace->file = make_file(path);
	if (!trace || !trace->file) {
		log_line(SWCXL_LOG_ERR, "cannot write the trace %s: %s", path, strerror(errno));
		free(trace);
		return NULL;
	}
	trace->path = path;
	trace->real_path = realpath(path, NULL);
	return trace;
}

const char *trace_path(const struct trace *trace)
{
	return trace ? trace->real_path : NULL;
}

void trace_begin(struct trace *trace, const struct options *options, bool restored)
{
	long start = MAX(ftell(trace->file), 0), end;

	fprintf(trace->file, "# swcxl-trace %d swcxl %s", TRACE_FORMAT, SWCXL_VERSION);
	fprintf(trace->file, " --name=%s", options->name);
	options_print_device(trace->file, options);
	if (restored)
		fprintf(trace->file, "\n" TRACE_STATE "%s", options->state);
	end = MAX(ftell(trace->file), start);
	end_line(trace, (uint64_t)(end - start));
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	if (trace->file)
		fclose(trace->file);
	free(trace->real_path);
	free(trace);
}
