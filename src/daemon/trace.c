// SPDX-License-Identifier: MIT
/*
 * Lines are written when they are complete, so what a killed process leaves is whole up to its
 * last line. A trace that cannot be written (a full disk) ends with a warning and does not take
 * the device with it; nor does a guest fill a disk with one: it ends likewise when it is too long.
 */
#include "daemon/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "daemon/log.h"
#include "daemon/options.h"

#define TRACE_FORMAT 1 /* of the file, in its header */
#ifndef TRACE_BYTES_MAX
#define TRACE_BYTES_MAX (16ull << 30) /* and one line: weeks of a guest, minutes of an enemy */
#endif

struct trace {
	FILE *file; /* NULL after a failure */
	const char *path;
	uint64_t bytes; /* written */
};

__attribute__((format(printf, 2, 3))) static void put(struct trace *trace, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vfprintf(trace->file, format, args);
	va_end(args);
	trace->bytes += n > 0 ? (uint64_t)n : 0;
}

static void end_line(struct trace *trace)
{
	put(trace, "\n");
	if (fflush(trace->file) == 0) {
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

static void put_hex(struct trace *trace, const char *key, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	put(trace, "%s", key);
	trace->bytes += 2 * len;
	for (size_t i = 0; i < len; i++) {
		putc_unlocked(digits[b[i] >> 4], trace->file);
		putc_unlocked(digits[b[i] & 15], trace->file);
	}
}

void trace_cci(struct trace *trace, const struct swcxl_trace *command)
{
	const char *rc = swcxl_rc_name(command->rc);

	if (!trace || !trace->file)
		return;
	if (command->kind == SWCXL_TRACE_RESET) {
		put(trace, "%" PRIu64 " reset %s", command->now_ns, command->channel);
		end_line(trace);
		return;
	}
	if (command->kind == SWCXL_TRACE_WRITE) {
		put(trace, "%" PRIu64 " write %s %#" PRIx64, command->now_ns, command->channel,
		    command->offset);
		put_hex(trace, " in=", command->in, command->in_len);
		end_line(trace);
		return;
	}
	put(trace, "%" PRIu64 " cci %s %04x %s", command->now_ns, command->channel, command->opcode,
	    command->name ? command->name : "-");
	put_hex(trace, " in=", command->in, command->in_len);
	put(trace, " rc=%04x (%s)", (unsigned)command->rc, rc ? rc : "-");
	put_hex(trace, " out=", command->out, command->out_len);
	end_line(trace);
}

void trace_qmp(struct trace *trace, uint64_t now_ns, const char *json)
{
	if (!trace || !trace->file)
		return;
	put(trace, "%" PRIu64 " qmp %s", now_ns, json);
	end_line(trace);
}

/* A link that somebody has put there is not followed; those of /dev (stdout) are the system's. */
static FILE *make_file(const char *path)
{
	int follow = strncmp(path, "/dev/", 5) != 0 ? O_NOFOLLOW : 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | follow, 0666);

	return fd < 0 ? NULL : fdopen(fd, "w");
}

struct trace *trace_new(const struct options *options)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace)
		trace->file = make_file(options->trace);
	if (!trace || !trace->file) {
		log_line(SWCXL_LOG_ERR, "cannot write the trace %s: %s", options->trace,
			 strerror(errno));
		free(trace);
		return NULL;
	}
	trace->path = options->trace;
	put(trace, "# swcxl-trace %d swcxl %s", TRACE_FORMAT, SWCXL_VERSION);
	options_print_device(trace->file, options);
	trace->bytes = (uint64_t)MAX(ftell(trace->file), 0);
	end_line(trace);
	return trace;
}

void trace_free(struct trace *trace)
{
	if (trace && trace->file)
		fclose(trace->file);
	free(trace);
}
