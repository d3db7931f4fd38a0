/* SPDX-License-Identifier: MIT */
/*
 * Tables of poison. A row begins with its address, in hexadecimal, so that `awk '/^0x/'` finds the
 * rows; what follows the rows is a summary for people, which also counts what a limit cut off.
 */
#include "cli/table.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "cli/format.h"
#include "swcxl/swcxl.h"

static void print_row(const struct record *record, const char *more)
{
	printf("%s  %9" PRIu64 "  %10s  %s%s\n", dpa_text(record->start).s,
	       record->length / SWCXL_LINE, size_text(record->length).s,
	       source_text(record->source), more);
}

static void print_heading(const char *more)
{
	printf("%s%-*s  %9s  %10s  %s%s%s\n", colour(BOLD), DPA_WIDTH, "DPA", "LINES", "SIZE",
	       "SOURCE", more, colour(PLAIN));
}

/* "312 records, 320 lines (20 KiB): 80 External, 232 Internal." */
static void print_summary(const struct records *records)
{
	static const unsigned order[] = {SWCXL_SOURCE_EXTERNAL, SWCXL_SOURCE_INTERNAL,
					 SWCXL_SOURCE_INJECTED, SWCXL_SOURCE_VENDOR,
					 SWCXL_SOURCE_UNKNOWN};
	const char *separator = ": ";

	printf("%zu record%s, %s", records->count, plural(records->count),
	       length_text(records_lines(records) * SWCXL_LINE).s);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		size_t count = 0;

		for (size_t j = 0; j < records->count; j++)
			count += records->rows[j].source == order[i];
		if (count)
			printf("%s%zu %s", separator, count, source_text(order[i]));
		separator = count ? ", " : separator;
	}
	printf(".\n");
}

void records_print(const struct records *records, uint64_t limit)
{
	size_t shown = (size_t)MIN(records->count, limit);

	if (shown)
		print_heading("");
	for (size_t i = 0; i < shown; i++)
		print_row(&records->rows[i], "");
	if (shown && shown < records->count)
		printf("... and %zu more\n", records->count - shown);
	print_summary(records);
}

struct json_object *records_json(const struct records *records)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < records->count; i++) {
		struct json_object *row = json_object_new_object();

		add_number(row, "start", records->rows[i].start);
		add_number(row, "length", records->rows[i].length);
		add_string(row, "source", source_key(records->rows[i].source));
		json_object_array_add(array, row);
	}
	return array;
}

/* ---- the media's truth ---- */

#define ROWS_PER_CALL 65536

struct json_object *media_rows(struct link *link, struct range range)
{
	struct json_object *all = json_object_new_array();
	uint64_t end = range.start + range.length;
	uint64_t from;
	size_t count;

	do {
		struct json_object *args = json_object_new_object(), *rows, *last;

		from = range.start;
		add_number(args, "start", from);
		add_number(args, "length", end - from);
		add_number(args, "max", ROWS_PER_CALL);
		rows = qmp_call_list(link, "swcxl-query-poison", args);
		count = json_object_array_length(rows);
		for (size_t i = 0; i < count; i++)
			json_object_array_add(all,
					      json_object_get(json_object_array_get_idx(rows, i)));
		last = count ? json_object_array_get_idx(rows, count - 1) : NULL;
		if (last)
			range.start = get_number(last, "start") + get_number(last, "length");
		json_object_put(rows);
	} while (count == ROWS_PER_CALL && range.start > from && range.start < end);
	return all;
}

static struct record to_record(struct json_object *row)
{
	struct record record = {get_number(row, "start"), get_number(row, "length"), 0};

	source_from_key(get_string(row, "source"), &record.source);
	return record;
}

void media_rows_print(struct json_object *rows, uint64_t limit)
{
	size_t count = json_object_array_length(rows), shown = (size_t)MIN(count, limit);
	uint64_t bytes = 0, known = 0, listed = 0;

	if (shown)
		print_heading("    KNOWN  LISTED  PERMANENT");
	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct record record = to_record(row);
		char more[48];

		bytes += record.length;
		known += get_bool(row, "known");
		listed += get_bool(row, "listed");
		if (i >= shown)
			continue;
		snprintf(more, sizeof(more), "%*s  %5s  %6s  %s",
			 8 - (int)strlen(source_text(record.source)), "",
			 get_bool(row, "known") ? "yes" : "no",
			 get_bool(row, "listed") ? "yes" : "no",
			 get_bool(row, "permanent") ? "yes" : "no");
		print_row(&record, more);
	}
	if (shown && shown < count)
		printf("... and %zu more\n", count - shown);
	printf("%zu row%s, %s: %" PRIu64 " known to the device, %" PRIu64 " in its list.\n", count,
	       plural(count), length_text(bytes).s, known, listed);
}
