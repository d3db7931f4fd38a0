/* SPDX-License-Identifier: MIT */
/*
 * A naive model of media, poison list, overflow, scan, results and repair: one struct a line,
 * linear searches, written from docs/RULES.md. It shares no code with the device.
 */
#ifndef SWCXL_TESTS_NAIVE_H
#define SWCXL_TESTS_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#define PLAY 256u		 /* lines that ever hold poison, half below and half above ... */
#define BORDER (256u << 20 >> 6) /* ... the first persistent line; of */
#define TOP (2 * BORDER)	 /* this many */
#define PLAY_START (BORDER - PLAY / 2)
#define SPANS 4096

struct naive_line {
	bool poison, known, permanent, listed;
	uint8_t source, list_source, data;
};

struct naive_record {
	uint64_t start, lines;
	uint8_t source;
};

struct naive_span {
	uint64_t start, end;
};

#define ROW 128u /* lines that PPR repairs */
#define SOFT_SPARES 8
#define HARD_SPARES 4

struct naive_spare {
	bool used, failed[ROW];
	uint64_t row;
};

enum naive_rc {
	OK = 0,
	BG = 1,
	INVALID = 2,
	UNSUP = 3,
	BUSY = 6,
	BAD_PA = 0xf,
	LIMIT = 0x10,
	PERM = 0x11,
	ABORTED = 0x12,
	NO_SPARE = 0x1d
};

struct naive {
	struct naive_line line[PLAY];
	uint32_t list_max, inject_limit, results_max;
	bool injected_persists, span_reject;
	int during_scan; /* 0 apply, 1 freeze, 2 busy */
	uint64_t rate;

	uint64_t now, clock_base, clock_set_at;
	bool clock_set;
	bool overflow;
	uint64_t overflow_ts;
	uint32_t overflows; /* news of it */

	bool called, running, stopped, covers, no_events;
	uint64_t start, end, pos, began;
	uint64_t restart, restart_lines;
	struct naive_record result[PLAY];
	uint32_t results;
	struct naive_span span[SPANS]; /* coverage, unsorted */
	uint32_t spans;

	struct naive_spare soft[SOFT_SPARES];
	uint32_t hard_used;
	bool sick; /* a permanent error is known, as an event of the module has told */

	uint32_t events[3];  /* informational, warning, failure */
	uint64_t event_line; /* of the last one */
	uint8_t event_descriptor, event_transaction;
	uint64_t event_ts;
	unsigned bg_rc, bg_percent;
};

/* Sources as on the wire. */
enum { UNKNOWN = 0, EXTERNAL = 1, INTERNAL = 2, INJECTED = 3, VENDOR = 7 };

void naive_plant(struct naive *m, uint64_t line, uint64_t n, uint8_t source, bool known,
		 bool permanent);
enum naive_rc naive_inject(struct naive *m, uint64_t line);
enum naive_rc naive_clear(struct naive *m, uint64_t line, uint8_t data);
void naive_write(struct naive *m, uint64_t line, uint64_t n, uint8_t data);
void naive_read(struct naive *m, uint64_t line, uint64_t n);
enum naive_rc naive_scan(struct naive *m, uint64_t start, uint64_t lines, bool no_events);
void naive_abort(struct naive *m);
/* From its start to its end, which takes so long. */
enum naive_rc naive_sanitize(struct naive *m, uint64_t ns);
enum naive_rc naive_operate(struct naive *m, const uint64_t ranges[][2], uint32_t n, uint64_t ns);
void naive_advance(struct naive *m, uint64_t now);
/* PPR of the row of a line, which takes ns. */
enum naive_rc naive_repair(struct naive *m, uint64_t line, bool hard, uint64_t ns);
/* After a reset that was cold. */
void naive_power_lost(struct naive *m);
void naive_set_clock(struct naive *m, uint64_t value);
void naive_reset(struct naive *m, bool conventional, bool media);
uint64_t naive_stamp(const struct naive *m);

/* Records of the list in DPA order; returns how many. */
uint32_t naive_list(const struct naive *m, struct naive_record *out);

#endif
