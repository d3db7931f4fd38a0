/* SPDX-License-Identifier: MIT */
/*
 * Commands of the specification: payloads in, plain values out, pages put together.
 *
 * Paging. Get Poison List (rule P-10) and Get Scan Media Results (G-4) are repeated while the
 * reply says More; the device keeps the position. An earlier reader of the same mailbox may have
 * stopped half-way, so
 *  - Get Poison List asks for a restart (P-12) in its first request. Devices before CXL 3.1 do
 *    not know the flag: a 2.0 device is not sent it, and one that refuses it gets the request
 *    once more without.
 *  - Get Scan Media Results has no such flag. Where the position is shared it is read to the end
 *    first, and then once more from the start (D-28).
 * A device that promises More and then sends nothing would keep us for ever: that ends a loop.
 */
#include "cli/cci.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "cli/dc.h"
#include "cli/format.h"
#include "cli/report.h"
#include "swcxl/swcxl.h"
#include "wire/generic.h"
#include "wire/media.h"
#include "wire/memory.h"

struct reply cci_execute(struct link *link, enum opcode opcode, const void *in, size_t len,
			 const char *what)
{
	struct reply reply = link_execute(link, opcode, in, len);

	if (reply.rc != SWCXL_SUCCESS)
		die_refused(opcode, reply.rc, what);
	return reply;
}

void reply_read(const struct reply *reply, size_t offset, void *to, size_t size)
{
	size_t there = reply->len > offset ? MIN(reply->len - offset, size) : 0;

	memset(to, 0, size);
	memcpy(to, reply->p + (there ? offset : 0), there);
}

/* ---- identity ---- */

/* Where volatile memory ends and persistent memory begins now: Get Partition Info, or what
 * Identify says of a device that cannot move it. */
static void find_parts(struct link *link, const struct identify_memory_device_out *identify,
		       struct identity *id)
{
	struct reply reply = link_execute(link, OP_get_partition_info, NULL, 0);
	uint64_t volatile_size = rd(identify->volatile_capacity) * SWCXL_CAPACITY_UNIT;
	uint64_t persistent_size = rd(identify->persistent_capacity) * SWCXL_CAPACITY_UNIT;
	struct get_partition_info_out info;

	if (reply.rc == SWCXL_SUCCESS) {
		reply_read(&reply, 0, &info, sizeof(info));
		volatile_size = rd(info.active_volatile) * SWCXL_CAPACITY_UNIT;
		persistent_size = rd(info.active_persistent) * SWCXL_CAPACITY_UNIT;
	}
	id->parts[0] = (struct range){0, volatile_size};
	id->parts[1] = (struct range){volatile_size, persistent_size};
}

/* Regions of dynamic capacity lie above the partitions (DC-1): addresses end there. */
static void find_regions(struct link *link, struct identity *id)
{
	struct dc_config config;

	if (!id->log_max[LOGS - 1] || dc_config_read(link, &config))
		return;
	id->regions = config.regions;
	for (unsigned i = 0; i < config.regions; i++) {
		id->region[i] = config.region[i].range;
		if (id->region[i].length)
			id->capacity =
				MAX(id->capacity, id->region[i].start + id->region[i].length);
	}
}

unsigned identity_areas(const struct identity *id, struct range areas[static AREAS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < 2; i++)
		if (id->parts[i].length)
			areas[n++] = id->parts[i];
	for (unsigned i = 0; i < id->regions; i++)
		if (id->region[i].length)
			areas[n++] = id->region[i];
	return n;
}

bool is_dynamic(const struct identity *id, uint64_t dpa)
{
	for (unsigned i = 0; i < id->regions; i++)
		if (dpa - id->region[i].start < id->region[i].length)
			return true;
	return false;
}

void cci_identify(struct link *link, struct identity *id)
{
	struct reply reply = cci_execute(link, OP_identify_memory_device, NULL, 0, NULL);
	struct identify_memory_device_out out;

	reply_read(&reply, 0, &out, sizeof(out));
	*id = (struct identity){
		.capacity = rd(out.total_capacity) * SWCXL_CAPACITY_UNIT,
		.lsa_size = rd(out.lsa_size),
		.list_max = rd(out.poison_list_max),
		.inject_limit = rd(out.inject_poison_limit),
		.log_max = {rd(out.informational_log_size), rd(out.warning_log_size),
			    rd(out.failure_log_size), rd(out.fatal_log_size),
			    rd(out.dynamic_capacity_log_size)},
		.injected_persists = out.poison_handling & POISON_INJECTED_PERSISTS,
		.device_scans = out.poison_handling & POISON_DEVICE_SCANS,
		.since_3_0 = reply.len > IDENTIFY_MEMORY_DEVICE_OUT_2_0,
	};
	memcpy(id->fw_revision, out.fw_revision, sizeof(out.fw_revision));
	make_printable(id->fw_revision);
	find_parts(link, &out, id);
	find_regions(link, id);
}

/* ---- poison ---- */

void records_free(struct records *records)
{
	free(records->rows);
	*records = (struct records){0};
}

uint64_t records_lines(const struct records *records)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < records->count; i++)
		lines += records->rows[i].length / SWCXL_LINE;
	return lines;
}

/* Takes count records out of a reply, fewer if it ends before them; how many there were. */
static size_t take_records(const struct reply *reply, size_t offset, unsigned count,
			   struct records *records)
{
	size_t taken = 0;

	for (; taken < count && range_fits(offset, 0x10, reply->len); taken++, offset += 0x10) {
		struct media_error_record wire;

		reply_read(reply, offset, &wire, sizeof(wire));
		if (records->count == records->room) {
			records->room = MAX(2 * records->room, 256);
			records->rows =
				xalloc(records->rows, records->room * sizeof(*records->rows));
		}
		records->rows[records->count++] = (struct record){
			.start = rd(wire.address) & ~(uint64_t)(SWCXL_LINE - 1),
			.length = (uint64_t)rd(wire.lines) * SWCXL_LINE,
			.source = rd(wire.address) & MEDIA_ERROR_SOURCE,
		};
	}
	return taken;
}

static struct media_range_in wire_range(struct range range)
{
	struct media_range_in in;

	wr(&in.address, range.start);
	wr(&in.lines, range.length / SWCXL_LINE);
	return in;
}

unsigned cci_poison_list(struct link *link, const struct identity *id, struct range range,
			 struct poison_list *list)
{
	struct media_range_in in = wire_range(range);
	bool restart = id->since_3_0;
	struct get_poison_list_out out;
	struct reply reply;
	size_t taken;

	link_hold(link, true);
	if (restart)
		wr(&in.address, range.start | POISON_LIST_RESTART);
	do {
		reply = link_execute(link, OP_get_poison_list, &in, sizeof(in));
		wr(&in.address, range.start);
		if (reply.rc == SWCXL_INVALID_INPUT && restart)
			reply = link_execute(link, OP_get_poison_list, &in, sizeof(in));
		restart = false;
		if (reply.rc != SWCXL_SUCCESS)
			break;
		reply_read(&reply, 0, &out, sizeof(out));
		taken = take_records(&reply, sizeof(out), rd(out.count), &list->records);
		list->incomplete = out.flags & POISON_LIST_MORE && !taken;
		list->scanning |= !!(out.flags & POISON_LIST_SCAN_IN_PROGRESS);
		list->overflow |= !!(out.flags & POISON_LIST_OVERFLOW);
		if (list->overflow)
			list->overflow_timestamp = rd(out.overflow_timestamp);
	} while (out.flags & POISON_LIST_MORE && !list->incomplete);
	link_hold(link, false);
	return reply.rc;
}

unsigned cci_inject(struct link *link, uint64_t dpa)
{
	struct inject_poison_in in;

	wr(&in.address, dpa);
	return link_execute(link, OP_inject_poison, &in, sizeof(in)).rc;
}

unsigned cci_clear(struct link *link, uint64_t dpa, const uint8_t data[static 64])
{
	struct clear_poison_in in;

	wr(&in.address, dpa);
	memcpy(in.data, data, sizeof(in.data));
	return link_execute(link, OP_clear_poison, &in, sizeof(in)).rc;
}

/* ---- scan ---- */

uint32_t cci_scan_estimate_ms(struct link *link, struct range range)
{
	struct media_range_in in = wire_range(range);
	struct reply reply = link_execute(link, OP_get_scan_media_capabilities, &in, sizeof(in));
	struct get_scan_media_capabilities_out out;

	if (reply.rc != SWCXL_SUCCESS)
		return 0;
	reply_read(&reply, 0, &out, sizeof(out));
	return rd(out.estimated_ms);
}

unsigned cci_scan(struct link *link, struct range range, bool no_events)
{
	struct scan_media_in in = {.flags = no_events ? SCAN_MEDIA_NO_EVENT_LOG : 0};

	wr(&in.address, range.start);
	wr(&in.lines, range.length / SWCXL_LINE);
	return link_execute(link, OP_scan_media, &in, sizeof(in)).rc;
}

/* From wherever the device's position is to the end. */
static unsigned read_results(struct link *link, struct scan_results *results)
{
	struct get_scan_media_results_out out;

	do {
		struct reply reply = link_execute(link, OP_get_scan_media_results, NULL, 0);
		size_t taken;

		if (reply.rc != SWCXL_SUCCESS)
			return reply.rc;
		reply_read(&reply, 0, &out, sizeof(out));
		taken = take_records(&reply, sizeof(out), rd(out.count), &results->records);
		results->incomplete = out.flags & SCAN_RESULTS_MORE && !taken;
	} while (out.flags & SCAN_RESULTS_MORE && !results->incomplete);
	results->stopped = out.flags & SCAN_RESULTS_STOPPED;
	results->restart.start = rd(out.restart_address) & ~(uint64_t)(SWCXL_LINE - 1);
	results->restart.length = rd(out.restart_lines) * SWCXL_LINE;
	return SWCXL_SUCCESS;
}

unsigned cci_scan_results(struct link *link, struct scan_results *results)
{
	struct scan_results rest = {0};
	unsigned rc = SWCXL_SUCCESS;

	link_hold(link, true);
	if (link->shared) {
		rc = read_results(link, &rest);
		records_free(&rest.records);
	}
	if (rc == SWCXL_SUCCESS)
		rc = read_results(link, results);
	link_hold(link, false);
	return rc;
}
