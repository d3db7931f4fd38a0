/* SPDX-License-Identifier: MIT */
/*
 * A device as pictures and screens show it: asked over its control socket again and again, without
 * ever waiting, and put into one plain struct. What asks is a step of this client's loop:
 *
 *	struct view *view = view_open(path, interval_ms, rows);
 *	for (;;) {
 *		poll(view_fd(view), view_poll_events(view), view_timeout_ms(view), and your own);
 *		if (view_step(view))
 *			draw(view_state(view));
 *	}
 *
 * A device that is gone is tried again, and what was last known of it stays. All that a sample
 * takes is bounded: of millions of ranges the sums over cells come, a part with each sample, until
 * all of them are known; rows and records are the first and the newest few.
 */
#ifndef SWCXL_VIEW_H
#define SWCXL_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cells.h"

#define VIEW_CELLS 1024
#define VIEW_SEGMENTS 10 /* volatile, persistent, eight regions */
#define VIEW_EXTENTS 1024
#define VIEW_ROWS 200
#define VIEW_LOGS 5
#define VIEW_RECORDS 64 /* of all logs, the newest of each */

enum view_segment_kind { VIEW_VOLATILE, VIEW_PERSISTENT, VIEW_DYNAMIC };

struct view_segment {
	enum view_segment_kind kind;
	unsigned region; /* of dynamic capacity */
	uint64_t start, length;
	uint64_t allocated, pending; /* bytes of dynamic capacity: with the host, offered to it */
};

enum view_extent_state { VIEW_ACCEPTED, VIEW_PENDING, VIEW_HELD };

struct view_extent {
	enum view_extent_state state;
	uint64_t start, length;
};

struct view_row {
	uint64_t start, length;
	bool known, listed, permanent;
	char source[16];
};

struct view_record {
	unsigned log; /* index of logs[] */
	unsigned handle;
	uint64_t timestamp; /* by the device's clock; 0: not set */
	char type[24];	    /* "general-media" */
	char detail[48]; /* its event type and what made it: "media-ecc-error, host-scan-media" */
	bool has_address;
	uint64_t address;
};

/* Everything in bytes, and in ns, unless it says otherwise. */
struct view_state {
	bool connected;
	char why[512];	 /* not connected: a sentence */
	uint64_t number; /* counts samples; 0: there was none yet, and all that follows is zero */

	struct {
		char name[64], version[32], serial[24], revision[8], clock[8];
		uint64_t now, timestamp, capacity;
		bool locked; /* persistent capacity */
		char status[16];
	} device;
	struct view_segment segments[VIEW_SEGMENTS];
	size_t segment_count;
	struct view_extent extents[VIEW_EXTENTS];
	size_t extent_count;

	/* Cells over the address space from 0 on, each of cell_size bytes; sums in lines of 64. */
	struct cell cells[VIEW_CELLS];
	size_t cell_count;
	uint64_t cell_size;
	uint64_t cells_to; /* below this address they were looked at; then it is the capacity */

	uint64_t poisoned_lines, injected_lines, permanent_lines, ranges;
	struct view_row rows[VIEW_ROWS]; /* the first of them by address */
	size_t row_count;
	bool rows_cut; /* there are more */

	struct {
		uint64_t count, max;
		bool overflow;
		uint64_t overflow_timestamp;
	} list;
	struct {
		bool running;
		uint64_t start, length, position;
		unsigned percent;
		uint64_t results;
	} scan;
	struct {
		bool enabled;
		unsigned hours;
		uint64_t position;
	} scrub;
	struct {
		bool running;
		unsigned opcode, percent, rc; /* opcode 0: none yet */
		char name[48], result[48];
	} background;
	struct {
		char status[96]; /* "maintenance-needed, ..."; "" when there is nothing */
		char media[40];
		unsigned life_used; /* percent; 255: not known */
		char life_level[12];
		int temperature; /* degrees; 32767: not known */
		char temperature_level[12];
		uint64_t dirty_shutdowns, corrected_volatile, corrected_persistent;
	} health;
	struct {
		char name[20];
		uint64_t count, max, lost;
		bool overflow;
	} logs[VIEW_LOGS];
	struct view_record records[VIEW_RECORDS]; /* the newest first, of each log */
	size_t record_count;

	struct {
		uint64_t count, errors; /* commands of the interface so far, on every channel */
		uint64_t primary, secondary, control;
		double per_second; /* since the sample before; 0 with the first */
	} commands;
	struct {
		uint64_t clients, requests, errors, events_dropped;
	} qmp;
	struct {
		uint64_t connections, messages, doorbells, interrupts;
	} vfio;
};

struct view;
struct json_object;

/* NULL: no memory. The path is copied. Nothing is done before the first step. rows: are they wanted
 * with each sample? */
struct view *view_open(const char *path, unsigned interval_ms, bool rows);
void view_close(struct view *view);

/* What to wait for: a descriptor, or -1; its poll() events; and a time, 0 if it is now. */
int view_fd(const struct view *view);
short view_poll_events(const struct view *view);
int view_timeout_ms(const struct view *view);

/* Does what can be done now. True: the state is another one, a new sample or a connection that
 * came or went. */
bool view_step(struct view *view);
const struct view_state *view_state(const struct view *view);
/* NULL: there is nothing at that address. */
const struct view_segment *view_segment_at(const struct view_state *state, uint64_t address);

/* Lets the next sample begin now. */
void view_hurry(struct view *view);

/*
 * Executes a command, beside the samples. args (or NULL) is taken. done() is called once: value is
 * what the command returned, or NULL, and then error is the device's text or why there is no
 * answer. False: not connected, or too many wait; done() is not called.
 */
typedef void view_done(void *ctx, struct json_object *value, const char *error);
bool view_execute(struct view *view, const char *command, struct json_object *args, view_done *done,
		  void *ctx);

#endif
