/* SPDX-License-Identifier: MIT */
/* --trace: everything that was done to the device, one line each; swcxl(1) describes the format. */
#ifndef SWCXL_DAEMON_TRACE_H
#define SWCXL_DAEMON_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_FORMAT 2 /* of the file, in its header */
/* The second line, when the device began with what a state file held. */
#define TRACE_STATE "# state "

struct options;
struct swcxl_trace;
struct trace;

/* Makes the file (empties it if it is there). NULL after a line that says why not. */
struct trace *trace_new(const char *path);
/* The header: the options that make the device, and whether a state file was loaded. */
void trace_begin(struct trace *trace, const struct options *options, bool restored);
void trace_free(struct trace *trace);

/* Where it is, from the root; NULL without one. */
const char *trace_path(const struct trace *trace);

/* What a face of the device was told; a command of the control protocol, in JSON. */
void trace_add(struct trace *trace, const struct swcxl_trace *t);
void trace_qmp(struct trace *trace, uint64_t now_ns, const char *name, const char *arguments,
	       const char *ret);

/* The same as a line without its end; its length. */
uint64_t trace_print(FILE *file, const struct swcxl_trace *t);
uint64_t trace_print_qmp(FILE *file, uint64_t now_ns, const char *name, const char *arguments,
			 const char *ret);

#endif
