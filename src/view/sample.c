// SPDX-License-Identifier: MIT
#include "view/sample.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "client/names.h"
#include "swcxl/swcxl.h"

/* Text of the device, which must be no control sequence of whatever shows it. */
static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from);
	for (; *to; to++)
		if ((unsigned char)*to < ' ' || *to == 0x7f)
			*to = '?';
}
#define TAKE_TEXT(to, object, key) copy_text(to, sizeof(to), get_string(object, key))

/* The words of an array. */
static void take_words(char *to, size_t size, struct json_object *array)
{
	char words[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < get_count(array) && len < sizeof(words); i++)
		len += (size_t)snprintf(
			words + len, sizeof(words) - len, "%s%s", i ? ", " : "",
			json_object_get_string(json_object_array_get_idx(array, i)));
	copy_text(to, size, words);
}

/* ---- where things are ------------------------------------------------------------------------ */

static struct view_segment *add_segment(struct view_state *s, enum view_segment_kind kind,
					struct json_object *range)
{
	struct view_segment *segment = &s->segments[s->segment_count];

	if (!get_number(range, "length") || s->segment_count == VIEW_SEGMENTS)
		return NULL;
	*segment = (struct view_segment){
		.kind = kind,
		.region = (unsigned)get_number(range, "region"),
		.start = get_number(range, "start"),
		.length = get_number(range, "length"),
	};
	s->segment_count++;
	return segment;
}

const struct view_segment *view_segment_at(const struct view_state *s, uint64_t address)
{
	for (size_t i = 0; i < s->segment_count; i++)
		if (address - s->segments[i].start < s->segments[i].length)
			return &s->segments[i];
	return NULL;
}

static void add_extents(struct view_state *s, struct json_object *extents,
			enum view_extent_state state)
{
	for (size_t i = 0; i < get_count(extents); i++) {
		struct json_object *extent = json_object_array_get_idx(extents, i);
		struct view_extent *to = &s->extents[s->extent_count];
		const struct view_segment *at;
		struct view_segment *segment;

		if (s->extent_count == VIEW_EXTENTS)
			return;
		*to = (struct view_extent){state, get_number(extent, "start"),
					   get_number(extent, "length")};
		s->extent_count++;
		at = view_segment_at(s, to->start);
		segment = at ? &s->segments[at - s->segments] : NULL;
		if (segment && state == VIEW_ACCEPTED)
			segment->allocated += to->length;
		if (segment && state == VIEW_PENDING)
			segment->pending += to->length;
	}
}

static void take_space(struct view_state *s, struct json_object *device)
{
	struct json_object *partitions = get_member(device, "partitions");
	struct json_object *dynamic = get_member(device, "dynamic-capacity");
	struct json_object *regions = get_member(dynamic, "regions");

	s->segment_count = s->extent_count = 0;
	add_segment(s, VIEW_VOLATILE, get_member(partitions, "volatile"));
	add_segment(s, VIEW_PERSISTENT, get_member(partitions, "persistent"));
	for (size_t i = 0; i < get_count(regions); i++)
		add_segment(s, VIEW_DYNAMIC, json_object_array_get_idx(regions, i));
	add_extents(s, get_member(dynamic, "accepted"), VIEW_ACCEPTED);
	add_extents(s, get_member(dynamic, "pending"), VIEW_PENDING);
	add_extents(s, get_member(dynamic, "held"), VIEW_HELD);
}

/* ---- how it is ------------------------------------------------------------------------------- */

static void take_identity(struct view_state *s, struct json_object *device)
{
	TAKE_TEXT(s->device.name, device, "name");
	TAKE_TEXT(s->device.version, device, "version");
	TAKE_TEXT(s->device.serial, device, "serial");
	TAKE_TEXT(s->device.revision, device, "cxl-revision");
	TAKE_TEXT(s->device.clock, get_member(device, "config"), "clock");
	s->device.now = get_number(device, "now");
	s->device.timestamp = get_number(device, "timestamp");
	s->device.capacity = get_number(device, "capacity");
	s->device.locked = get_bool(get_member(device, "security"), "locked");
	TAKE_TEXT(s->device.status, get_member(device, "media"), "status");
}

static void take_poison(struct view_state *s, struct json_object *device)
{
	struct json_object *media = get_member(device, "media");
	struct json_object *list = get_member(device, "poison-list");

	s->poisoned_lines = get_number(media, "poisoned-lines");
	s->injected_lines = get_number(media, "injected-lines");
	s->ranges = get_number(media, "ranges");
	s->permanent_lines = get_number(get_member(device, "repair"), "permanent-lines");
	s->list.count = get_number(list, "count");
	s->list.max = get_number(list, "max");
	s->list.overflow = get_bool(list, "overflow");
	s->list.overflow_timestamp = get_number(list, "overflow-timestamp");
}

static void take_work(struct view_state *s, struct json_object *device)
{
	struct json_object *scan = get_member(device, "scan");
	struct json_object *scrub = get_member(device, "scrub");
	struct json_object *background = get_member(device, "background");
	const char *name, *result;

	s->scan.running = get_bool(scan, "running");
	s->scan.start = get_number(scan, "start");
	s->scan.length = get_number(scan, "length");
	s->scan.position = get_number(scan, "position");
	s->scan.percent = (unsigned)get_number(scan, "percent");
	s->scan.results = get_number(device, "scan-results");
	s->scrub.enabled = get_bool(scrub, "enabled");
	s->scrub.hours = (unsigned)get_number(scrub, "cycle-hours");
	s->scrub.position = get_number(scrub, "position");
	s->background.running = get_bool(background, "running");
	s->background.opcode = (unsigned)get_number(background, "opcode");
	s->background.percent = (unsigned)get_number(background, "percent");
	s->background.rc = (unsigned)get_number(background, "return-code");
	name = opcode_name(s->background.opcode);
	result = rc_name(s->background.rc);
	copy_text(s->background.name, sizeof(s->background.name), name ? name : "");
	copy_text(s->background.result, sizeof(s->background.result), result ? result : "");
}

static void take_health(struct view_state *s, struct json_object *device)
{
	struct json_object *health = get_member(device, "health");

	take_words(s->health.status, sizeof(s->health.status), get_member(health, "health-status"));
	TAKE_TEXT(s->health.media, health, "media-status");
	s->health.life_used = (unsigned)get_number(health, "life-used");
	TAKE_TEXT(s->health.life_level, health, "life-used-level");
	s->health.temperature = json_object_get_int(get_member(health, "temperature"));
	TAKE_TEXT(s->health.temperature_level, health, "temperature-level");
	s->health.dirty_shutdowns = get_number(health, "dirty-shutdown-count");
	s->health.corrected_volatile = get_number(health, "corrected-volatile-error-count");
	s->health.corrected_persistent = get_number(health, "corrected-persistent-error-count");
}

static void take_logs(struct view_state *s, struct json_object *device)
{
	struct json_object *logs = get_member(device, "logs");
	unsigned i = 0;

	memset(s->logs, 0, sizeof(s->logs));
	if (!json_object_is_type(logs, json_type_object))
		return;
	json_object_object_foreach (logs, name, log) {
		if (i == VIEW_LOGS)
			break;
		copy_text(s->logs[i].name, sizeof(s->logs[i].name), name);
		s->logs[i].count = get_number(log, "count");
		s->logs[i].max = get_number(log, "max");
		s->logs[i].lost = get_number(log, "lost");
		s->logs[i].overflow = get_bool(log, "overflow");
		i++;
	}
}

void sample_device(struct view_state *state, struct json_object *device)
{
	take_identity(state, device);
	take_space(state, device);
	take_poison(state, device);
	take_work(state, device);
	take_health(state, device);
	take_logs(state, device);
}

/* ---- what is poisoned ------------------------------------------------------------------------ */

void sample_poison(struct view_state *state, struct json_object *rows)
{
	size_t count = get_count(rows);

	state->row_count = MIN(count, (size_t)VIEW_ROWS);
	state->rows_cut = count > VIEW_ROWS;
	for (size_t i = 0; i < state->row_count; i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct view_row *to = &state->rows[i];

		to->start = get_number(row, "start");
		to->length = get_number(row, "length");
		to->known = get_bool(row, "known");
		to->listed = get_bool(row, "listed");
		to->permanent = get_bool(row, "permanent");
		TAKE_TEXT(to->source, row, "source");
	}
}

uint64_t sample_map(struct cell *cells, size_t count, uint64_t base, uint64_t cell_size,
		    struct json_object *map)
{
	struct json_object *from = get_member(map, "cells");

	for (size_t i = 0; i < get_count(from); i++) {
		struct json_object *cell = json_object_array_get_idx(from, i);
		uint64_t index = (get_number(cell, "start") - base) / cell_size; /* below: huge */

		for (unsigned kind = 0; index < count && kind < CELL_KINDS; kind++)
			cells[index].n[kind] += get_number(cell, cell_names[kind]);
	}
	return get_number(map, "next");
}

/* ---- what happened --------------------------------------------------------------------------- */

/* What each type of record calls it. */
static const char *event_type(struct json_object *record)
{
	static const char *const keys[] = {"memory-event-type", "device-event-type",
					   "dc-event-type", "result"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (get_member(record, keys[i]))
			return get_string(record, keys[i]);
	return "";
}

static void take_record(struct view_record *to, unsigned log, struct json_object *record)
{
	struct json_object *address = get_member(record, "dpa");
	const char *event = event_type(record), *by = get_string(record, "transaction-type");
	char detail[sizeof(to->detail)];

	*to = (struct view_record){
		.log = log,
		.handle = (unsigned)get_number(record, "handle"),
		.timestamp = get_number(record, "timestamp"),
		.has_address = address != NULL,
		.address = json_object_get_uint64(address),
	};
	TAKE_TEXT(to->type, record, "type");
	snprintf(detail, sizeof(detail), "%s%s%s", event, *event && *by ? ", " : "", by);
	copy_text(to->detail, sizeof(to->detail), detail);
}

void sample_events(struct view_state *state, unsigned log, struct json_object *records)
{
	for (size_t i = get_count(records); i > 0; i--) {
		if (state->record_count == VIEW_RECORDS)
			return;
		take_record(&state->records[state->record_count++], log,
			    json_object_array_get_idx(records, i - 1));
	}
}

void sample_stats(struct view_state *state, struct json_object *stats, int64_t elapsed_ms)
{
	struct json_object *channels = get_member(stats, "channels");
	struct json_object *qmp = get_member(stats, "qmp");
	struct json_object *vfio = get_member(stats, "vfio-user");
	uint64_t before = state->commands.count;

	memset(&state->commands, 0, sizeof(state->commands));
	for (size_t i = 0; i < get_count(channels); i++) {
		struct json_object *channel = json_object_array_get_idx(channels, i);
		const char *name = get_string(channel, "channel");
		uint64_t count = get_number(channel, "count");

		state->commands.count += count;
		state->commands.errors += get_number(channel, "errors");
		state->commands.primary += strcmp(name, "primary") == 0 ? count : 0;
		state->commands.secondary += strcmp(name, "secondary") == 0 ? count : 0;
		state->commands.control += strcmp(name, "control") == 0 ? count : 0;
	}
	if (elapsed_ms > 0 && state->commands.count >= before)
		state->commands.per_second =
			(double)(state->commands.count - before) * 1000 / (double)elapsed_ms;
	state->qmp.clients = get_number(qmp, "clients");
	state->qmp.requests = get_number(qmp, "requests");
	state->qmp.errors = get_number(qmp, "errors");
	state->qmp.events_dropped = get_number(qmp, "events-dropped");
	state->vfio.connections = get_number(vfio, "connections");
	state->vfio.messages = get_number(vfio, "messages");
	state->vfio.doorbells = get_number(vfio, "doorbells");
	state->vfio.interrupts = get_number(vfio, "interrupts");
}
