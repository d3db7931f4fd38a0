/* SPDX-License-Identifier: MIT */
/*
 * The naive model of dynamic capacity: an array of extents, which every question goes through from
 * its beginning to its end. Addresses and lengths are in lines. naive_dc.c has the extents, what
 * follows when they change, and the host; naive_fm.c the fabric manager.
 */
#ifndef SWCXL_TESTS_NAIVE_DC_H
#define SWCXL_TESTS_NAIVE_DC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "swcxl/swcxl.h"

#define EXTENTS 1024u
#define TAGS 256u
#define NEVER UINT64_MAX

struct naive;

struct naive_extent {
	uint64_t start, end;
	uint8_t tag[16];
	uint16_t sequence;
	enum swcxl_dc_state state;
	bool referenced, sanitize;
	uint32_t group; /* pending: of this one */
	uint32_t born;	/* added: number of the answer that did it */
};

struct naive_table { /* by address */
	struct naive_extent extent[2 * EXTENTS + 2];
	uint32_t n;
};

struct naive_group {
	uint32_t number, lost; /* dead: extents that are gone and count */
	bool dead;
	uint64_t due;
};

struct naive_request {
	uint64_t start, end, due;
	bool sanitize;
	uint32_t asked; /* of what answers up to this one have added */
};

struct naive_entry { /* of a response or release, and what is free or named: bytes or lines */
	uint64_t start, length;
};

struct naive_parts {
	struct naive_entry entry[EXTENTS];
	uint32_t n;
};

/* A record of the event log. */
struct naive_dc_record {
	uint8_t type, region;
	bool more;
	struct naive_extent extent;
	uint32_t extents_available, tags_available;
	uint64_t ts;
};

struct naive_dc {
	uint32_t regions;
	uint64_t region_lines, block, timeout;
	uint8_t flags[SWCXL_DC_REGIONS];
	uint32_t log_max;

	struct naive_table table;
	struct naive_group group[EXTENTS];
	struct naive_request request[EXTENTS];
	uint32_t groups, requests, generation, last_group, answers;
	unsigned answering; /* opcode; 0: nothing has come of a chain */
	struct naive_parts answer;

	/* what was told */
	uint32_t told;
	enum swcxl_dc_change last_change;
	struct naive_extent last_told;
	struct swcxl_dc_refusal refused[SWCXL_DC_REFUSALS];
	uint32_t refusals;
	uint32_t records, lost;			  /* in the log; that it had no room for */
	struct naive_dc_record news[4 * EXTENTS]; /* since somebody set fresh to 0 */
	uint32_t fresh;
};

/* Of any line. */
bool naive_knows(const struct naive *m, uint64_t line);
bool naive_has(const struct naive *m, uint64_t line);
bool naive_writes(const struct naive *m, uint64_t line);
/* The next line for which the answers may be others: an extent or region begins or ends. */
uint64_t naive_change(const struct naive *m, const struct naive_table *table, uint64_t line);
unsigned naive_region(const struct naive *m, uint64_t line);
uint32_t naive_extents_available(const struct naive *m);
uint32_t naive_tags_available(const struct naive *m);
const struct naive_extent *naive_extent_at(const struct naive_table *table, uint64_t line);
/* Was the host asked for something of an extent? *sanitize: and shall it be sanitized? */
bool naive_releasing(const struct naive *m, const struct naive_extent *e, bool *sanitize);

enum swcxl_dc_error naive_dc_add(struct naive *m, const struct swcxl_dc_add *add);
enum swcxl_dc_error naive_dc_release(struct naive *m, const struct swcxl_dc_release *release);
enum swcxl_dc_error naive_dc_reference(struct naive *m, const uint8_t tag[16], bool hold);

/* Return codes of one payload. Entries are in bytes. odd: reserved bits are set. */
unsigned naive_respond(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
		       bool odd);
unsigned naive_give_back(struct naive *m, const struct naive_entry *entry, uint32_t n, bool more,
			 bool odd);
void naive_end_answer(struct naive *m); /* another command, or an error */

uint64_t naive_dc_due(const struct naive *m);
void naive_dc_time_out(struct naive *m, uint64_t now);
void naive_dc_lose_power(struct naive *m);

/* ---- for naive_fm.c ---- */

/* What of ranges lies in extents of a state: pieces, in the order of the ranges. */
struct naive_pieces {
	uint32_t n;
	struct {
		struct naive_extent of;
		uint64_t start, end;
	} piece[2 * EXTENTS];
};

/* Valid until the next call. */
struct naive_pieces *naive_pieces(const struct naive_table *table, const struct naive_parts *parts,
				  enum swcxl_dc_state state);
/* A chain of records of a type. */
void naive_record(struct naive *m, uint8_t type, const struct naive_pieces *p);

bool naive_is_known(const struct naive_extent *e);
bool naive_is_added(const struct naive_extent *e);
uint8_t naive_flags(const struct naive *m, uint64_t line);
bool naive_is_tag(const uint8_t tag[16]);
bool naive_same_tag(const uint8_t a[16], const uint8_t b[16]);
uint32_t naive_extents_used(const struct naive *m, const struct naive_table *table);
uint32_t naive_tags_used(const struct naive_table *table);

/* Edits of a copy of the table; then it is the table, with all that follows. *old: what was. */
void naive_put(struct naive_table *table, struct naive_extent e);
void naive_sort(struct naive_table *table); /* after the last put */
void naive_drop(struct naive_table *table, uint32_t i);
void naive_cut(struct naive_table *table, uint64_t start, uint64_t end);
void naive_kill(struct naive_table *table, struct naive_group *group);
void naive_set_table(struct naive *m, const struct naive_table *new, struct naive_table *old,
		     bool sanitize);

bool naive_overlaps(const struct naive_parts *parts, uint64_t start, uint64_t length);
void naive_sort_parts(struct naive_parts *parts);
bool naive_splits_shared(const struct naive *m, const struct naive_parts *parts);

#endif
