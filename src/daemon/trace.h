/* SPDX-License-Identifier: MIT */
/* --trace: everything that was done to the device, one line each; swcxl(1) describes the format. */
#ifndef SWCXL_DAEMON_TRACE_H
#define SWCXL_DAEMON_TRACE_H

#include <stdint.h>

struct options;
struct swcxl_trace;
struct trace;

/* Makes the file (empty it if it is there) and writes the header. NULL after a line that says
 * why not. */
struct trace *trace_new(const struct options *options);
void trace_free(struct trace *trace);

/* A command of the command interface; a command of the control protocol, as JSON. */
void trace_cci(struct trace *trace, const struct swcxl_trace *command);
void trace_qmp(struct trace *trace, uint64_t now_ns, const char *json);

#endif
