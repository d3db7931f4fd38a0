/* SPDX-License-Identifier: MIT */
#include "sane.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/le.h"
#include "base/util.h"
#include "base/wire.h"
#include "cci_dc.h"
#include "input.h"
#include "wire/doe.h"
#include "wire/registers.h"
#include "wire/security.h"

#define DOE 0x1a0u

static struct swcxl_dev *dev;
static struct swcxl_cci *watcher; /* only to look */
static uint8_t *out;
static uint64_t top; /* bytes */
static bool first_check;

void sane_begin(struct swcxl_dev *device)
{
	dev = device;
	watcher = swcxl_cci_new(dev);
	out = malloc(swcxl_get_config(dev)->payload_size);
	MUST(watcher && out);
	top = swcxl_capacity(dev);
	first_check = true;
}

void sane_end(void)
{
	swcxl_cci_free(watcher);
	free(out);
}

/* Do runs of poison begin anew at an address, even with the same attributes? */
static bool is_border(const struct swcxl_status *st, uint64_t start)
{
	struct swcxl_dc_region r;
	bool border = start == st->persistent_part.start;

	for (unsigned i = 0; swcxl_dc_region_get(dev, i, &r); i++)
		border |= start == r.start;
	return border;
}

static void check_poison(const struct swcxl_status *st)
{
	uint64_t lines = 0, injected = 0, listed = 0, at = 0;
	struct swcxl_poison_row row, last = {0};

	while (swcxl_poison_next(dev, at, UINT64_MAX, &row)) {
		MUST(row.start >= at && row.length && swcxl_in_range(dev, row.start, row.length));
		MUST(!((row.start | row.length) % 64));
		MUST(row.known || !row.listed);
		MUST(row.start >= st->persistent_part.start ||
		     row.start + row.length <= st->persistent_part.start);
		MUST(!last.length || last.start + last.length != row.start ||
		     is_border(st, row.start) || last.source != row.source ||
		     last.known != row.known || last.listed != row.listed ||
		     last.permanent != row.permanent);
		MUST(swcxl_known_poison(dev, row.start, row.length) == row.known);
		MUST(!row.listed || fuzz_dc_knows(dev, row.start, row.length));
		lines += row.length / 64;
		injected += row.source == SWCXL_SOURCE_INJECTED ? row.length / 64 : 0;
		listed += row.listed;
		at = row.start + row.length;
		last = row;
	}
	MUST(lines == st->poisoned_lines && injected == st->injected_lines);
	MUST(!listed == !st->list.count);
}

static void check_logs(void)
{
	for (unsigned log = 0; log < SWCXL_LOGS; log++) {
		struct swcxl_log_status st;

		swcxl_query_log(dev, log, &st);
		MUST(st.count <= st.max && st.overflow == (st.lost != 0));
		MUST(st.overflow || (!st.first_lost && !st.last_lost));
		for (uint32_t i = 0; i < MIN(st.count, 4u); i++) {
			const uint8_t *r = swcxl_log_record(dev, log, i);

			MUST(r && r[0x10] == SWCXL_EVENT_RECORD_SIZE && (r[0x14] || r[0x15]));
		}
		MUST(!swcxl_log_record(dev, log, st.count));
	}
}

static void check_firmware(const struct swcxl_status *st)
{
	unsigned active = st->firmware.active, staged = st->firmware.staged;

	MUST(active >= 1 && active <= SWCXL_FW_SLOTS && st->firmware.slot[active - 1].revision[0]);
	MUST(staged <= SWCXL_FW_SLOTS && staged != active);
	MUST(!staged || st->firmware.slot[staged - 1].size || staged == 1);
	for (unsigned i = 0; i < SWCXL_FW_SLOTS; i++)
		MUST(st->firmware.slot[i].size % 128 == 0 && !st->firmware.slot[i].revision[16]);
}

static void check_doe(void)
{
	uint8_t b[8];
	uint64_t status, dword;

	swcxl_config_read(dev, DOE + DOE_STATUS, b, 4);
	swcxl_config_read(dev, DOE + DOE_READ_MAILBOX, b + 4, 4);
	status = le_load(b, 4);
	dword = le_load(b + 4, 4);
	MUST(!(status & ~(DOE_STATUS_IRQ | DOE_STATUS_ERROR | (uint64_t)DOE_STATUS_READY)));
	MUST(!dword || (status & DOE_STATUS_READY && !(status & DOE_STATUS_ERROR)));
}

static void check_ras(void)
{
	uint8_t b[0x58];
	uint32_t status, first;

	swcxl_bar_read(dev, SWCXL_BAR_COMPONENT, CACHEMEM_BASE + 0x80, b, sizeof(b));
	status = (uint32_t)le_load(b + RAS_UNCORRECTABLE_STATUS, 4);
	first = (uint32_t)le_load(b + RAS_CONTROL, 4) & RAS_CONTROL_FIRST;
	MUST(!(status & ~RAS_UNCORRECTABLE_BITS));
	MUST(first == RAS_CONTROL_FIRST || !status || status >> first & 1);
	for (unsigned i = 0; i < SWCXL_RAS_HEADER && (!status || first > 31); i++)
		MUST(!le_load(b + RAS_HEADER_LOG + 4 * i, 4));
}

/* The list may have changed only together with its generation. */
static void check_dc(void)
{
	static uint64_t last_generation, last_extents;
	uint64_t extents = 0xcbf29ce484222325u;
	struct swcxl_dc_extent e;
	struct swcxl_status st;

	fuzz_dc_check(dev, watcher, out);
	swcxl_query(dev, &st);
	for (unsigned i = 0; swcxl_dc_extent_get(dev, i, &e); i++)
		if (e.state == SWCXL_DC_ADDED)
			extents =
				((extents ^ e.start) * 0x100000001b3u ^ e.length) * 0x100000001b3u;
	MUST(first_check || extents == last_extents || st.dc.generation != last_generation);
	last_generation = st.dc.generation;
	last_extents = extents;
	first_check = false;
}

void sane_check_alone(void)
{
	const struct swcxl_config *c = swcxl_get_config(dev);
	struct swcxl_status st;

	swcxl_query(dev, &st);
	MUST(st.list.count <= st.list.max && st.list.max == c->poison_list_max);
	MUST(st.list.overflow || !st.list.overflow_timestamp);
	MUST(st.content_bytes <= c->media_memory_max);
	MUST(!st.scan.running || (st.background.running && st.background.opcode == 0x4304));
	MUST(st.background.percent <= (st.background.running ? 99 : 100));
	MUST(st.scan.position >= st.scan.start &&
	     st.scan.position <= st.scan.start + st.scan.length);
	MUST(!c->scan_results_max || st.scan.results <= c->scan_results_max);
	check_logs();
	check_doe();
	check_firmware(&st);
	check_ras();
}

void sane_check(void)
{
	struct swcxl_status st;

	sane_check_alone();
	swcxl_query(dev, &st);
	check_poison(&st);
	check_dc();
}

/* May all of the list be asked for? */
static bool list_is_open(const struct swcxl_status *st)
{
	const struct swcxl_config *c = swcxl_get_config(dev);

	return c->volatile_list && !c->span_reject && st->media_status == MEMDEV_MEDIA_READY &&
	       !(st->security & SECURITY_LOCKED);
}

/* All pages of the list. */
void sane_check_list(void)
{
	uint8_t in[16] = {0};
	struct swcxl_status st;
	uint64_t records = 0, end = 0;
	size_t len;

	swcxl_query(dev, &st);
	wr((le64 *)(void *)(in + 8), top / 64);
	while (list_is_open(&st)) {
		MUST(swcxl_execute(watcher, 0x4300, in, 16, out, &len) == SWCXL_SUCCESS);
		MUST(len == 32 + 16 * le_load(out + 10, 2));
		MUST(!(out[0] & 2) == !st.list.overflow && !(out[0] & 4) == !st.scan.running);
		for (size_t at = 32; at < len; at += 16) {
			uint64_t start = rd(*(le64 *)(void *)(out + at)) >> 6;

			MUST(start >= end && le_load(out + at + 8, 4));
			end = start + le_load(out + at + 8, 4);
			MUST(swcxl_known_poison(dev, start * 64, 64));
			MUST(fuzz_dc_knows(dev, start * 64, 64 * le_load(out + at + 8, 4)));
			records++;
		}
		if (!(out[0] & 1))
			break;
	}
	MUST(!list_is_open(&st) || records == st.list.count);
}
