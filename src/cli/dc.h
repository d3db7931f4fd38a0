/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity as a host sees it: regions, the extents that it has, and what waits for its
 * answer, which only the event log tells.
 */
#ifndef SWCXL_CLI_DC_H
#define SWCXL_CLI_DC_H

#include "cli/cci.h"
#include "cli/event.h"

struct json_object;
struct ctl;

/* ---- regions ---- */

struct region {
	struct range range; /* length: what can be used */
	uint64_t decode_length, block;
	uint32_t handle;
	bool sanitize;
};

struct dc_config {
	unsigned regions;
	struct region region[REGIONS];
	bool decode_bytes; /* the device tells decode lengths in bytes, not in 256 MiB */
	bool counted;	   /* it tells these; not before CXL 3.1 */
	uint32_t extents, extents_available, tags, tags_available;
};
/* The return code, 0 for success. */
unsigned dc_config_read(struct link *link, struct dc_config *config);
/* The same, and ends the program when there is no dynamic capacity. */
void dc_config_need(struct link *link, struct dc_config *config);

/* ---- what the host has ---- */

struct extent {
	struct range range;
	uint8_t tag[16];
	unsigned sequence, region, handle; /* region, handle: of a record only */
};

struct extents {
	struct extent *rows;
	size_t count, room;
};
struct extent *extents_add(struct extents *extents);
uint64_t extents_bytes(const struct extents *extents);

/* The extent list, all pages of one generation. */
void dc_list_read(struct link *link, struct extents *extents, uint32_t *generation);
/* How much of the range lies in the extents. */
uint64_t dc_held(const struct extents *extents, struct range range);

/* ---- what waits ---- */

/* Records of the event log that More chains: one thing to answer. */
struct chain {
	unsigned type;	      /* DC_EVENT_* */
	size_t first, count;  /* of the records */
	bool complete, waits; /* waits: for an answer */
};

/* The event log. Through a mailbox only its beginning can be read, until that is cleared. */
struct waiting {
	struct extents records; /* oldest first */
	size_t cleared;		/* of them, by dc_log_consume() */
	struct chain *chains;
	size_t count;
	bool more; /* records that cannot be read yet */
};
/* have: the extents of the host, which tell what has its answer. */
void dc_log_read(struct link *link, const struct extents *have, struct waiting *waiting);
/* Which of them wait, once the extents have changed. */
void dc_log_judge(const struct extents *have, struct waiting *waiting);
/* Clears all that was read and reads what follows it, which joins what was. */
void dc_log_consume(struct link *link, const struct extents *have, struct waiting *waiting);
/* Clears the oldest records as far as they wait for nothing; how many. */
size_t dc_log_tidy(struct link *link, struct waiting *waiting);
void dc_log_free(struct waiting *waiting);

/* What the host has and has to do. */
struct dc_view {
	struct dc_config config;
	struct extents have;
	uint32_t generation;
	struct waiting log;
};
/* Ends the program when there is no dynamic capacity. */
void dc_look(struct link *link, struct dc_view *view);
void dc_view_free(struct dc_view *view);

/* ---- how that looks ---- */

struct text dc_tag_text(const uint8_t tag[static 16]); /* "-", a quoted text or a UUID */
struct json_object *dc_range_json(const struct range *range);
void dc_print_heading(const char *indent);
void dc_print_extent(const struct extent *extent, unsigned region, const char *indent);
struct json_object *dc_extent_json(const struct extent *extent, unsigned region);
/* The records of a chain as an array. */
struct json_object *dc_records_json(const struct waiting *waiting, const struct chain *chain);
/* That, and what the chain is. */
struct json_object *dc_chain_json(const struct waiting *waiting, const struct chain *chain);
void dc_print_chain(const struct waiting *waiting, const struct chain *chain);
/* RANGEs among the arguments, each a word of its own; ends the program when one is none. */
struct range *dc_ranges(const struct ctl *ctl);
/* The region that has the address; 0 when none has. */
unsigned dc_region_at(const struct dc_config *config, uint64_t dpa);

#endif
