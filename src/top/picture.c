// SPDX-License-Identifier: MIT
#include "top/picture.h"

#include <json-c/json.h>
#include <string.h>

#include "base/util.h"
#include "client/json.h"
#include "swcxl/swcxl.h"
#include "view/sample.h"
#include "view/view.h"

#define ZOOM 4

/* ---- asking ---------------------------------------------------------------------------------- */

static uint64_t end_of(const struct picture *p)
{
	return MIN(p->start + p->count * p->cell, p->capacity);
}

static void ask(struct picture *p);

static void begin(struct picture *p)
{
	memset(p->coming, 0, sizeof(p->coming));
	p->next = p->start;
	p->stale = false;
	ask(p);
}

static void got(void *ctx, struct json_object *value, const char *error)
{
	struct picture *p = ctx;

	p->asking = false;
	if (error)
		return;
	if (p->stale) {
		begin(p);
		return;
	}
	p->next = sample_map(p->coming, p->count, p->start, p->cell, value);
	/* All at once, but for the first time as they come. */
	if (p->next >= end_of(p) || !p->ready) {
		memcpy(p->cells, p->coming, sizeof(p->cells));
		p->changed = true;
	}
	if (p->next < end_of(p))
		ask(p);
	else
		p->ready = true;
}

static void ask(struct picture *p)
{
	struct json_object *args = json_object_new_object();

	add_number(args, "cell", p->cell);
	add_number(args, "start", p->next);
	add_number(args, "length", end_of(p) - p->next);
	p->asking = true; /* before: should it fail at once, got() is called from here */
	if (!view_execute(p->view, "swcxl-query-map", args, got, p))
		p->asking = false;
}

void picture_refresh(struct picture *p)
{
	if (p->cell && !p->asking)
		begin(p);
}

/* ---- the window ------------------------------------------------------------------------------ */

size_t picture_index(const struct picture *p, uint64_t address)
{
	return address < p->start || !p->cell ? SIZE_MAX : (size_t)((address - p->start) / p->cell);
}

/* Puts the window where it can be, and counts its cells. */
static void set(struct picture *p, uint64_t start, uint64_t length)
{
	uint64_t cells = MIN(p->columns * p->rows, (unsigned)PICTURE_CELLS), row;

	length = MIN(MAX(length, cells * SWCXL_LINE), p->capacity);
	p->cell = cells_size(length / SWCXL_LINE, cells) * SWCXL_LINE;
	row = p->cell * p->columns;
	start = MIN(start, p->capacity - length) / row * row;
	p->start = start;
	p->length = length < p->capacity ? length : 0;
	length = MIN(p->capacity - start, (length + row - 1) / row * row);
	p->count = (size_t)MIN((length + p->cell - 1) / p->cell, cells);
	p->cursor = MIN(MAX(p->cursor, start), end_of(p) - SWCXL_LINE);
	memset(p->cells, 0, sizeof(p->cells));
	p->ready = false;
	p->next = p->start;
	p->stale = p->asking;
	picture_refresh(p);
}

void picture_fit(struct picture *p, unsigned columns, unsigned rows, uint64_t capacity)
{
	if (!capacity || (columns == p->columns && rows == p->rows && capacity == p->capacity))
		return;
	if (capacity != p->capacity)
		p->length = 0;
	p->columns = columns;
	p->rows = rows;
	p->capacity = capacity;
	set(p, p->start, p->length ? p->length : capacity);
}

void picture_move(struct picture *p, int columns, int rows)
{
	int64_t by = columns + (int64_t)rows * p->columns;
	uint64_t step = (uint64_t)(by < 0 ? -by : by) * p->cell, row = p->cell * p->columns;

	if (!p->cell || (by < 0 ? p->cursor < step : p->cursor + step >= p->capacity))
		return;
	p->cursor = by < 0 ? p->cursor - step : p->cursor + step;
	if (p->cursor < p->start)
		set(p, p->start - row, p->length);
	else if (p->cursor >= end_of(p))
		set(p, p->start + row, p->length);
}

void picture_zoom(struct picture *p, bool in)
{
	uint64_t length = p->length ? p->length : p->capacity;

	if (!p->cell || (in ? p->cell == SWCXL_LINE : !p->length))
		return;
	length = in ? length / ZOOM : MIN(length * ZOOM, p->capacity);
	set(p, p->cursor - MIN(p->cursor, length / 2), length);
}

void picture_whole(struct picture *p)
{
	if (p->cell && p->length)
		set(p, 0, p->capacity);
}

void picture_next(struct picture *p)
{
	size_t from = picture_index(p, p->cursor);

	for (size_t i = 1; i <= p->count; i++) {
		size_t index = (from + i) % p->count;

		if (p->cells[index].n[CELL_RANGES]) {
			p->cursor = p->start + index * p->cell;
			return;
		}
	}
}
