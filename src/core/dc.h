/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity (CXL r3.2 9.13.3): which of it the device's host has.
 *
 * One table is the truth: extents by address that never overlap, each pending (offered), added or
 * held (of no host, but kept by a fabric manager's reference). What is in none of them is free.
 * Offers wait in the order in which the host has to answer them. A group whose extents are gone
 * before that is dead: it still waits for its answer, so that the host's next one is not taken for
 * another group's.
 *
 *	core/dc_table.c	the table by itself
 *	core/dc.c	what of the address space the host reaches, what follows when that changes;
 *			time-outs, power
 *	core/dc_fm.c	the fabric manager's side: offering, asking for release, taking
 *	core/cmd/dc.c	the host's side: 4800h to 4803h
 */
#ifndef SWCXL_CORE_DC_H
#define SWCXL_CORE_DC_H

#include "base/ranges.h"
#include "swcxl/state.h"
#include "swcxl/swcxl.h"
#include "wire/dc.h"

/* Why: what a host's driver keeps in a list and pages through; half a million blocks in a table
 * would be a page table, which devices do not promise. */
#define DC_EXTENTS_MAX 1024u
#define DC_TAGS_MAX 256u

struct dc_extent {
	uint64_t start, len; /* lines */
	uint8_t tag[16];
	uint16_t sequence;
	enum swcxl_dc_state state;
	bool referenced; /* by a fabric manager */
	bool sanitize;	 /* held: when it is free */
	uint32_t group;	 /* pending: that of its offer */
	uint32_t since;	 /* added: number of the answer that did it */
};

static inline uint64_t dc_end(const struct dc_extent *e)
{
	return e->start + e->len;
}

/* By address. A draft may have more than there can be, until dc_check(): each of the ranges of a
 * change adds one at most. */
struct dc_table {
	unsigned count;
	struct dc_extent extent[2 * DC_EXTENTS_MAX];
};

struct dc_group { /* an offer that the host has not answered */
	uint32_t number;
	bool dead;
	unsigned gone; /* dead: extents that are no longer in the table, and count (DC-8) */
	uint64_t due_ns;
};

struct dc_request { /* that the host release something: of one extent, then */
	uint64_t start, len;
	bool sanitize;
	uint32_t asked; /* about what answers up to this one have added: others may get the rest */
	uint64_t due_ns;
};

/* Ranges by address, none of which overlaps another. */
struct dc_parts {
	unsigned count;
	struct range entry[DC_EXTENTS_MAX];
};

/* The payloads of a response or release that have come on a channel so far (A-2, B-4). */
struct dc_answer {
	uint16_t opcode; /* 0: none is under way */
	struct dc_parts parts;
};

struct dc {
	struct dc_table tables[2];
	struct dc_table *table, *draft;	       /* dc_commit() exchanges them */
	struct dc_group group[DC_EXTENTS_MAX]; /* the first is what the host answers next */
	struct dc_request request[DC_EXTENTS_MAX];
	unsigned groups, requests;
	uint32_t generation, last_group, answers;
	struct swcxl_dc_refusal refused[SWCXL_DC_REFUSALS];
	unsigned refusals;
	struct dc_parts parts; /* what the fabric manager's request is about */
};

int dc_init(struct swcxl_dev *dev);
void dc_fini(struct swcxl_dev *dev);

/* ---- what the host reaches ---- */

enum dc_reach {
	DC_KNOWS, /* what it may be told of: static capacity, added and pending extents (D-45) */
	DC_HAS,	  /* what it can use: the same without what is pending */
};

/* The next stretch of [*line, end) that the host knows or has, within one segment; *line moves to
 * its end. False: there is no more. */
bool dc_next(const struct swcxl_dev *dev, enum dc_reach reach, uint64_t *line, uint64_t end,
	     struct range *stretch);
/* All of the lines? */
bool dc_reaches(const struct swcxl_dev *dev, enum dc_reach reach, uint64_t line, uint64_t lines);
/* Has it all of them, and may it write there? */
bool dc_writes(const struct swcxl_dev *dev, uint64_t line, uint64_t lines);

/* ---- regions: all of the same size, from the top of static capacity on ---- */

bool dc_is_dynamic(const struct swcxl_dev *dev, uint64_t line);
unsigned dc_region_of(const struct swcxl_dev *dev, uint64_t line); /* of dynamic capacity */
unsigned dc_flags(const struct swcxl_dev *dev, uint64_t line);	   /* of its region */
uint64_t dc_block(const struct swcxl_dev *dev);			   /* lines */

/* ---- the table: edits go to the draft ---- */

struct dc_table *dc_edit(struct swcxl_dev *dev); /* the draft, as the table is */
/* Extent number, from a line on: the one that covers it, or the next; table->count: none. */
unsigned dc_at(const struct dc_table *table, uint64_t line);
void dc_insert(struct dc_table *table, const struct dc_extent *extent);
/* Lines leave their extents, which may split; what is referenced is held from then on, whole. */
void dc_cut(struct dc_table *table, uint64_t start, uint64_t len);
/* Can the device keep track of all that, and of what dead groups count (DC-8)? */
enum swcxl_dc_error dc_check(const struct swcxl_dev *dev, const struct dc_table *table);
void dc_remove(struct dc_table *table, unsigned i);
unsigned dc_tags(const struct dc_table *table); /* different ones */
bool dc_is_tag(const uint8_t tag[static 16]);
struct dc_counters dc_counters(const struct swcxl_dev *dev);

/*
 * The draft is the table from now on, and the device follows: what the host no longer knows of
 * leaves its list (D-47), what it may know of comes back to it, and has to be scanned again (E-6).
 * What is free now is sanitized, if that was asked for, by this very change or before, or if the
 * region says so.
 */
void dc_commit(struct swcxl_dev *dev, bool sanitize);

/* ---- ranges, and what of extents lies in them ---- */

bool dc_overlaps(const struct dc_parts *parts, const struct range *r);
void dc_put(struct dc_parts *parts, const struct range *r); /* there is room, and no overlap */
bool dc_covers(const struct dc_parts *parts, uint64_t start, uint64_t len);
/* Is shared capacity among them that the host has, but not all of that tag that it has? */
bool dc_splits_shared(const struct swcxl_dev *dev, const struct dc_parts *parts);

/* What of ranges lies in extents of a state, extent by extent:
 *	while (dc_part(&walk, &extent, &part)) ... */
struct dc_walk {
	const struct dc_table *table;
	const struct range *range;
	size_t ranges, at;
	uint64_t line;
	enum swcxl_dc_state state;
};
struct dc_walk dc_walk(const struct dc_table *table, const struct range *range, size_t ranges,
		       enum swcxl_dc_state state);
bool dc_part(struct dc_walk *walk, const struct dc_extent **of, struct range *part);

/* ---- offers and requests ---- */

/* A group's extents leave the draft. dead: it still waits for its answer. */
void dc_group_end(struct swcxl_dev *dev, struct dc_group *group, bool dead);
void dc_group_pop(struct swcxl_dev *dev); /* the first has its answer */

/* What became of a part of an extent, for the management side. */
void dc_tell(struct swcxl_dev *dev, const struct dc_extent *extent, uint64_t start, uint64_t len,
	     enum swcxl_dc_change change);

/* ---- the rest of the device ---- */

/* A command begins, has ended: what is under way has to go on at once, and without an error. */
void dc_before_command(struct swcxl_cci *cci, unsigned opcode);
void dc_after_command(struct swcxl_cci *cci, enum swcxl_rc rc);
void dc_lose_power(struct swcxl_dev *dev);
uint64_t dc_deadline(const struct swcxl_dev *dev);
void dc_advance(struct swcxl_dev *dev, uint64_t now_ns);
void dc_query(const struct swcxl_dev *dev, struct swcxl_status *status);
bool dc_save_next(const struct swcxl_dev *dev, struct swcxl_cursor *cursor,
		  struct swcxl_change *change);
int dc_apply(struct swcxl_dev *dev, const struct swcxl_change *change);

#endif
