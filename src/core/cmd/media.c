/* SPDX-License-Identifier: MIT */
/* Media and poison commands: CXL r3.2 8.2.10.9.4. Rule numbers: docs/RULES.md. */
#include "core/cci.h"
#include "wire/events.h"

#define LINE_MASK (SWCXL_LINE - 1)

/*
 * A range of a media command: D-1, D-3 .. D-5, D-48. Length 0 is for the caller to judge; it is in
 * range up to and including the top.
 */
static enum swcxl_rc check_range(const struct swcxl_dev *dev, uint64_t address, uint64_t lines)
{
	uint64_t start = address / SWCXL_LINE;
	const struct dpa_segment *persistent = &dev->dpa.segment[DPA_PERSISTENT];

	if (address & LINE_MASK)
		return SWCXL_INVALID_INPUT;
	if (!range_fits(start, lines, dev->dpa.top))
		return SWCXL_INVALID_PHYSICAL_ADDRESS;
	if (dev->config.span_reject && persistent->len && start < persistent->start &&
	    lines > persistent->start - start)
		return SWCXL_INVALID_INPUT; /* dynamic capacity may be spanned (D-6) */
	return security_locks(dev, start, lines) ? SWCXL_INVALID_SECURITY_STATE : SWCXL_SUCCESS;
}

static bool touches_volatile(const struct swcxl_dev *dev, uint64_t start, uint64_t lines)
{
	for (unsigned i = 0; i < DPA_SEGMENTS && lines; i++) {
		const struct dpa_segment *s = &dev->dpa.segment[i];

		if (s->kind == DPA_VOLATILE && start < s->start + s->len &&
		    s->start < start + lines)
			return true;
	}
	return false;
}

static void put_record(struct media_error_record *record, uint64_t start, uint64_t lines,
		       uint8_t attr)
{
	wr(&record->address, start * SWCXL_LINE | (attr & MEDIA_ERROR_SOURCE));
	wr(&record->lines, lines);
}

/* ---- 4300h ---- */

/* The records of a range from a line on, clipped (D-10), as many as fit. Returns where it stopped:
 * the first line not shown. */
static uint64_t list_records(const struct swcxl_dev *dev, uint64_t line, uint64_t end,
			     struct sink *sink)
{
	struct ranges_walk walk = ranges_walk(&dev->list.record, line);
	struct sink records = *sink;
	uint64_t stopped = end;
	struct range r;

	while (line < end && ranges_step(&walk, &r) && r.start < end) {
		uint64_t start = MAX(r.start, line), stop = MIN(range_end(&r), end);
		struct media_error_record *record = sink_add(&records, sizeof(*record));

		if (!record) {
			stopped = start;
			break;
		}
		put_record(record, start, stop - start, r.attr);
	}
	*sink = records;
	return stopped;
}

/*
 * Get Poison List: what is known now, in DPA order. One transfer per channel is remembered: the
 * same range goes on above the last record returned; another range, a restart, or a transfer that
 * was complete starts over (D-8, D-9, P-12).
 */
enum swcxl_rc cmd_get_poison_list(struct swcxl_dev *dev, struct call *call,
				  const struct media_range_in *in, struct get_poison_list_out *out)
{
	bool restart_known = dev->config.revision >= SWCXL_CXL_3_1;
	uint64_t flags = rd(in->address) & POISON_LIST_RESTART;
	uint64_t address = rd(in->address) & ~(uint64_t)POISON_LIST_RESTART;
	uint64_t start = address / SWCXL_LINE, lines = rd(in->lines);
	struct cursor *cursor = &call->cci->list;
	enum swcxl_rc rc = check_range(dev, address, lines);
	bool restart = flags && restart_known;

	if (rc)
		return rc;
	if (!dev->config.volatile_list && touches_volatile(dev, start, lines))
		return SWCXL_INVALID_PHYSICAL_ADDRESS; /* P-9 */
	if (restart || !cursor->active || cursor->start != start || cursor->lines != lines)
		*cursor = (struct cursor){true, start, lines, start};

	cursor->next = list_records(dev, cursor->next, start + lines, &call->more);
	cursor->active = cursor->next < start + lines;

	if (cursor->active)
		out->flags |= POISON_LIST_MORE;
	if (restart)
		out->flags |= POISON_LIST_RESTART_ACK;
	if (dev->list.overflowed) { /* of the whole list, whatever the range (D-19) */
		out->flags |= POISON_LIST_OVERFLOW;
		wr(&out->overflow_timestamp, dev->list.overflow_timestamp);
	}
	/* The list is returned, with Scan Media in Progress set in the payload (R-8, D-25). */
	if (dev->scan.running)
		out->flags |= POISON_LIST_SCAN_IN_PROGRESS;
	wr(&out->count, call->more.len / sizeof(struct media_error_record));
	return SWCXL_SUCCESS;
}

/* ---- 4301h, 4302h ---- */

/*
 * What injecting and clearing do during a scan is implementation defined. This device
 * applies them at once to media and list (D-20), unless told to accept and ignore them, as the
 * first emulators did; "busy" is refused by the dispatcher.
 */
static bool is_frozen(const struct swcxl_dev *dev)
{
	return dev->scan.running && dev->config.during_scan == SWCXL_DURING_SCAN_FREEZE;
}

/* Inject Poison. See is_frozen() for what happens during a scan. */
enum swcxl_rc cmd_inject_poison(struct swcxl_dev *dev, struct call *call,
				const struct inject_poison_in *in, struct none *out)
{
	uint64_t address = rd(in->address), line = address / SWCXL_LINE;

	(void)call, (void)out;
	if (address & LINE_MASK || !dc_writes(dev, line, 1))
		return SWCXL_INVALID_PHYSICAL_ADDRESS; /* D-1, D-46 */
	if (security_locks(dev, line, 1))
		return SWCXL_INVALID_SECURITY_STATE; /* I-6 */
	if (is_frozen(dev))
		return SWCXL_SUCCESS;
	if (media_attr(&dev->media, line))
		return SWCXL_SUCCESS; /* D-14: nothing changes, latent errors stay latent */
	if (dev->config.inject_limit && dev->media.injected >= dev->config.inject_limit)
		return SWCXL_INJECT_POISON_LIMIT_REACHED; /* I-4, D-13 */
	if (poison_plant(dev, line, 1, SWCXL_ATTR_POISON | SWCXL_ATTR_KNOWN | SWCXL_SOURCE_INJECTED,
			 BY_INJECT_POISON))
		return SWCXL_INTERNAL_ERROR;
	return SWCXL_SUCCESS;
}

/* Clear Poison: writes the data, always (C-1). See is_frozen() for what happens during a scan. */
enum swcxl_rc cmd_clear_poison(struct swcxl_dev *dev, struct call *call,
			       const struct clear_poison_in *in, struct none *out)
{
	uint64_t address = rd(in->address), line = address / SWCXL_LINE;
	enum swcxl_rc rc = check_range(dev, address, 1);

	(void)call, (void)out;
	if (rc)
		return rc;
	if (!dc_writes(dev, line, 1))
		return SWCXL_INVALID_PHYSICAL_ADDRESS; /* D-46 */
	if (is_frozen(dev))
		return SWCXL_SUCCESS;
	if (media_attr(&dev->media, line) & SWCXL_ATTR_PERMANENT)
		return SWCXL_PERMANENT_MEDIA_FAILURE; /* C-3 */
	return poison_write(dev, line, in->data, 1, line, 1) ? SWCXL_SUCCESS : SWCXL_INTERNAL_ERROR;
}

/* ---- 4303h, 4304h, 4305h ---- */

static enum swcxl_rc check_scan(const struct swcxl_dev *dev, uint64_t address, uint64_t lines)
{
	if (lines == 0 && !(address & LINE_MASK))
		return SWCXL_INVALID_INPUT; /* D-3 */
	return check_range(dev, address, lines);
}

/* The estimate is the duration, in ms: never 0 but when there is none (D-35). */
enum swcxl_rc cmd_get_scan_media_capabilities(struct swcxl_dev *dev, struct call *call,
					      const struct media_range_in *in,
					      struct get_scan_media_capabilities_out *out)
{
	uint64_t lines = rd(in->lines);
	enum swcxl_rc rc = check_scan(dev, rd(in->address), lines);
	uint64_t ms = scan_duration_ns(dev, lines) / NS_PER_MS;

	(void)call;
	if (rc)
		return rc;
	if (dev->config.estimate)
		wr(&out->estimated_ms, MIN(MAX(ms, 1), UINT32_MAX));
	return SWCXL_SUCCESS;
}

enum swcxl_rc cmd_scan_media(struct swcxl_dev *dev, struct call *call,
			     const struct scan_media_in *in, struct none *out)
{
	uint64_t address = rd(in->address), lines = rd(in->lines);
	enum swcxl_rc rc = check_scan(dev, address, lines);

	(void)out;
	if (rc)
		return rc;
	if (!reserved_ok(dev, in->flags & ~SCAN_MEDIA_NO_EVENT_LOG))
		return SWCXL_INVALID_INPUT;
	scan_start(dev, address / SWCXL_LINE, lines, in->flags & SCAN_MEDIA_NO_EVENT_LOG);
	background_start(call->cci, 0x43 << 8 | 0x04, &scan_op);
	return SWCXL_BACKGROUND_STARTED;
}

/* Fetching consumes nothing: after the last page the next call starts again (D-28). */
enum swcxl_rc cmd_get_scan_media_results(struct swcxl_dev *dev, struct call *call,
					 const struct none *in,
					 struct get_scan_media_results_out *out)
{
	const struct scan *scan = &dev->scan;
	uint64_t next = call->cci->results_next, first = next;

	(void)in;
	if (!scan->called)
		return SWCXL_UNSUPPORTED; /* G-2 */
	if (scan->running)
		return SWCXL_BUSY; /* D-27 */
	for (; next < scan->results; next++) {
		const struct scan_record *r = &scan->result[next];
		struct media_error_record *record = sink_add(&call->more, sizeof(*record));

		if (!record)
			break;
		put_record(record, r->start, r->lines, r->attr);
	}
	wr(&out->restart_address, scan->restart * SWCXL_LINE);
	wr(&out->restart_lines, scan->restart_lines);
	if (scan->stopped)
		out->flags |= SCAN_RESULTS_STOPPED;
	if (next < scan->results)
		out->flags |= SCAN_RESULTS_MORE;
	wr(&out->count, next - first);
	call->cci->results_next = next < scan->results ? next : 0;
	return SWCXL_SUCCESS;
}
