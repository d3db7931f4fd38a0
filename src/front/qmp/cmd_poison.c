// SPDX-License-Identifier: MIT
/*
 * Planting poison and asking for the truth about it.
 *
 * cxl-inject-poison is QEMU's command, with its texts in its order, and refuses what QEMU would
 * have accepted and could not have meant only after those. swcxl-plant-poison is ours: any
 * source, latent and permanent errors, over what is poisoned already.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/cells.h"
#include "base/util.h"
#include "front/qmp/session.h"

/* QEMU's texts for misaligned ranges. */
static bool aligned(struct qmp_call *call, uint64_t start, uint64_t length)
{
	if (length % SWCXL_LINE)
		return qmp_error(call, "Poison injection must be in multiples of 64 bytes");
	if (start % SWCXL_LINE)
		return qmp_error(call, "Poison start address must be 64 byte aligned");
	return true;
}

bool qmp_in_range(struct qmp_call *call, uint64_t start, uint64_t length)
{

	if (!length)
		return qmp_error(call, "Parameter 'length' must not be 0");
	if (!swcxl_in_range(call->qmp->dev, start, length))
		return qmp_error(call,
				 "Range of 0x%" PRIx64 " bytes at 0x%" PRIx64
				 " is outside of the device, which has 0x%" PRIx64 " bytes",
				 length, start, swcxl_capacity(call->qmp->dev));
	return true;
}

static bool planted(struct qmp_call *call, int error)
{
	if (error == -ENOSPC)
		return qmp_error(call, "The device holds as many poisoned ranges as --ranges-max "
				       "allows; nothing was changed");
	if (error)
		return qmp_error(call, "Cannot plant poison: %s", strerror(-error));
	return true;
}

bool qmp_is_path(struct qmp_call *call, const char *path, const char *error)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, call->qmp->host.name) ||
	       qmp_error(call, "%s", error);
}

bool cmd_cxl_inject_poison(struct qmp_call *call, const struct qmp_cxl_inject_poison_args *in)
{
	struct swcxl_dev *dev = call->qmp->dev;

	if (!aligned(call, in->start, in->length) ||
	    !qmp_is_path(call, in->path, "Unable to resolve path"))
		return false;
	if (swcxl_in_range(dev, in->start, in->length) &&
	    swcxl_known_poison(dev, in->start, in->length))
		return qmp_error(call, "Overlap with existing poisoned region not supported");
	return qmp_in_range(call, in->start, in->length) &&
	       planted(call,
		       swcxl_plant(dev, in->start, in->length, SWCXL_SOURCE_INTERNAL, true, false));
}

/* Says which of many ranges the error is about. */
static bool wrong_range(struct qmp_call *call, size_t i)
{
	char text[sizeof(call->desc)];

	memcpy(text, call->desc, sizeof(text));
	return qmp_error(call, "ranges[%zu]: %s", i, text);
}

static bool plant_ranges(struct qmp_call *call, const struct qmp_plant_poison_args *in)
{
	for (size_t i = 0; i < in->ranges.count; i++) {
		const struct swcxl_range *range = &in->ranges.p[i];

		if (!aligned(call, range->start, range->length) ||
		    !qmp_in_range(call, range->start, range->length))
			return wrong_range(call, i);
	}
	return planted(call, swcxl_plant_many(call->qmp->dev, in->ranges.p, in->ranges.count,
					      in->source, in->known, in->permanent));
}

bool cmd_plant_poison(struct qmp_call *call, const struct qmp_plant_poison_args *in)
{
	if (in->has_ranges && (in->has_start || in->has_length))
		return qmp_error(call, "Parameter '%s' does not go with 'ranges'",
				 in->has_start ? "start" : "length");
	if (in->has_ranges)
		return plant_ranges(call, in);
	if (!in->has_start || !in->has_length)
		return qmp_error(call, "Parameter '%s' is missing",
				 in->has_start ? "length" : "start");
	return aligned(call, in->start, in->length) && qmp_in_range(call, in->start, in->length) &&
	       planted(call, swcxl_plant(call->qmp->dev, in->start, in->length, in->source,
					 in->known, in->permanent));
}

static void out_row(struct out *out, const struct swcxl_poison_row *row)
{
	out_begin(out, NULL, '{');
	out_uint(out, "start", row->start);
	out_uint(out, "length", row->length);
	out_enum(out, "source", &qmp_enum_source, row->source);
	out_bool(out, "known", row->known);
	out_bool(out, "listed", row->listed);
	out_bool(out, "permanent", row->permanent);
	out_end(out, '}');
}

/* Whole lines, so that no poison is missed; to the end of the device if no length is given. */
static bool take_range(struct qmp_call *call, uint64_t *start, const uint64_t *length,
		       uint64_t *end)
{
	*end = swcxl_capacity(call->qmp->dev);
	if (length && !*length) { /* */
		*end = *start;
	} else if (length) {
		if (!qmp_in_range(call, *start, *length))
			return false;
		*end = *start + *length;
	} else if (*start > *end) { /* its end is where one who goes on arrives */
		return qmp_in_range(call, *start, 1);
	}
	if (*start < *end) {
		*start -= *start % SWCXL_LINE;
		*end += -*end % SWCXL_LINE;
	}
	return true;
}

bool cmd_query_poison(struct qmp_call *call, const struct qmp_query_poison_args *in)
{
	uint64_t max = MIN(in->has_max ? in->max : UINT64_MAX, QMP_POISON_ROWS_MAX);
	uint64_t start = in->start, end;
	struct swcxl_poison_row row;
	uint64_t rows = 0;

	if (!take_range(call, &start, in->has_length ? &in->length : NULL, &end))
		return false;
	out_begin(&call->ret, NULL, '[');
	while (start < end && swcxl_poison_next(call->qmp->dev, start, end, &row)) {
		if (rows == max && in->has_max)
			break;
		if (rows == max)
			return qmp_error(call,
					 "More than %u rows: use 'max' and go on from the end of "
					 "the last row",
					 QMP_POISON_ROWS_MAX);
		out_row(&call->ret, &row);
		start = row.start + row.length;
		rows++;
	}
	out_end(&call->ret, ']');
	return true;
}

static unsigned kinds_of(const struct swcxl_poison_row *row)
{
	return (unsigned)!row->known << CELL_LATENT | (unsigned)row->listed << CELL_LISTED |
	       (unsigned)row->permanent << CELL_PERMANENT |
	       (unsigned)(row->source == SWCXL_SOURCE_INJECTED) << CELL_INJECTED;
}

static void out_cell(struct out *out, uint64_t start, const struct cell *cell)
{
	if (!cell->n[CELL_RANGES])
		return;
	out_begin(out, NULL, '{');
	out_uint(out, "start", start);
	for (unsigned kind = 0; kind < CELL_KINDS; kind++)
		out_uint(out, cell_names[kind], cell->n[kind]);
	out_end(out, '}');
}

/* A bounded piece of the way, however many ranges there are: the device has others to serve. */
bool cmd_query_map(struct qmp_call *call, const struct qmp_query_map_args *in)
{
	static struct cell cells[QMP_MAP_CELLS_MAX];
	uint64_t start = in->start, end, base;
	struct swcxl_poison_row row;
	unsigned rows = 0;
	size_t count = 0;

	if (in->cell % SWCXL_LINE)
		return qmp_error(call, "Parameter 'cell' expects a multiple of 64");
	if (!take_range(call, &start, in->has_length ? &in->length : NULL, &end))
		return false;
	base = start - start % in->cell;
	if (start < end && (end - 1 - base) / in->cell >= ARRAY_SIZE(cells))
		return qmp_error(call, "More than %u cells: use a larger 'cell', or 'length'",
				 QMP_MAP_CELLS_MAX);
	if (start < end)
		count = (size_t)((end - 1 - base) / in->cell + 1);
	memset(cells, 0, count * sizeof(cells[0]));
	while (rows < QMP_MAP_ROWS_MAX && start < end &&
	       swcxl_poison_next(call->qmp->dev, start, end, &row)) {
		cells_add(cells, count, base / SWCXL_LINE, in->cell / SWCXL_LINE,
			  row.start / SWCXL_LINE, row.length / SWCXL_LINE, kinds_of(&row));
		start = row.start + row.length;
		rows++;
	}
	if (rows < QMP_MAP_ROWS_MAX)
		start = MAX(start, end);
	out_begin(&call->ret, NULL, '{');
	out_uint(&call->ret, "next", start);
	out_uint(&call->ret, "ranges", rows);
	out_begin(&call->ret, "cells", '[');
	for (size_t i = 0; i < count; i++)
		out_cell(&call->ret, base + i * in->cell, &cells[i]);
	out_end(&call->ret, ']');
	out_end(&call->ret, '}');
	return true;
}
