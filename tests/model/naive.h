/* SPDX-License-Identifier: MIT */
/*
 * A naive model of media, poison list, overflow, scan, results and repair: one struct a line,
 * linear searches, written from docs/RULES.md. It shares no code with the device. Dynamic
 * capacity, which decides what of the lines the host knows and has, is in naive_dc.h.
 */
#ifndef SWCXL_TESTS_NAIVE_H
#define SWCXL_TESTS_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "naive_dc.h"

#define PLAY 288u /* at most so many lines are in play: they may hold poison */
#define SPANS 16384

struct naive_line {
	uint64_t address; /* in lines; they are in order */
	bool joins; /* the one before it in play is its neighbour, with no bound between them */
	bool knows, has, writes; /* the host: may be told of it, can use it, can write to it */
	bool poison, known, permanent, listed;
	uint8_t source, list_source, data;
};

struct naive_record {
	uint64_t start, lines;
	uint8_t source;
};

/* Coverage as it came to be: of each line the last one that has it counts. */
struct naive_span {
	uint64_t start, end;
	bool covers;
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
	BAD_LENGTH = 0x16,
	NO_SPARE = 0x1d,
	EXHAUSTED = 0x1d,
	BAD_EXTENTS = 0x1e,
};

struct naive {
	uint64_t border, static_top, top; /* the first persistent, first dynamic, no line */
	struct naive_line line[PLAY];
	uint32_t lines;
	uint32_t list_max, inject_limit, results_max;
	bool injected_persists, span_reject, strict;
	bool before_3_1;
	int during_scan; /* 0 apply, 1 freeze, 2 busy */
	uint64_t rate;
	struct naive_dc dc;

	uint64_t now, clock_base, clock_set_at;
	bool clock_set;
	bool overflow;
	uint64_t overflow_ts;
	uint32_t overflows; /* news of it */

	bool called, running, stopped, covers, no_events;
	uint64_t start, end, pos, uncounted, began;
	uint64_t restart, restart_lines;
	struct naive_record result[PLAY];
	uint32_t results;
	struct naive_span span[SPANS];
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

/* The lines in play: those no farther than so many from a bound. Then the device is new. */
void naive_choose(struct naive *m, uint64_t distance);

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
bool naive_is_volatile(const struct naive *m, uint64_t line);
/* The first in play that is not below a line; m->lines: none. */
uint32_t naive_first(const struct naive *m, uint64_t line);

/* Records of the list in DPA order; returns how many. */
uint32_t naive_list(const struct naive *m, struct naive_record *out);

/* ---- for naive_dc.c: what the host knows or has is another; lines in play by number ---- */

void naive_add(struct naive *m, uint32_t a, uint32_t b); /* to the list, what is known of them */
void naive_unlist(struct naive *m, uint32_t a, uint32_t b);
void naive_rebuild(struct naive *m);
/* These have to be scanned again. */
void naive_uncover(struct naive *m, uint64_t start, uint64_t end);
/* All of it holds zeros, and poison is gone but for permanent errors. */
void naive_overwrite(struct naive *m, uint64_t start, uint64_t end);

#endif
