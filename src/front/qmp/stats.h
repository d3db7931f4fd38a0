/* SPDX-License-Identifier: MIT */
/* What swcxl-query-stats counts. */
#ifndef SWCXL_FRONT_QMP_STATS_H
#define SWCXL_FRONT_QMP_STATS_H

#include <stdint.h>

#include "front/qmp/table.h"

#define STATS_OPCODES 256 /* more than the specification has commands */
#define STATS_CHANNELS 8  /* mailboxes, control, and room */
#define STATS_RCS 64	  /* more than the specification has return codes */

struct stats_count {
	uint64_t count, errors;
};

struct qmp_stats {
	uint64_t clients, connections, refused, requests, errors, events, events_dropped;
	struct stats_count commands[QMP_COMMANDS];
	/* The device's commands: sorted by opcode; without a name, they share one counter. */
	size_t opcodes;
	struct {
		unsigned opcode;
		const char *name;
		struct stats_count n;
	} opcode[STATS_OPCODES];
	uint64_t unknown;
	struct {
		const char *name; /* NULL: unused from here */
		struct stats_count n;
	} channel[STATS_CHANNELS];
	uint64_t rcs[STATS_RCS];
};

struct swcxl_trace;
void stats_count(struct qmp_stats *stats, const struct swcxl_trace *trace);

#endif
