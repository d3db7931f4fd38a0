// SPDX-License-Identifier: MIT
#include "web/document.h"

#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "view/view.h"

static struct json_object *object_in(struct json_object *parent, const char *key)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(parent, key, object);
	return object;
}

static struct json_object *array_in(struct json_object *parent, const char *key)
{
	struct json_object *array = json_object_new_array();

	json_object_object_add(parent, key, array);
	return array;
}

static struct json_object *object_at_end(struct json_object *array)
{
	struct json_object *object = json_object_new_object();

	json_object_array_add(array, object);
	return object;
}

static void add_device(struct json_object *to, const struct view_state *s)
{
	struct json_object *device = object_in(to, "device");

	add_string(device, "name", s->device.name);
	add_string(device, "version", s->device.version);
	add_string(device, "serial", s->device.serial);
	add_string(device, "revision", s->device.revision);
	add_string(device, "clock", s->device.clock);
	add_number(device, "now", s->device.now);
	add_number(device, "timestamp", s->device.timestamp);
	add_number(device, "capacity", s->device.capacity);
	add_bool(device, "locked", s->device.locked);
	add_string(device, "status", s->device.status);
}

static void add_space(struct json_object *to, const struct view_state *s)
{
	static const char *const kinds[] = {"volatile", "persistent", "dynamic"};
	static const char *const states[] = {"accepted", "pending", "held"};
	struct json_object *segments = array_in(to, "segments");
	struct json_object *extents = array_in(to, "extents");

	for (size_t i = 0; i < s->segment_count; i++) {
		struct json_object *segment = object_at_end(segments);

		add_string(segment, "kind", kinds[s->segments[i].kind]);
		add_number(segment, "region", s->segments[i].region);
		add_number(segment, "start", s->segments[i].start);
		add_number(segment, "length", s->segments[i].length);
		add_number(segment, "allocated", s->segments[i].allocated);
		add_number(segment, "pending", s->segments[i].pending);
	}
	for (size_t i = 0; i < s->extent_count; i++) {
		struct json_object *extent = object_at_end(extents);

		add_string(extent, "state", states[s->extents[i].state]);
		add_number(extent, "start", s->extents[i].start);
		add_number(extent, "length", s->extents[i].length);
	}
}

/* Those that have something: [index, ranges, lines, latent, listed, permanent, injected]. */
static void add_cells(struct json_object *to, const struct view_state *s)
{
	struct json_object *cells = object_in(to, "cells");
	struct json_object *has = array_in(cells, "has");

	add_number(cells, "size", s->cell_size);
	add_number(cells, "count", s->cell_count);
	add_number(cells, "to", s->cells_to);
	for (size_t i = 0; i < s->cell_count; i++) {
		struct json_object *cell;

		if (!s->cells[i].n[CELL_RANGES])
			continue;
		cell = json_object_new_array();
		json_object_array_add(cell, json_object_new_uint64(i));
		for (unsigned kind = 0; kind < CELL_KINDS; kind++)
			json_object_array_add(cell, json_object_new_uint64(s->cells[i].n[kind]));
		json_object_array_add(has, cell);
	}
}

static void add_poison(struct json_object *to, const struct view_state *s)
{
	struct json_object *poison = object_in(to, "poison");
	struct json_object *list = object_in(to, "list");
	struct json_object *rows = array_in(poison, "rows");

	add_number(poison, "lines", s->poisoned_lines);
	add_number(poison, "injected", s->injected_lines);
	add_number(poison, "permanent", s->permanent_lines);
	add_number(poison, "ranges", s->ranges);
	add_bool(poison, "cut", s->rows_cut);
	for (size_t i = 0; i < s->row_count; i++) {
		struct json_object *row = object_at_end(rows);

		add_number(row, "start", s->rows[i].start);
		add_number(row, "length", s->rows[i].length);
		add_bool(row, "known", s->rows[i].known);
		add_bool(row, "listed", s->rows[i].listed);
		add_bool(row, "permanent", s->rows[i].permanent);
		add_string(row, "source", s->rows[i].source);
	}
	add_number(list, "count", s->list.count);
	add_number(list, "max", s->list.max);
	add_bool(list, "overflow", s->list.overflow);
	add_number(list, "since", s->list.overflow_timestamp);
}

static void add_work(struct json_object *to, const struct view_state *s)
{
	struct json_object *scan = object_in(to, "scan");
	struct json_object *scrub = object_in(to, "scrub");
	struct json_object *background = object_in(to, "background");

	add_bool(scan, "running", s->scan.running);
	add_number(scan, "start", s->scan.start);
	add_number(scan, "length", s->scan.length);
	add_number(scan, "position", s->scan.position);
	add_number(scan, "percent", s->scan.percent);
	add_number(scan, "results", s->scan.results);
	add_bool(scrub, "enabled", s->scrub.enabled);
	add_number(scrub, "hours", s->scrub.hours);
	add_number(scrub, "position", s->scrub.position);
	add_bool(background, "running", s->background.running);
	add_number(background, "opcode", s->background.opcode);
	add_number(background, "percent", s->background.percent);
	add_number(background, "rc", s->background.rc);
	add_string(background, "name", s->background.name);
	add_string(background, "result", s->background.result);
}

static void add_health(struct json_object *to, const struct view_state *s)
{
	struct json_object *health = object_in(to, "health");

	add_string(health, "status", s->health.status);
	add_string(health, "media", s->health.media);
	add_number(health, "life", s->health.life_used);
	add_string(health, "life-level", s->health.life_level);
	json_object_object_add(health, "temperature", json_object_new_int(s->health.temperature));
	add_string(health, "temperature-level", s->health.temperature_level);
	add_number(health, "dirty", s->health.dirty_shutdowns);
	add_number(health, "corrected-volatile", s->health.corrected_volatile);
	add_number(health, "corrected-persistent", s->health.corrected_persistent);
}

static void add_events(struct json_object *to, const struct view_state *s)
{
	struct json_object *logs = array_in(to, "logs");
	struct json_object *records = array_in(to, "records");

	for (size_t i = 0; i < VIEW_LOGS && s->logs[i].name[0]; i++) {
		struct json_object *log = object_at_end(logs);

		add_string(log, "name", s->logs[i].name);
		add_number(log, "count", s->logs[i].count);
		add_number(log, "max", s->logs[i].max);
		add_bool(log, "overflow", s->logs[i].overflow);
		add_number(log, "lost", s->logs[i].lost);
	}
	for (size_t i = 0; i < s->record_count; i++) {
		const struct view_record *from = &s->records[i];
		struct json_object *record = object_at_end(records);

		add_string(record, "log", s->logs[from->log].name);
		add_number(record, "handle", from->handle);
		add_number(record, "time", from->timestamp);
		add_string(record, "type", from->type);
		add_string(record, "detail", from->detail);
		if (from->has_address)
			add_number(record, "address", from->address);
	}
}

static void add_counters(struct json_object *to, const struct view_state *s)
{
	struct json_object *commands = object_in(to, "commands");
	struct json_object *qmp = object_in(to, "qmp");
	struct json_object *vfio = object_in(to, "vfio");

	add_number(commands, "count", s->commands.count);
	add_number(commands, "errors", s->commands.errors);
	add_number(commands, "primary", s->commands.primary);
	add_number(commands, "secondary", s->commands.secondary);
	add_number(commands, "control", s->commands.control);
	json_object_object_add(commands, "rate", json_object_new_double(s->commands.per_second));
	add_number(qmp, "clients", s->qmp.clients);
	add_number(qmp, "requests", s->qmp.requests);
	add_number(vfio, "connections", s->vfio.connections);
	add_number(vfio, "doorbells", s->vfio.doorbells);
	add_number(vfio, "interrupts", s->vfio.interrupts);
}

static struct document *as_event(const char *json, uint64_t number)
{
	static const char before[] = "data: ", after[] = "\n\n";
	size_t len = json ? strlen(json) : 0;
	struct document *document =
		malloc(sizeof(*document) + len + sizeof(before) + sizeof(after));

	if (!document || !json) {
		free(document);
		return NULL;
	}
	*document = (struct document){.users = 1,
				      .number = number,
				      .json = strlen(before),
				      .json_len = len,
				      .len = strlen(before) + len + strlen(after)};
	memcpy(document->text, before, sizeof(before));
	memcpy(document->text + document->json, json, len + 1);
	memcpy(document->text + document->json + len, after, sizeof(after));
	return document;
}

struct document *document_make(const struct view_state *state, uint64_t number, bool writable)
{
	struct json_object *root = json_object_new_object();
	struct document *document;

	add_bool(root, "connected", state->connected);
	add_string(root, "why", state->connected ? "" : state->why);
	add_number(root, "number", state->number);
	add_bool(root, "writable", writable);
	add_device(root, state);
	add_space(root, state);
	add_cells(root, state);
	add_poison(root, state);
	add_work(root, state);
	add_health(root, state);
	add_events(root, state);
	add_counters(root, state);
	document = as_event(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN), number);
	json_object_put(root);
	return document;
}

struct document *document_use(struct document *document)
{
	document->users++;
	return document;
}

void document_drop(struct document *document)
{
	if (document && !--document->users)
		free(document);
}
