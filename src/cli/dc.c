/* SPDX-License-Identifier: MIT */
/*
 * Dynamic capacity: Get Dynamic Capacity Configuration and Extent List, and the event log, from
 * which alone a host learns what it has to answer.
 *
 * The log is a queue: the device clears records only from the oldest on. It does not say which of
 * its records have had their answer, so whoever answers clears them. Of records that are there all
 * the same the extent list says it: an offer of which the host has something, and a request of
 * which it has nothing any more, do not wait. An offer that was refused and not cleared cannot be
 * told from one that waits.
 */
#include "cli/dc.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/ctl.h"
#include "cli/format.h"
#include "cli/names.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"
#include "wire/dc.h"
#include "wire/events.h"
#include "wire/generic.h"

#define LOG SWCXL_LOG_DYNAMIC_CAPACITY
#define TRIES 20 /* at a list that changes while it is read */

/* ---- regions ---- */

/* A decode length is a number of 256 MiB, or of bytes, which is a multiple of that: no number of
 * units is as large (that would be 2^56 bytes). */
static struct region region_of(const struct dc_region *wire, bool *bytes)
{
	uint64_t decode = rd(wire->decode_length);

	*bytes |= decode >= SWCXL_CAPACITY_UNIT;
	return (struct region){
		.range = {rd(wire->base), rd(wire->length)},
		.decode_length =
			decode >= SWCXL_CAPACITY_UNIT ? decode : decode * SWCXL_CAPACITY_UNIT,
		.block = rd(wire->block_size),
		.handle = rd(wire->handle),
		.sanitize = wire->flags & DC_REGION_SANITIZE,
	};
}

static void read_counters(const struct reply *reply, size_t at, struct dc_config *config)
{
	struct dc_counters counters;

	reply_read(reply, at, &counters, sizeof(counters));
	config->counted = range_fits(at, sizeof(counters), reply->len);
	config->extents = rd(counters.extents);
	config->extents_available = rd(counters.extents_available);
	config->tags = rd(counters.tags);
	config->tags_available = rd(counters.tags_available);
}

unsigned dc_config_read(struct link *link, struct dc_config *config)
{
	unsigned available, got;

	*config = (struct dc_config){.regions = 0};
	do {
		struct get_dc_config_in in = {.count = REGIONS, .start = (uint8_t)config->regions};
		struct reply reply = link_execute(link, OP_get_dc_config, &in, sizeof(in));
		struct get_dc_config_out out;
		size_t at = sizeof(out);

		if (reply.rc)
			return reply.rc;
		reply_read(&reply, 0, &out, sizeof(out));
		available = MIN(out.available, REGIONS);
		for (got = 0; got < out.count && config->regions < available; got++) {
			struct dc_region wire;

			reply_read(&reply, at, &wire, sizeof(wire));
			config->region[config->regions++] = region_of(&wire, &config->decode_bytes);
			at += sizeof(wire);
		}
		read_counters(&reply, at, config);
	} while (got && config->regions < available);
	return SWCXL_SUCCESS;
}

void dc_config_need(struct link *link, struct dc_config *config)
{
	unsigned rc = dc_config_read(link, config);

	if (rc == SWCXL_UNSUPPORTED)
		die_refused_so(OP_get_dc_config, rc, NULL,
			       "The device has no dynamic capacity (swcxl has it with "
			       "--dc-regions)");
	if (rc)
		die_refused(OP_get_dc_config, rc, NULL);
}

unsigned dc_region_at(const struct dc_config *config, uint64_t dpa)
{
	for (unsigned i = 0; i < config->regions; i++)
		if (dpa - config->region[i].range.start < config->region[i].range.length)
			return i;
	return 0;
}

/* ---- what the host has ---- */

struct extent *extents_add(struct extents *extents)
{
	if (extents->count == extents->room) {
		extents->room = MAX(2 * extents->room, 64);
		extents->rows = xalloc(extents->rows, extents->room * sizeof(*extents->rows));
	}
	extents->rows[extents->count] = (struct extent){.sequence = 0};
	return &extents->rows[extents->count++];
}

uint64_t extents_bytes(const struct extents *extents)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < extents->count; i++)
		bytes += extents->rows[i].range.length;
	return bytes;
}

static void take_extent(const struct dc_extent_data *wire, struct extent *extent)
{
	extent->range = (struct range){rd(wire->start), rd(wire->length)};
	memcpy(extent->tag, wire->tag, sizeof(extent->tag));
	extent->sequence = rd(wire->sequence);
}

/* The next page; false: the list has changed since the first, or the page is empty. */
static bool read_page(struct link *link, struct extents *extents, uint32_t *generation,
		      uint32_t *total)
{
	uint32_t fit = (uint32_t)((link->payload - sizeof(struct get_dc_extent_list_out)) /
				  sizeof(struct dc_extent_data));
	struct get_dc_extent_list_out out;
	struct get_dc_extent_list_in in;
	struct reply reply;
	size_t there;

	wr(&in.count, fit);
	wr(&in.start, extents->count);
	reply = link_execute(link, OP_get_dc_extent_list, &in, sizeof(in));
	/* It has become shorter than what was read. */
	if (reply.rc == SWCXL_INVALID_INPUT && extents->count)
		return false;
	if (reply.rc)
		die_refused(OP_get_dc_extent_list, reply.rc, NULL);
	reply_read(&reply, 0, &out, sizeof(out));
	if (extents->count && rd(out.generation) != *generation)
		return false;
	*generation = rd(out.generation);
	*total = rd(out.total);
	there = (MAX(reply.len, sizeof(out)) - sizeof(out)) / sizeof(struct dc_extent_data);
	there = MIN(there, rd(out.count));
	for (size_t i = 0; i < there; i++) {
		struct dc_extent_data wire;

		reply_read(&reply, sizeof(out) + i * sizeof(wire), &wire, sizeof(wire));
		take_extent(&wire, extents_add(extents));
	}
	return there || extents->count >= *total;
}

void dc_list_read(struct link *link, struct extents *extents, uint32_t *generation)
{
	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t total = 0;
		bool good;

		extents->count = 0;
		do {
			good = read_page(link, extents, generation, &total);
		} while (good && extents->count < total);
		if (good)
			return;
	}
	die(REFUSED, "The extent list of the device changes faster than it can be read, or its "
		     "pages are empty. Try once more");
}

uint64_t dc_held(const struct extents *extents, struct range range)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < extents->count; i++) {
		const struct range *r = &extents->rows[i].range;
		uint64_t from = MAX(r->start, range.start);
		uint64_t to = MIN(r->start + r->length, range.start + range.length);

		bytes += from < to ? to - from : 0;
	}
	return bytes;
}

/* ---- what waits ---- */

static bool is_waiting(const struct waiting *waiting, const struct chain *chain,
		       const struct extents *have)
{
	uint64_t held = 0;

	for (size_t i = 0; i < chain->count; i++)
		held += dc_held(have, waiting->records.rows[chain->first + i].range);
	if (chain->type == DC_EVENT_ADD)
		return !held;
	return chain->type == DC_EVENT_RELEASE && held;
}

void dc_log_judge(const struct extents *have, struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->count; i++)
		waiting->chains[i].waits = is_waiting(waiting, &waiting->chains[i], have);
}

/* Sorts the records into chains: neighbours of one type, each but the last with More. */
static void find_chains(struct waiting *waiting, const bool *more, const unsigned *types)
{
	struct chain *chain = NULL;

	waiting->count = 0;
	waiting->chains = xalloc(waiting->chains, (waiting->records.count + 1) * sizeof(*chain));
	for (size_t i = 0; i < waiting->records.count; i++) {
		if (!chain || chain->complete || chain->type != types[i]) {
			chain = &waiting->chains[waiting->count++];
			*chain = (struct chain){.type = types[i], .first = i};
		}
		chain->count++;
		chain->complete = !more[i];
	}
}

/* Records that are none of dynamic capacity are of a type that nothing has, and empty. */
static void add_record(struct waiting *waiting, const uint8_t record[static RECORD_SIZE],
		       bool *more, unsigned *type)
{
	struct extent *extent = extents_add(&waiting->records);
	struct dc_event event;

	*more = false;
	*type = UINT_MAX;
	extent->handle = event_handle(record);
	if (!event_dc(record, &event))
		return;
	take_extent(&event.extent, extent);
	extent->region = event.region;
	*type = event.type;
	*more = event.flags & DC_EVENT_MORE;
}

static void read_log(struct link *link, const struct extents *have, struct waiting *waiting)
{
	size_t known = waiting->records.count;
	struct event_log log;
	unsigned *types;
	bool *more;

	event_log_read(link, LOG, &log);
	waiting->more = log.more;
	more = xalloc(NULL, (known + log.count + 1) * sizeof(*more));
	types = xalloc(NULL, (known + log.count + 1) * sizeof(*types));
	for (size_t i = 0, n = 0; n < waiting->count; n++)
		for (size_t left = waiting->chains[n].count; left > 0; left--, i++) {
			types[i] = waiting->chains[n].type;
			more[i] = left > 1 || !waiting->chains[n].complete;
		}
	for (size_t i = 0; i < log.count; i++)
		add_record(waiting, log.records[i], &more[known + i], &types[known + i]);
	find_chains(waiting, more, types);
	dc_log_judge(have, waiting);
	event_log_free(&log);
	free(more);
	free(types);
}

void dc_log_read(struct link *link, const struct extents *have, struct waiting *waiting)
{
	*waiting = (struct waiting){.more = false};
	read_log(link, have, waiting);
}

/* Clears records up to that one. */
static void clear_until(struct link *link, struct waiting *waiting, size_t end)
{
	size_t fit = (link->payload - sizeof(struct clear_event_records_in)) / sizeof(le16);
	uint8_t in[sizeof(struct clear_event_records_in) + UINT8_MAX * sizeof(le16)];

	while (waiting->cleared < end) {
		size_t n = MIN(MIN(end - waiting->cleared, fit), UINT8_MAX);
		struct clear_event_records_in head = {.log = LOG, .count = (uint8_t)n};

		memcpy(in, &head, sizeof(head));
		for (size_t i = 0; i < n; i++)
			le_store(in + sizeof(head) + i * sizeof(le16), sizeof(le16),
				 waiting->records.rows[waiting->cleared + i].handle);
		cci_execute(link, OP_clear_event_records, in, sizeof(head) + n * sizeof(le16),
			    log_key(LOG));
		waiting->cleared += n;
	}
}

void dc_log_consume(struct link *link, const struct extents *have, struct waiting *waiting)
{
	clear_until(link, waiting, waiting->records.count);
	read_log(link, have, waiting);
}

size_t dc_log_tidy(struct link *link, struct waiting *waiting)
{
	size_t end = 0;

	for (size_t i = 0; i < waiting->count; i++) {
		const struct chain *chain = &waiting->chains[i];

		if (chain->waits || !chain->complete)
			break;
		end = chain->first + chain->count;
	}
	clear_until(link, waiting, end);
	return waiting->cleared;
}

void dc_log_free(struct waiting *waiting)
{
	free(waiting->records.rows);
	free(waiting->chains);
}

void dc_look(struct link *link, struct dc_view *view)
{
	*view = (struct dc_view){.generation = 0};
	dc_config_need(link, &view->config);
	dc_list_read(link, &view->have, &view->generation);
	dc_log_read(link, &view->have, &view->log);
}

void dc_view_free(struct dc_view *view)
{
	free(view->have.rows);
	dc_log_free(&view->log);
}

/* ---- how that looks ---- */

struct text dc_tag_text(const uint8_t tag[static 16])
{
	size_t len = strnlen((const char *)tag, 16), rest = len;
	struct text t;

	while (rest < 16 && !tag[rest])
		rest++;
	for (size_t i = 0; i < len; i++)
		if (tag[i] <= ' ' || tag[i] > '~' || tag[i] == '"')
			rest = 0;
	if (!len && rest == 16)
		snprintf(t.s, sizeof(t.s), "-");
	else if (rest == 16)
		snprintf(t.s, sizeof(t.s), "\"%.16s\"", (const char *)tag);
	else
		t = uuid_text((const uuid *)(const void *)tag);
	return t;
}

static struct text range_text(const struct range *range)
{
	struct text t;

	snprintf(t.s, sizeof(t.s), "%.20s+0x%llx", dpa_text(range->start).s,
		 (unsigned long long)range->length);
	return t;
}

#define RANGE_WIDTH 26

void dc_print_heading(const char *indent)
{
	printf("%s%s%-*s  %10s  %6s  %s%s\n", indent, colour(BOLD), RANGE_WIDTH, "EXTENT", "SIZE",
	       "REGION", "TAG", colour(PLAIN));
}

/* What begins the line is a RANGE that can be used as it is. */
void dc_print_extent(const struct extent *extent, unsigned region, const char *indent)
{
	printf("%s%-*s  %10s  %6u  %s", indent, RANGE_WIDTH, range_text(&extent->range).s,
	       size_text(extent->range.length).s, region, dc_tag_text(extent->tag).s);
	if (extent->sequence)
		printf(", number %u", extent->sequence);
	putchar('\n');
}

struct json_object *dc_range_json(const struct range *range)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "start", range->start);
	add_number(object, "length", range->length);
	return object;
}

struct json_object *dc_extent_json(const struct extent *extent, unsigned region)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "region", region);
	add_number(object, "start", extent->range.start);
	add_number(object, "length", extent->range.length);
	add_hex(object, "tag", extent->tag, sizeof(extent->tag));
	add_number(object, "shared-sequence", extent->sequence);
	return object;
}

struct json_object *dc_chain_json(const struct waiting *waiting, const struct chain *chain)
{
	struct json_object *object = json_object_new_object();

	add_string(object, "type", value_key(ENUM_dc_event_type, chain->type));
	add_bool(object, "waits", chain->waits);
	add_bool(object, "complete", chain->complete);
	json_object_object_add(object, "extents", dc_records_json(waiting, chain));
	return object;
}

struct json_object *dc_records_json(const struct waiting *waiting, const struct chain *chain)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < chain->count; i++) {
		const struct extent *extent = &waiting->records.rows[chain->first + i];
		struct json_object *object = dc_extent_json(extent, extent->region);

		add_number(object, "handle", extent->handle);
		json_object_array_add(array, object);
	}
	return array;
}

void dc_print_chain(const struct waiting *waiting, const struct chain *chain)
{
	for (size_t i = 0; i < chain->count; i++) {
		const struct extent *extent = &waiting->records.rows[chain->first + i];

		dc_print_extent(extent, extent->region, "  ");
	}
	if (!chain->complete)
		printf("  ... and more, which cannot be read yet\n");
}

/* ---- the command line ---- */

struct range *dc_ranges(const struct ctl *ctl)
{
	struct range *ranges = xalloc(NULL, (ctl->nargs + 1) * sizeof(*ranges));
	bool length_given;

	for (unsigned i = 0; i < ctl->nargs; i++) {
		if (!parse_range(ctl->args[i], &ranges[i], &length_given) || !length_given)
			ctl_usage(ctl, "'%s' is neither START+LENGTH nor START-END, as in 1G+256M",
				  ctl->args[i]);
		if (!ranges[i].length)
			ctl_usage(ctl,
				  "The range '%s' is empty: it is one block at least ('swcxlctl dc "
				  "config')",
				  ctl->args[i]);
		if (ranges[i].start + ranges[i].length < ranges[i].start)
			ctl_usage(ctl, "The range '%s' is beyond all addresses", ctl->args[i]);
	}
	return ranges;
}
