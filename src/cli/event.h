/* SPDX-License-Identifier: MIT */
/* Event logs and their records, read without clearing them and decoded. */
#ifndef SWCXL_CLI_EVENT_H
#define SWCXL_CLI_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/wire.h"
#include "cli/format.h"
#include "cli/link.h"
#include "wire/dc.h"

#define RECORD_SIZE 0x80

struct event_log {
	unsigned count;
	bool more; /* there are records beyond, which only clearing these would show */
	bool overflow;
	unsigned lost; /* records dropped since the overflow */
	uint64_t first_lost, last_lost;
	uint8_t (*records)[RECORD_SIZE]; /* oldest first */
};

/* "informational"; and the log of that index. */
const char *log_key(unsigned log);

void event_log_read(struct link *link, unsigned log, struct event_log *out);
void event_log_free(struct event_log *log);

/* The record as an object: its header, and the fields of its type (tbl/event_fields.tbl.h). */
struct json_object *event_json(unsigned log, const uint8_t record[static RECORD_SIZE]);

unsigned event_handle(const uint8_t record[static RECORD_SIZE]);
/* False: it is none of dynamic capacity. */
bool event_dc(const uint8_t record[static RECORD_SIZE], struct dc_event *event);
struct text uuid_text(const uuid *u);

/* One line of the table, and its heading. */
void event_print(unsigned log, const uint8_t record[static RECORD_SIZE]);
void event_print_heading(void);

#endif
