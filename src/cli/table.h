/* SPDX-License-Identifier: MIT */
/* Poison records and poison rows as tables and as JSON. */
#ifndef SWCXL_CLI_TABLE_H
#define SWCXL_CLI_TABLE_H

#include "cli/cci.h"

struct json_object;

/* The table, at most limit rows of it, and a line that sums up all of them. */
void records_print(const struct records *records, uint64_t limit);
struct json_object *records_json(const struct records *records);

/* What is true of the media: the rows of swcxl-query-poison in the range, all pages. The caller
 * puts the array. */
struct json_object *media_rows(struct link *link, struct range range);
void media_rows_print(struct json_object *rows, uint64_t limit);

#endif
