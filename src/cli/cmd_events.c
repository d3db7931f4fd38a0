/* SPDX-License-Identifier: MIT */
/*
 * events: what the logs hold, and with --follow what they get.
 *
 * Nothing is cleared, so somebody else can still have every record: a driver, say. That makes
 * following a comparison: a log only grows at its end and shrinks at its beginning, so what
 * follows the newest record that was printed is new; and when that one has gone, everything in
 * the log came after it. Handle and time together tell records apart.
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/event.h"
#include "cli/format.h"

#define FOLLOW_MS 200

struct last {
	bool any;
	uint8_t record[RECORD_SIZE];
};

/* The index of the first record that is newer than the last one printed. */
static unsigned first_new(const struct event_log *log, const struct last *last)
{
	for (unsigned i = log->count; last->any && i-- > 0;)
		if (memcmp(log->records[i], last->record, RECORD_SIZE) == 0)
			return i + 1;
	return 0;
}

static void print_one(const struct ctl *ctl, unsigned log, const uint8_t *record)
{
	struct json_object *object;

	if (!ctl->json) {
		event_print(log, record);
		return;
	}
	object = event_json(log, record);
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

static _Noreturn void follow(struct ctl *ctl, const struct identity *id, int only)
{
	struct last last[LOGS] = {{.any = false}};

	if (!ctl->json)
		event_print_heading();
	for (;; usleep(FOLLOW_MS * 1000)) {
		for (unsigned i = 0; i < LOGS; i++) {
			struct event_log log;

			if (!id->log_max[i] || (only >= 0 && only != (int)i))
				continue;
			event_log_read(ctl->link, i, &log);
			for (unsigned n = first_new(&log, &last[i]); n < log.count; n++) {
				print_one(ctl, i, log.records[n]);
				memcpy(last[i].record, log.records[n], RECORD_SIZE);
				last[i].any = true;
			}
			event_log_free(&log);
		}
		flush_output();
	}
}

static void print_log(const struct event_log *log, unsigned index, uint64_t limit)
{
	for (unsigned i = 0; i < MIN(log->count, limit); i++)
		event_print(index, log->records[i]);
	if (log->count > limit)
		printf("... and %" PRIu64 " more in the %s log\n", log->count - limit,
		       log_key(index));
	if (log->more)
		printf("... and more in the %s log, which only show when these are cleared (or "
		       "over "
		       "--qmp)\n",
		       log_key(index));
	if (log->overflow)
		printf("%sOverflow%s of the %s log: %u record%s lost%s\n", colour(RED),
		       colour(PLAIN), log_key(index), log->lost, plural(log->lost),
		       since_text(log->first_lost).s);
}

static struct json_object *log_json(const struct event_log *log, unsigned index)
{
	struct json_object *object = json_object_new_object();
	struct json_object *records = json_object_new_array();

	for (unsigned i = 0; i < log->count; i++)
		json_object_array_add(records, event_json(index, log->records[i]));
	add_number(object, "count", log->count);
	add_bool(object, "more", log->more);
	add_bool(object, "overflow", log->overflow);
	add_number(object, "lost", log->lost);
	add_number(object, "first-lost", log->first_lost);
	add_number(object, "last-lost", log->last_lost);
	json_object_object_add(object, "records", records);
	return object;
}

enum status cmd_events(struct ctl *ctl)
{
	uint64_t limit = ctl_number(ctl, OPT_limit, UINT64_MAX);
	struct json_object *document = json_object_new_object();
	int only = ctl_log(ctl);
	struct identity id;
	uint64_t count = 0;

	cci_identify(ctl_link(ctl), &id);
	if (ctl_has(ctl, OPT_follow))
		follow(ctl, &id, only);
	for (unsigned i = 0; i < LOGS; i++) {
		struct event_log log;

		if (!id.log_max[i] || (only >= 0 && only != (int)i))
			continue;
		event_log_read(ctl->link, i, &log);
		if (!ctl->json && log.count && !count)
			event_print_heading();
		count += log.count;
		if (ctl->json)
			json_object_object_add(document, log_key(i), log_json(&log, i));
		else
			print_log(&log, i, limit);
		event_log_free(&log);
	}
	if (ctl->json)
		print_json(document);
	else
		json_object_put(document);
	if (!ctl->json)
		printf("%" PRIu64 " record%s.\n", count, plural(count));
	return DONE;
}
