/* SPDX-License-Identifier: MIT */
/*
 * Sanitize, secure erase, media operations: CXL r3.2 8.2.10.9.5.
 *
 * A sanitize disables the media when it starts, and only one that succeeds makes them ready
 * again: dev->kept.media says so over aborts, resets and loss of power. Meanwhile commands that
 * touch what is being sanitized are refused by their rows (NEEDS_MEDIA), and hosts reach no line
 * (core/poison.c).
 */
#include "core/cci.h"
#include "wire/security.h"

/* ---- 4400h, 4401h ---- */

static void set_disabled(struct swcxl_dev *dev, bool disabled)
{
	dev->kept.media.disabled = disabled;
	kept_changed(dev, KEPT_media);
}

/* Everything is gone but permanent errors, and the list is true whatever it was (D-41). */
static enum swcxl_rc sanitized(struct swcxl_dev *dev)
{
	poison_sweep(dev, DPA_VOLATILE, poison_is_permanent);
	poison_sweep(dev, DPA_PERSISTENT, poison_is_permanent);
	list_rebuild(dev);
	erase_kind(dev, DPA_VOLATILE);
	erase_kind(dev, DPA_PERSISTENT);
	erase_labels(dev);
	scan_drop_results(dev);
	cci_drop_cursors(dev);
	set_disabled(dev, false);
	return SWCXL_SUCCESS;
}

/* The event logs go at once; what happens from now on is logged again. */
enum swcxl_rc cmd_sanitize(struct swcxl_dev *dev, struct call *call, const struct none *in,
			   struct none *out)
{
	(void)in, (void)out;
	if (security_state(dev) & SECURITY_USER_SET)
		return SWCXL_INVALID_SECURITY_STATE;
	set_disabled(dev, true);
	for (unsigned i = 0; i < SWCXL_LOGS; i++)
		event_clear(dev, i, dev->log[i].count);
	background_start_timed(call->cci, 0x44 << 8 | 0x00, dev->config.sanitize_ns, sanitized,
			       NULL);
	return SWCXL_BACKGROUND_STARTED;
}

/* With other keys nothing can be read that was written; lines and labels are not touched, and
 * poison stays (D-42). */
enum swcxl_rc cmd_secure_erase(struct swcxl_dev *dev, struct call *call, const struct none *in,
			       struct none *out)
{
	(void)call, (void)in, (void)out;
	erase_kind(dev, DPA_VOLATILE);
	erase_kind(dev, DPA_PERSISTENT);
	return SWCXL_SUCCESS;
}

/* ---- 4402h ---- */

/* What is supported, in the order in which discovery lists it. */
static const struct media_operation operations[] = {
	{MEDIA_OPERATION_GENERAL, MEDIA_GENERAL_DISCOVERY},
	{MEDIA_OPERATION_SANITIZE, MEDIA_SANITIZE_SANITIZE},
	{MEDIA_OPERATION_SANITIZE, MEDIA_SANITIZE_ZERO},
};

static enum swcxl_rc discover(struct call *call, uint32_t ranges)
{
	const struct media_discovery_in *in = (const void *)call->data.p;
	struct media_discovery_out *out = sink_must_add(&call->more, sizeof(*out));
	uint32_t start, count;

	if (ranges)
		return SWCXL_INVALID_INPUT;
	if (call->data.len != sizeof(*in))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	start = rd(in->start);
	if (start >= ARRAY_SIZE(operations))
		return SWCXL_INVALID_INPUT;
	count = MIN(rd(in->count), ARRAY_SIZE(operations) - start);
	wr(&out->granularity, SWCXL_LINE);
	wr(&out->total, ARRAY_SIZE(operations));
	wr(&out->count, count);
	memcpy(sink_must_add(&call->more, count * sizeof(operations[0])), operations + start,
	       count * sizeof(operations[0]));
	return SWCXL_SUCCESS;
}

void media_operation_drop(struct swcxl_dev *dev)
{
	mem_free(&dev->mem, dev->media_operation.range);
	dev->media_operation = (struct media_operation_job){0};
}

/* What of a range the host still has. */
static enum swcxl_rc operate_on(struct swcxl_dev *dev, uint64_t line, uint64_t end)
{
	struct range stretch;

	while (dc_next(dev, DC_HAS, &line, end, &stretch)) {
		if (!poison_overwrite(dev, stretch.start, stretch.len, true))
			return SWCXL_INTERNAL_ERROR;
		erase_lines(dev, stretch.start, stretch.len);
	}
	return SWCXL_SUCCESS;
}

/* The end of it: the lines hold zeros, whichever operation it was, and poison is gone but for
 * permanent errors (D-43). Without memory it fails, having done what came before. */
static enum swcxl_rc operated(struct swcxl_dev *dev)
{
	struct media_operation_job *job = &dev->media_operation;
	enum swcxl_rc rc = SWCXL_SUCCESS;

	for (uint32_t i = 0; i < job->ranges && !rc; i++) {
		uint64_t line = rd(job->range[i].start) / SWCXL_LINE;
		uint64_t lines = rd(job->range[i].length) / SWCXL_LINE;

		rc = operate_on(dev, line, line + lines);
	}
	poison_settle(dev);
	media_operation_drop(dev);
	return rc;
}

static bool range_ok(const struct swcxl_dev *dev, const struct media_operation_range *range)
{
	uint64_t start = rd(range->start), length = rd(range->length);

	return swcxl_in_range(dev, start, length) && !((start | length) % SWCXL_LINE) &&
	       dc_writes(dev, start / SWCXL_LINE, length / SWCXL_LINE); /* E-3 */
}

/* All ranges are good, or nothing happens. They may overlap, and there may be none. */
static enum swcxl_rc check_ranges(const struct swcxl_dev *dev,
				  const struct media_operation_range *range, uint32_t ranges)
{
	for (uint32_t i = 0; i < ranges; i++)
		if (!range_ok(dev, &range[i]))
			return SWCXL_INVALID_INPUT;
	for (uint32_t i = 0; i < ranges; i++)
		if (security_locks(dev, rd(range[i].start) / SWCXL_LINE,
				   rd(range[i].length) / SWCXL_LINE))
			return SWCXL_INVALID_SECURITY_STATE; /* D-48 */
	return SWCXL_SUCCESS;
}

static enum swcxl_rc operate(struct swcxl_dev *dev, struct call *call, uint32_t ranges)
{
	const struct media_operation_range *range = (const void *)call->data.p;
	enum swcxl_rc rc = media_rc(dev);
	void *copy;

	if (call->data.len != (uint64_t)ranges * sizeof(*range))
		return SWCXL_INVALID_PAYLOAD_LENGTH;
	if (!rc)
		rc = check_ranges(dev, range, ranges);
	if (rc || !ranges)
		return rc;
	copy = mem_resize(&dev->mem, NULL, call->data.len);
	if (!copy)
		return SWCXL_INTERNAL_ERROR;
	memcpy(copy, range, call->data.len);
	dev->media_operation = (struct media_operation_job){copy, ranges};
	background_start_timed(call->cci, 0x44 << 8 | 0x02, dev->config.sanitize_ns, operated,
			       media_operation_drop);
	return SWCXL_BACKGROUND_STARTED;
}

static bool supported(const struct media_operations_in *in)
{
	for (unsigned i = 0; i < ARRAY_SIZE(operations); i++)
		if (operations[i].class == in->class && operations[i].subclass == in->subclass)
			return true;
	return false;
}

enum swcxl_rc cmd_media_operations(struct swcxl_dev *dev, struct call *call,
				   const struct media_operations_in *in, struct none *out)
{
	(void)out;
	if (!supported(in) || !reserved_ok(dev, in->reserved[0] || in->reserved[1]))
		return SWCXL_INVALID_INPUT;
	return in->class == MEDIA_OPERATION_GENERAL ? discover(call, rd(in->ranges))
						    : operate(dev, call, rd(in->ranges));
}
