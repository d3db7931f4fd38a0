// SPDX-License-Identifier: MIT
/*
 * Lines are written when they are complete, so what a killed process leaves is whole up to its
 * last line. A trace that cannot be written (a full disk) ends with a warning and does not take
 * the device with it.
 */
#include "daemon/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/options.h"

#define TRACE_FORMAT 1 /* of the file, in its header */

struct trace {
	FILE *file; /* NULL after a failure */
	const char *path;
};

static void end_line(struct trace *trace)
{
	putc('\n', trace->file);
	if (fflush(trace->file) == 0)
		return;
	log_line(SWCXL_LOG_WARN, "the trace ends here: cannot write %s: %s", trace->path,
		 strerror(errno));
	fclose(trace->file);
	trace->file = NULL;
}

static void put_hex(FILE *file, const char *key, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *b = bytes;

	fputs(key, file);
	for (size_t i = 0; i < len; i++) {
		putc_unlocked(digits[b[i] >> 4], file);
		putc_unlocked(digits[b[i] & 15], file);
	}
}

void trace_cci(struct trace *trace, const struct swcxl_trace *command)
{
	const char *rc = swcxl_rc_name(command->rc);

	if (!trace || !trace->file)
		return;
	if (command->kind == SWCXL_TRACE_RESET) {
		fprintf(trace->file, "%" PRIu64 " reset %s", command->now_ns, command->channel);
		end_line(trace);
		return;
	}
	if (command->kind == SWCXL_TRACE_WRITE) {
		fprintf(trace->file, "%" PRIu64 " write %s %#" PRIx64, command->now_ns,
			command->channel, command->offset);
		put_hex(trace->file, " in=", command->in, command->in_len);
		end_line(trace);
		return;
	}
	fprintf(trace->file, "%" PRIu64 " cci %s %04x %s", command->now_ns, command->channel,
		command->opcode, command->name ? command->name : "-");
	put_hex(trace->file, " in=", command->in, command->in_len);
	fprintf(trace->file, " rc=%04x (%s)", (unsigned)command->rc, rc ? rc : "-");
	put_hex(trace->file, " out=", command->out, command->out_len);
	end_line(trace);
}

void trace_qmp(struct trace *trace, uint64_t now_ns, const char *json)
{
	if (!trace || !trace->file)
		return;
	fprintf(trace->file, "%" PRIu64 " qmp %s", now_ns, json);
	end_line(trace);
}

struct trace *trace_new(const struct options *options)
{
	struct trace *trace = calloc(1, sizeof(*trace));

	if (trace)
		trace->file = fopen(options->trace, "we");
	if (!trace || !trace->file) {
		log_line(SWCXL_LOG_ERR, "cannot write the trace %s: %s", options->trace,
			 strerror(errno));
		free(trace);
		return NULL;
	}
	trace->path = options->trace;
	fprintf(trace->file, "# swcxl-trace %d swcxl %s", TRACE_FORMAT, SWCXL_VERSION);
	options_print_device(trace->file, options);
	end_line(trace);
	return trace;
}

void trace_free(struct trace *trace)
{
	if (trace && trace->file)
		fclose(trace->file);
	free(trace);
}
