/* SPDX-License-Identifier: MIT */
/*
 * The commands of the specification that swcxlctl sends, as functions with plain arguments. All
 * addresses and lengths are bytes. A return code that a function does not hand back ends the
 * program with that code's name.
 */
#ifndef SWCXL_CLI_CCI_H
#define SWCXL_CLI_CCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/link.h"
#include "cli/parse.h"
#include "client/names.h"

/* Executes and insists on Success; `what` names the context in the error, or NULL. */
struct reply cci_execute(struct link *link, enum opcode opcode, const void *in, size_t len,
			 const char *what);

/* A fixed part of a reply, zero-padded when the device sent less. */
void reply_read(const struct reply *reply, size_t offset, void *to, size_t size);

/* ---- identity ---- */

#define LOGS 5 /* informational, warning, failure, fatal, dynamic capacity */

#define REGIONS 8
#define AREAS (2 + REGIONS)

struct identity {
	char fw_revision[17];
	uint64_t capacity;     /* of all areas: addresses end there */
	struct range parts[2]; /* volatile, persistent; as active now */
	unsigned regions;      /* of dynamic capacity */
	struct range region[REGIONS];
	uint32_t lsa_size, list_max, inject_limit;
	uint32_t log_max[LOGS]; /* 0: no such log */
	bool injected_persists, device_scans;
	bool since_3_0; /* knows the fields, and may know the flags, that came after 2.0 */
};
void cci_identify(struct link *link, struct identity *id);

/* The partitions and regions that there are, by address, each of which a device may insist on
 * being asked about apart; how many. */
unsigned identity_areas(const struct identity *id, struct range areas[static AREAS]);
/* Does a region have the address? */
bool is_dynamic(const struct identity *id, uint64_t dpa);

/* ---- poison ---- */

struct record {
	uint64_t start, length;
	unsigned source;
};

struct records {
	struct record *rows;
	size_t count, room;
};
void records_free(struct records *records);
/* Lines in all records. */
uint64_t records_lines(const struct records *records);

struct poison_list {
	struct records records;
	bool overflow, scanning, incomplete; /* the last: More was promised and did not come */
	uint64_t overflow_timestamp;
};
/* Adds the records of the range to the list, all pages; the return code of the first page that
 * failed, 0 when none did. */
unsigned cci_poison_list(struct link *link, const struct identity *id, struct range range,
			 struct poison_list *list);

unsigned cci_inject(struct link *link, uint64_t dpa);
unsigned cci_clear(struct link *link, uint64_t dpa, const uint8_t data[static 64]);

/* ---- scan ---- */

/* What the device expects a scan to take; 0: it cannot tell. */
uint32_t cci_scan_estimate_ms(struct link *link, struct range range);
unsigned cci_scan(struct link *link, struct range range, bool no_events);

struct scan_results {
	struct records records;
	bool stopped, incomplete;
	struct range restart; /* where to go on when stopped */
};
/* Adds the records to the results, all pages; the return code of the page that failed, or 0. */
unsigned cci_scan_results(struct link *link, struct scan_results *results);

#endif
